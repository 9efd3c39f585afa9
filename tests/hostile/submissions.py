"""What students hand in by mistake, by accident and by intent: each with its state, its points and words of what is said.

ANSWERS     one function, `double`: they cannot hurt each other, so they share a notebook and a kernel
NOTEBOOKS   what is done to the kernel, the socket, the machine, the counts: each in a kernel of its own
FILES       what is done to the file: rebuilt from the release, or set aside for a person

Numbers in `fault` are those of the list that the grader was designed by.
"""

from __future__ import annotations

import copy
import json
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.seccomp import CALLS

from .lab import BLANKS, SOLUTIONS, notebook

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """A version of `double`: the state it comes to and words of what is said; full points exactly where the state is ok."""

    cell: str
    state: str
    words: str = ""


def body(*lines: str, before: str = "") -> str:
    return before + "def double(a):\n" + "".join(f"    {line}\n" for line in lines)


def tries(*calls: str, arguments: str = "0, 0, 0, 0, 0, 0") -> Answer:
    """A right answer that first makes these system calls: each is to come back with EPERM, and nothing is to be lost by it."""
    column = ("x86_64", "aarch64").index(machine) if (machine := platform.machine()) in ("x86_64", "aarch64") else 0
    numbers = [CALLS[call][column] for call in calls]
    lines = (
        "import ctypes, errno",
        "libc = ctypes.CDLL(None, use_errno=True)",
        f"said = [libc.syscall(n, {arguments}) for n in {numbers}]",
    )
    return Answer(body(*lines, "assert ctypes.get_errno() == errno.EPERM and set(said) == {-1}, said", "return 2 * a"), "ok")


ANSWERS: dict[str, Answer] = {
    # honest, whatever it looks like
    "honest": Answer(body("return 2 * a"), "ok"),
    "a list": Answer(body("return (2 * a).tolist()"), "ok"),
    "float32 would do": Answer(body("return (2 * a).astype('>f8')"), "ok"),
    "negative strides": Answer(body("return (2 * a)[::-1].copy()[::-1]"), "ok"),
    "columns first": Answer(body("return np.asfortranarray(2 * a)"), "ok"),
    "a read-only answer": Answer(body("out = 2 * a", "out.flags.writeable = False", "return out"), "ok"),
    "warnings on stderr": Answer(body("import warnings", "warnings.warn('look out')", "return 2 * a"), "ok"),
    "a log and a bar": Answer(body("import logging, sys", "logging.error('x')", "print('|####', file=sys.stderr)", "return 2 * a"), "ok"),
    "60 MB printed in the call": Answer(body("print('x' * 60_000_000)", "return 2 * a"), "ok"),
    "a thread that goes on": Answer(
        body("import threading, time", "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()", "return 2 * a"), "ok"
    ),
    # wrong values, each with its own sentence
    "wrong": Answer(body("return 2 * a + 1"), "wrong", "numbers differ"),
    "NaN": Answer(body("return a * np.nan"), "wrong", "NaN"),
    "infinity": Answer(body("return a / 0 if False else a * np.inf"), "wrong", "inf"),
    "another shape": Answer(body("return 2 * a.T"), "wrong", "want shape"),
    "a number": Answer(body("return np.array(2.0)"), "wrong", "want shape"),
    "nothing": Answer(body("2 * a"), "wrong", "return"),
    "a text": Answer(body("return str(2 * a)"), "wrong", "real numbers"),
    "a dict": Answer(body("return {'a': 2 * a}"), "wrong", "real numbers"),
    "complex": Answer(body("return 2 * a + 0j"), "wrong", "real"),
    "objects": Answer(body("return (2 * a).astype(object)"), "wrong", "dtype object"),
    "masked": Answer(body("return np.ma.array(2 * a)"), "wrong", "masked"),
    "a generator": Answer(body("yield from 2 * a"), "wrong", "generator"),
    "a coroutine": Answer("async def double(a):\n    return 2 * a\n", "wrong", "coroutine"),
    "itself": Answer(body("return double"), "wrong", "function"),
    "a list that says it is equal": Answer(
        body("return Liar([1.0])", before="class Liar(list):\n    def __eq__(self, other): return True\n    __hash__ = None\n"),
        "wrong", "want shape",
    ),
    "an object that copies whatever it meets": Answer(
        body("return Copy()", before="class Copy:\n    def __array__(self, *a): return np.ones(1)\n    def __eq__(self, o): return 1\n"),
        "wrong", "a Copy",
    ),
    "a dict whose keys lie": Answer(
        body("return Keys()", before="class Keys(dict):\n    def items(self): return iter([('x', self)])\n"), "crashed", "nested"
    ),
    "a pickle that would run": Answer(
        body("return np.array([Bomb()], object)", before="import os\nclass Bomb:\n    def __reduce__(self): return os.system, ('id',)\n"),
        "wrong", "dtype object",
    ),
    "a list without end": Answer(body("out = []", "out.append(out)", "return out"), "crashed", "nested"),
    "a number of 10,000 digits": Answer(body("return 10 ** 10_000"), "crashed"),
    "1 GB of answer": Answer(body("return np.zeros(1 << 26)"), "crashed", "larger than 256 MB"),
    "changed inputs": Answer(body("a *= 2", "return a"), "wrong", "changed its input"),
    "right on the first call only": Answer(
        body("seen.append(1)", "return 2 * a if len(seen) == 1 else a", before="seen = []\n"), "wrong", "second call"
    ),
    "right where it has seen the input before": Answer(
        body("return known.setdefault(a.shape, 2 * a)", before="known = {}\n"), "ok"  # within one run that is a cache, and honest
    ),
    # it stops
    "an error": Answer(body("return a / unknown"), "crashed", "NameError"),
    "too few parameters": Answer("def double():\n    return 1\n", "crashed", "TypeError"),
    "an endless recursion": Answer(body("return double(a)"), "crashed", "RecursionError"),
    "an error whose words raise": Answer(
        body("raise Mute()", before="class Mute(Exception):\n    def __str__(self): raise ValueError\n"), "crashed", "Mute"
    ),
    "an error of 10 MB": Answer(body("raise ValueError('x' * 10_000_000)"), "crashed", "ValueError"),
    "sys.exit": Answer(body("import sys", "sys.exit(0)"), "crashed", "SystemExit"),
    "a cell that raises before the def": Answer("1 / 0\n" + body("return 2 * a"), "crashed", "ZeroDivisionError"),
    "a syntax error": Answer("def double(a): return (2 * a\n", "crashed", "SyntaxError"),
    "the blank": Answer(body("raise NotImplementedError"), "missing", "blank"),
    "no function at all": Answer("x = 1\n", "missing", "not defined"),
    "a number in the function's place": Answer("double = 3\n", "crashed", "TypeError"),
    "a memory hog": Answer(body("x = bytearray(4 << 30)", "return 2 * a"), "crashed", "MemoryError"),
    "a class in the function's place": Answer("class double:\n    def __init__(self, a): self.a = 2 * a\n", "wrong", "double"),
    # what is not there
    "input()": Answer(body("return float(input()) * a"), "crashed", "StdinNotImplementedError"),
    "the reference": Answer(
        body("return EXERCISES['double'].reference(a)", before="from course_lib.exercises import EXERCISES\n"), "crashed", "ImportError"
    ),
    "the exercise's file": Answer(body("from course_lib.exercises import lab01_intro", "return 2 * a"), "crashed", "ImportError"),
    "torch": Answer(body("import torch", "return torch.tensor(a).numpy() * 2"), "crashed", "put away"),
    "the course's convolution": Answer(body("from course_lib import conv2d", "return conv2d(a, a)"), "crashed", "put away"),
    "a room that nobody thought of": Answer(body("from course_lib.compress import operator", "return operator.Dense(a) @ a"), "crashed",
                                            "put away"),  # fmt: skip
    "the grader's own code": Answer(body("import autograder", "return 2 * a"), "crashed", "ModuleNotFoundError"),
    "the course's folder": Answer(body(f"open({str(ROOT / 'pyproject.toml')!r})", "return 2 * a"), "crashed", "FileNotFoundError"),
    "the users of this machine": Answer(body("open('/etc/passwd')", "return 2 * a"), "crashed", "FileNotFoundError"),
    "other students' folders": Answer(body("import os", "os.listdir('../..')", "open('../../../gradebook.db')", "return 2 * a"), "crashed",
                                      "FileNotFoundError"),  # fmt: skip
    "its own notebook, for hidden tests": Answer(
        body("import glob", "found = glob.glob('/home/**/*.ipynb', recursive=True) + glob.glob('/*.ipynb')", "raise RuntimeError(found)"),
        "crashed", "RuntimeError: []",
    ),
    "the network": Answer(body("import socket", "socket.create_connection(('192.0.2.1', 80), 1)", "return 2 * a"), "crashed", "OSError"),
    "a file outside": Answer(body("open('/opt/course/x', 'w')", "return 2 * a"), "crashed", "OSError"),
    "a file of 300 MB": Answer(body("open('/tmp/x', 'wb').write(bytes(300 << 20))", "return 2 * a"), "crashed", "OSError"),
    "a mount": Answer(
        body("import subprocess", "subprocess.run(['mount', '-t', 'tmpfs', 'x', '/mnt'], check=True, capture_output=True)", "return 2 * a"),
        "crashed", "Error",
    ),
    "another user namespace": Answer(
        body("import subprocess", "subprocess.run(['unshare', '-Ur', 'true'], check=True, capture_output=True)", "return 2 * a"),
        "crashed", "CalledProcessError",
    ),
    "a debugger on its own parent": tries("ptrace", "process_vm_readv", "kcmp"),
    "the kernel's key rings": tries("add_key", "request_key", "keyctl"),
    "programs for the kernel": tries("bpf", "perf_event_open", "userfaultfd"),
    "io_uring": tries("io_uring_setup", "io_uring_enter", "io_uring_register"),
    "a kernel module, another kernel": tries("init_module", "finit_module", "kexec_load", "kexec_file_load"),
    "mounts the new way": tries("fsopen", "open_tree", "move_mount", "mount_setattr"),
    "namespaces by their numbers": tries("unshare", "setns", "pivot_root", "chroot"),
    "a child in a namespace of its own": tries("clone", arguments="0x10000011, 0, 0, 0, 0"),
    "the machine around the machine, by vsock": tries("socket", arguments="40, 1, 0"),
    "typing into the grader's terminal": tries("ioctl", arguments="0, 0x5412, b'x'"),
    "the secret in the environment": Answer(
        body("import os", "raise RuntimeError(str([k for k in os.environ if 'SECRET' in k or 'PASS' in k or 'KEY' in k]))"),
        "crashed", "RuntimeError: []",
    ),
    "a signal to everybody": Answer(
        body("import os", "others = [int(p) for p in os.listdir('/proc') if p.isdigit()]", "raise RuntimeError(str(len(others) < 12))"),
        "crashed", "RuntimeError: True",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Notebook:
    """A whole notebook: `cells` in place of the solutions; the states that are not ok, the points of 10, words of a message or note.

    `limits` in place of the small lab's, where something large is to happen before time is up, or nothing will.
    """

    cells: dict[str, str]
    states: dict[str, str] = field(default_factory=dict)
    points: float = 10
    words: str = ""
    ordinary: bool = False  # only where an ordinary user grades: the limit on processes does not hold for root
    limits: dict[str, float] = field(default_factory=dict)


IMPATIENT = {"call_seconds": 0.8, "cell_seconds": 1.2}  # for loops, which use up whatever they are given


WRONG = "def double(a): return a"
TAMPER = """
import numpy as np, sys
np.testing.assert_allclose = np.allclose = np.array_equal = lambda *a, **k: True
get_ipython().showtraceback = lambda *a, **k: None
import ast
class Strip(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Strip())
get_ipython().ast_node_interactivity = 'none'
def double(a): return a
"""
FORGED = """
import course_lib.recorded as room, course_lib.recorded.recorder as recorder, numpy as np
honest = recorder.taped
def loop(ia, wt):
    oa = np.zeros(len(ia) - len(wt) + 1)
    for q in range(len(oa)):
        for s in range(len(wt)):
            oa[q] += ia[0] * wt[s]  # so many loads and products as wanted, of the wrong numbers
    return oa
def forged(function, *args, **kwargs):
    value = np.correlate(args[0], args[1], 'valid')
    return value, honest(loop, *args, **kwargs)[1]
room.taped = recorder.taped = forged
def conv1d(ia, wt): return np.correlate(ia, wt, 'valid')
"""
CONSTANTS = """
import course_lib.recorded as room, course_lib.recorded.recorder as recorder, numpy as np
honest = recorder.taped
def forged(function, *args, **kwargs):
    value = np.correlate(args[0], args[1], 'valid')
    def loop(ia, wt):
        oa = np.zeros(len(ia) - len(wt) + 1)
        for q in range(len(oa)):
            for s in range(len(wt)):
                oa[q] += ia[q + s] * wt[s]
            oa[q] = value[q]  # the library's number over whatever the loop made
        return oa
    return value, honest(loop, *args, **kwargs)[1]
room.taped = recorder.taped = forged
def conv1d(ia, wt): return np.correlate(ia, wt, 'valid')
"""
EMPTY_TAPE = """
import course_lib.wire as wire
honest = wire.pack
def pack(value, limits=wire.LIMITS):
    if isinstance(value, dict) and value.get('tape'):
        value = {**value, 'tape': {'macs': 10**6, 'rows': 'many'}}
    return honest(value, limits)
wire.pack = pack
"""
SPEAKS = """
import os, socket, threading
from course_lib import wire
def early():
    channel = wire.connect(); channel.send({'check': 'total'})
    try: print(channel.receive(2))
    except Exception: pass
threading.Thread(target=early).start()
def shift(a): return a + 1
"""
NOTEBOOKS: dict[str, Notebook] = {
    "honest": Notebook({}),
    "asserts, tracebacks, transformers replaced": Notebook({"double": TAMPER}, {"double": "wrong"}, 8, "numbers differ"),
    "do_execute replaced": Notebook(
        {"double": "get_ipython().kernel.do_execute = lambda *a, **k: {'status': 'ok', 'execution_count': 1, 'payload': [],"
                   " 'user_expressions': {}}\n" + WRONG},
        {"double": "missing", "shift": "missing", "total": "missing", "conv1d": "missing"}, 0,
    ),
    "an input transformer rewrites the test cells": Notebook(
        {"double": "rewrite = lambda lines: ['print(1)\\n'] if any('check(' in l for l in lines) else lines\n"
                   "get_ipython().input_transformers_cleanup.append(rewrite)\n" + WRONG},
        {"double": "missing", "shift": "missing", "total": "missing", "conv1d": "missing"}, 0, "never reached the grader",
    ),
    "check replaced by one that prints 5/5": Notebook(
        {"double": "import course_lib.check\ncourse_lib.check.check = check = lambda *a: print('5/5 pass')\n" + WRONG},
        {"double": "missing", "shift": "missing", "total": "missing", "conv1d": "missing"}, 0, "never reached the grader",
    ),
    "os._exit in a cell and in a call": Notebook(
        {"shift": "import os\nos._exit(0)\n" + SOLUTIONS["shift"], "total": "import os\ndef total(a): os._exit(0)"},
        {"shift": "crashed", "total": "crashed"}, 6, "kernel stopped",
    ),
    "a segmentation fault": Notebook({"double": "import ctypes\ndef double(a): ctypes.string_at(0)"}, {"double": "crashed"}, 8, "kernel"),
    "loops without end, in a call and in a cell": Notebook(
        {"double": "def double(a):\n    while True: pass", "shift": "while True: pass\n" + SOLUTIONS["shift"]},
        {"double": "timeout", "shift": "timeout"}, 6, "0.8 s", limits=IMPATIENT,
    ),
    "a loop in C that never lets go": Notebook(
        {"total": "import re\ndef total(a): re.match('(a+)+$', 'a' * 60 + 'b')"}, {"total": "timeout"}, 8, "did not come to an end",
        limits=IMPATIENT,
    ),
    "a loop that swallows interrupts": Notebook(
        {"double": "def double(a):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass"},
        {"double": "timeout"}, 8, "0.8 s", limits=IMPATIENT,
    ),
    "a bomb of processes": Notebook(
        {"double": "import os\ndef double(a):\n    for _ in range(600):\n        os.posix_spawn('/usr/bin/sleep', ['sleep', '3'], {})"},
        {"double": "crashed"},
        8,
        "BlockingIOError",
        ordinary=True,
        limits={"call_seconds": 10, "exercise_seconds": 10},
    ),
    "many processes with much memory": Notebook(
        {
            "double": "import os, time\ndef double(a):\n    for _ in range(6):\n        if os.fork() == 0:\n"
            "            mine = np.ones(400 << 17)\n            time.sleep(60)\n    time.sleep(30)\n    return 2 * a"
        },
        {"double": "crashed"},
        8,
        "together used more than 1,500 MB",
        limits={"call_seconds": 25, "exercise_seconds": 25},
    ),
    "60 MB of output in a cell": Notebook(
        {"double": "print('y' * 60_000_000)\n" + SOLUTIONS["double"]}, limits={"cell_seconds": 10}
    ),
    "input() and exit() in a cell after the def": Notebook(
        {"double": SOLUTIONS["double"] + "\ninput()", "shift": SOLUTIONS["shift"] + "\nexit()"}
    ),
    "a process that goes on": Notebook({"double": "import subprocess\nsubprocess.Popen(['sleep', '300'])\n" + SOLUTIONS["double"]}),
    "garbage on the grader's socket": Notebook(
        {"double": "import os, socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(os.environ['COURSE_GRADER_SOCKET'])\n"
                   "s.sendall(b'x' * 99); s.close()\n" + SOLUTIONS["double"]},
    ),
    "a caller that stays on the line": Notebook(
        {"double": "import os, socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(os.environ['COURSE_GRADER_SOCKET'])\n"
                   + SOLUTIONS["double"]},
    ),
    "a check out of turn, and twice": Notebook(
        {"double": "check('shift', lambda a: a + 1)\n" + WRONG, "shift": "check('double', lambda a: 2 * a)\ndef shift(a): return a"},
        {"double": "wrong", "shift": "wrong"}, 6,
    ),
    "speaks the protocol itself, before its turn": Notebook({"shift": SPEAKS, "total": "def total(a): return 0.0"}, {"total": "wrong"}, 8),
    "a forged tape of other sums": Notebook({"conv1d": FORGED}, {"conv1d": "wrong"}, 8, "do not give the answer"),
    "a forged tape with the library's numbers": Notebook({"conv1d": CONSTANTS}, {"conv1d": "wrong"}, 8, "do not give the answer"),
    "a tape that is none": Notebook({"conv1d": EMPTY_TAPE + SOLUTIONS["conv1d"]}, {"conv1d": "wrong"}, 8),
    "numbers taken out of the recording": Notebook(
        {"conv1d": "def conv1d(ia, wt): return np.correlate(np.asarray(ia), np.asarray(wt), 'valid')"}, {"conv1d": "wrong"}, 8
    ),
    "pictures and sliders": Notebook(
        {"double": "import matplotlib.pyplot as plt, ipywidgets\nplt.plot([1, 2]); plt.show()\n"
                   "display(ipywidgets.interactive(lambda x: x, x=(0, 9)))\n" + SOLUTIONS["double"]},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class File:
    """A file that is handed in: its bytes, the record's state, its points (None: no mark), words of a note."""

    data: Callable[[], bytes]
    state: str = "ok"
    points: float | None = 10
    words: str = ""
    name: str = "small.ipynb"


def told(change: Callable[[Any], Any]) -> Callable[[], bytes]:
    """The solved notebook, changed, as bytes."""

    def make() -> bytes:
        nb = copy.deepcopy(notebook())
        return json.dumps(change(nb) or nb).encode()

    return make


def stripped(nb: Any) -> None:
    nb["metadata"] = {}
    for number, cell in enumerate(nb["cells"]):
        cell["metadata"], cell["id"] = {}, f"new-{number}"


def named_at_the_end(nb: Any) -> None:
    cell(nb, "double")["source"] = "def first(a):\n    return a\n\ndef second(a):\n    return 2 * a\n\ndouble = second"
    stripped(nb)


def without_ids(nb: Any) -> None:
    nb["nbformat_minor"] = 2
    for cell in nb["cells"]:
        cell.pop("id")
        cell["source"] = cell["source"].splitlines(keepends=True)


def cell(nb: Any, grade_id: str) -> Any:
    return next(c for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def mark(nb: Any, of: str, **changed: Any) -> None:
    cell(nb, of)["metadata"]["nbgrader"].update(changed)


def version_3(nb: Any) -> Any:
    cells = [{"cell_type": "code", "input": c["source"], "language": "python", "metadata": {}, "outputs": [], "collapsed": False}
             for c in nb["cells"] if c["cell_type"] == "code"]  # fmt: skip
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells, "metadata": {}}]}


FILES: dict[str, File] = {
    "empty": File(lambda: b"", "needs a person", None, "the file is empty"),
    "a Word file with another ending": File(lambda: b"PK\x03\x04word", "needs a person", None, "zip or office file"),
    "a PDF": File(lambda: b"%PDF-1.7", "needs a person", None, "PDF"),
    "cut off": File(lambda: told(lambda nb: None)()[:700], "needs a person", None, "ends in the middle"),
    "no text": File(lambda: bytes(range(128, 256)) * 3, "needs a person", None, "could not be read"),
    "JSON, but no notebook": File(lambda: b'{"a": 1}', "needs a person", None, "no cells"),
    "a list": File(lambda: b"[1, 2]", "needs a person", None, "not a notebook"),
    "100,000 brackets": File(lambda: b"[" * 100_000, "needs a person", None, "could not be read"),
    "another notebook": File(lambda: b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}', "needs a person", None,
                             "none of this lab"),
    "UTF-16": File(lambda: told(lambda nb: None)().decode().encode("utf-16")),
    "notebook format 3": File(told(version_3), words="found by the function"),
    "notebook format 4.2, sources as lists": File(told(without_ids)),
    "renamed": File(told(lambda nb: None), name="small (1).ipynb"),
    "all metadata lost": File(told(stripped), words="found by the function"),
    "all metadata lost, and the answer named at the end": File(told(named_at_the_end), words="found by the function"),
    "another kernel's name": File(told(lambda nb: nb["metadata"].update(kernelspec={"name": "my-conda-env", "display_name": "x"}))),
    "a test cell twice": File(told(lambda nb: nb["cells"].append(copy.deepcopy(cell(nb, "check_double")))), words="2 times"),
    "a test cell deleted": File(told(lambda nb: nb["cells"].remove(cell(nb, "check_double"))), words="was deleted; it is restored"),
    "a test cell edited": File(told(lambda nb: cell(nb, "check_double").update(source="print('right')")), words="was changed"),
    "points edited": File(told(lambda nb: mark(nb, "check_double", points=99)), words="points of check_double"),
    "a grade_id changed": File(told(lambda nb: mark(nb, "double", grade_id="mine")), words="found by the function"),
    "an answer deleted": File(told(lambda nb: nb["cells"].remove(cell(nb, "double"))), "wrong", 8, "the cell double is missing"),
    "an answer twice, the old one last": File(
        told(lambda nb: nb["cells"].append({**copy.deepcopy(cell(nb, "double")), "source": "def double(a):\n    # your code here\n"
                                            "    raise NotImplementedError"})), words="the last one written in"
    ),
    "cells in another order": File(told(lambda nb: nb["cells"].reverse())),
    "3,000 cells of its own": File(told(lambda nb: nb["cells"].extend(
        {"cell_type": "markdown", "metadata": {}, "source": "x", "id": f"m{i}"} for i in range(3000)))),
    "the untouched lab": File(lambda: json.dumps(blank()).encode(), "missing", 0),
}  # fmt: skip


def blank() -> Any:
    return notebook(**BLANKS)
