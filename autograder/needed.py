"""Which cells must run to judge the exercises: a lab's pictures and timings need not, and they take most of its time.

A cell of the release that the student left as it was is passed over when it binds no name that a needed cell uses.
Answers, tests, locked cells and everything the student wrote are always needed.
"""

from __future__ import annotations

import symtable
from collections.abc import Iterable
from typing import Any


def names(source: str) -> tuple[set[str], set[str]] | None:
    """(names bound at the top level, global names used anywhere in it), or None where the source is no plain Python."""
    try:
        table = symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return None
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    used = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    inner = list(table.get_children())
    while inner:
        child = inner.pop()
        inner += child.get_children()
        for symbol in child.get_symbols():
            if symbol.is_global():
                used |= {symbol.get_name()} if symbol.is_referenced() else set()
                bound |= {symbol.get_name()} if symbol.is_assigned() else set()
    return bound, used


def needed(cells: list[Any], always: Iterable[int]) -> set[int]:
    """The cells to run: `always`, and whatever binds a name that they use, and so on."""
    known = {i: names(cell["source"]) for i, cell in enumerate(cells) if cell["cell_type"] == "code"}
    keep = {i for i in always if i in known} | {i for i, said in known.items() if said is None}
    while True:
        used = set().union(*(known[i][1] for i in keep if known[i] is not None)) if keep else set()
        more = {i for i, said in known.items() if i not in keep and said is not None and said[0] & used}
        if not more:
            return keep
        keep |= more
