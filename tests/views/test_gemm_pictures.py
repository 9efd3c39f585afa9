"""The pictures of a matrix product: heights are the speeds, boxes are the walk's blocks, the packing line is the order of the copy."""

import itertools
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from test_pictures import boxes

from course_lib.gemm import Blocks, goto, packed
from course_lib.gemm.times import gemm_times
from course_lib.records import Report
from course_lib.shapes import GemmShape
from course_lib.views.gemm.gemm_blocking import CELL, gemm_blocking
from course_lib.views.gemm.ladder_curves import apart, ladder_curves

SIZES, TILE = (12, 24, 16), (3, 4)
BLOCKS = Blocks(3, 4, 8, 6, 16)
RAGGED = Blocks(3, 4, 7, 6, 16)


def blocking(blocks=BLOCKS, sizes=SIZES):
    return gemm_blocking(goto.walk(GemmShape(*sizes), blocks), sizes, (blocks.mr, blocks.nr))


def curves():
    return ladder_curves(gemm_times("ladder"), gemm_times("roof")["peak GFLOP/s"][0])


PICTURES = {"gemm_blocking": (blocking, 2), "gemm_ladder": (lambda: ladder_curves(TABLE, 50.0), 2)}
TABLE = Report.of([{"n": n, "step": s, "GFLOP/s": v * n / 64} for n in (64, 128, 256) for s, v in (("three loops", 1.0), ("tiles", 4.0))])


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_looks_as_it_did(name, golden):
    make, frame = PICTURES[name]
    golden(f"{name}.svg", make().svg(frame))


@pytest.mark.parametrize("make", [blocking, curves, lambda: blocking(Blocks(2, 2, 3, 4, 6), (5, 7, 4))])
def test_no_word_runs_over_the_edge_or_into_another(make):
    scene = make()
    for f in {0, len(scene) // 2, len(scene) - 1}:
        found = list(boxes(scene, f))
        for words, left, top, right, bottom in found:
            assert left >= -14 and right <= scene.width + 14 and top >= -4 and bottom <= scene.height + 8, words
        for (a, al, at, ar, ab), (b, bl, bt, br, bb) in itertools.combinations(found, 2):
            assert min(ar, br) - max(al, bl) <= 1 or min(ab, bb) - max(at, bt) <= 1, (f, a, b)


@pytest.mark.parametrize("make", [blocking, curves])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_is_sound_xml_of_moderate_size(make, theme):
    scene = make()
    text = scene.svg(len(scene) - 1, theme)
    assert ElementTree.fromstring(text)[1].text == scene.alt and "nan" not in text
    assert len(json.dumps(scene.data(), allow_nan=False)) < 300_000


def places(d):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", d)]


@pytest.mark.parametrize("blocks", [BLOCKS, RAGGED])
def test_the_line_through_a_block_is_the_order_in_which_it_is_packed(blocks):
    M, N, K = SIZES
    scene = blocking(blocks)
    state, b = scene.at(0), np.arange(K * N).reshape(K, N)
    at = [int((y - state["b"]["y"]) / CELL) * N + int((x - state["b"]["x"]) / CELL) for x, y in places(state["order.b"]["d"])]
    block = b[: blocks.kc, : blocks.nc]
    want = [v for panel in packed.pack_columns(block + 1, blocks.nr) for v in panel.ravel() if v]
    assert [v + 1 for v in at] == want
    state, a = scene.at(1), np.arange(M * K).reshape(M, K)
    at = [int((y - state["a"]["y"]) / CELL) * K + int((x - state["a"]["x"]) / CELL) for x, y in places(state["order.a"]["d"])]
    assert [v + 1 for v in at] == [v for panel in packed.pack_rows(a[: blocks.mc, : blocks.kc] + 1, blocks.mr) for v in panel.ravel() if v]


def test_boxes_lie_where_the_walk_says_and_all_work_is_counted():
    scene, rows = blocking(), list(goto.walk(GemmShape(*SIZES), BLOCKS))
    last, tile = scene.at(len(scene) - 1), rows[-1]
    for name, grid, row, col, high, wide in (
        ("c.reg", "c", "i", "j", "high", "wide"), ("a.l1", "a", "i", "k", "high", "deep"), ("b.l1", "b", "k", "j", "deep", "wide"),
    ):  # fmt: skip
        box = last[name]
        assert box["x"] == last[grid]["x"] + tile[col] * CELL and box["y"] == last[grid]["y"] + tile[row] * CELL
        assert box["w"] == tile[wide] * CELL and box["h"] == tile[high] * CELL and "hide" not in box
    M, N, K = SIZES
    copied = K * N + 2 * M * K  # a once for each of the two blocks of columns
    assert last["count"]["text"] == f"{copied:,} numbers copied, {M * N * K:,} of {M * N * K:,} multiply-adds done"


def test_a_faster_step_is_higher_and_the_roof_is_above_all():
    scene = ladder_curves(TABLE, 50.0)
    state = scene.at(len(scene) - 1)
    slow, fast = (places(state[f"curve{i}"]["d"]) for i in (0, 1))
    for (x1, y1), (x2, y2) in zip(slow, fast, strict=True):
        assert x1 == x2 and y2 < y1 and y2 > state["roof"]["y1"]
    # a factor of four is always the same height
    assert len({round(y1 - y2, 0) for (_, y1), (_, y2) in zip(slow, fast, strict=True)}) == 1
    first = scene.at(0)
    assert "hide" not in first["curve0"] and first["curve1"]["hide"]
    assert scene.frames[1].caption == "tiles: 16 GFLOP/s at most (order 256), 32 % of the roof."


def test_labels_keep_their_distance_and_their_order():
    rng = np.random.default_rng(0)
    for _ in range(50):
        wanted = list(rng.uniform(0, 300, int(rng.integers(1, 12))))
        placed = apart(wanted, 20, 0, 300)
        order = np.argsort(wanted, kind="stable")
        assert (np.diff(np.array(placed)[order]) >= 20 - 1e-9).all()
        assert min(placed) >= 0 and max(placed) <= 300 + 1e-9


def test_what_cannot_be_drawn_is_refused_in_words():
    with pytest.raises(ValueError, match="walk: want the column 'i'"):
        gemm_blocking(Report.of([{"step": "tile"}]), SIZES, TILE)
    with pytest.raises(ValueError, match="sizes: want 1 to 48 each, got .100, 24, 16."):
        gemm_blocking(goto.walk(GemmShape(*SIZES), BLOCKS), (100, 24, 16), TILE)
    with pytest.raises(ValueError, match="table: want the column 'n'"):
        ladder_curves(Report.of([{"step": "a"}]), 1.0)
    with pytest.raises(ValueError, match="speeds above 0"):
        ladder_curves(TABLE, 0.0)
    with pytest.raises(ValueError, match="1 to 12 steps in one picture, got 13"):
        ladder_curves(Report.of([{"n": 1, "step": str(i), "GFLOP/s": 1.0} for i in range(13)]), 1.0)
