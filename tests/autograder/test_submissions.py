"""Whose notebook it is, told by where it lies."""

import pytest

from autograder.submissions import Refused, Submission, find, timestamp_of

LABS = {"01_intro": "lab01_intro", "03_gemm": "lab03_gemm"}


@pytest.mark.parametrize(
    ("given", "only"),
    [
        ("all", None),
        ("all/ada", None),
        ("all/ada/03_gemm", None),
        ("all/ada/03_gemm/lab03_gemm.ipynb", None),
        ("all/ada/03_gemm", "03_gemm"),
        ("loose/ada", "03_gemm"),
        ("loose/ada/lab03_gemm.ipynb", None),
    ],
)
def test_a_student_is_found_however_deep_one_points(tmp_path, given, only):
    for folder in ("all/ada/03_gemm", "loose/ada"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "lab03_gemm.ipynb").write_text("{}")
    found = find(tmp_path / given, LABS, only)
    assert [(one.student, one.lab) for one in found] == [("ada", "03_gemm")]
    assert find(tmp_path / given, LABS, only, "grace")[0].student == "grace" or given == "all"


def test_a_folder_without_submissions_says_where_they_would_lie(tmp_path):
    with pytest.raises(Refused, match="<student>/<lab>/<notebook>.ipynb"):
        find(tmp_path, LABS)


@pytest.mark.parametrize(
    "text, want, word",
    [
        ("2026-10-12 15:58:00 UTC", "2026-10-12T15:58:00+00:00", ""),
        ("2026-10-12 15:58:00", "2026-10-12T15:58:00+00:00", ""),  # as nbgrader writes it: UTC
        ("2026-10-12 23:58:00 +0800", "2026-10-12T15:58:00+00:00", ""),
        ("2026-10-12 15:58:00 XYZT", "2026-10-12T15:58:00+00:00", "the time zone XYZT"),
        ("9999-10-12 15:58:00 UTC", "9999-10-12T15:58:00+00:00", "a clock was wrong"),
        ("9999-12-31 23:59:59 -0800", None, "cannot be read"),  # no such time in UTC
        ("last Monday, I think", None, "cannot be read"),
        (b"\xff\xfe\x00", None, "cannot be read"),
    ],
)
def test_the_time_of_handing_in_is_utc_and_what_is_odd_about_it_is_noted(tmp_path, text, want, word):
    path = tmp_path / "lab.ipynb"
    (tmp_path / "timestamp.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    notes = []
    assert timestamp_of(Submission("ada", "lab", path), notes) == want
    assert [word in note for note in notes] == [True] * bool(word)
