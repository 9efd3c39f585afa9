"""A large class on several machines: dask.distributed workers grade as `course grade` does, each with a sandbox of its own.

    dask scheduler                                         on one machine
    dask worker tcp://HOST:8786 --nthreads 1 --nworkers 4  on each, in the course's environment
    course grade --farm tcp://HOST:8786

What travels out is one notebook and the seeds of its student's cases; the course's secret, the ledger and the gradebook stay
here. What comes back is a record. A worker that is lost costs nothing but time: its students are graded again by another.
"""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SOURCE = "Rocklin, 'Dask: parallel computation with blocked algorithms and task scheduling', SciPy 2015; dask.distributed"
LOSSES = 3  # workers that one submission may take with it before it is set aside
PATIENCE = 10  # seconds until a scheduler answers


def grade_there(lab: str, version: str, name: str, data: bytes, student: str, seeds: Mapping[str, int], confined: bool,
                notes: tuple[str, ...]) -> tuple[str, Any, Any]:  # fmt: skip
    """On a worker: ("graded", record, notebook as text) or ("not graded", why, None)."""
    import nbformat

    from .grading import grade_file
    from .run import NoKernel
    from .sandbox import NoSandbox

    here = opened(lab)
    if here.version != version:
        return (
            "not graded",
            f"this worker has another version of {lab} ({here.version}, want {version}): update its copy of the course",
            None,
        )
    with tempfile.TemporaryDirectory(prefix="course-farm-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            record, notebook = grade_file(path, student, here, seeds, confined, notes)
        except (NoKernel, NoSandbox) as error:
            return "not graded", str(error).splitlines()[0], None
    return "graded", record, nbformat.writes(notebook) if notebook is not None else None


LABS: dict[str, Any] = {}


def opened(lab: str) -> Any:
    """A lab, read once a worker."""
    from .grading import Lab

    if lab not in LABS:
        LABS[lab] = Lab.open(lab)
    return LABS[lab]


@contextlib.contextmanager
def workers(address: str, jobs: int, labs: Mapping[str, Any], secret: bytes, confined: bool) -> Iterator[Any]:
    """A function: submissions -> (submission, (record, notebook) or NoKernel), graded by the farm at `address`.

    `local` starts `jobs` workers on this machine. Raises submissions.Refused where no farm answers.
    """
    from .submissions import Refused

    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError:
        raise Refused("--farm: the package distributed is not installed; python3 -m pip install distributed") from None
    import dask

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    settings = {"distributed.scheduler.allowed-failures": LOSSES, "distributed.worker.daemon": False}
    with dask.config.set(settings), contextlib.ExitStack() as stack:
        if address == "local":
            where: Any = stack.enter_context(LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=":0"))
        else:
            where = address
        try:
            client = stack.enter_context(Client(where, timeout=PATIENCE))
        except (OSError, TimeoutError, ValueError) as error:
            raise Refused(f"--farm: no scheduler answers at {address} ({type(error).__name__})") from None
        yield lambda todo: hands(client, todo, labs, secret, confined)


def hands(client: Any, todo: list[Any], labs: Mapping[str, Any], secret: bytes, confined: bool) -> Iterator[tuple[Any, Any]]:
    import nbformat
    from distributed import KilledWorker, as_completed

    from .commands.grade import grade_one
    from .run import NoKernel, seeds_of

    sent = {}
    for submission in todo:
        if submission.path is None or submission.refused:
            yield submission, grade_one(submission, labs[submission.lab], secret, confined)
            continue
        lab = labs[submission.lab]
        words = (submission.lab, lab.version, submission.path.name, submission.path.read_bytes(), submission.student,
                 seeds_of(secret, submission.student, lab.exercises), confined, submission.notes)  # fmt: skip
        future = client.submit(grade_there, *words, pure=False)
        sent[future.key] = (submission, future)
    for future in as_completed([future for _, future in sent.values()]):
        submission, _ = sent.pop(future.key)
        try:
            said, what, notebook = future.result()
        except KilledWorker:
            said, what = "not graded", f"{LOSSES + 1} workers were lost while they graded it"
        if said == "graded":
            yield submission, (json.loads(json.dumps(what)), nbformat.reads(notebook, 4) if notebook else None)
        else:
            yield submission, NoKernel(what)
