"""A file is written whole or not at all, and what hinders it names the path."""

import os
from pathlib import Path

import pytest

from autograder.files import write_whole


def test_what_is_written_is_there_and_nothing_else(tmp_path):
    write_whole(tmp_path / "a page.html", "Zoë")
    write_whole(tmp_path / "a page.html", "Zoë, again\n".encode())
    assert [p.name for p in tmp_path.iterdir()] == ["a page.html"]
    assert (tmp_path / "a page.html").read_bytes() == "Zoë, again\n".encode()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_on_a_full_disk_the_old_file_stays_and_the_error_names_it(tmp_path):
    path = tmp_path / "_class.html"
    path.write_text("old")
    os.symlink("/dev/full", tmp_path / "_class.html.half")
    with pytest.raises(OSError) as caught:
        write_whole(path, "new")
    assert (caught.value.filename, caught.value.strerror) == (str(path), "No space left on device")
    assert [p.name for p in tmp_path.iterdir()] == ["_class.html"] and path.read_text() == "old"
