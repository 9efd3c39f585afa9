"""The GEMM ladder under the machine's roof: one product, step by step; then three efforts of the compiler, and Strassen's leaves.

    python benchmarks/gemm.py                    all tables, one thread
    python benchmarks/gemm.py --only ladder --sizes 128 512
    python benchmarks/gemm.py --record           writes course_lib/data/gemm_times.json, which decks and labs show

Every product is compared with float64's before it is timed; the steps run in turns. The clock is the thread's own time on a core,
which other people's load disturbs less; `--clock wall` takes time on the wall.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

from course_lib.gemm.times import FILE, SIZES, TABLES, ladder_times, measured
from course_lib.records import Report


def show(data: dict) -> None:
    tables = dict(data["tables"])
    print(f"{data['machine']}, one thread, numpy {data['numpy']}\n")
    if rows := tables.pop("ladder", None):
        steps = list(dict.fromkeys(row["step"] for row in rows))
        found = {(row["n"], row["step"]): row["GFLOP/s"] for row in rows}
        wide = [{"step": step, **{str(n): found.get((n, step)) for n in dict.fromkeys(row["n"] for row in rows)}} for step in steps]
        print(Report.of(wide, title="the ladder, GFLOP/s by order"), end="\n\n")
    for name, rows in tables.items():
        print(Report.of(rows, title=name), end="\n\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=tuple(TABLES), nargs="+", default=list(TABLES))
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--clock", choices=("thread", "wall"), default="thread")
    parser.add_argument("--record", action="store_true", help="write the tables into the package's data")
    options = parser.parse_args()
    if {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} & set(os.environ):
        # a library that was told to use another machine's kernels would be no peer
        environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
        return subprocess.run([sys.executable, __file__, *sys.argv[1:]], env=environment).returncode
    clock = time.thread_time if options.clock == "thread" else time.perf_counter
    data = measured([name for name in options.only if name != "ladder"], clock)
    if "ladder" in options.only:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            data["tables"] = {"ladder": ladder_times(options.sizes, clock), **data["tables"]}
    show(data)
    if options.record:
        kept = json.loads(FILE.read_text("utf-8"))["tables"] if FILE.exists() else {}
        data["tables"] = kept | data["tables"]
        FILE.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
