"""A convolution in factors: two, three or four small layers, one after the other, in place of one large layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...conv import conv2d
from ...shapes import ConvShape, Pair

SOURCE = "Jaderberg 2014, Lebedev 2015, Kim 2016, Zhang 2015: every decomposition is a chain of ordinary layers"


@dataclass(frozen=True, eq=False)
class Stage:
    """One layer of a chain: wt[K,C/groups,R,S], its step, its frame of zeros and its groups."""

    wt: np.ndarray
    stride: Pair = 1
    pad: Pair = 0
    dilation: Pair = 1
    groups: int = 1

    def shape(self, N: int, H: int, W: int) -> ConvShape:
        """The layer on N images of H x W."""
        K, each, R, S = self.wt.shape
        return ConvShape(N, each * self.groups, H, W, K, R, S, self.stride, self.pad, self.dilation, self.groups)


@dataclass(frozen=True, eq=False)
class Chain:
    """Layers that follow each other without anything between them; `bias[K]` is added after the last."""

    stages: tuple[Stage, ...]
    bias: np.ndarray | None = None

    @property
    def params(self) -> int:
        """Weights of all stages, without bias."""
        return sum(stage.wt.size for stage in self.stages)

    @property
    def nbytes(self) -> int:
        return sum(stage.wt.nbytes for stage in self.stages)

    def shapes(self, N: int, H: int, W: int) -> list[ConvShape]:
        """Each stage as a ConvShape, for an input of N images of H x W."""
        out = []
        for stage in self.stages:
            shape = stage.shape(N, H, W)
            out.append(shape)
            H, W = shape.P, shape.Q
        return out

    def macs(self, H: int, W: int, N: int = 1) -> int:
        """Multiply-accumulates of all stages."""
        return sum(shape.macs for shape in self.shapes(N, H, W))

    def __call__(self, ia: np.ndarray) -> np.ndarray:
        """ia[N,C,H,W] -> oa[N,K,P,Q]"""
        for stage in self.stages:
            ia = conv2d(ia, stage.wt, stage.stride, stage.pad, stage.dilation, stage.groups)
        return ia if self.bias is None else ia + np.asarray(self.bias, ia.dtype)[:, None, None]

    def modules(self) -> Any:
        """The chain as a torch.nn.Sequential of Conv2d layers, the bias in the last; it can be trained on."""
        import torch

        layers = []
        for number, stage in enumerate(self.stages):
            K, each, R, S = stage.wt.shape
            last = number == len(self.stages) - 1 and self.bias is not None
            layer = torch.nn.Conv2d(each * stage.groups, K, (R, S), stage.stride, stage.pad, stage.dilation, stage.groups, bias=last)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(stage.wt)))
                if last:
                    layer.bias.copy_(torch.from_numpy(np.ascontiguousarray(self.bias)))
            layers.append(layer)
        return torch.nn.Sequential(*layers)


def filters(name: str, wt: Any) -> np.ndarray:
    """wt[K,C,R,S] as finite floating-point numbers; ValueError otherwise."""
    wt = np.asarray(wt)
    if wt.ndim != 4 or wt.dtype.kind not in "iuf" or 0 in wt.shape:
        raise ValueError(f"{name}: want filters [K, C, R, S] of real numbers, none of them 0, got shape {wt.shape} and dtype {wt.dtype}")
    return finite(name, wt if wt.dtype.kind == "f" else wt.astype(np.float64))


def finite(name: str, a: np.ndarray) -> np.ndarray:
    """`a` itself, without NaN and inf; ValueError otherwise: no factors come near those."""
    if not np.isfinite(a).all():
        raise ValueError(f"{name}: want finite numbers, got {int((~np.isfinite(a)).sum())} of {a.size} that are NaN or inf")
    return a


def whole_rank(name: str, rank: Any, most: int) -> int:
    """A rank from 1 to `most`; ValueError naming it otherwise."""
    if isinstance(rank, bool) or not isinstance(rank, int | np.integer) or not 1 <= rank <= most:
        raise ValueError(f"{name}: want a whole number from 1 to {most}, got {rank!r}")
    return int(rank)


def pairs(value: Pair) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def filter_of(chain: Chain) -> np.ndarray:
    """The one filter bank [K,C,R,S] that the chain amounts to: its answer to a single 1 in the middle of zeros.

    Needs stride 1 everywhere; the padding of the stages is left out.
    """
    plain: Sequence[Stage] = [Stage(stage.wt, 1, 0, stage.dilation, stage.groups) for stage in chain.stages]
    C = plain[0].wt.shape[1] * plain[0].groups
    R = 1 + sum((stage.wt.shape[2] - 1) * pairs(stage.dilation)[0] for stage in plain)
    S = 1 + sum((stage.wt.shape[3] - 1) * pairs(stage.dilation)[1] for stage in plain)
    spike = np.zeros((C, C, 2 * R - 1, 2 * S - 1))
    spike[np.arange(C), np.arange(C), R - 1, S - 1] = 1
    answer = Chain(tuple(plain))(spike)  # [C, K, R, S], turned by 180 degrees: a correlation meets a spike backwards
    return answer[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
