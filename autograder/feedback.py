"""Pages from records: one a student (what, smallest failing case, hint, slide, picture), one a class (what to teach again).

No hidden test, no expected array, no traceback of the grader's is in them; each page is one file that asks nothing of the net.
"""

from __future__ import annotations

import html
import math
import re
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


def in_words(text: Any) -> str:
    """A sentence as HTML, what stands in `backticks` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", esc(text))


def sentence_of(note: str) -> str:
    """A note of the record as a sentence."""
    return f"{in_words(note[:1].upper() + note[1:])}."


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
        body.append(f"<p>{sentence_of(record['notes'][-1])}</p>")
        body.append(
            "<p>If you have the notebook itself (the <code>.ipynb</code> file), please hand it in again, or write to your instructor.</p>"
        )
    else:
        more = " so far: your open answer is still to be read" if waiting else ""
        body.append(f'<p class="sum"><b>{number(points)}</b> of {number(most)} points{more}</p>')
        body.append(f'<div class="bar"><i style="width:{100 * points / most if most else 0:.1f}%"></i></div>')
        body.append(f"<p>{in_words(opening(record))}</p>")
        body += ["<h2>Exercise by exercise</h2>", *(task(name, entry, slides, given) for name, entry in record["exercises"].items())]
        if record["questions"]:
            body += ["<h2>Open questions</h2>", *(question(name, q, given) for name, q in record["questions"].items())]
    if record["notes"] and points is not None:
        body += ["<h2>Noted</h2>", *(f"<p>{sentence_of(note)}</p>" for note in record["notes"])]
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
        f'<section class="task{"" if good else " blank" if entry["state"] == "missing" else " wrong"}"><header><code>{esc(name)}</code>'
        f"<span>{mark} of {number(entry['max'])}</span></header>"
    ]
    if entry["state"] == "missing" and entry["cases"]:  # the blank ran and said so: nothing of it need be shown
        return "".join([*out, f'<p class="soft">Still blank. {slide_link(entry["slide"], slides)}</p></section>'])
    if len(entry["parts"]) > 1:
        parts = (
            f"<li>{'✓' if p['passed'] else '✗'} {esc(p['name'])}: {number(p['points'])} of {number(p['max'])}</li>" for p in entry["parts"]
        )
        out.append(f"<ul>{''.join(parts)}</ul>")
    if good:
        out.append('<p class="good">Right.</p>')
        return "".join([*out, "</section>"])
    word = WORDS.get(entry["state"], entry["state"])
    out.append(f'<p><span class="bad">{esc(word[:1].upper() + word[1:])}.</span> {in_words(entry["message"])}</p>')
    if entry["arguments"]:
        rows = "".join(f"<tr><th>{esc(n)}</th><td><pre>{esc(text)}</pre></td></tr>" for n, text in entry["arguments"])
        label = f": <b>{esc(entry['label'])}</b>" if entry["label"] else ""
        out.append(f'<p class="soft">The smallest case that shows it{label}</p><table class="case">{rows}</table>')
    if entry["picture"]:
        out.append(f'<p class="soft">What your function handed back</p><div class="picture">{entry["picture"]}</div>')
    if used := entry.get("leans_on"):
        out.append(f"<p>It calls {' and '.join(f'<code>{esc(u)}</code>' for u in used)}, not right yet either: mend that first.</p>")
    if entry["hint"] or entry["slide"]:
        idea = f"<b>{esc(entry['misconception'][:1].upper() + entry['misconception'][1:])}.</b> " if entry["misconception"] else ""
        out.append(f'<p class="hint">{idea}{in_words(entry["hint"])} {slide_link(entry["slide"], slides)}</p>')
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
        whose: dict[str, list[str]] = {}
        for r, t in waiting:
            whose.setdefault(r["notes"][-1] if t[0] is None else "an open answer", []).append(r["student"])
        rows = "".join(f"<tr><td>{in_words(what)}</td><td>{esc(', '.join(students))}</td></tr>" for what, students in whose.items())
        body.append(f"<h2>Waits for a person</h2><table class=halves><tr><th>what</th><th>of whom</th></tr>{rows}</table>")
    if flagged := [(r["student"], f) for r in records for f in r.get("flags", ())]:
        body.append(f"<h2>Worth a look</h2><p class=soft>Marks are not changed by these.</p>{by_student(flagged)}")
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
        body.append(f"<h2>Without a verdict</h2><p class=soft>Nothing of this is a student's mark.</p>{by_student(unfinished)}")
    if noted := [(r["student"], n) for r, t in scored if t[0] is not None for n in r["notes"]]:
        body.append(f"<h2>Noted</h2>{by_student(noted)}")
    if loose := sorted({r["student"] for r in records if r["sandbox"].startswith("none")}):
        body.append(f'<p class="bad">Graded without a sandbox: {esc(", ".join(loose))}.</p>')
    return page(f"{title} · class", "\n".join(body))


def by_student(said: Sequence[tuple[str, str]]) -> str:
    """A table of (student, sentence), all of one student's sentences in one row."""
    rows: dict[str, list[str]] = {}
    for student, sentence in said:
        rows.setdefault(student, []).append(in_words(sentence))
    lines = (f"<tr><td>{esc(student)}</td><td>{'<br>'.join(sentences)}</td></tr>" for student, sentences in rows.items())
    return f"<table class=named>{''.join(lines)}</table>"


def distribution(marks: Sequence[float], most: float) -> str:
    """How many students have how many points, as bars: at most ten steps of a round width, the full mark in the last."""
    width = next(w for w in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, most) if w >= most / 10)
    steps = [0] * max(1, math.ceil(most / width))
    for mark in marks:
        steps[max(0, min(len(steps) - 1, int(mark / width)))] += 1
    ends = [(number(round(width * i, 1)), number(round(min(most, width * (i + 1)), 1))) for i in range(len(steps))]
    top, wide, out = max(steps), 660 / len(steps), []
    for i, (count, (low, high)) in enumerate(zip(steps, ends, strict=True)):
        tall, x = 90 * count / top, 8 + i * wide
        out.append(
            f'<rect x="{x:.1f}" y="{104 - tall:.1f}" width="{wide - 12:.1f}" height="{tall:.1f}" rx="3" fill="var(--good)">'
            f"<title>{count} students</title></rect>"
        )
        words = 'text-anchor="middle" font-size="12"'
        if count:
            out.append(f'<text x="{x + wide / 2 - 6:.1f}" y="{100 - tall:.1f}" {words} fill="var(--ink)">{count}</text>')
        out.append(f'<text x="{x + wide / 2 - 6:.1f}" y="122" {words} fill="var(--soft)">{low}–{high}</text>')
    spoken = "; ".join(f"{low} to {high}: {count}" for count, (low, high) in zip(steps, ends, strict=True) if count)
    return f'<svg viewBox="0 -12 676 140" width="100%" role="img" aria-label="Students by points. {spoken}">{"".join(out)}</svg>'


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
            f"<td>{named(name)}</td><td class=n>{count}</td><td>{share}</td></tr>"
        )
    return f"<table class=ideas><tr><th>idea</th><th>exercise</th><th class=n>students</th><th></th></tr>{''.join(rows)}</table>"


def named(exercise: str) -> str:
    """An exercise's name, which a narrow table may break where it has a line."""
    return f"<code>{esc(exercise).replace('_', '_<wbr>')}</code>"


MANY = {"stops with an error": "stop with an error", "does not come to an end": "do not come to an end"}


def by_exercise(records: Sequence[Mapping[str, Any]]) -> str:
    """Of each exercise, how many have it right and what became of the others; whose work waits for a person is left out."""
    rows = []
    names = list(dict.fromkeys(name for r in records for name in r["exercises"]))
    for name in names:
        entries = [e for r in records if (e := r["exercises"].get(name)) and e["points"] is not None]
        states = Counter("ok" if e["points"] >= e["max"] else e["state"] for e in entries)
        right = states.pop("ok", 0)
        said = [(states[state], word) for state, word in WORDS.items() if states[state]]
        rest = ", ".join(f"{count} {MANY.get(word, word) if count > 1 else word}" for count, word in said)
        share = f'<span class="meter"><i style="width:{100 * right / max(1, len(entries)):.0f}%"></i></span>'
        rows.append(f"<tr><td>{named(name)}</td><td class=n>{right}</td><td>{share}</td><td class=soft>{esc(rest)}</td></tr>")
    head = "<tr><th>exercise</th><th class=n>right</th><th></th><th>the others</th></tr>"
    return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def overview(marks: Sequence[Any]) -> str:
    """One row a student: what each part gives, and what they come to together."""
    names = list(marks[0].parts)
    head = "".join(f"<th class=n>{esc(name)}</th>" for name in names)
    rows = "".join(
        f"<tr><td>{esc(m.student)}</td><td>{esc(m.name)}</td>{''.join(f'<td class=n>{m.parts[name]:.2f}</td>' for name in names)}"
        f"<td class=n><b>{m.percent:.2f}</b></td><td>{esc(m.grade)}</td><td class=open>{'waits' if m.waits else ''}</td></tr>"
        for m in marks
    )
    top = f"<tr><th>student</th><th>name</th>{head}<th class=n>together, %</th><th>grade</th><th></th></tr>"
    return f'<div class="wide"><table>{top}{rows}</table></div>'


def final_page(marks: Sequence[Any], title: str) -> str:
    """The term's marks, each with every step on its way."""
    body = [f"<h1>{esc(title)}</h1><p class=soft>{len(marks)} students</p>"]
    if marks:
        body += [distribution([min(m.percent, 100.0) for m in marks], 100), overview(marks), "<h2>Step by step</h2>"]
    for mark in marks:
        steps = "".join(f"<li>{esc(step)}</li>" for step in mark.steps)
        waits = ' <span class="open">an answer or a score is still to come</span>' if mark.waits else ""
        name = f" {esc(mark.name)}" if mark.name else ""
        body.append(
            f'<section class="task{" waits" if mark.waits else ""}"><header><span><code>{esc(mark.student)}</code>{name}</span>'
            f"<span>{mark.percent:.2f} %{f' · {esc(mark.grade)}' if mark.grade else ''}</span></header>"
            f'<ol class="steps">{steps}</ol>{waits}</section>'
        )
    return page(title, "\n".join(body))
