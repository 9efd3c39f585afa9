"""The labs as people run them: solutions from top to bottom, every check green; untouched labs with a kind word in each cell."""

from pathlib import Path

import jupytext
import nbclient
import nbformat
import pytest

from course_lib.exercises import LABS, release

ROOT = Path(__file__).parents[2]
MINUTE = 60.0
WORDS = "still blank"


def run(notebook, folder, monkeypatch):
    """Run every cell as JupyterLab does with "Run All", but go on after an error. -> processor seconds of the kernel and what it starts

    They are what the student waits on an idle machine; what else this one does is not the lab's fault.
    """
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook.cells.append(nbformat.v4.new_code_cell("import os; print(sum(os.times()[:4]))  # its own and its children's"))
    with_kernel = nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", allow_errors=True)
    with_kernel.execute(cwd=str(folder))
    return float(said(notebook.cells.pop()).strip())


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


marked = [pytest.param(lab, marks=getattr(pytest.mark, f"lab{lab[:2]}")) for lab in LABS]


@pytest.mark.slow
@pytest.mark.parametrize("lab", marked)
def test_a_solution_runs_from_top_to_bottom_in_a_minute_and_every_check_is_green(lab, tmp_path, monkeypatch):
    notebook = jupytext.read(release.sources(ROOT)[lab])
    seconds = run(notebook, tmp_path, monkeypatch)
    assert errors(notebook) == []
    found = checks(notebook)
    assert list(found) == LABS[lab]
    for name, cell in found.items():
        assert said(cell).startswith(f"✓ {name}"), said(cell)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not any(output.get("name") == "stderr" for output in cell.outputs), said(cell)
            assert "A blank above is still empty" not in said(cell)
    assert seconds < MINUTE
    assert not list(tmp_path.iterdir())  # nothing is left in the student's folder


@pytest.mark.slow
@pytest.mark.parametrize("lab", marked)
def test_an_untouched_lab_stops_nowhere_and_says_a_kind_word_at_every_check(lab, tmp_path, monkeypatch):
    notebook = nbformat.read(ROOT / "labs" / lab / f"lab{lab}.ipynb", 4)
    run(notebook, tmp_path, monkeypatch)
    assert errors(notebook) == []
    found = checks(notebook)
    assert list(found) == LABS[lab]
    for name, cell in found.items():
        assert said(cell).startswith(f"✗ {name}") and WORDS in said(cell) and "Hint" in said(cell), said(cell)
