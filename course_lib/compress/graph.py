"""A torch network as a list of steps: each what it is, whose outputs it reads, and the shape it gives.

    conv1        conv       ia                     (64, 32, 16, 16)
    bn1          batchnorm  conv1                  (64, 32, 16, 16)
    ...
    add          add        block1_bn2, relu       (64, 32, 16, 16)

Shrinking (which channels belong together), counting and running all read this list; none of them looks into a network's code.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from course_lib.records import Report
from course_lib.shapes import ConvShape

KINDS: dict[type[nn.Module], str] = {
    nn.Conv2d: "conv",
    nn.Linear: "linear",
    nn.BatchNorm2d: "batchnorm",
    nn.ReLU: "relu",
    nn.MaxPool2d: "maxpool",
    nn.AvgPool2d: "avgpool",
    nn.AdaptiveAvgPool2d: "mean",
    nn.Flatten: "flatten",
    nn.Identity: "same",
    nn.Dropout: "same",
}
FUNCTIONS: dict[Any, str] = {
    operator.add: "add",
    operator.iadd: "add",
    torch.add: "add",
    "add": "add",
    torch.relu: "relu",
    nn.functional.relu: "relu",
    "relu": "relu",
    torch.flatten: "flatten",
    "flatten": "flatten",
}


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a network. `name` is the module's name where it is one; `reads` are the names of the steps it reads."""

    name: str
    kind: str
    reads: tuple[str, ...]
    module: nn.Module | None
    shape: tuple[int, ...]

    def __repr__(self) -> str:
        return f"{self.name}: {self.kind}({', '.join(self.reads)}) -> {self.shape}"


class Tracer(fx.Tracer):
    """Modules with a kind of their own are not looked into."""

    def __init__(self, kinds: dict[type[nn.Module], str]) -> None:
        super().__init__()
        self.kinds = kinds

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in self.kinds or super().is_leaf_module(m, module_qualified_name)


def steps_of(net: nn.Module, ia_shape: Sequence[int], kinds: dict[type[nn.Module], str] | None = None) -> list[Step]:
    """The steps in order, the first named "ia", shapes for a batch ia[N, C, H, W]. `kinds` adds modules to KINDS.

    Raises ValueError for a layer or function that is not known here, and for a network that is not one input, one output.
    """
    kinds = KINDS | (kinds or {})
    traced = fx.GraphModule(net, Tracer(kinds).trace(net))
    before = [(module, module.training) for module in net.modules()]
    net.eval()
    shapes: dict[str, tuple[int, ...]] = {}

    class Seen(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            value = super().run_node(n)
            if isinstance(value, torch.Tensor):
                shapes[n.name] = tuple(value.shape)
            return value

    with torch.no_grad():
        Seen(traced).run(torch.zeros(tuple(ia_shape)))
    for module, training in before:
        module.training = training
    named: dict[str, str] = {}
    modules = dict(net.named_modules())
    out: list[Step] = []
    for node in traced.graph.nodes:
        if node.op == "output":
            continue
        reads = tuple(named[arg.name] for arg in node.args if isinstance(arg, fx.Node))
        if node.op == "placeholder":
            if out:
                raise ValueError("net: want a network of one input")
            kind, module, name = "input", None, "ia"
        elif node.op == "call_module":
            module = modules[node.target]
            kind, name = kinds.get(type(module), ""), node.target
            if not kind:
                raise ValueError(f"net: {name} is a {type(module).__name__}; known are {', '.join(k.__name__ for k in kinds)}")
            if any(step.name == name for step in out):
                raise ValueError(f"net: {name} is used twice; want each layer used once")
        else:
            module, name, kind = None, node.name, FUNCTIONS.get(node.target, "")
            if not kind:
                raise ValueError(f"net: the function {getattr(node.target, '__name__', node.target)} is not known here")
            others = [arg for arg in node.args if not isinstance(arg, fx.Node)]
            if (kind == "add" and (len(reads) != 2 or node.kwargs)) or (kind == "flatten" and (others or [1]) != [1]):
                raise ValueError(f"net: {name} adds a number or flattens the images together; want two tensors, one row an image")
        named[node.name] = name
        out.append(Step(name, kind, reads, module, shapes[node.name]))
    return out


def conv_shape(step: Step, steps: Sequence[Step]) -> ConvShape:
    """The ConvShape of a "conv" step, or of a "linear" one as a 1x1 convolution on one pixel."""
    source = next(other for other in steps if other.name == step.reads[0])
    if step.kind == "linear":
        rows, C = source.shape
        return ConvShape(rows, C, 1, 1, step.shape[1], 1, 1)
    conv: Any = step.module
    if conv.padding_mode != "zeros":
        raise ValueError(f"net: {step.name} pads with {conv.padding_mode}, want zeros")
    pad = conv.padding if isinstance(conv.padding, str) else tuple(conv.padding)
    N, C, H, W = source.shape
    R, S = conv.kernel_size
    return ConvShape(N, C, H, W, conv.out_channels, R, S, conv.stride, pad, conv.dilation, conv.groups)


def layers(net: nn.Module, ia_shape: Sequence[int]) -> Report:
    """A row a convolution or linear layer: its shape, weights, those that are not zero, MACs an image, MACs with zeros skipped."""
    steps, rows = steps_of(net, ia_shape), []
    for step in steps:
        if step.kind not in ("conv", "linear"):
            continue
        shape = conv_shape(step, steps)
        weight: torch.Tensor = step.module.weight  # type: ignore[assignment, union-attr]
        full, macs = int(weight.count_nonzero()), shape.macs // max(shape.N, 1)
        row = {"layer": step.name, "C": shape.C, "K": shape.K, "R x S": f"{shape.R} x {shape.S}", "P x Q": f"{shape.P} x {shape.Q}"}
        rows.append(
            row | {"weights": weight.numel(), "not zero": full, "MACs": macs, "MACs not zero": macs * full // max(weight.numel(), 1)}
        )
    return Report.of(rows)


def macs(net: nn.Module, ia_shape: Sequence[int]) -> int:
    """Multiply-accumulates an image of all convolutions and linear layers, zeros included."""
    return sum(layers(net, ia_shape)["MACs"])
