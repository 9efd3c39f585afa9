"""The cache simulator against its slow twin, the stack distance, hand-counted cases and laws of nature."""

import os
import subprocess
import sys

import numpy as np
import pytest

from course_lib.machine.cache import Cache, simulate, simulate_slowly
from course_lib.machine.reuse import distances, distances_slowly, misses
from course_lib.records import Buffer, Trace


def random_trace(rng, length, span, tensors=2):
    buffers = tuple(Buffer(name, (span,), 4, i * 4 * span) for i, name in enumerate("AB"[:tensors]))
    tensor = rng.integers(tensors, size=length).astype(np.int16)
    # a mixture of runs and jumps, so that hits and misses both are many
    element = np.abs(np.cumsum(rng.integers(-3, 4, size=length)) + rng.integers(2, size=length) * rng.integers(span, size=length)) % span
    return Trace(buffers, tensor, 4 * (element + tensor * span), rng.random(length) < 0.3, np.arange(length))


def streaming(elements, itemsize=4):
    return Trace((Buffer("A", (elements,), itemsize, 0),), np.zeros(elements, np.int16), itemsize * np.arange(elements),
                 np.zeros(elements, bool), np.arange(elements))  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_the_compiled_simulator_equals_the_slow_one(seed):
    rng = np.random.default_rng(seed)
    levels, size = [], int(rng.choice([64, 128, 256]))
    for _ in range(rng.integers(1, 4)):
        ways = int(rng.choice([0, 1, 2, 4]))
        levels.append(Cache(size, 16, ways, str(rng.choice(["lru", "fifo", "plru"]))))
        size *= int(rng.choice([1, 2, 4]))
    trace = random_trace(rng, int(rng.integers(0, 600)), int(rng.choice([20, 100, 400])))
    assert simulate(trace, levels) == simulate_slowly(trace, levels)


@pytest.mark.parametrize("seed", range(10))
def test_reuse_distances_equal_their_definition_and_predict_every_lru_cache(seed):
    rng = np.random.default_rng(seed)
    trace = random_trace(rng, 300, 100)
    assert (distances(trace, 16) == distances_slowly(trace, 16)).all()
    sizes = [16, 32, 64, 128, 256, 512]
    counted = [sum(simulate(trace, [Cache(size, 16, 0)])["misses"]) for size in sizes]
    assert misses(trace, sizes, 16)["misses"] == counted
    assert counted == sorted(counted, reverse=True), "a larger LRU cache never misses more"


def test_a_stream_misses_once_a_line():
    assert simulate(streaming(1024), [Cache(32 * 1024)])["misses"] == [1024 * 4 // 64]


def test_a_column_of_a_power_of_two_matrix_lands_in_one_set():
    # 1024 doubles a row = 8 KiB: every element of a column falls into the same set of a 32 KiB, 8-way cache (64 sets of 64 B)
    column = np.tile(np.arange(1024) * 8192, 2)
    trace = Trace((Buffer("A", (1024, 1024), 8, 0),), np.zeros(2048, np.int16), column, np.zeros(2048, bool), np.arange(2048))
    assert simulate(trace, [Cache(32 * 1024)])["misses"] == [2048]
    padded = Trace(trace.buffers, trace.tensor, np.tile(np.arange(1024) * 8256, 2), trace.store, trace.step)
    assert simulate(padded, [Cache(128 * 1024)])["misses"] == [1024], "one more line a row spreads the column over all sets"


def test_every_byte_written_reaches_memory_once_when_it_fits():
    trace = streaming(256)
    trace = Trace(trace.buffers, trace.tensor, trace.address, np.ones(256, bool), trace.step)
    report = simulate(trace, [Cache(4096), Cache(8192)])
    assert report["bytes out"] == [1024, 1024]


@pytest.mark.parametrize("words, message", [
    (dict(bytes=100, line=64), "bytes: 100 is not a whole number of lines"),
    (dict(bytes=640, line=64, ways=4), "ways: 10 lines do not divide"),
    (dict(bytes=384, line=64, ways=6, policy="plru"), "needs a power of two"),
    (dict(bytes=512, policy="random"), "policy: want one of"),
    (dict(bytes=0), "bytes: want at least 1"),
])  # fmt: skip
def test_an_impossible_cache_is_refused_in_words(words, message):
    with pytest.raises(ValueError, match=message):
        Cache(**words)


def test_unequal_lines_and_no_levels_are_refused():
    with pytest.raises(ValueError, match="one line size"):
        simulate(streaming(4), [Cache(128, 64, 0), Cache(256, 32, 0)])
    with pytest.raises(ValueError, match="at least one"):
        simulate(streaming(4), [])


def test_without_a_place_for_its_cache_machine_code_is_made_anew():
    from course_lib.machine.compiled import kept

    nowhere: dict = {}
    exec("def twice(x): return 2 * x", nowhere)  # a function of no file, which numba cannot keep
    assert kept(nowhere["twice"])(21) == 42


def test_machine_code_is_found_again_by_the_next_process(tmp_path):
    code = "import numpy as np; from course_lib.machine.cache import *; from course_lib.records import *;"
    code += "from course_lib.machine.cache_kernel import run;"
    code += "t = Trace((Buffer('A', (4,), 4, 0),), *(np.zeros(4, k) for k in (np.int16, np.int64, bool, np.int64)));"
    code += "simulate(t, [Cache(64, 16, 2)]); print(sum(run.stats.cache_hits.values()), sum(run.stats.cache_misses.values()))"
    words = dict(env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}, capture_output=True, text=True, check=True)
    said = [subprocess.run([sys.executable, "-c", code], **words).stdout.split() for _ in range(2)]
    assert said == [["0", "1"], ["1", "0"]]
