"""What a student's code can and cannot do in the box, and that what one exercise does costs no other its points."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).resolve().parents[2]
REST = {"shift": "ok", "total": "ok", "flip": "ok"}

# words for the test's name: (the cell that defines `double`, the state it comes to, words of the message)
HOSTILE = {
    "a wrong value": ("def double(a): return 2 * a + 1", "wrong", "numbers differ"),
    "NaN": ("def double(a): return a * np.nan", "wrong", "NaN"),
    "an object array": ("def double(a): return (2 * a).astype(object)", "wrong", "dtype object"),
    "a masked array": ("def double(a): return np.ma.array(2 * a)", "wrong", "masked"),
    "None": ("def double(a): a * 2", "wrong", "return"),
    "complex numbers": ("def double(a): return 2 * a + 0j", "wrong", "real"),
    "changed inputs": ("def double(a):\n    a *= 2\n    return a", "wrong", "changed its input"),
    "right on the first call only": (
        "seen = []\ndef double(a):\n    seen.append(1)\n    return 2 * a if len(seen) == 1 else a",
        "wrong",
        "second call",
    ),
    "an error": ("def double(a): return a / unknown", "crashed", "NameError"),
    "sys.exit": ("import sys\ndef double(a): sys.exit(0)", "crashed", "SystemExit"),
    "a cell that raises before the def": ("1 / 0\ndef double(a): return 2 * a", "crashed", "ZeroDivisionError"),
    "a syntax error": ("def double(a): return (2 * a", "crashed", "SyntaxError"),
    "the blank": ("def double(a):\n    raise NotImplementedError", "missing", "blank"),
    "no function at all": ("x = 1", "missing", "not defined"),
    "input()": ("def double(a): return float(input()) * a", "crashed", "StdinNotImplementedError"),
    "a memory hog": ("def double(a):\n    x = bytearray(4 << 30)\n    return 2 * a", "crashed", "MemoryError"),
    "the reference": (
        "from course_lib.exercises import EXERCISES\ndef double(a): return EXERCISES['double'].reference(a)",
        "crashed",
        "ImportError",
    ),
    "the exercise's file": ("def double(a):\n    from course_lib.exercises import lab01_intro\n    return 2 * a", "crashed", "ImportError"),
    "a library put away": ("def double(a):\n    import torch\n    return torch.tensor(a).numpy() * 2", "crashed", "put away"),
    "course code put away": ("from course_lib import conv2d\ndef double(a): return conv2d(a, a)", "crashed", "put away"),
    "a room that nobody thought of": (
        "def double(a):\n    from course_lib.compress import operator\n    return operator.Dense(a) @ a",
        "crashed",
        "put away",
    ),
    "reading the course's own folder": (
        f"def double(a):\n    open({str(ROOT / 'pyproject.toml')!r})\n    return 2 * a",  # it exists, but not in there
        "crashed",
        "FileNotFoundError",
    ),
    "the network": (
        "import socket\ndef double(a):\n    socket.create_connection(('192.0.2.1', 80), 1)\n    return 2 * a",
        "crashed",
        "OSError",
    ),
    "writing outside": ("def double(a):\n    open('/opt/course/x', 'w')\n    return 2 * a", "crashed", "OSError"),
}

# what an attack on the grader, or a harmless oddity, may not change: the answer stays what it is
HARMLESS = {
    "60 MB of output while called": "def double(a):\n    print('x' * 60_000_000)\n    return 2 * a",
    "a warning on stderr": "import warnings\ndef double(a):\n    warnings.warn('look out')\n    return 2 * a",
    "garbage on the socket first": (
        "import os, socket\ns = socket.socket(socket.AF_UNIX)\n"
        "s.connect(os.environ['COURSE_GRADER_SOCKET']); s.sendall(b'x' * 99); s.close()\n"
        "def double(a): return 2 * a"
    ),
    "a cell that prints 20 MB": "print('y' * 20_000_000)\ndef double(a): return 2 * a",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_goes_wrong_has_its_own_state_and_words_and_costs_no_other_exercise(what: str, toy: Any, states: Any, boxes: Any) -> None:
    cell, state, words = HOSTILE[what]
    verdict = boxes(cell)
    assert (verdict.state, words in verdict.message) == (state, True), verdict.message


@pytest.fixture(scope="module")
def boxes(toy: Any) -> Any:
    """Judges many versions of `double` in one kernel: each in its own name, so that a module of cases takes seconds."""
    from autograder import manifest as manifests
    from autograder.run import run
    from course_lib.exercises.exercise import Exercise

    verdicts: dict[str, Any] = {}

    def all_at_once() -> None:
        import dataclasses

        import nbformat.v4 as v4

        cells = [v4.new_code_cell("import numpy as np\nfrom course_lib.check import check")]
        exercises: dict[str, Exercise] = {}
        for number, (cell, _, _) in enumerate(HOSTILE.values()):
            name = f"double_{number}"
            exercises[name] = dataclasses.replace(toy.exercises["double"], name=name)
            cells.append(
                v4.new_code_cell(cell.replace("def double(", f"def {name}("), metadata={"nbgrader": {"grade_id": name, "solution": True}})
            )
            test = {"grade_id": f"check_{name}", "grade": True, "solution": False, "locked": True, "points": 1}
            cells.append(v4.new_code_cell(f'check("{name}", {name})', metadata={"nbgrader": test}))
        table = {"notebook": "many", "limits": {"memory_mb": 1500, "notebook_seconds": 60}}
        manifest = manifests.read("many", {**table, "exercise": {n: {"values": 1} for n in exercises}}, "many.toml")
        outcome = run(v4.new_notebook(cells=cells), manifest, exercises, dict.fromkeys(exercises, 7))
        verdicts.update(zip((c for c, _, _ in HOSTILE.values()), outcome.verdicts.values(), strict=True))

    all_at_once()
    return verdicts.__getitem__


MANY = """
import os, time
import numpy as np
def double(a):
    for _ in range(6):  # each of them less than a process may have
        if os.fork() == 0:
            mine = np.ones(400 << 17)
            time.sleep(60)
            os._exit(0)
    time.sleep(30)
    return 2 * a
"""


def test_many_processes_together_may_not_use_more_memory_than_one(toy: Any, states: Any) -> None:
    from dataclasses import replace

    from autograder.run import run

    patient = replace(toy.manifest, limits=replace(toy.manifest.limits, call_seconds=40, exercise_seconds=60, notebook_seconds=120))
    outcome = run(toy.notebook(double=MANY), patient, toy.exercises, dict.fromkeys(toy.exercises, 7))
    said = outcome.verdicts["double"]
    assert said.state == "crashed" and "together used more than 1,500 MB" in said.message, said.message
    assert all(outcome.verdicts[name].passed for name in REST)


def test_ctrl_c_ends_what_runs_and_says_nothing_of_it(toy: Any) -> None:
    import threading

    from autograder.run import STOP, Stopped

    timer = threading.Timer(0.2, STOP.set)
    timer.start()
    try:
        with pytest.raises(Stopped):
            toy.run(double="import time\ndef double(a):\n    time.sleep(30)\n    return 2 * a")
    finally:
        timer.join()
        STOP.clear()


def test_a_kernel_ends_with_the_line_to_its_grader(toy: Any) -> None:
    """Whatever happens to a grader, its end of the line closes: no moment is left in which its death goes unnoticed."""
    import asyncio

    from autograder.run import Kernel
    from autograder.sandbox import Box, alive, tree

    async def left(room: Any) -> list[int]:
        kernel = Kernel(room, toy.manifest.limits)
        await kernel.start(())
        provisioner = kernel.manager.provisioner
        inside = tree(provisioner.process.pid)[1:]
        os.close(provisioner.line)
        provisioner.line = None
        for _ in range(200):
            if provisioner.process.poll() is not None and not any(map(alive, inside)):
                break
            await asyncio.sleep(0.1)
        there = [pid for pid in inside if alive(pid)]
        await kernel.end()
        return there if inside else [-1]

    for confined in (True, False):
        with Box(confined=confined).open() as room:
            assert asyncio.run(left(room)) == ([] if confined else [-1])


def test_what_a_killed_grader_left_is_swept_wherever_temporary_files_lie(tmp_path: Path, monkeypatch: Any) -> None:
    from autograder import sandbox

    rooms, elsewhere = tmp_path / "short", tmp_path / "elsewhere"
    monkeypatch.setattr(sandbox, "SHORT", str(rooms))
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))  # as TMPDIR does
    for place in (rooms, elsewhere):
        for name, owner in (("gone", 2**22 + 1), ("mine", os.getpid())):
            folder = place / f"course-grader-{name}"
            folder.mkdir(parents=True)
            (folder / "owner").write_text(str(owner))
    held = str(elsewhere / "course-grader-gone" / "ipc")  # a box that outlived its grader
    box = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", held])
    assert sandbox.sweep() == 2 and box.wait(30) == -9
    assert {p.name for p in tmp_path.glob("*/*")} == {"course-grader-mine"}


def test_the_memory_of_a_process_counts_what_it_started() -> None:
    from autograder.sandbox import memory_of, tree

    code = "import os, sys, time; os.fork(); x = bytearray(os.urandom(1)) * (64 << 20); os.write(1, b'.'); time.sleep(30)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, bufsize=0)
    try:
        # a byte from each of the two: one write each, so that the two cannot mix as lines can
        assert [process.stdout.read(1), process.stdout.read(1)] == [b"."] * 2
        assert 128 << 20 < memory_of(process.pid) < 256 << 20
    finally:
        for pid in reversed(tree(process.pid)):
            os.kill(pid, 9)
        process.wait()
        process.stdout.close()


def test_an_honest_notebook_is_all_right_whatever_it_prints(toy: Any, states: Any) -> None:
    def mine(what: str, name: str, value: str) -> str:
        return HARMLESS[what].replace("double", name).replace("2 * a", value)

    outcome = toy.run(
        double=HARMLESS["60 MB of output while called"],
        shift=mine("a warning on stderr", "shift", "a + 1"),
        total=mine("garbage on the socket first", "total", "float(a.sum())"),
        flip=mine("a cell that prints 20 MB", "flip", "a[::-1].copy()"),
    )
    assert all(v.passed for v in outcome.verdicts.values()), {n: v.message for n, v in outcome.verdicts.items()}
    assert sum(len(str(c.get("outputs", ""))) for c in outcome.notebook.cells) < 2_000_000


TAMPER = """
import numpy.testing, course_lib.check, course_lib.wire
np.testing.assert_allclose = np.allclose = lambda *a, **k: True
get_ipython().showtraceback = lambda *a, **k: None
get_ipython().ast_node_interactivity = 'none'
get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'] if any('assert' in l for l in lines) else lines)
def double(a): return a
"""


def test_replaced_asserts_tracebacks_and_transformers_gain_nothing(toy: Any, states: Any) -> None:
    outcome = toy.run(double=TAMPER)
    assert states(outcome) == {"double": "wrong", **REST}
    assert outcome.verdicts["double"].misconception == "nothing is done"


def test_a_replaced_check_never_reaches_the_grader_and_earns_nothing(toy: Any) -> None:
    fake = "import course_lib.check\ncourse_lib.check.check = check = lambda *a: print('5/5 pass')\ndef double(a): return a"
    verdict = toy.run(double=fake).verdicts["double"]
    assert not verdict.passed and "never reached the grader" in verdict.message


def test_an_input_transformer_that_rewrites_the_test_cell_earns_nothing(toy: Any) -> None:
    rewrite = (
        "get_ipython().input_transformers_cleanup.append(\n"
        "    lambda lines: ['print(1)\\n'] if any('check(' in l for l in lines) else lines)\ndef double(a): return a"
    )
    assert not any(v.passed for v in toy.run(double=rewrite).verdicts.values())


def test_a_dead_kernel_costs_its_own_exercise_and_no_other(toy: Any, states: Any) -> None:
    outcome = toy.run(shift="import os\nos._exit(0)\ndef shift(a): return a + 1", flip="import os\ndef flip(a): os._exit(0)")
    assert states(outcome) == {"double": "ok", "shift": "crashed", "total": "ok", "flip": "crashed"}
    assert "kernel" in outcome.verdicts["shift"].message and any("kernel stopped in cell" in note for note in outcome.notes)


def test_endless_loops_are_timeouts_with_and_without_the_interpreters_lock(toy: Any, states: Any) -> None:
    loop = "def double(a):\n    while True: pass"
    locked = "import re\ndef flip(a): re.match('(a+)+$', 'a' * 60 + 'b')"  # C code that never lets go
    outcome = toy.run(double=loop, shift="while True: pass\ndef shift(a): return a + 1", flip=locked)
    assert states(outcome) == {"double": "timeout", "shift": "timeout", "total": "ok", "flip": "timeout"}
    assert "1.5 s" in outcome.verdicts["double"].message


def test_nothing_is_left_behind(toy: Any) -> None:
    toy.run(double="import subprocess\nsubprocess.Popen(['sleep', '300'])\ndef double(a): return 2 * a")
    time.sleep(0.2)
    owners = []
    for path in glob.glob(os.path.join(tempfile.gettempdir(), "course-grader-*", "owner")):
        with contextlib.suppress(OSError):  # another grader's, gone while we look
            owners += [Path(path).read_text()] * Path(path).with_name("g.sock").exists()
    assert str(os.getpid()) not in owners
    commands = [Path(p).read_bytes() for p in glob.glob("/proc/[0-9]*/cmdline") if os.access(p, os.R_OK)]
    assert not any(b"sleep\x00300" in c for c in commands)


def test_the_box_holds_no_course_no_users_no_powers(toy: Any) -> None:
    import json
    import re

    looks = {
        "double": "'uid': os.getuid(), 'caps': int(status['CapEff'], 16), 'no_new_privs': status['NoNewPrivs'].strip()",
        "shift": "'passwd': os.path.exists('/etc/passwd'), 'net': os.path.exists('/sys'), "
        "'pids': [p for p in os.listdir('/proc') if p.isdigit()]",
        "total": "'answers': [str(p) for p in __import__('pathlib').Path('/opt').rglob('*lab0*')]",
    }
    cells = {
        name: f"import json, os\ndef {name}(a):\n"
        "    status = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines() if ':' in line)\n"
        f"    raise RuntimeError(json.dumps({{{look}}}))"
        for name, look in looks.items()
    }
    verdicts = toy.run(**cells).verdicts
    seen: dict[str, Any] = {}
    for name in looks:
        seen |= json.loads(re.search(r"\{.*\}", verdicts[name].message).group())  # type: ignore[union-attr]
    assert seen["uid"] == 1000 and seen["caps"] == 0 and seen["no_new_privs"] == "1" and not seen["passwd"]
    assert not seen["net"] and len(seen["pids"]) < 10 and seen["answers"] == []


def reaches(nobody: list[str], python: str) -> bool:
    """Can an ordinary user run this Python, start it again, and read this checkout with it?"""
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True); open({str(ROOT / 'pyproject.toml')!r})"
    return (
        os.path.exists(python) and subprocess.run([*nobody, python, "-c", code], capture_output=True, cwd="/", check=False).returncode == 0
    )


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("setpriv") is None, reason="only root can become an ordinary user for a test")
def test_an_ordinary_user_gets_the_same_verdicts(tmp_path: Path) -> None:
    code = (
        f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r})\n"
        f"space = runpy.run_path({str(Path(__file__).with_name('conftest.py'))!r})\n"
        "import os\nassert os.getuid() == 65534\n"
        "from autograder import manifest, run\n"
        "table = {'notebook': 'toy', 'exercise': {n: {'values': 1} for n in space['NAMES']}, 'limits': {'processes': 400}}\n"
        "m = manifest.read('toy', table, 'toy')\n"
        "bomb = 'import os, time\\ndef flip(a):\\n    for _ in range(3000):\\n        if os.fork() == 0: time.sleep(20); os._exit(0)\\n'\n"
        "nb = space['toy_notebook'](double='def double(a): return a', flip=bomb)\n"
        "out = run.run(nb, m, space['toy_exercises'](), dict.fromkeys(space['NAMES'], 7))\n"
        "print({n: (v.state, v.message[:60]) for n, v in out.verdicts.items()})\n"
    )
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    (tmp_path / "home").mkdir()
    os.chown(tmp_path / "home", 65534, 65534)
    # a Python in root's home is out of an ordinary user's reach; the system's of the same version can use the same packages
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    python = next((p for p in (sys.executable, system) if reaches(nobody, p)), None)
    if python is None:
        pytest.skip("an ordinary user can reach no Python of this version here")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "PYTHONPATH": sysconfig.get_path("purelib")}
    done = subprocess.run([*nobody, python, "-c", code], capture_output=True, text=True, timeout=600, cwd="/", env=environment, check=False)
    assert "'double': ('wrong'" in done.stdout and "'shift': ('ok'" in done.stdout and "'total': ('ok'" in done.stdout, (
        done.stdout + done.stderr[-800:]
    )
    assert "'flip': ('crashed', 'BlockingIOError" in done.stdout, done.stdout


def test_the_first_verdict_counts_and_only_in_its_own_test_cell(toy: Any, states: Any) -> None:
    early = "check('shift', lambda a: a + 1)\ndef double(a): return a"  # asks before its turn
    late = "def double(a): return 2 * a\ncheck('double', double)\ndef shift(a): return a"  # asks again
    assert states(toy.run(double=early, shift=late)) == {"double": "wrong", "shift": "wrong", "total": "ok", "flip": "ok"}
