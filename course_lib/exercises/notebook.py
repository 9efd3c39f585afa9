"""What a lab's notebook needs around its exercises: a photograph, filters drawn by code, pictures, patience with blanks."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np

from course_lib.data import scikit_photograph


class OnceFilled:
    """`with once_filled:` runs a cell that uses your functions; while one is still blank it says so in one line.

    A cell that needs what such a cell would have computed says the same. An error in a function of yours is shown as it is.
    """

    def __init__(self) -> None:
        self.skipped = False

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> bool:
        if kind is None:
            return False
        # a name that the cell itself lacks, not one inside a function that it calls
        lacks = issubclass(kind, NameError) and self.skipped and where is not None and where.tb_next is None
        if issubclass(kind, NotImplementedError) or lacks:
            self.skipped = True
            print("A blank above is still empty. Fill it in, run its cell, then run this one again.")
            return True
        return False


once_filled = OnceFilled()


def photograph(name: str = "china") -> np.ndarray:
    """One of scikit-learn's two photographs, "china" or "flower", as ia[1, 3, 427, 640], float32 from 0 to 1. ValueError for others."""
    image = scikit_photograph(name)  # H × W × 3, bytes
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None].astype(np.float32) / 255)


def first_layer_filters(count: int = 64, size: int = 11) -> np.ndarray:
    """wt[count, 3, size, size]: gratings and colour edges drawn by a formula, float32, each with mean 0 and length 1.

    They stand for what the first layer of a trained network has learned; no trained weights are shipped.
    """
    if count < 1 or size < 1:
        raise ValueError(f"count, size: want at least 1, got {count}, {size}")
    y, x = (np.mgrid[0:size, 0:size] - (size - 1) / 2) / max(size, 2) * 2  # -1 to 1 across the filter
    bell = np.exp(-2.5 * (x**2 + y**2))
    colours = np.array([(1, 1, 1), (1, -1, 0), (-0.5, -0.5, 1), (0, 1, -1)], np.float64)
    filters = []
    for k in range(count):
        angle = np.pi * (k % 8) / 8
        waves = (0.7, 1.3, 2.0)[k // 8 % 3]
        phase = 0 if k % 2 else np.pi / 2
        along = x * np.cos(angle) + y * np.sin(angle)
        one = bell * np.cos(np.pi * waves * along + phase)
        taps = colours[k // 8 % len(colours)][:, None, None] * (one - one.mean())
        length = np.sqrt((taps**2).sum())
        filters.append(taps / length if length else taps)
    return np.stack(filters).astype(np.float32)


def show(pictures: Sequence[np.ndarray], titles: Sequence[str] = (), columns: int = 4, width: float = 2.6) -> Any:
    """Pictures side by side, one PNG: [H,W] in grey (zero is mid-grey where there are negative numbers), [3,H,W] in colour.

    Each is `width` inches wide, its title above it; small ones are shown pixel by pixel. Pillow lays them out: matplotlib would take
    longer to be loaded than a lab's loops need for their picture.
    """
    from io import BytesIO

    from IPython.display import Image as Shown
    from PIL import Image, ImageDraw

    from course_lib.views.raster import typeface

    columns = max(1, min(columns, len(pictures)))
    rows = -(-len(pictures) // columns)
    high, wide = pictures[0].shape[-2:]
    across, gap, line = round(100 * width), 8, 22  # pixels of a column, between two, of a line of words
    down = round((across - gap) * high / wide) + line + gap
    sheet = Image.new("RGB", (columns * across, rows * down), "white")
    draw, words = ImageDraw.Draw(sheet), typeface("sans-serif", 400, 12.5)
    for i, picture in enumerate(pictures):
        left, top = i % columns * across, i // columns * down
        drawn = Image.fromarray(bytes_of(picture))
        fit = min((across - gap) / drawn.width, (down - line - gap) / drawn.height)
        size = max(1, round(fit * drawn.width)), max(1, round(fit * drawn.height))
        drawn = drawn.resize(size, Image.Resampling.NEAREST if fit > 1 else Image.Resampling.BOX)
        sheet.paste(drawn, (left + (across - size[0]) // 2, top + line))
        if i < len(titles):
            draw.text((left + across / 2, top + line - 5), titles[i], fill="black", font=words, anchor="ms")
    file = BytesIO()
    sheet.save(file, "PNG")
    return Shown(file.getvalue(), alt="; ".join(titles) or f"{len(pictures)} pictures")


def bytes_of(picture: np.ndarray) -> np.ndarray:
    """[H,W] or [3,H,W] -> what a screen shows of it, [H,W] or [H,W,3] from 0 to 255."""
    picture = np.asarray(picture, np.float64)
    if picture.ndim == 3:
        low, high = min(0.0, picture.min()), max(1.0, picture.max())
        picture = picture.transpose(1, 2, 0)
    else:
        high = np.abs(picture).max() or 1.0
        low = -high if picture.min() < 0 else 0.0
    return np.rint((picture - low) / (high - low) * 255).astype(np.uint8)
