"""In which order: a Problem and a tuple of loops, outermost first. Every change returns a new Schedule.

    slide = schedule(conv_problem(shape), "n r s c k p q").tile(c=16, k=64)
    slide = slide.reorder("n r s c_t k_t c_s k_s p q").spatial("c_s k_s").hold("W")
    print(slide)                                       # the lecture's listing

"Weight stationary" is not declared anywhere; it is a question one can put to the order: `stationary(slide, "W")`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from course_lib.nest.problem import Problem
from course_lib.shapes import whole

SOURCE = "Lecture, frames 'Direct Convolution: Loop Ordering', '+ Unrolling', '+ Tiling'; Halide and TVM call `tile` split"

KINDS = ("serial", "parallel", "unroll", "vectorize", "spatial")
MOST_UNROLLED = 256  # copies of a body; beyond that the listing is a wall and the compiler slow


@dataclass(frozen=True)
class Loop:
    """`for (name = 0; name < extent; name++)`; each step moves dimension `dim` by `step`."""

    name: str
    dim: str
    extent: int
    step: int = 1
    kind: str = "serial"


@dataclass(frozen=True)
class Guard:
    """An iteration is made only where the sum of factor * loop stays below `bound`: the last, ragged tile."""

    terms: tuple[tuple[str, int], ...]
    bound: int


def named(verb: str, names: str | tuple[str, ...] | list[str]) -> list[str]:
    if isinstance(names, str):
        names = names.split()
    if not isinstance(names, tuple | list) or not all(isinstance(n, str) for n in names):
        raise ValueError(f'{verb}: want loop names such as "c k", got {names!r}')
    return list(names)


@dataclass(frozen=True)
class Schedule:
    """A loop nest. Made by `schedule(problem, order)`; `tile reorder unroll vectorize parallel spatial hold` make others."""

    problem: Problem
    loops: tuple[Loop, ...]
    guards: tuple[Guard, ...] = ()
    held: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for at, loop in enumerate(self.loops):
            if loop.kind == "vectorize" and at != len(self.loops) - 1:
                inner = " ".join(l.name for l in self.loops[at + 1 :])
                raise ValueError(
                    f"vectorize: the lanes must be the innermost loop; inside {loop.name} there is {inner}: reorder {loop.name} to the end"
                )
            if loop.kind == "parallel" and at != 0:
                outer = " ".join(l.name for l in self.loops[:at])
                raise ValueError(
                    f"parallel: threads share out the outermost loop; outside it there is {outer}: reorder {loop.name} to the front"
                )

    # -- asking -------------------------------------------------------------------------------------------------------

    @property
    def order(self) -> str:
        """The loop names, outermost first."""
        return " ".join(loop.name for loop in self.loops)

    def loop(self, name: str, verb: str = "loop") -> Loop:
        for loop in self.loops:
            if loop.name == name:
                return loop
        raise ValueError(f"{verb}: there is no loop {name!r}; the loops are {self.order}")

    def parts(self, dim: str) -> tuple[Loop, ...]:
        """The loops that make up one dimension, in nest order: c = c_t*16 + c_s."""
        return tuple(loop for loop in self.loops if loop.dim == dim)

    @cached_property
    def exact(self) -> bool:
        """True where no tile is ragged: the number of iterations is the product of the extents."""
        return not self.guards

    # -- changing -----------------------------------------------------------------------------------------------------

    def tile(self, **sizes: int) -> Schedule:
        """`for c: body`  ->  `for c_t: for c_s: body[c = c_t*16 + c_s]`, one pair a keyword. (Halide and TVM: split.)

        Splitting alone changes nothing but the text; it makes the next reorder possible. A size that does not divide the
        extent leaves a ragged last tile, which is guarded.
        """
        if not sizes:
            raise ValueError(f"tile: want a loop and the size of its tiles, as in .tile({self.loops[-1].name if self.loops else 'c'}=16)")
        out = self
        for name, size in sizes.items():
            out = out.split(name, whole(f"tile: {name}", size, 1))
        return out

    def split(self, name: str, size: int) -> Schedule:
        loop = self.loop(name, "tile")
        if loop.kind != "serial":
            raise ValueError(f"tile: {name} is already marked {loop.kind}; tile first, then .{loop.kind}")
        outer = Loop(f"{name}_t", loop.dim, -(-loop.extent // size), loop.step * size)
        inner = Loop(f"{name}_s", loop.dim, size, loop.step)
        loops = tuple(new for old in self.loops for new in ((outer, inner) if old is loop else (old,)))
        guards = tuple(
            Guard(
                tuple(new for v, f in g.terms for new in (((outer.name, f * size), (inner.name, f)) if v == name else ((v, f),))), g.bound
            )
            for g in self.guards
        )
        if loop.extent % size:
            guards += (Guard(((outer.name, size), (inner.name, 1)), loop.extent),)
        return replace(self, loops=loops, guards=guards)

    def reorder(self, order: str) -> Schedule:
        """`for a: for b: body`  ->  `for b: for a: body`: every loop, in the new order, outermost first."""
        names = named("reorder", order)
        at = {loop.name: loop for loop in self.loops}
        wrong = []
        if missing := [n for n in at if n not in names]:
            wrong.append("missing: " + " ".join(missing))
        if unknown := [n for n in names if n not in at]:
            wrong.append("unknown: " + " ".join(dict.fromkeys(unknown)))
        if twice := [n for n in dict.fromkeys(names) if names.count(n) > 1]:
            wrong.append("twice: " + " ".join(twice))
        if wrong:
            raise ValueError(f"reorder: loops are {self.order}; {'; '.join(wrong)}")
        return replace(self, loops=tuple(at[n] for n in names))

    def mark(self, kind: str, names: str | tuple[str, ...] | list[str]) -> Schedule:
        chosen = [self.loop(n, kind) for n in named(kind, names)]
        if not chosen:
            raise ValueError(f"{kind}: want a loop to mark; the loops are {self.order}")
        for loop in chosen:
            if loop.kind not in ("serial", kind):
                raise ValueError(f"{kind}: {loop.name} is already marked {loop.kind}")
        return replace(self, loops=tuple(replace(l, kind=kind) if l in chosen else l for l in self.loops))

    def unroll(self, names: str) -> Schedule:
        """`for q: body`  ->  `body[q=0]; body[q=1]; ...`: unrolled loops inside the reductions are the register tile."""
        out = self.mark("unroll", names)
        copies = 1
        for loop in out.loops:
            copies *= loop.extent if loop.kind == "unroll" else 1
        if copies > MOST_UNROLLED:
            raise ValueError(
                f"unroll: {copies} copies of the body are too many (at most {MOST_UNROLLED}); tile the loop and unroll the inner part"
            )
        return out

    def vectorize(self, name: str) -> Schedule:
        """`for k: body`  ->  one body on all values of k at once; the loop must be the innermost one."""
        names = named("vectorize", name)
        if len(names) != 1 or any(l.kind == "vectorize" for l in self.loops):
            raise ValueError(f"vectorize: want exactly one loop in a nest, got {' '.join(names)!r}")
        if self.loop(names[0], "vectorize").extent > 64:
            raise ValueError(
                f"vectorize: {names[0]} has {self.loop(names[0]).extent} values, more than 64 lanes: .tile({names[0]}=8), then {names[0]}_s"
            )
        return self.mark("vectorize", names)

    def parallel(self, name: str) -> Schedule:
        """`for n: body`  ->  the values of n shared out among threads; the outermost loop, and never a sum."""
        names = named("parallel", name)
        if len(names) != 1:
            raise ValueError(f"parallel: want exactly one loop, got {' '.join(names)!r}")
        loop = self.loop(names[0], "parallel")
        if loop.dim in self.problem.reduction:
            free = " ".join(l.name for l in self.loops if l.dim not in self.problem.reduction)
            raise ValueError(
                f"parallel: {loop.name} is summed over, two threads would add to one {self.problem.out.name} element; choose one of {free}"
            )
        return self.mark("parallel", names)

    def spatial(self, names: str) -> Schedule:
        """`for k: body`  ->  `spatial_for k: body`: every value of k on a processing element of its own, at the same time."""
        return self.mark("spatial", names)

    def hold(self, names: str) -> Schedule:
        """Keep a tensor's element in a register for as long as the order lets it stand still.

        `for p: ... W[k] ...`  ->  `float curr_w = W[k]; for p: ... curr_w ...`; a held output is stored after the loop.
        """
        chosen = named("hold", names)
        if not chosen:
            raise ValueError(f"hold: want a tensor to hold, one of {' '.join(t.name for t in self.problem.tensors)}")
        for name in chosen:
            self.problem.tensor(name)
            if name in self.held or chosen.count(name) > 1:
                raise ValueError(f"hold: {name} is held already")
        return replace(self, held=(*self.held, *chosen))

    # -- reading ------------------------------------------------------------------------------------------------------

    def depth(self, tensor: str) -> int:
        """How many loops, from the outside, it takes until the tensor's element is fixed."""
        dims = self.problem.tensor(tensor).dims
        return max((at + 1 for at, loop in enumerate(self.loops) if loop.dim in dims), default=0)

    def __str__(self) -> str:
        from course_lib.nest.listing import listing

        return listing(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        import html

        return f'<pre class="course-listing">{html.escape(str(self))}</pre>'

    @property
    def python(self) -> str:
        """The nest as Python text: a function `kernel(ia, wt, oa)` on arrays as they lie in memory."""
        from course_lib.nest.python import python

        return python(self)

    @property
    def c(self) -> str:
        """The nest as a C99 function `kernel(ia, wt, oa)` on arrays as they lie in memory."""
        from course_lib.nest.c import c

        return c(self)

    @property
    def ir(self) -> str:
        """The nest as LLVM IR, before the compiler's own passes."""
        from course_lib.nest.lower import lower

        return str(lower(self))

    def __hash__(self) -> int:
        return hash((self.problem.name, tuple(self.problem.dims.items()), self.problem.tensors, self.loops, self.guards, self.held))

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Schedule) and (self.problem, self.loops, self.guards, self.held) == (
            other.problem,
            other.loops,
            other.guards,
            other.held,
        )


def schedule(problem: Problem, order: str = "") -> Schedule:
    """The nest in the given order, outermost first: `schedule(problem, "n r s c k p q")`. No order: the problem's own.

    Raises ValueError for a loop that is unknown, missing or named twice.
    """
    if not isinstance(problem, Problem):
        raise ValueError(f"problem: want a Problem such as conv_problem(shape), got {problem!r}")
    plain = Schedule(problem, tuple(Loop(dim, dim, extent) for dim, extent in problem.dims.items()))
    return plain.reorder(order) if order else plain


def check_nest(verb: str, nest: Any) -> None:
    """ValueError where a verb is given something else than a schedule: a problem alone has no order yet."""
    if not isinstance(nest, Schedule):
        made = "schedule(problem) first: a problem has no order" if isinstance(nest, Problem) else f"got {nest!r}"
        raise ValueError(f"{verb}: want a Schedule such as schedule(conv_problem(shape)), {made}")


def stationary(nest: Schedule, tensor: str) -> tuple[str, ...]:
    """The innermost loops in time under which the tensor's element does not change: what "stationary" means.

    >>> from course_lib.nest import conv1d_problem
    >>> stationary(schedule(conv1d_problem(9, 4), "s q"), "W")
    ('q',)
    """
    dims = nest.problem.tensor(tensor).dims
    still: list[str] = []
    for loop in reversed(nest.loops):
        if loop.kind == "spatial":
            continue
        if loop.dim in dims and loop.extent > 1:
            break
        if loop.dim not in dims:
            still.append(loop.name)
    return tuple(reversed(still))


def shared(nest: Schedule, tensor: str) -> tuple[str, ...]:
    """The spatial loops that do not move the tensor: one read goes to many elements (an adder tree, for the output)."""
    dims = nest.problem.tensor(tensor).dims
    return tuple(loop.name for loop in nest.loops if loop.kind == "spatial" and loop.dim not in dims)
