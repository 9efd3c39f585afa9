"""The grader held against its promises.

python benchmarks/grading.py                          all but the kills and the class
python benchmarks/grading.py hostile                  every hostile submission, as this user and (for root) as an ordinary one
python benchmarks/grading.py overhead                 what the sandbox adds to a notebook
python benchmarks/grading.py broken                   the reference broken on purpose: nobody scored, exit code 2
python benchmarks/grading.py wrong                    how many wrong answers each exercise knows
python benchmarks/grading.py fair --ids 1000          each student's own cases: all solvable, equal in cost
python benchmarks/grading.py kill --times 50          a grader killed at random moments: ledger and gradebook equal
python benchmarks/grading.py class --students 200     a class of lab 03 with two jobs: minutes, and the grader's memory
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def hostile(options: argparse.Namespace) -> int:
    words = ["-m", "tests.hostile.play"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=False).returncode
    if os.getuid() == 0 and shutil.which("setpriv"):
        test = "tests/hostile/test_hostile.py::test_an_ordinary_user_gets_the_same_verdicts"
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-rs", test], cwd=ROOT, capture_output=True, text=True, check=False)
        print("as an ordinary user:", "\n".join(done.stdout.strip().splitlines()[-3:]))
        code = code or done.returncode
    return code


def overhead(options: argparse.Namespace) -> int:
    """One cell, with and without the box, in turns."""
    from autograder.manifest import Limits
    from autograder.run import Kernel
    from autograder.sandbox import Box

    def once(confined: bool) -> float:
        with Box(confined=confined).open() as room:

            async def one() -> None:
                kernel = Kernel(room, Limits())
                await kernel.start(())
                await kernel.run("1 + 1", 60)
                await kernel.end()

            began = time.perf_counter()
            asyncio.run(one())
            return time.perf_counter() - began

    once(True), once(False)  # stages and caches
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(options.turns):
        for confined in (True, False):
            times[confined].append(once(confined))
    difference = statistics.median(a - b for a, b in zip(times[True], times[False], strict=True))
    print(f"a notebook of one cell: {statistics.median(times[True]):.2f} s in the sandbox, {statistics.median(times[False]):.2f} s without;"
          f" the sandbox adds {1000 * difference:.0f} ms (median of {options.turns} pairs; bar 100 ms)")  # fmt: skip
    return int(difference >= 0.1)


def broken(options: argparse.Namespace) -> int:
    from course_lib.cli import main
    from course_lib.exercises import EXERCISES, lab03_gemm

    right = EXERCISES["im2col"]
    lab03_gemm.EXERCISES["im2col"] = dataclasses.replace(right, reference=lambda x, *a, **k: right.reference(x, *a, **k) + 1)
    with tempfile.TemporaryDirectory() as folder:
        hand_in(Path(folder), 1)
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            code = main(["grade", "--state", folder, "--lab", "03_gemm"])
        scored = Path(folder, "ledger.jsonl").exists()
    print(f"reference broken on purpose: exit code {code}, {'somebody' if scored else 'nobody'} scored: {said.getvalue().splitlines()[0]}")
    return int(code != 2 or scored)


def fair_one(name: str, ids: int, solve: int) -> tuple[str, float, float, int]:
    """An exercise -> (name, least and most that a student's cases cost, cases without an answer; every so many ids are solved)."""
    import numpy as np

    from autograder.run import seeds_of
    from course_lib.exercises import EXERCISES
    from course_lib.exercises.exercise import cost_of, right_answer

    exercise, costs, unsolved = EXERCISES[name], [], 0
    for i in range(ids):
        seed = seeds_of(b"secret", f"student-{i}", {name: exercise})[name]
        costs.append(cost_of(exercise, seed))
        if i % solve == 0:
            for case in exercise.cases(np.random.default_rng(seed)):
                try:
                    right_answer(exercise, case)
                except Exception:
                    unsolved += 1
    return name, min(costs), max(costs), unsolved


def fair(options: argparse.Namespace) -> int:
    from concurrent.futures import ProcessPoolExecutor

    from course_lib.exercises import EXERCISES

    worst, unsolved = 0.0, 0
    with ProcessPoolExecutor(options.jobs) as pool:
        work = [pool.submit(fair_one, name, options.ids, options.solve) for name in EXERCISES]
        for one in work:
            name, least, most, without = one.result()
            spread = (most - least) / max(least, 1)
            worst, unsolved = max(worst, spread), unsolved + without
            print(f"  {name:<22} cost {least:,.0f} to {most:,.0f}, spread {100 * spread:.1f} %", flush=True)
    print(
        f"{options.ids} ids, {len(EXERCISES)} exercises: largest spread {100 * worst:.1f} % (bar 5 %), {unsolved} cases without an answer"
    )
    return int(worst >= 0.05 or unsolved > 0)


def wrong(options: argparse.Namespace) -> int:
    """How many wrong answers each exercise is known to catch by its words; that it does is looked at by tests/labs and tests/autograder."""
    import runpy

    from course_lib.exercises import LABS

    few, together = [], 0
    for lab, names in LABS.items():
        counts = {name: len(runpy.run_path(str(ROOT / "tests" / "wrong_answers" / lab / f"{name}.py"))["WRONG"]) for name in names}
        print(f"{lab}: {len(names)} exercises, {sum(counts.values())} wrong answers: {', '.join(f'{n} {c}' for n, c in counts.items())}")
        few += [name for name, count in counts.items() if count < 5]
        together += sum(counts.values())
    print(f"{sum(map(len, LABS.values()))} exercises, {together} wrong answers; with fewer than five: {', '.join(few) or 'none'}")
    return int(bool(few))


def kill(options: argparse.Namespace) -> int:
    words = ["-m", "tests.hostile.killing", "--times", str(options.times), "--students", str(options.students or 120)]
    return subprocess.run([sys.executable, *words], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode


def hand_in(root: Path, students: int, lab: str = "03_gemm", notebook: str = "lab03_gemm") -> None:
    """A class: the solution, the untouched lab, and solutions with one cell of every fourth student spoilt in turn."""
    import jupytext

    solved = jupytext.read(ROOT / "solutions" / lab / f"{notebook}.py")
    blanks = json.loads((ROOT / "labs" / lab / f"{notebook}.ipynb").read_text("utf-8"))
    empty = {c["metadata"].get("nbgrader", {}).get("grade_id"): "".join(c["source"]) for c in blanks["cells"]}
    answers = [c.metadata["nbgrader"]["grade_id"] for c in solved.cells
               if c.cell_type == "code" and c.metadata.get("nbgrader", {}).get("solution")]  # fmt: skip
    for number in range(students):
        text = json.loads(json.dumps(solved))
        for cell in text["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if number % 4 and grade_id == answers[number % len(answers)]:
                cell["source"] = empty[grade_id] if number % 4 == 1 else cell["source"] + ("\n" if number % 4 == 2 else "\n1 / 0\n")
        folder = root / "submitted" / f"student-{number:03d}" / lab
        folder.mkdir(parents=True)
        (folder / f"{notebook}.ipynb").write_text(json.dumps(text))


def whole_class(options: argparse.Namespace) -> int:
    from autograder.sandbox import tree

    students = options.students or 20
    with tempfile.TemporaryDirectory(prefix="a class ") as folder:
        hand_in(Path(folder), students)
        words = [sys.executable, "-m", "course_lib.cli", "grade", "--lab", "03_gemm", "--jobs", str(options.jobs), "--state", folder]
        began, memory, said = time.perf_counter(), [], []
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:

            def look() -> None:
                while process.poll() is None:
                    with contextlib.suppress(OSError, StopIteration):
                        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                        memory.append(int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024)
                    time.sleep(0.5)

            watcher = threading.Thread(target=look)
            watcher.start()
            for line in process.stdout or ():
                said.append((time.perf_counter() - began, line.rstrip()))
        watcher.join()
        seconds = time.perf_counter() - began
        left = [p for p in tree(os.getpid())[1:] if b"bwrap" in Path(f"/proc/{p}/cmdline").read_bytes()]
    done = [at for at, line in said if line.startswith("student-")]
    print("\n".join(line for _, line in said[-3:]))
    third = max(1, len(memory) // 3)
    first, last = max(memory[:third], default=0), max(memory[-third:], default=0)
    start = done[0] if done else seconds
    each = (done[-1] - start) / max(1, len(done) - 1) if done else seconds
    whole = seconds if students >= 200 else start + 199 * each
    print(f"{students} submissions of lab 03, {options.jobs} jobs: {seconds / 60:.1f} minutes, the first after {start:.0f} s,", end=" ")
    print(f"then one every {each:.2f} s; 200 {'took' if students >= 200 else 'would take'} {whole / 60:.1f} minutes (bar 15)")
    print(f"memory of the grader: {first:.0f} MB at most in the first third, {last:.0f} MB in the last; {len(left)} processes left")
    return int(process.returncode != 0 or whole > 900 or bool(left))


PARTS: dict[str, Any] = {
    "hostile": hostile,
    "overhead": overhead,
    "broken": broken,
    "wrong": wrong,
    "fair": fair,
    "kill": kill,
    "class": whole_class,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help="which (default: hostile overhead broken wrong fair)")
    parser.add_argument("--times", type=int, default=50, help="kill: how often")
    parser.add_argument("--students", type=int, default=0, help="class: how many (20); kill: how many (120)")
    parser.add_argument("--jobs", type=int, default=2, help="class, fair: at the same time")
    parser.add_argument("--ids", type=int, default=1000, help="fair: how many")
    parser.add_argument("--solve", type=int, default=20, help="fair: every so many ids are solved too")
    parser.add_argument("--turns", type=int, default=7, help="overhead: how often each")
    chosen = parser.parse_args()
    sys.exit(max([PARTS[part](chosen) for part in chosen.part or ("hostile", "overhead", "broken", "wrong", "fair")]))
