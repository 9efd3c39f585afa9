"""From a learning platform's zip to submitted/<student>/<lab>/<notebook>.ipynb; nothing is written anywhere else.

Blackboard   Lab 3_ada_attempt_2026-03-01-12-00-00_lab03.ipynb
Canvas       adalovelace_LATE_1234_56789_lab03.ipynb
Moodle       Ada Lovelace_1234_assignsubmission_file_/lab03.ipynb
plain        ada/lab03.ipynb, or ada/03_gemm/lab03.ipynb
"""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MOST_FILES = 20_000
MOST_BYTES = 50 << 20  # of one notebook, unpacked

FORMS = {
    "Blackboard": re.compile(r"^(?:.*/)?[^/]*?_(?P<student>[^/_]+(?:_[^/_]+)*?)_attempt_(?P<when>\d{4}(?:-\d\d){5})_[^/]*$"),
    "Moodle": re.compile(r"^(?:.*/)?(?P<student>[^/]+_\d+)_assignsubmission_\w+?_?/[^/]*$"),
    "Canvas": re.compile(r"^(?:.*/)?(?P<student>[^/_]+)_(?:LATE_)?\d+_\d+_[^/]*$"),
    "plain": re.compile(r"^(?P<student>[^/]+)/(?:.*/)?[^/]*$"),
}


@dataclass(frozen=True)
class Found:
    """One notebook in the download: whose, when (as text that sorts), its bytes."""

    student: str
    when: str
    name: str
    data: bytes


class Refused(ValueError):
    """A download, or a file in it, that is not taken, and why."""


def owner(name: str) -> tuple[str, str]:
    """(student, time of handing in or "") by a file's name in the download. Raises Refused where it says neither."""
    for form in FORMS.values():
        if match := form.match(name):
            student = match["student"].strip()
            if student in ("", ".", "..") or len(student.encode()) > 120 or any(ord(c) < 32 or c in "/\\" for c in student):
                break
            return student, match.groupdict().get("when") or ""
    raise Refused("its name does not say whose it is")


def safe(name: str) -> str:
    """The name with forward slashes. Raises Refused for one that points out of the download or holds control characters."""
    name = name.replace("\\", "/")
    if any(ord(c) < 32 for c in name):
        raise Refused("its name holds control characters")
    if name.startswith("/") or re.match(r"^[A-Za-z]:", name) or ".." in PurePosixPath(name).parts:
        raise Refused("its name points outside of the download")
    return name


def read(path: Path, refused: list[str]) -> Iterator[Found]:
    """The notebooks in a zip or a folder; what is not taken is appended to `refused`, with its name."""
    if path.is_dir():
        yield from read_folder(path, refused)
        return
    if not zipfile.is_zipfile(path):
        raise Refused(f"{path}: want a zip file or a folder")
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_FILES:
            raise Refused(f"{path}: it holds {len(entries):,} files, more than {MOST_FILES:,}")
        for entry in entries:
            try:
                name = safe(entry.filename)
                if entry.is_dir() or ".ipynb_checkpoints" in name or "__MACOSX" in name:
                    continue
                if stat.S_ISLNK(entry.external_attr >> 16):
                    raise Refused("it is a link")
                if name.lower().endswith((".zip", ".rar", ".7z", ".gz", ".tar")):
                    raise Refused("an archive in the archive; unpack it and collect the folder")
                if not name.endswith(".ipynb"):
                    continue
                student, when = owner(name)
                yield Found(student, when or "-".join(f"{n:02d}" for n in entry.date_time), name, unpacked(archive, entry))
            except (Refused, zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
                refused.append(f"{entry.filename!r}: {error}")


def unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as file:  # read by size, not by the header's word: a bomb lies there
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Refused(f"it is larger than {MOST_BYTES >> 20} MB")
    return data


def read_folder(folder: Path, refused: list[str]) -> Iterator[Found]:
    import time

    for number, path in enumerate(sorted(folder.rglob("*"))):
        if number > MOST_FILES:
            raise Refused(f"{folder}: it holds more than {MOST_FILES:,} files")
        name = path.relative_to(folder).as_posix()
        if path.suffix != ".ipynb" or ".ipynb_checkpoints" in path.parts:
            continue
        try:
            if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
                raise Refused("it is a link")
            student, when = owner(safe(name))
            if path.stat().st_size > MOST_BYTES:
                raise Refused(f"it is larger than {MOST_BYTES >> 20} MB")
            yield Found(student, when or time.strftime("%Y-%m-%d-%H-%M-%S", time.gmtime(path.stat().st_mtime)), name, path.read_bytes())
        except (Refused, OSError) as error:
            refused.append(f"{name!r}: {error}")


def last_attempts(found: list[Found]) -> tuple[dict[str, Found], list[str]]:
    """(student -> the last attempt, notes on those that are not used). Names that differ in case only are refused."""
    by_student: dict[str, list[Found]] = {}
    for one in found:
        by_student.setdefault(one.student, []).append(one)
    folded: dict[str, str] = {}
    notes = []
    for student in list(by_student):
        if (other := folded.setdefault(student.casefold(), student)) != student:
            notes.append(f"{student!r} and {other!r} differ in case only; {student!r} is left out")
            del by_student[student]
    for student, mine in by_student.items():
        mine.sort(key=lambda f: f.when)
        if len(mine) > 1:
            notes.append(f"{student}: {len(mine)} notebooks; the last ({mine[-1].name}) is used")
    return {student: mine[-1] for student, mine in by_student.items()}, notes
