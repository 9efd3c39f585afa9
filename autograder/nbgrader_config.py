"""nbgrader's settings.

python3 course.py lab --instructor            # formgrader
cd autograder && ../.venv/bin/python -m nbgrader autograde 03_gemm
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# nbgrader calls the bare program `alembic`: it lies where this Python's programs lie
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", os.defpath)

from nbgrader.preprocessors import (  # noqa: E402  the path must be set first
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)

from autograder.grading import Place  # noqa: E402
from autograder.nbgrader_side import Mend, TrustedExecute, prepare  # noqa: E402

STATE = Path(os.environ.get("COURSE_STATE", HERE / "state"))
STATE.mkdir(parents=True, exist_ok=True)

c = get_config()  # noqa: F821  given by traitlets
c.CourseDirectory.root = str(STATE)
c.CourseDirectory.source_directory = str(HERE.parent / "labs")  # the release: no solution ever lies where submissions are made up
c.CourseDirectory.release_directory = "release"
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"
c.CourseDirectory.db_url = Place(STATE).gradebook_url
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py", "*.md"]
c.Exchange.root = str(STATE / "exchange")  # formgrader looks for it, though nothing is handed out or in by it
(STATE / "exchange").mkdir(exist_ok=True)
c.Autograde.sanitize_preprocessors = [Mend, ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
c.Autograde.autograde_preprocessors = [TrustedExecute, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata]
prepare(c.CourseDirectory.db_url)
c.TrustedExecute.state = str(STATE)
c.TrustedExecute.confined = os.environ.get("COURSE_UNSAFE_NO_SANDBOX") != "1"
