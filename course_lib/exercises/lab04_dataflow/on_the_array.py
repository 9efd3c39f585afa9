"""Cycles and buffer traffic of the slide's array of multipliers, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Made, Misconception


def layer_case(label: str, rows: int = 16, cols: int = 64, **letters: Any) -> Case:
    return Case((Made("conv_shape", letters), rows, cols), label=f"{label}, on {rows} x {cols} PEs")


def array_cases(rng: np.random.Generator) -> list[Case]:
    square: Callable[..., dict[str, Any]] = lambda C, H, K, R, **more: {"N": 1, "C": C, "H": H, "W": H, "K": K, "R": R, "S": R, **more}
    cases = [
        layer_case("4 channels, 4 filters, a 1x1 layer of 2x3 pixels", 2, 2, N=1, C=4, H=2, W=3, K=4, R=1, S=1),
        layer_case("2 channels, 4 filters of 2x1, 4x5 pixels", 2, 4, N=1, C=2, H=4, W=5, K=4, R=2, S=1),
        layer_case("3 channels: the second tile is half empty", 2, 4, N=1, C=3, H=4, W=5, K=4, R=2, S=2),
        layer_case("one channel on two rows", 2, 2, N=1, C=1, H=3, W=3, K=5, R=2, S=2),
        layer_case("a batch of 3", 2, 4, N=3, C=4, H=4, W=5, K=8, R=2, S=2),
        layer_case("the lecture's layer, 64 to 64 channels", **square(64, 56, 64, 3, pad=1)),
        layer_case("a first layer, 3 channels", **square(3, 224, 64, 3, pad=1)),
        layer_case("AlexNet's first layer", **square(3, 224, 64, 11, stride=4, pad=2)),
        layer_case("512 to 512 channels, 7x7 pixels", **square(512, 7, 512, 3, pad=1)),
    ]
    for _ in range(8):
        N, C, K = int(rng.integers(1, 4)), int(rng.integers(1, 100)), int(rng.integers(1, 200))
        R, S, H, W = (int(v) for v in rng.integers(1, 6, 4) + (0, 0, 6, 6))
        rows, cols = (int(v) for v in rng.integers(2, 40, 2))
        cases.append(layer_case(f"N={N} C={C} K={K} {H}x{W}, {R}x{S}", rows, cols, N=N, C=C, H=H, W=W, K=K, R=R, S=S))
    return cases


def cycles_and_use(shape: Any, rows: int = 16, cols: int = 64) -> dict[str, float]:
    """One turn of the loops in time a cycle: N·R·S·ceil(C/rows)·ceil(K/cols)·P·Q; utilisation is MACs over PEs x cycles."""
    cycles = shape.N * shape.R * shape.S * -(-shape.C // rows) * -(-shape.K // cols) * shape.P * shape.Q
    return {"cycles": cycles, "utilisation": shape.macs / (cycles * rows * cols)}


def by_cycles(cycles: Callable[..., int]) -> Callable[..., dict[str, float]]:
    """An answer whose utilisation follows from its own number of cycles."""

    def function(shape: Any, rows: int = 16, cols: int = 64) -> dict[str, float]:
        count = cycles(shape, rows, cols)
        return {"cycles": count, "utilisation": shape.macs / (count * rows * cols) if count else 0.0}

    return function


def turns(shape: Any, rows: int, cols: int) -> int:
    return int(cycles_and_use(shape, rows, cols)["cycles"])


SPATIAL, TRAFFIC = "04_dataflow#spatial", "04_dataflow#traffic"

array_cycles = Exercise(
    name="array_cycles",
    reference=cycles_and_use,
    cases=array_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "the tiles are rounded down",
            by_cycles(
                lambda shape, rows, cols: (
                    turns(shape, rows, cols) // (-(-shape.C // rows) * -(-shape.K // cols)) * (shape.C // rows) * (shape.K // cols)
                )
            ),
            "With 3 channels on 2 rows there are two turns, the second of them half empty: round the number of tiles up.",
            SPATIAL,
        ),
        Misconception(
            "all PEs are always at work",
            by_cycles(lambda shape, rows, cols: -(-shape.macs // (rows * cols))),
            "MACs over PEs is what a perfect array needs. Here a row takes a channel, a column a filter; where those run out, it idles.",
            SPATIAL,
        ),
        Misconception(
            "rows and columns have changed places",
            by_cycles(lambda shape, rows, cols: turns(shape, cols, rows)),
            "The channels lie along the rows, the filters along the columns.",
            SPATIAL,
        ),
        Misconception(
            "the batch is left out",
            by_cycles(lambda shape, rows, cols: turns(shape, rows, cols) // shape.N),
            "Your cycles do not change with N. Every image takes its own.",
            SPATIAL,
        ),
        Misconception(
            "the taps are left out",
            by_cycles(lambda shape, rows, cols: turns(shape, rows, cols) // (shape.R * shape.S)),
            "The loops over r and s run in time: every tap of the filter is a pass over the pixels.",
            SPATIAL,
        ),
        Misconception(
            "input pixels in place of outputs",
            by_cycles(lambda shape, rows, cols: turns(shape, rows, cols) // (shape.P * shape.Q) * shape.H * shape.W),
            "The inner loops run over p and q, the outputs; there are P·Q of them, not H·W.",
            SPATIAL,
        ),
        Misconception(
            "per cent",
            lambda shape, rows=16, cols=64: (answer := cycles_and_use(shape, rows, cols)) | {"utilisation": 100 * answer["utilisation"]},
            "The cycles are right, the utilisation is a hundred times too large: it is a share, from 0 to 1.",
            SPATIAL,
        ),
        Misconception(
            "only the channels are looked at",
            lambda shape, rows=16, cols=64: cycles_and_use(shape, rows, cols) | {"utilisation": shape.C / (rows * -(-shape.C // rows))},
            "The cycles are right. Columns can be idle, too, where K is no multiple of them.",
            SPATIAL,
        ),
        Misconception(
            "the rows in use, rounded up to all",
            lambda shape, rows=16, cols=64: cycles_and_use(shape, rows, cols) | {"utilisation": 1.0},
            "The cycles are right. How many multiply-accumulates would all PEs do in them, and how many are there to do?",
            SPATIAL,
        ),
    ),
    hint="Every loop that is not spatial is a loop in time: multiply them. Utilisation is MACs over what all PEs could do in these cycles.",
    slide=SPATIAL,
)


def buffer_words(shape: Any, rows: int = 16, cols: int = 64) -> dict[str, int]:
    """Words between the buffer and the array for n r s c_t k_t | c_s k_s | p q, with multicast and a tree of adders."""
    taps, pixels = shape.N * shape.R * shape.S, shape.P * shape.Q
    writes = taps * -(-shape.C // rows) * shape.K * pixels
    return {
        "W reads": taps * shape.C * shape.K,
        "IA reads": taps * shape.C * -(-shape.K // cols) * pixels,
        "OA writes": writes,
        "OA reads": writes - shape.N * shape.K * pixels,
    }


def otherwise(**changed: Callable[[Any, int, int], int]) -> Callable[..., dict[str, int]]:
    def function(shape: Any, rows: int = 16, cols: int = 64) -> dict[str, int]:
        right = buffer_words(shape, rows, cols)
        return right | {name.replace("_", " "): entry(shape, rows, cols) for name, entry in changed.items()}

    return function


def no_tree(shape: Any, rows: int, cols: int) -> int:
    return int(shape.macs)


slide_traffic = Exercise(
    name="slide_traffic",
    reference=buffer_words,
    cases=array_cases,
    misconceptions=(
        Misconception(
            "no multicast",
            otherwise(IA_reads=no_tree),
            "All columns need the same pixel in the same cycle. It is read once and sent to all of them.",
            TRAFFIC,
        ),
        Misconception(
            "no tree of adders",
            otherwise(OA_writes=no_tree, OA_reads=lambda shape, rows, cols: shape.macs - shape.N * shape.K * shape.P * shape.Q),
            "The rows of a column add to one output in one cycle. A tree of adders makes a single number of them before it is written.",
            TRAFFIC,
        ),
        Misconception(
            "the first partial sum is read, too",
            otherwise(OA_reads=lambda shape, rows, cols: buffer_words(shape, rows, cols)["OA writes"]),
            "The first time an output is visited there is nothing to read: it starts from zero.",
            TRAFFIC,
        ),
        Misconception(
            "an output is written once",
            otherwise(OA_writes=lambda shape, rows, cols: shape.N * shape.K * shape.P * shape.Q, OA_reads=lambda shape, rows, cols: 0),
            "The loops p and q are inside r, s and c_t: before an output is complete, all others have their turn, and it has to wait.",
            TRAFFIC,
        ),
        Misconception(
            "a weight is read for every pixel",
            otherwise(W_reads=no_tree),
            "While p and q run, the weight of a PE does not change: it is read once, and stays.",
            TRAFFIC,
        ),
        Misconception(
            "the weights stay for all images",
            otherwise(W_reads=lambda shape, rows, cols: shape.K * shape.C * shape.R * shape.S),
            "The outermost loop is n: with the next image all weights come again.",
            TRAFFIC,
        ),
        Misconception(
            "the inputs are read once for all filters",
            otherwise(IA_reads=lambda shape, rows, cols: shape.N * shape.R * shape.S * shape.C * shape.P * shape.Q),
            "For each tile of filters, each step of k_t, the pixels pass by again.",
            TRAFFIC,
        ),
        Misconception(
            "tiles are always full",
            otherwise(
                W_reads=lambda shape, rows, cols: shape.N * shape.R * shape.S * -(-shape.C // rows) * rows * -(-shape.K // cols) * cols,
                IA_reads=lambda shape, rows, cols: buffer_words(shape, rows, cols)["IA reads"] // shape.C * -(-shape.C // rows) * rows,
                OA_writes=lambda shape, rows, cols: buffer_words(shape, rows, cols)["OA writes"] // shape.K * -(-shape.K // cols) * cols,
                OA_reads=lambda shape, rows, cols: (buffer_words(shape, rows, cols)["OA reads"]) // shape.K * -(-shape.K // cols) * cols,
            ),
            "The ragged tile is counted as a full one. PEs beyond C and K fetch nothing and write nothing.",
            TRAFFIC,
        ),
    ),
    hint="Take the loops one by one: which of them move the tensor, and inside which does it stay? Then: which PEs share the word?",
    slide=TRAFFIC,
)
