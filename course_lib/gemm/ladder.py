"""The ladder: one matrix product, step by step from three loops to the roof; each step changes one thing and says why.

The first steps are Schedules, each made from the one before by one more word. Then the copying moves into machine code, and the last two
are Strassen on top and the library to compare with.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..nest import gemm_problem, schedule
from ..shapes import GemmShape
from . import library, strassen

SOURCE = "van de Geijn et al., How to optimize gemm; Goto & van de Geijn 2008"

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Step:
    """A rung: its name, what changed against the one before and why; `nest` is the Schedule where it is one, `make()` a function
    f(a, b) -> c of float32."""

    name: str
    changed: str
    why: str
    make: Callable[[], Product]
    nest: Any = None

    @property
    def listing(self) -> str:
        """The nest as the slide writes it; the words of `changed` where the step is no single nest."""
        return str(self.nest) if self.nest is not None else self.changed


def compiled(nest: Any) -> Product:
    """A nest as f(a, b) -> c on plain arrays; where its layouts are others, the arrays are packed by numpy in each call."""
    from ..nest import build

    built = build(nest)
    a_tensor, b_tensor = nest.problem.ins
    plain = (a_tensor.layout, b_tensor.layout, nest.problem.out.layout) == ("IK", "KJ", "IJ")

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if not plain:
            return built(a, b)
        c = np.zeros(nest.problem.out.shape, np.float32)
        built.call(np.ascontiguousarray(a, np.float32), np.ascontiguousarray(b, np.float32), c)
        return c

    return product


def goto_product(shape: GemmShape) -> Product:
    from ..kernels import compile_gemm

    return compile_gemm(shape)


def strassen_product(shape: GemmShape, leaf: int) -> Product:
    from ..kernels import compile_gemm

    return partial(strassen.gemm, leaf=leaf, product=compile_gemm(GemmShape(leaf, leaf, leaf)))


def ladder(n: int, lanes: int = 0, tall: int = 0) -> tuple[Step, ...]:
    """The steps for order n, float32, on this machine: `lanes` numbers a vector and `tall` rows of the register tile (0: this machine's).

    Raises ValueError for an order that is too small to be cut into one register tile.
    """
    from ..kernels.plan import register_tile

    own = register_tile()
    lanes, tall = lanes or own.lanes, tall or own.tall
    wide = 2 * lanes
    if n < max(wide, tall):
        raise ValueError(f"n: want at least {max(wide, tall)}, one register tile of {tall} x {wide}, got {n}")
    shape = GemmShape(n, n, n)
    plain = schedule(gemm_problem(shape), "i j k").hold("C")
    rows = schedule(gemm_problem(shape), "i k j").hold("A")
    vectors = schedule(gemm_problem(shape), "i k j").tile(j=lanes).vectorize("j_s").hold("A")
    four = schedule(gemm_problem(shape), "i j k").tile(j=4 * lanes).tile(j_s=lanes).reorder("i j_t k j_s_t j_s_s")
    four = four.unroll("j_s_t").vectorize("j_s_s").hold("C")
    cut = schedule(gemm_problem(shape), "i j k").tile(i=tall, j=wide).tile(j_s=lanes)
    tile = cut.reorder("j_t i_t k i_s j_s_t j_s_s").unroll("i_s j_s_t").vectorize("j_s_s").hold("C")
    deep, high = min(n, 256), min(n, 8 * tall)
    blocks = schedule(gemm_problem(shape), "i j k").tile(i=high, j=wide, k=deep).tile(i_s=tall, j_s=lanes)
    blocks = blocks.reorder("k_t i_t j_t i_s_t k_s i_s_s j_s_t j_s_s").unroll("i_s_s j_s_t").vectorize("j_s_s").hold("C")
    panels = schedule(gemm_problem(shape, a=f"IK{tall}i", b=f"JK{wide}j"), "i j k").tile(i=high, j=wide, k=deep).tile(i_s=tall, j_s=lanes)
    panels = panels.reorder("k_t i_t j_t i_s_t k_s i_s_s j_s_t j_s_s").unroll("i_s_s j_s_t").vectorize("j_s_s").hold("C")
    held, few = f"{tall} x {wide} outputs in registers", f"{tall} + {wide} numbers loaded for {tall * wide} multiply-adds."
    steps = [
        ("i j k", plain, "three loops", "The definition. b is read down a column: every number from another cache line."),
        ("i k j", rows, "k and j have changed places", "All go along rows; of each line that is fetched, every number is used."),
        (
            "lanes",
            vectors,
            f"j in vectors of {lanes}",
            "One instruction does a whole vector. c still travels to the cache for each k.",
        ),
        ("four vectors held", four, f"4 x {lanes} outputs of a row stay in registers", "c is stored once, when its sum is complete."),
        ("register tile", tile, held, few),
        ("blocks", blocks, f"k in blocks of {deep}, rows of {high}", "A panel of b stays in L1, a block of a in L2, while they are used."),
        (
            "packed panels",
            panels,
            f"a in panels of {tall} rows, b of {wide} columns",
            "Reads follow each other; numpy's copies count.",
        ),
    ]
    made = [Step(name, changed, why, partial(compiled, nest), nest) for name, nest, changed, why in steps]
    made.append(
        Step("Goto's loops", "packing as machine code, block by block", "What is packed is still in the cache when it is used.",
             partial(goto_product, shape))
    )  # fmt: skip
    if n >= 512 and n % 2 == 0:
        made.append(
            Step("Strassen", f"7 products of order {n // 2} in place of 8", "Fewer multiplications, 18 more additions of a quarter.",
                 partial(strassen_product, shape, n // 2))
        )  # fmt: skip
    made.append(Step("library", "numpy's BLAS", "Fifty years of polishing: the one to measure against.", lambda: library.gemm))
    return tuple(made)


def changes(before: Step, after: Step) -> str:
    """The two listings as a diff: what stayed, what went (-), what came (+)."""
    old, new = before.listing.splitlines(), after.listing.splitlines()
    lines = difflib.ndiff(old, new)
    return "\n".join(line.rstrip() for line in lines if not line.startswith("?"))


def main(words: list[str]) -> int:
    """Print the ladder of an order: each step's name, what changed and why, and its listing as a diff against the one before."""
    steps = ladder(int(words[0]) if words else 512)
    for before, after in zip((None, *steps), steps, strict=False):
        print(f"== {after.name}: {after.changed}. {after.why}")
        print(after.listing if before is None else changes(before, after), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
