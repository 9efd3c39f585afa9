"""Ordinary users, for tests that are run by root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def reaches(python: str) -> bool:
    """Can an ordinary user run this Python, start it again, and read this checkout with it?"""
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True); open({str(ROOT / 'pyproject.toml')!r})"
    words = [*NOBODY, python, "-c", code]
    return os.path.exists(python) and subprocess.run(words, capture_output=True, cwd="/", check=False).returncode == 0


@pytest.fixture
def as_nobody(tmp_path: Path):
    """A function that runs `python -m ...` as an ordinary user with a home of its own -> CompletedProcess."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become an ordinary user for a test")
    # a Python in root's home is out of an ordinary user's reach; the system's of the same version can use the same packages
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    python = next((p for p in (sys.executable, system) if reaches(p)), None)
    if python is None:
        pytest.skip("an ordinary user can reach no Python of this version here")
    (tmp_path / "home").mkdir()
    os.chown(tmp_path / "home", 65534, 65534)
    for folder in (tmp_path, *tmp_path.parents):  # pytest's own folders are root's alone
        if folder.stat().st_mode & 0o005 != 0o005 and folder.stat().st_uid == os.getuid() and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")]),
    }  # fmt: skip

    def go(*words: str, timeout: int = 1500, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*NOBODY, python, "-m", *words], capture_output=True, text=True, timeout=timeout, cwd=tmp_path / "home",
            env={**environment, **more}, check=False,
        )  # fmt: skip

    return go
