"""The room as a whole: light to import, every name there, the commands print what they promise."""

import subprocess
import sys

import pytest

import course_lib.machine as machine
from course_lib.machine.__main__ import main


def test_importing_the_room_loads_neither_numba_nor_any_file_of_it():
    code = "import sys, course_lib.machine; print([m for m in sys.modules if m.startswith(('numba', 'llvmlite', 'course_lib.machine.'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_every_public_name_is_there_and_no_name_is_that_of_a_file():
    for name in machine.__all__:
        assert getattr(machine, name) is not None
    assert not set(machine.__all__) & set(machine.ROOM), "a function called like its file would hide it, or be hidden"
    with pytest.raises(AttributeError, match="course_lib.machine has no 'simulat'"):
        _ = machine.simulat


def test_the_command_says_which_figures_are_from_memory(capsys):
    assert main(["dataflows"]) == 0
    said = capsys.readouterr().out
    assert "Together: conv1, conv2, conv3, conv4, conv5" in said and "quoted from memory" in said and "fc6" in said


def test_a_wrong_size_is_one_sentence_and_not_a_traceback(capsys):
    assert main(["dataflows", "--rows", "0"]) == 2
    assert capsys.readouterr().err == "rows: want at least 1, got 0\n"


def test_the_scale_sim_table_gives_a_reason_a_row(capsys):
    assert main(["scale-sim"]) == 0
    assert "no padding" in capsys.readouterr().out
