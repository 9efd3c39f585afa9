"""labs/ is made from solutions/: the text between BEGIN SOLUTION and END SOLUTION goes, nothing else changes.

    solutions/03_gemm/lab03_gemm.py   ->   labs/03_gemm/lab03_gemm.ipynb

nbgrader's own preprocessors do the work, so its tools accept the release. The same source always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

STUB = '# your code here\nraise NotImplementedError("this blank is still empty")'
ANSWER = "*Your answer here.*"
LAB = re.compile(r"^\d\d_[a-z0-9_]+$")
# what a student needs: no solutions, no grader, no tests
BUNDLE = ("course.py", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "labs/README.md")
LEFT_OUT = ("__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache", ".ruff_cache")


def sources(root: Path) -> dict[str, Path]:
    """lab name -> solutions/nn_name/labnn_name.py, in order. Raises ValueError where a lab's folder lacks its source."""
    found = {}
    for folder in sorted(p for p in (root / "solutions").glob("*") if p.is_dir() and LAB.match(p.name)):
        source = folder / f"lab{folder.name}.py"
        if not source.is_file():
            raise ValueError(f"solutions: want {source.relative_to(root).as_posix()}, it is not there")
        found[folder.name] = source
    return found


def notebook_of(source: str, lab: str) -> str:
    """The released notebook of one lab as text: solutions taken out, cells locked, checksums and stable ids put in, no outputs.

    Raises ValueError, naming the lab, for a source whose cells nbgrader would not accept.
    """
    import jupytext
    from nbgrader.preprocessors import CheckCellMetadata, ClearSolutions, ComputeChecksums, LockCells
    from traitlets.config import Config

    notebook = jupytext.reads(source, fmt="py:percent")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for position, cell in enumerate(notebook.cells):
        cell.metadata.pop("lines_to_next_cell", None)
        cell["id"] = cell_id(lab, cell.metadata.get("nbgrader", {}).get("grade_id") or str(position))
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    config = Config()
    config.ClearSolutions.code_stub = {"python": STUB}
    config.ClearSolutions.text_stub = ANSWER
    steps = (ClearSolutions(config=config), LockCells(), ComputeChecksums(), CheckCellMetadata())
    try:
        for step in steps:
            step.log.disabled = True
            notebook, _ = step.preprocess(notebook, {})
    except Exception as error:
        raise ValueError(f"{lab}: nbgrader does not accept the source: {error}") from None
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "MARK SCHEME"):
        if mark in text:
            raise ValueError(f"{lab}: {mark!r} would reach the students")
    return text


def cell_id(lab: str, name: str) -> str:
    return hashlib.sha1(f"{lab}:{name}".encode()).hexdigest()[:8]


def released(root: Path, labs: Sequence[str] = ()) -> dict[str, str]:
    """path below root -> text of every notebook that `labs` (all where none is named) should hold."""
    found = sources(root)
    for lab in labs:
        if lab not in found:
            raise ValueError(f"lab: want one of {', '.join(found) or '(there are none)'}, got {lab!r}")
    wanted = list(labs) or list(found)
    return {f"labs/{lab}/lab{lab}.ipynb": notebook_of(found[lab].read_text("utf-8"), lab) for lab in wanted}


def present(root: Path, labs: Sequence[str] = ()) -> Iterator[str]:
    """Paths below root of all files in labs/nn_name folders; what JupyterLab leaves beside them is passed over."""
    for folder in sorted(p for p in (root / "labs").glob("*") if p.is_dir() and LAB.match(p.name)):
        if not labs or folder.name in labs:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not set(path.parts) & set(LEFT_OUT):
                    yield path.relative_to(root).as_posix()


def differences(root: Path, labs: Sequence[str] = ()) -> list[str]:
    """One line for every file in labs/ that is not exactly what the sources make; none where all is well."""
    want = released(root, labs)
    out = [f"{path}: not made by any source" for path in present(root, labs) if path not in want]
    for path, text in want.items():
        file = root / path
        if not file.is_file():
            out.append(f"{path}: missing")
        elif file.read_text("utf-8") != text:
            out.append(f"{path}: {what_differs(file.read_text('utf-8'), text)}")
    return out


def what_differs(have: str, want: str) -> str:
    """A few words on how two notebooks differ."""
    try:
        mine, theirs = (json.loads(text)["cells"] for text in (have, want))
    except (ValueError, KeyError, TypeError):
        return "not a notebook"
    if len(mine) != len(theirs):
        return f"{len(mine)} cells, want {len(theirs)}"
    cells = [i for i, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a != b]
    if not cells:
        return "its metadata differ"
    parts = sorted({key for i in cells for key in mine[i].keys() | theirs[i].keys() if mine[i].get(key) != theirs[i].get(key)})
    count = "1 cell differs" if len(cells) == 1 else f"{len(cells)} cells differ"
    return f"{count}, the first is number {cells[0] + 1} (in {', '.join(parts)})"


def worked_in(path: Path) -> bool:
    """Whether somebody has run cells of this notebook: then it is not ours to overwrite."""
    try:
        return any(cell.get("outputs") or cell.get("execution_count") for cell in json.loads(path.read_text("utf-8"))["cells"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def write(root: Path, labs: Sequence[str] = (), force: bool = False) -> list[str]:
    """Make labs/ what it should be; a line for each file written or removed.

    Raises ValueError, and writes nothing, where a notebook to be replaced has been worked in and `force` is not given.
    """
    want = released(root, labs)
    stale = [path for path in present(root, labs) if path not in want]
    fresh = {path: text for path, text in want.items() if not (root / path).is_file() or (root / path).read_text("utf-8") != text}
    if not force and (used := [path for path in [*fresh, *stale] if worked_in(root / path)]):
        raise ValueError(f"{used[0]}: somebody has run cells in it. Copy it away first, or say --force to replace it")
    for path, text in fresh.items():
        put(root / path, text.encode())
    for path in stale:
        (root / path).unlink()
        with_nothing_in_it = [p for p in (root / path).parents if p != root / "labs" and root / "labs" in p.parents]
        for folder in with_nothing_in_it:
            if not any(folder.iterdir()):
                folder.rmdir()
    return [f"wrote {path}" for path in fresh] + [f"removed {path}" for path in stale]


def put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def bundle(root: Path) -> bytes:
    """The students' zip: labs/ as the sources make it, course_lib/, the launcher and its requirements. Same tree, same bytes."""
    files: dict[str, bytes] = {name: (root / name).read_bytes() for name in BUNDLE if (root / name).is_file()}
    for path in below(root, "course_lib"):
        files[path] = (root / path).read_bytes()
    files |= {path: text.encode() for path, text in released(root).items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, content in sorted(files.items()):
            info = zipfile.ZipInfo(f"course/{path}", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            archive.writestr(info, content)
    return out.getvalue()


def below(root: Path, folder: str) -> Iterable[str]:
    for path in sorted((root / folder).rglob("*")):
        if path.is_file() and not set(path.parts) & set(LEFT_OUT) and path.suffix not in (".pyc", ".nbi", ".nbc"):
            yield path.relative_to(root).as_posix()


def points(root: Path, lab: str) -> Mapping[str, float]:
    """grade_id -> points of every graded cell of a lab's source."""
    import jupytext

    notebook: Any = jupytext.reads(sources(root)[lab].read_text("utf-8"), fmt="py:percent")
    graded = (cell.metadata.get("nbgrader", {}) for cell in notebook.cells)
    return {meta["grade_id"]: float(meta["points"]) for meta in graded if meta.get("grade")}
