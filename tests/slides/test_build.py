"""Building a deck runs its cells and computes its numbers; an error names file, frame and line."""

import re

import pytest

from course_lib.slides import DeckError, build
from course_lib.slides.cells import computed, fill
from course_lib.slides.markup import highlighted, mathml
from course_lib.slides.quiz import parse_quiz


@pytest.fixture
def deck(tmp_path):
    """Writes a deck and builds it: deck("# A ...") -> html."""

    def made(text, **names):
        path = tmp_path / "slides" / "99_test.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return build(path, **names)

    return made


def test_a_number_is_computed_where_it_stands(deck):
    assert '<span class="num" title="computed: 6 * 7">42</span>' in deck("# A\n\nAnswer {= 6 * 7}.\n")


def test_changing_a_constant_changes_the_number_on_the_slide(deck):
    text = "# A\n\n```compute\nfrom course_lib import ConvShape\nshape = ConvShape(1, 3, 56, 56, K, 3, 3)\n```\n\n{= shape.macs}\n"
    assert ">5,038,848</span>" in deck(text, K=64)
    assert ">2,519,424</span>" in deck(text, K=32)


def test_an_assertion_in_a_cell_stops_the_build(deck):
    with pytest.raises(DeckError, match=r"frame 1 \(A\), line 4: AssertionError"):
        deck("# A\n\n```compute\nassert 1 + 1 == 3\n```\n")


def test_cells_of_a_deck_share_one_namespace_in_order(deck):
    html = deck("# A\n\n```compute\nx = 1\n```\n---\n# B\n\n{= x + 1} and $x = {= x + 2}$\n")
    assert ">2</span>" in html and "<mn>3</mn>" in html


WRONG = {
    "error in a cell": ("# A\n\n```compute\nx = 1\ny = x / 0\n```\n", "slides/99_test.md, frame 1 (A), line 5: ZeroDivisionError"),
    "error in a function of an earlier frame": (
        "# A\n```compute\ndef f():\n    return 1 / 0\n```\n---\n# B\n```figure\nf()\n```\n", "frame 2 (B), line 4: ZeroDivisionError"),
    "syntax": ("# A\n\n```compute\nx = 1\ny = = 2\n```\n", "frame 1 (A), line 5: SyntaxError"),
    "inline name": ("# A\n\none\ntwo {= nothing}\n", "frame 1 (A), line 4: NameError"),
    "inline name in a list": ("# A\n\n- one\n- two {= nothing}\n", "frame 1 (A), line 4: NameError"),
    "inline name in a table": ("# A\n\n| a |\n|---|\n| 1 |\n| {= nothing} |\n", "frame 1 (A), line 6: NameError"),
    "inline syntax": ("# A\n\n{= 1 +}\n", "frame 1 (A), line 3: SyntaxError"),
    "number in notes": ("# A\n\nNote: 1 min. So\nmuch: {= nothing}\n", "frame 1 (A), line 4: NameError"),
    "not a picture": ("# A\n\n```figure\nx = 1\n3\n```\n", "frame 1 (A), line 5: TypeError: a figure cell ends in a Scene"),
    "no last expression": ("# A\n\n```figure\nx = 1\n```\n", "frame 1 (A), line 4: TypeError: a figure cell ends in a Scene"),
    "mathematics": ("# A\n\n$\\frac{1}{$\n", "frame 1 (A), line 3: mathematics"),
    "language": ("# A\n\n```nonsense\nx\n```\n", "frame 1 (A), line 3: listing language 'nonsense'"),
    "source not told": ("# A\n\nSo[^he].\n", "frame 1 (A), line 3: [^he] is cited and never told"),
    "source not cited": ("# A\n\n[^he]: He et al.\n", "99_test.md, line 3: the source [^he] is told and never cited"),
    "outside picture": ("# A\n\n![x](https://example.org/a.png)\n", "line 3: the picture https://example.org/a.png lies outside"),
    "missing picture": ("# A\n\n![x](a.png)\n", "frame 1 (A), line 3: there is no picture a.png"),
    "quiz without answer": ("# A\n```quiz\n? Why\n- a\n! b\n```\n", "frame 1 (A), line 3: a quiz needs a right choice"),
    "prediction of a word": ("# A\n```quiz\n? Why\n= 'a'\n! b\n```\n", "frame 1 (A), line 4: a prediction is a number"),
    "error in a choice": ("# A\n```quiz\n? Why\n- a\n+ {= 1 / 0}\n! b\n```\n", "frame 1 (A), line 5: ZeroDivisionError"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_an_error_is_one_sentence_with_file_frame_and_line(deck, wrong):
    text, said = WRONG[wrong]
    with pytest.raises(DeckError) as error:
        deck(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_braces_of_the_expression_are_no_trouble():
    assert computed("{= {'a': {1: 2}}['a'][1]} x", 0) == ("{'a': {1: 2}}['a'][1]", 25)
    assert fill("{= f'{1.5:.2f}'} and {= {2}.pop()}", lambda code: eval(code)) == "1.50 and 2"


def test_code_and_inline_code_are_left_as_they_are(deck):
    html = deck("# A\n\n`{= x}` and\n\n```text\n{= x} $y$\n```\n")
    assert "<code>{= x}</code>" in html and "{= x} $y$" in html


def test_mathematics_becomes_mathml_and_money_does_not(deck):
    html = deck("# A\n\n$P$ costs $5 and $10.\n\n$$\\frac{H - R}{2}$$\n")
    assert html.count("<math") == 2 and "costs $5 and $10" in html and "<mfrac>" in html
    assert 'display="block"' in mathml("x", block=True) and "xmlns" not in mathml("x")


def test_listings_are_coloured_at_build():
    assert '<span class="k">for</span>' in highlighted("for n in range(N):\n    pass", "python")


def test_sources_are_numbered_by_first_mention_and_told_on_their_frames(deck):
    html = deck("# A\n\nx[^b] y[^a]\n\n[^a]: First.\n[^b]: Second.\n---\n# B\n\nz[^a]\n")
    first, second = re.findall(r'<ol class="sources".*?</ol>', html)
    assert first.index("Second.") < first.index("First.")
    assert '<li value="2">First.</li>' in second and "Second." not in second


def test_notes_and_minutes_are_in_the_page_and_added_up(deck):
    html = deck("# A\n\nNote: 2 min. Say *this*.\n---\n# B\n\nNote: 1.5 min. That.\n")
    assert "<em>this</em>" in html and '"minutes": 3.5' in html


def test_a_choice_knows_whether_it_is_right_and_the_answer_is_on_the_last_page(deck):
    html = deck("# A\n```quiz\n? Which\n- no\n+ yes\n! Because.\n```\n")
    assert re.search(r'data-right="0".*?no.*?data-right="1".*?yes', html, re.S)
    last = html[html.index('<div class="slot answers">') :]
    assert "<b>yes.</b> Because." in last


def test_a_prediction_carries_its_number_and_tolerance(deck):
    html = deck("# A\n```quiz\n? How many\n= 5_038_848 ~ 20% [MACs]\n! So many.\n```\n")
    assert 'data-answer="5038848" data-near="0.2" data-shown="5,038,848"' in html


QUIZZES = {
    "two questions": "? a\n? b\n+ c\n- d\n! e",
    "nothing said": "? a\n+ b\n- c",
    "choices and a number": "? a\n+ b\n- c\n= 3\n! d",
    "no question": "+ a\n- b\n! c",
    "text before the question": "Well,\n? a\n+ b\n- c\n! d",
    "only right ones": "? a\n+ b\n! c",
}


@pytest.mark.parametrize("quiz", QUIZZES)
def test_a_quiz_that_cannot_be_asked_is_refused(quiz):
    with pytest.raises(ValueError, match="^a quiz "):
        parse_quiz(QUIZZES[quiz], 1)


def test_a_matplotlib_figure_is_drawn_the_same_at_every_build(deck):
    text = "# A\n```figure\nfrom matplotlib.figure import Figure\nfig = Figure()\nfig.subplots().plot([1, 3, 2])\nfig\n```\n"
    assert deck(text) == deck(text)


def test_a_local_picture_is_put_into_the_page(deck, tmp_path):
    (tmp_path / "slides").mkdir()
    (tmp_path / "slides" / "dot.gif").write_bytes(b"GIF89a")
    assert 'src="data:image/gif;base64,R0lGODlh"' in deck("# A\n\n![dot](dot.gif)\n")
