"""Loads, stores and MACs of a written loop are exact, and the loop computes what it computes unrecorded."""

import functools
import math

import numpy as np
import pytest

from course_lib import ConvShape, Recorder, record
from course_lib.conv import direct

RNG = np.random.default_rng(7)


def conv1d_os(ia, wt):
    """Output stationary, as on the slide."""
    Q, S = len(ia) - len(wt) + 1, len(wt)
    oa = np.zeros(Q)
    for q in range(Q):
        acc = 0.0
        for s in range(S):
            acc += ia[q + s] * wt[s]
        oa[q] = acc
    return oa


def conv1d_ws(ia, wt):
    """Weight stationary: each weight is loaded once; the first partial sum is stored and not read."""
    Q, S = len(ia) - len(wt) + 1, len(wt)
    oa = np.zeros(Q)
    for s in range(S):
        w = wt[s]
        for q in range(Q):
            if s == 0:
                oa[q] = ia[q] * w + 0
            else:
                oa[q] += ia[q + s] * w
    return oa


def conv1d_is(ia, wt):
    """Input stationary: each input is loaded once."""
    H, S = len(ia), len(wt)
    Q = H - S + 1
    oa = np.zeros(Q)
    for h in range(H):
        x = ia[h]
        for s in range(S):
            if 0 <= h - s < Q:
                oa[h - s] += x * wt[s]
    return oa


def conv2d_written(ia, wt):
    N, C, H, W = ia.shape
    K, _, R, S = wt.shape
    oa = np.zeros((N, K, H - R + 1, W - S + 1), ia.dtype)
    for n in range(N):
        for k in range(K):
            for p in range(H - R + 1):
                for q in range(W - S + 1):
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                oa[n, k, p, q] += ia[n, c, p + r, q + s] * wt[k, c, r, s]
    return oa


def counts(trace, *names):
    return {name: (trace.loads(name), trace.stores(name)) for name in names}


def test_the_slides_three_dataflows_have_the_slides_counts():
    ia, wt = RNG.standard_normal(12), RNG.standard_normal(4)  # Q = 9, S = 4
    want = np.correlate(ia, wt, "valid")
    value, trace = record(conv1d_os, ia, wt)
    assert counts(trace, "IA", "W", "OA") == {"IA": (36, 0), "W": (36, 0), "OA": (0, 9)} and trace.macs == 36
    np.testing.assert_allclose(value, want, rtol=1e-12)
    value, trace = record(conv1d_ws, ia, wt)
    assert counts(trace, "IA", "W", "OA") == {"IA": (36, 0), "W": (4, 0), "OA": (27, 36)} and trace.macs == 36  # 27 = Q·(S-1)
    np.testing.assert_allclose(value, want, rtol=1e-12)
    value, trace = record(conv1d_is, ia, wt)
    assert counts(trace, "IA", "W", "OA") == {"IA": (12, 0), "W": (36, 0), "OA": (36, 36)} and trace.macs == 36
    np.testing.assert_allclose(value, want, rtol=1e-12)


def inside(extent, size, taps, stride, dilation, before):
    """How many (output, tap) pairs of one axis meet the image: counted by hand, one by one."""
    return sum(0 <= p * stride - before + r * dilation < size for p in range(extent) for r in range(taps))


def test_the_direct_convolution_loads_and_stores_what_the_closed_form_says_on_100_shapes():
    rng = np.random.default_rng(11)
    done = 0
    while done < 100:
        groups = int(rng.choice([1, 1, 2, 3]))
        try:
            shape = ConvShape(
                int(rng.integers(0, 3)), groups * int(rng.integers(1, 3)), int(rng.integers(1, 6)), int(rng.integers(1, 6)),
                groups * int(rng.integers(1, 3)), int(rng.integers(1, 4)), int(rng.integers(1, 4)),
                tuple(rng.integers(1, 3, 2).tolist()), tuple(rng.integers(0, 3, 2).tolist()), tuple(rng.integers(1, 3, 2).tolist()), groups,
            )  # fmt: skip
        except ValueError:
            continue
        if shape.macs > 3000:
            continue
        ia = rng.integers(-4, 5, shape.ia_shape).astype(np.float32)
        wt = rng.integers(-4, 5, shape.wt_shape).astype(np.float32)
        value, trace = record(direct.conv2d, ia, wt, shape)
        # every MAC that meets the image loads ia, wt and oa once and stores oa once; the padded ones touch nothing
        (u, v), (d, e), ((top, _), (left, _)) = shape.strides, shape.dilations, shape.pads
        met = inside(shape.P, shape.H, shape.R, u, d, top) * inside(shape.Q, shape.W, shape.S, v, e, left)
        macs = shape.N * shape.K * shape.C // shape.groups * met
        assert trace.macs == trace.marks["multiply"] == trace.marks["add"] == macs, shape
        assert counts(trace, "IA", "W", "OA") == {"IA": (macs, 0), "W": (macs, 0), "OA": (macs, macs)}, shape
        assert trace.marks["workspace"] == direct.workspace(shape) == 0
        assert len(trace) == 4 * macs
        if macs:
            assert np.array_equal(np.bincount(trace.step), np.full(macs, 4))  # a step is one MAC: three loads and a store
        np.testing.assert_array_equal(value, direct.conv2d(ia, wt, shape))
        done += 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.uint8, np.int32, np.int64])
def test_the_value_is_bit_for_bit_that_of_the_unrecorded_call(dtype):
    ia = (RNG.standard_normal((1, 2, 5, 4)) * 9).astype(dtype)
    wt = (RNG.standard_normal((3, 2, 2, 3)) * 9).astype(dtype)
    with np.errstate(over="ignore"):
        plain, (value, _) = conv2d_written(ia, wt), record(conv2d_written, ia, wt)
    assert type(value) is np.ndarray and value.dtype == plain.dtype
    assert value.tobytes() == plain.tobytes()


def lists(x):
    return np.array([[element * 2 for element in row] for row in x.reshape(2, -1)])


def own_dtypes(x):
    oa = np.zeros(x.shape, dtype=float)
    oa[...] = x
    assert isinstance(x[0], float) and np.issubdtype(x.dtype, np.floating) and x.dtype == np.float64
    assert isinstance(float(x[0]), float) and isinstance(x, np.ndarray)
    return oa.astype(int) + np.asarray([1, 2, 3, 4, 5, 6], np.int8)


def functions(x):
    total = math.sqrt(x[1]) + np.sqrt(x[2]) + abs(x[0]) + round(x[0])
    return total + max(x) + np.max(x) + np.maximum(x[0], 0) + x[1] ** 2 + np.exp(-x).sum()


def masks(x):
    x = x.copy()
    x[x > 2] = 0
    return x[x < 1], x[[0, 2]]


def outer(x):
    return (x.reshape(1, -1) + x.reshape(-1, 1)).mean(axis=0)


def bits(x):
    y = x.astype(np.int64)
    return (y[1] << 2) ^ 5, y[2] & y[3] | 1, divmod(y[5], 2), int(y[1]) >> 1, -y[0]


def float32_sum(x):
    total = np.float32(0)
    for element in x:
        total += np.float32(element) * element
    return total


def order(x):
    return sorted(x), f"{x[1]:.3f} {x[2]}", [i for i in np.ndindex(x.shape) if x[i] > 2], x.tolist(), dict(a=x[0])


@pytest.mark.parametrize("function", [lists, own_dtypes, functions, masks, outer, bits, float32_sum, order])
def test_the_ways_in_which_people_write_python_give_the_same_value(function):
    x = np.array([1, 3, 2, 5, 4, 0], np.float64)
    plain, (value, _) = function(x.copy()), record(function, x.copy())
    assert type(value) is type(plain) and repr(value) == repr(plain)


def test_accesses_come_in_the_order_of_the_program_with_their_addresses():
    def swap(x):
        kept = x[1, 0]
        x[1, 0] = x[0, 2]
        x[0, 2] = kept

    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    _, trace = record(swap, x)
    assert trace.buffers[0].base == 1 << 20 and trace.buffers[0].base % 4096 == 0
    assert trace.element("x").tolist() == [3, 2, 3, 2] and trace.store.tolist() == [False, False, True, True]
    assert x.tolist() == [[0, 1, 3], [2, 4, 5]]  # stores reach the caller's array, as they would unrecorded


def test_every_tensor_begins_on_a_page_of_its_own():
    _, trace = record(conv1d_os, np.ones(5000), np.ones(2))
    bases = [buffer.base for buffer in trace.buffers]
    assert all(base % 4096 == 0 for base in bases)
    assert all(a.base + a.nbytes <= b for a, b in zip(trace.buffers, bases[1:], strict=False))


def test_a_view_touches_nothing_until_its_elements_are_used():
    def look(x):
        window = x[0, :, 1:3].T
        return window[0, 1]  # = x[0, 1, 1]

    value, trace = record(look, np.arange(24).reshape(2, 3, 4))
    assert value == 5 and trace.element("x").tolist() == [5]


def test_assigning_to_a_slice_stores_each_element():
    def paint(x, y):
        x[1:3] = 0  # 2 rows of 4
        x[0, ::2] = y[:2]

    _, trace = record(paint, np.ones((3, 4)), np.ones(9))
    assert counts(trace, "x", "y") == {"x": (0, 10), "y": (2, 0)}
    assert trace.element("x").tolist() == [4, 5, 6, 7, 8, 9, 10, 11, 0, 2]


def test_whole_array_arithmetic_counts_each_element():
    def patches(ia, wt):
        R, S = wt.shape
        oa = np.zeros((ia.shape[0] - R + 1, ia.shape[1] - S + 1))
        for p in range(oa.shape[0]):
            for q in range(oa.shape[1]):
                oa[p, q] = (ia[p : p + R, q : q + S] * wt).sum()
        return oa

    ia, wt = RNG.standard_normal((4, 5)), RNG.standard_normal((2, 3))
    value, trace = record(patches, ia, wt)
    np.testing.assert_array_equal(value, patches(ia, wt))
    # 9 outputs of 6 taps: 54 products, stored in a temporary and loaded again by the sum
    assert counts(trace, "IA", "W", "OA", "temporary") == {"IA": (54, 0), "W": (54, 0), "OA": (0, 9), "temporary": (54, 54)}
    assert trace.macs == 54 and trace.marks["multiply"] == 54 and trace.marks["add"] == 54
    assert trace.marks["workspace"] == 6 * 8  # one temporary at a time, its bytes used again


def test_a_sum_without_a_product_is_no_mac():
    def add(x):
        y = np.zeros(3) + x
        z = np.ones(3)
        z += y
        return z.sum() + y[0]

    value, trace = record(add, np.arange(3.0))
    assert value == 6 and trace.macs == 0 and trace.marks["add"] == 3 + 3 + 3 + 1


def test_adding_whole_arrays_in_place_loads_and_stores_the_target_once():
    def rows(c, a, b):
        for i in range(len(c)):
            c[i] += a[i] * b

    c = np.zeros((3, 4))
    a, b = RNG.standard_normal((3, 4)), RNG.standard_normal(4)
    _, trace = record(rows, c, a, b)
    np.testing.assert_array_equal(c, a * b)
    assert counts(trace, "C", "A", "B") == {"C": (12, 12), "A": (12, 0), "B": (12, 0)} and trace.macs == 12


def test_a_product_counts_as_one_mac_however_the_sum_is_written():
    def dot(x, y, how):
        if how == "+=":
            total = 0
            for i in range(4):
                total += x[i] * y[i]
        elif how == "chain":
            total = x[0] * y[0] + x[1] * y[1] + x[2] * y[2] + x[3] * y[3]
        elif how == "sum()":
            total = sum(x[i] * y[i] for i in range(4))
        elif how == "first apart":
            total = x[0] * y[0]
            for i in range(1, 4):
                total = total + x[i] * y[i]
        elif how == "float()":
            total = 0.0
            for i in range(4):
                total += float(x[i]) * float(y[i])
        elif how == "np.float32":
            total = np.float32(0)
            for i in range(4):
                total = total + np.float32(x[i]) * y[i]
        elif how == "minus":
            total = 0
            for i in range(4):
                total -= -(x[i] * y[i])
        elif how == "zip":
            total = 0
            for a, b in zip(x, y, strict=True):
                total += a * b
        else:
            total = np.multiply(x, y).sum()
        return total

    for how in ("+=", "chain", "sum()", "first apart", "float()", "np.float32", "minus", "zip", "np"):
        value, trace = record(dot, np.arange(4.0), np.arange(1.0, 5.0), how)
        assert (value, trace.macs, trace.marks["multiply"]) == (20, 4, 4), how
        assert counts(trace, "x", "y") == {"x": (4, 0), "y": (4, 0)}, how


def test_a_product_that_two_sums_take_up_is_one_mac():
    def twice(x):
        product = x[0] * x[1]
        return (1 + product) + (2 + product)

    value, trace = record(twice, np.array([3.0, 5.0]))
    assert value == 33 and trace.macs == trace.marks["multiply"] == 1 and trace.marks["add"] == 3


def test_comparisons_of_loaded_numbers_are_counted():
    def skip_zeros(wt):
        taken = 0
        for k in range(len(wt)):
            if wt[k] != 0:
                taken += 1
            if wt[k]:
                taken += 1
        return taken

    value, trace = record(skip_zeros, np.array([0.0, 1.0, 2.0]))
    assert value == 4 and trace.marks["compare"] == 6 and trace.loads("W") == 6 and trace.macs == 0


def test_index_arrays_are_loaded_like_any_other():
    def sparse_dot(values, columns, x):
        total = 0.0
        for j in range(len(values)):
            total += values[j] * x[columns[j]]
        return total

    value, trace = record(sparse_dot, np.array([2.0, 3.0]), np.array([4, 1]), np.arange(5.0))
    assert value == 11 and trace.element("columns").tolist() == [0, 1] and trace.element("x").tolist() == [4, 1]


def test_copying_loops_take_one_step_a_copy():
    def im2col(x):
        cols = np.empty((2, 3))
        for i in range(2):
            for j in range(3):
                cols[i, j] = x[i + j] if i + j < 3 else 0
        return cols

    _, trace = record(im2col, np.arange(3.0))
    assert trace.step.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]  # the last store is of a zero: nothing is loaded
    assert trace.names == ("x", "cols")


def test_moving_elements_counts_a_load_and_a_store_where_numpy_copies():
    def shuffle(x):
        a = np.pad(x, 1)  # 16 elements, 4 of them loaded and stored
        b = np.ascontiguousarray(x)  # contiguous already: the same array
        c = x.T.reshape(-1)  # 4 copied
        d = x.reshape(-1)  # a view
        e = np.concatenate([d, d])  # 8 copied
        f = x[[1, 0]]  # 4 copied
        return a[1, 1] + b[0, 0] + c[1] + d[0] + e[0] + f[0, 0]

    value, trace = record(shuffle, np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert value == 1 + 1 + 3 + 1 + 1 + 3
    assert trace.stores() == 4 + 4 + 8 + 4 and trace.loads() == 20 + 6
    assert trace.stores("a") == 4 and trace.stores("e") == 8


def test_sliding_windows_are_views_and_cost_nothing():
    def mean_filter(x):
        windows = np.lib.stride_tricks.sliding_window_view(x, 3)
        out = np.zeros(len(windows))
        for i in range(len(windows)):
            for j in range(3):
                out[i] += windows[i, j]
        return out

    value, trace = record(mean_filter, np.arange(6.0))
    assert value.tolist() == [3, 6, 9, 12] and trace.loads("x") == 12 and np.unique(trace.element("x")).size == 6
    assert trace.marks["workspace"] == 0


def test_leaving_the_recording_loads_every_element():
    _, trace = record(lambda x: float(np.asarray(list(map(float, x.__array__()))).max()), np.ones((5,)))
    assert trace.loads("x") == 5


@pytest.mark.parametrize(
    "hidden",
    [
        lambda a, b: a @ b, lambda a, b: np.dot(a, b), lambda a, b: a.dot(b), lambda a, b: np.einsum("ij,jk", a, b),
        lambda a, b: np.matmul(a, b), lambda a, b: np.tensordot(a, b), lambda a, b: np.inner(a, b), lambda a, b: np.linalg.norm(a),
        lambda a, b: np.add.outer(a, b), lambda a, b: np.ones((2, 2)) @ a, lambda a, b: np.cumsum(a), lambda a, b: a.cumsum(),
        lambda a, b: np.convolve(a[0], b[0]),
    ],
)  # fmt: skip
def test_what_hides_its_loads_is_refused_with_a_sentence(hidden):
    with pytest.raises(TypeError, match="written loops"):
        record(hidden, np.ones((2, 2)), np.ones((2, 2)))


def helper(x):
    total = np.zeros(1)
    for i in range(len(x)):
        total[0] += x[i]
    return total


def calls_helper(x):
    return helper(x)


def test_arrays_made_in_helpers_closures_methods_and_local_imports_are_recorded_too():
    my_numpy = np

    def inner(x, n):
        total = my_numpy.zeros(1)
        total[0] += x[n]
        return total if n == 0 else inner(x, n - 1)

    def local(x):
        import numpy
        from numpy import zeros

        a = numpy.zeros(1)
        b = zeros(1)
        a[0], b[0] = x[0], x[1]
        return b

    class Model:
        def forward(self, x):
            y = np.empty(1)
            y[0] = x[0]
            return y

    @functools.wraps(helper)
    def wrapped(*args):
        return helper(*args)

    x = np.arange(3.0)
    assert record(calls_helper, x)[1].stores("total") == 3
    assert record(inner, x, 2)[1].stores() == 3
    assert counts(record(local, x)[1], "a", "b") == {"a": (0, 1), "b": (0, 1)}
    assert record(Model().forward, x)[1].stores("y") == 1
    assert record(wrapped, x)[1].stores("total") == 3
    assert np.zeros.__module__ == "numpy" and type(helper(x)) is np.ndarray  # nothing is left changed


def test_nonlocal_state_is_the_functions_own():
    calls = 0

    def counted(x):
        nonlocal calls
        calls += 1
        return x[0]

    record(counted, np.ones(1))
    assert calls == 1


def test_names_are_the_parameters_the_lectures_letters_and_what_one_asks_for():
    def conv(x, weights):
        y = np.zeros(1)
        y[0] = x[0] * weights[0]
        return y

    assert record(conv, np.ones(1), np.ones(1))[1].names == ("x", "weights", "y")
    assert record(conv, np.ones(1), np.ones(1), names={"x": "IA", "weights": "W"})[1].names == ("IA", "W", "OA")
    assert record(conv, np.ones(1), np.ones(1), names={"return": "out"})[1].names == ("x", "weights", "out")
    trace = record(conv, np.ones(1), np.ones(1))[1]
    assert trace.names[trace.marks["output"]] == "y"


def test_the_workspace_is_the_peak_without_the_result():
    def lowered(x):
        cols = np.zeros((3, 100), np.float32)
        out = np.zeros(10, np.float64)
        cols[0, 0] = x[0]
        del cols
        again = np.zeros(50, np.float32)
        again[0] = x[0]
        return out

    trace = record(lowered, np.ones(1))[1]
    assert trace.marks["workspace"] == 1200 and trace.marks["allocated"] == 1280


def test_arrays_of_every_layout_are_recorded_where_their_elements_lie():
    base = np.arange(24.0).reshape(4, 6)
    layouts = {
        "Fortran": np.asfortranarray(base), "negative strides": base[::-1, ::-1], "every other": base[:, ::2],
        "expanded": np.broadcast_to(base[0], (3, 6)), "big-endian": base.astype(">f8"), "read-only": base.copy(),
    }  # fmt: skip
    layouts["read-only"].flags.writeable = False

    def total(x):
        acc = 0.0
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                acc += x[i, j]
        return acc

    for name, x in layouts.items():
        value, trace = record(total, x)
        assert value == x.sum(), name
        assert trace.loads("x") == x.size
        assert np.unique(trace.address).size == (6 if name == "expanded" else x.size)
    assert record(total, np.asfortranarray(base))[1].element("x")[:3].tolist() == [0, 4, 8]  # a row of a Fortran array jumps


def test_a_recorder_can_be_used_by_hand():
    recorder = Recorder()
    a = recorder.array("A", np.ones((2, 2)))
    c = recorder.numpy.zeros((2, 2))
    c[0, 0] = a[0, 1] * 2
    trace = recorder.trace()
    assert trace.loads("A") == 1 and trace.stores("c") == 1 and trace.marks["multiply"] == 1
    with pytest.raises(ValueError, match="words: want a numpy array of numbers"):
        recorder.array("words", np.array(["a"]))


def test_wrong_indices_fail_in_numpys_words():
    with pytest.raises(IndexError, match="out of bounds"):
        record(lambda x: x[3], np.ones(3))
    with pytest.raises(ValueError, match="broadcast"):
        record(lambda x, y: x + y, np.ones(3), np.ones(2))
