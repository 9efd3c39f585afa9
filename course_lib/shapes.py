"""The letters of the lecture, as frozen data: what one convolution or one matrix product is.

    ia[N,C,H,W]   input activations       wt[K,C/groups,R,S]   weights       oa[N,K,P,Q]   output activations

    N  images in the batch          H W  height and width of the input       stride    rows/columns the window moves a step
    C  input channels               R S  height and width of the filter      pad       zero rows/columns added at each edge
    K  output channels (filters)    P Q  height and width of the output      dilation  distance between filter taps
                                                                             groups    channel groups that do not mix

Sizes are capital; the index is the same letter small (`for r in range(R)`).
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import cached_property

SOURCE = "Lecture, frames 'Convolution basis'; the floor in P and Q is left out there and stated here"

Pair = int | tuple[int, int]
Pads = int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]] | str


def whole(name: str, value: object, least: int) -> int:
    """`value` as a Python int of at least `least`; ValueError naming the argument otherwise."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{name}: want a whole number, got {value!r}") from None
    if number < least:
        raise ValueError(f"{name}: want at least {least}, got {number}")
    return number


def pair(name: str, value: object, least: int) -> tuple[int, int]:
    """An int, or (rows, columns), as (rows, columns)."""
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ValueError(f"{name}: want one number or (rows, columns), got {value!r}")
        return whole(name, value[0], least), whole(name, value[1], least)
    number = whole(name, value, least)
    return number, number


def simplest(rows: int, columns: int) -> Pair:
    return rows if rows == columns else (rows, columns)


def edges(pad: object, size: Pair, stride: tuple[int, int], dilation: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """`pad` in any of its spellings as ((top, bottom), (left, right)).

    'valid' pads nothing; 'same' gives P = H and Q = W at stride 1, the odd row or column going to the bottom and right.
    """
    if isinstance(pad, str):
        if pad == "valid":
            return (0, 0), (0, 0)
        if pad != "same":
            raise ValueError(f"pad: want a number, (rows, columns), ((top, bottom), (left, right)), 'same' or 'valid', got {pad!r}")
        if stride != (1, 1):
            raise ValueError(f"pad: 'same' needs stride 1, got stride {simplest(*stride)}")
        R, S = size  # type: ignore[misc]
        rows, columns = dilation[0] * (R - 1), dilation[1] * (S - 1)
        return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)
    if isinstance(pad, tuple | list) and len(pad) == 2 and all(isinstance(side, tuple | list) for side in pad):
        return pair("pad", pad[0], 0), pair("pad", pad[1], 0)
    rows, columns = pair("pad", pad, 0)
    return (rows, rows), (columns, columns)


@dataclass(frozen=True)
class ConvShape:
    """One convolution layer in the letters of the lecture: ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q].

    `stride` and `dilation` are a number or (rows, columns); `pad` also ((top, bottom), (left, right)), 'same' or 'valid'.
    They are kept in their simplest form, so equal layers are equal. N may be 0 (an empty batch); every other size is at
    least 1. Raises ValueError, naming argument and value, for a layer that cannot exist.

    >>> slide = ConvShape(N=1, C=3, H=56, W=56, K=64, R=3, S=3)
    >>> slide.P, slide.Q, slide.macs
    (54, 54, 5038848)
    """

    N: int
    C: int
    H: int
    W: int
    K: int
    R: int
    S: int
    stride: Pair = 1
    pad: Pads = 0
    dilation: Pair = 1
    groups: int = 1

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "N", whole("N", self.N, 0))
        for name in ("C", "H", "W", "K", "R", "S", "groups"):
            put(self, name, whole(name, getattr(self, name), 1))
        strides = pair("stride", self.stride, 1)
        dilations = pair("dilation", self.dilation, 1)
        (top, bottom), (left, right) = edges(self.pad, (self.R, self.S), strides, dilations)
        put(self, "stride", simplest(*strides))
        put(self, "dilation", simplest(*dilations))
        put(self, "pad", simplest(top, left) if (top, left) == (bottom, right) else ((top, bottom), (left, right)))
        for name in ("C", "K"):
            if getattr(self, name) % self.groups:
                raise ValueError(f"groups: {self.groups} does not divide {name} = {getattr(self, name)}")
        high, wide = self.H + top + bottom, self.W + left + right
        tall, broad = dilations[0] * (self.R - 1) + 1, dilations[1] * (self.S - 1) + 1
        if tall > high or broad > wide:
            kernel = "kernel" if dilations == (1, 1) else "dilated kernel"
            raise ValueError(f"R, S: the padded input {high}x{wide} is smaller than the {kernel} {tall}x{broad}")

    @cached_property
    def strides(self) -> tuple[int, int]:
        """(rows, columns) the window moves."""
        return pair("stride", self.stride, 1)

    @cached_property
    def dilations(self) -> tuple[int, int]:
        """(rows, columns) between two taps of the filter."""
        return pair("dilation", self.dilation, 1)

    @cached_property
    def pads(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Zero rows and columns added: ((top, bottom), (left, right))."""
        return edges(self.pad, (self.R, self.S), self.strides, self.dilations)  # type: ignore[return-value]

    @cached_property
    def P(self) -> int:
        """Height of the output: floor((H + pad_top + pad_bottom - dilation·(R-1) - 1) / stride) + 1."""
        return (self.H + sum(self.pads[0]) - self.dilations[0] * (self.R - 1) - 1) // self.strides[0] + 1

    @cached_property
    def Q(self) -> int:
        """Width of the output: as P, with W, S and the left and right pads."""
        return (self.W + sum(self.pads[1]) - self.dilations[1] * (self.S - 1) - 1) // self.strides[1] + 1

    @property
    def ia_shape(self) -> tuple[int, int, int, int]:
        return self.N, self.C, self.H, self.W

    @property
    def wt_shape(self) -> tuple[int, int, int, int]:
        return self.K, self.C // self.groups, self.R, self.S

    @property
    def oa_shape(self) -> tuple[int, int, int, int]:
        return self.N, self.K, self.P, self.Q

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those with padded zeros included: N·K·P·Q·(C/groups)·R·S."""
        return self.N * self.K * self.P * self.Q * (self.C // self.groups) * self.R * self.S

    @property
    def params(self) -> int:
        """Weights, without bias: K·(C/groups)·R·S."""
        return self.K * (self.C // self.groups) * self.R * self.S

    @property
    def bytes(self) -> int:
        """Compulsory traffic: ia, wt and oa moved once each, in bytes of float32."""
        return 4 * (self.N * self.C * self.H * self.W + self.params + self.N * self.K * self.P * self.Q)


@dataclass(frozen=True)
class GemmShape:
    """One matrix product: a[M,K] @ b[K,N] -> c[M,N] (row-major). Sizes may be 0; negative ones raise ValueError.

    >>> GemmShape(M=64, N=2916, K=27).macs
    5038848
    """

    M: int
    N: int
    K: int

    def __post_init__(self) -> None:
        for name in ("M", "N", "K"):
            object.__setattr__(self, name, whole(name, getattr(self, name), 0))

    @property
    def a_shape(self) -> tuple[int, int]:
        return self.M, self.K

    @property
    def b_shape(self) -> tuple[int, int]:
        return self.K, self.N

    @property
    def c_shape(self) -> tuple[int, int]:
        return self.M, self.N

    @property
    def macs(self) -> int:
        """Multiply-accumulates: M·N·K."""
        return self.M * self.N * self.K

    @property
    def params(self) -> int:
        """Elements of b, the weights when a fully connected layer is read as a product: K·N."""
        return self.K * self.N

    @property
    def bytes(self) -> int:
        """Compulsory traffic: a, b and c moved once each, in bytes of float32."""
        return 4 * (self.M * self.K + self.K * self.N + self.M * self.N)
