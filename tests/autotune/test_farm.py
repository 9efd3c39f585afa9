"""Trials on a cluster of processes here: the same outcomes, and workers that are killed lose none. In a process of its own: dask warns."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = textwrap.dedent("""
    import json, os, signal, sys, threading, time
    from course_lib.autotune import Log, Measured, Task
    from course_lib.autotune.farm import Farm
    from course_lib.search import tune
    from course_lib.shapes import GemmShape
    from tests.autotune.test_log import SPACE, TASK, Pretend

    if __name__ == "__main__":
        with Farm("local", workers=2) as farm, Log(sys.argv[1], farm.host) as log:
            killed, over = [], threading.Event()

            def murder():  # the cluster knows its children's numbers: a worker that is dying is not asked
                while len(killed) < 2 and not over.wait(0.1):
                    for pid in [nanny.pid for nanny in farm.cluster.workers.values()]:
                        if pid and pid not in killed:
                            os.kill(pid, signal.SIGKILL)
                            killed.append(pid)
                            break

            thread = threading.Thread(target=murder)
            measure = Measured(TASK, farm, log, done=lambda outcome: thread.start() if not thread.ident else None)
            history = tune(SPACE, measure, "genetic", 64, 0, history=log.history(TASK))
            over.set()
            thread.join()
            known = len(log.known(TASK))
        print(json.dumps({"killed": len(set(killed)), "trials": len(history), "known": known, "best": history.best()[-1],
                          "configs": history["config"], "notes": [n for n in history["note"] if n]}))
""")


@pytest.mark.slow
def test_killed_workers_lose_no_trial(tmp_path):
    pytest.importorskip("distributed")
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path / "log.jsonl")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["killed"] >= 1
    assert said["trials"] == said["known"] == 64 == len({tuple(c) for c in said["configs"]})
    assert said["best"] == 1.0  # the bottom of the bowl is among all 64
    assert said["notes"] in ([], ["failed: the process ended with code 1 while compiling"])  # (0, 0) ends its own child


def test_without_dask_it_is_a_sentence(monkeypatch):
    from course_lib.autotune.farm import Farm

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r'pip install "efficient-dnn-course\[farm\]"'):
        Farm()
