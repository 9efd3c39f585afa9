"""Measure the rates of the cost model on this machine: python -m course_lib.conv.calibrate writes data/conv_cost.json (some minutes).

Every algorithm is timed on one thread over layers of the zoo and around them; its seconds a unit of each kind of work are the
least-squares fit without negative rates, in relative errors, so that a small layer counts as much as a large one. How far off each
layer then is is kept too, for its neighbours.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from ..shapes import ConvShape
from .algorithms import ALGORITHMS
from .cost import correction, features, place

MOST_BYTES = 1 << 28  # of workspace
DIRECT_MACS = 100_000  # direct is plain Python

PATH = Path(__file__).resolve().parents[1] / "data" / "conv_cost.json"


def zoo_layers() -> list[ConvShape]:
    """The distinct convolutions of ten networks of the zoo, in their order."""
    from ..zoo import NETWORKS

    found: dict[ConvShape, None] = {}
    for network in NETWORKS.values():
        for layer in network.layers:
            if isinstance(layer.shape, ConvShape):
                found.setdefault(layer.shape)
    return list(found)


def sample(layers: list[ConvShape], count: int, seed: int) -> list[ConvShape]:
    """`count` of the layers, drawn without repetition."""
    rng = np.random.default_rng(seed)
    return [layers[i] for i in sorted(rng.choice(len(layers), min(count, len(layers)), replace=False).tolist())]


def extra(seed: int, count: int) -> list[ConvShape]:
    """Layers that no network has: other sizes of window and channel, for the corners of the crossover map."""
    rng = np.random.default_rng(seed)
    out = []
    while len(out) < count:
        C, K, H, R = (
            int(rng.choice(options))
            for options in ((1, 3, 8, 32, 128, 384), (1, 8, 32, 128, 384), (7, 14, 28, 56, 112), (1, 2, 3, 5, 7, 11))
        )
        if R <= H and C * K * H * H * R * R < 2e9:
            out.append(ConvShape(1, C, H, H, K, R, R, int(rng.choice([1, 1, 2])), R // 2))
    return out


def measured(name: str, shape: ConvShape, turns: int = 3) -> float:
    """Seconds of one call: the best of some turns, on the clock of this thread."""
    rng = np.random.default_rng(0)
    ia = rng.standard_normal(shape.ia_shape, np.float32)
    wt = rng.standard_normal(shape.wt_shape, np.float32)
    best = float("inf")
    for _ in range(turns):
        start = time.thread_time()
        ALGORITHMS[name].conv2d(ia, wt, shape)
        best = min(best, time.thread_time() - start)
        if best > 0.5:
            break
    return best


def fit(rows: list[tuple[dict[str, float], float]]) -> dict[str, float]:
    """Rates >= 0 that make the sums of rate · feature come closest to the seconds, relative to each of them."""
    from scipy.optimize import nnls

    names = sorted({name for feature, _ in rows for name in feature})
    matrix = np.array([[feature.get(name, 0.0) / took for name in names] for feature, took in rows])
    scale = matrix.max(axis=0)
    solved, _ = nnls(matrix / scale, np.ones(len(rows)))
    return dict(zip(names, (solved / scale).tolist(), strict=True))


def typical(off: list[float]) -> float:
    """Half of the factors are nearer to 1 than this."""
    return round(float(np.median(np.abs(np.array(off) - 1))), 3)


def run(budget: float) -> dict[str, object]:
    layers = [*sample(zoo_layers(), 240, seed=1), *extra(2, 60)]
    order = np.random.default_rng(3).permutation(len(layers))
    rows: dict[str, list[tuple[dict[str, float], float]]] = {name: [] for name in ALGORITHMS}
    met: list[tuple[ConvShape, dict[str, float]]] = []
    start = time.perf_counter()
    for i in order:
        if time.perf_counter() - start > budget:
            break
        shape, took = layers[i], {}
        for name, module in ALGORITHMS.items():
            if module.cannot(shape) or module.workspace(shape) > MOST_BYTES or (name == "direct" and shape.macs > DIRECT_MACS):
                continue
            took[name] = measured(name, shape, 1 if shape.groups > 16 and name != "depthwise" else 5)
            rows[name].append((features(module.work(shape)), took[name]))
        met.append((shape, took))
    for shape in (ConvShape(1, 3, 8, 8, 4, 3, 3), ConvShape(1, 8, 6, 6, 8, 3, 3, 1, 1), ConvShape(1, 16, 7, 7, 16, 1, 1)):
        rows["direct"].append((features(ALGORITHMS["direct"].work(shape)), measured("direct", shape, 2)))
    rates = {name: fit(given) for name, given in rows.items()}
    summed = lambda name, shape: sum(rates[name][k] * v for k, v in features(ALGORITHMS[name].work(shape)).items())
    near = [
        {"place": [round(size, 3) for size in place(shape)], "off": {n: float(f"{t / summed(n, shape):.4g}") for n, t in took.items()}}
        for shape, took in met
    ]
    return {"layers measured": len(met), "typical error": errors(near), "seconds": rates, "layers": near}


def errors(near: list[dict[str, Any]]) -> dict[str, float]:
    """Of the plain sum, and of the corrected one for layers it has not seen: each is left out in turn."""
    plain, corrected = [], []
    for name in ALGORITHMS:
        mine = [(layer["place"], layer["off"][name]) for layer in near if name in layer["off"]]
        places, off = np.array([at for at, _ in mine]), np.log([factor for _, factor in mine])
        for i, (at, factor) in enumerate(mine):
            others = np.arange(len(mine)) != i
            plain.append(1 / factor)
            corrected.append(correction(at, places[others], off[others]) / factor)
    return {"sum": typical(plain), "corrected": typical(corrected), "timings": len(plain)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m course_lib.conv.calibrate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=240, help="how long to measure")
    options = parser.parse_args()
    from ..machine.host import describe

    out = {"machine": describe().name, "command": "OPENBLAS_NUM_THREADS=1 python -m course_lib.conv.calibrate", **run(options.seconds)}
    PATH.write_text(json.dumps(out) + "\n", encoding="utf-8")
    error: Any = out["typical error"]
    counted = f"{error['timings']} timings of {out['layers measured']} layers"
    print(f"{counted}: half of them within {error['sum']:.0%} of the sum of their work; each left out in turn,")
    print(f"within {error['corrected']:.0%} of the sum corrected by its neighbours: {PATH}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
