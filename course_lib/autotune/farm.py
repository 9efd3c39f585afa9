"""Measuring on many machines: a pool with the same face, its children on a dask.distributed cluster.

    with Farm("local", workers=2) as pool: ...           a cluster of processes here
    with Farm("tcp://10.0.0.5:8786") as pool: ...         somebody's cluster; every worker needs the course and `[farm]`

A trial that was on a worker that died is given to another one. The log says which kind of machine measured, and kinds never mix.
`pip install "efficient-dnn-course[farm]"`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..kernels.tuned import fingerprint
from .pool import Limits, Outcome, Worker
from .tasks import Task, task_from

LIVES = 5  # a trial that has taken so many workers with it is a failure of its own

_WORKERS: dict[tuple[Any, ...], Worker] = {}  # in a process of the cluster: the child that builds and times, kept between trials


def trial(text: str, config: Sequence[Any], limits: Limits) -> Outcome:
    """One configuration; runs on the cluster, in a child of the worker there."""
    lock = str(Path(tempfile.gettempdir()) / "course-timing-farm")  # one timing at a time on a machine
    worker = _WORKERS.setdefault((limits, lock), Worker(limits, lock))
    return worker.measure(task_from(text), config)


class Farm:
    """A pool on a cluster: `address` is a scheduler's, or "local". Raises ValueError where dask.distributed is not installed.

    `host` is the kind of machine that measures. Where the workers are of several kinds, those of the first one do it: times of
    different machines cannot be compared.
    """

    def __init__(self, address: str = "local", workers: int = 1, limits: Limits | None = None) -> None:
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            raise ValueError('farm: dask.distributed is not installed; pip install "efficient-dnn-course[farm]"') from None
        self.limits, self.cluster = limits or Limits(), None
        if address == "local":
            self.cluster = LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)
        self.client = Client(self.cluster or address)
        kinds = self.client.run(fingerprint)
        if not kinds:
            raise ValueError(f"farm: the cluster at {address} has no workers")
        self.host = next(iter(kinds.values()))
        self.all_alike = set(kinds.values()) == {self.host}

    def alike(self) -> list[str] | None:
        """The workers of our kind of machine, None where all are."""
        return None if self.all_alike else [worker for worker, host in self.client.run(fingerprint).items() if host == self.host]

    def measure(self, task: Task, configs: Sequence[Sequence[Any]]) -> Iterator[tuple[int, Outcome]]:
        """(number of the configuration, Outcome) as they are done; a killed worker's trials are run again elsewhere."""
        from distributed import as_completed

        def submit(config: Sequence[Any]) -> Any:
            return self.client.submit(trial, task.text, list(config), self.limits, pure=False, retries=LIVES, workers=self.alike())

        futures = {submit(config): i for i, config in enumerate(configs)}
        for future in as_completed(list(futures)):
            try:  # waits once more where the worker that held the result has been killed since: then it is found again
                outcome = future.result()
            except Exception as error:
                outcome = Outcome(None, f"failed: {type(error).__name__} on the cluster")
            yield futures[future], outcome

    def __enter__(self) -> Farm:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self.cluster is not None:
            self.cluster.close()
