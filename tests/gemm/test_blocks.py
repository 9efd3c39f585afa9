"""Blocks, panels and the model of their sizes: against published numbers, against copies counted one by one, against the walk itself."""

import itertools

import numpy as np
import pytest

from course_lib import record
from course_lib.gemm import block_sizes, goto, packed, tiled, transposed
from course_lib.gemm.block_sizes import (
    HASWELL_DOUBLE,
    HASWELL_SINGLE,
    SANDY_BRIDGE_DOUBLE,
    Blocks,
    Level,
    Processor,
    register_tile,
    this_machine,
)
from course_lib.gemm.micro_kernel import micro_kernel
from course_lib.shapes import GemmShape

RNG = np.random.default_rng(5)


def test_the_model_gives_the_blocks_that_blis_ships_for_sandy_bridge():
    # 4 lanes · 8 cycles · 1 a cycle = 32 sums; L1: floor(7/1.5) = 4 ways of 4 KiB / (8 · 8 B) = 256;
    # L2: (8-1-1) · 32 KiB / (256 · 8 B) = 96
    assert register_tile(SANDY_BRIDGE_DOUBLE) == (8, 4)
    assert block_sizes(SANDY_BRIDGE_DOUBLE) == Blocks(mr=8, nr=4, kc=256, mc=96, nc=3584)


def test_with_haswells_own_tile_the_model_gives_its_depth_in_double_and_not_in_single():
    assert block_sizes(HASWELL_DOUBLE, (6, 8)).kc == 256
    assert block_sizes(HASWELL_SINGLE, (6, 16)).kc == 170  # BLIS ships 256: a model is where tuning begins


def test_what_the_model_puts_into_a_cache_fits_into_it():
    for _ in range(300):
        lanes, latency, units = (int(RNG.choice(v)) for v in ((2, 4, 8, 16), (3, 4, 5, 8), (1, 2)))
        caches = tuple(Level(int(RNG.choice([4, 8, 12, 16])), int(RNG.choice(s))) for s in ((64, 128), (512, 1024), (4096, 8192, 16384)))
        machine = Processor("any", lanes, latency, units, 64, 4, caches)
        try:
            blocks = block_sizes(machine)
        except ValueError as error:
            assert "register" in str(error) or "room" in str(error)
            continue
        first, second, third = (cache.bytes for cache in caches)
        panels = 4 * blocks.kc * (blocks.mr + blocks.nr)
        assert panels <= first and 4 * blocks.kc * (blocks.mc + blocks.nr) <= second
        assert 4 * blocks.kc * (blocks.nc + blocks.mc) <= third
        assert blocks.mr * blocks.nr >= lanes * latency * units
        assert blocks.mc % blocks.mr == 0 and blocks.nc % blocks.nr == 0
        # and one more step would not: a deeper panel by a tenth takes a way too many somewhere, so the model is not just timid
        assert 4 * int(2.5 * blocks.kc + 1) * (blocks.mr + blocks.nr) > first * 0.9


def test_a_machine_that_has_no_room_is_told_so():
    tiny = Processor("tiny", 4, 4, 1, 16, 4, (Level(1, 1),))
    with pytest.raises(ValueError, match="first cache of tiny has no room"):
        block_sizes(tiny)
    with pytest.raises(ValueError, match="tile: 16 x 16 needs 69 vector registers, Haswell, float64 has 16"):
        block_sizes(HASWELL_DOUBLE, (16, 16))
    with pytest.raises(ValueError, match="want one to three caches, got 0"):
        block_sizes(Processor("bare", 4, 4, 1, 16, 4, ()))
    with pytest.raises(ValueError, match="blocks: want five sizes of at least 1"):
        goto.gemm(np.ones((2, 2)), np.ones((2, 2)), Blocks(2, 2, 2))


def test_this_machine_gets_blocks():
    try:
        machine = this_machine()
    except ValueError as error:  # a system that does not tell its caches
        assert "caches" in str(error)
        return
    blocks = block_sizes(machine)
    assert blocks.mr * blocks.nr >= machine.lanes * machine.latency * machine.each_cycle


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (8, 8), (3, 17), (0, 4), (4, 0)])
@pytest.mark.parametrize("width", [1, 3, 8])
def test_a_packed_panel_is_read_from_its_first_number_to_its_last(shape, width):
    b = np.arange(1, 1 + shape[0] * shape[1]).reshape(shape)
    panels = packed.pack_columns(b, width)
    want = [
        b[k, j] if j < shape[1] else 0 for first in range(0, shape[1], width) for k in range(shape[0]) for j in range(first, first + width)
    ]
    assert panels.ravel().tolist() == want
    np.testing.assert_array_equal(packed.pack_rows(b.T, width), panels)


def test_a_micro_kernel_is_a_product_of_panels():
    a, b = RNG.integers(-9, 9, (11, 6)), RNG.integers(-9, 9, (11, 8))
    np.testing.assert_array_equal(micro_kernel(a, b), np.einsum("ki,kj->ij", a, b))


BLOCKS = [Blocks(2, 3, 4, 4, 6), Blocks(1, 1, 1, 1, 1), Blocks(3, 2, 5, 3, 8), Blocks(4, 4, 100, 100, 100)]


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("size", [(9, 7, 11), (1, 13, 2), (8, 12, 8), (5, 1, 1)])
def test_the_walk_visits_every_multiply_add_once_after_its_packing(blocks, size):
    M, N, K = size
    seen = np.zeros(size, int)
    b_there, a_there = np.zeros((K, N), bool), np.zeros((M, K), bool)
    for row in goto.walk(GemmShape(M, N, K), blocks):
        i, j, k = (slice(row[x], row[x] + row[y]) for x, y in (("i", "high"), ("j", "wide"), ("k", "deep")))
        if row["step"] == "pack b":
            b_there[:] = False
            b_there[k, j] = True
            a_there[:] = False
        elif row["step"] == "pack a":
            a_there[:] = False
            a_there[i, k] = True
        else:
            assert a_there[i, k].all() and b_there[k, j].all()
            seen[i, j, k] += 1
    assert (seen == 1).all()
    a, b = RNG.integers(-9, 9, (M, K)), RNG.integers(-9, 9, (K, N))
    np.testing.assert_array_equal(goto.gemm(a, b, blocks), np.einsum("ik,kj->ij", a, b))


@pytest.mark.parametrize("blocks", BLOCKS)
def test_traffic_is_what_the_walk_fetches(blocks):
    M, N, K = 9, 7, 11
    moved, first = 0, np.ones((M, N), bool)
    rows = list(goto.walk(GemmShape(M, N, K), blocks))
    for row in rows:
        if row["step"] == "pack b":
            moved += row["wide"] * row["deep"]
        elif row["step"] == "pack a":
            moved += row["high"] * row["deep"]
        else:
            part = (slice(row["i"], row["i"] + row["high"]), slice(row["j"], row["j"] + row["wide"]))
            moved += 2 * first[part].size - int(first[part].sum())
            first[part] = False
    assert moved == goto.traffic(GemmShape(M, N, K), blocks)


@pytest.mark.parametrize("tile", [1, 2, 3, 5, 50])
def test_tiles_do_the_same_multiply_adds_in_another_order(tile):
    a, b = RNG.integers(-9, 10, (7, 5)), RNG.integers(-9, 10, (5, 6))
    c, trace = record(tiled.gemm, a, b, tile)
    np.testing.assert_array_equal(c, np.einsum("ik,kj->ij", a, b))
    assert trace.macs == 7 * 5 * 6
    blocks = {tuple(np.array(at) // tile) for at in itertools.product(range(7), range(5), range(6))}
    assert len(blocks) == -(-7 // tile) * -(-5 // tile) * -(-6 // tile)
    if tile == 1:  # i k j, which is ikj
        assert trace.element("C").tolist()[::2] == [i * 6 + j for i in range(7) for _ in range(5) for j in range(6)]


def test_three_tiles_fit_and_three_larger_ones_do_not():
    for size in (64, 1000, 32 << 10, 1 << 20):
        t = tiled.square_tile(size)
        assert 3 * t * t * 4 <= size < 3 * (t + 1) ** 2 * 4
    with pytest.raises(ValueError, match="three elements of 4 bytes do not fit into 8"):
        tiled.square_tile(8)
    with pytest.raises(ValueError, match="tile: "):
        tiled.gemm(np.ones((2, 2)), np.ones((2, 2)), 0)


def test_with_an_operand_on_its_side_all_reads_are_along_rows():
    a, b = RNG.integers(-9, 10, (4, 6)), RNG.integers(-9, 10, (6, 5))
    want = np.einsum("ik,kj->ij", a, b)
    c, nt = record(transposed.times_transposed, a, np.ascontiguousarray(b.T))
    np.testing.assert_array_equal(c, want)
    c, tn = record(transposed.transposed_times, np.ascontiguousarray(a.T), b)
    np.testing.assert_array_equal(c, want)

    def steps(trace, name):
        return set(np.diff(trace.element(name)).tolist())

    assert steps(nt, nt.names[0]) <= {1, -5, 0} and 1 in steps(nt, nt.names[1])
    inner = np.diff(tn.element(tn.names[1]))
    assert (inner == 1).mean() > 0.7  # b runs along its rows
