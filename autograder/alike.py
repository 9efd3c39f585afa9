"""Answers of two students that are the same program: for a person to look at, never a mark.

An answer is read as its syntax tree with names, numbers' spelling, spaces, comments and docstrings taken away. Two answers are as
alike as the share of five-node sequences that both have. What the release itself gives away is not counted, and an answer that
many have is no sign of anything: it is how one writes it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .rebuild import defined, is_answer, read, tag

SOURCE = (
    "Schleimer, Wilkerson & Aiken, 'Winnowing: local algorithms for document fingerprinting', SIGMOD 2003 (k-grams, as implemented here)"
)
GRAM = 5
LEAST = 60  # nodes of an answer; below that two honest ones are often the same
SHARE = 0.9
COMMON = 0.2  # of the class: a sequence that more than this have says nothing
MOST = 200  # pairs


def shape_of(source: str) -> list[str]:
    """The kinds of nodes of a program, in order, docstrings left out; nothing where it does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    out: list[str] = []
    todo: list[ast.AST] = [tree]
    while todo:  # depth first, as one reads
        node = todo.pop()
        if isinstance(node, ast.expr_context):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            continue
        word = type(node).__name__
        if isinstance(node, ast.Constant):
            word += repr(node.value)[:20] if not isinstance(node.value, str) else "text"
        elif isinstance(node, ast.Attribute):
            word += node.attr
        out.append(word)
        todo += reversed(list(ast.iter_child_nodes(node)))
    return out


def grams(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1))


def answers_of(notebook: Any) -> dict[str, list[str]]:
    """grade_id -> the shape of the answer."""
    cells = (c for c in notebook.cells if c["cell_type"] == "code" and is_answer(c))
    return {tag(c).get("grade_id", ""): shape_of(c["source"]) for c in cells if defined(c["source"])}


def near_identical(records: Sequence[Mapping[str, Any]], place: Any, lab: Any) -> list[tuple[str, str, float, str]]:
    """(student, student, share, exercises) of the pairs whose long answers are alike, the most alike first."""
    given = {grade_id: grams(words) for grade_id, words in answers_of(lab.release).items()}
    mine: dict[str, dict[str, frozenset[Any]]] = {}
    for record in records:
        path = place.autograded(record["student"], record["lab"]) / f"{lab.manifest.notebook}.ipynb"
        if record["file"] is None or not path.is_file():
            continue
        try:
            answers = answers_of(read(path))
        except ValueError:
            continue
        mine[record["student"]] = {
            grade_id: grams(words) - given.get(grade_id, frozenset()) for grade_id, words in answers.items() if len(words) >= LEAST
        }
    return pairs(mine)


def pairs(mine: Mapping[str, Mapping[str, frozenset[Any]]]) -> list[tuple[str, str, float, str]]:
    """As `near_identical`, of sequences by student and exercise."""
    many: Counter[Any] = Counter(
        g for answers in mine.values() for grade_id, found in answers.items() for g in {(grade_id, x) for x in found}
    )
    usual = max(2, COMMON * len(mine))  # a pair alone may always have what nobody else has
    rare = {
        s: {grade_id: frozenset(x for x in found if many[(grade_id, x)] <= usual) for grade_id, found in answers.items()}
        for s, answers in mine.items()
    }
    out = []
    students = sorted(mine)
    for i, one in enumerate(students):
        for other in students[i + 1 :]:
            alike, shares = [], []
            for grade_id in mine[one].keys() & mine[other].keys():
                a, b = rare[one][grade_id], rare[other][grade_id]
                whole = len(mine[one][grade_id] | mine[other][grade_id])
                if whole and len(a & b) >= GRAM and len(mine[one][grade_id] & mine[other][grade_id]) / whole >= SHARE:
                    alike.append(grade_id)
                    shares.append(len(mine[one][grade_id] & mine[other][grade_id]) / whole)
            if alike:
                out.append((one, other, sum(shares) / len(shares), ", ".join(sorted(alike))))
    return sorted(out, key=lambda pair: (-len(pair[3].split(", ")), -pair[2], pair[0]))[:MOST]
