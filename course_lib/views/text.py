"""How wide a word will be, before any browser has drawn it: so that nothing runs over its edge.

Widths are in thousandths of the type size, as Helvetica, Arial and Liberation Sans have them (they share their metrics);
monospaced faces take 602. Bold is reckoned 8 % wider. What is not in the table counts as a wide letter.
"""

from __future__ import annotations

NARROW = {
    "il|'j.,:;!": 260,
    "It[]() /\\f": 285,
    'r-"*`': 345,
    "_": 556,
    "m": 833,
    "w": 722,
    "M": 833,
    "W": 944,
    "@%": 950,
    "+=<>~": 584,
    "szckvxyJ": 510,
    "FTZL": 611,
    "ABEKPSVXY&": 667,
    "CDHNRU": 722,
    "GOQ": 778,
    "·": 333,
    "–": 556,
    "—": 1000,
    "×": 584,
    "∗": 500,
    "…": 1000,
}
WIDER = 1.19  # DejaVu Sans, which stands in where none of our faces is there, beside these widths: the widest line of our pictures
WIDTH = {letter: width for letters, width in NARROW.items() for letter in letters}


def width_of(text: str, size: float, font: str = "sans", weight: int = 400) -> float:
    """The width of a line in pixels, an estimate that rather errs to the wide side."""
    if font == "mono":
        return 0.602 * size * len(text)
    units = sum(WIDTH.get(letter, 556 if ord(letter) < 256 else 800) for letter in text)
    return units * size / 1000 * (1.08 if weight >= 600 else 1.0)


def wrap(text: str, width: float, size: float, font: str = "sans", weight: int = 400) -> list[str]:
    """Words in lines no wider than `width` pixels (a single word may be)."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size, font, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def fit(text: str, width: float, size: float, font: str = "sans", weight: int = 400, least: float = 0) -> float:
    """The largest type size up to `size` at which `text` is no wider than `width`; not below `least`."""
    full = width_of(text, size, font, weight)
    return size if full <= width else max(least, int(size * width / full * 10) / 10)


def number(value: object, digits: int = 3) -> str:
    """A number as a cell shows it: whole ones plainly, others to three figures, a true minus sign."""
    value = float(value)  # type: ignore[arg-type]
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "−inf"
    if value == int(value) and abs(value) < 1e6:
        shown = str(int(value))
    else:
        shown = f"{value:.{digits}g}"
        if "e" in shown:
            head, tail = shown.split("e")
            shown = f"{head}e{int(tail)}"
    return shown.replace("-", "−")


def amount(nbytes: float) -> str:
    """Bytes as a person says them: 100 B, 12.5 kB, 233 MB (powers of ten)."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if nbytes >= size:
            return f"{nbytes / size:.3g} {unit}"
    return f"{int(nbytes)} B"
