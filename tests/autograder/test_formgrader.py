"""The instructor's JupyterLab: `course lab --instructor` opens formgrader, and the marks stand in it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]


def marked(root: Path) -> None:
    """A gradebook with one student who has every point that a machine gives."""
    from autograder import gradebook
    from autograder.grading import Lab, Place, empty_record, filled, total

    lab, place = Lab.open("03_gemm"), Place(root)
    record = filled(empty_record("ada", lab, True, ()), lab, "ok", "")
    record["file"] = "lab03_gemm.ipynb"
    for entry in record["exercises"].values():
        entry["points"] = entry["max"]
    kept = place.autograded("ada", "03_gemm") / "lab03_gemm.ipynb"
    kept.parent.mkdir(parents=True)
    nbformat.write(lab.release, kept)
    with gradebook.opened(place.gradebook_url) as book:
        gradebook.declare(book, lab)
        gradebook.write(book, lab, total(record))


@pytest.fixture
def formgrader(tmp_path: Path):
    """(address without token, token) of a running `course lab --instructor`."""
    marked(tmp_path / "state")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "log"
    words = [sys.executable, "-m", "course_lib.cli", "lab", "--instructor", "--state", str(tmp_path / "state"), "--no-browser"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with log.open("w") as out:
        process = subprocess.Popen(
            [*words, "--port", str(port)], cwd=tmp_path, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 180
        while not (found := re.search(r"(http://127\.0\.0\.1:\d+)/formgrader(\?token=\S+)", log.read_text())):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"`course lab --instructor` did not start:\n{log.read_text()[-3000:]}", pytrace=False)
            time.sleep(0.2)
        yield found[1], found[2]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.mark.browser
def test_formgrader_shows_the_marks_and_asks_nothing_of_any_network(page_offline, formgrader, artefacts) -> None:
    page, outside = page_offline
    address, token = formgrader
    page.goto(f"{address}/formgrader{token}")
    page.get_by_role("link", name="03_gemm").wait_for()
    assert page.get_by_text("exchange directory").count() == 0  # no warning about what this course does not use
    page.goto(f"{address}/formgrader/gradebook/03_gemm/lab03_gemm{token}")
    page.get_by_text("44 / 48").first.wait_for()
    page.get_by_role("link", name="Submission #1").click()
    page.locator("input.score").first.wait_for()
    # a machine's points stand in the fields as what is there until a person writes something else
    page.wait_for_function("""() => 44 === [...document.querySelectorAll("input.score")]
        .map(field => Number(field.value || field.placeholder)).reduce((a, b) => a + b)""")
    page.screenshot(path=artefacts / "formgrader.png")
    assert outside == []


def test_without_marks_the_instructor_is_told_the_command_that_gives_them(tmp_path: Path, capsys) -> None:
    from course_lib.cli import main

    assert main(["lab", "--instructor", "--state", str(tmp_path), "--no-browser"]) == 1
    assert "`course grade` gives them" in capsys.readouterr().err
    assert main(["lab", "--state", str(tmp_path)]) == 1
    assert "goes with --instructor" in capsys.readouterr().err
    assert main(["lab", str(tmp_path), "--instructor"]) == 1
    assert "no folder to open" in capsys.readouterr().err
