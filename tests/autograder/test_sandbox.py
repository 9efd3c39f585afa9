"""The box itself: what is in it, how it ends, what is swept after it. What students do to it and to each other is tests/hostile/."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).resolve().parents[2]


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
    with subprocess.Popen([sys.executable, "-c", "import time; print(flush=True); time.sleep(60)", held], stdout=subprocess.PIPE) as box:
        assert box.stdout is not None and box.stdout.readline() == b"\n"  # until then the system may not tell its command
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


def test_what_matplotlib_knows_of_this_machines_fonts_lies_in_the_box() -> None:
    from autograder.sandbox import Box, staged

    found = list((staged(Box()) / "mpl").glob("fontlist-*.json"))
    assert len(found) == 1 and "DejaVu Sans" in found[0].read_text(encoding="utf-8")
