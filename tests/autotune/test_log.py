"""The log: what was measured is on disk, what is damaged or another's is skipped by number, one search at a time."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from course_lib.autotune import Busy, Log, Measured, Outcome, Task
from course_lib.search import Space, tune
from course_lib.shapes import GemmShape

ROOT = Path(__file__).resolve().parents[2]
TASK = Task(GemmShape(2, 2, 2), of="tests.autotune.faults:Bowl")
SPACE = Space({"a": list(range(8)), "b": list(range(8))})


def written(path, rounds=2, batch=3):
    with Log(path, "here") as log:
        for number in range(rounds):
            for at in range(batch):
                log.add(TASK, (number, at), Outcome(1.0 + number + at), number, at, batch)


def test_what_was_written_is_read_again(tmp_path):
    written(tmp_path / "log.jsonl")
    with Log(tmp_path / "log.jsonl", "here") as log:
        history = log.history(TASK)
        assert history["config"] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
        assert history["round"] == [0, 0, 0, 1, 1, 1]
        assert history["cost"] == [1, 2, 3, 2, 3, 4]
        assert not log.skipped


DAMAGE = {
    "cut in the middle": (lambda line: line[: len(line) // 2], "damaged"),
    "no JSON": (lambda line: b"\x00\xff not json", "damaged"),
    "JSON, but no trial": (lambda line: b"[1, 2, 3]", "damaged"),
    "a cost in words": (lambda line: line.replace(b'"cost":2.0', b'"cost":"fast"'), "damaged"),
    "a round in words": (lambda line: line.replace(b'"round":0', b'"round":"first"'), "damaged"),
    "another version": (lambda line: line.replace(b'"v":1', b'"v":7'), "of version 7"),
    "another machine": (lambda line: line.replace(b'"here"', b'"there"'), "of another machine"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_line_that_is_not_ours_is_skipped_by_its_number(name, tmp_path):
    path, (change, says) = tmp_path / "log.jsonl", DAMAGE[name]
    written(path)
    lines = path.read_bytes().splitlines()
    lines[1] = change(lines[1])
    path.write_bytes(b"\n".join(lines) + b"\n")
    with Log(path, "here") as log:
        assert log.skipped == [(2, says)]
        assert len(log.known(TASK)) == 5


def test_a_last_line_that_was_cut_stays_alone_and_the_next_is_whole(tmp_path):
    path = tmp_path / "log.jsonl"
    written(path)
    path.write_bytes(path.read_bytes()[:-20])
    with Log(path, "here") as log:
        assert log.skipped == [(6, "damaged")]
        log.add(TASK, (1, 2), Outcome(9.0), 1, 2, 3)
    with Log(path, "here") as log:
        assert log.known(TASK)[(1, 2)].cost == 9.0 and len(log.history(TASK)) == 6


def test_a_round_that_was_cut_short_is_known_but_not_yet_history(tmp_path):
    path = tmp_path / "log.jsonl"
    written(path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:5]))
    with Log(path, "here") as log:
        assert log.open_round(TASK) == 1
        assert len(log.history(TASK)) == 3 and len(log.known(TASK)) == 5


def test_two_searches_do_not_share_a_log(tmp_path):
    with Log(tmp_path / "log.jsonl"):
        with pytest.raises(Busy, match=f"process {os.getpid()} is using .*log.jsonl; wait for it, or name another log"):
            Log(tmp_path / "log.jsonl")
    Log(tmp_path / "log.jsonl").close()


def test_tasks_of_one_log_do_not_mix(tmp_path):
    other = Task(GemmShape(2, 2, 2), threads=2, of="tests.autotune.faults:Bowl")
    written(tmp_path / "log.jsonl")
    with Log(tmp_path / "log.jsonl", "here") as log:
        assert len(log.history(other)) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_a_full_disk_is_said_and_the_search_goes_on(tmp_path):
    with Log(tmp_path / "log.jsonl", "here") as log:
        log.file.close()
        log.file = open("/dev/full", "ab", buffering=0)  # noqa: SIM115
        log.add(TASK, (1, 1), Outcome(1.0), 0, 0, 1)
        log.add(TASK, (1, 2), Outcome(2.0), 1, 0, 1)
        assert "No space left on device (errno 28)" in log.trouble
        assert len(log.history(TASK)) == 2  # of this run, in memory


class Pretend:
    """A pool that measures here, and counts."""

    host = "here"

    def __init__(self):
        self.asked = []

    def measure(self, task, configs):
        for i, config in enumerate(configs):
            self.asked.append(config)
            yield i, Outcome(float((config[0] - 5) ** 2 + (config[1] - 3) ** 2 + 1))


def search(path, pool, trials=40, seed=0):
    with Log(path, "here", clock=lambda: 0.0) as log:  # a stopped clock: the same search writes the same bytes
        return tune(SPACE, Measured(TASK, pool, log), "genetic", trials, seed, history=log.history(TASK))


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 20, 39, 40])
def test_after_any_number_of_trials_a_search_goes_on_to_the_same_end(kept, tmp_path):
    whole = search(tmp_path / "whole.jsonl", Pretend())
    lines = (tmp_path / "whole.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "cut.jsonl").write_bytes(b"".join(lines[:kept]))
    pool = Pretend()
    assert search(tmp_path / "cut.jsonl", pool) == whole
    assert len(pool.asked) == 40 - kept  # nothing is measured twice
    assert (tmp_path / "cut.jsonl").read_bytes().splitlines(keepends=True) == lines


def test_another_tuner_may_go_on_and_nothing_is_measured_twice(tmp_path):
    search(tmp_path / "log.jsonl", Pretend(), trials=20)
    lines = (tmp_path / "log.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "log.jsonl").write_bytes(b"".join(lines[:11]))
    with Log(tmp_path / "log.jsonl", "here") as log:
        pool = Pretend()
        tune(SPACE, Measured(TASK, pool, log), "random", 30, 99, history=log.history(TASK))
    with Log(tmp_path / "log.jsonl", "here") as log:
        known = log.history(TASK)["config"]
        assert len(known) == len(set(known)) == 11 + len(pool.asked)


SCRIPT = textwrap.dedent("""
    import sys
    from course_lib.autotune import Limits, Log, Measured, Pool
    from course_lib.search import tune
    from tests.autotune.test_log import SPACE, TASK
    if __name__ == "__main__":
        with Pool(2) as pool, Log(sys.argv[1], "here") as log:
            history = tune(SPACE, Measured(TASK, pool, log), "genetic", 48, 0, history=log.history(TASK))
        print(history.best()[-1], len(history))
""")


def test_killed_in_mid_search_it_resumes_without_loss_or_repetition(tmp_path):
    """kill -9 of the search's process at three moments; benchmarks/tune.py kill does it at twenty."""
    path = tmp_path / "log.jsonl"
    command = [sys.executable, "-c", SCRIPT, str(path)]
    before = 0
    for more in (3, 8, 13):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end:
            count = len(path.read_bytes().splitlines()) if path.exists() else 0
            if count >= before + more:
                break
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = len(path.read_bytes().splitlines())
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with Log(tmp_path / "never killed.jsonl", "here") as log:
        whole = tune(SPACE, Measured(TASK, Pretend(), log), "genetic", 48, 0)
    rows = [json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    configs = [tuple(row["config"]) for row in rows]
    assert len(configs) == len(set(configs)) == 48
    assert set(configs) - {(0, 0)} == set(whole["config"]) - {(0, 0)}
    assert done.stdout.split() == [str(whole.best()[-1]), "48"]
