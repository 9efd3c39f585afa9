"""The kernel's side of a live picture: a wish is answered, an error is said, nothing waits without a front end."""

import subprocess
import sys

import numpy as np
import pytest

from course_lib.shapes import ConvShape
from course_lib.views import array_grid, live, sliding_window
from course_lib.views.widget import keep_still

pytest.importorskip("anywidget")


def draw(stride, pad):
    if stride == 3:
        raise RuntimeError("no such stride")
    return sliding_window(ConvShape(1, 1, 5, 5, 1, 3, 3, stride=stride, pad=pad))


def test_a_wish_is_answered_with_the_scene_of_those_values():
    widget = live(draw, stride=[1, 2, 3], pad=range(2))
    assert widget.answer == draw(1, 0).data()
    widget.wish = [1, 1]
    assert widget.answer == draw(2, 1).data()
    assert [knob["shown"] for knob in widget.knobs] == [["1", "2", "3"], ["0", "1"]]


def test_an_error_in_the_function_is_said_in_the_widget_and_the_next_wish_works():
    widget = live(draw, stride=[1, 3], pad=[0])
    widget.wish = [1, 0]
    assert widget.answer == {"error": "RuntimeError: no such stride"}
    widget.wish = [0, 0]
    assert widget.answer == draw(1, 0).data()


def test_a_picture_too_large_to_move_is_refused_with_its_size():
    def large(n):
        scene = array_grid(np.zeros((2, 2)))
        object.__setattr__(scene, "alt", "x" * n)
        return scene

    with pytest.raises(ValueError, match="takes 2.5 MB, more than the 2 MB a slider can move"):
        live(large, n=[2_500_000])
    widget = live(large, n=[10, 2_500_000])
    widget.wish = [1]
    assert "takes 2.5 MB" in widget.answer["error"]


@pytest.fixture
def shown(monkeypatch):
    """The outputs of a cell, as `display` was given them."""
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, display_id=None: outputs.append(data))
    return outputs


def test_the_still_picture_comes_first_and_the_widget_hides_it(shown):
    widget = live(draw, stride=[1], pad=[0])
    widget._ipython_display_()
    still, moving = shown
    assert widget.still and f'<div id="{widget.still}"><img ' in still["text/html"]
    assert still["image/svg+xml"] == draw(1, 0).svg(draw(1, 0).poster)
    assert moving["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert set(moving) == {"application/vnd.jupyter.widget-view+json", "text/plain"}  # a code host shows the picture once
    assert "answering(model, el" in widget._esm


def test_the_still_picture_is_replaced_where_it_stands(shown, monkeypatch):
    renewed = []
    monkeypatch.setattr("IPython.display.update_display", lambda data, raw, display_id: renewed.append((data, display_id)))
    widget = live(draw, stride=[1, 2], pad=[0])
    keep_still(widget, draw(2, 0), "another")
    assert renewed == []  # nothing is on the page yet
    widget._ipython_display_()
    keep_still(widget, draw(2, 0), "another")
    ((data, where),) = renewed
    assert where == widget.still and f'<div id="{where}"><img ' in data["text/html"]
    assert data["image/svg+xml"] == draw(2, 0).svg(draw(2, 0).poster)


def test_under_a_grader_there_is_the_still_picture_and_nothing_else(shown, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    live(draw, stride=[1], pad=[0])._ipython_display_()
    assert [set(output) for output in shown] == [{"image/svg+xml", "text/plain"}]


def test_a_position_that_is_not_there_is_refused():
    widget = live(draw, stride=[1, 2], pad=[0])
    with pytest.raises(Exception, match="wish: want a position for each of 2 sliders"):
        widget.wish = [2, 0]
    with pytest.raises(ValueError, match="sliders: want at least one"):
        live(draw)


def test_importing_the_views_needs_neither_widgets_nor_matplotlib():
    heavy = "{'anywidget', 'ipywidgets', 'matplotlib', 'PIL', 'torch', 'IPython'}"
    program = f"import sys, course_lib.views; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"
