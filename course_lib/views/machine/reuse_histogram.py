"""How far apart two uses of one cache line are: a histogram of reuse distances, with the caches that catch them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from course_lib.shapes import whole
from course_lib.views.chart import count, tersely, ticks
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import width_of

SOURCE = "Mattson, Gecsei, Slutz, Traiger: Evaluation techniques for storage hierarchies, IBM Systems Journal 9 (1970)"

WIDTH, HEIGHT, LEFT, COLD = 700.0, 230.0, 56.0, 74.0


def bins(distances: np.ndarray) -> tuple[int, np.ndarray]:
    """(first uses, accesses by distance): bin 0 is distance 0, bin i counts 2^(i-1) <= distance < 2^i."""
    warm = distances[distances >= 0]
    if not warm.size:
        return int(distances.size), np.zeros(1, np.int64)
    which = np.zeros(warm.size, np.int64)
    which[warm > 0] = np.frexp(warm[warm > 0].astype(float))[1]
    return int((distances < 0).sum()), np.bincount(which)


def span(i: int) -> str:
    """The distances of a bin, in words: 0, 1, 2–3, 4–7."""
    low, high = (0, 0) if i == 0 else (2 ** (i - 1), 2**i - 1)
    return str(low) if low == high else f"{tersely(low)}–{tersely(high)}"


def reuse_histogram(
    distances: np.ndarray, caches: Mapping[str, int] | None = None, line: int = 64, title: str = "Reuse distances"
) -> Scene:
    """Accesses by reuse distance in lines, powers of two a bar; -1 is a first use. `caches` are named sizes in bytes.

    An access hits a fully associative LRU cache of M lines exactly when its distance is below M: what is right of a
    cache's mark misses in it, and its flag says how many. Raises ValueError for no accesses or a cache below one line.
    """
    distances = np.asarray(distances)
    if distances.ndim != 1 or not distances.size:
        raise ValueError(f"distances: want a row of at least one distance, got shape {distances.shape}")
    cold, bars = bins(distances)
    lines = {name: whole(f"caches: {name}", size, line) // line for name, size in (caches or {}).items()}
    slots = max(len(bars), 4, *(int(np.ceil(np.log2(m))) + 1 for m in lines.values())) if lines else max(len(bars), 4)
    flags = 22.0 * len(lines)
    top = flags + 22
    base = top + HEIGHT
    wide = (WIDTH - LEFT - COLD) / slots
    most = max(cold, int(bars.max()), 1)
    items: list[Item] = [label("axis", 0, 12, "accesses", size=12, paint="muted")]
    for tick in ticks(0, most, 4):
        y = base - HEIGHT * tick / most
        items.append({"kind": "line", "id": f"rule{tick:g}", "x1": LEFT, "y1": y, "x2": WIDTH, "y2": y, "stroke": "line", "sw": 0.75})
        items.append(label(f"tick{tick:g}", LEFT - 8, y + 4, tersely(tick), size=11, anchor="end", paint="muted"))
    for i, n in enumerate(bars):
        if not n:
            continue
        tall = max(1.0, HEIGHT * int(n) / most)
        items.append(
            {
                "kind": "rect",
                "id": f"bar{i}",
                "x": LEFT + i * wide + 2,
                "y": base - tall,
                "w": wide - 4,
                "h": tall,
                "rx": 2,
                "fill": "blue",
                "tip": f"{count(int(n))} {'access' if n == 1 else 'accesses'} at a distance of {span(i)} lines",
            }
        )
    step = max(1, int(np.ceil(46 / wide)))
    for i in range(0, slots, step):
        size = 11 if width_of(span(i), 11) <= wide * step - 4 else 9
        items.append(label(f"slot{i}", LEFT + (i + 0.5) * wide, base + 16, span(i), size=size, anchor="middle", paint="muted"))
    x = WIDTH - COLD + 12
    tall = HEIGHT * cold / most
    if cold:
        items.append(
            {
                "kind": "rect",
                "id": "cold",
                "x": x,
                "y": base - max(1.0, tall),
                "w": COLD - 20,
                "h": max(1.0, tall),
                "rx": 2,
                "fill": "alert",
                "hatch": 45,
                "tip": f"{count(cold)} first uses: they miss in every cache",
            }
        )
    items.append(label("cold.name", x + (COLD - 20) / 2, base + 16, "first use", size=11, anchor="middle", paint="muted"))
    items.append(label("axis.x", LEFT, base + 36, "distance: other lines touched since the line was last used", size=12, paint="muted"))
    told = []
    for j, (name, m) in enumerate(sorted(lines.items(), key=lambda item: item[1])):
        at = LEFT + (np.log2(m) + 1) * wide if m > 0 else LEFT
        missing = int(((distances < 0) | (distances >= m)).sum())
        y = 12 + 22.0 * (len(lines) - 1 - j)
        words = f"{name}, {count(m)} lines: {count(missing)} miss ({missing / distances.size:.1%})"
        right = at - 8 - width_of(words, 12, weight=600) > LEFT  # the words stand left of the mark where there is room
        items.append(
            {"kind": "line", "id": f"cache{j}", "x1": at, "y1": y - 10, "x2": at, "y2": base, "stroke": "ink", "sw": 1.5, "dash": "5 3"}
        )
        items.append(
            label(
                f"cache{j}.name", at - 8 if right else at + 8, y, words, size=12, weight=600, halo=True, anchor="end" if right else "start"
            )
        )
        told.append(words)
    words = f"{count(distances.size)} accesses, {count(cold)} of them first uses. " + ("; ".join(told) + "." if told else "")
    return Scene(title, words, WIDTH, base + 42, items, [Frame(words.strip())])
