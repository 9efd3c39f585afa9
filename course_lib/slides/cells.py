"""Running what a deck computes: cells and inline expressions, in one namespace a deck, with errors that name the slide's line."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Callable
from typing import Any

from .source import Deck, DeckError, Frame


class Cells:
    """The namespace of one deck. `value` runs a cell and gives its last expression; `expression` evaluates one expression."""

    def __init__(self, deck: Deck, names: dict[str, Any] | None = None) -> None:
        self.deck = deck
        self.names: dict[str, Any] = {"__name__": "__deck__", **(names or {})}

    def fail(self, frame: Frame, line: int, error: BaseException) -> DeckError:
        """`error` as a DeckError at the deepest line of the deck that led to it."""
        if isinstance(error, SyntaxError) and error.filename == self.deck.file:
            line = error.lineno or line
        else:
            lines = [entry.lineno for entry in traceback.extract_tb(error.__traceback__) if entry.filename == self.deck.file]
            line = lines[-1] if lines and lines[-1] else line
        said = str(error).split("\n")[0]
        return DeckError(f"{self.deck.where(frame, line)}: {type(error).__name__}: {said}")

    def value(self, frame: Frame, line: int, code: str) -> Any:
        """Run a cell whose first line is `line` of the file; the value of its last expression, None if it ends otherwise."""
        try:
            tree = ast.parse(code, self.deck.file)
            ast.increment_lineno(tree, line - 1)
            last = tree.body.pop() if tree.body else None
            if not isinstance(last, ast.Expr):
                tree.body += [last] if last else []
            exec(compile(tree, self.deck.file, "exec"), self.names)
            return eval(compile(ast.Expression(last.value), self.deck.file, "eval"), self.names) if isinstance(last, ast.Expr) else None
        except SyntaxError as error:
            if error.filename == self.deck.file and error.lineno and error.lineno < line:
                error.lineno += line - 1  # raised by ast.parse, which counts from the cell's first line
            raise self.fail(frame, line, error) from error
        except Exception as error:
            raise self.fail(frame, line, error) from error

    def expression(self, frame: Frame, line: int, code: str) -> Any:
        """The value of one expression, as in `{= shape.macs}`."""
        try:
            tree = ast.parse(code.strip(), self.deck.file, "eval")
            ast.increment_lineno(tree, line - 1)
            return eval(compile(tree, self.deck.file, "eval"), self.names)
        except SyntaxError as error:
            error.lineno = line
            raise self.fail(frame, line, error) from error
        except Exception as error:
            raise self.fail(frame, line, error) from error


def spoken(value: Any) -> str:
    """An inline number as a reader sees it; text stays as it is.

    >>> spoken(5038848), spoken(8.3686), spoken("2 x 3")
    ('5,038,848', '8.369', '2 x 3')
    """
    from ..records import text_of

    return text_of(value)


def computed(text: str, start: int) -> tuple[str, int] | None:
    """(expression, position after its brace) of a `{= expression}` that begins at `start`; None where there is none.

    The expression ends at the first `}` that leaves valid Python, so that braces of its own are no trouble.

    >>> computed("see {= {'a': 1}['a']} there", 4)
    ("{'a': 1}['a']", 21)
    """
    if not text.startswith("{=", start):
        return None
    first = end = text.find("}", start)
    while end >= 0:
        code = text[start + 2 : end].strip()
        try:
            ast.parse(code, mode="eval")
            return code, end + 1
        except SyntaxError:
            end = text.find("}", end + 1)
    return (text[start + 2 : first].strip(), first + 1) if first >= 0 else None


Evaluate = Callable[[str], Any]


def fill(text: str, evaluate: Evaluate) -> str:
    """`text` with every `{= expression}` replaced by its value, plain (for mathematics, answers and labels)."""
    out, i = [], 0
    while (found := text.find("{=", i)) >= 0:
        here = computed(text, found)
        if here is None:
            break
        out += [text[i:found], spoken(evaluate(here[0]))]
        i = here[1]
    return "".join([*out, text[i:]])
