"""The pictures of loops and memories: how they look, and that every number in them is the record's."""

import itertools
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from nest_pictures import LAYERS, LECTURE, LEVELS, ORDERS, PICTURES, ROOF, RUN, gemm, on_array, sums
from test_pictures import boxes

from course_lib import explorer
from course_lib.machine import Cache, PEArray, cache_film, dataflow_report, distances, film, io_bound, misses, nvdla, simulate
from course_lib.machine.roofline import roofline
from course_lib.nest import conv1d_problem, gemm_problem, schedule, shared, stationary, sum_problem, trace
from course_lib.recorded import record
from course_lib.records import Report, Timeline
from course_lib.shapes import ConvShape, GemmShape
from course_lib.views.machine.bound_meter import bound_meter
from course_lib.views.machine.cache_lines import cache_lines, misses_of
from course_lib.views.machine.memory_traffic import flows, memory_traffic
from course_lib.views.machine.pe_array_view import pe_array_view
from course_lib.views.machine.reuse_histogram import bins, reuse_histogram
from course_lib.views.machine.roofline_view import roofline_view
from course_lib.views.nest.dataflow_1d import dataflow_1d, dataflows_1d, lines_of
from course_lib.views.nest.dataflow_1d import stationary as named_after
from course_lib.views.nest.loop_table import loop_table, residency


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_looks_as_it_did(name, golden):
    scene, frame = PICTURES[name]()
    golden(f"{name}.svg", scene.svg(frame))


@pytest.mark.parametrize("name", PICTURES)
def test_no_word_runs_over_the_edge_or_into_another(name):
    scene, _ = PICTURES[name]()
    for f in {0, len(scene) // 2, len(scene) - 1}:
        found = list(boxes(scene, f))
        for words, left, top, right, bottom in found:
            assert left >= -14 and right <= scene.width + 14 and top >= -4 and bottom <= scene.height + 8, (words, left, top, right, bottom)
        found = [box for box in found if box[0] not in ("10 GB/s",)]  # turned along the roof, so its box is not its place
        for (a, al, at, ar, ab), (b, bl, bt, br, bb) in itertools.combinations(found, 2):
            assert min(ar, br) - max(al, bl) <= 1 or min(ab, bb) - max(at, bt) <= 1, (f, a, b)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_is_sound_xml_of_moderate_size(name, theme):
    scene, frame = PICTURES[name]()
    text = scene.svg(frame, theme)
    assert ElementTree.fromstring(text)[1].text == scene.alt
    assert "nan" not in text and len(text.encode()) < 300_000
    assert len(json.dumps(scene.data(), allow_nan=False)) < 400_000


# ---- one dimension


def test_the_counts_beside_the_buffers_are_the_lecture_s():
    # Q = 9, S = 4: 9 * 4 = 36 products. OS writes each of 9 sums once; WS reads each of 4 weights once
    scene = dataflow_1d(trace(ORDERS["Output stationary"]))
    last = scene.at(len(scene) - 1)
    said = {name: "".join(span[0] for span in last[f"{name}.count"]["lines"][0]) for name in ("IA", "W", "OA")}
    assert said == {"IA": "reads 36   writes 0", "W": "reads 36   writes 0", "OA": "reads 0   writes 9"}
    scene = dataflow_1d(trace(ORDERS["Weight stationary"]))
    last = scene.at(len(scene) - 1)
    assert "".join(span[0] for span in last["W.count"]["lines"][0]) == "reads 4   writes 0"


@pytest.mark.parametrize("order, held, name", [("q s", "OA", "OA"), ("s q", "W", "W"), ("s q", "", "W"), ("q s", "", "OA")])
def test_what_is_stationary_is_read_off_the_trace(order, held, name):
    nest = schedule(conv1d_problem(9, 4), order)
    lines, _ = lines_of(trace(nest.hold(held) if held else nest))
    assert named_after(lines) == name


def test_every_access_is_a_square_and_appears_in_its_cycle():
    t = trace(ORDERS["Weight stationary"])
    scene = dataflow_1d(t)
    for f in (0, 9, 20, 35):
        drawn = sum(
            item["d"].count("M") for i, item in scene.at(f).items() if re.fullmatch(r"(IA|W|OA)\.[rw]\d+", i) and not item.get("hide")
        )
        assert drawn == int((t.step <= f).sum())


def test_a_register_that_is_written_later_holds_what_it_will_write():
    lines, _ = lines_of(trace(ORDERS["Output stationary"]))
    out = next(line for line in lines if line.name == "OA")
    assert out.at.tolist() == [q for q in range(9) for _ in range(4)]
    assert out.held.tolist() == [1, 2, 3, 4] * 9


def test_a_student_s_own_loop_can_be_drawn():
    def conv(ia, w, oa):
        for s in range(len(w)):
            for q in range(len(oa)):
                oa[q] += ia[q + s] * w[s]

    _, t = record(conv, np.arange(6.0), np.ones(3), np.zeros(4))
    scene = dataflow_1d(t)
    assert len(scene) > 1 and "read" in scene.alt


# ---- loops


def test_input_stationary_is_drawn_beside_the_other_two_from_a_recorded_loop():
    def one_input_at_a_time(ia, w):
        oa = np.zeros(len(ia) - len(w) + 1)
        for h in range(len(ia)):
            x = ia[h]
            for s in range(len(w)):
                if 0 <= h - s < len(oa):
                    oa[h - s] += x * w[s]
        return oa

    _, run = record(one_input_at_a_time, np.ones(12), np.ones(4))
    # every input once, a weight for each of the 9 * 4 products: the table of the lecture's example
    assert (run.loads("IA"), run.loads("W"), run.stores("OA")) == (12, 36, 36)
    scene = dataflows_1d({"OS": trace(ORDERS["Output stationary"]), "WS": trace(ORDERS["Weight stationary"]), "IS": run})
    last = scene.svg(len(scene) - 1)
    assert "IS OA[8]" in last and "OS OA[8]" in last


@pytest.mark.parametrize("seed", range(20))
def test_the_loop_table_says_what_the_nest_says(seed):
    rng = np.random.default_rng(seed)
    nest = schedule(gemm_problem(GemmShape(M=4, N=6, K=8))).tile(i=2, k=4)
    names = [loop.name for loop in nest.loops]
    nest = nest.reorder(" ".join(rng.permutation(names))).spatial(str(rng.choice(names)))
    for tensor in ("A", "B", "C"):
        words = residency(nest, tensor)
        assert tuple(l.name for l, w in zip(nest.loops, words, strict=True) if w == "held") == stationary(nest, tensor)
        assert tuple(l.name for l, w in zip(nest.loops, words, strict=True) if w == "shared") == shared(nest, tensor)


def test_the_slide_s_weights_serve_a_whole_output_map():
    assert "W stands still under p q: 3,136 uses a load" in loop_table(nvdla(LECTURE)).alt  # 56 * 56


# ---- memories


def test_pipes_are_as_wide_as_their_bytes():
    report = simulate(gemm(), LEVELS)
    scene = memory_traffic(report)
    state = scene.at(0)
    want = {(f.near, f.far, f.tensor): (f.inward, f.outward) for f in flows(report)}
    places = ["registers", "L1", "L2", "DRAM"]
    ratios = []
    for (near, _, tensor), (inward, outward) in want.items():
        for way, n in (("in", inward), ("out", outward)):
            item = state[f"pipe{places.index(near)}.{tensor}.{way}"]
            assert f"{n:,} bytes" in item["tip"]
            if n:
                ratios.append((item["h"], n))
    scale = max(ratios)[0] / max(ratios)[1]
    assert all(abs(h - n * scale) < 0.02 for h, n in ratios)  # to a hundredth of a pixel
    l1 = {row["tensor"]: row for row in report if row["level"] == "L1"}
    assert want["L1", "L2", "B"] == (l1["B"]["bytes in"], l1["B"]["bytes out"])


def test_pipes_of_an_array_are_its_report():
    report = dataflow_report(nvdla(LECTURE), PEArray(16, 64))
    dram = {f.tensor: (f.inward, f.outward) for f in flows(report, 2) if f.far == "DRAM"}
    assert dram == {row["tensor"]: (2 * row["reads"], 2 * row["writes"]) for row in report if row["level"] == "DRAM"}


def test_the_traffic_grows_to_the_whole():
    reports, words = explorer.traffic_steps(gemm(), LEVELS, 5)
    assert reports[-1] == simulate(gemm(), LEVELS)
    totals = [sum(r["bytes in"]) for r in reports]
    assert totals == sorted(totals) and words[-1].endswith(f"{len(gemm()):,} accesses")


def test_the_meter_shows_the_factor_of_its_record():
    for moved in (io_bound(LECTURE, 1000).elements, 6e6, 9e8):
        bound = io_bound(LECTURE, 1000).elements
        scene = bound_meter(Report({"moved": [moved], "bound": [bound], "times the bound": [moved / bound]}))
        state = scene.at(0)
        assert state["factor"]["text"] == f"{moved / bound:.3g} times the bound"
        more = state["more"]["w"] if "more" in state else 0
        assert abs((state["must"]["w"] + more) / state["must"]["w"] - moved / bound) < 0.02 * moved / bound


@pytest.mark.parametrize("cache", [Cache(256, 32, 0), Cache(256, 32, 2), Cache(512, 64, 1), Cache(256, 32, 4, "fifo")])
@pytest.mark.parametrize("order", ["i j", "j i"])
def test_the_film_of_a_cache_misses_as_often_as_the_simulator(cache, order):
    t = trace(schedule(sum_problem(16, 12), order))
    film_ = cache_film(t, cache)
    assert int(misses_of(t, film_, cache.line).sum()) == sum(simulate(t, [cache])["misses"])
    scene = cache_lines(t, film_, cache.line)
    said = scene.at(len(scene) - 1)["0count"]["text"]
    assert said.startswith(f"{sum(simulate(t, [cache])['misses']):,} misses in {len(t):,} ")


def test_by_columns_every_line_is_fetched_again_and_again():
    scene = PICTURES["cache_lines_compared"]()[0]
    # by rows each line once: 2 * 16 * 16 * 4 bytes / 32 + 1 for the sum. By columns 16 rows want 32 lines, the cache has 8: all 512 miss
    assert scene.alt.startswith("by rows: 65 of 1,023 accesses miss; by columns: 513 of 1,023 accesses miss")
    heat = [{int(v, 16) for v in scene.at(len(scene) - 1)[f"{i}A"]["tint"]} for i in (0, 1)]
    assert max(heat[1]) == 15 and max(heat[0]) < 6


def test_the_histogram_s_bars_and_flags_are_the_distances():
    away = distances(gemm())
    cold, bars = bins(away)
    assert cold + bars.sum() == len(away)
    assert [int(((away >= lo) & (away <= hi)).sum()) for lo, hi in ((0, 0), (1, 1), (2, 3), (4, 7))] == bars[:4].tolist()
    scene = reuse_histogram(away, {"L1": 1024, "L2": 4096})
    for row in misses(gemm(), [1024, 4096]):
        assert f"{row['misses']:,} miss" in scene.alt


def test_the_roofline_s_points_stand_on_the_roof_and_measured_ones_below():
    scene = roofline_view(roofline(LAYERS, ROOF, RUN), ROOF)
    state = scene.at(0)
    assert [state[f"t{i}.run"]["text"] for i in range(3)] == ["–", "70", "4"]
    assert [state[f"t{i}.share"]["text"] for i in range(3)] == ["–", "70%", "80%"]  # 70 of 100; fc6: 0.5 FLOP a byte * 10 GB/s = 5
    assert state["point0"]["y"] == state["point1"]["y"] < state["point2"]["y"]
    assert "run0" not in state and "run1" in state


# ---- the array


def test_each_pe_says_what_the_film_says():
    shape, array = ConvShape(1, 3, 6, 6, 4, 3, 3), PEArray(3, 4)
    line = film(nvdla(shape, 3, 4), array)
    scene = on_array(shape, 3, 4)
    for f in (0, len(scene) // 2, len(scene) - 1):
        cycle = int(re.match(r"Cycle ([\d,]+)", scene.frames[f].caption)[1].replace(",", "")) - 1
        want = [line.labels[v] if v >= 0 else "·" for v in line.busy[cycle]]
        assert scene.at(f)["pe"]["text"] == want
        assert f"{int((line.busy[cycle] >= 0).sum())} of 12 PEs at work" in scene.frames[f].caption
    assert scene.at(len(scene) - 1)["share"]["text"] == f"{line.utilisation:.1%} of all PE cycles so far"


def test_wires_are_where_the_nest_shares():
    nest = nvdla(ConvShape(1, 64, 8, 8, 64, 3, 3))
    assert explorer.wires(nest, PEArray(16, 64)) == {"IA": "cols", "OA": "rows"}  # c on the rows, k on the columns


@pytest.mark.parametrize(
    "call, words",
    {
        "units": (lambda: pe_array_view(Timeline(("a",), (), np.zeros((1, 1), int)), 2, 2), "timeline: want 2 x 2 = 4 units, got 1"),
        "side": (lambda: pe_array_view(Timeline(("a",), ("x",), np.zeros((1, 1), int)), 1, 1, {"IA": "up"}), "shared: IA wants"),
        "four traces": (lambda: dataflows_1d({str(i): gemm() for i in range(4)}), "traces: want one to three"),
        "long trace": (lambda: dataflow_1d(gemm()), "too many to tell apart"),
        "film of another": (lambda: cache_lines(gemm(), sums()["by rows"][1]), "film has"),
        "columns": (lambda: memory_traffic(Report({"a": [1]})), "report: want the columns level"),
        "no reports": (lambda: memory_traffic([]), "report: want at least one Report"),
        "meter": (lambda: bound_meter(Report({"moved": [1]})), "report: want the column 'bound'"),
        "distances": (lambda: reuse_histogram(np.zeros((2, 2))), "distances: want a row"),
        "roof": (lambda: roofline_view(Report({"layer": ["a"], "FLOP/byte": [0.0], "roof GFLOP/s": [1.0]}), ROOF), "'FLOP/byte' holds"),
    }.values(),
)
def test_what_cannot_be_drawn_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
