"""One submission: its notebook runs in the sandbox, and each exercise is judged out here, call by call.

A cell that raises does not stop the notebook. A cell that does not end is interrupted; a kernel that stops is started
again without the cell that stopped it; a deadline ends it all. What has been judged stays judged. All limits are seconds
of the student's own (`watch`): a busy machine makes nobody late.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
import hmac
import itertools
import queue
import socket
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from course_lib import wire
from course_lib.exercises.exercise import BrokenExercise, Part, Verdict, fair, judge

from .manifest import Manifest
from .needed import needed
from .rebuild import defined, tests_of
from .sandbox import Box, Room, memory_of, tree
from .watch import Watch

DEATHS = 3  # times a kernel is started again for one submission
READY = 180  # seconds in which a kernel must have started, on however busy a machine
JUDGED = 60  # seconds in which the desk must have come to the end of a conversation whose other side is gone
WATCH = 0.25  # seconds between two looks at the memory of all its processes


def seed_of(secret: bytes, student: str, exercise: str, number: int = 0) -> int:
    """A seed of a student's cases: nobody without the secret can know it, everyone with it can repeat the verdict."""
    text = f"{student}|{exercise}" + (f"|{number}" if number else "")
    return int.from_bytes(hmac.new(secret, text.encode(), hashlib.sha256).digest()[:8], "big")


def seeds_of(secret: bytes, student: str, exercises: Mapping[str, Any]) -> dict[str, int]:
    """The seed of each exercise's cases: the student's own, and of the same cost as everybody's. Raises Stopped after Ctrl-C."""
    seeds = {}
    for name, one in exercises.items():
        if STOP.is_set():
            raise Stopped
        seeds[name] = fair(one, (seed_of(secret, student, name, i) for i in itertools.count()))
    return seeds


@dataclass
class Outcome:
    """What running one submission came to."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    predictions: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    notebook: Any = None  # with outputs
    fallen: dict[str, tuple[Any, str]] = field(default_factory=dict)  # function -> why its cell did not define it
    seconds: float = 0.0


class Desk:
    """The trusted side of the socket: serves the exercise whose test cell runs now, once."""

    def __init__(
        self, path: Path, exercises: Mapping[str, Any], seeds: Mapping[str, int], manifest: Manifest, outcome: Outcome, told: Any = None
    ) -> None:
        self.told = told
        self.exercises, self.seeds, self.limits, self.outcome = exercises, seeds, manifest.limits, outcome
        self.expected = ""
        self.clock: Any = time.monotonic  # the kernel's own seconds, once there is one
        self.spent = 0.0  # of them, by the cells and calls of this notebook
        self.settled = threading.Event()  # no verdict is being formed
        self.settled.set()
        self.late = threading.Event()  # a call took too long: the kernel must be interrupted
        self.broken: BrokenExercise | None = None
        self.closed = False
        self.idle = threading.Event()
        self.idle.set()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(4)
        self.connection: socket.socket | None = None
        self.thread = threading.Thread(target=self.serve, name="grader's desk", daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.closed = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.hang_up()
        self.thread.join(5)

    def settle(self) -> None:
        """Let what was said in a cell come to its end. A line that is held open for nothing is paid by who holds it."""
        self.settled.wait(JUDGED)
        began = time.monotonic()
        self.idle.wait(5)
        self.spent += time.monotonic() - began

    def hang_up(self) -> None:
        """End the conversation at hand: the kernel it was held with is gone."""
        if (connection := self.connection) is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        while not self.closed:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connection = connection
            self.idle.clear()
            try:
                self.attend(wire.Channel(connection, clock=self.clock))
            except (OSError, wire.WireError, TimeoutError):
                pass  # nonsense, or a caller that went away: the exercise stays as it was
            finally:
                self.connection = None
                connection.close()
                self.idle.set()

    def attend(self, channel: wire.Channel) -> None:
        said = channel.receive(5)
        if not isinstance(said, dict):
            return
        if isinstance(name := said.get("predict"), str):
            if len(self.outcome.predictions) < 100 and isinstance(said.get("value"), bool | int | float | str | None):
                self.outcome.predictions.setdefault(
                    name[:200], said.get("value") if not isinstance(said.get("value"), str) else said["value"][:500]
                )
            return
        name = said.get("check")
        if not isinstance(name, str) or name != self.expected or name in self.outcome.verdicts:
            channel.send({"done": "only the test cell's own exercise is judged, once"}, 5)
            return
        caller = wire.Caller(channel, self.limits.call_seconds, self.limits.exercise_seconds)
        self.settled.clear()
        try:
            self.outcome.verdicts.setdefault(name, judge(self.exercises[name], self.heard(name, caller), self.seeds[name]))
        except BrokenExercise as error:
            self.broken = error
            self.late.set()
            return
        finally:
            self.spent += caller.spent
            self.settled.set()
        if caller.over is not None and caller.over.state == "timeout":
            self.late.set()
            return
        channel.send({"done": ""}, 5)

    def heard(self, name: str, call: Any) -> Any:
        """The same calls, each of them told to whoever listens."""
        if self.told is None:
            return call

        def calling(case: Any, recorded: bool) -> Any:
            answer = call(case, recorded)
            self.told(self.exercises[name], case, recorded, answer)
            return answer

        return calling


class Died(RuntimeError):
    """The kernel is gone."""


class Stopped(RuntimeError):
    """The instructor stopped the grader; nothing is said of this submission."""


STOP = threading.Event()  # set by Ctrl-C: whatever runs ends now


class NoKernel(RuntimeError):
    """The sandbox did not start a kernel: nobody's fault but the grader's, so nobody's points."""


class Kernel:
    """A kernel in the room: started, given cells, interrupted, ended."""

    def __init__(self, room: Room, limits: Any) -> None:
        self.room, self.limits = room, limits
        self.manager = room.manager()
        self.client: Any = None
        self.pid = 0

    async def start(self, packages: Sequence[str]) -> None:
        await self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        ready = asyncio.ensure_future(self.client.wait_for_ready(timeout=READY))
        while not ready.done():
            await asyncio.wait([ready], timeout=0.1)
            if STOP.is_set():
                ready.cancel()
                raise Stopped
        try:
            ready.result()
        except RuntimeError as error:
            raise Died(str(error)) from None
        self.pid = tree(self.manager.provisioner.process.pid)[-1]  # the box's first processes wait for it
        # imported before anything is timed, so that no student's first call pays for it; and `exit()` in a cell would ask
        # the kernel to end a moment later, in the middle of another cell
        lines = ["type(get_ipython()).ask_exit = lambda self: None", "import course_lib.wire, course_lib.exercises.makers"]
        lines += ["import course_lib.recorded", *(f"import {p}" for p in packages if p in ("torch", "numba"))]
        await self.run("\n".join(f"try:\n    {line}\nexcept Exception: pass" for line in lines), 60)

    def too_much(self) -> bool:
        """Do the kernel and all processes that it started hold more memory than one may? The kernel's own limit is the system's."""
        process = getattr(self.manager.provisioner, "process", None)
        return process is not None and memory_of(process.pid) > self.limits.memory_mb << 20

    async def run(self, source: str, seconds: float, desk: Desk | None = None) -> tuple[list[Any], str]:
        """Run one cell for so many seconds of its own -> (outputs, "" or "timeout"). Raises Died where the kernel stops.

        While the desk judges, the cell waits and pays for its calls alone.
        """
        watch = Watch(self.pid)
        try:
            return await self.watched(watch, source, seconds, desk)
        finally:
            if desk is not None:
                desk.spent += watch.own

    async def watched(self, watch: Watch, source: str, seconds: float, desk: Desk | None) -> tuple[list[Any], str]:
        message = self.client.execute(source, allow_stdin=False, stop_on_error=False, store_history=False)
        interrupted, state = None, ""
        outputs, room, looked = [], self.limits.output_kb << 10, time.monotonic()
        while True:
            if STOP.is_set():
                await self.end()
                raise Stopped
            if time.monotonic() > looked + WATCH:
                if self.too_much():
                    await self.end()
                    raise Died("memory")
                looked = time.monotonic()
            try:
                answer = await self.client.get_iopub_msg(timeout=0.1)
            except (TimeoutError, queue.Empty):
                if not await self.manager.is_alive():
                    raise Died("the kernel stopped") from None
                answer = None
            mine = answer is not None and answer["parent_header"].get("msg_id") == message
            kind, content = (answer["header"]["msg_type"], answer["content"]) if mine else ("", {})
            if kind == "status" and content["execution_state"] == "idle":
                return outputs, state  # whatever the time: it has ended
            own = watch.look(counts=desk is None or desk.settled.is_set())
            if interrupted is None and (own > seconds or (desk is not None and desk.late.is_set())):
                state, interrupted = "timeout", own
                if desk is not None:
                    desk.late.clear()
                await self.manager.interrupt_kernel()
            elif interrupted is not None and own > interrupted + 3:
                await self.end()
                raise Died("timeout")
            if kind in ("stream", "display_data", "execute_result", "error") and room > 0:
                output = nbformat.v4.output_from_msg(answer)
                room -= len(str(output))
                if room <= 0:
                    output = nbformat.v4.new_output(
                        "stream", name="stderr", text=f"... the output of this cell was cut at {self.limits.output_kb} kB\n"
                    )
                add_output(outputs, output)

    async def end(self) -> None:
        with contextlib.suppress(Exception):
            if self.client is not None:
                self.client.stop_channels()
        with contextlib.suppress(Exception):
            await self.manager.shutdown_kernel(now=True)


def add_output(outputs: list[Any], output: Any) -> None:
    """Streams of one name that follow each other are one output, as in a notebook."""
    if outputs and output.output_type == "stream" and outputs[-1].output_type == "stream" and outputs[-1].name == output.name:
        outputs[-1].text += output.text
    else:
        outputs.append(output)


def run(
    notebook: Any, manifest: Manifest, exercises: Mapping[str, Any], seeds: Mapping[str, int],
    files: Path | None = None, confined: bool = True, unchanged: Collection[int] = (), told: Any = None,
) -> Outcome:  # fmt: skip
    """Run a rebuilt notebook and judge its exercises -> Outcome. Raises BrokenExercise where an exercise itself fails.

    `unchanged` are the cells that are as they were handed out: of them only those run that the others need.
    """
    began = time.perf_counter()
    outcome = Outcome(notebook=copy.deepcopy(notebook))
    tests = tests_of(notebook.cells, manifest.exercises)
    todo = needed(notebook.cells, set(range(len(notebook.cells))) - set(unchanged) | set(tests))

    def group(number: int, packages: tuple[str, ...], names: list[str]) -> None:
        box = Box(
            packages=packages, shown=manifest.shown, memory_mb=manifest.limits.memory_mb, file_mb=manifest.limits.file_mb,
            processes=manifest.limits.processes, confined=confined,
        )  # fmt: skip
        mine = {i: name for i, name in tests.items() if name in names}
        with box.open(files) as room:
            desk = Desk(room.socket, exercises, seeds, manifest, outcome, told)
            try:
                asyncio.run(run_group(room, desk, outcome, manifest, tests, mine, todo, packages, keep=number == 0))
            finally:
                desk.close()
        if desk.broken is not None:
            raise desk.broken

    groups = manifest.groups()
    with ThreadPoolExecutor(len(groups)) as pool:  # each in its own kernel; they share nothing but the verdicts' dict
        futures = [pool.submit(group, number, *one) for number, one in enumerate(groups)]
        try:
            for future in futures:
                future.result()
        except KeyboardInterrupt:
            STOP.set()  # before the pool waits for what runs
            raise
    outcome.notes = sorted(set(outcome.notes))
    for name in manifest.exercises:
        if name not in outcome.verdicts:
            said = "this notebook has no test cell for it" if name not in tests.values() else "its check never reached the grader"
            outcome.verdicts[name] = unreached(exercises[name], "missing", said)
    outcome.seconds = time.perf_counter() - began
    return outcome


def unreached(exercise: Any, state: Any, said: str, hint: str = "") -> Verdict:
    """The verdict on an exercise whose test cell came to nothing."""
    parts = tuple(Part(name, False, said) for name in ("values", *(c.name for c in exercise.counts)))
    return Verdict(exercise.name, state, parts, said, hint=hint, slide=exercise.slide)


async def run_group(
    room: Room, desk: Desk, outcome: Outcome, manifest: Manifest, tests: Mapping[int, str], mine: Mapping[int, str],
    todo: Collection[int], packages: Sequence[str], keep: bool,
) -> None:  # fmt: skip
    """Run the notebook's cells in one kernel, in another where it stops; judge the exercises in `mine`."""
    left_out, limit = set(range(len(outcome.notebook.cells))) - set(todo), manifest.limits.notebook_seconds
    for _ in range(DEATHS + 1):
        kernel = Kernel(room, manifest.limits)
        try:
            try:
                await kernel.start(packages)
            except Died as error:
                log = (room.folder / "kernel.log").read_text(errors="replace").strip().splitlines()
                raise NoKernel(f"the sandbox's kernel did not start: {log[-1] if log else error}") from None
            desk.clock = Watch(kernel.pid).look
            died_in, why = await run_cells(kernel, desk, outcome, manifest, tests, mine, left_out, keep)
        finally:
            await kernel.end()
        if desk.broken is not None or died_in is None:
            return
        left_out.add(died_in)
        for lost in meant(outcome.notebook.cells[died_in]):
            outcome.fallen[lost] = {
                "": ("crashed", "its cell stops the kernel"),
                "too much memory": ("crashed", f"its cell uses more than {manifest.limits.memory_mb:,} MB of memory"),
            }.get(why, ("timeout", "its cell does not come to an end"))
        outcome.notes.append(f"the kernel stopped in cell {died_in + 1}{' (' + why + ')' if why else ''}; the rest was run without it")
        if desk.spent >= limit or all(name in outcome.verdicts for name in mine.values()):
            break
    for name in mine.values():
        if name not in outcome.verdicts and desk.spent >= limit:
            outcome.verdicts[name] = unreached(
                desk.exercises[name], "timeout", f"the notebook's time of {limit:g} s was used up before this exercise"
            )
        elif name not in outcome.verdicts:
            outcome.verdicts[name] = unreached(desk.exercises[name], "crashed", "the kernel stopped before this exercise was reached")


async def run_cells(
    kernel: Kernel, desk: Desk, outcome: Outcome, manifest: Manifest, tests: Mapping[int, str], mine: Mapping[int, str],
    left_out: set[int], keep: bool,
) -> tuple[int | None, str]:  # fmt: skip
    """-> (number of the cell in which the kernel stopped or None, why)."""
    for index, cell in enumerate(outcome.notebook.cells):
        if cell["cell_type"] != "code" or not cell["source"].strip() or index in left_out or skipped(cell, manifest):
            continue
        if index in tests and (index not in mine or mine[index] in outcome.verdicts):
            continue
        if all(name in outcome.verdicts for name in mine.values()) and not keep:
            return None, ""
        left = manifest.limits.notebook_seconds - desk.spent
        if left <= 0:
            return index, "the notebook's time was used up"
        name = mine.get(index, "")
        desk.expected = name
        # a test cell brings its own `check`: an import cell that failed must not cost the points of what it did not break
        source = f"from course_lib.check import check\n{cell['source']}" if name else cell["source"]
        seconds = manifest.limits.exercise_seconds + 10 if name else manifest.limits.cell_seconds
        try:
            outputs, state = await kernel.run(source, min(seconds, left), desk)
        except Died as error:
            desk.hang_up()
            desk.settled.wait(JUDGED)
            late, full = str(error) == "timeout", str(error) == "memory"
            if name and full:  # the desk has noted a conversation that broke off; this is why it did
                outcome.verdicts.pop(name, None)
            if name and name not in outcome.verdicts:
                said = "the function did not come to an end" if late else "the kernel stopped while this exercise ran"
                said = f"its processes together used more than {manifest.limits.memory_mb:,} MB" if full else said
                outcome.verdicts[name] = unreached(desk.exercises[name], "timeout" if late else "crashed", said)
            return index, "it did not end and could not be interrupted" if late else "too much memory" if full else ""
        desk.settle()
        desk.late.clear()
        if desk.broken is not None:
            return None, ""
        if keep or name:
            cell["outputs"] = outputs
        if not name:
            note_fall(outcome, index, cell, outputs, state, min(seconds, left))
        elif name not in outcome.verdicts:
            outcome.verdicts[name] = verdict_from_outputs(desk.exercises[name], outputs, state, outcome.fallen)
    desk.expected = ""
    return None, ""


def note_fall(outcome: Outcome, index: int, cell: Any, outputs: Sequence[Any], state: str, seconds: float) -> None:
    """Keep why a cell came to nothing, for the words said of the functions it was to define."""
    why: tuple[Any, str] | None = None
    if state == "timeout":
        why = ("timeout", f"its cell was stopped after {seconds:.0f} s")
        note = f"cell {index + 1} was stopped after {seconds:.0f} s"
        if note not in outcome.notes:
            outcome.notes.append(note)
    elif errors := [o for o in outputs if o.output_type == "error"]:
        why = ("crashed", f"its cell stops with {errors[0].ename}: {' '.join(errors[0].evalue.split())[:200]}")
    for name in meant(cell):
        if why:
            outcome.fallen[name] = why


def meant(cell: Any) -> set[str]:
    """The functions that a cell defines, or was to define by the name of its blank."""
    return {*defined(cell["source"]), str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))}


def skipped(cell: Any, manifest: Manifest) -> bool:
    names = {cell.get("id"), cell["metadata"].get("nbgrader", {}).get("grade_id"), *cell["metadata"].get("tags", ())}
    return "not-graded" in names or any(name in manifest.skip for name in names)


def verdict_from_outputs(exercise: Any, outputs: Sequence[Any], state: str, fallen: Mapping[str, tuple[Any, str]]) -> Verdict:
    """The test cell ran and nothing was judged: why."""
    if state == "timeout":
        return unreached(exercise, "timeout", "the function did not come to an end")
    for output in outputs:
        if output.output_type == "error" and output.ename == "NameError" and f"'{exercise.name}'" in output.evalue:
            return unreached(
                exercise, *fallen.get(exercise.name, ("missing", f"`{exercise.name}` is not defined anywhere in the notebook"))
            )
        if output.output_type == "error":
            return unreached(exercise, "crashed", f"the check stopped: {output.ename}: {' '.join(output.evalue.split())[:200]}")
    return unreached(exercise, "missing", "its check never reached the grader: was `check` replaced?")
