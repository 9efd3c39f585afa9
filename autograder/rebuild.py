"""The notebook that is run: the release, with the student's cells put back where they belong.

Tests, points and locked cells come from the release alone. A student's cell is found by its grade_id, then by its cell id,
then by the function defined in it, so a notebook that was renamed, re-saved, stripped of metadata or copied about is
still graded, and what was mended is said in `notes`.
"""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode


class Unreadable(ValueError):
    """The file handed in is no notebook; the message says what it is."""


@dataclass(frozen=True)
class Rebuilt:
    """`notebook` to run; `notes` for the record; `lost` the grade_ids of the solution cells that were not found."""

    notebook: NotebookNode
    notes: tuple[str, ...]
    lost: tuple[str, ...]
    found: int  # solution cells found
    unchanged: tuple[int, ...] = ()  # cells of `notebook` that are neither locked nor answers, as they were handed out


MOST = 50 << 20  # bytes of a notebook file


def read(path: Path) -> NotebookNode:
    """The notebook in a file, in format 4. Raises Unreadable, with the reason, for anything else."""
    try:
        size = path.stat().st_size
        if size == 0:
            raise Unreadable("the file is empty")
        if size > MOST:
            raise Unreadable(f"the file is larger than {MOST >> 20} MB")
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"the file cannot be read ({error.strerror})") from None
    if raw[:4] == b"PK\x03\x04":
        raise Unreadable("this is a zip or office file with another ending, not a notebook")
    if raw[:5] == b"%PDF-":
        raise Unreadable("this is a PDF with another ending, not a notebook")
    text = None
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None:
        raise Unreadable("the file is not text")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        cut = "it ends in the middle" if raw.rstrip()[-1:] != b"}" else str(error)[:120]
        raise Unreadable(f"the file is not a whole notebook: {cut}") from None
    if not isinstance(data, dict) or ("cells" not in data and "worksheets" not in data):
        raise Unreadable("the file is JSON, but not a notebook: it has no cells")
    try:
        notebook = nbformat.from_dict(data)
        if data.get("nbformat", 4) < 4:
            notebook = nbformat.convert(notebook, 4)
    except Exception as error:
        raise Unreadable(f"the notebook's format is not understood ({type(error).__name__})") from None
    cells = []
    for cell in notebook.get("cells", []):
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            continue
        source = cell.get("source", "")
        cell["source"] = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if not isinstance(cell.get("metadata"), dict):
            cell["metadata"] = NotebookNode()
        cells.append(cell)
    notebook["cells"] = cells
    return notebook


def tag(cell: Any) -> dict[str, Any]:
    """nbgrader's metadata of a cell, or nothing."""
    value = cell.get("metadata", {}).get("nbgrader", {})
    return value if isinstance(value, dict) else {}


def is_answer(cell: Any) -> bool:
    """Is this a cell of the release that the student fills?"""
    return bool(tag(cell).get("solution"))


def is_locked(cell: Any) -> bool:
    """Is this a cell of the release that must stay as it is?"""
    info = tag(cell)
    return bool(info) and not info.get("solution") and bool(info.get("grade") or info.get("locked") or info.get("task"))


def defined(source: str) -> tuple[str, ...]:
    """The functions and classes a cell defines at its top level; by eye where it does not parse."""
    lines = "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    try:
        tree = ast.parse(lines)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        starts = (line.split("(")[0].split(":")[0].split() for line in source.splitlines() if line.startswith(("def ", "class ")))
        return tuple(words[1] for words in starts if len(words) > 1)
    return tuple(n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef))


def bound(source: str) -> set[str]:
    """The names that a cell gives a value to at its top level, as in `im2col = my_second_try`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}


def rebuild(handed_in: NotebookNode, release: NotebookNode) -> Rebuilt:
    """The release with the student's answers and own cells in it."""
    theirs = handed_in.cells
    home: dict[int, int] = {}  # student's cell -> release's cell
    notes: list[str] = []
    for index, cell in enumerate(release.cells):
        grade_id = tag(cell).get("grade_id")
        if grade_id:
            for i, their in enumerate(theirs):
                if i not in home and tag(their).get("grade_id") == grade_id:
                    home[i] = index
    for index, cell in enumerate(release.cells):
        if index not in home.values() and cell.get("id"):
            for i, their in enumerate(theirs):
                if (
                    i not in home
                    and their.get("id") == cell["id"]
                    and their["cell_type"] == cell["cell_type"]
                    and not tag(their).get("grade_id")
                ):
                    home[i] = index
                    break
    for index, cell in enumerate(release.cells):
        if index not in home.values():
            same = [
                i
                for i, their in enumerate(theirs)
                if i not in home and their["cell_type"] == cell["cell_type"] and their["source"] == cell["source"]
            ]
            if same:
                home[same[0]] = index
    by_name = []
    for index, cell in enumerate(release.cells):
        if is_answer(cell) and index not in home.values():
            names = set(defined(cell["source"]))
            free = [i for i, their in enumerate(theirs) if i not in home and their["cell_type"] == "code"]
            mine = [i for i in free if names & set(defined(theirs[i]["source"]))] or [i for i in free if names & bound(theirs[i]["source"])]
            for i in mine:
                home[i] = index
            if mine:
                by_name.append(tag(cell).get("grade_id", "?"))
    by_place = []
    for index, cell in enumerate(release.cells):
        if is_answer(cell) and cell["cell_type"] == "markdown" and index not in home.values():
            after = [i + 1 for i, at in home.items() if at == index - 1]  # the text that follows the question
            for i in after:
                if i < len(theirs) and i not in home and theirs[i]["cell_type"] == "markdown":
                    home[i] = index
                    by_place.append(tag(cell).get("grade_id", "?"))
                    break
    if by_place:
        notes.append(f"an open answer without its id was found by its place behind the question: {', '.join(by_place)}")
    if by_name:
        notes.append(f"cells without their ids were found by the function in them: {', '.join(by_name)}")
    return put_together(theirs, release, home, notes)


def put_together(theirs: list[Any], release: NotebookNode, home: dict[int, int], notes: list[str]) -> Rebuilt:
    answers: dict[int, list[int]] = {}
    for i, index in home.items():
        answers.setdefault(index, []).append(i)
    lost, found, chosen = [], 0, {}
    for index, cell in enumerate(release.cells):
        name, copies = tag(cell).get("grade_id", ""), sorted(answers.get(index, []))
        if is_answer(cell):
            edited = [i for i in copies if theirs[i]["source"] != cell["source"]]
            if not copies:
                lost.append(name)
                notes.append(f"the cell {name} is missing")
                continue
            found += 1
            chosen[index] = (edited or copies)[-1]
            if len(copies) > 1:
                notes.append(f"the cell {name} is there {len(copies)} times; the last one written in is taken")
        elif is_locked(cell):
            if not copies and name:
                notes.append(f"the cell {name} was deleted; it is restored")
            elif any(theirs[i]["source"] != cell["source"] for i in copies):
                notes.append(f"the cell {name} was changed; the release's is used")
            elif any(tag(theirs[i]).get("points") not in (None, tag(cell).get("points")) for i in copies):
                notes.append(f"the points of {name} were changed; the release's are used")
            if len(copies) > 1:
                notes.append(f"the cell {name} is there {len(copies)} times")
        elif copies and cell["cell_type"] == "code":
            chosen[index] = copies[-1]
    before, after = own_cells(theirs, home)
    cells, unchanged = [fresh(theirs[i]) for i in before], []
    for index, cell in enumerate(release.cells):
        mine = copy.deepcopy(cell)
        if index in chosen:
            mine["source"] = theirs[chosen[index]]["source"]
        if mine["source"] == cell["source"] and not is_answer(cell) and not is_locked(cell):
            unchanged.append(len(cells))
        cells.append(fresh(mine, keep=True))
        cells += [fresh(theirs[i]) for i in after.get(index, [])]
    out = nbformat.v4.new_notebook(metadata=copy.deepcopy(release.metadata), cells=cells)
    out["nbformat"], out["nbformat_minor"] = release.nbformat, release.nbformat_minor
    return Rebuilt(out, tuple(notes), tuple(lost), found, tuple(unchanged))


def own_cells(theirs: list[Any], home: dict[int, int]) -> tuple[list[int], dict[int, list[int]]]:
    """Cells the student added, as (those before everything, those after each cell of the release)."""
    before: list[int] = []
    after: dict[int, list[int]] = {}
    at = None
    for i, cell in enumerate(theirs):
        if i in home:
            at = home[i]
        elif cell["cell_type"] == "code" and cell["source"].strip():
            (before if at is None else after.setdefault(at, [])).append(i)
    return before, after


def fresh(cell: Any, keep: bool = False) -> NotebookNode:
    """A cell without outputs; a student's own one also without metadata that could pass for the release's."""
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell, "raw": nbformat.v4.new_raw_cell}
    new = make[cell["cell_type"]](cell["source"])
    if keep:
        new["metadata"] = copy.deepcopy(cell["metadata"])
        if "id" in cell:
            new["id"] = cell["id"]
    return new


def untouched(rebuilt: NotebookNode, release: NotebookNode) -> bool:
    """Is every blank as it was handed out?"""
    blank = {tag(c)["grade_id"]: c["source"] for c in release.cells if is_answer(c)}
    return all(tag(c).get("grade_id") not in blank or blank[tag(c)["grade_id"]] == c["source"] for c in rebuilt.cells)


def tests_of(cells: Iterable[Any], names: Iterable[str]) -> dict[int, str]:
    """Which cells of the release ask for which exercise: {cell number: exercise}."""
    known, out = set(names), {}
    for i, cell in enumerate(cells):
        if cell["cell_type"] == "code" and is_locked(cell):
            for name in called(cell["source"]):
                if name in known:
                    out[i] = name
    return out


def called(source: str) -> list[str]:
    """The exercises that a cell's `check("name", ...)` calls name."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "check" and n.args]
    return [c.args[0].value for c in calls if isinstance(c.args[0], ast.Constant) and isinstance(c.args[0].value, str)]
