"""A torch network on the course's own kernels: batch normalisation folded, ReLU and additions done in place, pictures in and logits out.

    fast = compile_network(net, (64, 1, 16, 16))                                  every convolution by the kernel that suits it
    fast = compile_network(net, (64, 1, 16, 16), algorithm={"conv2": "direct_sparse"})
    fast(ia)                                                                      ia[N,C,H,W] float32 -> logits[N,classes]
    fast.report                                                                   a row a layer: shape, algorithm, MACs, weights

A decomposed layer is several convolutions in a row or side by side, and runs as it is. A new kind of layer is a line in MADE.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from course_lib.compress.graph import Step, conv_shape, steps_of
from course_lib.kernels import compile_conv2d
from course_lib.records import Report
from course_lib.shapes import whole

Layer = Callable[..., np.ndarray]


def folded(weight: np.ndarray, bias: np.ndarray | None, bn: Any) -> tuple[np.ndarray, np.ndarray]:
    """wt[K,...], bias[K] and the batch normalisation behind them -> one weight and one bias that do both.

    gamma (wt x + b - mean) / sqrt(var + eps) + beta   =   (scale wt) x + (scale (b - mean) + beta),   scale = gamma / sqrt(var + eps)
    """
    bias = np.zeros(len(weight), np.float32) if bias is None else bias
    if bn is None:
        return weight, bias
    mean, var = (getattr(bn, name).detach().double().numpy() for name in ("running_mean", "running_var"))
    gamma = bn.weight.detach().double().numpy() if bn.weight is not None else 1.0
    beta = bn.bias.detach().double().numpy() if bn.bias is not None else 0.0
    scale = gamma / np.sqrt(var + bn.eps)
    wide = scale.reshape(-1, *[1] * (weight.ndim - 1))
    return (weight * wide).astype(np.float32), (scale * (bias - mean) + beta).astype(np.float32)


def parameters(module: Any) -> tuple[np.ndarray, np.ndarray | None]:
    weight = module.weight.detach().float().numpy()
    return weight, None if module.bias is None else module.bias.detach().float().numpy()


CHUNK = 1 << 18  # bytes: a piece of a batch that is still in the cache when the next thing is done to it


def in_chunks(oa: np.ndarray, *functions: Callable[[np.ndarray], object]) -> np.ndarray:
    """Each function on a few images at a time, in place: the second one finds them in the cache."""
    few = max(1, CHUNK // max(1, oa[:1].nbytes))
    for i in range(0, len(oa), few):
        for function in functions:
            function(oa[i : i + few])
    return oa


def adder(bias: np.ndarray) -> Callable[[np.ndarray], object]:
    wide = bias[:, None, None]
    return lambda a: np.add(a, wide, out=a)


def clip(a: np.ndarray) -> object:
    return np.maximum(a, 0, out=a)


def made_conv(step: Step, steps: Sequence[Step], bn: Any, relu: bool, threads: int, algorithm: str) -> Layer:
    """A convolution, the batch normalisation behind it in its weights, bias and ReLU in place on the result."""
    weight, bias = folded(*parameters(step.module), bn)
    kernel = compile_conv2d(np.ascontiguousarray(weight), conv_shape(step, steps), threads, algorithm)
    after = [adder(bias)] * bool(bias.any()) + [clip] * relu
    return lambda ia: in_chunks(kernel(ia), *after) if after else kernel(ia)


def made_linear(step: Step, steps: Sequence[Step], bn: Any, relu: bool, threads: int, algorithm: str) -> Layer:
    weight, bias = parameters(step.module)
    turned, shift = np.ascontiguousarray(weight.T), 0 if bias is None else bias

    def linear(x: np.ndarray) -> np.ndarray:
        out = x @ turned + shift
        return np.maximum(out, 0, out=out) if relu else out

    return linear


def made_maxpool(step: Step, steps: Sequence[Step], *_: Any) -> Layer:
    """Rows against rows first, as long runs; then columns."""
    pool: Any = step.module
    (R, S), (down, aside) = ((n, n) if isinstance(n, int) else n for n in (pool.kernel_size, pool.stride))
    if pool.padding not in (0, (0, 0)) or pool.dilation not in (1, (1, 1)) or pool.ceil_mode:
        raise ValueError(f"net: {step.name} pads, dilates or rounds up; want a plain maximum over windows")
    P, Q = step.shape[2:]

    def maxpool(ia: np.ndarray) -> np.ndarray:
        rows = ia[:, :, : (P - 1) * down + 1 : down]
        for r in range(1, R):
            rows = np.maximum(rows, ia[:, :, r : r + (P - 1) * down + 1 : down])
        oa = rows[..., : (Q - 1) * aside + 1 : aside]
        for s in range(1, S):
            oa = np.maximum(oa, rows[..., s : s + (Q - 1) * aside + 1 : aside])
        return np.ascontiguousarray(oa)

    return maxpool


def made_avgpool(step: Step, steps: Sequence[Step], *_: Any) -> Layer:
    pool: Any = step.module
    (R, S), (down, aside) = ((n, n) if isinstance(n, int) else n for n in (pool.kernel_size, pool.stride))
    if pool.padding not in (0, (0, 0)) or pool.ceil_mode:
        raise ValueError(f"net: {step.name} pads or rounds up; want a plain mean over windows")
    P, Q = step.shape[2:]

    def avgpool(ia: np.ndarray) -> np.ndarray:
        total = np.zeros(step.shape, np.float32)
        for r in range(R):
            for s in range(S):
                total += ia[:, :, r : r + (P - 1) * down + 1 : down, s : s + (Q - 1) * aside + 1 : aside]
        return total / np.float32(R * S)

    return avgpool


def made_mean(step: Step, steps: Sequence[Step], *_: Any) -> Layer:
    pool: Any = step.module
    if pool.output_size not in (1, (1, 1)):
        raise ValueError(f"net: {step.name} gives {pool.output_size} pixels, want 1")
    return lambda ia: ia.mean((2, 3), keepdims=True, dtype=np.float32)


def made_add(step: Step, steps: Sequence[Step], bn: Any, relu: bool, *_: Any) -> Layer:
    """A block's body plus its shortcut, and the ReLU behind it while the sum is in the cache."""

    def add(*parts: np.ndarray) -> np.ndarray:
        total = parts[0] + parts[1]
        for part in parts[2:]:
            total += part
        return in_chunks(total, clip) if relu else total

    return add


# kind -> (step, all steps, the batch normalisation or None, is a ReLU behind it, threads, algorithm) -> function of arrays
MADE: dict[str, Callable[..., Layer]] = {
    "conv": made_conv,
    "linear": made_linear,
    "maxpool": made_maxpool,
    "avgpool": made_avgpool,
    "mean": made_mean,
    "flatten": lambda step, *_: lambda ia: ia.reshape(len(ia), -1),
    "relu": lambda step, *_: lambda ia: np.maximum(ia, 0),
    "same": lambda step, *_: lambda ia: ia,
    "add": made_add,
}


@dataclass(frozen=True, eq=False)
class Network:
    """A compiled network: call it with ia[N,C,H,W]. Its layers keep buffers of their own: one call at a time."""

    ia_shape: tuple[int, ...]
    calls: tuple[tuple[str, tuple[str, ...], Layer], ...]
    result: str
    report: Report
    last_use: Mapping[str, int]

    def __call__(self, ia: np.ndarray) -> np.ndarray:
        """ia[N,C,H,W] float32 of the compiled shape -> the network's output. ValueError for another shape."""
        ia = np.ascontiguousarray(ia, np.float32)
        if ia.shape != self.ia_shape:
            raise ValueError(f"ia: want shape {self.ia_shape}, for which the network was compiled, got {ia.shape}")
        values = {"ia": ia}
        for at, (name, reads, layer) in enumerate(self.calls):
            values[name] = layer(*[values[read] for read in reads])
            for read in set(reads):
                if self.last_use[read] == at:
                    del values[read]  # its memory is free for the next layer
        return values[self.result]


def compile_network(net: nn.Module, ia_shape: Sequence[int], threads: int = 1, algorithm: str | Mapping[str, str] = "auto") -> Network:
    """`net` in eval mode for a batch of ia_shape (N, C, H, W), every convolution by `compile_conv2d`.

    `algorithm` is one name for all convolutions, or a name a layer ("auto" where none is given). Raises ValueError for layers that
    are not known (see compress/graph.py), for algorithms or names of layers that are not there.
    """
    threads, shape = whole("threads", threads, 1), tuple(whole("ia_shape", n, 1) for n in ia_shape)
    steps = steps_of(net, shape)
    by_name = {step.name: step for step in steps}
    if isinstance(algorithm, Mapping):
        wrong = [name for name in algorithm if name not in by_name or by_name[name].kind != "conv"]
        if wrong:
            raise ValueError(f"algorithm: {wrong[0]!r} is no convolution of this network; there are "
                             f"{', '.join(step.name for step in steps if step.kind == 'conv')}")  # fmt: skip
    readers: dict[str, list[Step]] = {step.name: [] for step in steps}
    for step in steps:
        for read in step.reads:
            readers[read].append(step)

    def only_reader(step: Step, kind: str) -> Step | None:
        after = readers[step.name]
        return after[0] if len(after) == 1 and after[0].kind == kind else None

    alias: dict[str, str] = {"ia": "ia"}  # a step that was taken into the one before it -> where its value is
    calls: list[tuple[str, tuple[str, ...], Layer]] = []
    rows: list[dict[str, Any]] = []
    for step in steps[1:]:
        if step.name in alias:
            continue
        reads = tuple(alias[read] for read in step.reads)
        if step.kind == "batchnorm":
            raise ValueError(f"net: {step.name} does not stand right behind a convolution, so it cannot be folded")
        if step.kind not in MADE:
            raise ValueError(f"net: {step.name} is a {step.kind}; there is no way to run it, the ways are {', '.join(MADE)}")
        last, bn, relu = step, None, None
        if step.kind == "conv":
            bn = only_reader(last, "batchnorm")
            last = bn or last
        if step.kind in ("conv", "linear", "add"):
            relu = only_reader(last, "relu")
            last = relu or last
        how = algorithm if isinstance(algorithm, str) else algorithm.get(step.name, "auto")
        layer = MADE[step.kind](step, steps, bn.module if bn else None, relu is not None, threads, how)
        for name in {step.name, last.name} | ({bn.name} if bn else set()):
            alias[name] = last.name
        calls.append((last.name, reads, layer))
        if step.kind in ("conv", "linear"):
            conv, weight = conv_shape(step, steps), parameters(step.module)[0]
            rows.append(
                {
                    "layer": step.name,
                    "C": conv.C,
                    "K": conv.K,
                    "P x Q": f"{conv.P} x {conv.Q}",
                    "algorithm": how if step.kind == "conv" else "-",
                }
                | {"MACs": conv.macs, "weights": weight.size, "not zero": int(np.count_nonzero(weight))}
            )
    last_use = {"ia": -1}
    for at, (_, reads, _layer) in enumerate(calls):
        last_use |= dict.fromkeys(reads, at)
    result = alias[steps[-1].name]
    last_use[result] = len(calls)
    return Network(shape, tuple(calls), result, Report.of(rows, title=f"A batch of {shape[0]}"), last_use)


def torch_forward(net: nn.Module) -> Callable[[np.ndarray], np.ndarray]:
    """What torch makes of the same network, from array to array: the independent witness, and the peer in benchmarks."""
    net = net.eval()

    @torch.no_grad()
    def forward(ia: np.ndarray) -> np.ndarray:
        return net(torch.from_numpy(ia)).numpy()

    return forward
