"""Lab 04's right answers are right: against torch, the course's own nest and array, and numbers counted one by one."""

import importlib.util
import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from course_lib import ConvShape
from course_lib.exercises import EXERCISES, judge
from course_lib.exercises.exercise import in_process
from course_lib.exercises.lab04_dataflow.loop_order import MOVES
from course_lib.exercises.lab04_dataflow.nest_as_data import mapping_of, nest_of
from course_lib.exercises.lab04_dataflow.own_design import BEST, FULL, HALF, LEAST, edp
from course_lib.exercises.makers import made
from course_lib.machine import PEArray, buffer_traffic, cycle_report, dataflow_report, io_bound, nvdla
from course_lib.nest import at_most, conv1d_problem, conv_problem, schedule
from course_lib.nest import fetches as exact_fetches
from course_lib.recorded import record

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.lab04


def cases(name, seed=5):
    return [(made(case.args), dict(case.kwargs)) for case in EXERCISES[name].cases(np.random.default_rng(seed))]


def reference(name):
    return EXERCISES[name].reference


@pytest.fixture(scope="module")
def solution():
    """The functions of the solution notebook, without its pictures."""
    import jupytext

    room = {"np": np}
    for cell in jupytext.read(ROOT / "solutions" / "04_dataflow" / "lab04_dataflow.py").cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code":
            exec(cell.source, room)
    return room


def test_one_dimension_is_torchs():
    import torch

    for (ia, w), _ in cases("conv1d_os"):
        want = torch.nn.functional.conv1d(torch.from_numpy(ia)[None, None], torch.from_numpy(w)[None, None])
        for name in ("conv1d_os", "conv1d_ws", "conv1d_is"):
            np.testing.assert_array_equal(reference(name)(ia, w), want[0, 0].numpy())  # small whole numbers: sums are exact


def test_tiles_change_nothing():
    import torch

    seen = set()
    for (ia, w), options in cases("conv2d_tiled"):
        want = torch.nn.functional.conv2d(
            torch.from_numpy(ia), torch.from_numpy(w), stride=options.get("stride", 1), padding=options.get("pad", 0)
        )
        np.testing.assert_array_equal(reference("conv2d_tiled")(ia, w, **options), want.numpy())
        seen |= {"ragged c"} if w.shape[1] % options["c_s"] else set()
        seen |= {"ragged k"} if w.shape[0] % options["k_s"] else set()
        seen |= {"less than a tile"} if w.shape[1] < options["c_s"] else set()
        seen |= {"pad"} if options.get("pad") else set()
        seen |= {"stride"} if options.get("stride") else set()
        seen |= {"N > 1"} if len(ia) > 1 else set()
        seen |= {"H != W"} if ia.shape[2] != ia.shape[3] else set()
        seen |= {"R != S"} if w.shape[2] != w.shape[3] else set()
    assert len(seen) == 8


def test_the_slides_numbers(solution):
    ia, w = np.ones(12), np.ones(4)  # Q = 9, S = 4
    loads = {}
    for name in ("os", "ws", "is"):
        _, trace = record(solution[f"conv1d_{name}"], ia, w)
        assert trace.macs == 36 and len(np.unique(trace.element("IA"))) == 12
        loads[name] = trace.loads("W"), trace.loads("IA"), trace.stores("OA")
    assert loads == {"os": (36, 36, 9), "ws": (4, 36, 36), "is": (36, 12, 36)}


def test_access_counts_are_those_of_buffers_and_of_recorded_loops(solution):
    for (dataflow, Q, S), _ in cases("access_counts"):
        want = reference("access_counts")(dataflow, Q, S)
        if dataflow != "IS" and Q > 1 and S > 1:  # an input-stationary nest loops over h, which is no dimension of the problem
            nest = schedule(conv1d_problem(Q, S), "q s" if dataflow == "OS" else "s q")
            inner = nest.loops[-1].name
            table = {row["tensor"]: row for row in buffer_traffic(nest, dict.fromkeys(("IA", "W", "OA"), inner))}
            assert (table["W"]["fetched"], table["OA"]["fetched"]) == (want["W reads"], want["OA reads"])
            assert table["OA"]["written"] == want["OA writes"] and table["IA"]["whole"] == want["IA reads"]
        if Q * S < 300:
            _, trace = record(solution[f"conv1d_{dataflow.lower()}"], np.ones(Q + S - 1), np.ones(S))
            assert trace.loads("W") == want["W reads"] and trace.loads("IA") == want["IA reads"]
            assert trace.stores("OA") == want["OA writes"]
            assert trace.loads("OA") in (want["OA reads"], want["OA reads"] + Q)  # += reads the first zero, too


def test_fetches_are_those_of_the_nest():
    rng = np.random.default_rng(3)
    for _ in range(40):
        N, C, K, R, S = (int(v) for v in rng.integers(1, 5, 5))
        H, W = R + int(rng.integers(0, 4)), S + int(rng.integers(0, 4))
        shape = ConvShape(N=N, C=C, H=H, W=W, K=K, R=R, S=S)
        nest = schedule(conv_problem(shape), " ".join(rng.permutation(list("nkpqcrs"))))
        loops = [(loop.dim, loop.extent) for loop in nest.loops]
        for tensor, moves in MOVES.items():
            mine = reference("fetches")(loops, moves)
            assert mine == at_most(nest, nest.problem.tensor(tensor))
            assert mine >= exact_fetches(nest, tensor) and (tensor == "IA" or mine == exact_fetches(nest, tensor))


def test_the_slides_nest_prints_the_slides_listing(solution):
    shape = ConvShape(N=1, C=64, H=56, W=56, K=128, R=3, S=3, pad=1)
    golden = (ROOT / "tests" / "golden" / "nest" / "ordering_unrolling_tiling.txt").read_text("utf-8")
    assert str(nest_of(solution["slide_nest"](16, 64), shape).hold("W")).split() == golden.split()


def small_layers(name):
    return [args for args, _ in cases(name) if args[0].macs < 200_000]


def test_cycles_and_utilisation_are_those_of_the_array():
    for args, _ in cases("array_cycles"):
        shape, rows, cols = args
        (want,) = cycle_report(nvdla(shape, rows, cols), PEArray(rows, cols))
        mine = reference("array_cycles")(shape, rows, cols)
        assert mine["cycles"] == want["compute"] and mine["utilisation"] == pytest.approx(want["utilisation"])
    first = ConvShape(N=1, C=3, H=224, W=224, K=64, R=3, S=3, pad=1)
    assert reference("array_cycles")(first)["utilisation"] == 3 / 16


def test_words_are_those_of_the_array_with_a_register_an_operand():
    tried = 0
    for shape, rows, cols in small_layers("slide_traffic"):
        if shape.Q < 2 or shape.pad != 0:  # one pixel a row stays for the next tap's; a zero of the padding is not read
            continue
        table = {
            r["tensor"]: r for r in dataflow_report(nvdla(shape, rows, cols), PEArray(rows, cols, registers=3)) if r["level"] == "buffer"
        }
        mine = reference("slide_traffic")(shape, rows, cols)
        assert (mine["W reads"], mine["OA reads"], mine["OA writes"]) == (
            table["W"]["reads"],
            table["OA"]["reads"],
            table["OA"]["writes"],
        ), shape
        assert mine["IA reads"] >= table["IA"]["reads"]
        tried += 1
    assert tried >= 4
    words = reference("slide_traffic")(ConvShape(N=1, C=64, H=56, W=56, K=64, R=3, S=3, pad=1))
    assert words["W reads"] == 36_864 and round(100 * (words["OA reads"] + words["OA writes"]) / sum(words.values()), 1) == 88.5


def test_configurations_are_counted_one_by_one(solution):
    for (extents, levels), _ in cases("count_configs"):
        assert solution["count_configs"](extents, levels) == reference("count_configs")(extents, levels)
        if math.prod(extents.values()) <= 3000 and levels <= 2:
            every = math.factorial(len(extents)) ** levels
            for extent in extents.values():
                every *= sum(math.prod(split) == extent for split in product(range(1, extent + 1), repeat=levels))
            assert reference("count_configs")(extents, levels) == every
    lecture = {"k": 64, "p": 56, "q": 56, "c": 64, "r": 3, "s": 3}
    assert reference("count_configs")(lecture, 3) == 6_350_400 * math.factorial(6) ** 3  # 28² · 30² · 3² tilings


def test_the_bound_is_the_courses():
    same = 0
    for (shape, fast), _ in cases("conv_io_lower_bound"):
        want = io_bound(shape, fast).elements
        assert reference("conv_io_lower_bound")(shape, fast) <= want * (1 + 1e-12)  # on small images a pixel has fewer windows than R·S
        if shape.P >= shape.R and shape.Q >= shape.S:
            assert reference("conv_io_lower_bound")(shape, fast) == pytest.approx(want)
            same += 1
    assert same >= 6


# --- the design --------------------------------------------------------------------------------------------------------


def marks_of(design):
    return [part.passed for part in judge(EXERCISES["design"], in_process(lambda: design)).parts]


def test_the_stored_design_costs_what_is_stored_and_the_solutions_own_earns_all(solution):
    assert edp(BEST) == LEAST
    assert LEAST < FULL < HALF
    assert BEST != solution["design"]() and marks_of(solution["design"]()) == [True, True, True]
    assert marks_of(mapping_of(16, 16)) == [True, False, False]  # the slide's own nest


def test_the_search_that_found_it_runs(capsys):
    spec = importlib.util.spec_from_file_location("best_design", ROOT / "solutions" / "04_dataflow" / "best_design.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    least, point = found.search(seed=0, steps=25)
    assert least == edp(found.design_of(point)) and least >= LEAST
    found.show(BEST)
    assert "EDP" in capsys.readouterr().out


GOOD = mapping_of(16, 16)
ODD = {
    "nothing": (None, "mapping"),
    "a number": (3, "mapping"),
    "no tiles": ({"order": "n"}, "mapping"),
    "tiles in a list": ({"tiles": ["c"], "order": GOOD["order"]}, "mapping"),
    "an endless order": (GOOD | {"order": "n " * 1000}, "mapping"),
    "an order of numbers": (GOOD | {"order": 7}, "mapping"),
    "a tile of nothing": (GOOD | {"tiles": {"c": 0, "k": 16}}, "tiles"),
    "a tile as a text": (GOOD | {"tiles": {"c": "16", "k": 16}}, "tiles"),
    "a fraction": (GOOD | {"tiles": {"c": 1.5, "k": 16}}, "tiles"),
    "a yes": (GOOD | {"tiles": {"c": True, "k": 16}}, "tiles"),
    "a tile as large as the world": (GOOD | {"tiles": {"c": 10**9, "k": 16}}, "tiles"),
    "a name that is a number": (GOOD | {"tiles": {3: 4}}, "names"),
    "an array as a tile": (GOOD | {"tiles": {"c": np.ones(3), "k": 16}}, "tiles"),
    "one bar": (GOOD | {"order": "n r s c_t k_t | c_s k_s p q"}, "bars"),
    "a loop twice": (GOOD | {"order": "n n r s c_t k_t | c_s k_s | p q"}, "order"),
    "cut to pieces": (GOOD | {"tiles": {"c" + "_s" * i: 60 - i for i in range(6)}}, "parts"),
    "too many PEs": (GOOD | {"tiles": {"c": 32, "k": 16}}, "room"),
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_design_is_told_in_a_sentence_and_stops_nothing(what):
    value, kind = ODD[what]
    verdict = judge(EXERCISES["design"], in_process(lambda: value))
    assert verdict.state == "wrong" and not any(part.passed for part in verdict.parts)
    assert verdict.message.startswith(f"{kind}: ") and len(verdict.message) < 400 and verdict.hint


def test_designs_of_equal_cost_earn_the_same_however_they_are_written():
    one = {"tiles": {"c": 16, "k": 16, "p": 4}, "order": "n p_t k_t c_t r s | c_s k_s | p_s q"}
    other = {"tiles": {"p": 4, "k": np.int64(16), "c": 16}, "order": "  n p_t k_t c_t r s|c_s k_s|p_s q "}
    assert edp(one) == edp(other) and marks_of(one) == marks_of(other) == [True, True, False]
