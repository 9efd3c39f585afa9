"""The machine under your desk: its processor, vectors and caches as told by the system, its speed as measured here.

`describe()` asks the system and measures nothing. `measure_peak()` and `measure_bandwidth()` run for about a second each;
together they are the two lines of the roofline.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..caches import CPUS, Cache, data_caches, read, sysctl

SOURCE = "Williams, Waterman and Patterson, Roofline, CACM 2009; McCalpin, STREAM (the kernel 'add')"


@dataclass(frozen=True)
class Host:
    """What the system tells of this machine; `lanes` are float32 numbers in one vector, `memory` is bytes."""

    name: str
    vectors: str
    lanes: int
    cores: int
    threads: int
    caches: tuple[Cache, ...]
    memory: int


@dataclass(frozen=True)
class Speed:
    """A measured rate with one thread and with all (G = 10^9 a second), and how it was measured."""

    one: float
    all: float
    threads: int
    unit: str
    by: str


# ---------------------------------------------------------------------------------------------------- as told


def describe() -> Host:
    """This machine as the operating system tells it; nothing is measured, what is not told is 0 or empty."""
    vectors, lanes = vector_unit()
    threads = usable_threads()
    return Host(cpu_name(), vectors, lanes, physical_cores(threads), threads, data_caches(), memory_bytes())


def cpu_name() -> str:
    found = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", read("/proc/cpuinfo"), re.M)
    return (found[1].strip() if found else "") or sysctl("machdep.cpu.brand_string") or platform.processor() or platform.machine()


def cpu_flags() -> set[str]:
    """The instruction-set extensions, small letters, from whoever knows them: the system, then llvmlite."""
    found = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", read("/proc/cpuinfo"), re.M)
    said = found[1] if found else f"{sysctl('machdep.cpu.features')} {sysctl('machdep.cpu.leaf7_features')}"
    flags = set(said.lower().replace(".", "_").split())
    if not flags:
        try:
            from llvmlite import binding

            flags = {name for name, on in binding.get_host_cpu_features().items() if on}
        except (ImportError, RuntimeError):
            pass
    return flags


def vector_unit() -> tuple[str, int]:
    """The widest vectors the processor has: (their name, float32 lanes)."""
    if platform.machine().lower() in ("arm64", "aarch64"):
        return "NEON", 4
    flags = cpu_flags()
    if "avx512f" in flags:
        return "AVX-512", 16
    if "avx2" in flags:
        return "AVX2", 8
    if flags & {"avx", "avx1_0"}:
        return "AVX", 8
    return ("SSE", 4) if platform.machine().lower() in ("x86_64", "amd64", "i686", "x86") else ("none known", 1)


def usable_threads() -> int:
    """Hardware threads this process may use: its affinity, and in a container its share of the processor, rounded up."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = read("/sys/fs/cgroup/cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        count = min(count, max(1, -(-int(quota) // int(period))))
    return count


def physical_cores(threads: int) -> int:
    """Cores, where two hardware threads may share one."""
    groups = {read(path) for path in CPUS.glob("cpu[0-9]*/topology/thread_siblings_list")} - {""}
    told = sysctl("hw.physicalcpu")
    return min(threads, len(groups) or (int(told) if told.isdigit() else threads))


def memory_bytes() -> int:
    """Memory of the machine, or the container's limit where that is less; 0 where it is not told."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        total = int(sysctl("hw.memsize") or 0)
    limit = read("/sys/fs/cgroup/memory.max")
    return min(total, int(limit)) if limit.isdigit() and total else total


# ---------------------------------------------------------------------------------------------------- as measured


def measure_peak(threads: int | None = None) -> Speed:
    """The float32 arithmetic roof in GFLOP/s, a multiply-add counted as two, on one thread and on `threads` (all).

    With llvmlite: multiply-adds on vectors that never leave the registers, the best of nine runs. Without it: numpy's matrix product,
    which is a little lower.
    """
    count = usable_threads() if threads is None else threads
    if count < 1:
        raise ValueError(f"threads: want at least 1, got {threads}")
    kernel = multiply_add_kernel()
    if kernel is None:
        return measure_gemm(count)
    vectors, lanes = vector_unit()
    chains = chains_for(vectors)
    flops = 2 * lanes * chains  # a pass of the loop
    passes = 20_000
    run = kernel[0]
    while timed(partial(run, passes), 1) < 0.01:  # long enough to time, short enough to repeat
        passes *= 2
    rates = [together(lambda _: run(passes), n) for n in sorted({1, count})]
    one, many = flops * passes / rates[0] / 1e9, count * flops * passes / rates[-1] / 1e9
    return Speed(one, many, count, "GFLOP/s", f"multiply-adds in registers: {chains} independent chains of {lanes} lanes")


def chains_for(vectors: str) -> int:
    """Independent sums that hide a multiply-add's latency: two units of latency 4 or 5 want 10; more where there are registers."""
    return 10 if vectors == "AVX2" else 20


def multiply_add_kernel() -> tuple[Callable[[int], float], object] | None:
    """Machine code that does `chains` vector multiply-adds a pass, and its owner; None without llvmlite or fused multiply-add."""
    vectors, lanes = vector_unit()
    if vectors not in ("AVX2", "AVX-512", "NEON") or (vectors == "AVX2" and "fma" not in cpu_flags()):
        return None
    try:
        from llvmlite import binding
    except ImportError:
        return None
    vector, chains = f"<{lanes} x float>", range(chains_for(vectors))

    def splat(number: str) -> str:
        return "<" + ", ".join([f"float {number}"] * lanes) + ">"

    phis = "\n".join(f"  %s{i} = phi {vector} [ {splat('1.0')}, %entry ], [ %t{i}, %loop ]" for i in chains)
    # s <- s/2 + 1: tends to 2, so nothing overflows and no step can be left out
    body = "\n".join(f"  %t{i} = call {vector} @fma({vector} %s{i}, {vector} {splat('0.5')}, {vector} {splat('1.0')})" for i in chains)
    body = body.replace("@fma(", f"@llvm.fma.v{lanes}f32(")
    adds = "\n".join(f"  %a{i} = fadd {vector} {f'%a{i - 1}' if i else splat('0.0')}, %t{i}" for i in chains)
    text = f"""
declare {vector} @llvm.fma.v{lanes}f32({vector}, {vector}, {vector})
define float @peak(i64 %passes) {{
entry:
  br label %loop
loop:
  %n = phi i64 [ 0, %entry ], [ %m, %loop ]
{phis}
{body}
  %m = add i64 %n, 1
  %more = icmp slt i64 %m, %passes
  br i1 %more, label %loop, label %done
done:
{adds}
  %out = extractelement {vector} %a{chains[-1]}, i32 0
  ret float %out
}}"""
    try:
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        machine = binding.Target.from_default_triple().create_target_machine(
            cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=2
        )
        module = binding.parse_assembly(text)
        engine = binding.create_mcjit_compiler(module, machine)
        engine.finalize_object()
    except RuntimeError:
        return None
    return ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_int64)(engine.get_function_address("peak")), engine


def timed(work: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of `repeats` runs: a roof is what is possible, not what is usual."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def together(work: Callable[[int], object], threads: int, repeats: int = 9) -> float:
    """Seconds until `threads` threads have each done work(number), the fastest of `repeats`."""
    if threads == 1:
        return timed(lambda: work(0), repeats)
    with ThreadPoolExecutor(threads) as pool:
        return timed(lambda: list(pool.map(work, range(threads))), repeats)


def measure_bandwidth(threads: int | None = None) -> Speed:
    """Memory bandwidth in GB/s of c = a + b on arrays much larger than the last cache, 12 bytes moved an element, one and all threads.

    What the processor reads of c before it overwrites it is not counted, as is the custom.
    """
    count = usable_threads() if threads is None else threads
    if count < 1:
        raise ValueError(f"threads: want at least 1, got {threads}")
    last = max((cache.bytes for cache in data_caches()), default=32 << 20)
    each = min(max(2 * last, 32 << 20), max(memory_bytes() // 32, 16 << 20), 512 << 20)  # bytes an array; the three are >= 6 last caches
    elements = each // 4
    a, b, c = (np.full(elements, value, np.float32) for value in (1.0, 2.0, 0.0))  # written once, so every page is there

    def part(n: int, of: int) -> None:
        mine = slice(elements * n // of, elements * (n + 1) // of)
        np.add(a[mine], b[mine], out=c[mine])

    rates = []
    for of in sorted({1, count}):
        seconds = together(partial(part, of=of), of, repeats=5)
        rates.append(12 * elements / seconds / 1e9)
    return Speed(rates[0], rates[-1], count, "GB/s", f"c = a + b by numpy, three arrays of {each >> 20} MiB")


GEMM_PROBE = """
import sys, time
import numpy as np
n = int(sys.argv[1])
a = np.ones((n, n), np.float32)
a @ a
best = 1e9
end = time.perf_counter() + 0.4
while time.perf_counter() < end:
    start = time.perf_counter()
    a @ a
    best = min(best, time.perf_counter() - start)
print(2 * n**3 / best / 1e9)
"""


def measure_gemm(threads: int | None = None, n: int = 768) -> Speed:
    """GFLOP/s of numpy's float32 matrix product of order n, one and all threads, each in a fresh process.

    Fresh, because the library's number of threads and its choice of kernel (OPENBLAS_CORETYPE, which may be wrong for the
    machine and is unset here) are fixed when it is loaded.
    """
    count = usable_threads() if threads is None else threads
    rates = []
    for number in sorted({1, count}):
        env = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
        env |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), str(number))
        done = subprocess.run([sys.executable, "-c", GEMM_PROBE, str(n)], env=env, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise OSError(f"numpy's matrix product could not be timed: {done.stderr.strip()[-300:]}")
        rates.append(float(done.stdout))
    return Speed(rates[0], rates[-1], count, "GFLOP/s", f"numpy's matrix product of order {n}")
