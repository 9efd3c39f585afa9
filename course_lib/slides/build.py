"""From a deck's source to one offline HTML page: run the cells in order, render, and put everything into the page."""

from __future__ import annotations

import html
import io
import json
from pathlib import Path
from typing import Any

from .cells import Cells
from .markup import Markup, highlighted
from .quiz import answer_html, parse_quiz, quiz_html
from .source import Deck, DeckError, Frame, read

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
)


class Listing:
    """The source of a function of the library, as it stands there, for a slide: `listing(conv2d)`.

    `start` and `end` are the beginnings of the first and last line to show (all without them); docstring and comments are
    left out. Raises ValueError where no line begins so.
    """

    def __init__(self, function: Any, start: str = "", end: str = "") -> None:
        import ast
        import inspect
        import textwrap

        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        body = tree.body[0]
        assert isinstance(body, ast.FunctionDef | ast.ClassDef)
        if ast.get_docstring(body) is not None:
            del body.body[0]
        lines = ast.unparse(tree).splitlines()
        for name, word in (("start", start), ("end", end)):
            if not any(line.strip().startswith(word) for line in lines):
                raise ValueError(f"{name}: no line of {function.__name__} begins with {word!r}")
        first = next(i for i, line in enumerate(lines) if line.strip().startswith(start))
        last = next((i for i, line in enumerate(lines) if end and line.strip().startswith(end)), len(lines) - 1)
        self.code = textwrap.dedent("\n".join(lines[first : last + 1]))

    def _repr_html_(self) -> str:
        return highlighted(self.code, "python")


def matplotlib_svg(figure: Any) -> str:
    """A matplotlib figure as SVG text that is the same at every build: no date, ids from a fixed salt."""
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "course", "svg.fonttype": "none"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    text = out.getvalue()
    return text[text.index("<svg") :]


def figure_html(value: Any) -> str:
    """What a figure cell ends in, as HTML: a Scene, a Report or other thing that shows itself, a matplotlib figure, or a list of them."""
    if isinstance(value, list | tuple) and value:
        return '<div class="beside">' + "".join(figure_html(item) for item in value) + "</div>"
    if hasattr(value, "fragment"):
        return f'<div class="fig drawn" data-poster="{getattr(value, "poster", 0)}">{value.fragment()}</div>'
    if hasattr(value, "savefig"):
        return f'<figure class="fig plot">{matplotlib_svg(value)}</figure>'
    if hasattr(value, "_repr_html_"):
        return f'<figure class="fig shown">{value._repr_html_()}</figure>'
    raise TypeError(f"a figure cell ends in a Scene, a Report or a matplotlib figure; this one ends in {type(value).__name__}")


class Page:
    """One deck being built: HTML of the frames, answers and sources as they come up."""

    def __init__(self, deck: Deck, folder: Path, names: dict[str, Any]) -> None:
        self.deck = deck
        self.cells = Cells(deck, {"listing": Listing, **names})
        self.frame = deck.frames[0]
        self.cited: list[str] = []
        self.here: list[str] = []
        self.answers: list[tuple[Frame, str, str]] = []
        self.markup = Markup(self.evaluate, self.cite, self.wrong, folder)

    def wrong(self, said: str, line: int) -> DeckError:
        return DeckError(f"{self.deck.where(self.frame, line)}: {said}")

    def evaluate(self, code: str, line: int) -> Any:
        return self.cells.expression(self.frame, line, code)

    def cite(self, key: str, line: int) -> int:
        """The number of a source, by first mention in the deck; it is told at the foot of the frame."""
        if key not in self.deck.sources:
            raise self.wrong(f"[^{key}] is cited and never told; write a line `[^{key}]: Author, title, year`", line)
        if key not in self.cited:
            self.cited.append(key)
        if key not in self.here:
            self.here.append(key)
        return self.cited.index(key) + 1

    def quiz(self, text: str, line: int) -> str:
        try:
            quiz = parse_quiz(text, line)
        except ValueError as error:
            raise self.wrong(str(error), line) from error
        number = None
        if quiz.answer:
            value = self.evaluate(quiz.answer, quiz.answer_line)
            try:
                number = int(value) if float(value) == int(value) else float(value)
            except (TypeError, ValueError, OverflowError):
                raise self.wrong(f"a prediction is a number; {quiz.answer!r} is {value!r}", quiz.answer_line) from None
        name = f"quiz-{self.frame.number}-{sum(frame is self.frame for frame, _, _ in self.answers) + 1}"
        shown = quiz_html(quiz, name, self.markup.inline, number)
        self.answers.append((self.frame, self.markup.inline(quiz.ask, quiz.line), answer_html(quiz, self.markup.inline, number)))
        return shown

    def part(self, kind: str, text: str, line: int, options: str) -> str:
        """One part of a frame as HTML."""
        if kind == "text":
            return f'<div class="prose">{self.markup.blocks(text, line)}</div>'
        if kind == "quiz":
            return self.quiz(text, line)
        if kind == "columns":
            return f'<div class="columns" style="grid-template-columns:{options or "1fr 1fr"}"><div class="column">'
        if kind == "column":
            return '</div><div class="column">'
        if kind == "end":
            return "</div></div>"
        value = self.cells.value(self.frame, line, text)
        if kind == "compute":
            return ""
        try:
            return figure_html(value)
        except Exception as error:
            raise self.cells.fail(self.frame, line + text.count("\n"), error) from error

    def section(self, frame: Frame, total: int) -> str:
        """One frame as a section of the page."""
        self.frame, self.here = frame, []
        title = self.markup.inline(frame.title, frame.line)
        body = "".join(self.part(p.kind, p.text, p.line, p.options) for p in frame.parts)
        notes = self.markup.blocks(frame.notes, frame.notes_line) if frame.notes else ""
        told = "".join(
            f'<li value="{self.cited.index(key) + 1}">{self.markup.inline(self.deck.sources[key][0], self.deck.sources[key][1])}</li>'
            for key in sorted(self.here, key=self.cited.index)
        )
        sources = f'<ol class="sources" aria-label="sources">{told}</ol>' if told else ""
        classes = " ".join(["frame", *frame.classes])
        return (
            f'<div class="slot"><section class="{classes}" id="{frame.anchor}" tabindex="-1" role="group" aria-roledescription="slide" '
            f'aria-label="{frame.number} of {total}: {html.escape(plain(frame.title))}" data-minutes="{frame.minutes:g}" '
            f'data-anchors="{" ".join((frame.anchor, *frame.also))}">'
            f'<h1>{title}</h1><div class="body">{body}</div>{sources}<span class="page" aria-hidden="true">{frame.number}</span></section>'
            f'<aside class="notes" aria-label="speaker notes"><b>{frame.minutes:g} min</b>{notes}</aside></div>\n'
        )

    def last_page(self) -> str:
        """The printed last page: every question with its answer."""
        if not self.answers:
            return ""
        items = "".join(f'<li value="{frame.number}"><span class="asked">{ask}</span> {answer}</li>' for frame, ask, answer in self.answers)
        return f'<div class="slot answers"><section class="frame" aria-label="answers"><h1>Answers</h1><ol>{items}</ol></section></div>\n'

    def html(self) -> str:
        """The page. The same source gives the same bytes."""
        from ..views import player_assets

        css, js = player_assets()
        sections = "".join(self.section(frame, len(self.deck.frames)) for frame in self.deck.frames)
        if unused := [key for key in self.deck.sources if key not in self.cited]:
            raise DeckError(f"{self.deck.file}, line {self.deck.sources[unused[0]][1]}: the source [^{unused[0]}] is told and never cited")
        title = html.escape(plain(self.deck.frames[0].title))
        minutes = sum(frame.minutes for frame in self.deck.frames)
        facts = json.dumps({"title": plain(self.deck.frames[0].title), "minutes": minutes})
        style = "\n".join([css, palette(), (STATIC / "deck.css").read_text(encoding="utf-8")])
        script = "\n".join([js, (STATIC / "deck.js").read_text(encoding="utf-8")]).replace("</script", "<\\/script")
        return (
            '<!doctype html>\n<html lang="en" data-theme="light">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>\n{style}\n</style>\n</head>\n<body>\n"
            f'<main class="deck" aria-roledescription="slide deck" aria-label="{title}">\n{sections}{self.last_page()}</main>\n'
            f'<script type="application/json" id="deck-facts">{facts}</script>\n'
            f"<script>\n{script}\n</script>\n</body>\n</html>\n"
        )


def palette() -> str:
    """The pictures' colours as CSS variables of the deck."""
    from ..views.palette import THEMES

    def block(theme: str) -> str:
        return "".join(f"--{name}:{value};" for name, value in THEMES[theme].items())

    return f":root{{{block('light')}}}\n:root[data-theme=dark]{{{block('dark')}}}\n@media print{{:root[data-theme]{{{block('light')}}}}}"


def plain(title: str) -> str:
    """A title without marks, for the window's name and a screen reader."""
    return "".join(c for c in title if c not in "*`$")


def build(path: Path, **names: Any) -> str:
    """slides/nn_name.md -> the text of its HTML page; `names` are put into the cells' namespace. DeckError with file, frame and line."""
    return Page(read(path), path.parent, names).html()
