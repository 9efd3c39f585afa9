"""One tensor in memory, channel by channel (NCHW) or pixel by pixel (NHWC)."""

from __future__ import annotations

from typing import Any

from ...views.scene import Frame, Scene
from .parts import label, numbered


def layouts(C: int = 3, H: int = 2, W: int = 4, pixel: tuple[int, int] = (0, 1), width: int = 640) -> Scene:
    """ia[C,H,W] as it lies in memory, H·W numbers a row: first NCHW, then NHWC; the channels of one pixel are marked.

    Raises ValueError for a pixel that is not there, or more channels than the palette has shades for (3).
    """
    if not 1 <= C <= 3:
        raise ValueError(f"C: want 1 to 3 channels, got {C}")
    if not (0 <= pixel[0] < H and 0 <= pixel[1] < W):
        raise ValueError(f"pixel: want a row below {H} and a column below {W}, got {pixel}")
    left, high = 92, 50
    cell = (width - left) / (H * W)
    spots = {"NCHW": lambda c, h, w: (c * H + h) * W + w, "NHWC": lambda c, h, w: (h * W + w) * C + c}
    strides = {"NCHW": (H * W, W, 1), "NHWC": (1, W * C, C)}
    everything = [(c, h, w) for c in range(C) for h in range(H) for w in range(W)]
    frames, order = [], {}
    for name, spot in spots.items():
        order[name] = [f"{c},{h},{w}" for c, h, w in sorted(everything, key=lambda at: spot(*at))]
        places = [spot(c, *pixel) for c in range(C)]
        changes: dict[str, Any] = {f"mark{c}": {"at": [place // (H * W), place % (H * W)]} for c, place in enumerate(places)}
        step = ", ".join(f"{letter} {stride}" for letter, stride in zip("chw", strides[name], strict=True))
        changes["cells"] = {
            "text": order[name],
            "bands": [[c, 1, f"ch{c}-soft"] for c in range(C)] if name == "NCHW" else [[0, C, "ia-soft"]],
        }
        changes["name"] = {"text": name}
        changes["strides"] = {"text": f"strides: {step}"}
        frames.append(Frame(f"{name}: the channels of pixel {pixel} lie at {', '.join(map(str, places))}", changes))
    items: list[dict[str, Any]] = [
        {**label(left, 20, "NCHW", 22, weight=600), "id": "name"},
        {**label(width, 20, "", 18, anchor="end", paint="muted"), "id": "strides"},
        {
            "id": "cells",
            "kind": "grid",
            "x": left,
            "y": 38,
            "rows": C,
            "cols": H * W,
            "w": cell,
            "h": high,
            "role": "ia",
            "text": order["NCHW"],
            "size": 17,
        },
    ]
    items += [label(left - 12, 38 + (c + 0.5) * high + 6, f"from {c * H * W}", 16, anchor="end", paint="muted") for c in range(C)]
    items += [{"id": f"mark{c}", "kind": "mark", "grid": "cells", "role": "w", "at": None} for c in range(C)]
    return Scene(
        "One tensor in memory",
        f"The numbers of a {C} by {H} by {W} tensor in the order of their addresses, channel by channel, then pixel by pixel",
        width,
        38 + C * high + 4,
        numbered(items),
        frames,
    )
