"""What the pictures of traffic and of schedules share: a tensor's colour, round numbers on an axis, running totals in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from course_lib.views.text import width_of

# by name where the lecture gives one, by place in the trace otherwise: two operands, then the result
ROLE_OF = {"IA": "ia", "W": "w", "OA": "oa", "A": "ia", "B": "w", "C": "oa", "SUM": "oa", "COLS": "cols"}
BY_PLACE = ("ia", "w", "oa", "cols", "blue", "plain")


def roles(names: Sequence[str]) -> dict[str, str]:
    """A palette role a tensor: IA, W and OA keep theirs; unknown names take what is left, in order."""
    out = {name: ROLE_OF[name.upper()] for name in names if name.upper() in ROLE_OF}
    if len(set(out.values())) < len(out):
        out = {}
    free = [role for role in BY_PLACE if role not in out.values()]
    for name in names:
        if name not in out:
            out[name] = free.pop(0) if free else "plain"
    return out


def in_order(names: Iterable[str]) -> list[str]:
    """Tensors as the lecture lists them: inputs, weights, outputs, then the others."""
    names = list(names)
    by = roles(names)
    return sorted(names, key=lambda name: (BY_PLACE.index(by[name]), names.index(name)))


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from low to high, at most `most` of them: steps of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    while (high - low) / step > most:
        step *= 2.5 if round(step / 10 ** math.floor(math.log10(step) + 1e-9)) == 2 else 2
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def count(value: float) -> str:
    """A whole number with its digits in groups, a true minus sign."""
    return f"{int(value):,}".replace("-", "−")


def plural(n: int, word: str) -> str:
    return f"{count(n)} {word}{'' if n == 1 else 's'}"


def tersely(value: float) -> str:
    """A number in little room: 950, 12.3k, 4.56M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g}{unit}"
    return count(value) if value == int(value) else f"{value:.3g}"


def cut(words: str, width: float, size: float, weight: int = 400) -> str:
    """Words that fit a width: the end gives way to an ellipsis."""
    if width_of(words, size, weight=weight) <= width:
        return words
    while words and width_of(words + "…", size, weight=weight) > width:
        words = words[:-1]
    return words + "…"


def box(x: float, y: float, w: float, h: float) -> str:
    """A rectangle as path data, so that many of them are one item."""
    return f"M{round(x, 2)} {round(y, 2)}h{round(w, 2)}v{round(h, 2)}h{round(-w, 2)}z"
