"""The lowered matrix is that of the slides, its size is that of the formula, and col2im is its transpose."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from course_lib import ConvShape, conv2d, record
from course_lib.conv import direct, im2col

from .oracle import random_shape

RNG = np.random.default_rng(23)


def by_definition(ia, shape):
    """cols[(c,r,s), (p,q)] one element at a time."""
    cols = np.zeros((shape.C * shape.R * shape.S, shape.P * shape.Q), ia.dtype)
    for row, (c, r, s) in enumerate(np.ndindex(shape.C, shape.R, shape.S)):
        for column, (p, q) in enumerate(np.ndindex(shape.P, shape.Q)):
            h = p * shape.strides[0] - shape.pads[0][0] + r * shape.dilations[0]
            w = q * shape.strides[1] - shape.pads[1][0] + s * shape.dilations[1]
            if 0 <= h < shape.H and 0 <= w < shape.W:
                cols[row, column] = ia[c, h, w]
    return cols


def test_the_2d_slide_a_3x3_window_on_a_5x5_image():
    shape = ConvShape(1, 1, 5, 5, 1, 3, 3)
    cols = im2col.im2col(np.arange(25).reshape(5, 5), shape)
    assert cols.shape == (9, 9)
    assert cols[:, 0].tolist() == [0, 1, 2, 5, 6, 7, 10, 11, 12]  # the first window, row by row
    assert cols[:, 8].tolist() == [12, 13, 14, 17, 18, 19, 22, 23, 24]  # the last
    assert (cols == cols.T).all()  # h = p + r: window and tap change places, at this size


def test_the_3d_slide_the_channels_stand_below_one_another():
    ia = np.arange(27).reshape(3, 3, 3)
    cols = im2col.im2col(ia, ConvShape(1, 3, 3, 3, 2, 2, 2))
    assert cols.shape == (12, 4)
    assert cols[:, 0].tolist() == [0, 1, 3, 4, 9, 10, 12, 13, 18, 19, 21, 22]


def test_every_element_is_where_the_definition_puts_it():
    rng = np.random.default_rng(4)
    for _ in range(150):
        shape = random_shape(rng, largest=9)
        if shape.C * shape.R * shape.S * shape.P * shape.Q > 4000:
            continue
        ia = rng.integers(1, 100, shape.ia_shape)
        cols = im2col.im2col(ia, shape)
        assert cols.shape == (shape.N, shape.C * shape.R * shape.S, shape.P * shape.Q)
        for n in range(shape.N):
            assert (cols[n] == by_definition(ia[n], shape)).all(), shape
            assert (im2col.im2col(ia[n], shape) == cols[n]).all()


def test_col2im_is_the_transpose_of_im2col():
    """<im2col(x), y> = <x, col2im(y)> for all x and y: what makes it carry gradients."""
    rng = np.random.default_rng(6)
    for _ in range(100):
        shape = random_shape(rng)
        x = rng.integers(-9, 9, shape.ia_shape)
        y = rng.integers(-9, 9, (shape.N, *im2col.lowered(shape)))
        assert (im2col.im2col(x, shape) * y).sum() == (x * im2col.col2im(y, shape)).sum(), shape
        if shape.N:
            assert (im2col.col2im(y[0], shape) == im2col.col2im(y, shape)[0]).all()


def test_it_is_unfold_and_fold_of_torch():
    import torch

    for shape in (ConvShape(2, 3, 7, 9, 1, 3, 2, (2, 1), (1, 2), (1, 3)), ConvShape(1, 4, 6, 6, 1, 5, 5, 1, 2)):
        x = torch.from_numpy(RNG.integers(-9, 9, shape.ia_shape).astype(np.float32))
        pads = tuple(before for before, _ in shape.pads)
        where = {"kernel_size": (shape.R, shape.S), "dilation": shape.dilations, "padding": pads, "stride": shape.strides}
        cols = torch.nn.functional.unfold(x, **where)
        assert (im2col.im2col(x.numpy(), shape) == cols.numpy()).all()
        assert (im2col.col2im(cols.numpy(), shape) == torch.nn.functional.fold(cols, (shape.H, shape.W), **where).numpy()).all()


def test_an_interior_pixel_is_copied_once_for_every_tap():
    shape = ConvShape(1, 1, 9, 9, 1, 3, 4)
    copies = im2col.col2im(im2col.im2col(np.ones((9, 9)), shape), shape)[0]
    assert copies.max() == 12 == copies[4, 4] and copies[0, 0] == 1


def test_the_course_layer_and_the_slides_figure_have_their_sizes():
    layer = ConvShape(1, 3, 56, 56, 64, 3, 3)
    assert im2col.workspace(layer) == 4 * 78_732  # 27 x 2916, 8.37 times the 9,408 inputs
    assert im2col.workspace(ConvShape(1, 1, 7, 7, 1, 3, 3)) == 4 * 225  # 9 x 25
    assert direct.workspace(layer) == 0


MEASURED = {
    "plain": ConvShape(1, 16, 40, 40, 8, 3, 3, 1, 1),
    "a batch of 3, in groups": ConvShape(3, 32, 30, 30, 32, 3, 3, 2, 1, 1, 4),
    "depthwise": ConvShape(2, 64, 24, 24, 64, 5, 5, 1, 2, 1, 64),
}


@pytest.mark.parametrize("shape", MEASURED.values(), ids=MEASURED)
def test_the_workspace_is_what_is_measured(shape):
    ia, wt = np.ones(shape.ia_shape, np.float32), np.ones(shape.wt_shape, np.float32)
    im2col.conv2d(ia, wt, shape)  # what is allocated once a process is not the algorithm's
    tracemalloc.start()
    try:
        oa = im2col.conv2d(ia, wt, shape)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    beside = peak - oa.nbytes - im2col.workspace(shape)
    assert 0 <= beside < 8192, beside  # slices and shapes, Python's own; the smallest workspace here is 400 kB


def test_direct_convolution_makes_no_array_but_its_result():
    shape = ConvShape(1, 2, 5, 5, 2, 3, 3, 1, 1)
    _, trace = record(direct.conv2d, np.ones(shape.ia_shape), np.ones(shape.wt_shape), shape)
    assert trace.marks["workspace"] == 0 and trace.marks["allocated"] == 8 * 50


def test_filters_become_rows_in_the_order_of_the_columns():
    wt = RNG.integers(-9, 9, (5, 3, 2, 4))
    ia = RNG.integers(-9, 9, (3, 6, 7))
    shape = ConvShape(1, 3, 6, 7, 5, 2, 4)
    product = im2col.filters_to_matrix(wt) @ im2col.im2col(ia, shape)
    assert (product.reshape(5, shape.P, shape.Q) == conv2d(ia, wt)).all()


def test_wrong_arrays_are_refused():
    shape = ConvShape(1, 3, 6, 7, 5, 2, 4)
    for call, sentence in [
        (lambda: im2col.im2col(np.ones((6, 7)), shape), "ia: want"),
        (lambda: im2col.im2col(np.ones((2, 3, 6, 7)), shape), "ia: want"),
        (lambda: im2col.col2im(np.ones((24, 19)), shape), "cols: want"),
        (lambda: im2col.filters_to_matrix(np.ones((2, 2))), "wt: want 4 axes"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            call()


def test_the_readme_names_every_algorithm():
    from course_lib import ALGORITHMS

    text = (Path(im2col.__file__).parent / "README.md").read_text("utf-8")
    assert all(f"`{name}.py`" in text for name in ALGORITHMS)
