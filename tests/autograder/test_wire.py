"""Plain data arrives as it was sent; hostile bytes end in a WireError and in nothing else."""

from __future__ import annotations

import io
import json
import pickle
import socket
import struct
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import wire
from course_lib.exercises.exercise import Case, Foreign, Made
from course_lib.recorded import taped
from course_lib.recorded.tape import follow

numbers = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=20))
arrays = hnp.arrays(
    dtype=st.sampled_from(["f4", "f8", "i8", "u1", "?", ">f8", "c16"]),
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
values = st.recursive(
    numbers | arrays,
    lambda v: st.lists(v, max_size=3) | st.tuples(v, v) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=8,
)


def there_and_back(value: Any, limits: wire.Limits = wire.LIMITS) -> Any:
    return wire.unpack(io.BytesIO(wire.pack(value)).read, limits)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray) and a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
        )
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


@settings(derandomize=True, deadline=None, max_examples=150)
@given(values)
def test_plain_data_arrives_as_it_was_sent(value: Any) -> None:
    assert same(value, there_and_back(value))


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "i1", "bool", "c16", "f2"])
def test_an_array_travels_as_numpy_itself_would_write_it(dtype: str) -> None:
    whole = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for array in (whole, whole[:, ::2], whole.T, whole[0, 0, 0], whole[:0], np.asfortranarray(whole)[..., 1]):
        array = np.asarray(array)
        assert npy(array) in wire.pack(array)
        back = wire.array_of(npy(array))
        assert back.dtype == array.dtype and back.shape == array.shape and (back == array).all()


def test_orders_in_memory_and_scalars_survive() -> None:
    for array in (
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(6)[::-1],
        np.broadcast_to(np.float32(2), (2, 2)),
        np.zeros((0, 3)),
    ):
        assert same(np.array(array), np.array(there_and_back(array)))
    assert same(np.float32(1.5), there_and_back(np.float32(1.5)))
    assert there_and_back((Made("torch_module", {"kind": "conv2d", "args": [1, 2, 3]}), 3)) == (
        Made("torch_module", {"kind": "conv2d", "args": [1, 2, 3]}),
        3,
    )


class Lies(list):  # type: ignore[type-arg]
    def __eq__(self, other: object) -> bool:
        return True


@pytest.mark.parametrize(("value", "arrives"), [
    (np.array([1, "a", None], object), Foreign("an array of dtype object")),
    (np.ma.array([1, 2]), Foreign("a masked array")),
    (object(), Foreign("a object")),
    (lambda: 1, Foreign("a function")),
    (Lies([1, 2]), [1, 2]),
])  # fmt: skip
def test_what_is_no_plain_data_arrives_as_its_description(value: Any, arrives: Any) -> None:
    got = there_and_back(value)
    assert type(got) is type(arrives) and arrives == got


def npy(array: np.ndarray, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=pickled)
    return file.getvalue()


def frame(header: bytes, *blobs: bytes) -> bytes:
    return wire.MAGIC + struct.pack(">II", len(header), len(blobs)) + header + b"".join(struct.pack(">Q", len(b)) + b for b in blobs)


class Bomb:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("a pickle was opened",))


def forged(shape: str, descr: str = "'<f8'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + b"\0" * 64


ASK = json.dumps({"array": 0, "scalar": False}).encode()
HOSTILE = {
    "noise": b"x" * 200,
    "another magic": b"CLW2" + b"\0" * 60,
    "a header of 4 GB": wire.MAGIC + struct.pack(">II", 2**32 - 1, 0),
    "4 billion arrays": wire.MAGIC + struct.pack(">II", 2, 2**32 - 1) + b"{}",
    "an array of 2**60 bytes": wire.MAGIC + struct.pack(">II", len(ASK), 1) + ASK + struct.pack(">Q", 2**60),
    "no JSON": frame(b"{not json"),
    "deep JSON": frame(b"[" * 100_000 + b"]" * 100_000),
    "a number of a million digits": frame(b"1" * 1_000_000),
    "an unknown tag": frame(b'{"code": "import os"}'),
    "an index that is not there": frame(b'{"array": 7, "scalar": false}'),
    "a negative index": frame(b'{"array": -1, "scalar": false}', npy(np.ones(3))),
    "a dict with a list as key": frame(b'{"dict": [[[1], 2]]}'),
    "a pickled object": frame(ASK, npy(np.array([Bomb()], object), pickled=True)),
    "a bare pickle": frame(ASK, pickle.dumps(Bomb())),
    "an impossible shape": frame(ASK, forged("(1000000000000,)")),
    "a negative shape": frame(ASK, forged("(-8,)")),
    "a shape of shapes": frame(ASK, forged("((8,),)")),
    "sizes that overflow": frame(ASK, forged("(4294967296, 4294967296, 4294967296)")),
    "structured numbers": frame(ASK, forged("(8,)", "[('a', '<f8')]")),
    "texts": frame(ASK, npy(np.array(["a", "b"]))),
    "dates": frame(ASK, npy(np.array(["2020-01-01"], "M8[D]"))),
    "a header that is code": frame(ASK, forged("__import__('os').system('true')")),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_bytes_are_refused(what: str) -> None:
    data = io.BytesIO(HOSTILE[what])

    def read(size: int) -> bytes:
        out = data.read(size)
        if len(out) < size:
            raise ConnectionError
        return out

    with pytest.raises((wire.WireError, ConnectionError)):
        wire.unpack(read)


def test_an_answer_larger_than_allowed_is_refused_on_both_sides() -> None:
    small = wire.Limits(arrays=1 << 20)
    with pytest.raises(wire.WireError, match="1 MB"):
        wire.pack(np.zeros(1 << 20), small)
    with pytest.raises(wire.WireError, match="1 MB"):
        there_and_back(np.zeros(1 << 20), small)


def test_a_tape_arrives_whole_and_what_has_not_its_form_is_refused() -> None:
    def scaled(a: Any) -> Any:
        out = np.zeros(3)
        for i in range(3):
            out[i] = 2 * a[i]
        return out

    _, tape = taped(scaled, np.arange(3.0))
    again = follow(wire.sound_tape(there_and_back(tape)), (np.ones(3),), {})
    assert again.value.tolist() == [2, 2, 2] and again.trace.loads("A") == 3 and again.trace.stores() == 3
    for nonsense in (7, {"rows": 1}, {**tape, "births": None}, {k: v for k, v in tape.items() if k != "output"}):
        with pytest.raises(wire.WireError):
            wire.sound_tape(nonsense)


def answers_with(said: Any, seconds: float = 0.5) -> Any:
    """What the grader's Caller makes of a client that answers `said` (bytes as they are, None: nothing)."""
    ours, theirs = socket.socketpair()

    def client() -> None:
        wire.Channel(theirs).receive(2)
        if said is not None:
            theirs.sendall(said if isinstance(said, bytes) else wire.pack(said))
        if said == b"":
            theirs.close()

    thread = threading.Thread(target=client)
    thread.start()
    answer = wire.Caller(wire.Channel(ours), seconds)(Case((1,)), False)
    thread.join()
    ours.close()
    theirs.close()
    return answer


@pytest.mark.parametrize(("said", "state", "words"), [
    ({"state": "ok", "value": 3, "changed": ()}, "ok", ""),
    ({"state": "crashed", "message": "ValueError: no"}, "crashed", "ValueError: no"),
    ({"state": "passed", "points": 100}, "crashed", "nothing sensible"),
    ({"state": "ok", "changed": "all"}, "crashed", "nothing sensible"),
    ([1, 2, 3], "crashed", "nothing sensible"),
    (b"GET / HTTP/1.1\r\n\r\n", "crashed", "protocol"),
    (b"", "crashed", "kernel stopped"),
    (None, "timeout", "did not come to an end"),
])  # fmt: skip
def test_the_grader_takes_an_answer_or_says_what_it_got(said: Any, state: str, words: str) -> None:
    answer = answers_with(said)
    assert answer.state == state and words in answer.message
