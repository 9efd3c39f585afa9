"""nbgrader's own door: `nbgrader autograde` and formgrader's button come to the same verdict as `course grade`.

Mend             first of the sanitizing steps: the student's cells in the release's notebook, before nbgrader looks at them
TrustedExecute   in place of nbgrader's Execute: runs and judges as `course grade` does, writes the ledger, and leaves
                 outputs from which nbgrader's SaveAutoGrades reads exactly these points
"""

from __future__ import annotations

from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Unicode


def lab_of(resources: Any) -> Any:
    from .grading import Lab

    return Lab.open(resources["nbgrader"]["assignment"])


class Mend(NbGraderPreprocessor):  # type: ignore[misc]
    """Rebuild the notebook from the release, so that no lost, doubled or renamed cell stops the batch."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        from .rebuild import rebuild

        return rebuild(nb, lab_of(resources).release).notebook, resources


class TrustedExecute(NbGraderPreprocessor):  # type: ignore[misc]
    """Run the notebook in the sandbox and judge it from outside."""

    state = Unicode("", help="the state folder; empty for the course's own").tag(config=True)
    confined = Bool(True, help="False runs students' code unconfined; every grade says so").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        from pathlib import Path

        from . import gradebook
        from .grading import Place, empty_record, grade_notebook, require_once
        from .run import seeds_of
        from .submissions import digest_of, in_folder, timestamp_of

        if self.confined:
            require_once()
        place = Place(Path(self.state)) if self.state else Place()
        lab, student = lab_of(resources), resources["nbgrader"]["student"]
        # nbgrader's own gradebook rows for a lab that `course grade` has not met yet
        with gradebook.opened(resources["nbgrader"]["db_url"]) as book:
            gradebook.declare(book, lab)
        handed_in = in_folder(place.root / "submitted" / student / lab.manifest.lab, student, lab.manifest.lab, lab.manifest.notebook)
        record = empty_record(student, lab, self.confined, handed_in.notes)
        record["file"] = handed_in.path.name if handed_in.path else f"{resources['nbgrader']['notebook']}.ipynb"
        record["handed_in"] = timestamp_of(handed_in, record["notes"])  # lateness is the same by either door
        if handed_in.path is not None and not handed_in.refused:
            record["sha256"] = digest_of(handed_in.path)
        record, graded = grade_notebook(nb, record, lab, seeds_of(place.secret(), student, lab.exercises), self.confined)
        record["run"] = "nbgrader autograde"
        place.ledger.append(record)
        return graded, resources


def prepare(url: str) -> None:
    """Declare every lab in a gradebook that is not there yet: nbgrader grades only what it knows."""
    from pathlib import Path

    from . import gradebook
    from .grading import Lab
    from .manifest import labs

    if url.startswith("sqlite:///") and Path(url.removeprefix("sqlite:///")).exists():
        return
    with gradebook.opened(url) as book:
        for name in labs():
            gradebook.declare(book, Lab.open(name))
