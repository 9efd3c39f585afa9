"""Arguments that cannot travel as arrays are described by a name and plain parameters, and made where the case is run.

    made((Made("torch_module", {"kind": "conv2d", "args": [3, 8, 3]}), (1, 3, 8, 8)))   ->   (Conv2d(3, 8, ...), (1, 3, 8, 8))

MAKERS is the whole list of what can be made: a description can name nothing else. Importing this file imports numpy only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .exercise import Made


def made(value: Any) -> Any:
    """`value` with every Made in it replaced by the object it describes, in tuples, lists and dicts too.

    Equal descriptions within one call are one object, so a clock can be given the very work it times.
    Raises ValueError for a maker or parameters that are not known.
    """
    return _made(value, {})


def _made(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, Made):
        key = repr((value.maker, sorted(value.params.items())))
        if key not in known:
            if value.maker not in MAKERS:
                raise ValueError(f"maker: want one of {', '.join(MAKERS)}, got {value.maker!r}")
            params = {name: _made(item, known) for name, item in value.params.items()}
            try:
                known[key] = MAKERS[value.maker](**params)
            except TypeError as error:
                raise ValueError(f"maker {value.maker!r}: {error}") from None
        return known[key]
    if type(value) in (tuple, list):
        return type(value)(_made(item, known) for item in value)
    if type(value) is dict:
        return {name: _made(item, known) for name, item in value.items()}
    return value


def fingerprint(value: Any) -> Any:
    """What must not change while a function borrows `value`: two equal fingerprints mean it was left as it was found.

    An array: its dtype, shape and bytes. A torch module: the hooks on it, train or eval, and the values of its parameters
    and buffers. A container: the fingerprints of what is in it. Anything else: None.
    """
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, hashlib.sha1(np.ascontiguousarray(value).tobytes()).hexdigest()
    if isinstance(value, Mapping):
        return tuple((str(name), fingerprint(item)) for name, item in value.items())
    if isinstance(value, tuple | list):
        return tuple(fingerprint(item) for item in value)
    if hasattr(value, "named_modules") and hasattr(value, "state_dict"):
        hooks = tuple((name, len(m._forward_hooks), len(m._forward_pre_hooks), m.training) for name, m in value.named_modules())
        # one sum an array is enough to see a running statistic move, and cheap on a network of millions of weights
        values = tuple((name, tuple(t.shape), repr(float(t.double().sum()))) for name, t in value.state_dict().items())
        return hooks, values
    return None


class Work:
    """Something to time on a clock of its own: the n-th call takes `durations[n]` seconds of that clock, and no more calls
    than durations are allowed."""

    def __init__(self, durations: Sequence[float]) -> None:
        self.durations = [float(d) for d in durations]
        self.calls = 0
        self.now = 100.0  # a clock that starts at 0 would forgive who forgets to read it before the work

    def __call__(self) -> None:
        if self.calls == len(self.durations):
            raise RuntimeError(f"fn was called more than {self.calls} times: want warmup + repeat calls, no more")
        self.now += self.durations[self.calls]
        self.calls += 1


def clock_of(work: Work) -> Callable[[], float]:
    """The clock that `work` moves: seconds, as `time.perf_counter` gives them."""
    if not isinstance(work, Work):
        raise ValueError(f"work: want a Work, got {type(work).__name__}")
    return lambda: work.now


def little_network(sizes: Sequence[int], seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(weights of a chain of layers by name, w[out, in]; 64 inputs [64, sizes[0]]), drawn from `seed`."""
    rng = np.random.default_rng(seed)
    shapes = list(zip(sizes[1:], sizes, strict=False))
    return {f"fc{i}": rng.standard_normal(s).astype(np.float32) for i, s in enumerate(shapes, 1)}, rng.standard_normal((64, sizes[0]))


def agreement(sizes: Sequence[int], seed: int) -> Callable[[Mapping[str, np.ndarray]], float]:
    """An `evaluate(network)`: on how many of 64 inputs, from 0 to 1, a chain of layers with ReLUs between decides as the one of `seed`."""

    def decisions(network: Mapping[str, np.ndarray]) -> np.ndarray:
        x = inputs
        for i, w in enumerate(network.values()):
            x = (np.maximum(x, 0) if i else x) @ np.asarray(w, np.float64).T
        return np.asarray(x.argmax(1))

    first, inputs = little_network(sizes, seed)
    wanted = decisions(first)

    def evaluate(network: Mapping[str, np.ndarray]) -> float:
        if list(network) != list(first):
            raise ValueError(f"network: want the layers {', '.join(first)}, in this order, got {', '.join(map(str, network))}")
        return float((decisions(network) == wanted).mean())

    return evaluate


def conv_shape(**letters: Any) -> Any:
    """A ConvShape from the lecture's letters."""
    from ..shapes import ConvShape

    given: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in letters.items()}
    return ConvShape(**given)


# name -> the class in torch.nn; containers and whole networks are made by torch_module below
LAYERS = {
    "conv2d": "Conv2d",
    "linear": "Linear",
    "relu": "ReLU",
    "batchnorm2d": "BatchNorm2d",
    "maxpool2d": "MaxPool2d",
    "avgpool2d": "AdaptiveAvgPool2d",
    "flatten": "Flatten",
    "dropout": "Dropout",
}


def torch_module(kind: str, seed: int = 0, training: bool = True, **params: Any) -> Any:
    """A torch module with weights drawn from `seed`, in train mode as torch makes them or in eval mode.

    kind "conv2d", "linear", "relu", ... : `args` and `options` as torch.nn's class takes them
    kind "sequential": `layers`, a list of such dicts        kind "twice": `layer`, run two times, the same weights
    kind "residual": `body` and `shortcut`, both dicts; the shortcut is defined first and run last
    kind "zoo": `name`, a network of course_lib.zoo
    """
    import torch

    with torch.random.fork_rng(devices=[]):  # the caller's random numbers go on as if nothing had been drawn
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would write down the stack for graphics cards, each time
        return _module(torch.nn, kind, **params).train(training)


def _module(nn: Any, kind: str, **params: Any) -> Any:
    def inner(description: Mapping[str, Any]) -> Any:
        return _module(nn, **description)

    if kind in LAYERS:
        return getattr(nn, LAYERS[kind])(*params.pop("args", ()), **params.pop("options", {}), **params)
    if kind == "sequential":
        return nn.Sequential(*map(inner, params["layers"]))
    if kind == "twice":
        layer = inner(params["layer"])
        return nn.Sequential(layer, layer)
    if kind == "residual":
        return _residual(nn, inner(params["body"]), inner(params["shortcut"]))
    if kind == "zoo":
        from .. import zoo

        return zoo.module(params["name"])
    raise ValueError(f"kind: want one of {', '.join([*LAYERS, 'sequential', 'twice', 'residual', 'zoo'])}, got {kind!r}")


def _residual(nn: Any, body: Any, shortcut: Any) -> Any:
    class Residual(nn.Module):  # type: ignore[misc]
        """body(x) + shortcut(x)"""

        def __init__(self) -> None:
            super().__init__()
            self.shortcut = shortcut
            self.body = body

        def forward(self, x: Any) -> Any:
            out = self.body(x)
            return out + self.shortcut(x)

    return Residual()


MAKERS: dict[str, Callable[..., Any]] = {
    "torch_module": torch_module,
    "conv_shape": conv_shape,
    "work": Work,
    "clock_of": clock_of,
    "agreement": agreement,
}
