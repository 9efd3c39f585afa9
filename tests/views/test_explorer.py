"""The explorer without a browser: one choice, and records that all speak of the same nest; what cannot be is said in words."""

import json
import time

import numpy as np
import pytest
from nest_pictures import LECTURE

from course_lib import explorer
from course_lib.explorer import Choice, arranged, evaluate, explore, problem_of, scaled, stand_in
from course_lib.machine import PEArray, dataflow_report
from course_lib.machine.forecast import Level, Speeds
from course_lib.nest import count, schedule, trace
from course_lib.shapes import ConvShape, GemmShape

SLIDE = Choice(("n", "r", "s", "c_t", "k_t", "c_s", "k_s", "p", "q"), {"c": 16, "k": 64}, {"c_s": "spatial", "k_s": "spatial"})


def wish(choice, **more):
    return {"order": list(choice.order), "tiles": dict(choice.tiles), "kinds": dict(choice.kinds), "hold": list(choice.hold), **more}


def test_a_choice_is_the_schedule_one_would_type():
    nest = schedule(problem_of(LECTURE)).tile(c=16, k=64).reorder("n r s c_t k_t c_s k_s p q").spatial("c_s k_s")
    assert arranged(problem_of(LECTURE), SLIDE) == nest
    records = evaluate(nest)
    assert records["count"] == count(nest) and records["traffic"] == dataflow_report(nest, PEArray(16, 64))


def test_the_answer_s_numbers_are_the_records():
    e = explore(LECTURE, SLIDE)
    answer = e.answer(wish(SLIDE))
    assert answer["listing"] == str(arranged(problem_of(LECTURE), SLIDE))
    fetches = {row["tensor"]: row["fetches"] for row in count(arranged(problem_of(LECTURE), SLIDE))}
    assert answer["figures"][:3] == [[f"{name} fetches", f"{n:,}"] for name, n in fetches.items()]
    factor = evaluate(arranged(problem_of(LECTURE), SLIDE))["bound"]["times the bound"][0]
    said = next(item["text"] for item in answer["scenes"]["bound"]["items"] if item["id"] == "factor")
    assert said == f"{factor:.3g} times the bound"
    assert [loop["name"] for loop in answer["loops"]] == list(SLIDE.order)
    json.dumps(answer, allow_nan=False)


@pytest.mark.parametrize(
    "change, words",
    {
        "a loop is missing": ({"order": ["n", "k"]}, "reorder: loops are n k p q c r s; missing:"),
        "lanes that are not innermost": ({"kinds": {"k": "vectorize"}}, "vectorize: "),
        "a sum among threads": ({"order": list("cnkpqrs"), "kinds": {"c": "parallel"}}, "parallel: c is summed over"),
        "more PEs than there are": ({"kinds": {"k": "spatial", "p": "spatial", "q": "spatial"}}, "spatial: "),
        "a tile of nothing": ({"tiles": {"k": 0}}, "tile: k: want at least 1, got 0"),
        "a kind there is not": ({"kinds": {"k": "fast"}}, "kinds: want one of serial"),
    }.values(),
)
def test_what_cannot_be_is_said_and_the_last_choice_stays(change, words):
    e = explore(LECTURE)
    before = dict(e.choice)
    answer = e.answer({**wish(Choice(tuple("nkpqcrs"))), **change})
    assert answer["error"].startswith(words) and "scenes" not in answer
    assert e.choice == before


def test_a_start_that_cannot_be_is_an_error():
    with pytest.raises(ValueError, match="missing"):
        explore(LECTURE, Choice(("n", "k")))


@pytest.mark.parametrize("seed", range(12))
def test_the_stand_in_takes_any_choice_the_layer_takes(seed):
    rng = np.random.default_rng(seed)
    shapes = [
        LECTURE,
        ConvShape(1, 6, 9, 7, 12, 3, 2, stride=2, groups=3),
        ConvShape(2, 5, 7, 7, 5, 3, 3, groups=5),
        GemmShape(M=30, N=17, K=64),
    ]
    shape = shapes[seed % 4]
    large, small = problem_of(shape), problem_of(stand_in(shape))
    assert set(large.dims) == set(small.dims) and small.iterations <= 6000
    tiled = [str(d) for d in rng.permutation([d for d, n in large.dims.items() if n > 2])[:2]]
    tiles = {d: int(rng.choice(explorer.sizes_for(large.dims[d])[1:])) for d in tiled}
    names = [loop.name for loop in arranged(large, Choice(tiles=tiles)).loops]
    choice = Choice(tuple(str(n) for n in rng.permutation(names)), tiles)
    nest = arranged(small, scaled(choice, large, small))
    assert [loop.name for loop in nest.loops] == list(choice.order)
    assert trace(nest).macs == small.iterations


def test_a_lecture_size_layer_answers_in_200_ms():
    e = explore(LECTURE, SLIDE)
    took = []
    for _ in range(5):
        begin = time.process_time()
        e.answer(wish(SLIDE))
        took.append(time.process_time() - begin)
    assert min(took) < 0.2


def test_speed_is_measured_only_when_asked_and_of_the_nest_that_is_shown():
    asked = []
    small = GemmShape(M=32, N=32, K=32)
    e = explore(small)
    e.time_it = lambda choice: asked.append(dict(choice)) or 12.5  # what is measured is another test's matter
    assert e.answer(wish(Choice(tuple("ijk"))))["figures"][-1] == ["measured", "not yet"] and not asked
    assert e.answer(wish(Choice(tuple("ikj")), measure=True))["figures"][-1] == ["measured", "12.5 GFLOP/s"]
    assert asked[0]["order"] == list("ikj")
    assert e.answer(wish(Choice(tuple("ijk"))))["figures"][-1] == ["measured", "not yet"]


def test_once_the_machine_is_measured_every_nest_has_a_forecast_beside_its_speed(monkeypatch):
    machine = Speeds(peak=100.0, lanes=8, levels=(Level("L2", 32 << 10, 50.0), Level("memory", 1 << 20, 10.0)))
    monkeypatch.setattr(explorer, "speeds", lambda: machine)
    e = explore(GemmShape(M=32, N=32, K=32))
    assert [name for name, _ in e.answer(wish(Choice(tuple("ijk"))))["figures"][3:]] == ["measured"]
    figures = dict(e.answer(wish(Choice(tuple("ijk")), measure=True))["figures"])
    # a sum in one register waits for itself: 8 slots a multiply-add, 100 / 16 slots a nanosecond
    assert figures["predicted, limit core"] == f"{2 * 100 / 16 / 8:.3g} GFLOP/s"
    assert "roof: at most" in figures and figures["measured"].endswith("GFLOP/s")
    assert "predicted, limit core" in dict(e.answer(wish(Choice(tuple("ikj"))))["figures"])


def test_the_compiled_nest_is_timed():
    assert explorer.measure(arranged(problem_of(GemmShape(M=64, N=64, K=64)), Choice(tuple("ikj"))), seconds=0.02) > 0


def test_without_a_front_end_the_picture_stands_still(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, display_id=None: shown.append(data))
    e = explore(LECTURE, SLIDE)
    e._ipython_display_()
    assert shown[0]["image/svg+xml"] == e.scene.svg(e.scene.poster) and "<img " in shown[0]["text/html"]
    assert any("widget" in kind for kind in shown[1])
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    e._ipython_display_()
    assert set(shown[2]) == {"image/svg+xml", "text/plain"} and len(shown) == 3
