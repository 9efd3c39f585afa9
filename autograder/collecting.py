"""From a learning platform's download to submitted/<student>/<lab>/<notebook>.ipynb; nothing is written anywhere else.

Blackboard   Lab 3_ada_attempt_2026-03-01-12-00-00_lab03.ipynb, and ..._attempt_2026-03-01-12-00-00.txt with the time
Canvas       adalovelace_LATE_1234_56789_lab03-1.ipynb
Moodle       Ada Lovelace_1234_assignsubmission_file_/lab03.ipynb
plain        ada/lab03.ipynb, or ada/03_gemm/lab03.ipynb

A student's zip inside of the download is opened, once; a zip in that zip is not. What is not taken is named, with the reason.
"""

from __future__ import annotations

import io
import re
import stat
import time
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

MOST_FILES = 20_000
MOST_BYTES = 50 << 20  # of one notebook, unpacked
MOST_TOGETHER = 4 << 30  # of all notebooks of a download
MOST_PACKED = 200 << 20  # of a student's own zip
MOST_FOLD = 200  # times its packed size that a file of more than FREE bytes may be: notebooks come to 5 or 20, a bomb to 1,000
FREE = 8 << 20
ARCHIVES = (".rar", ".7z", ".gz", ".tar", ".tgz", ".xz", ".bz2")

FORMS = {
    "Blackboard": re.compile(r"^(?:.*/)?[^/]*?_(?P<student>[^/_]+(?:_[^/_]+)*?)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_[^/]*|\.txt)$"),
    "Moodle": re.compile(r"^(?:.*/)?(?P<student>[^/]+_\d+)_assignsubmission_\w+?_?/(?:.*/)?[^/]*$"),
    "Canvas": re.compile(r"^(?:.*/)?(?P<student>[^/_]+)_(?P<late>LATE_)?\d+_\d+_[^/]*$"),
    "plain": re.compile(r"^(?P<student>[^/]+)/(?:.*/)?[^/]*$"),
}


@dataclass(frozen=True)
class Found:
    """One notebook in the download: whose, when (as text that sorts), its bytes; `late` where the platform says so."""

    student: str
    when: str
    name: str
    data: bytes
    late: bool = False
    sure: bool = True  # is `when` the platform's word, or a file's date?


class Refused(ValueError):
    """A download, or a file in it, that is not taken, and why."""


@dataclass(frozen=True)
class Aside:
    """A file that is not taken, why, and whose it is, where its name says so. `other`: it is no notebook and was never meant to be one."""

    name: str
    why: str
    student: str = ""
    other: bool = False

    def __str__(self) -> str:
        return f"{self.name!r}: {self.why}"


def aside(name: str, why: str | BaseException, other: bool = False, of: str = "") -> Aside:
    """What is put aside, with its owner; `of` says who, where the name does not."""
    try:
        student = of or owner(safe(name))[0]
    except Refused:
        student = ""
    return Aside(name, why if isinstance(why, str) else said(why), student, other)


def owner(name: str) -> tuple[str, str]:
    """(student, time of handing in or "") by a file's name in the download. Raises Refused where it says neither."""
    for form in FORMS.values():
        if match := form.match(name):
            student = unicodedata.normalize("NFC", match["student"].strip())
            if student in ("", ".", "..") or len(student.encode()) > 120 or any(bad(c) for c in student):
                break
            return student, match.groupdict().get("when") or ""
    raise Refused("its name does not say whose it is")


def bad(letter: str) -> bool:
    """Characters that no student's name has and that a file name, a terminal or a spreadsheet would stumble over."""
    return letter in '/\\:*?"<>|' or unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def safe(name: str) -> str:
    """The name with forward slashes. Raises Refused for one that points out of the download or holds control characters."""
    name = name.replace("\\", "/")
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise Refused("its name holds control characters")
    if "\ufffd" in name:
        raise Refused("its name is in an encoding that cannot be read")
    if name.startswith("/") or re.match(r"^[A-Za-z]:", name) or ".." in PurePosixPath(name).parts:
        raise Refused("its name points outside of the download")
    if len(name.encode("utf-8", "surrogatepass")) > 1000:
        raise Refused("its name is longer than 1,000 bytes")
    return name


@dataclass
class Budget:
    """How much more a download may hold: a bomb is many files, or few large ones."""

    files: int = MOST_FILES
    bytes: int = MOST_TOGETHER

    def count(self, files: int, where: str) -> None:
        self.files -= files
        if self.files < 0:
            raise Refused(f"{where}: it holds more than {MOST_FILES:,} files")

    def take(self, size: int) -> None:
        self.bytes -= size
        if self.bytes < 0:
            raise Refused(f"all notebooks together are larger than {MOST_TOGETHER >> 30} GB")


def read(path: Path, refused: list[Aside]) -> Iterator[Found]:
    """The notebooks in a zip or a folder; what is not taken is appended to `refused`, with its name.

    Raises Refused where the download as a whole cannot be taken.
    """
    budget = Budget()
    if path.is_dir():
        yield from read_folder(path, refused, budget)
        return
    if not zipfile.is_zipfile(path):
        raise Refused(f"{path}: want a zip file or a folder")
    try:
        with zipfile.ZipFile(path) as archive:
            yield from read_zip(archive, str(path), refused, budget)
    except zipfile.BadZipFile as error:
        raise Refused(f"{path}: the zip is damaged ({error})") from None


BROKEN = (Refused, zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError)


def read_zip(archive: zipfile.ZipFile, where: str, refused: list[Aside], budget: Budget) -> Iterator[Found]:
    entries = archive.infolist()
    budget.count(len(entries), where)
    times = dict(
        match.group("student", "when") for e in entries if e.filename.endswith(".txt") and (match := FORMS["Blackboard"].match(e.filename))
    )
    for entry in entries:
        shown = name_of(entry)
        try:
            name = safe(shown)
            if entry.is_dir() or ".ipynb_checkpoints" in name or "__MACOSX" in name or name.endswith((".DS_Store", "desktop.ini")):
                continue
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise Refused("it is a link")
            if name.lower().endswith(ARCHIVES):
                raise Refused("an archive in the archive; unpack it and collect the folder")
            if not name.lower().endswith((".ipynb", ".zip")):
                if not platforms_own(name):
                    refused.append(aside(name, "this is no notebook", other=True))
                continue
            student, when = owner(name)
            date = "-".join(f"{n:02d}" for n in entry.date_time)
            stamp = when or times.get(student, "")
            if name.lower().endswith(".zip"):
                data = unpacked(archive, entry, MOST_PACKED)
                yield from inside(data, name, student, stamp or date, bool(stamp), refused, budget)
                continue
            data = unpacked(archive, entry)
            budget.take(len(data))
            yield Found(student, stamp or date, name, data, late(name), bool(stamp))
        except BROKEN as error:
            refused.append(aside(shown, error))


def said(error: BaseException) -> str:
    if isinstance(error, RuntimeError) and "encrypted" in str(error):
        return "it needs a password"
    return str(error) or type(error).__name__


def name_of(entry: zipfile.ZipInfo) -> str:
    """The entry's name: UTF-8 where it says so or where its bytes are just that, else in the old code page."""
    if entry.flag_bits & 0x800:
        return entry.orig_filename
    try:
        return entry.orig_filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return entry.orig_filename


def inside(data: bytes, name: str, student: str, when: str, sure: bool, refused: list[Aside], budget: Budget) -> Iterator[Found]:
    """The notebooks in a student's own zip: theirs, whatever the files in it are called."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise Refused(f"the zip is damaged ({error})") from None
    with archive:
        entries = archive.infolist()
        budget.count(len(entries), name)
        for entry in entries:
            shown = name_of(entry)
            try:
                inner = safe(shown)
                if entry.is_dir() or ".ipynb_checkpoints" in inner or "__MACOSX" in inner:
                    continue
                if stat.S_ISLNK(entry.external_attr >> 16):
                    raise Refused("it is a link")
                if inner.lower().endswith((*ARCHIVES, ".zip")):
                    raise Refused("an archive in an archive in the archive")
                if inner.lower().endswith(".ipynb"):
                    found = unpacked(archive, entry)
                    budget.take(len(found))
                    yield Found(student, when, f"{name}/{inner}", found, late(name), sure)
            except BROKEN as error:
                refused.append(aside(f"{name}/{shown}", error, of=student))


def platforms_own(name: str) -> bool:
    """Blackboard adds a text of its own to each attempt."""
    return name.endswith(".txt") and FORMS["Blackboard"].match(name) is not None


def late(name: str) -> bool:
    match = FORMS["Canvas"].match(name)
    return bool(match and match["late"]) and "_attempt_" not in name


def unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int = MOST_BYTES) -> bytes:
    with archive.open(entry) as file:  # read by size, not by the header's word: a bomb lies there
        data = file.read(most + 1)
    if len(data) > most:
        raise Refused(f"it is larger than {most >> 20} MB")
    if len(data) > max(FREE, MOST_FOLD * entry.compress_size):
        raise Refused(f"it unpacks to {len(data) // max(entry.compress_size, 1):,} times its size, as a bomb does")
    return data


def read_folder(folder: Path, refused: list[Aside], budget: Budget) -> Iterator[Found]:
    for path in walk(folder, budget):
        name = path.relative_to(folder).as_posix()
        if ".ipynb_checkpoints" in path.parts:
            continue
        if path.suffix.lower() not in (".ipynb", ".zip", *ARCHIVES):
            if not platforms_own(name):
                refused.append(aside(name, "this is no notebook", other=True))
            continue
        try:
            if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
                raise Refused("it is a link")
            if path.suffix.lower() in ARCHIVES:
                raise Refused("an archive; unpack it and collect the folder")
            if not path.is_file():
                raise Refused("it is no plain file")
            student, when = owner(safe(name))
            date = time.strftime("%Y-%m-%d-%H-%M-%S", time.gmtime(path.stat().st_mtime))
            most = MOST_PACKED if path.suffix.lower() == ".zip" else MOST_BYTES
            if path.stat().st_size > most:
                raise Refused(f"it is larger than {most >> 20} MB")
            if path.suffix.lower() == ".zip":
                yield from inside(path.read_bytes(), name, student, when or date, bool(when), refused, budget)
                continue
            budget.take(path.stat().st_size)
            yield Found(student, when or date, name, path.read_bytes(), late(name), bool(when))
        except BROKEN as error:
            refused.append(aside(name, error))


def walk(folder: Path, budget: Budget) -> Iterator[Path]:
    """Everything in a folder, without following links, in order; at most so many files."""
    for path in sorted(folder.iterdir()):
        budget.count(1, str(folder))
        if path.is_dir() and not path.is_symlink():
            yield from walk(path, budget)
        else:
            yield path


@dataclass
class Sorted:
    """What is taken of a download: student -> notebook; what was noted; who is not on the roster; student -> why nothing is taken."""

    taken: dict[str, Found] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    without: dict[str, list[str]] = field(default_factory=dict)


def sort(
    found: list[Found], notebook: str = "", roster: Mapping[str, str] | None = None, until: str = "", refused: Sequence[Aside] = ()
) -> Sorted:
    """The last attempt of each student, the last before `until` (as "2026-03-01-12-00-00", UTC) where there is one.

    `roster` is {id: name}. Whoever handed in something, and none of it can be taken, is set aside with the reasons in `without`.

    Of one attempt's several notebooks the one that is called like the lab's counts. Names that differ in case only are refused;
    whoever is not on the roster is listed, not created.
    """
    out = Sorted()
    by_student: dict[str, list[Found]] = {}
    for one in found:
        by_student.setdefault(one.student, []).append(one)
    folded: dict[str, str] = {}
    for student in list(by_student):
        if (other := folded.setdefault(student.casefold(), student)) != student:
            out.notes.append(f"{student!r} and {other!r} differ in case only; {student!r} is left out")
            del by_student[student]
    for student, mine in by_student.items():
        known = student if roster is None else on_roster(student, roster)
        if known is None:
            out.strangers.append(student)
            continue
        in_time = [one for one in mine if until and one.sure and one.when <= until]
        pool = in_time or mine
        newest = max(one.when for one in pool)
        attempt = [one for one in pool if one.when == newest]
        attempt.sort(key=lambda one: (PurePosixPath(one.name).stem.lower() != notebook.lower(), notebook.lower() not in one.name.lower()))
        chosen = attempt[0]
        if len(mine) > 1:
            why = "the last in time" if in_time and len(in_time) < len(mine) else "the last"
            out.notes.append(f"{student}: {len(mine)} notebooks; {why} ({chosen.name}) is used")
        if chosen.late:
            unsaid = "" if chosen.sure else ", which does not say by how much: write the time into timestamp.txt beside the notebook"
            out.notes.append(f"{student}: marked LATE by the platform{unsaid}")
        if roster is not None and known.casefold() != student.casefold():
            out.notes.append(f"{student!r} is {known!r} on the roster")
        if known in out.taken:
            out.notes.append(f"{student}: {known!r} has handed in under another name too; {chosen.name} is left out")
            continue
        out.taken[known] = chosen
    for one in refused:
        known = (one.student or None) if roster is None else on_roster(one.student, roster)
        if known is not None and known not in out.taken:
            called = re.sub(r"^.*_attempt_\d{4}(?:-\d\d){5}_", "", PurePosixPath(one.name).name)  # as the student called it
            out.without.setdefault(known, []).append(f"{called}: {one.why}")
    return out


def on_roster(student: str, roster: Mapping[str, str]) -> str | None:
    """The roster's id that a download's name means: itself, in other case, Moodle's `Name_4711` by its number, or the only one so called.

    Moodle writes `Ada Lovelace_4711`, Canvas `lovelaceada`: the names on the roster are tried as both do.
    """
    if student in roster:
        return student
    number = re.search(r"_(\d+)$", student)
    bare = student[: number.start()] if number else student
    plain = letters(bare)
    for means in (
        lambda known, name: known.casefold() == student.casefold(),
        lambda known, name: number is not None and known in (number[1], bare),
        lambda known, name: plain != "" and plain in (letters(name), letters("".join(name.split()[-1:] + name.split()[:-1]))),
    ):
        if same := [known for known, name in roster.items() if means(known, name)]:
            return same[0] if len(same) == 1 else None
    return None


def letters(name: str) -> str:
    """A name's letters and digits alone, small, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if c.isalnum())
