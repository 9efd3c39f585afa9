"""W = L + S: what a few directions explain, the few entries that they do not, and what is left."""

from __future__ import annotations

import numpy as np

from course_lib.views.parts import grid, label, tint
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Yu, Liu, Wang & Tao, On Compressing Deep Models by Low Rank and Sparse Decomposition, CVPR 2017"

MOST = 64
ROOM = 190.0


def matrix_split(w: np.ndarray, low: np.ndarray, sparse: np.ndarray, title: str = "") -> Scene:
    """w[K,J], its low-rank part and its sparse part on one scale of tints, step by step; then the rest on the same scale.

    Of larger matrices the first 64 rows and columns are drawn. Raises ValueError for matrices of different shapes.
    """
    parts = [np.asarray(a, float) for a in (w, low, sparse)]
    if any(a.ndim != 2 or a.shape != parts[0].shape or not a.size for a in parts):
        raise ValueError(f"w, low, sparse: want three matrices of one shape, got {', '.join(str(a.shape) for a in parts)}")
    w, low, sparse = parts
    rest = w - low - sparse
    seen = [a[:MOST, :MOST] for a in (w, low, sparse, rest)]
    K, J = seen[0].shape
    cell = ROOM / max(K, J)
    edge = float(max(np.abs(a).max() for a in seen)) or 1.0
    rank = int(np.linalg.matrix_rank(low, tol=1e-6 * max(1.0, float(np.linalg.norm(low, 2)))))
    count = int(np.count_nonzero(sparse))
    entries = f"{count:,} {'entry' if count == 1 else 'entries'}"
    size = float(np.linalg.norm(w)) or 1.0
    names = [
        ("W", f"{w.shape[0]} × {w.shape[1]}"),
        ("L", f"rank {rank}"),
        ("S", entries),
        ("rest", f"{np.linalg.norm(rest) / size:.1%} of |W|"),
    ]
    items: list[Item] = []
    step = J * cell + 42
    for i, (a, (name, said)) in enumerate(zip(seen, names, strict=True)):
        x = i * step
        items += [
            {
                "kind": "text",
                "id": f"name{i}",
                "x": x,
                "y": 14,
                "size": 14,
                "lines": [[[name, "w-text" if i < 3 else "alert-text", 700], ["  " + said, "muted"]]],
            },
            grid(
                f"part{i}",
                round(x, 2),
                26,
                K,
                J,
                round(cell, 3),
                "w" if i < 3 else "alert",
                tint=tint(a, between=(-edge, edge)),
                name=f"{name}[{{r}}, {{c}}]",
            ),
        ]
        if i:
            items.append(label(f"sign{i}", x - 22, 26 + K * cell / 2 + 6, ["=", "+", "+"][i - 1], size=20, anchor="middle", weight=700))
    hidden = {item["id"]: {"hide": True} for i in (1, 2, 3) for item in items if item["id"].endswith(str(i))}
    shown = [{item["id"]: {"hide": None} for item in items if item["id"].endswith(str(i))} for i in range(4)]
    explained = 1 - float(((w - low) ** 2).sum()) / size**2
    frames = [
        Frame(f"The matrix W, {w.shape[0]} × {w.shape[1]}.", hidden),
        Frame(f"L: rank {rank} explains {explained:.1%} of the sum of squares; what it misses is concentrated in few places.", shown[1]),
        Frame(f"S: the {entries} that a few directions cannot give.", shown[2]),
        Frame(f"What neither gives: {np.linalg.norm(rest) / size:.1%} of the size of W.", shown[3]),
    ]
    alt = " ".join(frame.caption for frame in frames)
    return Scene(title or "Low rank plus sparse", alt, round(4 * step - 30, 1), round(26 + K * cell + 6, 1), items, frames, poster=3)
