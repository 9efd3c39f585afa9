"""Grade every hostile submission in a real sandbox and hold what came of it against what was expected.

python -m tests.hostile.play               a line for each that came out otherwise, and how many there were
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat.v4 as v4

from autograder import grading
from autograder import manifest as manifests
from autograder.grading import Lab, empty_record, grade_file, grade_notebook
from autograder.run import run

from . import lab as small
from .submissions import ANSWERS, FILES, NOTEBOOKS

ROOT_USER = os.getuid() == 0
AT_ONCE = 3


def answers() -> list[str]:
    """All ANSWERS in one notebook, each under its own name; what came out otherwise, in sentences."""
    cells = [v4.new_code_cell("import numpy as np\nfrom course_lib.check import check")]
    exercises: dict[str, Any] = {}
    for number, one in enumerate(ANSWERS.values()):
        name = f"double_{number}"
        exercises[name] = dataclasses.replace(small.EXERCISES["double"], name=name)
        source = re.sub(r"\bdouble\b", name, one.cell)
        cells.append(v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": name, "solution": True}}))
        test = {"grade_id": f"check_{name}", "grade": True, "solution": False, "locked": True, "points": 1}
        cells.append(v4.new_code_cell(f'check("{name}", {name})', metadata={"nbgrader": test}))
    table = {"notebook": "many", "limits": {**small.LIMITS, "notebook_seconds": 150}, "exercise": {n: {"values": 1} for n in exercises}}
    manifest = manifests.read("many", table, "many.toml")
    outcome = run(v4.new_notebook(cells=cells), manifest, exercises, dict.fromkeys(exercises, small.SEED))
    said = []
    for number, (what, one) in enumerate(ANSWERS.items()):
        verdict = outcome.verdicts[f"double_{number}"]
        if verdict.state != one.state or one.words not in verdict.message or verdict.passed is not (one.state == "ok"):
            said.append(f"answer {what!r}: want {one.state} ({one.words}), got {verdict.state}: {verdict.message}")
    return said


def whole(lab: Lab, what: str) -> list[str]:
    """One of NOTEBOOKS."""
    one = NOTEBOOKS[what]
    limits = dataclasses.replace(lab.manifest.limits, **one.limits)
    lab = dataclasses.replace(lab, manifest=dataclasses.replace(lab.manifest, limits=limits))
    record, kept = grade_notebook(small.notebook(**one.cells), empty_record(what, lab, True, ()), lab, small.seeds(), True)
    have = {name: entry["state"] for name, entry in record["exercises"].items() if entry["state"] != "ok"}
    messages = [*record["notes"], *(e["message"] for e in record["exercises"].values())]
    messages += [p["message"] for e in record["exercises"].values() for p in e["parts"]]
    if have != one.states or record["points"] != one.points or not any(one.words in m for m in messages):
        want = f"want {one.states or 'all ok'}, {one.points:g} points ({one.words})"
        said = " | ".join(dict.fromkeys(filter(None, messages)))[:600]
        return [f"notebook {what!r}: {want}, got {have}, {record['points']:g}: {said}"]
    if (size := len(json.dumps(kept))) > 1_000_000:
        return [f"notebook {what!r}: {size:,} bytes were kept of it"]
    return []


def handed_in(lab: Lab, what: str) -> list[str]:
    """One of FILES."""
    one = FILES[what]
    with tempfile.TemporaryDirectory(prefix="course-file-") as folder:
        path = Path(folder) / one.name
        path.write_bytes(one.data())
        record, _ = grade_file(path, what, lab, small.seeds())
    marks = [e["points"] for e in record["exercises"].values()]
    points = None if None in marks else record["points"]
    if record["state"] != one.state or points != one.points or not any(one.words in n for n in ["", *record["notes"]]):
        return [f"file {what!r}: want {one.state}, {one.points} ({one.words}), got {record['state']}, {points}: {record['notes']}"]
    return []


@contextlib.contextmanager
def each_notebook_once() -> Iterator[None]:
    """Most files come to the very same notebook once they are rebuilt: what it came to when it ran is what it comes to again."""
    known: dict[Any, Future[Any]] = {}
    lock = threading.Lock()

    def once(notebook: Any, manifest: Any, exercises: Any, seeds: Any, files: Any, confined: bool, unchanged: Any, told: Any) -> Any:
        cells = tuple((c["cell_type"], c["source"], c["metadata"].get("nbgrader", {}).get("grade_id")) for c in notebook.cells)
        key = repr((cells, sorted(unchanged), sorted(seeds.items()), manifest.limits))
        with lock:
            first = key not in known
            mine = known.setdefault(key, Future())
        if first:
            try:
                mine.set_result(run(notebook, manifest, exercises, seeds, files, confined, unchanged, told))
            except BaseException as error:
                mine.set_exception(error)
        return copy.deepcopy(mine.result())

    grading.run = once
    try:
        yield
    finally:
        grading.run = run


def play() -> list[str]:
    """Everything; a sentence for each that came out otherwise."""
    lab = small.lab()
    try:
        with each_notebook_once(), ThreadPoolExecutor(AT_ONCE) as pool:
            work = [pool.submit(answers)]
            work += [pool.submit(whole, lab, what) for what, one in NOTEBOOKS.items() if not (one.ordinary and ROOT_USER)]
            work += [pool.submit(handed_in, lab, what) for what in FILES]
            return [sentence for one in work for sentence in one.result()]
    finally:
        shutil.rmtree(lab.files)


if __name__ == "__main__":
    astray = play()
    print("\n".join(astray))
    count = len(ANSWERS) + len(NOTEBOOKS) - ROOT_USER * sum(n.ordinary for n in NOTEBOOKS.values()) + len(FILES)
    print(f"{count} hostile submissions as uid {os.getuid()}, {len(astray)} wrong verdicts")
    sys.exit(bool(astray))
