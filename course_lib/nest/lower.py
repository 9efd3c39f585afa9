"""From a Schedule to LLVM IR.

The picture of a good kernel, and how it comes about from the loop order alone:

    j_t  i_t            runtime loops
      12 zeros          the outputs of the unrolled and vector loops inside: held in registers ...
      k                 ... across the reduction, as values the loop carries (SSA phi), so no store stands between two sums
        i_s j_v   j_s   unrolled: the register tile; vectorize: one value of all lanes
      store 12 outputs  added to what was stored before, where an outer loop has begun the sum

Ragged tiles are peeled: the full tiles run without a test, the last one is written out with its true size. Where peeling would
write too much, or a block of a layout cuts across the loops, `plain` lowers the same nest one number at a time with tests:
always right, never fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from llvmlite import ir

from course_lib.nest.address import Address, affine
from course_lib.nest.emit import BIT, INT, Emitter, Value, const, zero
from course_lib.nest.jit import new_module
from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Guard, Loop, Schedule, check_nest

LINE = 64  # bytes
MOST_HELD = 32  # outputs held at once; more would only travel to the stack and back
MOST_PEELED = 4  # values of one loop written out for a ragged end
MOST_BODIES = 1024  # multiply-adds written into one function

Pending = tuple[tuple[Guard, int], ...]  # guards not yet known to hold, with the room that is left
Key = tuple[int, int]  # an output held: its offset from the base, its lanes (0: a single number)


def evenly(offsets: list[int]) -> tuple[int, int]:
    """(rows, pitch) where the sorted offsets are equal rows at equal distances; (1, 0) where they are not."""
    for rows in range(len(offsets), 1, -1):
        each = len(offsets) // rows
        pitch = offsets[each] - offsets[0] if each < len(offsets) else 0
        if rows * each == len(offsets) and all(offsets[i] == offsets[i % each] + i // each * pitch for i in range(len(offsets))):
            return rows, pitch
    return 1, 0


@dataclass(frozen=True)
class Later:
    """What is wanted after a nest, rows `pitch` numbers apart: a turn of the innermost loop asks for `lines` lines of one.

    2 ** `slow` turns together ask for a row, piece after piece, and every turn of `loop` begins `each` rows further on: memory gives
    long runs faster than the same lines one here and one there, and slowly enough it keeps up with the sums.
    """

    loop: str
    each: int
    slow: int
    pitch: int
    lines: int


class TooMuchCode(Exception):
    """Peeling would write more than anyone wants to compile."""


@dataclass
class Where:
    """The state while loops are opened: each tensor's base address, the open guards, whether this is the first sum."""

    bases: list[tuple[Value | None, int]]
    pending: Pending
    counters: tuple[Value, ...] = ()  # of the runtime reduction loops outside: the sum is new where all are 0
    again: bool = False  # a reduction loop outside is known to be past its beginning
    loads: dict[Any, Value] = field(default_factory=dict)


class Lowering:
    """The fast way: straight code in registers."""

    def __init__(
        self,
        emitter: Emitter,
        nest: Schedule,
        addresses: list[Address],
        carry_on: Value | None,
        copies: Mapping[int, tuple[int, int]],
        later: Later | None,
    ) -> None:
        self.e, self.nest, self.addresses, self.carry_on = emitter, nest, addresses, carry_on
        self.copies = copies  # of an input: (its copy's place among the tensors, how far ahead to ask for more)
        self.later = later
        self.loops = nest.loops
        self.reduction = set(nest.problem.reduction)
        self.bodies = 0
        self.vector = self.loops[-1] if self.loops and self.loops[-1].kind == "vectorize" else None
        self.held_from = self.holding()
        self.wanted: list[tuple[int, Value | None, int]] = []  # outputs not yet asked for: offset, base, start

    def holding(self) -> int:
        """The outermost loop inside which all outputs are known by name: every loop that moves them is unrolled or vector."""
        at = len(self.loops)
        while at and (
            self.loops[at - 1].kind in ("unroll", "vectorize") or self.loops[at - 1].dim in self.reduction or self.loops[at - 1].extent == 1
        ):
            at -= 1
        moving = lambda first: prod(l.extent for l in self.loops[first:] if l.dim not in self.reduction and l.kind == "unroll")
        while moving(at) > MOST_HELD:
            at += 1
        return at

    # -- ragged ends --------------------------------------------------------------------------------------------------

    def room(self, loop: Loop, pending: Pending) -> tuple[int, int]:
        """(full, some): counters below `full` leave whole tiles inside, those below `some` leave at least something."""
        full = some = loop.extent
        inner = {l.name: l.extent - 1 for l in self.loops[self.loops.index(loop) + 1 :]}
        for guard, left in pending:
            by = dict(guard.terms)
            if loop.name in by:
                reach = sum(f * inner.get(name, 0) for name, f in by.items())
                full = min(full, max(0, (left - 1 - reach) // by[loop.name] + 1))
                some = min(some, max(0, -(-left // by[loop.name])))
        return full, some

    def after(self, loop: Loop, pending: Pending, value: int | None) -> Pending:
        """The guards still open once the loop stands at `value`, or (None) anywhere among its full tiles."""
        out = []
        inner = {l.name: l.extent - 1 for l in self.loops[self.loops.index(loop) + 1 :]}
        for guard, left in pending:
            by = dict(guard.terms)
            if loop.name not in by:
                out.append((guard, left))
            elif value is not None:
                left -= by[loop.name] * value
                if sum(f * inner.get(name, 0) for name, f in by.items()) >= left:
                    out.append((guard, left))
        return tuple(out)

    # -- the loops ----------------------------------------------------------------------------------------------------

    def moved(self, where: Where, loop: Loop, counter: Value | int, pending: Pending) -> Where:
        """The state inside one turn of a loop."""
        bases = []
        for (base, offset), address in zip(where.bases, self.addresses, strict=True):
            factor = address.factors[loop.name]
            if isinstance(counter, int):
                bases.append((base, offset + factor * counter))
            elif not factor:
                bases.append((base, offset))
            else:
                step = self.e.builder.mul(counter, const(factor), flags=("nsw",)) if factor != 1 else counter
                bases.append((step if base is None else self.e.builder.add(base, step, flags=("nsw",)), offset))
        counters, again = where.counters, where.again
        if loop.dim in self.reduction and loop.extent > 1:
            if isinstance(counter, int):
                again = again or counter > 0
            else:
                counters = (*counters, counter)
        loads = where.loads if isinstance(counter, int) else dict(where.loads)
        return replace(where, bases=bases, pending=pending, counters=counters, again=again, loads=loads)

    def nest_at(self, at: int, where: Where, sums: dict[Key, Value] | None) -> dict[Key, Value] | None:
        """Write the loops from number `at` inwards; `sums` are the outputs held, once they are."""
        if at == self.held_from and sums is None:
            keys = sorted(set(self.outputs(at, 0, where.pending)))
            if not keys:
                return None
            start = where.bases[2]
            sums = self.begin(where, keys)
            sums = self.nest_at(at, replace(where, bases=[*where.bases[:2], (start[0], 0), *where.bases[3:]]), sums)
            self.wanted = []
            self.finish(where, start, sums)
            return None
        if at == len(self.loops):
            return self.body(where, 0, sums)
        loop = self.loops[at]
        full, some = self.room(loop, where.pending)
        if loop.kind == "vectorize":
            return self.body(where, some, sums) if some else sums
        if loop.kind == "unroll" or loop.extent == 1:
            for value in range(some):
                sums = self.nest_at(at + 1, self.moved(where, loop, value, self.after(loop, where.pending, value)), sums)
            return sums
        if some - full > MOST_PEELED:
            raise TooMuchCode
        if full == 1:
            full = 0
        if full:
            names = sorted(sums or {})

            def turn(i: Value, held: list[Value]) -> list[Value]:
                self.ask(i, full)
                inside = self.moved(where, loop, i, self.after(loop, where.pending, None))
                if self.later and sums is not None:
                    self.ask_later(self.later, i, inside)
                done = self.nest_at(at + 1, inside, dict(zip(names, held, strict=True)) if sums is not None else None)
                return [done[name] for name in names] if sums is not None else []

            carried = self.e.loop(const(0), const(full), turn, [sums[name] for name in names] if sums is not None else [])
            sums = dict(zip(names, carried, strict=True)) if sums is not None else None
        for value in range(full, some):
            sums = self.nest_at(at + 1, self.moved(where, loop, value, self.after(loop, where.pending, value)), sums)
        return sums

    def shared_out(self, low: Value, high: Value, where: Where) -> None:
        """The outermost loop over a range that is known only when called."""
        loop, b = self.loops[0], self.e.builder
        full, some = self.room(loop, where.pending)
        if some - full > MOST_PEELED:
            raise TooMuchCode
        if full:
            end = b.select(b.icmp_signed("<", high, const(full)), high, const(full))

            def turn(i: Value, _: list[Value]) -> list[Value]:
                self.nest_at(1, self.moved(where, loop, i, self.after(loop, where.pending, None)), None)
                return []

            self.e.loop(low, end, turn, sure=False)
        for value in range(full, some):
            mine = b.and_(b.icmp_signed("<=", low, const(value)), b.icmp_signed("<", const(value), high))
            inside = replace(self.moved(where, loop, value, self.after(loop, where.pending, value)), loads={})

            def last(inside: Where = inside) -> list[Value]:
                self.nest_at(1, inside, None)
                return []

            self.e.choose(mine, last, list)

    # -- the outputs held ---------------------------------------------------------------------------------------------

    def outputs(self, at: int, offset: int, pending: Pending) -> Iterator[Key]:
        """The outputs the loops from `at` inwards touch: (offset, lanes)."""
        if at == len(self.loops):
            yield offset, 0
            return
        loop = self.loops[at]
        full, some = self.room(loop, pending)
        factor = self.addresses[2].factors[loop.name]
        if loop.kind == "vectorize":
            if some:
                yield offset, some
        elif loop.dim not in self.reduction:
            for value in range(some):
                yield from self.outputs(at + 1, offset + factor * value, self.after(loop, pending, value))
        else:
            for value in ([None] if full else []) + list(range(full, some)):
                yield from self.outputs(at + 1, offset, self.after(loop, pending, value))

    def spread(self) -> int:
        """How far apart the lanes of an output lie; 0: all lanes add to one number."""
        return self.addresses[2].factors[self.vector.name] if self.vector else 0

    def begin(self, where: Where, keys: list[Key]) -> dict[Key, Value]:
        """Every sum begins at zero. Where it will be stored is asked for now; what stood there is added when it has come."""
        if self.spread() == 1:
            self.wanted = [(offset, *where.bases[2]) for offset, _ in keys]
        return {key: zero(ir.VectorType(self.e.number, key[1]) if key[1] else self.e.number) for key in keys}

    def ask(self, counter: Value | None, turns: int) -> None:
        """Ask for the outputs' cache lines: a row of them in each of the first turns of the loop, so that no turn waits for all."""
        if not self.wanted:
            return
        offsets, (_, base, start) = [offset for offset, _, _ in self.wanted], self.wanted[0]
        self.wanted = []
        rows, pitch = evenly(offsets)
        if counter is None or rows > turns:
            for offset in offsets:
                self.e.prefetch(self.pointer(2), base, start + offset, write=True)
            return
        b = self.e.builder
        row = b.select(b.icmp_signed("<", counter, const(rows - 1)), counter, const(rows - 1))
        place = b.mul(row, const(pitch), flags=("nsw",))
        place = place if base is None else b.add(base, place, flags=("nsw",))
        for offset in offsets[: len(offsets) // rows]:
            self.e.prefetch(self.pointer(2), place, start + offset, write=True)

    def ask_later(self, later: Later, turn: Value, where: Where) -> None:
        """Ask for lines of what comes after this nest, into the second cache; the last of the tensors."""
        b, (base, offset) = self.e.builder, where.bases[-1]
        numbers = LINE // self.e.itemsize
        place = b.mul(b.lshr(turn, const(later.slow)), const(later.pitch), flags=("nsw",))
        if later.slow:
            piece = b.and_(turn, const((1 << later.slow) - 1))
            place = b.add(place, b.mul(piece, const(later.lines * numbers), flags=("nsw",)), flags=("nsw",))
        place = place if base is None else b.add(base, place, flags=("nsw",))
        for line in range(later.lines):
            self.e.prefetch(self.pointer(len(where.bases) - 1), place, offset + line * numbers, near=2)

    def before(self, where: Where) -> Value | bool:
        """Whether sums were stored before: False, True, or a condition known at run time."""
        if where.again:
            return True
        counters = [*where.counters, *([self.carry_on] if self.carry_on is not None else [])]
        if not counters:
            return False
        some = counters[0]
        for counter in counters[1:]:
            some = self.e.builder.or_(some, counter)  # all are 0 or more: the sum is new where none is set
        return self.e.builder.icmp_signed("!=", some, const(0))

    def finish(self, where: Where, start: tuple[Value | None, int], sums: dict[Key, Value]) -> None:
        """Store what was held, added to what was stored before."""
        base, offset = start
        apart = self.spread()
        results: dict[Key, Value] = {}
        for (at, lanes), value in sums.items():
            if lanes and not apart:  # the lanes add up to one number
                value = self.e.total(value)
                results[at, 0] = value if (at, 0) not in results else self.e.builder.fadd(results[at, 0], value)
            else:
                results[at, lanes] = value

        def store(add: bool) -> list[Value]:
            for (at, lanes), value in results.items():
                if lanes and apart != 1:
                    for lane in range(lanes):
                        one = self.e.builder.extract_element(value, ir.Constant(ir.IntType(32), lane))
                        self.store_one(one, base, offset + at + lane * apart, 0, add)
                else:
                    self.store_one(value, base, offset + at, lanes, add)
            return []

        before = self.before(where)
        if isinstance(before, bool):
            store(before)
        else:
            self.e.choose(before, lambda: store(True), lambda: store(False))

    def store_one(self, value: Value, base: Value | None, offset: int, lanes: int, add: bool) -> None:
        if add:
            value = self.e.builder.fadd(self.e.load(self.pointer(2), base, offset, lanes), value)
        self.e.store(value, self.pointer(2), base, offset)

    # -- the body -----------------------------------------------------------------------------------------------------

    def pointer(self, tensor: int) -> Value:
        return self.e.function.args[tensor]

    def value(self, where: Where, tensor: int, lanes: int) -> Value:
        """An input's element (or lanes of it); loaded once wherever the same one is at hand already."""
        base, offset = where.bases[tensor]
        apart = self.addresses[tensor].factors[self.vector.name] if lanes else 0
        key = (tensor, id(base), offset, lanes)
        if key not in where.loads:
            if lanes and not apart:
                one = self.e.load(self.pointer(tensor), base, offset)
                made = self.e.splat(one, lanes)
            elif lanes and apart != 1:
                made = self.e.gather(self.pointer(tensor), base, offset, apart, lanes)
            else:
                made = self.e.load(self.pointer(tensor), base, offset, lanes)
            where.loads[key] = made
            if tensor in self.copies:
                place, ahead = self.copies[tensor]
                if ahead:
                    self.e.prefetch(self.pointer(tensor), base, offset + ahead)
                self.e.store(made if apart else one, self.pointer(place), *where.bases[place])
        return where.loads[key]

    def body(self, where: Where, lanes: int, sums: dict[Key, Value]) -> dict[Key, Value]:
        self.bodies += 1
        if self.bodies > MOST_BODIES:
            raise TooMuchCode
        key = (where.bases[2][1], lanes)
        return sums | {key: self.e.multiply_add(self.value(where, 0, lanes), self.value(where, 1, lanes), sums[key])}


def plain(e: Emitter, nest: Schedule, carry_on: Value | None, ends: tuple[Value, Value] | None) -> None:
    """The careful way: every loop at run time, guards tested, one number at a time, the output in memory."""
    b, problem, counters = e.builder, nest.problem, {}

    def total(terms: list[tuple[Value, int]], start: int = 0) -> Value:
        out = const(start)
        for value, factor in terms:
            out = b.add(out, b.mul(value, const(factor)))
        return out

    def element(at: int) -> Value:
        tensor, where = problem.tensors[at], const(0)
        for place, stride in zip(tensor.places, tensor.strides, strict=True):
            by = dict(place.axis.terms)
            index = total([(counters[l.name], l.step * by[l.dim]) for l in nest.loops if l.dim in by], place.axis.offset)
            if place.block:
                index = b.urem(index, const(place.block))
            elif place.divide > 1:
                index = b.udiv(index, const(place.divide))
            where = b.add(where, b.mul(index, const(stride)))
        return b.gep(e.function.args[at], [where])

    def add() -> list[Value]:
        first: Value = ir.Constant(BIT, 1) if carry_on is None else b.icmp_signed("==", carry_on, const(0))
        for loop in nest.loops:
            if loop.dim in problem.reduction:
                first = b.and_(first, b.icmp_signed("==", counters[loop.name], const(0)))
        out = element(2)
        before = e.choose(first, lambda: [zero(e.number)], lambda: [b.load(out)])[0]
        b.store(e.multiply_add(b.load(element(0)), b.load(element(1)), before), out)
        return []

    def nest_at(at: int) -> None:
        if at < len(nest.loops):
            loop = nest.loops[at]

            def turn(i: Value, _: list[Value]) -> list[Value]:
                counters[loop.name] = i
                nest_at(at + 1)
                return []

            low, high = ends if ends and at == 0 else (const(0), const(loop.extent))
            e.loop(low, high, turn, sure=not (ends and at == 0))
            return
        inside: Value = ir.Constant(BIT, 1)
        for guard in nest.guards:
            reached = total([(counters[name], factor) for name, factor in guard.terms])
            inside = b.and_(inside, b.icmp_signed("<", reached, const(guard.bound)))
        e.choose(inside, add, list)

    nest_at(0)


def lower(
    nest: Schedule,
    name: str = "kernel",
    number: Any = None,
    module: ir.Module | None = None,
    pitches: Mapping[str, tuple[int, ...]] | None = None,
    carrying: bool = False,
    copies: Mapping[str, tuple[Tensor, int]] | None = None,
    later: Later | None = None,
) -> ir.Module:
    """A module with `void name(a*, b*, out*)`; outputs need not be zeroed before.

    A parallel outermost loop adds two integers, the range of it to run. `carrying` adds one more: 0 begins the sums, anything
    else adds to what is stored. `pitches` gives a tensor's strides where it is part of a larger array. Inputs must hold their
    padding in memory (`Problem.with_padding_in_memory`), or no address would be safe.
    `copies` has an input in another layout, and how many numbers ahead to ask for more: what is read of the input is written there too
    (a pointer more after `out*`, a's before b's). So whoever reads an operand first has packed it. `later` asks for
    what comes after this nest; a last pointer says where it is.
    """
    check_nest("build", nest)
    if nest.problem.padded:
        nest = replace(nest, problem=nest.problem.with_padding_in_memory())
    number = number or ir.FloatType()
    module = module or new_module()
    pitches = pitches or {}
    ranged = bool(nest.loops) and nest.loops[0].kind == "parallel"
    addresses = [affine(nest, tensor, pitches.get(tensor.name)) for tensor in nest.problem.tensors]
    copies, kept = copies or {}, {}
    for n, tensor in enumerate(nest.problem.ins):
        if tensor.name in copies:
            kept[n] = (len(addresses), copies[tensor.name][1])
            addresses.append(affine(nest, copies[tensor.name][0]))
    if later:
        addresses.append(Address(0, {loop.name: later.each * later.pitch if loop.name == later.loop else 0 for loop in nest.loops}))
    if (pitches or copies) and None in addresses:
        raise ValueError("pitches: a layout whose blocks cut across the loops has no plain strides")

    def start(called: str) -> tuple[Emitter, Value | None, tuple[Value, Value] | None]:
        pointers = len(addresses)
        e = Emitter(module, called, number, pointers, 2 * ranged + carrying)
        values = list(e.function.args[pointers:])
        ends = (values[0], values[1]) if ranged else None
        return e, values[-1] if carrying else None, ends

    if None not in addresses:
        e, carry_on, ends = start(name)
        try:
            lowering = Lowering(e, nest, addresses, carry_on, kept, later)  # type: ignore[arg-type]
            if ranged:
                lowering.held_from = max(1, lowering.held_from)
            where = Where([(None, address.offset) for address in addresses], tuple((g, g.bound) for g in nest.guards))
            lowering.shared_out(*ends, where) if ends else lowering.nest_at(0, where, None)
            e.builder.ret_void()
            return module
        except TooMuchCode:
            if pitches or copies:
                raise ValueError("lower: this nest needs too much peeling to be compiled as part of a larger array") from None
            del module.globals[name]
            module.scope._useset.discard(name)
    e, carry_on, ends = start(name)
    plain(e, nest, carry_on, ends)
    e.builder.ret_void()
    return module


__all__ = ["INT", "Lowering", "lower", "plain"]
