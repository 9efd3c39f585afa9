"""`course tune`: a network tuned, resumed and reported; what is wrong is said in one line, with the exit code that belongs to it."""

import contextlib
import io
import json

import numpy as np
import pytest

from course_lib import zoo
from course_lib.autotune import Outcome
from course_lib.autotune.log import Log
from course_lib.bench import Times
from course_lib.cli import main
from course_lib.kernels import tuned
from course_lib.shapes import ConvShape
from course_lib.zoo.network import Layer, Network

SMALL = ConvShape(N=1, C=8, H=8, W=8, K=16, R=1, S=1)  # a product: its plans compile soonest


def in_a_folder(monkeypatch, folder):
    """A network of one layer that occurs twice, plans and logs in a folder."""
    layers = tuple(Layer(name, "conv", SMALL, (16, 8, 8)) for name in ("first", "second"))
    made = {**zoo.NETWORKS, "tiny": Network("tiny", "Tiny", 2026, "this test", "", (8, 8, 8), layers, 2)}
    monkeypatch.setattr(zoo, "NETWORKS", made)
    monkeypatch.setenv("COURSE_TUNED", str(folder / "tuned.json"))


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    in_a_folder(monkeypatch, tmp_path)
    return tmp_path


def won(task, plans):
    """A duel that every plan wins against the default, nothing compiled."""
    return Times(tuple(plans), np.array([[2.0 if name == "default" else 1.0 for name in plans]] * 4))


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """(what was said, lines in the log) of a search and of a second one on its log with two lines added; are there plans after it?

    The second says what it finds in the log; how its duel ends is made up, so that there is a plan which must not be kept.
    """
    folder = tmp_path_factory.mktemp("tune")
    words = ["tune", "tiny", "--trials", "4", "--tuner", "random", "--batch", "2", "--workers", "1"]
    log, out = folder / "tiny-1.jsonl", []
    foreign = {"v": 1, "host": "another", "task": "x", "config": [1], "cost": 1.0, "note": "", "round": 0, "at": 0, "of": 1}

    def run(*more):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert main([*words, *more]) == 0
        out.append((said.getvalue(), len(log.read_text().splitlines())))

    with pytest.MonkeyPatch.context() as patch:
        in_a_folder(patch, folder)
        run()
        log.write_text(log.read_text() + "garbage\n" + json.dumps(foreign) + "\n")
        tuned.path().unlink(missing_ok=True)
        patch.setattr("course_lib.autotune.tuning.duel", won)
        patch.setattr("course_lib.autotune.peers.against_torch", lambda found: {"tuned": found.seconds, "torch": None})
        run("--no-keep")
        return out, tuned.path().exists()


def test_a_network_is_tuned_and_reported(two_runs):
    (said, lines), _ = two_runs[0]
    assert "4/4  8x8x8 -> 16, 1x1/1: trial 4, best " in said and "0 failed, 0:00 left" in said
    assert "Tuned on this machine, 1 thread" in said and "torch / tuned" in said and "x tuned" in said
    assert lines == 4


def test_a_search_on_a_log_goes_on_after_its_trials(two_runs):
    _, (said, lines) = two_runs[0]
    assert "going on after 4 trials in the log" in said
    assert lines == 4 + 2


def test_damaged_and_foreign_lines_are_named_by_number(two_runs):
    _, (said, _) = two_runs[0]
    assert "tiny-1.jsonl, line 5: skipped, damaged" in said and "line 6: skipped, of another machine" in said


def test_no_keep_leaves_the_plans_alone(two_runs):
    out, kept = two_runs
    assert "lowest 2.000" in out[1][0]  # a plan won
    assert not kept


def test_how_many_configurations_is_answered_without_a_trial(tiny, capsys):
    assert main(["tune", "tiny", "--count"]) == 0
    said = capsys.readouterr().out
    assert "How many configurations?" in said
    # k = 16 in three: C(6, 2) = 15; p, q, c = 8: C(5, 2) = 10 each; r, s = 1: 1 each; 15 · 10³ = 15,000
    assert "15,000" in said and f"{15_000 * 5040**3:,}" in said
    assert not list(tiny.iterdir())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["resnet81"], "there is no network 'resnet81'. Did you mean"),
        (["tiny", "--tuner", "xgb"], "--tuner: want one of random, grid"),
        (["tiny", "--trials", "0"], "--trials: want at least 1, got 0"),
        (["tiny", "--layers", "fc"], "no layer of tiny is called 'fc'"),
    ],
)
def test_wrong_words_are_answered_with_code_2(words, says, capsys):
    assert main(["tune", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_log_in_use_is_said_with_code_2(tiny, capsys):
    with Log(tiny / "tiny-1.jsonl"):
        assert main(["tune", "tiny", "--trials", "2"]) == 2
    assert "is using" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_path_and_errno_with_code_1(tiny, capsys):
    (tiny / "file").write_text("")
    assert main(["tune", "tiny", "--trials", "2", "--log", str(tiny / "file" / "log.jsonl")]) == 1
    said = capsys.readouterr().err
    assert "errno" in said and "file" in said


def test_where_every_trial_fails_the_reason_and_code_1(monkeypatch, capsys):
    def broken(self, task, configs):
        yield from ((i, Outcome(None, "failed: no compiler")) for i in range(len(configs)))

    monkeypatch.setattr("course_lib.autotune.pool.Pool.measure", broken)
    assert main(["tune", "tiny", "--trials", "4"]) == 1
    assert "every trial failed; the first: failed: no compiler" in capsys.readouterr().err
