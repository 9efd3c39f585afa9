"""Whose notebook it is, told by where it lies."""

import pytest

from autograder.submissions import Refused, find

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
