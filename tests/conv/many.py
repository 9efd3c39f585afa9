"""Every algorithm against float64 on many random layers, each within its own bound: python -m tests.conv.many --shapes 1000."""

from __future__ import annotations

import argparse

import numpy as np

from course_lib import ALGORITHMS

from .bounds import bound
from .oracle import conv64, random_shape

MOST_MACS = 20_000  # direct is plain Python


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conv.many", description=__doc__)
    parser.add_argument("--shapes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    tried, worst, wrong = dict.fromkeys(ALGORITHMS, 0), dict.fromkeys(ALGORITHMS, 0.0), []
    for _ in range(options.shapes):
        shape = random_shape(rng)
        ia, wt = rng.standard_normal(shape.ia_shape).astype(np.float32), rng.standard_normal(shape.wt_shape).astype(np.float32)
        exact = conv64(ia, wt, shape)
        limits = {}
        for name, module in ALGORITHMS.items():
            if module.cannot(shape) or (name == "direct" and shape.macs > MOST_MACS):
                continue
            kind = name if name in ("winograd", "fft") else "sums"
            if kind not in limits:
                limits[kind] = bound(kind, ia, wt, shape)
            off = np.abs(module.conv2d(ia, wt, shape) - exact)
            tried[name] += 1
            worst[name] = max(worst[name], float((off / np.maximum(limits[kind], 1e-38)).max(initial=0.0)))
            if not (off <= limits[kind]).all():
                wrong.append((name, shape))
    print(f"{options.shapes} random layers, seed {options.seed}; error as a share of what each algorithm's bound allows")
    for name in ALGORITHMS:
        print(f"{name:14} {tried[name]:5} layers, at most {worst[name]:.3f} of the bound")
    for name, shape in wrong:
        print(f"wrong: {name} {shape}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
