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
# # Lab 05 · Fewer multiplications: Strassen and Winograd
#
# A matrix product of order n takes n³ multiplications, a 3 × 3 convolution nine an output. Who says so? The definition does; but the *result* may be had otherwise. This lab makes the same numbers
# with fewer multiplications, counts them exactly, and then asks what was paid: additions, memory, accuracy. In between stand two surprises, where fewer multiplications take
# *longer*.
#
# By the end you can
#
# - multiply matrices by Strassen's seven products, and say where the recursion should stop, and why;
# - filter by Winograd's F(2, 3) and F(4, 3), in one and two dimensions, with tiles that do not fit exactly;
# - make the transform matrices for any m and r yourself;
# - measure what each of them costs in accuracy, and say which layers it is for.
#
# **Time:** two sittings, part A (Strassen) about 45 minutes, part B (Winograd) about 75.  **You need:** labs 01 and 03.
#
# **How it works.** A cell with `# your code here` is a blank; the cell below it checks it. Points are for right values and for exact counts of multiplications, never for speed.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import time

import numpy as np
from IPython.display import display

from course_lib import ConvShape
from course_lib.check import check, predict
from course_lib.exercises.notebook import once_filled
from course_lib.records import Report
from course_lib.views import Curve, array_grid, curves

# %% [markdown]
# ## Before you begin: a guess (1 point)
#
# Winograd's F(4×4, 3×3) makes 16 outputs of a 3 × 3 filter at once. The loops need 9 multiplications an output, 144 in all. **What per cent of them does Winograd need?**
# Any number from 0 to 100 earns the point. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "mults_share", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mults_share() -> float:
    """My guess: multiplications of F(4x4,3x3), in per cent of the loops'."""
    ### BEGIN SOLUTION
    return 50.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_mults_share", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("mults_share", mults_share)

# %% [markdown]
# # Part A · Strassen (45 minutes, 8 points)
#
# Cut both matrices in four. By the book, the four quarters of c take *eight* products of quarters:
#
# $$c_{11} = a_{11} b_{11} + a_{12} b_{21} \qquad c_{12} = a_{11} b_{12} + a_{12} b_{22} \qquad \dots$$
#
# In 1969 Volker Strassen found that seven are enough:
#
# | | |
# |---|---|
# | m1 = (a11 + a22) (b11 + b22) | c11 = m1 + m4 - m5 + m7 |
# | m2 = (a21 + a22) b11 | c12 = m3 + m5 |
# | m3 = a11 (b12 - b22) | c21 = m2 + m4 |
# | m4 = a22 (b21 - b11) | c22 = m1 - m2 + m3 + m6 |
# | m5 = (a11 + a12) b22 | |
# | m6 = (a21 - a11) (b11 + b12) | |
# | m7 = (a12 - a22) (b21 + b22) | |
#
# The products of quarters are cut in four again, and so on, down to a *leaf*: there an ordinary product takes over.
#
# ## A1 · A power of two (10 minutes, 2 points)
#
# Halving must go on until the leaf. **Write** `pad_to_power_of_two(a)`: a square matrix whose side is the smallest power of two that holds both sides of `a`, with `a` in its upper left corner and zeros
# below and to the right. *(5 lines)*


# %% nbgrader={"grade": false, "grade_id": "pad_to_power_of_two", "locked": false, "schema_version": 3, "solution": true, "task": false}
def pad_to_power_of_two(a):
    """a[M,K] -> [n,n], n the smallest power of two that holds M and K"""
    ### BEGIN SOLUTION
    n = 1
    while n < max(a.shape):
        n = 2 * n
    padded = np.zeros((n, n), a.dtype)
    padded[: a.shape[0], : a.shape[1]] = a
    return padded
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_pad_to_power_of_two", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("pad_to_power_of_two", pad_to_power_of_two)

# %% [markdown]
# ## A2 · How many multiplications? (5 minutes, 2 points)
#
# **Write** `strassen_mults(n, leaf)`: how many multiplications a product of order n takes, n and leaf powers of two. Where n is no larger than the leaf, it is one ordinary product. *(4 lines)*


# %% nbgrader={"grade": false, "grade_id": "strassen_mults", "locked": false, "schema_version": 3, "solution": true, "task": false}
def strassen_mults(n, leaf):
    """Multiplications of numbers, Strassen down to products of order leaf"""
    ### BEGIN SOLUTION
    if n <= leaf:
        return n**3
    return 7 * strassen_mults(n // 2, leaf)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_strassen_mults", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("strassen_mults", strassen_mults)

# %%
with once_filled:
    rows = [
        {"leaf": leaf, "multiplications": strassen_mults(1024, leaf), "per cent of n³": 100 * strassen_mults(1024, leaf) / 1024**3}
        for leaf in (1, 4, 16, 64, 256, 1024)
    ]
    display(Report.of(rows, title="order 1024"))

# %% [markdown]
# ## A3 · The product (25 minutes, 4 points)
#
# At the leaf, use this. On plain arrays it is the library's product; on recorded ones, which count every multiplication and refuse `@`, it is three loops.


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
# **Write** `strassen(a, b, leaf)` for any `a[M,K]` and `b[K,N]`: pad both to *one* size, the power of two that holds the longest of all sides; recurse; cut the result back to `[M, N]`. A function of its own
# for the square matrices, or one that calls itself, as you like. Counted are the multiplications. *(about 25 lines)*


# %% nbgrader={"grade": false, "grade_id": "strassen", "locked": false, "schema_version": 3, "solution": true, "task": false}
def strassen(a, b, leaf=1):
    """a[M,K] @ b[K,N] -> c[M,N] by Strassen, ordinary products at order leaf"""
    ### BEGIN SOLUTION
    (M, K), N = a.shape, b.shape[1]
    n = 1
    while n < max(M, K, N):
        n = 2 * n
    big_a, big_b = np.zeros((n, n), a.dtype), np.zeros((n, n), b.dtype)
    big_a[:M, :K] = a
    big_b[:K, :N] = b

    def square(a, b):
        if len(a) <= leaf:
            return product(a, b)
        h = len(a) // 2
        a11, a12, a21, a22 = a[:h, :h], a[:h, h:], a[h:, :h], a[h:, h:]
        b11, b12, b21, b22 = b[:h, :h], b[:h, h:], b[h:, :h], b[h:, h:]
        m1 = square(a11 + a22, b11 + b22)
        m2 = square(a21 + a22, b11)
        m3 = square(a11, b12 - b22)
        m4 = square(a22, b21 - b11)
        m5 = square(a11 + a12, b22)
        m6 = square(a21 - a11, b11 + b12)
        m7 = square(a12 - a22, b21 + b22)
        c = np.zeros((2 * h, 2 * h), a.dtype)
        c[:h, :h] = m1 + m4 - m5 + m7
        c[:h, h:] = m3 + m5
        c[h:, :h] = m2 + m4
        c[h:, h:] = m1 - m2 + m3 + m6
        return c

    return square(big_a, big_b)[:M, :N]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_strassen", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("strassen", strassen)

# %% [markdown]
# ### A surprise: leaf 1
#
# The fewer multiplications the better? Your own function, order 64: multiplications, additions and time, leaf by leaf. **Before you run it:** which leaf is fastest?

# %%
from threadpoolctl import threadpool_limits


def milliseconds(work, repeat=1):
    """The median. Call `work` once before: its answer is looked at, and the first call warms up."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


with once_filled, threadpool_limits(1):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((64, 64)).astype(np.float32), rng.standard_normal((64, 64)).astype(np.float32)
    exact, rows = a.astype(float) @ b, []
    for leaf in (1, 2, 4, 8, 16, 32, 64):
        levels, answer = int(np.log2(64 // leaf)), strassen(a, b, leaf)
        additions = sum(7**d * 18 * (64 >> (d + 1)) ** 2 for d in range(levels))
        rows.append(
            {
                "leaf": leaf,
                "multiplications": strassen_mults(64, leaf),
                "additions of quarters": additions,
                "ms": milliseconds(lambda leaf=leaf: strassen(a, b, leaf)),
                "error": np.abs(answer - exact).max(),
            }
        )
    display(Report.of(rows, title="order 64, your own function"))

# %% [markdown]
# In Python the calls cost most. Without them, then: the course's Strassen above the library's product, order 1024, recorded.

# %%
from course_lib.gemm.times import gemm_times

display(gemm_times("leaf"))

# %% [markdown]
# # Part B · Winograd (75 minutes, 24 points)
#
# ## B1 · Two outputs, four multiplications (15 minutes, 3 points)
#
# A filter of three taps slides over four numbers: y0 = d0·g0 + d1·g1 + d2·g2 and y1 = d1·g0 + d2·g1 + d3·g2. Six multiplications. Or four:
#
# | | |
# |---|---|
# | m1 = (d0 - d2) · g0 | y0 = m1 + m2 + m3 |
# | m2 = (d1 + d2) · (g0 + g1 + g2) / 2 | y1 = m2 - m3 - m4 |
# | m3 = (d2 - d1) · (g0 - g1 + g2) / 2 | |
# | m4 = (d1 - d3) · g2 | |
#
# **Write** `winograd_1d`. (Halve with `/ 2`: the filter's sums are made once for all places, and a halving is counted as no multiplication.) *(5 lines)*


# %% nbgrader={"grade": false, "grade_id": "winograd_1d", "locked": false, "schema_version": 3, "solution": true, "task": false}
def winograd_1d(d, g):
    """d[4], g[3] -> y[2], four multiplications"""
    y = np.zeros(2, d.dtype)
    ### BEGIN SOLUTION
    m1 = (d[0] - d[2]) * g[0]
    m2 = (d[1] + d[2]) * ((g[0] + g[1] + g[2]) / 2)
    m3 = (d[2] - d[1]) * ((g[0] - g[1] + g[2]) / 2)
    m4 = (d[1] - d[3]) * g[2]
    y[0] = m1 + m2 + m3
    y[1] = m2 - m3 - m4
    ### END SOLUTION
    return y


# %% nbgrader={"grade": true, "grade_id": "check_winograd_1d", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("winograd_1d", winograd_1d)

# %% [markdown]
# ## B2 · Three matrices, two dimensions (15 minutes, 3 points)
#
# The sums before and after are matrices: `G` for the filter, `BT` for the data, `AT` for the outputs, and `y = AT [(G g) · (BT d)]` with an elementwise product in the middle. In two dimensions they
# stand on both sides:
#
# $$Y = A^T \big[ (G\, g\, G^T) \odot (B^T d\, B) \big] A$$

# %% nbgrader={"grade": false, "grade_id": "f23_helper", "locked": true, "schema_version": 3, "solution": false, "task": false}
AT2 = np.array([[1, 1, 1, 0], [0, 1, -1, -1]], float)
G2 = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], float)
BT2 = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]], float)
AT4 = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], float)
G4 = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], float) / 24
BT4 = np.array(
    [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]],
    float,
)


# %% [markdown]
# **Write** the three transforms. Each works on the *last two* axes of all its tiles at once; `@` does just that. *(1 line each)*


# %% nbgrader={"grade": false, "grade_id": "kernel_transform", "locked": false, "schema_version": 3, "solution": true, "task": false}
def kernel_transform(w, G):
    """w[K,C,r,r] -> u[K,C,n,n] = G w G^T"""
    ### BEGIN SOLUTION
    return G @ w @ G.T
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_kernel_transform", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("kernel_transform", kernel_transform)


# %% nbgrader={"grade": false, "grade_id": "input_transform", "locked": false, "schema_version": 3, "solution": true, "task": false}
def input_transform(d, BT):
    """d[...,n,n] -> v[...,n,n] = BT d B"""
    ### BEGIN SOLUTION
    return BT @ d @ BT.T
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_input_transform", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("input_transform", input_transform)


# %% nbgrader={"grade": false, "grade_id": "output_transform", "locked": false, "schema_version": 3, "solution": true, "task": false}
def output_transform(s, AT):
    """s[...,n,n] -> y[...,m,m] = AT s A"""
    ### BEGIN SOLUTION
    return AT @ s @ AT.T
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_output_transform", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("output_transform", output_transform)

# %%
with once_filled:
    d, g = np.arange(16.0).reshape(4, 4) % 7, np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], float)
    v, u = input_transform(d, BT2), kernel_transform(g, G2)
    print("a tile of data, transformed; the filter, transformed; 16 products; 4 outputs:")
    display(array_grid(v), array_grid(u), array_grid(v * u), array_grid(output_transform(v * u, AT2)))

# %% [markdown]
# ## B3 · A layer by tiles (25 minutes, 6 points)
#
# **Write** `winograd_conv2d(x, w, m, pad)`, stride 1, 3 × 3 filters, m = 2 or 4:
#
# 1. the filters, once: `u[K,C,n,n]`, n = m + 2
# 2. pad the image with `pad` zeros around it, and below and to the right with as many as the last tiles need: ceil(P/m) × ceil(Q/m) tiles of n × n, beginning m apart
# 3. transform all tiles: `v[N,C,Tp,Tq,n,n]`
# 4. multiply and add up over c: `s[n,k,...] = sum over c of u[k,c] · v[n,c,...]`; `np.einsum("kcij,nctuij->nktuij", u, v)` says just that
# 5. transform back, put the tiles of m × m together, cut off what is beyond P and Q.
#
# *(about 15 lines; for step 3 `np.lib.stride_tricks.sliding_window_view(x, (n, n), axis=(2, 3))[:, :, ::m, ::m]`, or loops)*


# %% nbgrader={"grade": false, "grade_id": "winograd_conv2d", "locked": false, "schema_version": 3, "solution": true, "task": false}
def winograd_conv2d(x, w, m=2, pad=0):
    """x[N,C,H,W] * w[K,C,3,3] -> oa[N,K,P,Q], stride 1, in tiles of m x m outputs"""
    N, C, H, W = x.shape
    K = w.shape[0]
    P, Q = H + 2 * pad - 2, W + 2 * pad - 2
    AT, G, BT = {2: (AT2, G2, BT2), 4: (AT4, G4, BT4)}[m]
    ### BEGIN SOLUTION
    n, tp, tq = m + 2, -(-P // m), -(-Q // m)
    AT, G, BT = (matrix.astype(x.dtype) for matrix in (AT, G, BT))
    u = kernel_transform(w, G)
    padded = np.zeros((N, C, tp * m + 2, tq * m + 2), x.dtype)
    padded[:, :, pad : pad + H, pad : pad + W] = x
    tiles = np.lib.stride_tricks.sliding_window_view(padded, (n, n), axis=(2, 3))[:, :, ::m, ::m]
    v = input_transform(tiles, BT)
    s = np.einsum("kcij,nctuij->nktuij", u, v, optimize=True)
    y = output_transform(s, AT)
    return y.transpose(0, 1, 2, 4, 3, 5).reshape(N, K, tp * m, tq * m)[:, :, :P, :Q]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_winograd_conv2d", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("winograd_conv2d", winograd_conv2d)

# %% [markdown]
# **Write** `winograd_mults(shape, m)`: the multiplications of step 4, for a whole batch; `shape` is a `ConvShape`. (The transforms multiply by constants such as 1/2 and 4, a few times a tile; libraries write them as
# additions and shifts, and they are not counted.) *(2 lines)*


# %% nbgrader={"grade": false, "grade_id": "winograd_mults", "locked": false, "schema_version": 3, "solution": true, "task": false}
def winograd_mults(shape, m):
    """Multiplications of the elementwise products of F(m x m, 3x3)"""
    ### BEGIN SOLUTION
    tiles = -(-shape.P // m) * -(-shape.Q // m)
    return shape.N * shape.K * shape.C * tiles * (m + 2) ** 2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_winograd_mults", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("winograd_mults", winograd_mults)

# %%
with once_filled:
    layer = ConvShape(N=1, C=3, H=56, W=56, K=64, R=3, S=3)
    rows = [{"algorithm": "seven loops", "multiplications": layer.macs, "times fewer": 1.0}]
    rows += [
        {"algorithm": f"F({m}x{m}, 3x3)", "multiplications": winograd_mults(layer, m), "times fewer": layer.macs / winograd_mults(layer, m)}
        for m in (2, 4, 6)
    ]
    display(Report.of(rows, title="the course's layer, 3x56x56 to 64 channels"))
    display(predict("multiplications of F(4x4,3x3), per cent", mults_share()).compare(25.0))

# %% [markdown]
# ### A surprise: three channels
#
# Four times fewer multiplications: four times as fast? Four layers, on one core: the course's Winograd (`course_lib/conv/winograd.py`) beside its im2col, both in numpy. **Before you run it:** for how many channels
# does Winograd win?

# %%
from course_lib import conv2d

with once_filled, threadpool_limits(1):
    rows = []
    for C in (3, 16, 64, 256):
        shape = ConvShape(N=1, C=C, H=56, W=56, K=64, R=3, S=3, pad=1)
        x, w = rng.standard_normal(shape.ia_shape, np.float32), rng.standard_normal(shape.wt_shape, np.float32)
        both = {name: lambda name=name, x=x, w=w: conv2d(x, w, pad=1, algorithm=name) for name in ("im2col", "winograd")}
        np.testing.assert_allclose(both["winograd"](), both["im2col"](), atol=1e-3 * C**0.5)
        ms = {name: milliseconds(work, 9) for name, work in both.items()}
        tiles = -(-shape.P // 4) * -(-shape.Q // 4)
        rows.append(
            {
                "channels": C,
                "im2col, ms": ms["im2col"],
                "Winograd, ms": ms["winograd"],
                "times as fast": ms["im2col"] / ms["winograd"],
                "million multiplications saved": (shape.macs - winograd_mults(shape, 4)) / 1e6,
                "million numbers transformed": tiles * 36 * (C + shape.K) / 1e6,
            }
        )
    display(Report.of(rows, title="56 x 56, 64 filters of 3 x 3, F(4x4)"))

# %% [markdown]
# With 3 channels there is little to save, and each of the 64 output channels must be transformed back all the same.
#
# ## B4 · Your own matrices (15 minutes, 4 points)
#
# Where do AT, G and BT come from? Filtering is a product of polynomials, and a product of polynomials is known from its values at enough points. F(m, r) needs n = m + r - 1 of them: n - 1 numbers a_0, a_1, ...,
# all different, and *infinity*.
#
# - f_i = product of (a_i - a_k) over all other points k
# - `AT[j, i] = a_i ** j`; last column: 0, and 1 in the last row
# - `G[i, j] = a_i ** j / f_i`; last row: 0, and 1 in the last column
# - `BT[i]` = the coefficients, lowest power first, of the product of (x - a_k) over all *other* points; last row: of the product over *all* points
#
# **Write** `winograd_matrices(m, r)` with the points 0, 1, -1, 2, -2, 1/2, -1/2, as many as needed. (`np.atleast_1d(np.poly(roots))` gives coefficients, *highest* power first.) Any set of matrices that filters is right. *(about 14 lines)*


# %% nbgrader={"grade": false, "grade_id": "winograd_matrices", "locked": false, "schema_version": 3, "solution": true, "task": false}
def winograd_matrices(m, r):
    """(AT[m,n], G[n,r], BT[n,n]) of F(m, r), n = m + r - 1, as float arrays"""
    n = m + r - 1
    points = [0, 1, -1, 2, -2, 0.5, -0.5][: n - 1]
    AT, G, BT = np.zeros((m, n)), np.zeros((n, r)), np.zeros((n, n))
    ### BEGIN SOLUTION
    for i, a in enumerate(points):
        others = [b for b in points if b != a]
        f = np.prod([a - b for b in others])
        AT[:, i] = [a**j for j in range(m)]
        G[i] = [a**j / f for j in range(r)]
        BT[i, : n - 1] = np.atleast_1d(np.poly(others))[::-1]
    AT[m - 1, n - 1] = 1
    G[n - 1, r - 1] = 1
    BT[n - 1] = np.atleast_1d(np.poly(points))[::-1]
    ### END SOLUTION
    return AT, G, BT


# %% nbgrader={"grade": true, "grade_id": "check_winograd_matrices", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("winograd_matrices", winograd_matrices)

# %% [markdown]
# ## B5 · What it costs in accuracy (20 minutes, 3 points)
#
# In exact arithmetic all points are equal. In floating point the entries of the matrices decide: a number is multiplied by 8, another by 1/24, and then they are subtracted.
#
# **Write** `winograd_error(d, g, AT, G, BT, dtype)`: tiles `d[T,n,n]` and filters `g[T,r,r]` in float64; round them *and the matrices* to `dtype`, filter by Winograd in `dtype`, and return the largest absolute difference to the
# convolution in float64. *(6 lines)*


# %% nbgrader={"grade": false, "grade_id": "winograd_error", "locked": false, "schema_version": 3, "solution": true, "task": false}
def winograd_error(d, g, AT, G, BT, dtype):
    """Largest |Winograd in dtype - convolution in float64| over all tiles and outputs"""
    ### BEGIN SOLUTION
    view = np.lib.stride_tricks.sliding_window_view(d, g.shape[1:], axis=(1, 2))  # T m m r r
    want = np.einsum("tyxrs,trs->tyx", view, g)
    d, g, AT, G, BT = (array.astype(dtype) for array in (d, g, AT, G, BT))
    y = output_transform(kernel_transform(g, G) * input_transform(d, BT), AT)
    return float(np.abs(y.astype(np.float64) - want).max())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_winograd_error", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("winograd_error", winograd_error)

# %% [markdown]
# Your own plot: the error of F(2), F(4) and F(6) in float32 and float16, 200 random tiles each.

# %%
with once_filled:
    found = {}
    for dtype in ("float32", "float16"):
        found[dtype] = []
        for m in (2, 4, 6):
            tiles, kernels = rng.uniform(-1, 1, (200, m + 2, m + 2)), rng.uniform(-1, 1, (200, 3, 3))
            found[dtype].append(winograd_error(tiles, kernels, *winograd_matrices(m, 3), dtype))
    lines = [Curve(dtype, [2, 4, 6], errors) for dtype, errors in found.items()]
    display(
        curves(lines, "m of F(m x m, 3 x 3)", "largest error", log_y=True),
        Report.of(
            [{"dtype": dtype, **{f"F({m}x{m})": e for m, e in zip((2, 4, 6), errors, strict=True)}} for dtype, errors in found.items()]
        ),
    )

# %% [markdown]
# ## To think about (4 points, graded by hand)
#
# You have a network of three layers: 3 → 64 channels at 224 × 224, 256 → 256 at 56 × 56, and a 1 × 1 layer of 512 → 512 at 14 × 14; once in float32 and once in float16. **For which of them would you use Winograd, and with which m?** And
# would you use Strassen for any of them? Use at least two numbers from your own tables. Half a page at most.
#
# | points | for |
# |---|---|
# | 1 | the first layer: what is saved and what the transforms cost, with a number |
# | 1 | the second layer: which m, and what the error says to it in float32 |
# | 1 | float16: why m = 4 or 6 is another matter there, with a number |
# | 1 | the 1 × 1 layer, and Strassen: why not (or when) |

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain_fast", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The first layer has three channels: F(4x4) would save three quarters of the multiplications, but each output channel has to be transformed back for only three
# products a number; in my table Winograd is slower there, or just as fast, while it wins clearly from 64 channels on. So: no Winograd.
#
# The second layer has 256 channels in and out, so both transforms are shared out over 256 products, and the saving of 4 is worth nearly what it says. In float32 the error of F(4x4) is
# some ten times that of F(2x2) and still below 1e-4 in my plot: F(4x4). F(6x6) would save 5.06, a little more, for a larger error still.
#
# In float16 the error of F(4x4) is about 0.05 and more for numbers of size one: entries such as 8 and 1/24 cost digits of which there are only three. There F(2x2) at most, or the sums in float32.
#
# A 1 x 1 layer has no taps to share: Winograd saves nothing, it is a matrix product of 512 x 512 by 512 x 196. Strassen would save an eighth a level and costs eighteen additions of quarters, which move memory without
# reuse; in the recorded table it is slower at every leaf below 1024, so for 512 certainly not.
# ### END SOLUTION

# %% [markdown]
# ---
# **Done?** Run everything once more from the top, look that every check is green, save, and hand in this one file.
# `course check labs/05_fast` in a terminal runs all checks in one go.
