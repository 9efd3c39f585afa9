"""`course check`: run a whole notebook in its own kernel and list its checks.

course check labs/01_intro                 every notebook in the folder
course check labs/01_intro/lab01_intro.ipynb
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CALL = re.compile(r"^check\(\s*[\"']([^\"']+)[\"']", re.M)


@dataclass(frozen=True)
class Checked:
    """One `check("name", ...)` of a notebook: did it pass, and what was said."""

    name: str
    passed: bool
    said: str


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="a notebook, or a folder of notebooks")
    parser.add_argument("--timeout", type=int, default=300, metavar="SECONDS", help="longest time for one cell (default 300)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each failing check in full, with its smallest case")


def run(options: argparse.Namespace) -> int:
    """0 where every check of every notebook passes, else 1."""
    if options.timeout < 1:
        print(f"course check: --timeout: want at least 1 second, got {options.timeout}", file=sys.stderr)
        return 1
    try:
        notebooks = notebooks_in(options.path)
    except ValueError as error:
        print(f"course check: {error}", file=sys.stderr)
        return 1
    good = True
    for path in notebooks:
        try:
            results = check_notebook(path, options.timeout)
        except (ValueError, RuntimeError) as error:
            print(f"course check: {path}: {error}", file=sys.stderr)
            good = False
            continue
        print(told(path, results, options.verbose))
        good = good and bool(results) and all(r.passed for r in results)
    return 0 if good else 1


def notebooks_in(path: Path) -> list[Path]:
    """The notebooks a path means. Raises ValueError, with what is there, for a path that means none."""
    if path.suffix == ".ipynb" and path.is_file():
        return [path]
    if not path.exists() and path.parent.is_dir():
        import difflib

        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.iterdir()], n=1, cutoff=0.5)
        raise ValueError(f"there is no {path}." + (f" Did you mean {path.parent / near[0]}?" if near else ""))
    if not path.exists():
        raise ValueError(f"there is no {path}")
    found = [p for p in sorted(path.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts] if path.is_dir() else []
    if not found:
        raise ValueError(f"{path}: want a notebook or a folder with notebooks")
    return found


def check_notebook(path: Path, timeout: int = 300) -> list[Checked]:
    """Run a copy of the notebook in its own kernel, in its own folder; the file stays as it is.

    Raises ValueError for a file that is no notebook, RuntimeError where its kernel does not live.
    """
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise ValueError(f"this cannot be read as a notebook ({type(error).__name__})") from None
    kernel = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    try:
        KernelSpecManager().get_kernel_spec(kernel)
    except NoSuchKernel:
        kernel = "python3"
    folder = str(path.resolve().parent)
    # a checkout that is on the path here must be on the kernel's path too
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))}
    client = NotebookClient(
        notebook,
        kernel_name=kernel,
        timeout=timeout,
        allow_errors=True,
        interrupt_on_timeout=True,
        resources={"metadata": {"path": folder}},
    )
    stopped = ""
    try:
        client.execute(env=environment, stderr=subprocess.DEVNULL)  # the kernel's own notices are not the student's
    except DeadKernelError:
        stopped = "the kernel stopped before this check"
    except CellTimeoutError:
        stopped = f"a cell took more than {timeout} s"
    results = [result for cell in notebook.cells if cell.cell_type == "code" for result in results_of(cell, stopped)]
    if not results and stopped:
        raise RuntimeError(stopped)
    return results


def results_of(cell: Any, stopped: str) -> list[Checked]:
    """What a cell's checks said: read from the text of its outputs."""
    names = CALL.findall(cell.source)
    if not names:
        return []
    texts = [o.data.get("text/plain", "") for o in cell.outputs if o.output_type in ("execute_result", "display_data")]
    errors = [f"{o.ename}: {o.evalue}" for o in cell.outputs if o.output_type == "error"]
    out = []
    for name in names:
        mine = next((t for t in texts if t[2:].startswith(f"{name}:") and t[:1] in "✓✗"), None)
        if mine is not None:
            out.append(Checked(name, mine.startswith("✓"), mine))
        else:
            out.append(Checked(name, False, f"✗ {name}: {errors[0] if errors else stopped or 'the check said nothing'}"))
    return out


def told(path: Path, results: list[Checked], verbose: bool) -> str:
    """The checks of one notebook, a line each, and how many pass."""
    if not results:
        return f"{path}: no checks in this notebook"
    wide = max(len(r.name) for r in results)
    lines = [str(path)]
    for result in results:
        first, *rest = result.said.split("\n")
        says = first.split(": ", 1)[1] if ": " in first else first
        said = [line.strip() for line in rest if line.startswith("  ") and line[2:3] not in " ✓✗"]
        if said and not said[0].startswith(("Hint", "The smallest case")):
            says = said[0]
        hint = next((line for line in said if line.startswith("Hint") and says != "still blank."), "")
        lines.append(f"  {'✓' if result.passed else '✗'} {result.name:<{wide}}  {says}")
        if not result.passed and verbose:
            lines += [f"      {line}" for line in rest]
        elif hint:
            lines.append(f"      {hint}")
    right = sum(r.passed for r in results)
    lines.append(f"  {right} of {len(results)} right" + ("" if right == len(results) else "   (-v shows the smallest failing cases)"))
    return "\n".join(lines)
