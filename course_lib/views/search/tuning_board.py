"""A search while it runs: the best so far over trials, what failed and how, the time left, the last trials, the best one's knobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from course_lib.views.chart import box, cut, ticks
from course_lib.views.curves import short
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import width_of

SOURCE = "as implemented here"

WIDTH, LEFT, TOP, HEIGHT, RIGHT = 760.0, 50.0, 84.0, 210.0, 500.0
ROW = 21.0
LAST = 6  # trials in the table
MOST = 600  # trials drawn as dots, the newest
KNOBS, OTHERS = 9, 4  # lines of each, at most

KINDS = {  # how a note begins -> what it is called; a noisy trial has a time and counts
    "incorrect": "wrong result",
    "timeout": "took too long",
    "failed": "crashed or refused",
    "": "no cost",
    "noise": "noisy, counted",
}


class Standing(Protocol):
    """What is read of a search (course_lib.autotune.standing): speeds, None where a trial failed, and what is said of them."""

    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def speeds(self) -> tuple[float | None, ...]: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def said(self) -> tuple[str, ...]: ...
    @property
    def best(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def goal(self) -> int: ...
    @property
    def done(self) -> int: ...
    @property
    def whole(self) -> int: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def others(self) -> tuple[tuple[str, int, float | None], ...]: ...


def kind_of(note: str) -> str:
    """The kind of a note, as in KINDS; what is none of them is a failure."""
    head = note.partition(":")[0]
    return head if head in KINDS else "failed"


def clock(seconds: float | None) -> str:
    """1:23, 1:02:03; a dash where it is not known."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def tuning_board(search: Standing, title: str = "") -> Scene:
    """How a search stands -> one frame; its words change only when the best does. Raises ValueError where speeds and notes do not match."""
    n = len(search.speeds)
    if not n == len(search.notes) == len(search.said):
        raise ValueError(f"search: want as many notes and words as speeds, got {n}, {len(search.notes)}, {len(search.said)}")
    if any(speed is not None and not 0 < speed < float("inf") for speed in search.speeds):
        raise ValueError("search: holds a speed that is no number above 0")
    there = [i for i, speed in enumerate(search.speeds) if speed is not None]
    best = max(there, key=lambda i: (search.speeds[i], -i), default=None)
    told = Counter(kind_of(search.notes[i]) for i in range(n) if search.speeds[i] is None or search.notes[i])
    failed = n - len(there)
    wanted = f" of {search.goal}" if search.goal else ""
    of_all = search.whole > search.goal or search.others
    all_wanted = f" / {search.whole:,}" if search.whole else ""
    tiles = [
        ("best", f"{short(round(search.speeds[best] or 0, 3))} {search.unit}" if best is not None else "–", "oa-text"),
        ("trials of this task", f"{n}{f' / {search.goal}' if search.goal else ''}", "ink"),
        ("all trials", f"{search.done:,}{all_wanted}", "ink") if of_all else ("failed", str(failed), "alert-text" if failed else "ink"),
        ("time left", clock(search.seconds), "ink"),
    ]
    items: list[Item] = []
    for i, (name, value, paint) in enumerate(tiles):
        x = i * (WIDTH + 12) / 4
        items.append({"kind": "rect", "id": f"tile{i}", "x": x, "y": 0, "w": (WIDTH + 12) / 4 - 12, "h": 50, "rx": 6, "fill": "faint"})
        items.append(label(f"tile{i}.name", x + 12, 18, name, size=12, paint="muted"))
        items.append(label(f"tile{i}.value", x + 12, 40, value, size=17, weight=700, paint=paint))
    items += progress(search, there)
    items += beside(search, told, failed)
    bottom = max(item["y"] for item in items if item["kind"] == "text")
    items += last_trials(search, best, max(bottom, TOP + HEIGHT + 36) + 30)
    height = max(item["y"] for item in items if item["kind"] == "text") + 12
    if best is None:
        words = "No trial has succeeded yet." if n else "No trial yet."
    else:
        words = f"The best so far: {short(round(search.speeds[best] or 0, 3))} {search.unit}, trial {best + 1}."
    knobs = ", ".join(f"{name} {value}" for name, value in search.best)
    alt = f"{search.name}, {n} trials{wanted}, {failed} failed. {words}" + (f" Its knobs: {knobs}." if knobs else "")
    return Scene(title or f"Tuning {search.name}", alt, WIDTH, round(height, 1), items, [Frame(words)])


def progress(search: Standing, there: Sequence[int]) -> list[Item]:
    """Each trial a dot, the best so far a line of steps, failures as crosses on the axis."""
    n, bottom = len(search.speeds), TOP + HEIGHT
    top = 1.06 * max((search.speeds[i] or 0.0 for i in there), default=1.0)
    most = max(search.goal, n, 8)
    across = lambda trial: round(LEFT + trial / most * (RIGHT - 30 - LEFT), 1)
    up = lambda speed: round(bottom - speed / top * HEIGHT, 1)
    items: list[Item] = [label("unit", 0, TOP - 10, f"{search.unit}, trial by trial", size=12, paint="muted")]
    for i, at in enumerate(ticks(0, top, 4)):
        items.append(
            {"kind": "line", "id": f"y{i}", "x1": LEFT, "y1": up(at), "x2": RIGHT - 30, "y2": up(at), "stroke": "line", "sw": 0.75}
        )
        items.append(label(f"y{i}.name", LEFT - 8, up(at) + 4, short(at), size=12, anchor="end", paint="muted"))
    for i, at in enumerate(ticks(0, most, 6)):
        items.append(label(f"x{i}.name", across(at), bottom + 18, short(at), size=12, anchor="middle", paint="muted"))
    items.append(label("trials.name", (LEFT + RIGHT - 30) / 2, bottom + 36, "trials", size=12, anchor="middle", paint="muted"))
    dots = "".join(box(across(i + 1) - 2.5, up(search.speeds[i]) - 2.5, 5, 5) for i in there[-MOST:])
    lost = [across(i + 1) for i in range(max(0, n - MOST), n) if search.speeds[i] is None]
    crosses = "".join(f"M{x - 3} {bottom - 7}l6 6M{x + 3} {bottom - 7}l-6 6" for x in lost)
    steps, high = "", 0.0
    for i in there:
        if (search.speeds[i] or 0) > high:
            before = f"{steps}L{across(i + 1)} {up(high)}L" if steps else "M"
            high = search.speeds[i] or 0
            steps = f"{before}{across(i + 1)} {up(high)}"
    for name, d, style in (
        ("trials", dots, {"fill": "ia", "alpha": 0.75}),
        ("failures", crosses, {"stroke": "alert", "sw": 2}),
        ("best", f"{steps}L{across(n)} {up(high)}" if steps else "", {"stroke": "oa", "sw": 2.5}),
    ):
        if d:
            items.append({"kind": "path", "id": name, "d": d, **style})
    return items


def beside(search: Standing, told: Counter[str], failed: int) -> list[Item]:
    """The right side: failures by kind as bars, then the best one's knobs, then the other tasks."""
    y, items = TOP - 10, []
    items.append(label("kinds", RIGHT, y, f"{failed or 'no'} failure{'s' * (failed != 1)}", size=12, weight=600))
    most = max(told.values(), default=1)
    for i, kind in enumerate(k for k in KINDS if told[k]):
        y += ROW
        paint = "plain" if kind == "noise" else "alert"
        items.append(label(f"kind{i}", RIGHT, y, KINDS[kind], size=12))
        bar: Item = {"kind": "rect", "id": f"kind{i}.bar", "x": RIGHT + 124, "y": y - 10, "w": round(90 * told[kind] / most, 1), "h": 12}
        items.append({**bar, "fill": paint} | ({} if kind == "noise" else {"hatch": 90}))
        items.append(label(f"kind{i}.count", RIGHT + 132 + 90 * told[kind] / most, y, str(told[kind]), size=12))
    y += ROW + 14
    items.append(label("knobs", RIGHT, y, "the best one's knobs" if search.best else "", size=12, weight=600))
    for i, (name, value) in enumerate(search.best[:KNOBS]):
        y += ROW - 2
        items.append(label(f"knob{i}", RIGHT, y, name, size=12, paint="muted"))
        items.append(label(f"knob{i}.value", RIGHT + 124, y, cut(value, WIDTH - RIGHT - 124, 12), size=12, weight=600))
    if search.others:
        y += ROW + 14
        items.append(label("others", RIGHT, y, "other tasks of this log", size=12, weight=600))
        for i, (name, trials, speed) in enumerate(search.others[-OTHERS:]):
            y += ROW - 2
            items.append(label(f"other{i}", RIGHT, y, cut(name, 168, 12), size=12, paint="muted"))
            value = f"{trials}: {short(round(speed, 1)) if speed else 'none'}"
            items.append(label(f"other{i}.value", WIDTH, y, value, size=12, anchor="end", weight=600))
    return items


def last_trials(search: Standing, best: int | None, y: float) -> list[Item]:
    """The newest trials as a table, the newest first."""
    heads = ((0, "trial", "start"), (142, search.unit, "end"), (158, "configuration", "start"))
    items = [label(f"last.{i}", x, y, name, size=12, paint="muted", anchor=anchor) for i, (x, name, anchor) in enumerate(heads)]
    for row, i in enumerate(range(len(search.speeds) - 1, max(-1, len(search.speeds) - 1 - LAST), -1)):
        y += ROW
        speed, note = search.speeds[i], search.notes[i]
        heavy = {"weight": 700} if i == best else {}
        value = short(round(speed, 3)) if speed is not None else "–"
        items.append(label(f"last{row}.number", 0, y, f"{i + 1}{' (best)' if i == best else ''}", size=12, **heavy))
        items.append(label(f"last{row}.speed", 142, y, value, size=12, anchor="end", **heavy))
        room = WIDTH - 158
        items.append(label(f"last{row}.said", 158, y, cut(search.said[i], room * (0.5 if note else 1), 12), size=12, font="sans"))
        if note:
            at = 158 + min(width_of(search.said[i], 12), room * 0.5) + 14
            paint = "muted" if speed is not None else "alert-text"
            items.append(label(f"last{row}.note", at, y, cut(note, WIDTH - at, 12), size=12, paint=paint))
    return items
