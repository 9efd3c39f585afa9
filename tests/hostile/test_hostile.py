"""More than a hundred hostile, broken and honest submissions come to the verdict they should, as root and as an ordinary user."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox import PREFIX, SHORT

from .play import play
from .submissions import ANSWERS, FILES, NOTEBOOKS

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


def left_behind(uid: int, by: int | None = None) -> list[str]:
    """Temporary folders and sandboxed processes of a grader that has ended: all of a user's, or those of the process `by` alone."""
    out = []
    for folder in {*glob.glob(os.path.join(tempfile.gettempdir(), "course-*")), *glob.glob(f"{SHORT}/{PREFIX}*")}:
        path = Path(folder)
        with contextlib.suppress(OSError):  # somebody else's, gone in this moment
            owner = path / "owner"
            mine = owner.read_text() == str(by) if owner.exists() else path.parent == Path(tempfile.gettempdir())
            ended = not owner.exists() or mine or not Path(f"/proc/{owner.read_text()}").exists()
            lab = (path / "g.sock").exists() or path.name.startswith(("course-small-", "course-file-"))
            if path.stat().st_uid == uid and lab and (mine if by else ended):
                out.append(folder)
    for command in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            if b"sleep\x00300" in Path(command).read_bytes():
                out.append(command)
        except OSError:
            continue
    return out


def test_there_are_more_than_sixty_of_them() -> None:
    assert len(ANSWERS) + len(NOTEBOOKS) + len(FILES) > 100


def test_each_comes_to_its_verdict_and_nothing_is_left(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other tests leave things in the other one: they kill graders
    there = set(left_behind(os.getuid(), os.getpid()))
    assert play() == []
    time.sleep(0.3)
    assert set(left_behind(os.getuid(), os.getpid())) <= there


def test_an_ordinary_user_gets_the_same_verdicts(as_nobody: Any) -> None:
    there = set(left_behind(65534))
    done = as_nobody("tests.hostile.play")
    assert done.returncode == 0 and "as uid 65534, 0 wrong verdicts" in done.stdout, done.stdout + done.stderr[-1500:]
    time.sleep(0.3)
    assert set(left_behind(65534)) <= there
