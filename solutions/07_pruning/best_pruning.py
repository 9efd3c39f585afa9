"""The own pruning's best-known answer: sizes under the budget tried one after the other, channels by LASSO in stages.

    python solutions/07_pruning/best_pruning.py             the search, about a minute; chosen on the validation images
    python solutions/07_pruning/best_pruning.py --stored    what the lab has stored, and what simpler rules come to

`BEST`, `HALF` and `FULL` in course_lib/exercises/lab07_pruning/own_pruning.py come from here.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from course_lib.compress.prune.channels import channel_select_lasso, channel_select_norm
from course_lib.exercises.lab07_pruning.digits_network import NAMES, channel_samples, cut_and_mended, layers, macs_of, wrong_of
from course_lib.exercises.lab07_pruning.own_pruning import BEST, BUDGET, FULL, HALF, chosen, macs_of_choice
from course_lib.records import Report

SIZES = [(k1, k2, k3, k4) for k1 in (6, 8, 10) for k2 in (8, 10, 12) for k3 in (12, 16) for k4 in (12, 16, 20)]


def choose(rule: str, counts: tuple[int, ...], samples: list[Any]) -> dict[str, list[int]]:
    """The channels of every convolution by one rule, each from the layer that reads it."""
    out = {}
    for i, (name, count) in enumerate(zip(NAMES, counts, strict=True)):
        X, W, Y = samples[i]
        if rule in ("LASSO in stages", "one LASSO"):
            kept = channel_select_lasso(X, W, Y, count, stages=1 if rule == "one LASSO" else 4)
        elif rule == "weights that read it":
            kept = channel_select_norm(W, count)
        elif rule == "its own weights":
            kept = np.sort(np.argsort(-np.abs(layers()[i]["w"]).sum((1, 2, 3)), kind="stable")[:count])
        else:
            kept = np.arange(count)
        out[name] = [int(k) for k in kept]
    return out


def judged(answer: dict[str, list[int]]) -> dict[str, Any]:
    net = cut_and_mended(chosen(answer))
    sizes = " ".join(str(len(answer[name])) for name in NAMES)
    return {"filters": sizes, "MACs": macs_of(net), "valid, of 300": wrong_of(net, "valid"), "test, of 450": wrong_of(net, "test")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", action="store_true", help="print what the lab has stored")
    options = parser.parse_args()
    samples = [channel_samples(i) for i in range(1, 5)]
    if options.stored:
        counts = tuple(len(BEST[name]) for name in NAMES)
        rules = ("LASSO in stages", "one LASSO", "weights that read it", "its own weights", "the first")
        rows = [{"rule": "stored", **judged(BEST)}] + [{"rule": rule, **judged(choose(rule, counts, samples))} for rule in rules]
        print(Report.of(rows, title="Images that are misread", note=f"half marks to {HALF}, full marks to {FULL} test images"))
        return
    best: tuple[int, dict[str, list[int]]] = (10**9, {})
    for counts in SIZES:
        answer = choose("first", counts, samples)
        macs = macs_of_choice(chosen(answer))
        if not 0.85 * BUDGET <= macs <= BUDGET:
            continue
        answer = choose("LASSO in stages", counts, samples)
        row = judged(answer)
        print(row, flush=True)
        if row["valid, of 300"] < best[0]:
            best = (row["valid, of 300"], answer)
    print(best[1])


if __name__ == "__main__":
    main()
