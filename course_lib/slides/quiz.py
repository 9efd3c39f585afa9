"""A question on a slide: choices, or a number to predict, with the answer given at once and printed on a last page.

? How many multiply-accumulates?          the question; more lines go on with it
+ 5,038,848                               a right choice (several right ones: all are asked for)
- 78,732                                  a wrong one
= shape.macs ~ 5%                         or, in place of choices: a number, and how near is near enough
! N·K·P·Q·C·R·S.                          what is said after the answer
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .cells import spoken

NUMBER = re.compile(r"^(.*?)(?:\s+~\s*(\d+(?:\.\d+)?)\s*%)?(?:\s+\[([^\]]+)\])?$")


@dataclass(frozen=True)
class Quiz:
    """A question as written. `choices` are (text, right?, line); `answer` is a Python expression, `near` its tolerance as a share."""

    ask: str
    line: int
    choices: tuple[tuple[str, bool, int], ...] = ()
    answer: str = ""
    answer_line: int = 0
    near: float = 0.0
    unit: str = ""
    said: str = ""
    said_line: int = 0


def parse_quiz(text: str, line: int) -> Quiz:
    """The text of a quiz cell as a Quiz; ValueError saying what is missing.

    >>> quiz = parse_quiz("? 1 + 1\\n- 1\\n+ 2\\n! Count.", 10)
    >>> quiz.ask, [right for _, right, _ in quiz.choices], quiz.said
    ('1 + 1', [False, True], 'Count.')
    """
    items: list[list[Any]] = []
    for i, row in enumerate(text.splitlines()):
        if row[:2] in ("? ", "+ ", "- ", "= ", "! "):
            items.append([row[0], row[2:].strip(), line + i])
        elif row.strip() and items:
            items[-1][1] += " " + row.strip()
        elif row.strip():
            raise ValueError(f"a quiz begins with its question, `? ...`; got {row.strip()[:60]!r}")
    by = {mark: [(said, at) for m, said, at in items if m == mark] for mark in "?+-=!"}
    if len(by["?"]) != 1:
        raise ValueError(f"a quiz has one question, `? ...`; got {len(by['?'])}")
    if len(by["!"]) != 1:
        raise ValueError(f"a quiz says one thing after the answer, `! ...`; got {len(by['!'])}")
    if by["="] and (by["+"] or by["-"]) or len(by["="]) > 1:
        raise ValueError("a quiz has choices, or one number to predict, `= expression`; got both or several")
    if not by["="] and not (by["+"] and by["-"]):
        raise ValueError("a quiz needs a right choice, `+ ...`, and a wrong one, `- ...`, or a number, `= expression`")
    (ask, at), (said, said_at) = by["?"][0], by["!"][0]
    choices = tuple((words, mark == "+", where) for mark, words, where in items if mark in "+-")
    if not by["="]:
        return Quiz(ask, at, choices, said=said, said_line=said_at)
    found = NUMBER.match(by["="][0][0])
    assert found
    return Quiz(ask, at, (), found[1], by["="][0][1], float(found[2] or 0) / 100, found[3] or "", said, said_at)


def quiz_html(quiz: Quiz, name: str, inline: Callable[[str, int], str], number: float | None) -> str:
    """The question for the screen; `inline` renders text, `number` is the value of `quiz.answer`."""
    many = sum(right for _, right, _ in quiz.choices) > 1
    if quiz.choices:
        buttons = "".join(
            f'<button type="button" class="choice" data-right="{int(right)}" aria-pressed="false"><kbd>{i % 10}</kbd>'
            f'<span class="words">{inline(words, at)}</span><span class="verdict" aria-hidden="true"></span></button>'
            for i, (words, right, at) in enumerate(quiz.choices, 1)
        )
        body = f'<div class="choices" role="group" aria-label="choices">{buttons}</div>'
        body += '<button type="button" class="commit" disabled>Answer</button>' if many else ""
    else:
        unit = f'<span class="unit">{html.escape(quiz.unit)}</span>' if quiz.unit else ""
        body = (
            f'<form class="guess"><input type="text" inputmode="decimal" autocomplete="off" aria-label="your prediction">{unit}'
            '<button type="submit" class="commit">Commit</button></form>'
        )
    kind = "many" if many else "one" if quiz.choices else "number"
    value = "" if number is None else f' data-answer="{number!r}" data-near="{quiz.near!r}" data-shown="{html.escape(spoken(number))}"'
    label = {"many": "Pick all that apply", "one": "Question", "number": "Predict"}[kind]
    return (
        f'<div class="quiz" id="{name}" data-kind="{kind}"{value}><p class="ask"><span class="badge">{label}</span>'
        f'<span class="words">{inline(quiz.ask, quiz.line)}</span></p>{body}'
        f'<div class="said" role="status" aria-live="polite" hidden><p class="outcome"></p>'
        f"<p>{inline(quiz.said, quiz.said_line)}</p></div></div>"
    )


def answer_html(quiz: Quiz, inline: Callable[[str, int], str], number: float | None) -> str:
    """The answer for the printed last page."""
    right = "; ".join(inline(words, at) for words, ok, at in quiz.choices if ok)
    if number is not None:
        right = html.escape(f"{spoken(number)} {quiz.unit}".strip())
    return f"<b>{right}{'' if right.endswith(('.', '!', '?')) else '.'}</b> {inline(quiz.said, quiz.said_line)}"
