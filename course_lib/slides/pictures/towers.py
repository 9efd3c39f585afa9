"""Networks as columns of layers, as on the lecture's 'Revolution of depth'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...views.scene import Frame, Scene
from ...zoo import NETWORKS
from .parts import label

SOURCE = "Lecture, frames 'Revolution of Depth', after He et al. (MSRA)"


def towers(names: Sequence[str], width: int = 1100, height: int = 420) -> Scene:
    """Networks side by side as columns of their weight layers, one box a layer, convolutions blue and fully connected ones orange.

    Only layers on one way from image to answer are drawn (`Network.depth` of them); a step a network. Steps let the columns
    appear one by one.
    """
    nets = [NETWORKS[name] for name in names]
    gap = width / len(nets)
    items: list[dict[str, Any]] = []
    groups: list[list[str]] = []
    for column, net in enumerate(nets):
        weighted = [layer for layer in net.layers if layer.shape is not None and not layer.training_only and "project" not in layer.name]
        layers = weighted if len(weighted) == net.depth else []
        if not layers:
            raise ValueError(f"names: {net.name} branches; towers draws networks whose weight layers form one chain")
        each = (height - 62) / len(layers)
        wide, x = min(gap * 0.62, 190.0), gap * (column + 0.5)
        groups.append([])
        for i, layer in enumerate(layers):
            y = 52 + i * each
            what = layer.what or layer.name
            fill = "blue" if layer.kind == "conv" else "w"
            name = f"box{column}-{i}"
            items.append(
                {
                    "id": name,
                    "kind": "rect",
                    "x": x - wide / 2,
                    "y": y,
                    "w": wide,
                    "h": max(each - min(3, each * 0.25), 0.8),
                    "fill": f"{fill}-soft" if each > 9 else fill,
                    **({"stroke": fill, "sw": 1.2, "rx": 3} if each > 9 else {}),
                    "tip": f"{net.title}, layer {i + 1} of {len(layers)}: {what}",
                }
            )
            groups[-1].append(name)
            if each >= 14:
                items.append(
                    {
                        **label(
                            x,
                            y + each / 2 + 3.5,
                            what,
                            min(14, each * 0.62, wide / max(len(what) * 0.55, 8)),
                            anchor="middle",
                            paint=f"{fill}-text",
                        ),
                        "id": f"word{column}-{i}",
                    }
                )
                groups[-1].append(f"word{column}-{i}")
        items.append({**label(x, 18, f"{net.title}", 20, anchor="middle", weight=600), "id": f"head{column}"})
        items.append({**label(x, 40, f"{net.depth} layers, {net.year}", 16, anchor="middle", paint="muted"), "id": f"depth{column}"})
        groups[-1] += [f"head{column}", f"depth{column}"]
    hidden = {name for group in groups[1:] for name in group}
    items = [{**item, "hide": True} if item["id"] in hidden else item for item in items]
    frames = [Frame(f"{nets[0].title}: {nets[0].depth} weight layers")]
    frames += [
        Frame(f"{net.title}: {net.depth} weight layers", {name: {"hide": None} for name in group})
        for net, group in zip(nets[1:], groups[1:], strict=True)
    ]
    said = ", ".join(f"{net.title} with {net.depth}" for net in nets)
    return Scene(
        "Networks as columns of weight layers",
        f"Columns of boxes, a box a weight layer: {said}",
        width,
        height,
        items,
        frames,
        poster=len(frames) - 1,
    )
