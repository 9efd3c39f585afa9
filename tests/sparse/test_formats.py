"""Formats: what goes in comes out, in the bytes of the table; scipy is the witness; arrays that do not fit are told in a sentence."""

import numpy as np
import pytest
import scipy.sparse

from course_lib.compress.operator import Operator
from course_lib.sparse import BCSR, COO, CSC, CSR, ELL, FORMATS, NM, Bitmask, RunLength

LIMITS = {"N:M": {"N": 4, "M": 4}}  # any matrix is 4:4


def sparse(shape, density, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(shape) * (rng.random(shape) < density)).astype(dtype)


MATRICES = {
    "some": sparse((7, 13), 0.3),
    "empty rows and columns": np.diag([0, 1.0, 0, 2.0, 0])[:, [0, 0, 1, 3, 4]],
    "nothing but zeros": np.zeros((4, 6), np.float32),
    "no zeros": sparse((5, 6), 1.1),
    "one row": sparse((1, 40), 0.2),
    "one column": sparse((40, 1), 0.2),
    "one number": np.array([[3.0]]),
    "no rows": np.zeros((0, 5)),
    "no columns": np.zeros((5, 0)),
    "long gaps": sparse((3, 300), 0.01, 3),
    "whole numbers": (sparse((6, 9), 0.4) * 10).astype(np.int64),
    "filters": sparse((4, 3, 3, 3), 0.3),
}


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("name", FORMATS)
def test_what_goes_in_comes_out(name, matrix):
    a = MATRICES[matrix]
    flat = a.reshape(len(a), -1) if a.ndim == 4 else a
    form = FORMATS[name].from_dense(a, **LIMITS.get(name, {}))
    assert isinstance(form, Operator) and form.shape == flat.shape
    assert form.dense().dtype == flat.dtype and np.array_equal(form.dense(), flat)
    assert form.macs >= np.count_nonzero(flat)


@pytest.mark.parametrize("name", FORMATS)
def test_a_product_is_the_dense_product_on_a_thousand_matrices(name):
    rng = np.random.default_rng(1)
    for _ in range(1000):
        m, n = (int(v) for v in rng.integers(0, 8, 2))
        a = rng.integers(-3, 4, (m, n)) * (rng.random((m, n)) < rng.random())  # small whole numbers: sums are exact
        x = rng.integers(-5, 6, (n, 3)) if rng.random() < 0.7 else rng.integers(-5, 6, n)
        assert np.array_equal(FORMATS[name].from_dense(a, **LIMITS.get(name, {})) @ x, a @ x)


@pytest.mark.parametrize("name, make", [("CSR", scipy.sparse.csr_array), ("CSC", scipy.sparse.csc_array)])
def test_arrays_are_scipys(name, make):
    for seed in range(20):
        a = sparse((9, 11), 0.05 * seed, seed)
        ours, theirs = FORMATS[name].from_dense(a), make(a)
        pointer, index = (ours.rowptr, ours.colidx) if name == "CSR" else (ours.colptr, ours.rowidx)
        assert np.array_equal(pointer, theirs.indptr) and np.array_equal(index, theirs.indices)
        assert np.array_equal(ours.value, theirs.data)


def test_bytes_are_those_of_the_table():
    m, n, v, i = 24, 40, 4, 4
    a = sparse((m, n), 0.2)
    z, width = np.count_nonzero(a), int((a != 0).sum(1).max())
    assert COO.from_dense(a).nbytes == z * (2 * i + v)
    assert CSR.from_dense(a).nbytes == z * (i + v) + (m + 1) * i
    assert CSC.from_dense(a).nbytes == z * (i + v) + (n + 1) * i
    assert ELL.from_dense(a).nbytes == m * width * (v + i)
    assert Bitmask.from_dense(a).nbytes == m * n // 8 + z * v
    blocks = BCSR.from_dense(a, (4, 2))
    held = sum(a[r : r + 4, c : c + 2].any() for r in range(0, m, 4) for c in range(0, n, 2))
    assert blocks.nbytes == held * (4 * 2 * v + i) + (m // 4 + 1) * i
    two_of_four = a.reshape(m, n // 4, 4).copy()
    two_of_four[:, :, 2:] = 0
    assert NM.from_dense(two_of_four.reshape(m, n)).nbytes == m * n * (v / 2 + 1 / 8)
    short = RunLength.from_dense(a, bits=8)
    assert short.fillers == 0 and short.nbytes == z * (v + 1)


def test_break_even_densities_of_the_table():
    a = np.ones((64, 64), np.float32)
    share = lambda form: a.nbytes / form.from_dense(a).nbytes  # so many of the numbers may be there before the form is larger
    assert share(COO) == pytest.approx(1 / 3)
    assert share(CSR) == share(CSC) == pytest.approx(1 / 2, abs=0.01)
    assert 1 - 1 / 32 == pytest.approx((a.nbytes - 64 * 64 / 8) / a.nbytes)  # bitmask: 0.97


def test_half_precision_two_of_four_takes_nine_sixteenths():
    a = np.zeros((8, 16), np.float16)
    a[:, ::2] = 1
    assert NM.from_dense(a).nbytes / a.nbytes == 0.5625


def test_what_stands_twice_is_added_up_and_order_does_not_matter():
    coo = COO((2, 3), [1, 0, 1, 1], [2, 0, 0, 2], [1.0, 2.0, 3.0, 4.0])
    want = [[2, 0, 0], [3, 0, 5]]
    witness = scipy.sparse.coo_array((coo.value, (coo.row, coo.col)), (2, 3)).toarray()
    assert np.array_equal(coo.dense(), want) and np.array_equal(witness, want)
    csr = CSR((2, 3), [0, 1, 4], [0, 2, 0, 2], [2.0, 1.0, 3.0, 4.0])  # columns not sorted, one twice
    csc = CSC((2, 3), [0, 2, 2, 4], [1, 0, 1, 1], [3.0, 2.0, 1.0, 4.0])
    x = np.array([1.0, 10.0, 100.0])
    for form in (coo, csr, csc, CSR.from_coo(coo)):
        assert np.array_equal(form.dense(), want) and np.array_equal(form @ x, [2, 503])
    assert CSR.from_coo(coo).nnz == 3


def test_an_explicit_zero_is_stored_and_counted():
    csr = CSR((1, 3), [0, 2], [0, 2], [0.0, 5.0])
    assert csr.nnz == csr.macs == 2 and np.array_equal(csr.dense(), [[0, 0, 5]])
    assert np.isnan(csr @ np.array([np.nan, 1.0, 1.0]))[0]  # a stored zero is multiplied
    assert not np.isnan(CSR.from_dense(csr.dense()) @ np.array([np.nan, 1.0, 1.0]))[0]  # one that is left out is not
    assert CSR.from_coo(COO((1, 2), [0], [1], [0.0])).nnz == 1


def test_fillers_bridge_gaps_that_are_too_long():
    a = np.zeros((2, 40))
    a[0, 3], a[1, 30] = 1, 2
    form = RunLength.from_dense(a, bits=3)
    assert form.gap.tolist() == [3] + 8 * [7] + [2] and form.fillers == 8  # 66 zeros between them: 8 times 7 and a filler, 2 more
    assert (form.gap <= 7).all() and np.array_equal(form.dense(), a)
    assert form.nbytes == len(form.gap) * 8 + -(-len(form.gap) * 3 // 8)


def test_ell_suffers_from_one_long_row():
    even, uneven = np.zeros((100, 100), np.float32), np.zeros((100, 100), np.float32)
    even[:, 0], uneven[0] = 1, 1
    assert ELL.from_dense(uneven).nbytes == 100 * ELL.from_dense(even).nbytes


GOOD = ([0, 1, 3], [1, 0, 2], [5.0, 7.0, 8.0])
MISTAKES = {
    "rowptr too short": (lambda: CSR((2, 3), [0, 3], *GOOD[1:]), "rowptr: want 3 whole numbers"),
    "rowptr falls": (lambda: CSR((2, 3), [0, 4, 3], *GOOD[1:]), "rowptr: want it to begin at 0, never to fall, and to end at 3"),
    "rowptr begins late": (lambda: CSR((2, 3), [1, 2, 3], *GOOD[1:]), "rowptr: want it to begin at 0"),
    "rowptr ends early": (lambda: CSR((2, 3), [0, 1, 2], *GOOD[1:]), "to end at 3"),
    "a column behind the last": (lambda: CSR((2, 3), GOOD[0], [1, 0, 3], GOOD[2]), "colidx: want indices from 0 to 2, got 0 to 3"),
    "a column before the first": (lambda: CSR((2, 3), GOOD[0], [1, -1, 2], GOOD[2]), "colidx: want indices from 0 to 2, got -1 to 2"),
    "colidx too short": (lambda: CSR((2, 3), GOOD[0], [1, 0], GOOD[2]), "colidx: want 3 indices, got 2"),
    "half a column": (lambda: CSR((2, 3), GOOD[0], [1.5, 0, 2], GOOD[2]), "colidx: want whole numbers"),
    "words for values": (lambda: CSR((2, 3), *GOOD[:2], ["a", "b", "c"]), "value: want 1-dimensional numbers"),
    "colptr too long": (lambda: CSC((2, 3), [0, 1, 2, 3, 3], [1, 0, 1], GOOD[2]), "colptr: want 4 whole numbers"),
    "a row behind the last": (lambda: CSC((2, 3), [0, 1, 2, 3], [1, 0, 2], GOOD[2]), "rowidx: want indices from 0 to 1"),
    "coo of two lengths": (lambda: COO((2, 3), [0, 1], [0], [1.0]), "row: want 1 indices, got 2"),
    "a shape of three": (lambda: COO((2, 3, 4), [0], [0], [1.0]), "shape: want (rows, columns)"),
    "ell with a row too many": (lambda: ELL((1, 3), np.zeros((2, 1), int), np.ones((2, 1))), "value: want 1 rows, got 2"),
    "ell of two widths": (lambda: ELL((2, 3), np.zeros((2, 2), int), np.ones((2, 1))), "col: want 2 x 1 indices"),
    "blocks of nothing": (lambda: BCSR((2, 3), [0], [], np.ones((0, 0, 1))), "block: want blocks of at least 1 x 1"),
    "a block behind the last": (lambda: BCSR((2, 4), [0, 1], [2], np.ones((1, 2, 2))), "blockcol: want indices from 0 to 1"),
    "a bit too many": (lambda: Bitmask((1, 3), np.array([0b1001_0000], np.uint8), [1.0, 2.0]), "bits: a bit behind the last of 3"),
    "a value too few": (lambda: Bitmask((1, 3), np.array([0b1010_0000], np.uint8), [1.0]), "value: want 2 numbers, one a set bit, got 1"),
    "bits as words": (lambda: Bitmask((1, 3), np.array([5]), [1.0]), "bits: want 1 bytes of uint8"),
    "a gap too long": (lambda: RunLength((1, 40), [16], [1.0], 4), "gap: want numbers of 4 bits, 0 to 15, got 16"),
    "beyond the end": (lambda: RunLength((1, 3), [2, 1], [1.0, 1.0]), "gap: the last value would stand at 4"),
    "three of four": (lambda: NM.from_dense(np.ones((1, 4))), "a: want at most 2 non-zeros in every 4 neighbours, got 4"),
    "five of four": (lambda: NM.from_dense(np.ones((1, 4)), N=5), "N: want at most M = 4, got 5"),
    "a place behind the last": (lambda: NM((1, 5), np.ones((1, 2, 1)), np.full((1, 2, 1), 3)), "place: column 7 is behind the last of 5"),
    "a picture": (lambda: CSR.from_dense(np.ones((2, 2, 2))), "a: want a matrix"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_a_sentence(mistake):
    make, said = MISTAKES[mistake]
    with pytest.raises(ValueError) as error:
        make()
    assert said in str(error.value)


@pytest.mark.parametrize("name", FORMATS)
def test_a_right_side_of_the_wrong_height_is_refused(name):
    with pytest.raises(ValueError, match="x: want 3 rows"):
        FORMATS[name].from_dense(np.ones((2, 3)), **LIMITS.get(name, {})) @ np.ones((4, 2))
