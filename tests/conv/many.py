"""Every algorithm against float64 on many random layers, each within its own bound: python -m tests.conv.many --shapes 1000."""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from course_lib import ALGORITHMS, ConvShape

from .bounds import bound
from .oracle import conv64, random_shape

MOST_MACS = 20_000  # direct is plain Python

# what is changed in a layer that an algorithm cannot compute, so that each of them gets as many layers
MADE_TO_FIT = {
    "mec": lambda s: {"dilation": (1, s.dilations[1])},
    "fft": lambda s: {"stride": 1},
    "winograd": lambda s: {"stride": 1, "dilation": 1, "S": 3 if s.R == s.S == 1 else s.S},
    "pointwise": lambda s: {"R": 1, "S": 1, "pad": 0},
    "depthwise": lambda s: {"groups": s.C, "K": s.C * (1 + s.K % 2)},
}


def fitting(name: str, shape: ConvShape) -> ConvShape | None:
    """The layer, changed where the algorithm asks for it; None where that layer does not exist or is too large for direct."""
    try:
        if ALGORITHMS[name].cannot(shape):
            shape = replace(shape, **MADE_TO_FIT[name](shape))
    except ValueError:
        return None
    return None if name == "direct" and shape.macs > MOST_MACS else shape


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conv.many", description=__doc__)
    parser.add_argument("--shapes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    tried, worst, wrong = dict.fromkeys(ALGORITHMS, 0), dict.fromkeys(ALGORITHMS, 0.0), []
    while min(tried.values()) < options.shapes:
        drawn, known = random_shape(rng), {}
        for name, module in ALGORITHMS.items():
            shape = fitting(name, drawn) if tried[name] < options.shapes else None
            if shape is None:
                continue
            if shape not in known:
                ia, wt = rng.standard_normal(shape.ia_shape).astype(np.float32), rng.standard_normal(shape.wt_shape).astype(np.float32)
                known[shape] = ia, wt, conv64(ia, wt, shape), {}
            ia, wt, exact, limits = known[shape]
            kind = name if name in ("winograd", "fft") else "sums"
            if kind not in limits:
                limits[kind] = bound(kind, ia, wt, shape)
            off = np.abs(module.conv2d(ia, wt, shape) - exact)
            tried[name] += 1
            worst[name] = max(worst[name], float((off / np.maximum(limits[kind], 1e-38)).max(initial=0.0)))
            if not (off <= limits[kind]).all():
                wrong.append((name, shape))
    print(f"{options.shapes} random layers for each, seed {options.seed}; error as a share of what each algorithm's bound allows")
    for name in ALGORITHMS:
        print(f"{name:14} {tried[name]:5} layers, at most {worst[name]:.3f} of the bound")
    for name, shape in wrong:
        print(f"wrong: {name} {shape}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
