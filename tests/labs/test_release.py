"""labs/ is exactly what `course release` makes of solutions/, and nothing of a solution reaches a student."""

import argparse
import ast
import io
import json
import logging
import re
import shutil
import zipfile
from pathlib import Path

import jupytext
import nbformat
import pytest

from course_lib.exercises import EXERCISES, LABS, release, release_command

ROOT = Path(__file__).parents[2]


def notebooks():
    return {lab: nbformat.read(ROOT / "labs" / lab / f"lab{lab}.ipynb", 4) for lab in LABS}


def graded(notebook):
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


def small_course(folder):
    """A course of one lab in a folder of its own."""
    source = folder / "solutions" / "07_tiny" / "lab07_tiny.py"
    source.parent.mkdir(parents=True)
    (folder / "course_lib").mkdir()
    (folder / "labs").mkdir()
    head = '# %% nbgrader={"grade": false, "grade_id": "one", "locked": false, "schema_version": 3, "solution": true, "task": false}\n'
    source.write_text(f"# %% [markdown]\n# # Tiny\n\n{head}def one():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n")
    return source


def options(*labs, check=False, bundle=None, force=False):
    return argparse.Namespace(labs=list(labs), check=check, bundle=bundle, force=force)


def test_labs_is_exactly_what_release_makes():
    assert release.differences(ROOT) == []


def test_every_lab_of_the_catalogue_has_a_source_and_every_source_is_in_the_catalogue():
    assert list(release.sources(ROOT)) == list(LABS)


def test_the_same_source_gives_the_same_bytes():
    source = release.sources(ROOT)["03_gemm"].read_text("utf-8")
    assert release.notebook_of(source, "03_gemm") == release.notebook_of(source, "03_gemm")


@pytest.mark.parametrize("lab", LABS)
def test_no_line_of_a_solution_reaches_a_student(lab):
    source = release.sources(ROOT)[lab].read_text("utf-8")
    text = (ROOT / "labs" / lab / f"lab{lab}.ipynb").read_text("utf-8")
    assert not re.search(r"BEGIN|END SOLUTION|HIDDEN|MARK SCHEME", text)
    hidden = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.S)
    assert len(hidden) >= 6
    released = "\n".join(cell.source for cell in notebooks()[lab].cells)
    told = re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION", "", source, flags=re.S)  # the text explains how a hook is removed
    lines = {line.removeprefix("# ").strip() for block in hidden for line in block.splitlines()}
    lines = {line for line in lines if len(line) > 12 and line not in told}
    assert len(lines) > 20
    for line in lines:
        assert line not in released, line


@pytest.mark.parametrize("lab", LABS)
def test_nbgrader_accepts_the_release(lab):
    from nbgrader.nbgraderformat import MetadataValidator
    from nbgrader.preprocessors import CheckCellMetadata, ComputeChecksums, LockCells
    from nbgrader.utils import compute_checksum

    notebook = notebooks()[lab]
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    logging.getLogger("traitlets").disabled = True
    before = {cell.id: dict(cell.metadata.nbgrader) for cell in notebook.cells if "nbgrader" in cell.metadata}
    for step in (CheckCellMetadata(), LockCells(), ComputeChecksums()):
        notebook, _ = step.preprocess(notebook, {})
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            assert before[cell.id] == dict(cell.metadata.nbgrader)
            assert cell.metadata.nbgrader.checksum == compute_checksum(cell)


@pytest.mark.parametrize("lab", LABS)
def test_every_exercise_has_its_blank_and_its_check_in_order(lab):
    cells = notebooks()[lab].cells
    ids = [cell.metadata.nbgrader.grade_id for cell in cells if "nbgrader" in cell.metadata]
    assert [i for i in ids if i in LABS[lab]] == LABS[lab]
    for name in LABS[lab]:
        blank = next(c for c in cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)
        check = next(c for c in cells if c.metadata.get("nbgrader", {}).get("grade_id") == f"check_{name}")
        assert release.STUB.split("\n")[1] in blank.source and blank.metadata.nbgrader.solution
        assert any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.parse(blank.source).body)
        assert check.source == f'check("{name}", {name})'
        assert check.metadata.nbgrader.points > 0 and check.metadata.editable is False and check.metadata.deletable is False
        assert cells.index(check) == cells.index(blank) + 1


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_has_one_question_graded_by_hand_with_its_rubric_above_it(lab):
    cells = notebooks()[lab].cells
    by_hand = [cell for cell in graded(notebooks()[lab]) if cell.cell_type == "markdown"]
    assert len(by_hand) == 1 and by_hand[0].source == release.ANSWER
    above = cells[[c.id for c in cells].index(by_hand[0].id) - 1].source
    rubric = [int(n) for n in re.findall(r"^\| (\d+) \|", above, re.M)]
    assert sum(rubric) == by_hand[0].metadata.nbgrader.points


@pytest.mark.parametrize("lab", LABS)
def test_cell_ids_are_stable_and_there_are_no_outputs(lab):
    notebook = notebooks()[lab]
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for position, cell in enumerate(notebook.cells):
        assert cell.id == release.cell_id(lab, cell.metadata.get("nbgrader", {}).get("grade_id", str(position)))
        assert "lines_to_next_cell" not in cell.metadata
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
    assert notebook.metadata.kernelspec.name == "python3"


def test_every_hint_leads_to_a_slide_that_is_there():
    anchors = set()
    for deck in (ROOT / "slides").glob("[0-9][0-9]_*.md"):
        for heading in re.findall(r"^# .*\{(.*)\}\s*$", deck.read_text("utf-8"), re.M):
            anchors |= {f"{deck.stem}#{a}" for a in re.findall(r"#([\w-]+)", heading)}
    for name, exercise in EXERCISES.items():
        for slide in [exercise.slide, *(m.slide for m in exercise.misconceptions), *(c.slide for c in exercise.counts)]:
            assert slide in anchors, (name, slide)


def test_a_hand_edited_lab_is_noticed_and_made_anew(tmp_path):
    small_course(tmp_path)
    assert release.write(tmp_path) == ["wrote labs/07_tiny/lab07_tiny.ipynb"]
    assert release.write(tmp_path) == []
    notebook = tmp_path / "labs/07_tiny/lab07_tiny.ipynb"
    right = notebook.read_text()
    notebook.write_text(right.replace("Tiny", "Tidy"))
    assert release.differences(tmp_path) == ["labs/07_tiny/lab07_tiny.ipynb: 1 cell differs, the first is number 1 (in source)"]
    release.write(tmp_path)
    assert notebook.read_text() == right


def test_files_that_no_source_makes_are_removed_and_the_start_page_stays(tmp_path):
    small_course(tmp_path)
    (tmp_path / "labs/README.md").write_text("start")
    old = tmp_path / "labs/02_old/deep/data.csv"
    old.parent.mkdir(parents=True)
    old.write_text("1")
    assert "labs/02_old/deep/data.csv: not made by any source" in release.differences(tmp_path)
    assert "removed labs/02_old/deep/data.csv" in release.write(tmp_path)
    assert not (tmp_path / "labs/02_old").exists() and (tmp_path / "labs/README.md").exists()


def test_a_notebook_that_somebody_has_worked_in_is_not_overwritten_unasked(tmp_path):
    small_course(tmp_path)
    release.write(tmp_path)
    path = tmp_path / "labs/07_tiny/lab07_tiny.ipynb"
    work = json.loads(path.read_text())
    work["cells"][1]["execution_count"], work["cells"][1]["source"] = 3, "def one(): return 1"
    path.write_text(json.dumps(work))
    with pytest.raises(ValueError, match="somebody has run cells in it"):
        release.write(tmp_path)
    assert "return 1" in path.read_text()
    release.write(tmp_path, force=True)
    assert "return 1" not in path.read_text()


def test_a_source_that_would_leak_or_that_nbgrader_refuses_is_an_error(tmp_path):
    source = small_course(tmp_path)
    text = source.read_text()
    for broken in (
        text.replace("    ### END SOLUTION\n", ""),
        text.replace('"solution": true', '"solution": false'),
        text + text[text.index("# %% nbgrader") :],  # the same grade_id twice
        text + "\n# %%\n# BEGIN HIDDEN TESTS\n",
    ):
        source.write_text(broken)
        with pytest.raises(ValueError, match="07_tiny"):
            release.released(tmp_path)


def test_the_command_checks_writes_and_answers_with_its_exit_code(tmp_path, monkeypatch, capsys):
    small_course(tmp_path)
    (tmp_path / "labs" / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "labs" / "sub")
    parser = argparse.ArgumentParser()
    release_command.add(parser)
    assert parser.parse_args(["03_gemm", "--check"]).labs == ["03_gemm"]
    assert release_command.run(options(check=True)) == 1
    assert "missing" in capsys.readouterr().out
    assert release_command.run(options("07_tiny")) == 0
    assert release_command.run(options(check=True)) == 0
    assert release_command.run(options("07_tny")) == 2
    assert "Did you mean '07_tiny'?" in capsys.readouterr().err


def test_the_students_bundle_holds_what_they_need_and_no_answer(tmp_path):
    first, second = release.bundle(ROOT), release.bundle(ROOT)
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert all(name.startswith("course/") for name in names) and names == sorted(names)
    for needed in ("course.py", "pyproject.toml", "constraints.txt", "course_lib/check.py", "labs/01_intro/lab01_intro.ipynb"):
        assert f"course/{needed}" in names
    parts = {part for name in names for part in Path(name).parts}
    assert not parts & {"solutions", "autograder", "tests", "__pycache__", ".git"}
    for name in names:
        if name.endswith(".ipynb"):
            assert "SOLUTION" not in (tmp_path / name).read_text("utf-8")


def test_the_release_opens_as_a_notebook_and_goes_back_to_text_with_its_metadata():
    for lab, notebook in notebooks().items():
        text = jupytext.writes(notebook, fmt="py:percent")
        again = jupytext.reads(text, fmt="py:percent")
        before = [c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata]
        assert [c.metadata.nbgrader.grade_id for c in again.cells if "nbgrader" in c.metadata] == before, lab


def test_a_copy_of_the_course_elsewhere_releases_the_same(tmp_path):
    shutil.copytree(ROOT / "solutions", tmp_path / "a course" / "solutions")
    (tmp_path / "a course" / "labs").mkdir()
    assert release.released(tmp_path / "a course") == release.released(ROOT)
