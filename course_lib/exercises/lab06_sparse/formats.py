"""CSR and CSC, there and back: matrices with empty rows, empty columns, one row, nothing in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception
from .layers import csr_of

FORMATS = "06_sparse#formats"

SIZES = [(1, 2), (2, 2), (2, 3), (3, 2), (1, 5), (5, 1), (3, 4), (4, 6), (5, 7)]


def matrices(rng: np.random.Generator) -> list[np.ndarray]:
    out = []
    for rows, columns in [*SIZES, *((int(a), int(b)) for a, b in rng.integers(2, 9, (6, 2)))]:
        a = rng.integers(1, 10, (rows, columns)) * rng.choice([-1, 1], (rows, columns)) * (rng.random((rows, columns)) < 0.5)
        a.flat[int(rng.integers(a.size))] = 4
        out.append(a.astype(np.float32))
    bigger = np.zeros((4, 5), np.float32)
    bigger[1, 1], bigger[1, 4], bigger[3, 0], bigger[3, 1] = 2, 7, -3, 5  # first row empty, a column empty
    return [*out[:2], bigger, *out[2:], np.zeros((3, 2), np.float32)]


def words(a: np.ndarray) -> str:
    return f"{a.shape[0]}x{a.shape[1]}, {np.count_nonzero(a)} numbers not zero"


def dense_cases(rng: np.random.Generator) -> list[Case]:
    return [Case((a,), label=words(a)) for a in matrices(rng)]


def csr(a: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return csr_of(np.asarray(a))


def csc(a: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return csr_of(np.asarray(a).T)


def dropped_rows(a: np.ndarray) -> Any:
    """Empty rows get no pointer of their own."""
    counts = [int(np.count_nonzero(row)) for row in a]
    return np.cumsum([0] + [n for n in counts if n]), *csr_of(a)[1:]


def mistakes(of: Any, line: str, other: str) -> tuple[Misconception, ...]:
    """Of to_csr (rows) and to_csc (columns): the same slips; `of` turns the matrix so that its lines are rows."""
    return (
        Misconception(
            "counts in place of pointers",
            lambda a: (np.concatenate([[0], np.diff(csr_of(of(a))[0])]), *csr_of(of(a))[1:]),
            f"The pointer says where a {line} begins: the numbers of all {line}s before it added up, not the {line}'s own number.",
            FORMATS,
        ),
        Misconception(
            "the last pointer is missing",
            lambda a: (csr_of(of(a))[0][:-1], *csr_of(of(a))[1:]),
            f"One pointer is missing: there is one more than {line}s, and the last says where everything ends.",
            FORMATS,
        ),
        Misconception(
            "pointers begin with the first end",
            lambda a: (csr_of(of(a))[0][1:], *csr_of(of(a))[1:]),
            f"The first {line} begins at 0, and that 0 is stored, too.",
            FORMATS,
        ),
        Misconception(
            "empty lines have no pointer",
            lambda a: dropped_rows(of(a)),
            f"An empty {line} has a pointer, too: it begins and ends at the same place.",
            FORMATS,
        ),
        Misconception(
            "the other index",
            lambda a: (csr_of(of(a))[0], np.nonzero(of(a))[0], csr_of(of(a))[2]),
            f"You store which {line} a number stands in. That the pointers say already; store its {other}.",
            FORMATS,
        ),
        Misconception(
            "rows and columns changed places",
            lambda a: csr_of(of(a).T),
            f"These are the arrays of the other format: go {line} by {line}.",
            FORMATS,
        ),
        Misconception(
            "zeros are kept",
            lambda a: (
                np.arange(0, of(a).size + 1, max(of(a).shape[1], 1)),
                np.tile(np.arange(of(a).shape[1]), of(a).shape[0]),
                np.asarray(of(a)).ravel(),
            ),
            "All numbers are stored, the zeros among them. Only what is not zero gets a place.",
            FORMATS,
        ),
    )


to_csr = Exercise(
    name="to_csr",
    reference=csr,
    cases=dense_cases,
    misconceptions=mistakes(lambda a: np.asarray(a), "row", "column"),
    hint="Row by row: append the column and the value of each number that is not zero, and after each row "
    "append how many there are so far.",
    slide=FORMATS,
)

to_csc = Exercise(
    name="to_csc",
    reference=csc,
    cases=dense_cases,
    misconceptions=mistakes(lambda a: np.asarray(a).T, "column", "row"),
    hint="The same as to_csr with rows and columns exchanged: column by column, and the row of each number is stored.",
    slide=FORMATS,
)


# --- and back -----------------------------------------------------------------------------------------------------------


def back(pointer: Any, index: Any, value: Any, shape: Any) -> np.ndarray:
    """The dense matrix of CSR arrays; what stands twice is added up."""
    a = np.zeros(shape)
    np.add.at(a, (np.repeat(np.arange(shape[0]), np.diff(pointer)), np.asarray(index)), value)
    return a


def back_csc(pointer: Any, index: Any, value: Any, shape: Any) -> np.ndarray:
    return back(pointer, index, value, tuple(shape)[::-1]).T


def stored_cases(by_rows: bool) -> Any:
    def cases(rng: np.random.Generator) -> list[Case]:
        out = []
        for number, a in enumerate(matrices(rng)):
            pointer, index, value = csr_of(a if by_rows else a.T)
            note = ""
            if number >= 4 and len(value) and number % 3 == 1:  # the same place twice
                where = int(rng.integers(len(value)))
                line = int(np.searchsorted(pointer, where, side="right")) - 1
                index, value = np.insert(index, where, index[where]), np.insert(value, where, np.float32(10))
                pointer = pointer + (np.arange(len(pointer)) > line)
                note = ", one place given twice"
            out.append(Case((pointer, index, value, tuple(int(n) for n in a.shape)), label=words(a) + note))
        return out

    return cases


def last_wins(pointer: Any, index: Any, value: Any, shape: Any) -> np.ndarray:
    a = np.zeros(shape)
    a[np.repeat(np.arange(shape[0]), np.diff(pointer)), np.asarray(index)] = value
    return a


def pointer_as_row(pointer: Any, index: Any, value: Any, shape: Any) -> np.ndarray:
    """One number a line, whatever the pointers say."""
    a = np.zeros(shape)
    for line in range(shape[0]):
        j = pointer[line]
        if j < len(value):
            a[line, index[j]] += value[j]
    return a


def one_short(pointer: Any, index: Any, value: Any, shape: Any) -> np.ndarray:
    a = np.zeros(shape)
    for line in range(shape[0]):
        for j in range(pointer[line], pointer[line + 1] - 1):
            a[line, index[j]] += value[j]
    return a


def without_last(pointer: Any, index: Any, value: Any, shape: Any) -> np.ndarray:
    a = back(pointer, index, value, shape)
    a[-1] = 0
    return a


def always_first(pointer: Any, index: Any, value: Any, shape: Any) -> np.ndarray:
    """In each line the numbers are written from column 0 on."""
    a = np.zeros(shape)
    for line in range(shape[0]):
        for at, j in enumerate(range(pointer[line], pointer[line + 1])):
            if at < shape[1]:
                a[line, at] += value[j]
    return a


def backwards(line: str, other: str, turn: Any) -> tuple[Misconception, ...]:
    return (
        Misconception(
            "the last one wins",
            turn(last_wins),
            "Where a place is given twice the numbers add up; with = the second one wipes out the first.",
            FORMATS,
        ),
        Misconception(
            "one number a line",
            turn(pointer_as_row),
            f"Only the first number of each {line} arrives (and an empty {line} gets its neighbour's): j runs "
            f"from one pointer to the next.",
            FORMATS,
        ),
        Misconception(
            "the last number of each line is missing",
            turn(one_short),
            f"The last number of each {line} is missing. The next pointer is where the next {line} begins, and range() stops before it.",
            FORMATS,
        ),
        Misconception(
            "the last line is missing",
            turn(without_last),
            f"The last {line} stays empty: there are as many {line}s as pointers, less one.",
            FORMATS,
        ),
        Misconception(
            "the index is not used",
            turn(always_first),
            f"The numbers of a {line} stand side by side from 0 on. Their {other} is in the index array.",
            FORMATS,
        ),
        Misconception(
            "zeros",
            turn(lambda pointer, index, value, shape: np.zeros(shape)),
            "The matrix has the right shape and nothing in it.",
            FORMATS,
        ),
    )


def transposed(function: Any) -> Any:
    return lambda pointer, index, value, shape: function(pointer, index, value, tuple(shape)[::-1]).T


from_csr = Exercise(
    name="from_csr",
    reference=back,
    cases=stored_cases(True),
    misconceptions=backwards("row", "column", lambda f: f),
    hint="For each row m, for each j from rowptr[m] to rowptr[m + 1] - 1: add value[j] at column colidx[j].",
    slide=FORMATS,
)

from_csc = Exercise(
    name="from_csc",
    reference=back_csc,
    cases=stored_cases(False),
    misconceptions=backwards("column", "row", transposed),
    hint="For each column n, for each j from colptr[n] to colptr[n + 1] - 1: add value[j] at row rowidx[j].",
    slide=FORMATS,
)
