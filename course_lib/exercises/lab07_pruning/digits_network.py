"""The bundled digits network in plain numpy: four convolutions with their normalisation folded in, cut and mended as a lab asks.

layers()                   [{"w": [K,C,3,3], "b": [K]}, ..., {"w": [10,64], "b": [10]}]
cut_and_mended(keep)       the same, fewer channels, what is left fitted to what the network gave before
macs_of(layers)            multiply-accumulates an image          wrong_of(layers)     test images that it misreads
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

SIZES = (32, 64, 64, 64)
NAMES = ("conv1", "conv2", "conv3", "conv4")
PIXELS = (256, 256, 64, 64)  # output pixels of each convolution
EPS = 1e-5  # of the normalisation
Layers = list[dict[str, np.ndarray]]


@cache
def _stored() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    from pathlib import Path

    import course_lib

    with np.load(Path(course_lib.__file__).parent / "data" / "digits_plain.npz") as file:
        state = {name: file[name].astype(np.float64) for name in file.files}
    out = []
    for i in range(1, 5):
        scale = state[f"bn{i}.weight"] / np.sqrt(state[f"bn{i}.running_var"] + EPS)
        out.append((state[f"conv{i}.weight"] * scale[:, None, None, None], state[f"bn{i}.bias"] - scale * state[f"bn{i}.running_mean"]))
    out.append((state["fc.weight"], state["fc.bias"]))
    return tuple(out)


def layers() -> Layers:
    """The network as it was trained: four convolutions and a linear layer, float32."""
    return [{"w": w.astype(np.float32), "b": b.astype(np.float32)} for w, b in _stored()]


def windows(ia: np.ndarray) -> np.ndarray:
    """ia[N,C,H,W], a zero around it -> [N,H,W,3,3,C], a view in which a row of a window lies in one run of 3·C numbers."""
    padded = np.pad(ia.transpose(0, 2, 3, 1), ((0, 0), (1, 1), (1, 1), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))  # N H W C 3 3
    return view.transpose(0, 1, 2, 4, 5, 3)


def picked(ia: np.ndarray, pick: np.ndarray) -> np.ndarray:
    """The windows at output pixels `pick`, counted through [N,H,W] -> [len(pick), C·9]"""
    found = windows(ia)
    return found[np.unravel_index(pick, found.shape[:3])].transpose(0, 3, 1, 2).reshape(len(pick), -1)


def convolved(ia: np.ndarray, layer: Mapping[str, np.ndarray]) -> np.ndarray:
    """The convolution and its bias, before the ReLU."""
    N, C, H, W = ia.shape
    wt = layer["w"].transpose(2, 3, 1, 0).reshape(9 * C, -1)  # in the windows' order
    return (windows(ia).reshape(N * H * W, 9 * C) @ wt + layer["b"]).reshape(N, H, W, -1).transpose(0, 3, 1, 2)


def after(oa: np.ndarray, i: int) -> np.ndarray:
    """What layer i + 1 reads: ReLU, and behind the second and the fourth convolution the largest of 2 x 2 pixels."""
    oa = np.maximum(oa, 0)
    return oa if i in (0, 2) else np.maximum(np.maximum(oa[:, :, ::2, ::2], oa[:, :, 1::2, ::2]),
                                             np.maximum(oa[:, :, ::2, 1::2], oa[:, :, 1::2, 1::2]))  # fmt: skip


AT_ONCE = 25  # images: what a layer reads of them stays in the cache


def passed(ia: list[np.ndarray], net: Layers, i: int) -> list[np.ndarray]:
    """What layer i + 1 reads, batch by batch."""
    return [after(convolved(batch, net[i]), i) for batch in ia]


def batches(images: np.ndarray) -> list[np.ndarray]:
    return [images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE)]


def scores(ia: list[np.ndarray], net: Layers) -> np.ndarray:
    """[n, 10] from what the last layer reads."""
    return np.concatenate([batch.mean((2, 3)) @ net[4]["w"].T + net[4]["b"] for batch in ia] or [np.zeros((0, 10))])


def logits(net: Layers, images: np.ndarray) -> np.ndarray:
    """images[n, 1, 16, 16] -> [n, 10]"""
    ia = batches(images)
    for i in range(4):
        ia = passed(ia, net, i)
    return scores(ia, net)


@cache
def pictures(part: str) -> tuple[np.ndarray, np.ndarray]:
    """(images, labels): "valid" to choose with, "test" to be judged on."""
    from course_lib.train.data import digits

    found: tuple[np.ndarray, np.ndarray] = getattr(digits(16), part)
    return found


def wrong_of(net: Layers, part: str = "test") -> int:
    """How many of the images of a part it misreads: of 450 "test" or 300 "valid" ones.

    A scan changes one layer at a time: the layers before the first that differs from the network asked about last are not run again.
    """
    images, answers = pictures(part)
    ia, before, now = batches(images), _last.get(part, []), []
    for i in range(4):
        weights = [(a.shape, a.dtype.str, a.tobytes()) for a in (net[i]["w"], net[i]["b"])]
        if i < len(before) and before[i][0] == weights:
            ia = before[i][1]
        else:
            ia, before = passed(ia, net, i), []
        now.append((weights, ia))
    _last[part] = now
    return int((scores(ia, net).argmax(1) != answers).sum())


_last: dict[str, list[tuple[list[Any], list[np.ndarray]]]] = {}  # part -> of each convolution its weights and what came of them


def macs_of(net: Layers) -> int:
    """Multiply-accumulates an image."""
    return sum(layer["w"].size * pixels for layer, pixels in zip(net, (*PIXELS, 1), strict=True))


@cache
def _samples() -> tuple[np.ndarray, tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """(150 training images, which pixels of each layer, what the original network gave there, bias left out)."""
    images, rng = pictures("train")[0][:150], np.random.default_rng(7)
    ia, net, picks, targets = images, layers(), [], []
    for i in range(4):
        oa = convolved(ia, net[i])
        pick = np.sort(rng.permutation(len(ia) * PIXELS[i])[:2000])
        picks.append(pick)
        targets.append(oa.transpose(0, 2, 3, 1).reshape(-1, oa.shape[1])[pick] - net[i]["b"])
        ia = after(oa, i)
    targets.append(ia.mean((2, 3)) @ net[4]["w"].T)
    return images, tuple(picks), tuple(targets)


def channel_samples(layer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(X[N, C, 9], W[K, C, 9], Y[N, K]) of convolution `layer` (1 to 3; 0 reads the image): windows, weights, what it gives there.

    Layer 4, the last, reads means: X[N, C, 1], W[10, C, 1].
    """
    images, picks, targets = _samples()
    net, ia = layers(), images
    for i in range(layer):
        ia = after(convolved(ia, net[i]), i)
    w = net[layer]["w"].astype(np.float64)
    if layer == 4:
        return ia.mean((2, 3))[:, :, None].astype(np.float64), w[:, :, None], targets[4].astype(np.float64)
    C = ia.shape[1]
    return picked(ia, picks[layer]).reshape(-1, C, 9).astype(np.float64), w.reshape(len(w), C, 9), targets[layer].astype(np.float64)


def cut_and_mended(keep: Sequence[Sequence[int]]) -> Layers:
    """The network with channels keep[i] of convolution i alone, each next layer fitted by least squares to what it gave before."""
    images, picks, targets = _samples()
    net, ia = layers(), images
    net[0] = {"w": net[0]["w"][list(keep[0])], "b": net[0]["b"][list(keep[0])]}
    for i in range(1, 5):
        oa = convolved(ia, net[i - 1])
        ia = after(oa, i - 1)
        X = ia.mean((2, 3)) if i == 4 else picked(ia, picks[i])
        X = X.astype(np.float64)
        gram = X.T @ X
        gram[np.diag_indices_from(gram)] += 1e-6 * np.trace(gram) / len(gram)  # channels that are always zero
        fitted = np.linalg.solve(gram, X.T @ targets[i]).T
        rows = list(keep[i]) if i < 4 else list(range(10))
        shape = (len(rows), len(keep[i - 1]), 3, 3) if i < 4 else (len(rows), len(keep[i - 1]))
        net[i] = {"w": fitted[rows].reshape(shape).astype(np.float32), "b": net[i]["b"][rows]}
    return net
