"""Prose to HTML: markdown, with mathematics as MathML, listings coloured at build, and numbers computed where they stand."""

from __future__ import annotations

import base64
import html
import mimetypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .cells import computed, fill, spoken
from .source import DeckError


def mathml(latex: str, block: bool = False) -> str:
    """LaTeX as MathML, without the namespace an HTML page does not need; ValueError where latex2mathml gives up.

    >>> mathml("P")
    '<math display="inline"><mrow><mi>P</mi></mrow></math>'
    """
    from latex2mathml.converter import convert

    try:
        text = convert(latex, display="block" if block else "inline")
    except Exception as error:
        raise ValueError(f"mathematics {latex!r} cannot be read ({type(error).__name__})") from error
    return re.sub(r' xmlns="[^"]*"', "", text)


def highlighted(code: str, language: str) -> str:
    """A listing as coloured HTML; the colours are CSS classes, so both themes have their own."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        raise ValueError(f"listing language {language!r} is not known; `text` colours nothing") from None
    body = highlight(code.strip("\n") + "\n", lexer, HtmlFormatter(nowrap=True))
    return f'<pre class="listing"><code>{body.rstrip()}</code></pre>'


def number_html(code: str, value: Any) -> str:
    """A computed number: its value, and on hover the expression it came from."""
    return f'<span class="num" title="computed: {html.escape(code)}">{html.escape(spoken(value))}</span>'


def kept_together(text: str) -> str:
    """No line break inside a size such as 3 × 56 × 56 or H = 8, and none before a per cent sign."""
    text = re.sub(r"(?<=[\w}]) × (?=[\w{])", "\u00a0×\u00a0", text)
    text = re.sub(r"(?<=\b[A-Z]) = (?=\d)", "\u00a0=\u00a0", text)
    return re.sub(r"(?<=[\d}]) %", "\u00a0%", text)


class Markup:
    """Markdown of one deck to HTML.

    `evaluate(code, line)` computes inline expressions, `cite(key, line)` gives a source's number; both raise DeckError.
    `folder` is where local pictures are looked for: they are put into the page, and nothing else may be.
    """

    def __init__(self, evaluate: Callable[[str, int], Any], cite: Callable[[str, int], int],
                 wrong: Callable[[str, int], DeckError], folder: Path) -> None:  # fmt: skip
        from markdown_it import MarkdownIt

        self.evaluate, self.cite, self.wrong, self.folder = evaluate, cite, wrong, folder
        self.first = 1
        self.line = 1
        md = MarkdownIt("commonmark", {"html": True, "typographer": True}).enable(["table", "strikethrough"])
        md.inline.ruler.before("escape", "computed", self._computed)
        md.inline.ruler.before("escape", "math", self._math)
        md.inline.ruler.before("link", "cite", self._cite)
        md.core.ruler.at("inline", self._inlines)
        md.add_render_rule("fence", lambda _, tokens, i, *rest: self._fence(tokens[i]))
        md.add_render_rule("image", lambda _, tokens, i, *rest: self._image(tokens[i]))
        self.md = md

    def blocks(self, text: str, line: int) -> str:
        """Markdown with paragraphs, lists and tables; `line` is where it begins in the file."""
        self.first = self.line = line
        return str(self.md.render(kept_together(text)))

    def inline(self, text: str, line: int) -> str:
        """A title, question or choice: inline markdown alone."""
        self.first = self.line = line
        return str(self.md.renderInline(kept_together(text)))

    def _inlines(self, state: Any) -> None:
        """Parse each block's inline text, in order, knowing the line it begins on (a table's cell: the line of its row)."""
        for token in state.tokens:
            if token.map:
                self.line = self.first + token.map[0]
            if token.type == "inline":
                state.md.inline.parse(token.content, state.md, state.env, token.children)

    def _place(self, state: Any) -> int:
        return self.line + int(state.src.count("\n", 0, state.pos))

    def _computed(self, state: Any, silent: bool) -> bool:
        here = computed(state.src, state.pos)
        if here is None or here[1] > state.posMax:
            return False
        if not silent:
            line = self._place(state)
            state.push("html_inline", "", 0).content = number_html(here[0], self.evaluate(here[0], line))
        state.pos = here[1]
        return True

    def _math(self, state: Any, silent: bool) -> bool:
        found = re.compile(r"\$\$(.+?)\$\$|\$(?!\s)([^$]+?)(?<!\s)\$(?!\d)", re.S).match(state.src, state.pos)
        if not found:
            return False
        if not silent:
            line = self._place(state)
            latex = fill(found[1] or found[2], lambda code: self.evaluate(code, line))
            latex = re.sub(r"(?<=\d),(?=\d{3})", "{,}", latex)
            try:
                state.push("html_inline", "", 0).content = mathml(latex, block=bool(found[1]))
            except ValueError as error:
                raise self.wrong(str(error), line) from error
        state.pos = found.end()
        return True

    def _cite(self, state: Any, silent: bool) -> bool:
        found = re.compile(r"\[\^([\w-]+)\]").match(state.src, state.pos)
        if not found:
            return False
        if not silent:
            number = self.cite(found[1], self._place(state))
            state.push("html_inline", "", 0).content = f'<sup class="cite">{number}</sup>'
        state.pos = found.end()
        return True

    def _fence(self, token: Any) -> str:
        line = self.first + (token.map[0] if token.map else 0)
        try:
            return highlighted(token.content, token.info.strip())
        except ValueError as error:
            raise self.wrong(str(error), line) from error

    def _image(self, token: Any) -> str:
        source, alt = str(token.attrs["src"]), html.escape(token.content)
        if re.match(r"[a-z]+:|//", source):
            raise self.wrong(f"the picture {source} lies outside; a deck makes no request: put the file beside the deck", self.line)
        path = self.folder / source
        if not path.is_file():
            raise self.wrong(f"there is no picture {source} beside the deck", self.line)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return f'<img alt="{alt}" src="data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}">'
