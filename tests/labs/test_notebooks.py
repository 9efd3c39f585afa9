"""The labs as people run them: solutions from top to bottom, every check green; untouched labs with a kind word in each cell.

A solution has a kernel of its own, whose seconds are counted. The untouched lab follows in that kernel and folder once all its names
are gone: what it needs it must import and define itself. But torch is not loaded from the disk once more, and what lab 14 has measured
is found in its log, as the lab says.
"""

from pathlib import Path

import jupytext
import nbclient
import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

from course_lib.exercises import LABS, release

ROOT = Path(__file__).parents[2]
MINUTE = 60.0
WORDS = "still blank"
FORGET = "get_ipython().reset(new_session=True)"
SECONDS = "import os; print(sum(os.times()[:4]))  # its own and its children's"


class Kernel:
    """A kernel that runs notebooks one after the other in a folder, each with no names of the one before."""

    def __init__(self, lab, folder):
        self.lab, self.folder, self.manager, self.fresh = lab, folder, AsyncKernelManager(kernel_name="python3"), True

    def run(self, notebook):
        """Run every cell as JupyterLab does with "Run All", but go on after an error. -> processor seconds of the kernel so far

        They are what the student waits on an idle machine; what else this one does is not the lab's fault.
        """
        if not self.fresh:
            notebook.cells.insert(0, nbformat.v4.new_code_cell(FORGET))
        notebook.cells.append(nbformat.v4.new_code_cell(SECONDS))
        client = nbclient.NotebookClient(notebook, km=self.manager, timeout=600, allow_errors=True)
        client.execute(cwd=str(self.folder))
        client.kc.stop_channels()
        if not self.fresh:
            assert not said(notebook.cells.pop(0))
        self.fresh = False
        return float(said(notebook.cells.pop()).strip())


@pytest.fixture(scope="module", params=[pytest.param(lab, marks=getattr(pytest.mark, f"lab{lab[:2]}")) for lab in LABS])
def kernel(request, tmp_path_factory):
    """The kernel of a lab; the lab's two tests follow each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        one = Kernel(request.param, tmp_path_factory.mktemp("lab"))
        yield one
        run_sync(one.manager.shutdown_kernel)(now=True)


def said(cell):
    """Everything a cell shows, as text."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "error":
            parts.append(f"{output.ename}: {output.evalue}")
        parts.append(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
    return "\n".join(parts)


def checks(notebook):
    return {
        cell.metadata.nbgrader.grade_id.removeprefix("check_"): cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code"
    }


def errors(notebook):
    return [said(c) for c in notebook.cells if c.cell_type == "code" and any(o.output_type == "error" for o in c.outputs)]


def assert_tidy(folder, notebook):
    """Nothing stays in the student's folder but what a cell names."""
    source = "\n".join(cell.source for cell in notebook.cells)
    left = {path.name.removesuffix(".lock") for path in folder.iterdir()}
    assert all(f'"{name}"' in source for name in left), left


@pytest.mark.slow
def test_a_solution_runs_from_top_to_bottom_in_a_minute_and_every_check_is_green(kernel):
    notebook = jupytext.read(release.sources(ROOT)[kernel.lab])
    assert kernel.fresh
    seconds = kernel.run(notebook)
    assert errors(notebook) == []
    found = checks(notebook)
    assert list(found) == LABS[kernel.lab]
    for name, cell in found.items():
        assert said(cell).startswith(f"✓ {name}"), said(cell)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not any(output.get("name") == "stderr" for output in cell.outputs), said(cell)
            assert "A blank above is still empty" not in said(cell)
    assert seconds < MINUTE
    assert_tidy(kernel.folder, notebook)


@pytest.mark.slow
def test_an_untouched_lab_stops_nowhere_and_says_a_kind_word_at_every_check(kernel):
    notebook = nbformat.read(ROOT / "labs" / kernel.lab / f"lab{kernel.lab}.ipynb", 4)
    kernel.run(notebook)
    assert errors(notebook) == []
    found = checks(notebook)
    assert list(found) == LABS[kernel.lab]
    for name, cell in found.items():
        assert said(cell).startswith(f"✗ {name}") and WORDS in said(cell) and "Hint" in said(cell), said(cell)
    assert_tidy(kernel.folder, notebook)
