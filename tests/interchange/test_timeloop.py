"""Timeloop's text read back: the same loops, the same points in the same order, the sizes and indices of the problem."""

from itertools import groupby

import numpy as np
import pytest
import yaml

from course_lib.interchange import read_timeloop, timeloop
from course_lib.nest import conv_problem, gemm_problem, points, schedule, sum_problem
from course_lib.shapes import ConvShape, GemmShape
from tests.nest.random_nests import random_problem

SLIDE = schedule(conv_problem(ConvShape(N=1, C=32, H=8, W=8, K=128, R=3, S=3)), "n r s c k p q").tile(c=16, k=64)
SLIDE = SLIDE.reorder("n r s c_t k_t c_s k_s p q").spatial("c_s k_s")


def mapped_points(mapped):
    """Each iteration as Timeloop makes it: a loop runs `ragged` times where all outer loops of its dimension are in their last round."""

    def walk(left, point, last):
        if not left:
            yield dict(point)
            return
        loop, *inner = left
        runs = loop.ragged if last[loop.dim] else loop.extent
        for i in range(runs):
            at_end = last[loop.dim] and i == runs - 1
            yield from walk(inner, {**point, loop.dim: point[loop.dim] + i * loop.step}, {**last, loop.dim: at_end})

    return walk(mapped.loops, dict.fromkeys(mapped.sizes, 0), dict.fromkeys(mapped.sizes, True))


def random_mappable(rng):
    """Tiles that nest, ragged or not, in a random order that keeps the outer loop of a dimension outside; some in space."""
    problem = random_problem(rng)
    while problem.name == "sum":
        problem = random_problem(rng)
    nest = schedule(problem)
    for _ in range(rng.integers(0, 5)):
        loop = nest.loops[rng.integers(len(nest.loops))]
        # split what has the largest steps of its dimension: further tiles are then multiples of this one
        if loop.extent > 1 and loop.step == max(l.step for l in nest.parts(loop.dim)) and len(nest.loops) < 11:
            nest = nest.tile(**{loop.name: int(rng.integers(1, min(loop.extent, 8) + 1))})
    order = [loop.dim for loop in nest.loops]
    rng.shuffle(order)
    waiting = {dim: sorted(nest.parts(dim), key=lambda l: (-l.step, l.extent)) for dim in problem.dims}
    nest = nest.reorder(" ".join(waiting[dim].pop(0).name for dim in order))
    for loop in nest.loops:
        nest = nest.spatial(loop.name) if rng.random() < 0.2 else nest
    held = [tensor.name for tensor in problem.tensors if rng.random() < 0.2]
    return nest.hold(" ".join(held)) if held else nest


@pytest.mark.parametrize("seed", range(150))
def test_reading_the_text_back_gives_the_loops_the_sizes_and_the_points_of_the_nest(seed):
    nest = random_mappable(np.random.default_rng(seed))
    mapped = read_timeloop(timeloop(nest))
    assert mapped.sizes == nest.problem.dims
    said = [(l.dim, l.extent, l.step, l.spatial) for l in mapped.loops]
    assert said == [(l.dim, l.extent, l.step, l.kind == "spatial") for l in nest.loops if l.extent > 1]
    assert set(mapped.held) == set(nest.held)
    assert list(mapped_points(mapped)) == list(points(nest))


@pytest.mark.parametrize("seed", range(40))
def test_the_text_is_yaml_and_has_what_timeloop_asks_for(seed):
    nest = random_mappable(np.random.default_rng(seed))
    text = yaml.safe_load(timeloop(nest))
    shape, dims = text["problem"]["shape"], {dim.upper(): size for dim, size in nest.problem.dims.items()}
    assert shape["dimensions"] == list(dims)
    assert dims.items() <= text["problem"]["instance"].items()
    for space, tensor in zip(shape["data_spaces"], nest.problem.tensors, strict=True):
        assert space["name"] == tensor.name
        assert space.get("read_write", False) == (tensor is nest.problem.out)
        # a projection is a sum of products: put the numbers in and it is the problem's index, but for the padding's offset
        point = {dim: 2 * at + 1 for at, dim in enumerate(nest.problem.dims)}
        value = {dim.upper(): n for dim, n in point.items()} | text["problem"]["instance"] | {dim.upper(): n for dim, n in point.items()}
        indices = [sum(np.prod([value[word] for word in product]) for product in axis) for axis in space["projection"]]
        assert indices == [axis.at(point) - axis.offset for axis in tensor.axes if axis.terms]
    targets = [d for d in text["mapping"] if d["type"] != "bypass"]
    for directive in targets:
        assert sorted(directive["permutation"]) == sorted(dims)
    # Timeloop's own check: the ragged runs, each times all that lies inside it, make up the dimension
    for dim, size in dims.items():
        total = 0
        for directive in targets:
            runs, _, ragged = dict(f.split("=") for f in directive["factors"].split())[dim].partition(",")
            total = total * int(runs) + int(ragged or runs) - 1
        assert total + 1 == size
    names = [d["target"] for d in targets]
    assert len([name for name, _ in groupby(names)]) == len(set(names))  # a level's loops stand together


def test_the_slide_puts_its_tiles_in_time_outside_and_in_space_at_the_buffer():
    text = timeloop(SLIDE, {"DRAM": "n r s c_t k_t", "Buffer": "c_s k_s", "Registers0": "p q"})
    assert text[text.index("mapping:") :].splitlines() == [
        "mapping:",
        "  - target: DRAM",
        "    type: temporal",
        "    factors: N=1 K=2 P=1 Q=1 C=2 R=3 S=3",
        "    permutation: KCSRNPQ",
        "  - target: Buffer",
        "    type: temporal",
        "    factors: N=1 K=1 P=1 Q=1 C=1 R=1 S=1",
        "    permutation: NKPQCRS",
        "  - target: Buffer",
        "    type: spatial",
        "    factors: N=1 K=64 P=1 Q=1 C=16 R=1 S=1",
        "    permutation: KCNPQRS",
        "  - target: Registers0",
        "    type: temporal",
        "    factors: N=1 K=1 P=6 Q=6 C=1 R=1 S=1",
        "    permutation: QPNKCRS",
    ]
    assert [level for level, _ in groupby(l.level for l in read_timeloop(text).loops)] == ["DRAM", "Buffer", "Registers0"]


def test_without_names_the_nest_is_cut_where_time_follows_space_or_a_dimension_comes_again():
    assert read_timeloop(timeloop(SLIDE)).levels == ("DRAM", "Buffer1")
    assert read_timeloop(timeloop(schedule(gemm_problem(GemmShape(4, 6, 8))).tile(k=2))).levels == ("DRAM", "Buffer1")


def test_padding_is_said_where_it_becomes_data():
    text = timeloop(schedule(conv_problem(ConvShape(1, 2, 5, 5, 3, 3, 3, pad=1))))
    assert [line.strip() for line in text.splitlines() if "#" in line] == ["- name: IA  # with its padding: the zeros are data here"]


def test_what_is_held_is_all_that_the_registers_keep():
    text = timeloop(schedule(gemm_problem(GemmShape(2, 3, 4))).hold("C"))
    last = yaml.safe_load(text)["mapping"][-1]
    assert last == {"target": "Registers", "type": "bypass", "keep": ["C"], "bypass": ["A", "B"]}


GEMM = schedule(gemm_problem(GemmShape(12, 10, 9)))
CANNOT = {
    "lanes": (lambda: timeloop(GEMM.vectorize("k")), "k is marked vectorize"),
    "threads": (lambda: timeloop(GEMM.parallel("i")), "i is marked parallel"),
    "unrolled": (lambda: timeloop(GEMM.unroll("j")), "j is marked unroll"),
    "small steps outside": (lambda: timeloop(GEMM.tile(i=4).reorder("i_s i_t j k")), r"try i_t i_s"),
    "tiles that do not divide": (lambda: timeloop(GEMM.tile(i=6).tile(i_s=4)), "do not nest"),
    "a tile too large": (lambda: timeloop(GEMM.tile(j=16)), "more than j = 10 needs"),
    "a number for an output": (lambda: timeloop(schedule(sum_problem(2, 3))), "SUM is a single number"),
    "nothing to do": (lambda: timeloop(schedule(gemm_problem(GemmShape(2, 0, 3)))), "j = 0"),
    "not a schedule": (lambda: timeloop("i j k"), "want a Schedule"),
    "levels in another order": (lambda: timeloop(GEMM, {"DRAM": "j i k"}), "in the nest's order i j k"),
    "levels that lack a loop": (lambda: timeloop(GEMM, {"DRAM": "i j"}), "every loop once"),
    "no levels": (lambda: timeloop(GEMM, {}), "levels"),
    "a dimension twice": (lambda: timeloop(GEMM.tile(i=4), {"DRAM": "i_t i_s j k"}), "i_s cannot stand at DRAM"),
    "time inside space": (lambda: timeloop(GEMM.spatial("i"), {"DRAM": "i j k"}), "j cannot stand at DRAM"),
    "a name of ours": (lambda: timeloop(GEMM, {"Registers": "i j k"}), "Registers"),
    "another text": (lambda: read_timeloop("architecture:"), "want problem: and mapping:"),
}


@pytest.mark.parametrize("case", CANNOT)
def test_what_timeloop_cannot_say_is_an_error_that_says_so(case):
    call, said = CANNOT[case]
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)
