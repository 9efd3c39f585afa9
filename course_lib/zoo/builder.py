"""Writing a network down: each call takes feature maps, notes one layer and returns the feature maps that come out.

>>> net = Builder((3, 227, 227))
>>> x = net.conv("conv1", net.image, 96, 11, stride=4)
>>> x = net.pool("pool1", x, 3, stride=2)
>>> x
Maps(C=96, H=27, W=27, depth=1)

Branches need no special word: a recipe is plain Python in which `x` goes into two calls, and `add` or `concat` joins them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from course_lib.shapes import ConvShape, GemmShape, Pads
from course_lib.zoo.network import Layer, Network


class Maps(NamedTuple):
    """Feature maps between two layers: C channels of H x W, and how many weight layers lie before them at most."""

    C: int
    H: int
    W: int
    depth: int

    @property
    def chw(self) -> tuple[int, int, int]:
        return self.C, self.H, self.W


def pooled(size: int, window: int, stride: int, pad: int | str, ceil: bool) -> int:
    """The size after pooling. `ceil` rounds up (Caffe), but no window may begin in the far padding; 'same' gives ceil(size/stride)."""
    if pad == "same":
        return -(-size // stride)
    if isinstance(pad, str) or pad > window // 2:
        raise ValueError(f"pad: want 'same' or at most half the window {window}, got {pad!r}")
    room = size + 2 * pad - window
    if room < 0:
        raise ValueError(f"window: {window} does not fit the padded input of {size + 2 * pad}")
    out = (-(-room // stride) if ceil else room // stride) + 1
    return out - 1 if ceil and (out - 1) * stride >= size + pad else out


class Builder:
    """Collects layers in order. Names inside `with net.part("conv2_1"):` get that prefix; the first one is the stage."""

    def __init__(self, input_shape: tuple[int, int, int]) -> None:
        self.image = Maps(*input_shape, depth=0)
        self.layers: list[Layer] = []
        self.prefix: tuple[str, ...] = ()
        self.training_only = False

    @contextmanager
    def part(self, name: str, training_only: bool = False) -> Iterator[None]:
        """Everything inside belongs to one part of the network: `conv` becomes `part.conv`."""
        before = self.prefix, self.training_only
        self.prefix, self.training_only = (*self.prefix, name), self.training_only or training_only
        yield
        self.prefix, self.training_only = before

    def note(
        self,
        name: str,
        kind: str,
        x: Maps,
        what: str,
        shape: ConvShape | GemmShape | None = None,
        params: int = 0,
        stats: int = 0,
        flat: bool = False,
    ) -> Maps:
        """One more row, whose output is x."""
        stage = self.prefix[0] if self.prefix else name
        out = (x.C,) if flat else x.chw
        self.layers.append(Layer(".".join((*self.prefix, name)), kind, shape, out, params, stats, stage, what, self.training_only))
        return x

    def conv(
        self, name: str, x: Maps, K: int, R: int, S: int = 0, *, stride: int = 1, pad: Pads = 0, groups: int = 1, bias: bool = True
    ) -> Maps:
        """K filters of R x S (S = R where left out) over x, with one bias a filter."""
        shape = ConvShape(1, *x.chw, K, R, S or R, stride, pad, groups=groups)
        depthwise = groups == x.C and groups > 1
        words = [f"{shape.R}×{shape.S}, {x.C}→{K}"]
        words += [f"stride {stride}"] * (stride != 1) + ["depthwise" if depthwise else f"groups {groups}"] * (groups > 1)
        return self.note(name, "conv", Maps(K, shape.P, shape.Q, x.depth + 1), ", ".join(words), shape, shape.params + K * bias)

    def norm(self, name: str, x: Maps, scale: bool = True) -> Maps:
        """Batch norm: a shift and (with `scale`) a factor a channel to learn, a running mean and variance to store."""
        what = "batch norm" if scale else "batch norm, shift only"
        return self.note(name, "norm", x, what, params=x.C * (1 + scale), stats=2 * x.C)

    def conv_norm(self, name: str, x: Maps, K: int, R: int, S: int = 0, scale: bool = True, **options: Any) -> Maps:
        """A convolution without bias, and the batch norm that takes the bias's place."""
        x = self.conv(name, x, K, R, S, bias=False, **options)
        return self.norm(f"{name}_bn", x, scale)

    def lrn(self, name: str, x: Maps) -> Maps:
        """Local response normalisation over 5 channels; nothing to learn."""
        return self.note(name, "lrn", x, "over 5 channels")

    def pool(self, name: str, x: Maps, R: int, *, stride: int, pad: int | str = 0, ceil: bool = False, how: str = "max") -> Maps:
        """The largest (or the average) of each R x R window."""
        H, W = (pooled(size, R, stride, pad, ceil) for size in (x.H, x.W))
        return self.note(name, "pool", Maps(x.C, H, W, x.depth), f"{how} {R}×{R}, stride {stride}")

    def global_pool(self, name: str, x: Maps) -> Maps:
        """The average of each channel: H = W = 1."""
        return self.note(name, "pool", Maps(x.C, 1, 1, x.depth), f"average of all {x.H}×{x.W}")

    def fc(self, name: str, x: Maps, features: int) -> Maps:
        """Fully connected: 1 x CHW times CHW x features, with bias."""
        shape = GemmShape(M=1, N=features, K=x.C * x.H * x.W)
        out = Maps(features, 1, 1, x.depth + 1)
        return self.note(name, "fc", out, f"{shape.K}→{features}", shape, shape.params + features, flat=True)

    def add(self, name: str, x: Maps, y: Maps) -> Maps:
        """Element by element; both must have one size."""
        if x.chw != y.chw:
            raise ValueError(f"add {name!r}: want two feature maps of one size, got {x.chw} and {y.chw}")
        return self.note(name, "add", Maps(*x.chw, max(x.depth, y.depth)), "shortcut")

    def concat(self, name: str, *branches: Maps) -> Maps:
        """One behind the other along the channels."""
        if len({x.chw[1:] for x in branches}) > 1:
            raise ValueError(f"concat {name!r}: want one H and W, got {[x.chw for x in branches]}")
        C = sum(x.C for x in branches)
        out = Maps(C, branches[0].H, branches[0].W, max(x.depth for x in branches))
        return self.note(name, "concat", out, "+".join(str(x.C) for x in branches))

    def split(self, name: str, x: Maps) -> tuple[Maps, Maps]:
        """The first half of the channels, and the second."""
        half = self.note(name, "split", Maps(x.C // 2, x.H, x.W, x.depth), "two halves of the channels")
        return half, half

    def shuffle(self, name: str, x: Maps, groups: int) -> Maps:
        """Channels change places: (g, C/g) read as (C/g, g). No arithmetic."""
        return self.note(name, "shuffle", x, f"{groups} groups")

    def network(self, name: str, title: str, year: int, source: str, recipe: str, end: Maps) -> Network:
        """The finished description; `end` are the maps that hold the answer."""
        return Network(name, title, year, source, recipe, self.image.chw, tuple(self.layers), end.depth)
