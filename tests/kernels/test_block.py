"""A block of c from operands as they stand: right for every size and way, and what it packed on the way is what packing gives."""

from dataclasses import replace

import numpy as np
import pytest

from course_lib.bench import equal
from course_lib.kernels.arrays import address, aligned, blank, checked
from course_lib.kernels.block import write_block
from course_lib.kernels.gemm import compile_gemm, gemm_plan
from course_lib.kernels.plan import Tile, block_nest
from course_lib.nest.jit import compile_ir, lanes, new_module
from course_lib.shapes import GemmShape

SIZES = [1, 2, 13, 14, 15, 31, 64, 100]


@pytest.mark.parametrize("seed", range(16))
def test_random_products_by_random_plans_are_right_on_one_thread_and_two(seed):
    rng = np.random.default_rng(seed)
    shape = GemmShape(*(int(rng.choice(SIZES)) for _ in range(3)))
    a, b = (rng.standard_normal(size).astype(np.float32) for size in (shape.a_shape, shape.b_shape))
    pick = lambda *values: int(rng.choice(values))
    sizes = {
        "tall": pick(1, 5, 9, 14),
        "vectors": pick(1, 2),
        "high": pick(9, 40, 300),
        "wide": pick(16, 64, 500),
        "depth": pick(7, 32, 300),
    }
    plan = replace(gemm_plan(shape), way="blocks", **sizes)
    for threads in (1, 2):
        equal(f"{shape} {plan} {threads}", compile_gemm(shape, threads, plan)(a, b), a.astype(np.float64) @ b, shape.K)


@pytest.mark.parametrize("plain_a", [True, False], ids=["a in rows", "a in panels"])
@pytest.mark.parametrize(("i", "j", "k"), [(30, 70, 9), (5, 33, 4), (90, 32, 21), (1, 1, 1)])
def test_what_was_packed_on_the_way_is_what_packing_gives(i, j, k, plain_a):
    tile, rng = Tile(5, 2, lanes()), np.random.default_rng(i)
    a, b = rng.standard_normal((i, k)).astype(np.float32), rng.standard_normal((k, j)).astype(np.float32)
    want_a, want_b = (tensor.pack(of).ravel() for tensor, of in zip(block_nest(tile, i, j, k).problem.ins, (a, b), strict=True))
    module = new_module()
    write_block(module, "block", tile, i, j, k, j, a=k if plain_a else 0, keep=True).linkage = ""
    library = compile_ir(module)
    left, right, c = aligned(len(want_a)), aligned(len(want_b)), blank((i, j))
    if not plain_a:
        left[: len(want_a)] = want_a
    library.function("block", "ppppppi")(*map(address, (a, b, c, left, right, b)), 0)
    equal("c", c, a.astype(np.float64) @ b, k)
    inside = lambda got, want: bool((got[: len(want)][want != 0] == want[want != 0]).all())  # a panel's spare places are never read
    assert inside(right, want_b)
    assert inside(left, want_a) or (plain_a and j <= tile.wide), "a is read again only where b has a second panel"


def test_rows_of_a_that_are_not_packed_come_in_one_block():
    with pytest.raises(ValueError, match="in one block, got 30 rows in blocks of 10"):
        write_block(new_module(), "block", Tile(5, 2, lanes()), 30, 32, 4, 32, a=4, high=10)


def test_an_address_is_where_the_numbers_begin():
    array = np.arange(24, dtype=np.float32).reshape(4, 6)
    array.flags.writeable = False
    for view in (array, array[1:], array[:, 2:], array.T, array[::2], np.zeros(0, np.float32), blank((3, 5), 7)):
        assert address(view) == view.ctypes.data


@pytest.mark.parametrize("place", [0, 1, 15])
def test_a_blank_array_begins_at_its_place_in_a_cache_line(place):
    array = blank((2, 3), place)
    assert array.ctypes.data % 64 == 4 * place and array.shape == (2, 3) and array.dtype == np.float32


WHATEVER = {
    "float64": np.ones((2, 3)),
    "turned": np.ones((3, 2), np.float32).T,
    "lists": [[1, 1, 1], [1, 1, 1]],
    "masked": np.ma.ones((2, 3)),
    "every second": np.ones((2, 6), np.float32)[:, ::2],
}


@pytest.mark.parametrize("kind", WHATEVER)
def test_whatever_comes_is_contiguous_float32_behind_the_door(kind):
    got = checked("ia", WHATEVER[kind], (2, 3))
    assert type(got) is np.ndarray and got.dtype == np.float32 and got.flags.c_contiguous and (got == 1).all()
