"""Where the time goes: run a network on this machine, layer by layer, beside the MACs that its table counts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from course_lib.records import Report
from course_lib.shapes import whole
from course_lib.zoo.catalogue import NETWORKS

if TYPE_CHECKING:
    from torch import nn

SOURCE = "Lecture, frame 'Convolution Is the Bottleneck': measured here instead of quoted"

LONG = 3.0  # seconds of expected work from which a progress line is shown


def module(name: str, seed: int = 0) -> nn.Module:
    """The network as a torch module in eval mode; the same seed gives the same weights. KeyError where there is none of that name."""
    from course_lib.zoo.modules import module as build  # here, because it needs torch

    return build(name, seed)


def time_share(name: str, repeat: int = 5, threads: int = 1, seed: int = 0) -> Report:
    """Run the network on one random image: a row a layer with its MACs, milliseconds (median of `repeat`), and shares in per cent.

    The last row is what lies between the layers (Python and the measuring itself). Times depend on the machine; nothing may be graded on
    them. Raises KeyError for a network without a torch module, ValueError for repeat or threads below 1.
    """
    repeat, threads = whole("repeat", repeat, 1), whole("threads", threads, 1)
    import torch

    net = module(name, seed)
    table = {layer.name: layer for layer in NETWORKS[name].layers}
    image = torch.randn(1, *NETWORKS[name].input_shape, generator=torch.Generator().manual_seed(seed))
    leaves = {label: part for label, part in net.named_modules() if not list(part.children())}
    seconds: dict[str, list[float]] = {label: [] for label in leaves}
    began: dict[str, float] = {}

    def start(label: str) -> Callable[..., None]:
        return lambda *_: began.__setitem__(label, perf_counter())

    def stop(label: str) -> Callable[..., None]:
        return lambda *_: seconds[label].append(perf_counter() - began[label])

    for label, part in leaves.items():
        part.register_forward_pre_hook(start(label))
        part.register_forward_hook(stop(label))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    whole_run = []
    try:
        with torch.inference_mode():
            for i in range(repeat + 1):  # the first run warms up and is thrown away
                began_run = perf_counter()
                net(image)
                whole_run.append(perf_counter() - began_run)
                if whole_run[0] * repeat > LONG:
                    print(f"\r{name}: run {i} of {repeat}", end="\n" if i == repeat else "", file=sys.stderr, flush=True)
    finally:
        torch.set_num_threads(before)

    runs = np.array([seconds[label][1:] for label in leaves])  # leaves × repeat
    between = np.maximum(np.array(whole_run[1:]) - runs.sum(axis=0), 0)
    times = [*np.median(runs, axis=1), np.median(between)]
    kinds = [table[label].kind if label in table else type(part).__name__.lower() for label, part in leaves.items()]
    macs = [table[label].macs if label in table else 0 for label in leaves]
    rows = [
        {
            "layer": label,
            "kind": kind,
            "macs": count,
            "ms": round(1e3 * time, 3),
            "macs %": round(100 * count / sum(macs), 2),
            "time %": round(100 * time / sum(times), 2),
            "GFLOP/s": round(2 * count / time / 1e9, 1) if count else None,
        }
        for label, kind, count, time in zip([*leaves, "(between layers)"], [*kinds, "between"], [*macs, 0], times, strict=True)
    ]
    convs = [i for i, kind in enumerate(kinds) if kind == "conv"]
    conv_macs = 100 * sum(macs[i] for i in convs) / sum(macs)
    conv_time = 100 * sum(times[i] for i in convs) / sum(times)
    return Report.of(
        rows,
        title=f"{NETWORKS[name].title}: one image, float32, {threads} thread{'s' * (threads > 1)}",
        note=f"Convolution: {conv_macs:.2f} % of the MACs, {conv_time:.1f} % of the time. "
        f"Median of {repeat} runs on this machine, torch {torch.__version__}; {1e3 * sum(times):.1f} ms an image.",
    )
