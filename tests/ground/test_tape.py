"""A tape makes the very Trace that the recording made, gives the right answer on other numbers, and is believed for nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from course_lib.recorded import record, scalars, taped
from course_lib.recorded.tape import ADDS, COMPARED, OTHER, Astray, BadTape, follow

rng = np.random.default_rng(3)


def conv1d(ia, wt):
    oa = np.zeros(len(ia) - len(wt) + 1)
    for q in range(len(oa)):
        for s in range(len(wt)):
            oa[q] += ia[q + s] * wt[s]
    return oa


def in_registers(a, b):
    M, K, N = a.shape[0], a.shape[1], b.shape[1]
    c = np.empty((M, N), a.dtype)
    for m in range(M):
        for n in range(N):
            acc = 0.0
            for k in range(K):
                acc += a[m, k] * b[k, n]
            c[m, n] = acc
    return c


def rows_at_once(a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for m in range(a.shape[0]):
        for n in range(b.shape[1]):
            c[m, n] = (a[m] * b[:, n]).sum()
    return c


def sparse(values, columns, rows, x):
    y = np.zeros(len(rows) - 1)
    for i in range(len(y)):
        for j in range(rows[i], rows[i + 1]):
            y[i] += values[j] * x[columns[j]]
    return y


def skips_zeros(a, b):
    c = np.zeros(len(a))
    for i in range(len(a)):
        if a[i] != 0:
            c[i] = a[i] * b[i] - 1
    return c


def padded(x):
    y = np.pad(x, 1)
    out = np.empty_like(x)
    for i in range(len(x)):
        out[i] = max(y[i], y[i + 1]) + float(y[i + 2]) / 2
    return out


def in_place(a):
    a *= 3
    a[1:] += a[:-1]
    return a


def scalar_and_list(a):
    total = 0
    for value in a:
        total = total + abs(-value) ** 2
    return total, [a[0], np.exp(a[1])], {"last": a[-1]}


def two_arrays(a):
    left = np.array([a[0], a[1] + a[2]])
    right = np.maximum(a.reshape(3, 1), 0)
    del left
    return right.T.copy(), np.concatenate([a, a * 2])


A = rng.normal(size=(3, 4))
CASES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "a convolution": (conv1d, (rng.normal(size=9), rng.normal(size=3))),
    "a product with its sum in a register": (in_registers, (A, rng.normal(size=(4, 2)))),
    "a product by whole rows": (rows_at_once, (A, np.asfortranarray(rng.normal(size=(4, 2))))),
    "float32": (in_registers, (A.astype(np.float32), rng.normal(size=(4, 5)).astype(np.float32))),
    "a sparse matrix": (sparse, (rng.normal(size=4), np.array([0, 2, 1, 0]), np.array([0, 2, 2, 4]), rng.normal(size=3))),
    "zeros skipped": (skips_zeros, (np.array([0.0, 1.5, 0.0, -2.0]), rng.normal(size=4))),
    "padding, a maximum, a conversion": (padded, (rng.normal(size=5),)),
    "in place": (in_place, (rng.normal(size=4),)),
    "numbers, lists, dicts": (scalar_and_list, (rng.normal(size=4),)),
    "arrays made and dropped": (two_arrays, (rng.normal(size=3),)),
    "whole numbers": (conv1d, (np.arange(7), np.array([1, -2]))),
}


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict):
        return all(equal(one[k], other[k]) for k in one)
    return bool(np.allclose(np.asarray(one, float), np.asarray(other, float), rtol=1e-5, atol=1e-6))


def copies(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(a.copy(order="K") for a in args)


@pytest.mark.parametrize("what", CASES)
def test_the_tape_makes_the_trace_that_the_recording_makes(what: str) -> None:
    function, args = CASES[what]
    value, trace = record(function, *copies(args))
    told, tape = taped(function, *copies(args))
    again = follow(tape, copies(args), {})
    assert equal(value, told) and equal(value, again.value)
    for column in ("tensor", "address", "store", "step"):
        assert np.array_equal(getattr(trace, column), getattr(again.trace, column)), column
    assert (trace.buffers, trace.macs, dict(trace.marks)) == (again.trace.buffers, again.trace.macs, dict(again.trace.marks))


@pytest.mark.parametrize("what", CASES)
def test_on_other_numbers_the_tape_computes_what_the_function_computes(what: str) -> None:
    function, args = CASES[what]
    _, tape = taped(function, *copies(args))
    other = tuple(2 * a if a.dtype.kind == "f" else a for a in args)
    assert equal(function(*copies(other)), follow(tape, copies(other), {}).value)


def test_a_branch_that_would_go_another_way_is_said_and_not_guessed() -> None:
    _, tape = taped(skips_zeros, np.array([0.0, 1.0]), np.ones(2))
    with pytest.raises(Astray):
        follow(tape, (np.array([1.0, 1.0]), np.ones(2)), {})
    _, tape = taped(sparse, np.ones(1), np.array([1]), np.array([0, 1]), np.ones(2))
    with pytest.raises(Astray):
        follow(tape, (np.ones(1), np.array([0]), np.array([0, 1]), np.ones(2)), {})


def test_numbers_taken_out_of_the_recording_are_constants_that_other_inputs_show_up() -> None:
    def library(a, b):
        out = np.zeros(a.shape[0])
        out[:] = np.asarray(a).tolist() if False else [float(x) for x in np.array([1.0, 2.0])]
        return out

    _, tape = taped(library, np.array([1.0, 2.0]), np.ones(2))
    assert equal(follow(tape, (np.array([5.0, 7.0]), np.ones(2)), {}).value, [1.0, 2.0])


@pytest.mark.parametrize("spoil", [
    lambda t: t | {"rows": t["rows"][:, :3]},
    lambda t: t | {"rows": t["rows"] + 1_000_000},
    lambda t: t | {"rows": np.array([[0, 5, 0, 0]])},  # a load from nowhere
    lambda t: t | {"rows": np.array([[8, 2, 5, 6]])},  # a product of numbers that are not there yet
    lambda t: t | {"rows": np.array([[10, 0, -1, -1]]), "constants": [1.0]},  # a sum that claims two products
    lambda t: t | {"made": [("x", (2,), 8, -5)]},
    lambda t: t | {"rows": np.array([[8, 999, -1, -1]]), "constants": [1.0]},
    lambda t: t | {"output": {"number": 10**9}},
    lambda t: {},
])  # fmt: skip
def test_nonsense_is_a_bad_tape_and_no_exception_of_another_kind(spoil: Any) -> None:
    _, tape = taped(conv1d, np.ones(3), np.ones(2))
    with pytest.raises(BadTape):
        follow(spoil(tape), (np.ones(3), np.ones(2)), {})


def test_the_codes_are_those_of_the_log() -> None:
    assert (scalars.ADD, scalars.ADD1, scalars.ADD2) == ADDS and (scalars.COMPARE, scalars.OTHER) == (COMPARED, OTHER)
