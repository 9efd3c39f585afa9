"""The same moves made twice, on our nest and by TVM's own schedule, both lowered: which loop became what.

    sides = beside(conv_problem(layer), [("tile", "k", 4), ("reorder", "n k_t p q c r s k_s"), ("vectorize", "k_s")])
    sides.rows        a Side a loop, outermost first: ours, TVM's, and what became of it
    sides.calls       the moves in both languages
    sides.ours, sides.theirs      the statements inside all loops

TVM begins from the plain nest as TensorIR (tensorir.py), takes the moves through its own `Schedule` and lowers with its own passes. Where
TVM is not installed (extra `tvm`), what it made of the lab's three goals is read from course_lib/data/beside_tvm.json, which
`python -m course_lib.interchange.beside_tvm` writes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from course_lib.interchange.read_by_tvm import read_by_tvm
from course_lib.interchange.tensorir import tensorir
from course_lib.nest.listing import WORDS, lines, opening
from course_lib.nest.problem import Problem
from course_lib.nest.schedule import Schedule, schedule

SOURCE = "Feng et al., TensorIR, ASPLOS 2023; TVM 0.26, its s_tir.Schedule and the first half of its default pipeline"

PATH = Path(__file__).resolve().parents[1] / "data" / "beside_tvm.json"
MARKS = ("unroll", "vectorize", "parallel", "spatial")
KINDS = ("serial", "parallel", "vectorize", "unroll")  # TVM's ForKind by number

Step = tuple[Any, ...]


@dataclass(frozen=True)
class Side:
    """One loop: its dim, our line, TVM's line ("" where no loop is left) and what became of it in a few words ("" where it is the same)."""

    name: str
    dim: str
    ours: str
    theirs: str
    became: str = ""


@dataclass(frozen=True)
class Sides:
    """A schedule lowered by both; `version` is TVM's, `here` whether TVM ran here or its recorded result is shown."""

    rows: tuple[Side, ...]
    calls: tuple[tuple[str, str], ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    version: str
    here: bool


def moved(problem: Problem, steps: Sequence[Step]) -> Schedule:
    """The steps made on the plain nest. Raises ValueError for a step that is no tile, reorder or mark."""
    nest = schedule(problem)
    for step in steps:
        verb, *words = step
        if verb == "tile" and len(words) == 2:
            nest = nest.tile(**{words[0]: words[1]})
        elif verb in ("reorder", *MARKS) and len(words) == 1:
            nest = getattr(nest, verb)(words[0])
        else:
            raise ValueError(f"steps: want ('tile', loop, size), ('reorder', loops) or a mark with its loops, got {step!r}")
    return nest


def tvm_names(problem: Problem, steps: Sequence[Step]) -> dict[str, str]:
    """Our name of each loop -> TVM's: the halves of k are k_0 and k_1 there, those of k_0 are k_0_0 and k_0_1."""
    names = {dim: dim for dim in problem.dims}
    for verb, *words in steps:
        if verb == "tile":
            old = names.pop(words[0])
            names |= {f"{words[0]}_t": f"{old}_0", f"{words[0]}_s": f"{old}_1"}
    return names


def calls(problem: Problem, steps: Sequence[Step]) -> list[tuple[str, str]]:
    """Each step as it is typed here and as it is typed for TVM."""
    out, done = [], []
    for step in steps:
        verb, *words = step
        before = tvm_names(problem, done)
        done.append(step)
        now = tvm_names(problem, done)
        if verb == "tile":
            halves = f"{now[words[0] + '_t']}, {now[words[0] + '_s']}"
            out.append((f".tile({words[0]}={words[1]})", f"{halves} = sch.split({before[words[0]]}, factors=[None, {words[1]}])"))
        elif verb == "reorder":
            out.append((f'.reorder("{words[0]}")', f"sch.reorder({', '.join(now[name] for name in words[0].split())})"))
        else:
            said = [f'sch.annotate({now[n]}, "spatial", 1)' if verb == "spatial" else f"sch.{verb}({now[n]})" for n in words[0].split()]
            out.append((f'.{verb}("{words[0]}")', "; ".join(said)))
    return out


# -- by the real TVM ------------------------------------------------------------------------------------------------------


def lowered_by_tvm(problem: Problem, steps: Sequence[Step]) -> dict[str, Any]:
    """What TVM makes of the plain nest and these steps: {"version", "scheduled": loops, "lowered": loops, "body": lines}.

    A loop is [TVM's name, extent, kind]; "lowered" are the loops that are left after its passes, down to where the nest branches. Raises
    ImportError without TVM, ValueError where the loops after its moves are not those of our nest.
    """
    import tvm
    from tvm import s_tir, tirx

    sch = s_tir.Schedule(read_by_tvm(schedule(problem)))
    loops = dict(zip(problem.dims, sch.get_loops(sch.get_sblock(problem.out.name)), strict=True))
    for verb, *words in steps:
        if verb == "tile":
            loops[f"{words[0]}_t"], loops[f"{words[0]}_s"] = sch.split(loops.pop(words[0]), factors=[None, words[1]])
        elif verb == "reorder":
            sch.reorder(*(loops[name] for name in words[0].split()))
        else:
            for name in words[0].split():
                if verb == "spatial":
                    sch.annotate(loops[name], "spatial", 1)
                else:
                    getattr(sch, verb)(loops[name])
    nest, names = moved(problem, steps), tvm_names(problem, steps)
    scheduled = chain(tirx, sch.mod["main"].body)
    if scheduled != [[names[loop.name], loop.extent, loop.kind] for loop in nest.loops]:
        raise ValueError(f"steps: TVM's loops are {scheduled}, ours {[(loop.name, loop.extent, loop.kind) for loop in nest.loops]}")
    passes = [
        s_tir.transform.CanonicalizeLoop(),
        s_tir.transform.LowerInitBlock(),
        s_tir.transform.PlanAndUpdateBufferAllocationLocation(),
        s_tir.transform.ConvertBlocksToOpaque(),
        tirx.transform.StmtSimplify(),
        s_tir.transform.LowerOpaqueBlock(),
        tirx.transform.FlattenBuffer(),
        tirx.transform.NarrowDataType(32),
        tirx.transform.VectorizeLoop(True),
        tirx.transform.UnrollLoop(),
        tirx.transform.StmtSimplify(),
        tirx.transform.RemoveNoOp(),
    ]
    module = tvm.transform.Sequential(passes)(sch.mod)
    lowered = chain(tirx, module["main"].body)
    text = module.script(syntax_sugar=False).splitlines()
    depth = max(i for i, line in enumerate(text) if "func_attr" in line)
    inside = [line for line in text[depth + 1 :] if line.strip() and "T.decl_buffer(" not in line][len(lowered) :]  # the same memory, flat
    indent = min(len(line) - len(line.lstrip()) for line in inside)
    return {"version": tvm.__version__, "scheduled": scheduled, "lowered": lowered, "body": [line[indent:] for line in inside]}


def chain(tirx: Any, node: Any) -> list[list[Any]]:
    """The loops from the outermost down to where the tree branches: [name, extent, kind] each."""
    out: list[list[Any]] = []
    while True:
        if isinstance(node, tirx.For):
            out.append([node.loop_var.name, int(node.extent), "spatial" if "spatial" in node.annotations else KINDS[int(node.kind)]])
            node = node.body
        elif isinstance(node, tirx.SBlockRealize) and node.block.name_hint == "root":
            node = node.block.body
        elif isinstance(node, tirx.SeqStmt) and all(isinstance(part, tirx.DeclBuffer) for part in node.seq[:-1]):
            node = node.seq[-1]  # other names for the arrays stand before the loops
        else:
            return out


# -- side by side ---------------------------------------------------------------------------------------------------------


def key(nest: Schedule) -> str:
    """The same nest, the same key, whichever moves led to it."""
    return hashlib.sha256(tensorir(nest).encode()).hexdigest()[:16]


def tvm_is_asked() -> bool:
    return find_spec("tvm") is not None and not os.environ.get("COURSE_GRADER_SOCKET")


def recorded() -> dict[str, Any]:
    return json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}  # type: ignore[no-any-return]


def beside(problem: Problem, steps: Sequence[Step], real: bool | None = None) -> Sides:
    """The schedule that `steps` make of the plain nest, lowered by us and by TVM.

    `real` asks for TVM itself or for the record; by default TVM where it is installed, though not under a grader. Raises
    ValueError where there is neither.
    """
    nest, here = moved(problem, steps), tvm_is_asked() if real is None else real
    if here:
        found = lowered_by_tvm(problem, steps)
    elif (found := recorded().get(key(nest))) is None:
        raise ValueError("steps: TVM's result for this nest is not recorded; pip install 'efficient-dnn-course[tvm]' to ask TVM itself")
    names, left = tvm_names(problem, steps), {name: (extent, kind) for name, extent, kind in found["lowered"]}
    rows = []
    for loop in nest.loops:
        theirs, became = "", ""
        if names[loop.name] in left:
            extent, kind = left[names[loop.name]]
            theirs = f"for {names[loop.name]} in {'T.parallel' if kind == 'parallel' else 'range'}({extent})"
            if loop.kind == "spatial":
                became = "a plain loop with a note"
            elif extent != loop.extent or kind != loop.kind:
                became = f"{extent} turns, {kind}"
        elif (one := f"{names[loop.name]}.s") in left:  # lanes that TVM takes one by one, as under a guard
            theirs, became = f"for {one.replace('.', '_')} in range({left[one][0]})", "no lanes: one after the other"
        elif loop.kind == "vectorize":
            became = f"no loop: {loop.extent} lanes in each statement"
        elif loop.kind == "unroll":
            became = f"no loop: the statements stand there {loop.extent} times"
        elif loop.extent == 1:
            became = "no loop: it has one turn"
        else:
            became = "no loop of its own"
        rows.append(Side(loop.name, loop.dim, opening(nest, loop), theirs, became))
    ours = [text for _, text in lines(nest) if not text.startswith(tuple(f"{word} (" for word in WORDS.values())) and text.strip(" }")]
    return Sides(tuple(rows), tuple(calls(problem, steps)), tuple(ours), tuple(found["body"]), found["version"], here)


def main() -> int:
    from course_lib.nest.problem import conv_problem
    from course_lib.shapes import ConvShape

    problem = conv_problem(ConvShape(**LAYER))
    made = {key(moved(problem, steps)): lowered_by_tvm(problem, steps) for steps in GOALS.values()}
    PATH.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    print(f"{PATH}: {len(made)} nests by TVM {next(iter(made.values()))['version']}")
    return 0


LAYER = {"N": 1, "C": 8, "H": 10, "W": 10, "K": 16, "R": 3, "S": 3}
GOALS: dict[str, list[Step]] = {  # the puzzles of lab 13, from the plain order n k p q c r s
    "a": [("reorder", "n r s c k p q")],
    "b": [("tile", "k", 4), ("reorder", "n k_t p q c r s k_s"), ("vectorize", "k_s")],
    "c": [("tile", "c", 2), ("reorder", "n c_t k p q r s c_s"), ("spatial", "c_s")],
}

if __name__ == "__main__":
    sys.exit(main())
