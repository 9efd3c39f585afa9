"""Pages from records: one a student (what, smallest failing case, hint, slide, picture), one a class (what to teach again).

No hidden test, no expected array, no traceback of the grader's is in them; each page is one file that asks nothing of the net.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .ledger import WORDS

CSS = Path(__file__).with_name("pages.css")


def page(title: str, body: str) -> str:
    style = CSS.read_text(encoding="utf-8")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{esc(title)}</title><style>{style}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def esc(text: Any) -> str:
    return html.escape(str(text))


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def slide_link(slide: str, base: str) -> str:
    """A slide's name in words, as a link where the decks' address is known."""
    if not slide:
        return ""
    chapter, _, frame = slide.partition("#")
    words = f"deck {chapter}" + (f", “{frame.replace('-', ' ')}”" if frame else "")
    if not base:
        return f"See {esc(words)}."
    return f'See <a href="{esc(base.rstrip("/"))}/{esc(chapter)}.html{"#" + esc(frame) if frame else ""}">{esc(words)}</a>.'


def totals(record: Mapping[str, Any], given: Mapping[str, float]) -> tuple[float | None, float, bool]:
    """(points so far or None where a person must look, of how many, is an open answer still waiting?)."""
    if any(e["points"] is None for e in record["exercises"].values()):
        return None, record["max"], True
    waiting = any(q["answered"] and name not in given for name, q in record["questions"].items())
    return final_points(record, given), record["max"], waiting


def final_points(record: Mapping[str, Any], given: Mapping[str, float]) -> float:
    """Exercises and questions; where a person gave a score for a cell, that one counts."""
    automatic = sum(given.get(f"check_{name}", e["points"] or 0.0) for name, e in record["exercises"].items())
    return automatic + sum(given.get(name, 0.0) for name in record["questions"])


def student_page(record: Mapping[str, Any], title: str, given: Mapping[str, float], slides: str = "") -> str:
    """The page of one student; `given` are the scores a person gave, by grade_id."""
    points, most, waiting = totals(record, given)
    body = [f"<h1>{esc(title)}</h1><p class=soft>{esc(record['student'])}</p>"]
    if points is None:
        body.append('<p class="sum"><b>?</b> A person will look at this work before it gets points.</p>')
        body.append(f"<p>{esc(record['notes'][-1])}.</p>")
    else:
        more = " so far: your open answer is still to be read" if waiting else ""
        body.append(f'<p class="sum"><b>{number(points)}</b> of {number(most)} points{more}</p>')
        body.append(f'<div class="bar"><i style="width:{100 * points / most if most else 0:.1f}%"></i></div>')
        body.append(f"<p>{opening(record)}</p>")
        body += ["<h2>Exercise by exercise</h2>", *(task(name, entry, slides, given) for name, entry in record["exercises"].items())]
        if record["questions"]:
            body += ["<h2>Open questions</h2>", *(question(name, q, given) for name, q in record["questions"].items())]
    if record["notes"] and points is not None:
        body += ["<h2>Noted</h2>", *(f"<p>{esc(note[:1].upper() + note[1:])}.</p>" for note in record["notes"])]
    said = "" if record["sandbox"].startswith("bubblewrap") else f" Sandbox: {record['sandbox']}."
    body.append(
        f"<footer>Graded {esc(record['time'][:10])}. Points are for right values and exact counts, never for speed.{esc(said)}</footer>"
    )
    return page(f"{title} · {record['student']}", "\n".join(body))


def opening(record: Mapping[str, Any]) -> str:
    entries = record["exercises"].values()
    right = sum(e["points"] >= e["max"] for e in entries)
    if record["file"] is None:
        return "Nothing was handed in for this lab. If you did hand something in, please say so: files do get lost."
    if record["untouched"] or all(e["state"] == "missing" for e in entries):
        return (
            "The blanks of this lab are as they were handed out. Begin with the first: it is the smallest, and `check` tells you at once."
        )
    if right == len(entries):
        return "Every exercise is right. Well done."
    more = "For the others you find below the smallest case that shows the trouble, and a hint."
    return f"{right} of {len(entries)} exercises are right. {more}"


def task(name: str, entry: Mapping[str, Any], slides: str, given: Mapping[str, float]) -> str:
    good = entry["points"] >= entry["max"]
    mark = number(given.get(f"check_{name}", entry["points"]))
    out = [
        f'<section class="task{"" if good else " wrong"}"><header><code>{esc(name)}</code>'
        f"<span>{mark} of {number(entry['max'])}</span></header>"
    ]
    if len(entry["parts"]) > 1:
        parts = (
            f"<li>{'✓' if p['passed'] else '✗'} {esc(p['name'])}: {number(p['points'])} of {number(p['max'])}</li>" for p in entry["parts"]
        )
        out.append(f"<ul>{''.join(parts)}</ul>")
    if good:
        out.append('<p class="good">Right.</p>')
        return "".join([*out, "</section>"])
    word = WORDS.get(entry["state"], entry["state"])
    out.append(f'<p><span class="bad">{esc(word[:1].upper() + word[1:])}.</span> {esc(entry["message"])}</p>')
    if entry["arguments"]:
        rows = "".join(f"<tr><th>{esc(n)}</th><td><pre>{esc(text)}</pre></td></tr>" for n, text in entry["arguments"])
        label = f": <b>{esc(entry['label'])}</b>" if entry["label"] else ""
        out.append(f'<p class="soft">The smallest case that shows it{label}</p><table class="case">{rows}</table>')
    if entry["picture"]:
        out.append(f'<div class="picture">{entry["picture"]}</div>')
    if used := entry.get("leans_on"):
        out.append(f"<p>It calls {' and '.join(f'<code>{esc(u)}</code>' for u in used)}, not right yet either: mend that first.</p>")
    if entry["hint"] or entry["slide"]:
        idea = f"<b>{esc(entry['misconception'][:1].upper() + entry['misconception'][1:])}.</b> " if entry["misconception"] else ""
        out.append(f'<p class="hint">{idea}{esc(entry["hint"])} {slide_link(entry["slide"], slides)}</p>')
    return "".join([*out, "</section>"])


def question(name: str, q: Mapping[str, Any], given: Mapping[str, float]) -> str:
    if name in given:
        state, mark = "Read and graded by a person.", number(given[name])
    elif q["answered"]:
        state, mark = "Waits for a person to read it.", "?"
    else:
        state, mark = "No answer was written.", "0"
    head = f"<header><code>{esc(name)}</code><span>{mark} of {number(q['max'])}</span></header>"
    return f'<section class="task waits">{head}<p>{state}</p></section>'


def class_page(
    records: Sequence[Mapping[str, Any]], title: str, given: Mapping[str, Mapping[str, float]],
    alike: Sequence[tuple[str, str, float, str]] = (), unfinished: Sequence[tuple[str, str]] = (),
) -> str:  # fmt: skip
    """What a class understood: the distribution, the exercises, the misconceptions by frequency, who needs a person.

    `alike` are (student, student, likeness, exercises) of near-identical answers, `unfinished` (student, why) without a verdict.
    """
    scored = [(r, totals(r, given.get(r["student"], {}))) for r in records]
    marks = [t[0] for _, t in scored if t[0] is not None]
    most = max((t[1] for _, t in scored), default=0.0)
    body = [f"<h1>{esc(title)}</h1><p class=soft>{len(records)} students, {sum(r['file'] is not None for r in records)} handed in</p>"]
    if marks:
        middle = sorted(marks)[len(marks) // 2] if len(marks) % 2 else sum(sorted(marks)[len(marks) // 2 - 1 : len(marks) // 2 + 1]) / 2
        body.append(f'<p class="sum"><b>{number(round(middle, 2))}</b> of {number(most)} points is the median</p>')
        body.append(distribution(marks, most))
    body += ["<h2>What to teach again</h2>", misconceptions(records), "<h2>Exercise by exercise</h2>", by_exercise(records)]
    waiting = [(r, t) for r, t in scored if t[2]]
    if waiting:
        rows = "".join(
            f"<tr><td>{esc(r['student'])}</td><td>{esc(r['notes'][-1] if t[0] is None else 'an open answer')}</td></tr>" for r, t in waiting
        )
        body.append(f"<h2>Waits for a person</h2><table><tr><th>student</th><th>what</th></tr>{rows}</table>")
    if flagged := [(r["student"], f) for r in records for f in r.get("flags", ())]:
        rows = "".join(f"<tr><td>{esc(s)}</td><td>{esc(f)}</td></tr>" for s, f in flagged)
        body.append(f"<h2>Worth a look</h2><p class=soft>Marks are not changed by these.</p><table>{rows}</table>")
    if alike:
        rows = "".join(
            f"<tr><td>{esc(one)}</td><td>{esc(other)}</td><td class=n>{100 * share:.0f} %</td><td>{esc(what)}</td></tr>"
            for one, other, share, what in alike
        )
        body.append(
            "<h2>Near-identical answers</h2><p class=soft>After names, spaces and comments are taken away. Short answers are often alike"
            " by themselves, so only long ones count; a person decides what it means. Marks are not changed.</p>"
            f"<table><tr><th>student</th><th>student</th><th class=n>alike</th><th>in</th></tr>{rows}</table>"
        )
    if unfinished:
        rows = "".join(f"<tr><td>{esc(s)}</td><td>{esc(why)}</td></tr>" for s, why in unfinished)
        body.append(f"<h2>Without a verdict</h2><p class=soft>Nothing of this is a student's mark.</p><table>{rows}</table>")
    if noted := [(r["student"], n) for r, t in scored if t[0] is not None for n in r["notes"]]:
        rows = "".join(f"<tr><td>{esc(s)}</td><td>{esc(n)}</td></tr>" for s, n in noted)
        body.append(f"<h2>Noted</h2><table>{rows}</table>")
    if loose := sorted({r["student"] for r in records if r["sandbox"].startswith("none")}):
        body.append(f'<p class="bad">Graded without a sandbox: {esc(", ".join(loose))}.</p>')
    return page(f"{title} · class", "\n".join(body))


def distribution(marks: Sequence[float], most: float) -> str:
    """How many students have how many points, in ten steps, as bars."""
    steps = [0] * 10
    for mark in marks:
        steps[min(9, int(10 * mark / most))] += 1
    top, out = max(steps), []
    for i, count in enumerate(steps):
        high = 90 * count / top
        x = 8 + i * 66
        out.append(
            f'<rect x="{x}" y="{104 - high:.1f}" width="54" height="{high:.1f}" rx="3" fill="var(--good)">'
            f"<title>{count} students</title></rect>"
        )
        if count:
            out.append(f'<text x="{x + 27}" y="{100 - high:.1f}" text-anchor="middle" font-size="12" fill="var(--ink)">{count}</text>')
        out.append(
            f'<text x="{x + 27}" y="122" text-anchor="middle" font-size="12" fill="var(--soft)">'
            f"{number(round(most * i / 10, 1))}–{number(round(most * (i + 1) / 10, 1))}</text>"
        )
    words = "; ".join(
        f"{number(round(most * i / 10, 1))} to {number(round(most * (i + 1) / 10, 1))}: {c}" for i, c in enumerate(steps) if c
    )
    return f'<svg viewBox="0 -12 676 140" width="100%" role="img" aria-label="Students by points. {words}">{"".join(out)}</svg>'


def misconceptions(records: Sequence[Mapping[str, Any]]) -> str:
    """The named ideas behind the mistakes, the commonest first."""
    found: Counter[tuple[str, str, str]] = Counter()
    for record in records:
        for name, e in record["exercises"].items():
            if e["misconception"]:
                found[(e["misconception"], name, e["slide"])] += 1
    if not found:
        return "<p>No misconception was recognised by name.</p>"
    rows = []
    for (idea, name, slide), count in found.most_common():
        share = f'<span class="meter"><i style="width:{100 * count / len(records):.0f}%"></i></span>'
        rows.append(
            f"<tr><td>{esc(idea[:1].upper() + idea[1:])}<br><span class=soft>{slide_link(slide, '')}</span></td>"
            f"<td><code>{esc(name)}</code></td><td class=n>{count}</td><td>{share}</td></tr>"
        )
    return f"<table><tr><th>idea</th><th>exercise</th><th class=n>students</th><th></th></tr>{''.join(rows)}</table>"


def by_exercise(records: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    names = list(dict.fromkeys(name for r in records for name in r["exercises"]))
    for name in names:
        entries = [r["exercises"][name] for r in records if name in r["exercises"]]
        states = Counter(
            "right" if e["points"] is not None and e["points"] >= e["max"] else WORDS.get(e["state"], e["state"]) for e in entries
        )
        right = states.pop("right", 0)
        rest = ", ".join(f"{count} {word}" for word, count in states.most_common())
        share = f'<span class="meter"><i style="width:{100 * right / len(entries):.0f}%"></i></span>'
        rows.append(f"<tr><td><code>{esc(name)}</code></td><td class=n>{right}</td><td>{share}</td><td class=soft>{esc(rest)}</td></tr>")
    head = "<tr><th>exercise</th><th class=n>right</th><th></th><th>the others</th></tr>"
    return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def final_page(marks: Sequence[Any], title: str) -> str:
    """The term's marks, each with every step on its way."""
    body = [f"<h1>{esc(title)}</h1><p class=soft>{len(marks)} students</p>"]
    if marks:
        body.append(distribution([min(m.percent, 100.0) for m in marks], 100))
    for mark in marks:
        steps = "".join(f"<li>{esc(step)}</li>" for step in mark.steps)
        waits = ' <span class="open">something still waits for a person</span>' if mark.waits else ""
        name = f" {esc(mark.name)}" if mark.name else ""
        body.append(
            f'<section class="task{" waits" if mark.waits else ""}"><header><span><code>{esc(mark.student)}</code>{name}</span>'
            f"<span>{mark.percent:.2f} %{f' · {esc(mark.grade)}' if mark.grade else ''}</span></header>"
            f'<ol class="steps">{steps}</ol>{waits}</section>'
        )
    return page(title, "\n".join(body))
