"""Pictures of sparse weights: what they show is what the record says; each has its words, both themes, and refuses what it cannot draw."""

import numpy as np
import pytest

from course_lib.machine.pipeline import run, sparse_naive
from course_lib.sparse import CSC, CSR, dilated, point_cloud
from course_lib.views import active_places, direct_steps, format_building, pipeline_view

A = np.array([[0, 5, 0, 0], [0, 0, 0, 0], [7, 0, 8, 0], [0, -3, 0, 2]])
X, WT = np.arange(30).reshape(5, 6) % 10, np.array([[1, 0, 2], [0, 0, 0], [0, -1, 0]])
SCENES = {
    "pipeline": lambda: pipeline_view(run(sparse_naive([False, True, True, False]))),
    "csr": lambda: format_building(A),
    "csc": lambda: format_building(A, by="columns"),
    "direct": lambda: direct_steps(X, WT),
    "places": lambda: active_places({"points": point_cloud(16), "submanifold": point_cloud(16)}, 16),
}


@pytest.mark.parametrize("name", SCENES)
def test_every_frame_is_drawn_in_both_themes_and_said_in_words(name):
    scene = SCENES[name]()
    assert len(scene) > 1 and scene.alt and all(frame.caption for frame in scene.frames)
    for frame in (0, len(scene) // 2, len(scene) - 1):
        assert scene.svg(frame).startswith("<svg") and scene.svg(frame, "dark") != scene.svg(frame)
    assert len(str(scene.data())) < 300_000


def test_the_pipelines_bubbles_are_the_runs():
    ran = run(sparse_naive([False, True, True, False]))
    scene = pipeline_view(ran)
    gaps = [item for item in scene.items if item["id"].startswith("gap") and item["kind"] == "rect"]
    assert len(gaps) == 2 and f"{ran.bubbles} of them bubbles" in scene.alt
    assert f"{ran.bubbles} cycles lost" in scene.frames[-1].caption


@pytest.mark.parametrize("by, made", [("rows", CSR), ("columns", CSC)])
def test_the_arrays_at_the_end_are_the_formats(by, made):
    last = format_building(A, by=by).at(-1)
    form = made.from_dense(A)
    pointer, index = (form.rowptr, form.colidx) if by == "rows" else (form.colptr, form.rowidx)
    assert last["g0"]["text"] == [str(n) for n in pointer] and last["g0"]["upto"] == len(pointer)
    assert last["g1"]["text"] == [str(n) for n in index] and last["g1"]["upto"] == last["g2"]["upto"] == form.nnz
    assert f"{4 * (len(pointer) + 2 * form.nnz)} bytes" in format_building(A, by=by).frames[-1].caption


def test_the_last_output_is_the_convolution_and_each_step_one_shift():
    scene = direct_steps(X, WT)
    seen = np.lib.stride_tricks.sliding_window_view(X, WT.shape)
    want = np.einsum("pqrs,rs->pq", seen, WT)
    assert [t.replace("−", "-") for t in scene.at(-1)["o"]["text"]] == [str(n) for n in want.ravel()]
    assert len(scene) == 2 + np.count_nonzero(WT)
    assert [scene.at(i)["shift"]["at"] for i in (1, 2, 3)] == np.argwhere(WT).tolist()


def test_places_are_counted():
    points = point_cloud(16)
    scene = active_places({"points": points}, 16)
    assert f"points: {len(points)} active" in scene.alt


@pytest.mark.parametrize(
    "draw, said",
    [
        (lambda: format_building(np.ones((13, 2))), "a: want a matrix"),
        (lambda: format_building(A, by="diagonals"), "by: want 'rows' or 'columns'"),
        (lambda: direct_steps(np.ones((2, 2)), np.ones((3, 3))), "x, w: want"),
        (lambda: active_places({}, 16), "pictures, size: want at least one"),
        (lambda: active_places({"out": dilated(np.array([[0, 0]]), 3, 3)}, 16), "places outside"),
        (lambda: pipeline_view(run([])), "run: want at least one instruction"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(draw, said):
    with pytest.raises(ValueError, match=said):
        draw()
