"""A deck's source as data: the text of slides/nn_name.md cut into frames, and each frame into parts, lines kept for errors.

The format is told in slides/README.md. Nothing is run and nothing is drawn here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = "slides/README.md"

FENCE = re.compile(r"^(`{3,}|~{3,})\s*(\w*)\s*(.*)$")
HEADING = re.compile(r"^#\s+(.*?)\s*(?:\{([^{}]*)\})?\s*$")
NOTE = re.compile(r"^Note:\s*(?:(\d+(?:\.\d+)?)\s*min\b[.:]?)?\s*(.*)$")
CITED = re.compile(r"^\[\^([\w-]+)\]:\s+(.+)$")
COLUMNS = re.compile(r"^:::\s*columns(?:\s+(\d+):(\d+))?\s*$")
CELLS = ("figure", "compute", "quiz")


class DeckError(ValueError):
    """A deck that cannot be built: one sentence with file, frame and line."""


@dataclass(frozen=True)
class Part:
    """A piece of a frame: `kind` is text, figure, compute, quiz, columns, column or end; `line` is its first line in the file."""

    kind: str
    text: str
    line: int
    options: str = ""


@dataclass(frozen=True)
class Frame:
    """One frame: its number from 1, title, anchor, parts in order, speaker notes and the minutes they say."""

    number: int
    title: str
    anchor: str
    line: int
    parts: tuple[Part, ...]
    classes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()  # further anchors that lead here
    notes: str = ""
    notes_line: int = 0
    minutes: float = 0.0


@dataclass(frozen=True)
class Deck:
    """A deck as written: file name, frames in order, and the cited sources by key with their line."""

    file: str
    frames: tuple[Frame, ...]
    sources: dict[str, tuple[str, int]] = field(default_factory=dict)

    def where(self, frame: Frame, line: int) -> str:
        """How an error says the place: file, frame and line."""
        return f"{self.file}, frame {frame.number} ({frame.title}), line {line}"


def slices(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """(number of the first line, lines) of each frame: cut at `---` outside of fences."""
    start, fence = 0, ""
    for i, line in enumerate(lines):
        if fence:
            fence = "" if line.strip() == fence else fence
        elif opened := FENCE.match(line):
            fence = opened[1]
        elif line.strip() == "---":
            yield start + 1, lines[start:i]
            start = i + 1
    yield start + 1, lines[start:]


def parse(text: str, file: str = "deck.md") -> Deck:
    """The source of a deck as data; DeckError where the format is broken.

    >>> deck = parse("# One {#first}\\n\\nHello.\\n\\nNote: 2 min. Wave.\\n---\\n# Two\\n")
    >>> [(frame.number, frame.title, frame.anchor, frame.minutes) for frame in deck.frames]
    [(1, 'One', 'first', 2.0), (2, 'Two', 'two', 0.0)]
    """
    sources: dict[str, tuple[str, int]] = {}
    frames: list[Frame] = []
    for start, lines in slices(text.splitlines()):
        if not any(line.strip() for line in lines):
            raise DeckError(f"{file}, line {start}: an empty frame; take one of the two `---` out")
        frames.append(frame_of(lines, start, len(frames) + 1, file, sources))
    seen: dict[str, int] = {}
    for frame in frames:
        for anchor in (frame.anchor, *frame.also):
            if anchor in seen:
                raise DeckError(
                    f"{file}, frame {frame.number} ({frame.title}), line {frame.line}: the anchor #{anchor} "
                    f"is frame {seen[anchor]}'s already; give this one another"
                )
            seen[anchor] = frame.number
    return Deck(file, tuple(frames), sources)


def frame_of(lines: list[str], start: int, number: int, file: str, sources: dict[str, tuple[str, int]]) -> Frame:
    """The lines of one frame as a Frame; cited sources go to `sources`."""
    head = next(i for i, line in enumerate(lines) if line.strip())
    heading = HEADING.match(lines[head])
    place = f"{file}, frame {number}, line {start + head}"
    if not heading:
        raise DeckError(f"{place}: a frame begins with its title, `# Title {{#anchor}}`; got {lines[head].strip()[:60]!r}")
    title, anchors, classes = heading[1], [], []
    for word in (heading[2] or "").split():
        if word.startswith("#"):
            anchors.append(word[1:])
        elif word.startswith("."):
            classes.append(word[1:])
        else:
            raise DeckError(f"{place}: in {{...}} after a title stand #anchor and .class; got {word!r}")
    anchor, *also = anchors or [re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")]
    parts: list[Part] = []
    prose: list[str] = []
    begun = opened = 0
    notes: list[str] | None = None
    notes_line, minutes, columns = 0, 0.0, 0

    def flush() -> None:
        if any(line.strip() for line in prose):
            parts.append(Part("text", "\n".join(prose), begun))
        prose.clear()

    i = head + 1
    while i < len(lines):
        line, at = lines[i], start + i
        i += 1
        if notes is not None:
            notes.append(line)
        elif said := NOTE.match(line):
            if said[1] is None:
                raise DeckError(f"{file}, frame {number} ({title}), line {at}: a note says its minutes first: `Note: 2 min. ...`")
            notes, notes_line, minutes = [said[2]], at, float(said[1])
        elif cited := CITED.match(line):
            if cited[1] in sources:
                raise DeckError(f"{file}, frame {number} ({title}), line {at}: the source [^{cited[1]}] is told twice")
            sources[cited[1]] = cited[2], at
        elif fence := FENCE.match(line):
            body = i
            while i < len(lines) and lines[i].strip() != fence[1]:
                i += 1
            if i == len(lines):
                raise DeckError(f"{file}, frame {number} ({title}), line {at}: the block opened with {fence[1]} is never closed")
            if fence[2] in CELLS:
                flush()
                parts.append(Part(fence[2], "\n".join(lines[body:i]), start + body, fence[3]))
            else:
                begun = begun if prose else at
                prose.extend(lines[body - 1 : i + 1])
            i += 1
        elif line.startswith(":::") or line.strip() == "|||":
            flush()
            kind = "column" if line.strip() == "|||" else "end" if line.strip() == ":::" else "columns"
            ratio = COLUMNS.match(line)
            if kind == "columns" and (not ratio or columns):
                raise DeckError(f"{file}, frame {number} ({title}), line {at}: columns open with `::: columns 1:1` and do not nest")
            if kind != "columns" and not columns:
                raise DeckError(f"{file}, frame {number} ({title}), line {at}: `{line.strip()}` stands outside of `::: columns`")
            columns = {"columns": 1, "column": columns + 1, "end": 0}[kind]
            opened = at if kind == "columns" else opened
            parts.append(Part(kind, "", at, f"{ratio[1]}fr {ratio[2]}fr" if ratio and ratio[1] else ""))
            if columns > 2:
                raise DeckError(f"{file}, frame {number} ({title}), line {at}: there are two columns; this is a third")
        else:
            begun = begun if prose else at
            prose.append(line)
    flush()
    if columns:
        raise DeckError(f"{file}, frame {number} ({title}), line {opened}: `::: columns` is never closed by `:::`")
    return Frame(number, title, anchor, start + head, tuple(parts), tuple(classes), tuple(also),
                 "\n".join(notes or []).strip(), notes_line, minutes)  # fmt: skip


def read(path: Path) -> Deck:
    """The deck in a file; its errors name the file by its last two parts, slides/nn_name.md."""
    return parse(path.read_text(encoding="utf-8"), "/".join(path.parts[-2:]))
