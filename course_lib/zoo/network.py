"""A network as data: its layers in order, each with its shape, and the totals that follow from them.

Layer      one row: name, kind, ConvShape or GemmShape where it is one, parameters, output (C, H, W)
Network    the rows, and what is summed over them: macs, params, bytes, depth, conv_share
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from course_lib.records import Report
from course_lib.shapes import ConvShape, GemmShape

KINDS = ("conv", "fc", "norm", "lrn", "pool", "add", "concat", "split", "shuffle")


class NamedConv(NamedTuple):
    """One convolution of a network: its layer's name and its ConvShape."""

    name: str
    shape: ConvShape


@dataclass(frozen=True)
class Layer:
    """One row of a network's table, for a batch of one.

    `kind` is one of KINDS. `shape` is a ConvShape (conv), a GemmShape (fc: M = 1 image, N outputs, K inputs) or None.
    `params` counts weights, bias, and the scale and shift of a norm; `stats` its running mean and variance, which are
    stored and not learned. `out` is (C, H, W), or (features,) after a fully connected layer. `stage` is the part of the
    network it belongs to. `training_only` layers (auxiliary heads) are left out of `Network.macs`.
    """

    name: str
    kind: str
    shape: ConvShape | GemmShape | None
    out: tuple[int, ...]
    params: int = 0
    stats: int = 0
    stage: str = ""
    what: str = ""
    training_only: bool = False

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the layer; norms, pools and sums have none."""
        return self.shape.macs if self.shape else 0

    @property
    def bytes(self) -> int:
        """Parameters as float32: 4 bytes each."""
        return 4 * self.params


@dataclass(frozen=True)
class Network:
    """One network for a batch of one image: its layers in order, and totals derived from them.

    `year` is that of the first publication; the lecture cites some by their later proceedings.
    `depth` is the number of weight layers (conv and fc) on the longest way from image to answer, as the lecture counts.
    `source` is the paper, `recipe` says which of the variants in use this is.
    """

    name: str
    title: str
    year: int
    source: str
    recipe: str
    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]
    depth: int

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for layer in self.layers:
            if layer.name in seen:
                raise ValueError(f"layers: want distinct names, got {layer.name!r} twice")
            if layer.kind not in KINDS:
                raise ValueError(f"layers: want kind one of {', '.join(KINDS)}, got {layer.kind!r} in {layer.name!r}")
            seen.add(layer.name)

    @property
    def macs(self) -> int:
        """Multiply-accumulates to classify one image: convolutions and fully connected layers, auxiliary heads left out."""
        return sum(layer.macs for layer in self.layers if not layer.training_only)

    @property
    def params(self) -> int:
        """Learned numbers: weights, biases, scales and shifts of norms. Running statistics are in `stats`."""
        return sum(layer.params for layer in self.layers)

    @property
    def stats(self) -> int:
        """Running means and variances, stored beside the parameters."""
        return sum(layer.stats for layer in self.layers)

    @property
    def bytes(self) -> int:
        """Parameters as float32: 4·params."""
        return 4 * self.params

    @property
    def convs(self) -> tuple[NamedConv, ...]:
        """The convolutions of inference, in order: pairs (name, ConvShape)."""
        return tuple(
            NamedConv(layer.name, layer.shape) for layer in self.layers if isinstance(layer.shape, ConvShape) and not layer.training_only
        )

    @property
    def conv_share(self) -> float:
        """The convolutions' part of the MACs, 0 to 1."""
        return sum(shape.macs for _, shape in self.convs) / self.macs

    @property
    def fc_param_share(self) -> float:
        """The fully connected layers' part of the parameters, 0 to 1."""
        return sum(layer.params for layer in self.layers if layer.kind == "fc") / self.params

    def layer(self, name: str) -> Layer:
        """The layer of that name; KeyError otherwise."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer {name!r} in {self.title}; its first layers are {', '.join(x.name for x in self.layers[:5])}")

    def table(self) -> Report:
        """A row a layer: name, kind, what it does, output, parameters, MACs, share of the MACs in per cent."""
        total = self.macs
        rows = [
            {
                "layer": layer.name,
                "kind": layer.kind,
                "what": layer.what,
                "output": "×".join(map(str, layer.out)),
                "params": layer.params,
                "macs": layer.macs,
                "macs %": None if layer.training_only else round(100 * layer.macs / total, 2),
            }
            for layer in self.layers
        ]
        return Report.of(
            rows,
            title=f"{self.title} ({self.year}), input {'×'.join(map(str, self.input_shape))}",
            note=f"{self.params:,} parameters, {self.macs:,} MACs, {self.bytes:,} bytes as float32, depth {self.depth}",
        )

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return f"<Network {self.name}: {len(self.layers)} layers, depth {self.depth}, {self.params:,} params, {self.macs:,} MACs>"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()
