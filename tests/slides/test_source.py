"""A deck's text becomes frames and parts, and what is broken in it is said with file, frame and line."""

import pytest

from course_lib.slides import DeckError, parse

DECK = """# First {#one #uno .grid}

Text.

```compute
x = 2
```

::: columns 7:5
left
|||
```quiz
? 1 + 1
+ 2
- 3
! Count.
```
:::

[^a]: A. Author, *Title*, 2021.

Note: 2.5 min. Say **this**.
And that.
---
# Second
```python
x = 1
---
y = 2
```
"""


def test_frames_are_cut_at_rules_outside_of_fences():
    deck = parse(DECK)
    assert [(frame.number, frame.title, frame.anchor) for frame in deck.frames] == [(1, "First", "one"), (2, "Second", "second")]


def test_parts_keep_their_order_and_their_lines():
    first = parse(DECK).frames[0]
    assert [(part.kind, part.line) for part in first.parts] == [
        ("text", 2), ("compute", 6), ("columns", 9), ("text", 10), ("column", 11), ("quiz", 13), ("end", 18),
    ]  # fmt: skip
    assert first.parts[2].options == "7fr 5fr"


def test_anchors_classes_notes_and_sources_are_found():
    deck = parse(DECK)
    first = deck.frames[0]
    assert (first.also, first.classes) == (("uno",), ("grid",))
    assert (first.minutes, first.notes) == (2.5, "Say **this**.\nAnd that.")
    assert deck.sources == {"a": ("A. Author, *Title*, 2021.", 20)}


BROKEN = {
    "no title": ("Hello\n", "d.md, frame 1, line 1: a frame begins with its title"),
    "empty frame": ("# A\n---\n\n---\n# B\n", "d.md, line 3: an empty frame"),
    "strange attribute": ("# A {anchor}\n", "frame 1, line 1: in {...} after a title"),
    "anchor twice": ("# A {#x}\n---\n# B {#x}\n", "frame 2 (B), line 3: the anchor #x is frame 1's already"),
    "no minutes": ("# A\n\nNote: hello\n", "frame 1 (A), line 3: a note says its minutes first"),
    "open fence": ("# A\n```figure\n1\n", "frame 1 (A), line 2: the block opened with ``` is never closed"),
    "open columns": ("# A\n\n::: columns 1:1\ntext\n", "frame 1 (A), line 3: `::: columns` is never closed"),
    "three columns": ("# A\n::: columns 1:1\n|||\n|||\n:::\n", "frame 1 (A), line 4: there are two columns"),
    "column outside": ("# A\n|||\n", "frame 1 (A), line 2: `|||` stands outside"),
    "nested columns": ("# A\n::: columns 1:1\n::: columns 1:1\n", "frame 1 (A), line 3: columns open with"),
    "source twice": ("# A\n[^a]: one\n[^a]: two\n", "frame 1 (A), line 3: the source [^a] is told twice"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_source_is_said_in_one_sentence_with_its_place(broken):
    text, said = BROKEN[broken]
    with pytest.raises(DeckError) as error:
        parse(text, "d.md")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
