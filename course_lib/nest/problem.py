"""What is computed, and where its tensors lie: `OUT[...] += A[...] * B[...]`, every index affine in the loop dimensions.

    OA[n][k][p][q] += IA[n][c][p*stride - pad + r][q*stride - pad + s] * W[r][s][c][k]

A Problem says nothing of order; that is the Schedule's part. A tensor has two shapes: the one you hand over (`ia[N,C,H,W]`,
`wt[K,C/groups,R,S]`, as torch lays them out) and the one it has in memory, said by its layout: a capital letter an axis,
slowest first, a number and a small letter for a block of an axis that lies innermost.

    "NCHW"  "NHWC"  "NCHW8c" (eight channels side by side)  "RSCK" (the weights of the slide)  "KCRS16k"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod

import numpy as np

from course_lib.shapes import ConvShape, GemmShape, whole

SOURCE = "Lecture, frame 'Direct Convolution: Loop Ordering + Unrolling + Tiling'"


@dataclass(frozen=True)
class Axis:
    """One index of a tensor, affine in the loop dimensions: `h = p*stride - pad + r`.

    `letter` names it in a layout ("H"), `size` is its extent, `terms` pairs each dimension with its factor. `text` is
    the index as the lecture writes it, with braces where a dimension's name goes; `named` axes get a line of their own.
    """

    letter: str
    size: int
    terms: tuple[tuple[str, int], ...]
    offset: int = 0
    text: str = ""
    named: bool = False

    @cached_property
    def dims(self) -> tuple[str, ...]:
        return tuple(dim for dim, factor in self.terms if factor)

    def at(self, point: Mapping[str, int]) -> int:
        return self.offset + sum(point[dim] * factor for dim, factor in self.terms)

    def spelled(self, names: Mapping[str, str]) -> str:
        return self.text.format(**names)


@dataclass(frozen=True)
class Place:
    """One axis of the array in memory: index `letter` divided by `divide`, or what is left over when `block` is set."""

    axis: Axis
    divide: int = 1
    block: int = 0

    @property
    def size(self) -> int:
        return self.block or -(-self.axis.size // self.divide)


@dataclass(frozen=True)
class Tensor:
    """An array of the problem: its axes in the order you hand them over, and its layout in memory."""

    name: str
    axes: tuple[Axis, ...]
    layout: str

    def __post_init__(self) -> None:
        self.places  # noqa: B018 - a wrong layout is an error here, not at first use

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape you hand over, in the lecture's letters."""
        return tuple(axis.size for axis in self.axes)

    @property
    def letters(self) -> str:
        return "".join(axis.letter for axis in self.axes)

    @cached_property
    def dims(self) -> frozenset[str]:
        """The loop dimensions that move this tensor's element."""
        return frozenset(dim for axis in self.axes for dim in axis.dims)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The axes of the array in memory, slowest first: the layout, read."""
        want = f"layout of {self.name}: want the letters {self.letters} once each, and blocks such as 8{self.letters[:1].lower()} behind"
        if not isinstance(self.layout, str):
            raise ValueError(f"{want}, got {self.layout!r}")
        parts = re.findall(r"[A-Z]|\d+[a-z]", self.layout)
        capitals = [part for part in parts if part.isupper()]
        blocks = {part[-1].upper(): int(part[:-1]) for part in parts if not part.isupper()}
        if (
            "".join(parts) != self.layout
            or sorted(capitals) != sorted(self.letters)
            or len(blocks) != len(parts) - len(capitals)
            or not set(blocks) <= set(capitals)
            or 0 in blocks.values()
        ):
            raise ValueError(f"{want}, got {self.layout!r}")
        axis = dict(zip(self.letters, self.axes, strict=True))
        return tuple(
            Place(axis[part], blocks.get(part, 1)) if part.isupper() else Place(axis[part[-1].upper()], 1, int(part[:-1])) for part in parts
        )

    @property
    def memory_shape(self) -> tuple[int, ...]:
        """The shape in memory; a ragged block is filled up with zeros."""
        return tuple(place.size for place in self.places)

    @property
    def strides(self) -> tuple[int, ...]:
        """Elements from one index to the next, an entry an axis in memory."""
        sizes = self.memory_shape
        return tuple(prod(sizes[i + 1 :]) for i in range(len(sizes)))

    def check(self, array: np.ndarray) -> np.ndarray:
        """`array` as it should be handed over; ValueError naming the tensor and both shapes otherwise."""
        array = np.asarray(array)
        if array.shape != self.shape:
            letters = ", ".join(self.letters)
            raise ValueError(f"{self.name}: want {self.shape} = ({letters}), got {array.shape}")
        return array

    def pack(self, array: np.ndarray) -> np.ndarray:
        """The array as it lies in memory: `[N,C,H,W]` -> `[N,C/8,H,W,8]` for "NCHW8c"."""
        array = self.check(array)
        blocks = {place.axis.letter: place.block for place in self.places if place.block}
        widths = [(0, -axis.size % blocks.get(axis.letter, 1)) for axis in self.axes]
        if any(after for _, after in widths):
            array = np.pad(array, widths)
        split, where = [], {}
        for axis, (_, after) in zip(self.axes, widths, strict=True):
            size, block = axis.size + after, blocks.get(axis.letter, 1)
            where[axis.letter, False] = len(split)
            split.append(size // block)
            if axis.letter in blocks:
                where[axis.letter, True] = len(split)
                split.append(block)
        order = [where[place.axis.letter, bool(place.block)] for place in self.places]
        return array.reshape(split).transpose(order).copy()

    def unpack(self, memory: np.ndarray) -> np.ndarray:
        """The inverse of `pack`: from the array in memory to the one you hand over."""
        order = []
        for axis in self.axes:
            order += [i for i, p in enumerate(self.places) if p.axis is axis and not p.block]
            order += [i for i, p in enumerate(self.places) if p.axis is axis and p.block]
        sizes = [
            -(-axis.size // b) * b for axis in self.axes for b in [max([p.block for p in self.places if p.axis is axis], default=0) or 1]
        ]
        whole_blocks = memory.reshape(self.memory_shape).transpose(order).reshape(sizes)
        return whole_blocks[tuple(slice(axis.size) for axis in self.axes)].copy()


@dataclass(frozen=True)
class Problem:
    """`out += a * b` over named dimensions.

    `words` are the numbers a listing may call by name (N, C, ..., stride, pad), `sizes` says which of them is the extent
    of a dimension (c: "C"), `of` is the shape it was made from.
    """

    name: str
    dims: Mapping[str, int]
    out: Tensor
    ins: tuple[Tensor, Tensor]
    words: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)
    of: ConvShape | GemmShape | None = None

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """The inputs, then the output: the order in which an iteration touches them."""
        return (*self.ins, self.out)

    @property
    def iterations(self) -> int:
        """Multiply-accumulates, those with padded zeros included."""
        return prod(self.dims.values())

    def tensor(self, name: str) -> Tensor:
        for tensor in self.tensors:
            if tensor.name == name:
                return tensor
        raise ValueError(f"tensor: want one of {' '.join(t.name for t in self.tensors)}, got {name!r}")

    @property
    def reduction(self) -> tuple[str, ...]:
        """The dimensions summed over: those that do not move the output."""
        return tuple(dim for dim in self.dims if dim not in self.out.dims)

    def edges(self, tensor: Tensor) -> tuple[tuple[int, int], ...]:
        """How far the loops reach beyond each axis of `tensor`: (before, after), the padding."""
        reach = []
        for axis in tensor.axes:
            low = axis.offset + sum(min(0, f * (self.dims[d] - 1)) for d, f in axis.terms)
            high = axis.offset + sum(max(0, f * (self.dims[d] - 1)) for d, f in axis.terms)
            reach.append((max(0, -low), max(0, high - axis.size + 1)))
        return tuple(reach)

    @property
    def padded(self) -> bool:
        return any(edge != (0, 0) for tensor in self.tensors for edge in self.edges(tensor))

    def with_padding_in_memory(self) -> Problem:
        """The same problem on inputs whose zeros are really there: no index leaves its tensor any more."""

        def wider(tensor: Tensor) -> Tensor:
            axes = tuple(
                replace(axis, size=axis.size + before + after, offset=axis.offset + before)
                for axis, (before, after) in zip(tensor.axes, self.edges(tensor), strict=True)
            )
            return replace(tensor, axes=axes)

        return replace(self, ins=(wider(self.ins[0]), wider(self.ins[1])))


def plain(letter: str, dim: str, size: int) -> Axis:
    return Axis(letter, size, ((dim, 1),), 0, "{" + dim + "}")


def sliding(letter: str, size: int, out: str, tap: str, stride: int, pad: int, dilation: int, words: tuple[str, str, str]) -> Axis:
    """`h = p * stride - pad + r`, spelled as on the slide (and `r * dilation` where that is not 1)."""
    by, edge, apart = words
    tail = "{" + tap + "}" + (f" * {apart}" if dilation != 1 else "")
    return Axis(letter, size, ((out, stride), (tap, dilation)), -pad, f"{{{out}}} * {by} - {edge} + {tail}", named=True)


def conv_problem(shape: ConvShape, ia: str = "NCHW", wt: str = "RSCK", oa: str = "NKPQ") -> Problem:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q]; `ia wt oa` are the layouts in memory (the slide's by default).

    One group has the loops n k p q c r s. With groups there is a loop g, and k and c count inside the group; a depthwise
    layer (groups = C = K) has one loop c for both. Raises ValueError for a layout that does not name each axis once.

    >>> problem = conv_problem(ConvShape(N=1, C=3, H=56, W=56, K=64, R=3, S=3))
    >>> problem.dims
    {'n': 1, 'k': 64, 'p': 54, 'q': 54, 'c': 3, 'r': 3, 's': 3}
    """
    if not isinstance(shape, ConvShape):
        raise ValueError(f"shape: want a ConvShape, got {shape!r}")
    (top, bottom), (left, right) = shape.pads
    del bottom, right  # the loops know how far they run; only the first row and column shift an index
    (by_h, by_w), (apart_h, apart_w) = shape.strides, shape.dilations
    words = {"N": shape.N, "C": shape.C, "H": shape.H, "W": shape.W, "K": shape.K, "R": shape.R, "S": shape.S, "P": shape.P, "Q": shape.Q}
    one = by_h == by_w and top == left and apart_h == apart_w
    end_h, end_w = ("", "") if one else ("_h", "_w")
    spell_h = (f"stride{end_h}", f"pad{end_h}", f"dilation{end_h}")
    spell_w = (f"stride{end_w}", f"pad{end_w}", f"dilation{end_w}")
    for names, values in ((spell_h, (by_h, top, apart_h)), (spell_w, (by_w, left, apart_w))):
        words |= {n: v for n, v in zip(names, values, strict=True) if not (n.startswith("dilation") and v == 1)}
    h = sliding("H", shape.H, "p", "r", by_h, top, apart_h, spell_h)
    w = sliding("W", shape.W, "q", "s", by_w, left, apart_w, spell_w)
    taps = {"r": shape.R, "s": shape.S}
    n, p, q = plain("N", "n", shape.N), plain("P", "p", shape.P), plain("Q", "q", shape.Q)
    r, s = plain("R", "r", shape.R), plain("S", "s", shape.S)
    each_c, each_k = shape.C // shape.groups, shape.K // shape.groups
    if shape.groups == 1:
        dims = {"n": shape.N, "k": shape.K, "p": shape.P, "q": shape.Q, "c": shape.C, **taps}
        in_c, out_k, wt_k, wt_c = (plain("C", "c", shape.C), plain("K", "k", shape.K), plain("K", "k", shape.K), plain("C", "c", shape.C))
    elif each_c == each_k == 1:
        dims = {"n": shape.N, "c": shape.C, "p": shape.P, "q": shape.Q, **taps}
        in_c, out_k, wt_k, wt_c = (plain("C", "c", shape.C), plain("K", "c", shape.K), plain("K", "c", shape.K), Axis("C", 1, (), 0, "0"))
    else:
        words |= {"G": shape.groups, "Cg": each_c, "Kg": each_k}
        dims = {"n": shape.N, "g": shape.groups, "k": each_k, "p": shape.P, "q": shape.Q, "c": each_c, **taps}
        in_c = Axis("C", shape.C, (("g", each_c), ("c", 1)), 0, "{g} * Cg + {c}")
        out_k = wt_k = Axis("K", shape.K, (("g", each_k), ("k", 1)), 0, "{g} * Kg + {k}")
        wt_c = plain("C", "c", each_c)
    return Problem(
        "conv2d",
        dims,
        out=Tensor("OA", (n, out_k, p, q), oa),
        ins=(Tensor("IA", (n, in_c, h, w), ia), Tensor("W", (wt_k, wt_c, r, s), wt)),
        words=words,
        sizes={dim: f"{dim.upper()}g" if each_c * each_k > 1 < shape.groups and dim in "kc" else dim.upper() for dim in dims},
        of=shape,
    )


def conv1d_problem(Q: int, S: int) -> Problem:
    """The lecture's one-dimensional example, `OA[q] += IA[q+s] * W[s]`: Q outputs, S taps, Q+S-1 inputs.

    >>> conv1d_problem(Q=9, S=4).iterations
    36
    """
    Q, S = whole("Q", Q, 1), whole("S", S, 1)
    slide = Axis("H", Q + S - 1, (("q", 1), ("s", 1)), 0, "{q}+{s}")
    return Problem(
        "conv1d",
        {"q": Q, "s": S},
        out=Tensor("OA", (plain("Q", "q", Q),), "Q"),
        ins=(Tensor("IA", (slide,), "H"), Tensor("W", (plain("S", "s", S),), "S")),
        words={"Q": Q, "S": S},
        sizes={"q": "Q", "s": "S"},
    )


def gemm_problem(shape: GemmShape, a: str = "IK", b: str = "KJ", c: str = "IJ") -> Problem:
    """a[M,K] @ b[K,N] -> c[M,N]: `C[i][j] += A[i][k] * B[k][j]`; "KI" lays `a` out transposed, "IK6i" in panels of six rows.

    >>> gemm_problem(GemmShape(M=2, N=3, K=4)).dims
    {'i': 2, 'j': 3, 'k': 4}
    """
    if not isinstance(shape, GemmShape):
        raise ValueError(f"shape: want a GemmShape, got {shape!r}")
    i, j, k = plain("I", "i", shape.M), plain("J", "j", shape.N), plain("K", "k", shape.K)
    return Problem(
        "gemm",
        {"i": shape.M, "j": shape.N, "k": shape.K},
        out=Tensor("C", (i, j), c),
        ins=(Tensor("A", (i, k), a), Tensor("B", (k, j), b)),
        words={"M": shape.M, "N": shape.N, "K": shape.K},
        sizes={"i": "M", "j": "N", "k": "K"},
        of=shape,
    )


def sum_problem(rows: int, cols: int) -> Problem:
    """The lecture's 'same complexity; same real runtime?': `SUM += A[i][j] * B[i][j]` over two matrices, by rows or by columns."""
    rows, cols = whole("rows", rows, 1), whole("cols", cols, 1)
    i, j = plain("I", "i", rows), plain("J", "j", cols)
    return Problem(
        "sum",
        {"i": rows, "j": cols},
        out=Tensor("SUM", (), ""),
        ins=(Tensor("A", (i, j), "IJ"), Tensor("B", (i, j), "IJ")),
        words={"I": rows, "J": cols},
        sizes={"i": "I", "j": "J"},
    )
