"""Plain data and arrays over a unix socket: how a graded notebook answers a grader that trusts nothing it says.

A frame is `CLW1`, the length of a JSON header, the header, then the arrays it speaks of as .npy, each with its length. No
pickle, no object, no code travels; sizes, depth and number of things are limited before anything is allocated.

Inside the sandbox `check` connects, names its exercise, and runs the calls it is sent. Outside, `Caller` is the `call` that
`judge` needs. The environment variable COURSE_GRADER_SOCKET names the socket; where it is not set nobody is grading.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

VARIABLE = "COURSE_GRADER_SOCKET"
MAGIC = b"CLW1"
DEPTH = 20


class WireError(ValueError):
    """The bytes are not what the protocol says, or more than is allowed."""


@dataclass(frozen=True)
class Limits:
    """How much one frame may hold."""

    header: int = 4 << 20  # bytes of JSON
    arrays: int = 256 << 20  # bytes of all arrays together
    count: int = 20_000  # arrays


LIMITS = Limits()


# Values ------------------------------------------------------------------------------------------------------------------


def pack(value: Any, limits: Limits = LIMITS) -> bytes:
    """A value as one frame. What is no plain data becomes its description (`Foreign`)."""
    arrays: list[bytes] = []
    room = limits.arrays
    from .exercises.exercise import Foreign, Made, kind, plain

    def put(item: Any, depth: int) -> Any:
        nonlocal room
        if depth > DEPTH:
            raise WireError(f"the value is nested more than {DEPTH} deep")
        item = plain(item)
        if item is None or isinstance(item, bool | str):
            return item if item is None or isinstance(item, bool) else str(item)
        if isinstance(item, np.ndarray | np.generic):
            array = np.asarray(item)
            room -= array.nbytes
            if room < 0:
                raise WireError(f"the answer is larger than {limits.arrays >> 20} MB")
            file = io.BytesIO()
            np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
            arrays.append(file.getvalue())
            if len(arrays) > limits.count:
                raise WireError(f"the answer holds more than {limits.count:,} arrays")
            return {"array": len(arrays) - 1, "scalar": isinstance(item, np.generic)}
        if isinstance(item, int):
            return int(item)
        if isinstance(item, float):
            return float(item)
        if isinstance(item, complex):
            return put(np.complex128(item), depth)
        if isinstance(item, list):
            return [put(i, depth + 1) for i in item]
        if isinstance(item, tuple):
            return {"tuple": [put(i, depth + 1) for i in item]}
        if isinstance(item, Mapping):
            return {"dict": [[put(k, depth + 1), put(v, depth + 1)] for k, v in item.items()]}
        if isinstance(item, Foreign):
            return {"foreign": item.description[:200]}
        return {"foreign": kind(item)[:200]}

    def top(item: Any, depth: int = 0) -> Any:
        # Made objects travel outwards only (grader -> sandbox), inside a case's arguments
        if depth > DEPTH:
            raise WireError(f"the value is nested more than {DEPTH} deep")
        if isinstance(item, Made):
            return {"made": item.maker, "params": top(dict(item.params), depth + 1)}
        if isinstance(item, list):
            return [top(i, depth + 1) for i in item]
        if isinstance(item, tuple):
            return {"tuple": [top(i, depth + 1) for i in item]}
        if isinstance(item, Mapping):
            return {"dict": [[put(k, depth + 1), top(v, depth + 1)] for k, v in item.items()]}
        return put(item, depth)

    header = json.dumps(top(value), ensure_ascii=True).encode()
    if len(header) > limits.header:
        raise WireError(f"the answer's text is longer than {limits.header >> 20} MB")
    parts = [MAGIC, struct.pack(">II", len(header), len(arrays)), header]
    for blob in arrays:
        parts += [struct.pack(">Q", len(blob)), blob]
    return b"".join(parts)


def unpack(read: Callable[[int], bytes], limits: Limits = LIMITS) -> Any:
    """One frame from `read(n) -> exactly n bytes` as the value it holds. Raises WireError for anything else."""
    head = read(12)
    if head[:4] != MAGIC:
        raise WireError("not a frame of this protocol")
    size, count = struct.unpack(">II", head[4:])
    if size > limits.header or count > limits.count:
        raise WireError(f"a frame of {size:,} bytes of text and {count:,} arrays is more than is allowed")
    text = read(size)
    room, arrays = limits.arrays + 256 * count, []
    for _ in range(count):
        (length,) = struct.unpack(">Q", read(8))
        room -= length
        if room < 0:
            raise WireError(f"the arrays are larger than {limits.arrays >> 20} MB")
        arrays.append(array_of(read(length)))
    try:
        return build(json.loads(text), arrays, 0)
    except WireError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, OverflowError) as error:
        raise WireError(f"a frame that says nothing sensible ({type(error).__name__})") from None


@lru_cache(1024)
def header_of(head: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """The shape, order and dtype that a .npy file begins with: few in an exercise, dear to parse. WireError where not of numbers."""
    file = io.BytesIO(head)
    try:
        if np.lib.format.read_magic(file) != (1, 0):
            raise WireError("an array in another format than .npy 1.0")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=10_000)
    except WireError:
        raise
    except Exception as error:
        raise WireError(f"an array whose header cannot be read ({type(error).__name__})") from None
    if dtype.kind not in "biufc" or dtype.itemsize > 32 or dtype.subdtype is not None:
        raise WireError(f"an array of dtype {str(dtype)[:40]}, want numbers")
    if len(shape) > 16 or any(not isinstance(n, int) or n < 0 or n > 1 << 40 for n in shape):
        raise WireError("an array of an impossible shape")
    return shape, fortran, dtype


def array_of(blob: bytes) -> np.ndarray:
    """The .npy bytes as an array of numbers; the header must account for every byte, so nothing is allocated on its word."""
    start = 10 + int.from_bytes(blob[8:10], "little")
    shape, fortran, dtype = header_of(blob[:start])
    if prod(shape) * dtype.itemsize != len(blob) - start:
        raise WireError("an array whose shape and size disagree")
    flat = np.frombuffer(blob, dtype=dtype, offset=start) if prod(shape) else np.empty(0, dtype)
    return flat.reshape(shape, order="F" if fortran else "C").copy(order="K")


def build(item: Any, arrays: list[np.ndarray], depth: int) -> Any:
    from .exercises.exercise import Foreign, Made

    if depth > DEPTH + 2:
        raise WireError("a value nested too deep")
    if item is None or isinstance(item, bool | int | float | str):
        return item
    if isinstance(item, list):
        return [build(i, arrays, depth + 1) for i in item]
    match item:
        case {"array": int(index), "scalar": bool(scalar)} if 0 <= index < len(arrays):
            return arrays[index][()] if scalar and arrays[index].ndim == 0 else arrays[index]
        case {"tuple": list(items)}:
            return tuple(build(i, arrays, depth + 1) for i in items)
        case {"dict": list(pairs)}:
            return {build(k, arrays, depth + 1): build(v, arrays, depth + 1) for k, v in pairs}
        case {"foreign": str(description)}:
            return Foreign(description)
        case {"made": str(maker), "params": params}:
            return Made(maker, build(params, arrays, depth + 1))
    raise WireError("a frame that says nothing sensible")


def sound_tape(data: Any) -> Any:
    """What came as a tape, if it has the form of one; it is not believed, it is run (`recorded.tape`). WireError otherwise."""
    if data is None:
        return None
    want = {"rows": np.ndarray, "constants": list, "births": np.ndarray, "labels": list, "made": list}
    if not isinstance(data, dict) or any(not isinstance(data.get(key), kind) for key, kind in want.items()) or "output" not in data:
        raise WireError("a tape that cannot be read")
    return data


# The grader's side -------------------------------------------------------------------------------------------------------


TICK = 0.2  # seconds between two looks at the clock


class Channel:
    """One connection: frames out, frames in, with a deadline for each. `clock` says whose seconds they are."""

    def __init__(self, connection: socket.socket, limits: Limits = LIMITS, clock: Callable[[], float] = time.monotonic) -> None:
        self.connection, self.limits, self.clock = connection, limits, clock
        self.ahead = bytearray()  # what came with the bytes that were asked for: a turn costs more than they do

    def send(self, value: Any, seconds: float | None = None) -> None:
        """Raises TimeoutError where the other side does not take it in time."""
        frame = memoryview(pack(value, self.limits))
        for _ in self.until(seconds):
            with contextlib.suppress(TimeoutError):
                frame = frame[self.connection.send(frame) :]
            if not frame:
                return

    def receive(self, seconds: float | None = None) -> Any:
        """The next value. Raises TimeoutError, WireError, or ConnectionError where the other side is gone."""
        turns = self.until(seconds)

        def read(size: int) -> bytes:
            while len(self.ahead) < size:
                next(turns)
                with contextlib.suppress(TimeoutError):
                    piece = self.connection.recv(1 << 20)
                    if not piece:
                        raise ConnectionError("the other side has gone")
                    self.ahead += piece
            out = bytes(self.ahead[:size])
            del self.ahead[:size]
            return out

        return unpack(read, self.limits)

    def until(self, seconds: float | None) -> Iterator[None]:
        """Turns, each with the socket set to wait a tick at most, until the seconds are used up: then TimeoutError."""
        left, end = seconds, None if seconds is None else self.clock() + seconds
        while left is None or left > 0:
            self.connection.settimeout(None if left is None else min(left, TICK))
            yield
            left = None if end is None else end - self.clock()
        raise TimeoutError


class Caller:
    """The `call` of `judge`, over a channel: sends a case, waits so many seconds for the answer, `total` for all of them.

    A call that is late, breaks off or answers nonsense ends the conversation; every later call gives the same answer.
    """

    def __init__(self, channel: Channel, seconds: float, total: float = float("inf")) -> None:
        self.channel, self.seconds, self.total = channel, seconds, total
        self.over: Any = None
        self.spent = 0.0  # by the calls; what is done with the answers out here is nobody's time

    def __call__(self, case: Any, recorded: bool) -> Any:
        from .exercises.exercise import Answer

        if self.over is not None:
            return self.over
        left = self.total - self.spent
        seconds, began = max(0.001, min(self.seconds, left)), self.channel.clock()
        try:
            self.channel.send({"call": (case.args, dict(case.kwargs)), "recorded": recorded}, seconds)
            return self.answer(self.channel.receive(seconds))
        except TimeoutError:
            said = f"the function did not come to an end within {self.seconds:g} s"
            if left < self.seconds:
                said = f"the calls of this function took more than {self.total:g} s together"
            self.over = Answer(state="timeout", message=said)
        except WireError as error:
            self.over = Answer(state="crashed", message=f"the answer could not be read: {error}")
        except OSError:
            self.over = Answer(state="crashed", message="the kernel stopped while the function ran")
        finally:
            self.spent += self.channel.clock() - began
        return self.over

    @staticmethod
    def answer(said: Any) -> Any:
        from .exercises.exercise import Answer

        if not isinstance(said, dict) or said.get("state") not in ("ok", "crashed"):
            raise WireError("an answer that says nothing sensible")
        message, changed = said.get("message", ""), said.get("changed", ())
        if not isinstance(message, str) or not isinstance(changed, tuple) or not all(isinstance(i, int) for i in changed):
            raise WireError("an answer that says nothing sensible")
        if said["state"] == "crashed":
            return Answer(state="crashed", message=message[:400] or "the function stopped")
        return Answer(said.get("value"), changed=changed, tape=sound_tape(said.get("tape")))


# The notebook's side -----------------------------------------------------------------------------------------------------


def graded() -> bool:
    """Is this process graded now?"""
    return bool(os.environ.get(VARIABLE))


class Handed:
    """What `check` shows while it is graded: nothing but that the work has been taken."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"{self.name}: handed in"

    __repr__ = __str__


class Silence(io.TextIOBase):
    """Swallows what a function prints while it is called: printing neither costs points nor floods the grader."""

    def write(self, text: str) -> int:
        return len(text)


def connect() -> Channel:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(os.environ[VARIABLE])
    return Channel(connection)


def serve_check(name: str, fn: Callable[..., Any]) -> Handed:
    """Run the grader's calls of `fn` until it has heard enough."""
    from .exercises.exercise import call_here
    from .exercises.makers import made

    channel = connect()
    with contextlib.closing(channel.connection):
        channel.send({"check": str(name)})
        while True:
            asked = channel.receive()
            if "call" not in asked:
                return Handed(name)
            args, kwargs = made(asked["call"])
            with contextlib.redirect_stdout(Silence()), contextlib.redirect_stderr(Silence()):
                answer = call_here(fn, args, kwargs, asked["recorded"], on_tape=True)
            said = {"state": answer.state, "message": answer.message, "changed": answer.changed, "value": answer.value}
            try:
                frame = pack(said | {"tape": answer.tape}, channel.limits)
            except WireError as error:
                frame = pack({"state": "crashed", "message": str(error), "changed": ()})
            except Exception as error:  # whatever an odd answer does when it is looked at
                frame = pack({"state": "crashed", "message": f"the answer cannot be sent ({type(error).__name__})", "changed": ()})
            channel.connection.settimeout(None)
            channel.connection.sendall(frame)


def serve_prediction(name: str, value: Any) -> None:
    """Tell the grader a guess; it is written down, not judged."""
    with contextlib.suppress(OSError, WireError):
        channel = connect()
        with contextlib.closing(channel.connection):
            channel.send({"predict": str(name), "value": value}, 5)
