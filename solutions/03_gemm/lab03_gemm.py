# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 03 · Convolution as one matrix product
#
# Seven loops in Python take seconds for a picture. A matrix product of the same number of multiply-accumulates takes milliseconds: people
# have polished it for fifty years. So: can a convolution be *written* as a matrix product? It can, by copying. This lab is that
# trick, called **im2col** (image to column), what it costs, and the way back.
#
# By the end you can
#
# - lower an image into a matrix whose rows are the windows of the convolution;
# - compute any convolution with one matrix product, and say why it is faster although it does the same MACs;
# - say to the byte what that speed costs in memory, before running anything;
# - go the way back (col2im), which is what training needs.
#
# **Time:** about 90 minutes.  **You need:** lab 01 (the output size, the seven loops).
#
# This is part B of the chapter. (Loop orders and tiling of the product itself are part A, a leaner lowering called MEC is part C.)
#
# **How it works.** A cell with `# your code here` is a blank. The cell below it checks it on small cases and shows the smallest one
# that fails, with a hint. Points are for right values, never for speed.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import time

import numpy as np
from IPython.display import display

from course_lib import ConvShape
from course_lib.check import check, predict
from course_lib.exercises.notebook import first_layer_filters, once_filled, photograph, show
from course_lib.records import Report
from course_lib.views import array_grid, im2col_filling

# %% [markdown]
# ## Before you begin: a guess (1 point)
#
# An image of 3 channels, 56 × 56 pixels, and windows of 3 × 3, stride 1, no padding. We are going to copy every window
# into a row of a matrix. **How many times larger than the image is that matrix?**
#
# Put down a number before you know; any number from 0 to 100 earns the point. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "lowered_ratio", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lowered_ratio() -> float:
    """My guess: elements of the matrix for each element of the image."""
    ### BEGIN SOLUTION
    return 3.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_lowered_ratio", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("lowered_ratio", lowered_ratio)

# %% [markdown]
# ## Part 1 · From image to matrix (30 minutes, 4 points)
#
# One output is a sum of products: the window's pixels times the filter's numbers. Write the window as one row and the filter as one column, and
# that sum is *row times column*. Every window a row, every filter a column, and the whole convolution is one matrix product.
#
# Watch the matrix being filled. (The slide draws it lying on its side: one window a **column**, which is where the name has
# its "col" from. We put a window in a **row**; the one is the transpose of the other.)

# %%
im2col_filling(ConvShape(N=1, C=1, H=4, W=5, K=2, R=2, S=3))

# %% [markdown]
# **Write** `im2col(x, r, s, stride, pad)`: `x[N,C,H,W]` in, `cols[N·P·Q, C·R·S]` out.
#
# - **Rows:** one for each window, in the order in which one reads: image 0 first; in it the windows of the top row from left to
#   right, then those of the next row.
# - **Columns:** the window's pixels in the order `(c, r, s)`: first all of channel 0, read row by row, then channel 1.
# - A pixel outside the image is 0. Window `(p, q)` begins at row `p·stride - pad`, column `q·stride - pad`.
#
# By hand, for the image `[[1, 2, 3], [4, 5, 6], [7, 8, 9]]` and windows of 2 × 2:
#
# ```
# [[1, 2, 4, 5],
#  [2, 3, 5, 6],
#  [4, 5, 7, 8],
#  [5, 6, 8, 9]]
# ```
#
# Three loops over `n, p, q` with a slice inside are enough; no cleverness needed. *(8 to 10 lines)*


# %% nbgrader={"grade": false, "grade_id": "im2col", "locked": false, "schema_version": 3, "solution": true, "task": false}
def im2col(x, r, s, stride=1, pad=0):
    """x[N,C,H,W] -> cols[N*P*Q, C*r*s]"""
    N, C, H, W = x.shape
    P = (H + 2 * pad - r) // stride + 1
    Q = (W + 2 * pad - s) // stride + 1
    ### BEGIN SOLUTION
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), x.dtype)
    padded[:, :, pad : pad + H, pad : pad + W] = x
    cols = np.empty((N * P * Q, C * r * s), x.dtype)
    row = 0
    for n in range(N):
        for p in range(P):
            for q in range(Q):
                window = padded[n, :, p * stride : p * stride + r, q * stride : q * stride + s]
                cols[row] = window.reshape(-1)
                row += 1
    return cols
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_im2col", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("im2col", im2col)

# %% [markdown]
# Your own matrix, of a 4 × 4 image whose pixels are numbered from 1. Follow the 6: how often is it there, and why?

# %%
with once_filled:
    numbered = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)
    mine = im2col(numbered, 3, 3)
    display(array_grid(mine))
    print("pixel:        ", *(f"{v:3d}" for v in range(1, 17)))
    print("times copied: ", *(f"{int((mine == v).sum()):3d}" for v in range(1, 17)))

# %% [markdown]
# A pixel in the middle of a large image is in R·S windows (at stride 1), one at the edge in fewer. That is the price of the trick.

# %% [markdown]
# ## Part 2 · The filters, and the product (25 minutes, 5 points)
#
# **Write** `filters_to_matrix(w)`: `w[K,C,R,S]` in, a matrix of `C·R·S` rows and `K` columns out. Column `k` is filter `k`, in the
# same order `(c, r, s)` as a row of `cols`; only then do the right numbers meet. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "filters_to_matrix", "locked": false, "schema_version": 3, "solution": true, "task": false}
def filters_to_matrix(w):
    """w[K,C,R,S] -> matrix[C*R*S, K], a filter a column"""
    ### BEGIN SOLUTION
    return w.reshape(w.shape[0], -1).T
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_filters_to_matrix", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("filters_to_matrix", filters_to_matrix)

# %% [markdown]
# **Write** `conv2d_im2col`: lower, multiply (with `@`: this time the library's product is the point), add the bias,
# and bring the result into the shape `[N, K, P, Q]`.
#
# The product has the shape `(N·P·Q, K)`: its rows are `(n, p, q)`, and `k` runs fastest. `reshape` only ever cuts the line of
# memory into other pieces; to *move* an axis use `np.moveaxis` or `transpose`. *(5 to 7 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv2d_im2col", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_im2col(x, w, bias=None, stride=1, pad=0):
    """x[N,C,H,W] * w[K,C,R,S] + bias[K] -> oa[N,K,P,Q]"""
    N, C, H, W = x.shape
    K, _, R, S = w.shape
    P = (H + 2 * pad - R) // stride + 1
    Q = (W + 2 * pad - S) // stride + 1
    ### BEGIN SOLUTION
    product = im2col(x, R, S, stride, pad) @ filters_to_matrix(w)  # (N·P·Q, K)
    if bias is not None:
        product = product + bias
    return np.moveaxis(product.reshape(N, P, Q, K), 3, 1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_conv2d_im2col", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("conv2d_im2col", conv2d_im2col)

# %% [markdown]
# ### The whole first layer of AlexNet
#
# In lab 01 your loops worked for seconds on a small piece of the photograph, with 8 filters. Now all 64 filters of 3 × 11 × 11, stride
# 4, pad 2, on 224 × 224 pixels: 70 million MACs. (The filters are drawn by a formula and stand for trained ones.)

# %%
photo = photograph("china")[:, :, 100:324, 200:424]
filters = first_layer_filters(64, 11)
layer = ConvShape(N=1, C=3, H=224, W=224, K=64, R=11, S=11, stride=4, pad=2)
with once_filled:
    conv2d_im2col(photo, filters, stride=4, pad=2)  # once without looking: the first call warms up
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        maps = conv2d_im2col(photo, filters, stride=4, pad=2)
        seconds.append(time.perf_counter() - start)
    print(f"{layer.macs:,} MACs in {1e3 * np.median(seconds):.0f} ms")
    chosen = [0, 4, 8, 24, 32, 36, 48]
    display(show([photo[0], *maps[0, chosen]], ["the photograph", *(f"output {k}" for k in chosen)], columns=4))

# %% [markdown]
# ### Edges, at full size
#
# The edge filters of lab 01, now on the whole photograph, in colour: each filter adds up all three channels.

# %%
whole = photograph("china")
sobel = np.array([[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]], np.float32)
edge_filters = np.repeat(sobel[:, None], 3, axis=1)  # the same in red, green and blue
with once_filled:
    upright, level = conv2d_im2col(whole, edge_filters, pad=1)[0]
    strength = np.hypot(upright, level)
    display(show([whole[0], strength], ["the photograph", "strength of the edges"], columns=2, width=4.5))

# %% [markdown]
# ### The same MACs, another speed (shown, never marked)
#
# Several ways to the same numbers (they are compared before they are timed), each with the same number of MACs. The loops get a smaller
# layer, or we would wait; GFLOP/s can be compared all the same. The **roof** is what one core of this machine can do at most.

# %%
from course_lib import conv2d
from course_lib.machine.host import measure_peak


def direct(x, w):
    """The seven loops of lab 01, no padding."""
    (N, C, H, W), (K, _, R, S) = x.shape, w.shape
    oa = np.zeros((N, K, H - R + 1, W - S + 1))
    for n, k, p, q in np.ndindex(oa.shape):
        for c in range(C):
            for r in range(R):
                for s in range(S):
                    oa[n, k, p, q] += x[n, c, p + r, q + s] * w[k, c, r, s]
    return oa


def median_seconds(fn, repeat):
    fn()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


import torch
from threadpoolctl import threadpool_limits

torch.set_num_threads(1)
with once_filled, threadpool_limits(1):
    roof = measure_peak(threads=1)
    small = ConvShape(N=1, C=3, H=30, W=30, K=8, R=3, S=3)
    course = ConvShape(N=1, C=3, H=56, W=56, K=64, R=3, S=3)
    rng = np.random.default_rng(0)
    x_small = rng.standard_normal(small.ia_shape, np.float32)
    w_small = rng.standard_normal(small.wt_shape, np.float32)
    x = rng.standard_normal(course.ia_shape, np.float32)
    w = rng.standard_normal(course.wt_shape, np.float32)
    cols, matrix = im2col(x, 3, 3), filters_to_matrix(w)
    tx, tw = torch.from_numpy(x), torch.from_numpy(w)
    # compared before timed: what is not equal is not worth timing
    np.testing.assert_allclose(conv2d_im2col(x_small, w_small), direct(x_small, w_small), atol=1e-4)
    for other in (conv2d(x, w, algorithm="im2col"), torch.nn.functional.conv2d(tx, tw).numpy()):
        np.testing.assert_allclose(conv2d_im2col(x, w), other, atol=1e-4)
    rows = []
    for what, macs, fn, repeat in (
        ("seven loops in Python (a smaller layer)", small.macs, lambda: direct(x_small, w_small), 1),
        ("your conv2d_im2col", course.macs, lambda: conv2d_im2col(x, w), 7),
        ("the course's im2col and product", course.macs, lambda: conv2d(x, w, algorithm="im2col"), 15),
        ("the matrix product alone", course.macs, lambda: cols @ matrix, 15),
        ("torch's convolution", course.macs, lambda: torch.nn.functional.conv2d(tx, tw), 15),
    ):
        speed = 2 * macs / median_seconds(fn, repeat) / 1e9
        rows.append({"what": what, "GFLOP/s": speed, "% of the roof": 100 * speed / roof.one})
    display(Report.of(rows, note=f"All on one core, whose roof is {roof.one:,.0f} GFLOP/s"))

# %% [markdown]
# Nearly all the time of your function goes into *copying*, window by window in Python; the product itself is quick. The course's own
# im2col copies a whole tap (r, s) at a time, all windows at once: R·S large copies in place of P·Q small ones.
# (`course_lib/conv/im2col.py`. If you have time left, try it in yours: the check stays green and the photograph gets faster.)

# %% [markdown]
# ## Part 3 · What it costs in memory (10 minutes, 2 points)
#
# **Write** `im2col_workspace(shape)`: the bytes of the lowered matrix in float32, for the whole batch. `shape` is a `ConvShape`: it has
# `N C H W K R S`, and `P` and `Q` with stride and padding already in them. Nothing is run, no array is made. *(1 line)*
#
# (Your `im2col` lowers all N images at once, so N is a factor. The course's own `course_lib.conv.im2col` lowers one image after another
# into the same columns, and its `workspace` is 1/N of yours: a first way to save memory, for nothing.)


# %% nbgrader={"grade": false, "grade_id": "im2col_workspace", "locked": false, "schema_version": 3, "solution": true, "task": false}
def im2col_workspace(shape):
    """Bytes of cols[N*P*Q, C*R*S] in float32"""
    ### BEGIN SOLUTION
    return 4 * shape.N * shape.P * shape.Q * shape.C * shape.R * shape.S
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_im2col_workspace", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("im2col_workspace", im2col_workspace)

# %% [markdown]
# ### Your guess, and the truth

# %%
with once_filled:
    elements = im2col_workspace(course) // 4
    image = course.C * course.H * course.W
    guess = predict("how many times larger the lowered matrix is", lowered_ratio())
    display(guess.compare(round(elements / image, 2)))
    print(f"{elements:,} elements lowered, {image:,} in the image; your own im2col made {cols.size:,}.")

# %% [markdown]
# And for whole networks? Here are the layers of VGG-16 and their lowered matrices, one picture at a time. Look at the second layer.

# %%
from course_lib.zoo import NETWORKS

with once_filled:
    rows = []
    for name, shape in NETWORKS["vgg16"].convs:
        rows.append(
            {
                "layer": name,
                "input MB": 4 * shape.C * shape.H * shape.W / 1e6,
                "lowered MB": im2col_workspace(shape) / 1e6,
                "times": im2col_workspace(shape) / (4 * shape.C * shape.H * shape.W),
                "million MACs": shape.macs / 1e6,
            }
        )
    display(Report.of(rows, title="VGG-16, im2col in float32, one picture"))

# %% [markdown]
# ## Part 4 · The way back (20 minutes, 3 points)
#
# Training asks: if output changes, how does each *pixel* have to change? A pixel was copied into several windows, and each of them sends an
# answer back. The pixel gets the **sum** of them. That is `col2im`: every number of `cols` is *added* back where im2col took it from.
#
# **Write** `col2im(cols, shape, r, s, stride, pad)`. `shape` is `(N, C, H, W)` of the image. Start from zeros; numbers that fall on the
# padding are lost. *(8 to 10 lines: the loops of im2col, with the sides of the assignment exchanged)*


# %% nbgrader={"grade": false, "grade_id": "col2im", "locked": false, "schema_version": 3, "solution": true, "task": false}
def col2im(cols, shape, r, s, stride=1, pad=0):
    """cols[N*P*Q, C*r*s] -> x[N,C,H,W]; numbers that meet in a pixel are added"""
    N, C, H, W = shape
    P = (H + 2 * pad - r) // stride + 1
    Q = (W + 2 * pad - s) // stride + 1
    ### BEGIN SOLUTION
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), cols.dtype)
    row = 0
    for n in range(N):
        for p in range(P):
            for q in range(Q):
                window = padded[n, :, p * stride : p * stride + r, q * stride : q * stride + s]
                window += cols[row].reshape(C, r, s)
                row += 1
    return padded[:, :, pad : pad + H, pad : pad + W]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_col2im", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("col2im", col2im)

# %% [markdown]
# col2im does not undo im2col: it adds up. Of a picture of ones it makes a map of how often each pixel was copied. And it *is* the
# gradient: torch finds the same by its own way.

# %%
with once_filled:
    ones = np.ones((1, 1, 6, 8), np.float32)
    display(array_grid(col2im(im2col(ones, 3, 3), ones.shape, 3, 3)[0, 0]))

    tx = torch.from_numpy(x).requires_grad_()
    out = torch.nn.functional.conv2d(tx, tw)
    upstream = torch.ones_like(out)
    out.backward(upstream)
    # each output's change, shared out to the pixels of its window: (N·P·Q, K) @ (K, C·R·S), then back to the image
    upstream_rows = np.ones((course.P * course.Q, course.K), np.float32)
    back = col2im(upstream_rows @ matrix.T, x.shape, 3, 3)
    apart = np.abs(back - tx.grad.numpy()).max() / np.abs(back).max()
    print(f"largest difference to torch's gradient, relative: {apart:.1e}")

# %% [markdown]
# ### A surprise
#
# Is a matrix product always fast, then? Here are the products of four kinds of layer. In a *depthwise* layer each filter sees a single
# channel, so each channel has a product of its own, and its filter matrix has a single column. Before you run it: which is slowest?

# %%
with once_filled, threadpool_limits(1):
    rows = []
    for what, m, k, n in (
        ("3x3, 64 -> 64 channels, 56x56", 54 * 54, 64 * 9, 64),
        ("1x1, 64 -> 64 channels, 56x56", 56 * 56, 64, 64),
        ("3x3 of the first layer, 3 -> 64", 54 * 54, 3 * 9, 64),
        ("depthwise 3x3, one channel of 64", 54 * 54, 9, 1),
    ):
        a, b = rng.standard_normal((m, k), np.float32), rng.standard_normal((k, n), np.float32)
        seconds = median_seconds(lambda a=a, b=b: a @ b, 15)
        per_byte = m * k * n / (4 * (m * k + k * n + m * n))
        speed = 2e-9 * m * k * n / seconds
        rows.append({"layer": what, "product": f"{m}x{k} @ {k}x{n}", "MACs per byte": per_byte, "GFLOP/s": speed})
    display(Report.of(rows, title="The matrix product alone"))

# %% [markdown]
# ## To think about (4 points, graded by hand)
#
# `conv2d_im2col` does exactly as many MACs as the seven loops, writes and reads a matrix many times as large as the image on top of it, and is faster
# all the same. **Why?** And for which layers is im2col a bad idea? Use at least two numbers from your own tables.
#
# Half a page at most. What earns the points:
#
# | points | for |
# |---|---|
# | 1 | where the time of the loops goes (it is not the multiplying), with a measured number |
# | 1 | what the matrix product can do with a regular layout that the loops cannot: neighbours in memory, reuse in the cache, vectors |
# | 1 | a kind of layer for which im2col is a bad idea, with a number: memory, or MACs per byte |
# | 1 | what one could do for such a layer instead |

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain_im2col", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The loops reach a tiny part of the roof (see the table): for each MAC, Python interprets an index expression, makes objects for the two
# numbers and looks up where they lie; the multiplication itself takes a fraction of a nanosecond of that. The product runs
# machine code without any of this, and after lowering both matrices are read along the line of memory: every cache line that is
# fetched is used whole, pieces of both are used many times while they are in the cache, and 8 or 16 numbers are multiplied
# by one vector instruction. That gains far more than copying the windows costs, and the copy is small work beside K products
# for each copied number (64 here).
#
# It is a bad idea where each copied number is used only once or twice. In a depthwise layer one filter sees one channel: the product has a
# single column, a fraction of a MAC for each byte moved (0.2 in my table against about 14 for the 3x3 layer), so the memory sets the pace, and
# the copy makes it nine times as much. It is also bad where memory is scarce: VGG-16's second layer needs 116 MB of workspace for an
# input of 13 MB.
#
# Instead: compute the depthwise layer directly, with the loops in machine code; form the windows piece by piece in the cache and multiply at once
# (implicit GEMM); or lower along one axis only (MEC, part C), which needs about a third of the memory for 3x3 filters.
# ### END SOLUTION

# %% [markdown]
# ---
# **Done?** Run everything once more from the top, look that every check is green, save, and hand in this one file.
# `course check labs/03_gemm` in a terminal runs all checks in one go.
