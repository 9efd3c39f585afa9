"""What a network costs, a row for each call of a layer: forward hooks that leave no trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Made, Misconception
from .cost_of_layer import COST, conv2d, cost


def rows_of(
    model: Any,
    in_shape: Sequence[int],
    *,
    containers: bool = False,
    given_back: str = "hooks mode statistics",
    row: Callable[..., dict[str, Any] | None] | None = None,
) -> list[dict[str, Any]]:
    """A dict for each call of a layer, in the order run. The options are the wrong ideas below: what is hooked, and
    what is forgotten when the model is given back."""
    import torch

    rows: list[dict[str, Any]] = []
    handles = []

    def hook_for(name: str) -> Callable[..., None]:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            one: dict[str, Any] | None = {
                "name": name,
                "macs": cost(module, tuple(inputs[0].shape))["macs"] if type(module).__name__ in ("Conv2d", "Linear") else 0,
                "params": sum(p.numel() for p in module.parameters()),
                "act_bytes": 4 * output.numel(),
            }
            if row is not None:
                one = row(one, module, inputs[0], output)
            if one is not None:
                rows.append(one)

        return hook

    for name, module in model.named_modules():
        if containers or not list(module.children()):
            handles.append(module.register_forward_hook(hook_for(name)))
    modes = [(module, module.training) for module in model.modules()]
    if "statistics" in given_back:
        model.eval()
    with torch.no_grad():
        model(torch.zeros(tuple(in_shape)))
    if "mode" in given_back:
        for module, training in modes:
            module.train(training) if not list(module.children()) else setattr(module, "training", training)
    if "hooks" in given_back:
        for handle in handles:
            handle.remove()
    return rows


def model_cases(rng: np.random.Generator) -> list[Case]:
    relu, norm, pool = {"kind": "relu"}, {"kind": "batchnorm2d", "args": [4]}, {"kind": "maxpool2d", "args": [2]}
    net = {"kind": "sequential"}
    small = net | {"layers": [conv2d(1, 2, 2), relu], "training": False}
    wider = net | {"layers": [conv2d(2, 3, 3, padding=1), relu, pool, {"kind": "flatten"}, {"kind": "linear", "args": [12, 5]}]}
    normed = net | {"layers": [conv2d(3, 4, 3, stride=2, bias=False), norm, relu]}
    nested = net | {"layers": [net | {"layers": [conv2d(3, 4, 1), relu]}, conv2d(4, 2, [3, 1], groups=2)], "training": False}
    again = net | {"layers": [{"kind": "twice", "layer": conv2d(3, 3, 3, padding=1)}, relu], "training": False}
    residual = {"kind": "residual", "body": net | {"layers": [conv2d(2, 4, 3, padding=1), norm]}, "shortcut": conv2d(2, 4, 1)}
    deep = net | {"layers": [residual, relu, residual | {"body": conv2d(4, 4, 3, padding=1), "shortcut": conv2d(4, 4, 1)}]}
    norm6 = {"kind": "batchnorm2d", "args": [6]}
    depthwise = conv2d(6, 6, 3, stride=2, padding=1, groups=6, bias=False)
    inverted = net | {"layers": [conv2d(2, 6, 1, bias=False), norm6, relu, depthwise, norm6, conv2d(6, 3, 1)]}
    return [
        Case((Made("torch_module", small), (1, 1, 3, 4)), label="a convolution and a ReLU, in eval mode"),
        Case((Made("torch_module", wider), (1, 2, 4, 5)), label="a convolution, ReLU, pooling and a fully connected layer, in train mode"),
        Case((Made("torch_module", normed), (2, 3, 7, 9)), label="a convolution with batch norm, in train mode, a batch of 2"),
        Case((Made("torch_module", nested), (1, 3, 5, 6)), label="a Sequential inside a Sequential"),
        Case((Made("torch_module", again), (1, 3, 4, 4)), label="one layer that is run twice"),
        Case((Made("torch_module", residual), (1, 2, 5, 5)), label="a residual block: the shortcut is defined first and run last"),
        Case((Made("torch_module", deep), (3, 2, 6, 4)), label="two residual blocks"),
        Case((Made("torch_module", inverted), (1, 2, 9, 11)), label="a block of MobileNetV2: 1x1, depthwise 3x3, 1x1"),
    ]


def in_order_of_definition(model: Any, in_shape: Sequence[int]) -> list[dict[str, Any]]:
    names = [name for name, _ in model.named_modules()]
    return sorted(rows_of(model, in_shape), key=lambda one: names.index(one["name"]))


def once_a_layer(model: Any, in_shape: Sequence[int]) -> list[dict[str, Any]]:
    return list({one["name"]: one for one in rows_of(model, in_shape)}.values())


def with_input_bytes(one: dict[str, Any], module: Any, x: Any, output: Any) -> dict[str, Any]:
    return one | {"act_bytes": 4 * x.numel()}


def with_macs_only(one: dict[str, Any], module: Any, x: Any, output: Any) -> dict[str, Any] | None:
    return one if type(module).__name__ in ("Conv2d", "Linear") else None


HOOKS = "01_intro#counting-a-whole-network"

model_cost = Exercise(
    name="model_cost",
    reference=rows_of,
    cases=model_cases,
    misconceptions=(
        Misconception(
            "the hooks stay on the model",
            lambda model, in_shape: rows_of(model, in_shape, given_back="mode statistics"),
            "The numbers are right, but the hooks are still there and will go on counting whenever the model is used. Keep what"
            " register_forward_hook returns, and call its remove().",
            HOOKS,
        ),
        Misconception(
            "the model is left in eval mode",
            lambda model, in_shape: rows_of(model, in_shape, given_back="hooks statistics"),
            "The model came in train mode and goes back in eval mode. Note model.training before, and restore it after.",
            HOOKS,
        ),
        Misconception(
            "the run moves the running statistics",
            lambda model, in_shape: rows_of(model, in_shape, given_back="hooks mode"),
            "A forward pass in train mode moves the running mean of every batch norm. Count in eval mode, then restore the mode.",
            HOOKS,
        ),
        Misconception(
            "containers are counted too",
            lambda model, in_shape: rows_of(model, in_shape, containers=True),
            "A Sequential has rows of its own beside those of the layers inside it. A leaf is a module without children.",
            HOOKS,
        ),
        Misconception(
            "only Conv2d and Linear have a row",
            lambda model, in_shape: rows_of(model, in_shape, row=with_macs_only),
            "ReLU, pooling and batch norm do no MACs, but they write activations, and a batch norm has parameters: give them a row each.",
            HOOKS,
        ),
        Misconception(
            "in the order of definition",
            in_order_of_definition,
            "The rows follow the order in which the layers were written down. A hook is called when its layer runs: append there.",
            HOOKS,
        ),
        Misconception(
            "one row a layer, however often it runs",
            once_a_layer,
            "A layer that is run twice works twice: one row for each call. Is a dict keyed by name overwriting the first?",
            HOOKS,
        ),
        Misconception(
            "operations in place of MACs",
            lambda model, in_shape: rows_of(model, in_shape, row=lambda one, m, x, y: one | {"macs": 2 * one["macs"]}),
            "Twice too many: one multiply and one add together are one MAC.",
            COST,
        ),
        Misconception(
            "the input's bytes in place of the output's",
            lambda model, in_shape: rows_of(model, in_shape, row=with_input_bytes),
            "Asked for is the size of the output; a hook gets the input and the output.",
            COST,
        ),
    ),
    hint="A hook for every module without children; one forward pass with zeros of in_shape, in eval mode and without gradients;"
    " then remove the hooks and restore the mode.",
    slide=HOOKS,
)
