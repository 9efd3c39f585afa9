"""`course doctor` and the measurements behind it: told by the system, measured here, and physically possible."""

import os

import numpy as np
import pytest

from course_lib.caches import listed
from course_lib.cli import doctor, main
from course_lib.cli.parts import Part
from course_lib.machine import host


@pytest.fixture(scope="module")
def here():
    return host.describe()


def test_the_description_is_of_this_machine(here):
    assert here.name and here.lanes in (1, 4, 8, 16)
    assert 1 <= here.cores <= here.threads
    assert here.memory > 1 << 28


def test_each_cache_is_larger_than_the_one_before_it_and_made_of_whole_lines(here):
    sizes = [cache.bytes for cache in here.caches]
    assert sizes == sorted(sizes)
    assert all(cache.bytes % cache.line == 0 for cache in here.caches if cache.line)
    assert all(cache.bytes % (cache.line * cache.ways) == 0 for cache in here.caches if cache.line and cache.ways)


LISTS = {"0": 1, "0-3": 4, "0-3,8-11": 8, "0,2,4": 3, "": 1}


@pytest.mark.parametrize("text", LISTS)
def test_the_kernels_lists_of_processors_are_counted(text):
    assert listed(text) == LISTS[text]


def test_lanes_follow_the_instruction_set(monkeypatch):
    monkeypatch.setattr(host.platform, "machine", lambda: "x86_64")
    for flags, lanes in (({"avx512f", "avx2", "avx"}, 16), ({"avx2", "avx"}, 8), ({"sse2"}, 4)):
        monkeypatch.setattr(host, "cpu_flags", lambda flags=flags: flags)
        assert host.vector_unit()[1] == lanes
    monkeypatch.setattr(host.platform, "machine", lambda: "aarch64")
    assert host.vector_unit() == ("NEON", 4)


def test_the_multiply_add_kernel_computes_what_it_says():
    kernel = host.multiply_add_kernel()
    if kernel is None:
        pytest.skip("no llvmlite, or no fused multiply-add here")
    chains = host.chains_for(host.vector_unit()[0])
    # s <- s/2 + 1 from 1: after n passes s = 2 - 2^-n, and the chains are summed
    for passes in (1, 2, 5):
        assert kernel[0](passes) == pytest.approx(chains * (2 - 2.0**-passes), rel=1e-6)


def test_no_matrix_product_beats_the_measured_peak():
    # interleaved, best of three each: the roof is measured by the same clock as what stands under it
    peaks, products = [], []
    for _ in range(3):
        peaks.append(host.measure_peak(1).one)
        products.append(host.measure_gemm(1, n=512).one)
    assert max(products) < 1.1 * max(peaks)


def test_bandwidth_is_measured_beyond_the_last_cache(here):
    speed = host.measure_bandwidth(1)
    assert speed.unit == "GB/s" and 0.2 < speed.one < 5000
    mib = int(speed.by.split()[-2])
    assert mib << 20 >= max((cache.bytes for cache in here.caches), default=0) or mib == 512


@pytest.mark.parametrize("measure", [host.measure_peak, host.measure_bandwidth])
def test_no_threads_is_refused_by_name(measure):
    with pytest.raises(ValueError, match="threads: want at least 1, got 0"):
        measure(0)


def test_without_llvmlite_the_peak_is_numpys_and_says_so(monkeypatch):
    monkeypatch.setattr(host, "multiply_add_kernel", lambda: None)
    assert host.measure_peak(1).by.startswith("numpy's matrix product")


def test_the_doctor_says_everything_and_answers_in_less_than_six_seconds_of_work(capsys):
    before = os.times()
    code = main(["doctor"])
    after = os.times()  # processor time of this process and its children: a busy machine is not the doctor's fault
    seconds = sum(after[:4]) - sum(before[:4])
    said = capsys.readouterr().out
    assert code == 0, said
    for word in (
        "processor",
        "vectors",
        "memory",
        "peak",
        "GFLOP/s",
        "bandwidth",
        "GB/s",
        "python",
        "torch",
        "chromium",
        "bubblewrap",
        "network",
        "disk",
    ):
        assert word in said
    assert seconds < 6 * host.usable_threads()  # all threads work while the roofs are measured


def test_a_missing_chromium_is_said_and_is_no_failure(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "chromium", lambda: Part("chromium", False, "no Chromium found", "sudo apt install chromium"))
    assert main(["doctor", "--no-speed"]) == 0
    assert "sudo apt install chromium" in capsys.readouterr().out


def test_a_full_disk_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 5 << 20}))
    assert main(["doctor", "--no-speed"]) == 1
    assert "MISSING: disk space: 5 MiB free" in capsys.readouterr().out


def test_a_package_that_was_installed_and_is_gone_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "wanted", lambda extras: {"numpy": "base", "a-package-nobody-has": "lab"})
    assert main(["doctor", "--no-speed"]) == 1
    assert "a-package-nobody-has (for lab)" in capsys.readouterr().out


SIZES = {0: "0 bytes", 32768: "32 KiB", 33554432: "32 MiB", 25276514304: "23.5 GiB"}


@pytest.mark.parametrize("count", SIZES)
def test_sizes_read_as_a_person_says_them(count):
    assert doctor.size(count) == SIZES[count]


def test_measuring_leaves_numpy_as_it_was():
    before = np.geterr()
    host.measure_bandwidth(1)
    assert np.geterr() == before
