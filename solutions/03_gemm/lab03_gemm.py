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
# # Lab 03 · One product: loop order, im2col, MEC
#
# Seven loops in Python take seconds for a picture. A matrix product of the same number of multiply-accumulates takes milliseconds: people
# have polished it for fifty years. This lab asks three things. **Part A:** why does the *order* of three loops decide how fast a product is?
# **Part B:** can a convolution be *written* as a matrix product? It can, by copying: **im2col**. **Part C:** does it have to copy so much?
# It does not: **MEC**, which lowers along the width only.
#
# By the end you can
#
# - say from a loop order, before running it, who is read along its rows and who is not, and count the misses;
# - tile a product for a cache, keep sums in registers, and pack an operand so that it is read in one run;
# - lower an image into a matrix whose rows are the windows of the convolution, and go the way back (col2im);
# - say to the byte what that costs in memory, and do with a third of it.
#
# **Time:** three sittings: part A about 75 minutes, part B about 90, part C about 45.  **You need:** lab 01 (the output size, the seven loops).
#
# **How it works.** A cell with `# your code here` is a blank. The cell below it checks it on small cases and shows the smallest one
# that fails, with a hint. Points are for right values and for *counts*: your function also runs on arrays that write down every
# load and store, so the order of your loops is read off the addresses they touch. Points are never for speed.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import time

import numpy as np
from IPython.display import display

from course_lib import ConvShape, record
from course_lib.check import check, predict
from course_lib.exercises.notebook import first_layer_filters, once_filled, photograph, show
from course_lib.machine import Cache, simulate
from course_lib.records import Report
from course_lib.views import array_grid, im2col_filling

# %% [markdown]
# # Part A · The product (75 minutes, 19 points)
#
# $$c_{ij} = \sum_k a_{ik} \cdot b_{kj}$$
#
# Three loops, which may stand in any order: the same sums, the same numbers. This is the order of the definition:


# %%
def matmul_ijk(a, b):
    """a[M,K] @ b[K,N] -> c[M,N]"""
    (M, K), N = a.shape, b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for j in range(N):
            for k in range(K):
                c[i, j] += a[i, k] * b[k, j]
    return c


# %% [markdown]
# ## Before you begin: a guess (1 point)
#
# Memory hands out **lines** of 64 bytes: 16 neighbours in float32. `a` is 2 × 24, `b` is 24 × 512; the cache holds 32 KiB, more than half of `b`, in 64
# sets of 8 lines. In the loops above `k` is innermost, so `b` is read *down a column*. Put `j` innermost, and `b` is read *along a row*.
#
# **How many times as many misses has the first?** Any number from 0 to 100 earns the point. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "misses_ratio", "locked": false, "schema_version": 3, "solution": true, "task": false}
def misses_ratio() -> float:
    """My guess: misses of i j k for each miss of i k j."""
    ### BEGIN SOLUTION
    return 4.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_misses_ratio", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("misses_ratio", misses_ratio)

# %% [markdown]
# ## A1 · Along rows (20 minutes, 7 points)
#
# **Write** `matmul_ikj`: the same three loops, `i` outside, `k` in the middle, `j` inside. *(5 lines)* Three things are checked: the values; that the numbers of `b` come in
# the order of these loops; and that a cache of 32 KiB misses no more than once a line.


# %% nbgrader={"grade": false, "grade_id": "matmul_ikj", "locked": false, "schema_version": 3, "solution": true, "task": false}
def matmul_ikj(a, b):
    """a[M,K] @ b[K,N] -> c[M,N]; for i, for k, for j"""
    (M, K), N = a.shape, b.shape[1]
    c = np.zeros((M, N), a.dtype)
    ### BEGIN SOLUTION
    for i in range(M):
        for k in range(K):
            for j in range(N):
                c[i, j] += a[i, k] * b[k, j]
    ### END SOLUTION
    return c


# %% nbgrader={"grade": true, "grade_id": "check_matmul_ikj", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("matmul_ikj", matmul_ikj)

# %% [markdown]
# Your own loops in the simulated cache, beside those of the definition. `record` runs a function on arrays that note every access.

# %%
with once_filled:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 24)).astype(np.float32), rng.standard_normal((24, 512)).astype(np.float32)
    cache = Cache(bytes=32 * 1024, line=64, ways=8)
    rows, found = [], {}
    for name, function in (("i j k", matmul_ijk), ("i k j", matmul_ikj)):
        _, trace = record(function, a, b)
        table = simulate(trace, [cache])
        found[name] = sum(table["misses"])
        rows.append(
            {"loops": name, **{f"misses of {t}": m for t, m in zip(table["tensor"], table["misses"], strict=True)}, "MACs": trace.macs}
        )
    display(Report.of(rows, title="32 KiB, lines of 64 bytes, 8 ways"))
    display(predict("misses of i j k for each of i k j", misses_ratio()).compare(round(found["i j k"] / found["i k j"], 1)))

# %% [markdown]
# Down a column, *every* access to `b` misses, although the cache could hold most of `b`. Rows of 512 floats lie 2,048 bytes = 32 lines apart,
# so the 24 lines of a column fall into only 2 of the 64 sets: 16 places for 24 lines, and the line that goes is the one needed next.
# (With 520 columns in place of 512 it would be otherwise. Try it.)
#
# ### What if an operand is stored on its side?
#
# Then another order reads along rows. **Write** the product for `at[K,M]`, the transpose of `a`, in the order `k i j` *(5 lines)* ...


# %% nbgrader={"grade": false, "grade_id": "matmul_at", "locked": false, "schema_version": 3, "solution": true, "task": false}
def matmul_at(at, b):
    """at[K,M], b[K,N] -> c[M,N]; for k, for i, for j"""
    (K, M), N = at.shape, b.shape[1]
    c = np.zeros((M, N), at.dtype)
    ### BEGIN SOLUTION
    for k in range(K):
        for i in range(M):
            for j in range(N):
                c[i, j] += at[k, i] * b[k, j]
    ### END SOLUTION
    return c


# %% nbgrader={"grade": true, "grade_id": "check_matmul_at", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("matmul_at", matmul_at)

# %% [markdown]
# ... and for `bt[N,K]`, the transpose of `b`, in the order `i j k`. Here a number of `c` is complete after the innermost loop: let its sum grow in a **variable**
# (a register) and store it once. *(6 lines)*


# %% nbgrader={"grade": false, "grade_id": "matmul_bt", "locked": false, "schema_version": 3, "solution": true, "task": false}
def matmul_bt(a, bt):
    """a[M,K], bt[N,K] -> c[M,N]; for i, for j, for k, the sum in a variable"""
    (M, K), N = a.shape, bt.shape[0]
    c = np.zeros((M, N), a.dtype)
    ### BEGIN SOLUTION
    for i in range(M):
        for j in range(N):
            total = 0
            for k in range(K):
                total += a[i, k] * bt[j, k]
            c[i, j] = total
    ### END SOLUTION
    return c


# %% nbgrader={"grade": true, "grade_id": "check_matmul_bt", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("matmul_bt", matmul_bt)

# %% [markdown]
# ## A2 · Tiles (20 minutes, 5 points)
#
# Reading along rows uses every number of a line, *once*. But each number of `b` is needed M times, and by the time `i` takes its next step it has gone. So work on **tiles**:
# a block of `a`, one of `b` and one of `c`, all three in the cache together, and everything that can be done with them is done before the next are fetched.
#
# **Write** `best_tile`: three tiles of t × t float32 are to fit into `cache_bytes`; take the largest whole `t`, and cut it down where M, N or K is smaller. *(2 lines)*


# %% nbgrader={"grade": false, "grade_id": "best_tile", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_tile(M, N, K, cache_bytes):
    """(ti, tj, tk): tile sizes along M, N and K for float32"""
    ### BEGIN SOLUTION
    t = int((cache_bytes / (3 * 4)) ** 0.5)
    return min(t, M), min(t, N), min(t, K)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_best_tile", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("best_tile", best_tile)

# %% [markdown]
# **Write** `matmul_tiled`: three loops over tiles around three loops inside a tile. Sizes need not divide: the last tile is smaller. *(8 lines)*
# Counted are the multiply-accumulates, and the elements that travel between memory and a cache of S = 256 numbers: at most four times 2·M·N·K/√S. (No
# program can move less than about 2·M·N·K/√S; chapter 4 has the proof.)


# %% nbgrader={"grade": false, "grade_id": "matmul_tiled", "locked": false, "schema_version": 3, "solution": true, "task": false}
def matmul_tiled(a, b, ti, tj, tk):
    """a[M,K] @ b[K,N] -> c[M,N] in tiles of ti rows, tj columns, tk along the sum"""
    (M, K), N = a.shape, b.shape[1]
    c = np.zeros((M, N), a.dtype)
    ### BEGIN SOLUTION
    for i_t in range(0, M, ti):
        for j_t in range(0, N, tj):
            for k_t in range(0, K, tk):
                for i in range(i_t, min(i_t + ti, M)):
                    for k in range(k_t, min(k_t + tk, K)):
                        for j in range(j_t, min(j_t + tj, N)):
                            c[i, j] += a[i, k] * b[k, j]
    ### END SOLUTION
    return c


# %% nbgrader={"grade": true, "grade_id": "check_matmul_tiled", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("matmul_tiled", matmul_tiled)

# %%
with once_filled:
    a, b = rng.standard_normal((24, 24)).astype(np.float32), rng.standard_normal((24, 24)).astype(np.float32)
    small = Cache(bytes=4 * 256, line=16, ways=0)
    least, rows = 2 * 24**3 / 256**0.5, []
    for t in (1, 2, 4, 8, 12, 24):
        _, trace = record(matmul_tiled, a, b, t, t, t)
        table = simulate(trace, [small])
        moved = (sum(table["bytes in"]) + sum(table["bytes out"])) // 4
        rows.append({"tile": t, "three tiles, numbers": 3 * t * t, "elements moved": moved, "times 2MNK/sqrt(S)": moved / least})
    display(Report.of(rows, title=f"24 x 24 x 24, a cache of 256 numbers; best_tile says {best_tile(24, 24, 24, 1024)[0]}"))

# %% [markdown]
# ## A3 · Registers and panels (35 minutes, 6 points)
#
# Nearer than any cache are the **registers**. `a[i, k]`, once loaded, can serve four columns of `b`, and four sums that do not wait for each other keep a processor busy.
#
# **Write** `matmul_unrolled`: for each row of `c`, four columns at a time in four variables; columns left over go one by one. *(about 14 lines)*


# %% nbgrader={"grade": false, "grade_id": "matmul_unrolled", "locked": false, "schema_version": 3, "solution": true, "task": false}
def matmul_unrolled(a, b):
    """a[M,K] @ b[K,N] -> c[M,N]; four sums of a row at a time"""
    (M, K), N = a.shape, b.shape[1]
    c = np.zeros((M, N), a.dtype)
    ### BEGIN SOLUTION
    fours = N - N % 4
    for i in range(M):
        for j in range(0, fours, 4):
            c0 = c1 = c2 = c3 = 0
            for k in range(K):
                one = a[i, k]
                c0 += one * b[k, j]
                c1 += one * b[k, j + 1]
                c2 += one * b[k, j + 2]
                c3 += one * b[k, j + 3]
            c[i, j], c[i, j + 1], c[i, j + 2], c[i, j + 3] = c0, c1, c2, c3
        for j in range(fours, N):
            total = 0
            for k in range(K):
                total += a[i, k] * b[k, j]
            c[i, j] = total
    ### END SOLUTION
    return c


# %% nbgrader={"grade": true, "grade_id": "check_matmul_unrolled", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("matmul_unrolled", matmul_unrolled)

# %% [markdown]
# Now `b` is read four numbers here, four numbers a row further down. Fast libraries therefore **pack** it first: cut into panels of `nr` columns, each copied so that it lies
# in memory as it will be read, row after row. The last panel is filled up with zeros.
#
# By hand, 2 × 3 in panels of 2: `[[1, 2, 3], [4, 5, 6]]` becomes `[[[1, 2], [4, 5]], [[3, 0], [6, 0]]]`.
#
# **Write** `pack_panels(b, nr)` *(5 lines)*, and `matmul_packed(a, panels, N)`, which reads each panel in one run for each row of `a`, `nr` sums at a time. *(8 lines)*


# %% nbgrader={"grade": false, "grade_id": "pack_panels", "locked": false, "schema_version": 3, "solution": true, "task": false}
def pack_panels(b, nr):
    """b[K,N] -> panels[ceil(N/nr), K, nr]"""
    K, N = b.shape
    ### BEGIN SOLUTION
    panels = np.zeros((-(-N // nr), K, nr), b.dtype)
    for p in range(len(panels)):
        part = b[:, p * nr : (p + 1) * nr]
        panels[p, :, : part.shape[1]] = part
    return panels
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_pack_panels", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("pack_panels", pack_panels)


# %% nbgrader={"grade": false, "grade_id": "matmul_packed", "locked": false, "schema_version": 3, "solution": true, "task": false}
def matmul_packed(a, panels, N):
    """a[M,K] times panels[ceil(N/nr), K, nr] -> c[M,N]"""
    (M, K), nr = a.shape, panels.shape[2]
    c = np.zeros((M, N), a.dtype)
    ### BEGIN SOLUTION
    for p in range(len(panels)):
        for i in range(M):
            sums = [0] * nr
            for k in range(K):
                one = a[i, k]
                for j in range(nr):
                    sums[j] += one * panels[p, k, j]
            for j in range(min(nr, N - p * nr)):
                c[i, p * nr + j] = sums[j]
    ### END SOLUTION
    return c


# %% nbgrader={"grade": true, "grade_id": "check_matmul_packed", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("matmul_packed", matmul_packed)

# %% [markdown]
# ### The whole ladder, as machine code
#
# Python hides most of what you have won: it takes the same time for a miss and a hit. Here are your steps as machine code (`course_lib/gemm/ladder.py`), each under
# the roof of the machine that recorded them. Step through it: what does each step gain, and where does it stop gaining?

# %%
from course_lib.gemm.times import gemm_times
from course_lib.views import ladder_curves

ladder_curves(gemm_times("ladder"), gemm_times("roof")["peak GFLOP/s"][0])

# %% [markdown]
# ### A surprise: the compiler
#
# "A good compiler makes the loop order unimportant." Does it? Here is the same product of order 512 as machine code, compiled with no effort (0), with some (2) and with all (3).
# **Before you look:** is i j k *closer* to i k j at effort 3 than at effort 0, or further away?

# %%
display(gemm_times("effort"))
# measure it on your own machine (about a minute): display(gemm_times("effort", measure=True))

# %% [markdown]
# Further away. With no effort each turn of the loop computes addresses anew and keeps its counters in memory; waiting for the cache hardly shows beside that. With all effort the inner loop of
# i k j works on 16 neighbours of `b` and `c` at a time. For i j k the compiler may not do the like: a column has no neighbours, and its one long sum would have to be added up in another order, which
# changes a floating-point result. **The better the code, the more the memory decides.** (Find the two numbers in the table that say so; you may want them for the question at the end of part B.)

# %% [markdown]
# # Part B · Convolution as one product (90 minutes, 19 points)

# %% [markdown]
# ## Before you begin: another guess (1 point)
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
# ## B1 · From image to matrix (30 minutes, 4 points)
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
# ## B2 · The filters, and the product (25 minutes, 5 points)
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
    small = ConvShape(N=1, C=3, H=20, W=20, K=8, R=3, S=3)
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
# ## B3 · What it costs in memory (10 minutes, 2 points)
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
# ## B4 · The way back (20 minutes, 3 points)
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
    torch.nn.functional.conv2d(tx, tw).sum().backward()  # in a sum every output counts once
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
# ### To think about (4 points, graded by hand)
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
# (implicit GEMM); or lower along one axis only (part C), which needs about a third of the memory for 3x3 filters.
# ### END SOLUTION

# %% [markdown]
# # Part C · MEC: a third of the memory (45 minutes, 10 points)
#
# im2col copies each pixel up to R·S times. Most of that is needless. Look at the windows of output rows p and p + 1: they share R - 1 of their R rows. MEC (Cho and Brand, 2017) copies
# only along the **width**: one *strip* for each output column, from the top of the image to its bottom, S columns wide. The windows of a strip
# overlap *in memory*: window p + 1 is window p, moved on by one row of the strip. No copy is needed for them.
#
# $$\text{im2col: } N \cdot P \cdot Q \cdot C \cdot R \cdot S \qquad \text{MEC: } N \cdot Q \cdot (H + 2\,\text{pad}) \cdot S \cdot C$$

# %%
from course_lib.views import mec_partitions

mec_partitions(ConvShape(N=1, C=1, H=7, W=7, K=1, R=3, S=3))

# %% [markdown]
# ## C1 · Strips (15 minutes, 3 points)
#
# **Write** `mec_lower(x, s, stride, pad)`: `x[N,C,H,W]` in, `low[N, Q, H + 2·pad, s, C]` out. `low[n, q]` is strip q of image n: columns q·stride to q·stride + s of the padded
# image, row by row, and in a row column by column, *channels fastest*. *(6 lines)*


# %% nbgrader={"grade": false, "grade_id": "mec_lower", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mec_lower(x, s, stride=1, pad=0):
    """x[N,C,H,W] -> low[N, Q, H + 2 pad, s, C]"""
    N, C, H, W = x.shape
    Q = (W + 2 * pad - s) // stride + 1
    ### BEGIN SOLUTION
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), x.dtype)
    padded[:, :, pad : pad + H, pad : pad + W] = x
    low = np.empty((N, Q, H + 2 * pad, s, C), x.dtype)
    for q in range(Q):
        low[:, q] = padded[:, :, :, q * stride : q * stride + s].transpose(0, 2, 3, 1)  # N H S C
    return low
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_mec_lower", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("mec_lower", mec_lower)

# %% [markdown]
# ## C2 · The windows of an output row, without a copy (10 minutes, 2 points)
#
# As a matrix of N·Q rows, `low` has H·S·C numbers a row. Output row p needs image rows p·stride to p·stride + R: in every row of that matrix, R·S·C numbers in one run. So all windows of
# output row p are a **view**: a slice of columns. These are the partitions A, B, C, ... of the slide.
#
# **Write** `mec_rows(low, r, stride)`: the list of the P views, each of shape `[N·Q, r·S·C]`. It is checked that not a byte is copied. *(3 lines)*


# %% nbgrader={"grade": false, "grade_id": "mec_rows", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mec_rows(low, r, stride=1):
    """low[N,Q,H,S,C] -> a list of P views [N*Q, r*S*C] of the same memory"""
    N, Q, H, S, C = low.shape
    ### BEGIN SOLUTION
    flat = low.reshape(N * Q, H * S * C)
    P = (H - r) // stride + 1
    return [flat[:, p * stride * S * C : (p * stride + r) * S * C] for p in range(P)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_mec_rows", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("mec_rows", mec_rows)

# %%
with once_filled:
    strips = mec_lower(np.arange(1, 50, dtype=np.float32).reshape(1, 1, 7, 7), 3)
    views = mec_rows(strips, 3)
    print(f"{len(views)} views of {views[0].shape[0]} x {views[0].shape[1]}, of a buffer of {strips.size} numbers")
    print(
        "A and B share memory:",
        np.shares_memory(views[0], views[1]),
        "- B begins",
        int(views[1][0, 0] - views[0][0, 0]),
        "pixels further on in the image",
    )
    display(array_grid(views[0]), array_grid(views[1]))

# %% [markdown]
# ## C3 · The convolution (15 minutes, 3 points)
#
# P products, one an output row: view p, `[N·Q, R·S·C]`, times the filters as a matrix `[R·S·C, K]` in the same order (r, s, c). The result belongs into `out[:, :, p, :]`.
#
# Use this for the product. On plain arrays it is the library's; on recorded ones, which count every access and refuse `@`, it is three loops.


# %% nbgrader={"grade": false, "grade_id": "product_helper", "locked": true, "schema_version": 3, "solution": false, "task": false}
def product(a, b):
    """a[M,K] @ b[K,N] -> c[M,N]"""
    try:
        return a @ b
    except TypeError:  # recorded arrays are for written loops
        c = np.zeros((a.shape[0], b.shape[1]), a.dtype)
        for i in range(a.shape[0]):
            for j in range(b.shape[1]):
                for k in range(a.shape[1]):
                    c[i, j] += a[i, k] * b[k, j]
        return c


# %% [markdown]
# **Write** `conv2d_mec`. Counted is the memory you take beside the output. *(5 to 7 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv2d_mec", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_mec(x, w, stride=1, pad=0):
    """x[N,C,H,W] * w[K,C,R,S] -> out[N,K,P,Q]"""
    N, C, H, W = x.shape
    K, _, R, S = w.shape
    P = (H + 2 * pad - R) // stride + 1
    Q = (W + 2 * pad - S) // stride + 1
    out = np.zeros((N, K, P, Q), x.dtype)
    ### BEGIN SOLUTION
    filters = w.transpose(2, 3, 1, 0).reshape(R * S * C, K)
    for p, view in enumerate(mec_rows(mec_lower(x, S, stride, pad), R, stride)):
        rows = product(view, filters).reshape(N, Q, K)
        out[:, :, p, :] = rows.transpose(0, 2, 1)
    ### END SOLUTION
    return out


# %% nbgrader={"grade": true, "grade_id": "check_conv2d_mec", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("conv2d_mec", conv2d_mec)

# %% [markdown]
# ## C4 · What is saved (5 minutes, 2 points)
#
# **Write** `mec_workspace(shape)`: the bytes of the strips in float32. The rows of the padding are part of a strip: it is `H + sum(shape.pads[0])` rows tall. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "mec_workspace", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mec_workspace(shape):
    """Bytes of low[N, Q, H + top + bottom, S, C] in float32"""
    ### BEGIN SOLUTION
    return 4 * shape.N * shape.Q * (shape.H + sum(shape.pads[0])) * shape.S * shape.C
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_mec_workspace", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("mec_workspace", mec_workspace)

# %%
with once_filled:
    layers = {
        "the slide, 7x7, 3x3": ConvShape(N=1, C=1, H=7, W=7, K=1, R=3, S=3),
        "the course's layer, 3x56x56, 3x3": course,
        "AlexNet's first, 11x11, stride 4": layer,
        "VGG-16, 64x224x224, 3x3": ConvShape(N=1, C=64, H=224, W=224, K=64, R=3, S=3, pad=1),
        "a 1x1 layer, 64x56x56": ConvShape(N=1, C=64, H=56, W=56, K=64, R=1, S=1),
    }
    rows = []
    for what, shape in layers.items():
        lowered, lean = im2col_workspace(shape), mec_workspace(shape)
        rows.append(
            {
                "layer": what,
                "im2col kB": lowered / 1e3,
                "MEC kB": lean / 1e3,
                "times less": lowered / lean,
                "R / stride": shape.R / shape.strides[0],
            }
        )
    display(Report.of(rows))

# %% [markdown]
# MEC saves about R / stride: nothing for a 1 × 1 layer. And the time? As many MACs as before, in P products in place of one, and less to copy:

# %%
with once_filled, threadpool_limits(1):
    works = {"your conv2d_im2col": lambda: conv2d_im2col(x, w), "your conv2d_mec": lambda: conv2d_mec(x, w)}
    np.testing.assert_allclose(conv2d_mec(x, w), conv2d_im2col(x, w), atol=1e-4)
    display(
        Report.of(
            [{"what": name, "ms": 1e3 * median_seconds(work, 7)} for name, work in works.items()], title="the course's layer, one core"
        )
    )

# %% [markdown]
# ---
# **Done?** Run everything once more from the top, look that every check is green, save, and hand in this one file.
# `course check labs/03_gemm` in a terminal runs all checks in one go.
