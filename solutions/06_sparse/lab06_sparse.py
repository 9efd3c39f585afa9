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
# # Lab 06 · Sparse convolution: what a zero costs
#
# Nine weights of ten may be zero and the network still answers as well. Nine multiplications of ten need not be done. So it runs ten times as fast? That is what this lab is about: **a zero that has to be looked at is not free**,
# and a number that has to be looked for is dearer than its neighbour.
#
# By the end you can
#
# - skip zeros in the obvious way, count to the cycle what the skipping costs, and say why it is slow;
# - write a matrix down as CSR and as CSC, and read it back, empty rows and all;
# - convolve with CSR after im2col, and by *direct sparse convolution*, which lowers nothing;
# - say from which density on sparse pays on a machine, and check it;
# - convolve a cloud of points so that it stays a cloud of points.
#
# **Time:** two sittings, parts A and B about 75 minutes, C to E about 100.  **You need:** lab 03 (im2col).
#
# **How it works.** A cell with `# your code here` is a blank. The cell below it checks it on small cases and shows the smallest one that fails, with a hint. Points are for right values and for exact
# *counts* (multiply-accumulates, bytes allocated, the order of addresses), never for speed.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import time
from functools import partial

import numpy as np
from IPython.display import display

from course_lib import ConvShape, compile_conv2d, record
from course_lib.bench import timed
from course_lib.check import check
from course_lib.exercises.notebook import once_filled
from course_lib.machine.pipeline import run, sparse_naive
from course_lib.records import Report
from course_lib.sparse import dilated, fitted_machine, point_cloud
from course_lib.views import active_places, direct_steps, format_building, pipeline_view

x_example = np.arange(30.0).reshape(1, 5, 6) % 7
w_example = np.array([[[[1.0, 0, 2], [0, 0, 0], [0, -1, 0]]]])  # 3 of 9 weights are not zero
a_example = np.array([[0, 5.0, 0, 0], [0, 0, 0, 0], [7, 0, 8, 0], [0, -3, 0, 2]])

# %% [markdown]
# ## Before you begin: a guess (1 point)
#
# A layer of 64 channels, 56 × 56 pixels, 64 filters of 3 × 3. Of its weights **60 %** are zero. They are stored as a sparse matrix (CSR), the windows are lowered (im2col), and a well-tried library multiplies the two.
# **How many times as fast as the dense convolution is that?** (2.5 would be what the saved multiplications promise, 0.5 half as fast.) Any number from above 0 to 100 earns the point. The truth is in part D. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "csr_speed", "locked": false, "schema_version": 3, "solution": true, "task": false}
def csr_speed() -> float:
    """My guess: speed of CSR after im2col at 60 % zeros, dense = 1."""
    ### BEGIN SOLUTION
    return 2.5
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_csr_speed", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("csr_speed", csr_speed)

# %% [markdown]
# # Part A · Looking at every weight (35 minutes, 5 points)
#
# The lecture's algorithm 1:
#
#     for all w[i]:
#         if w[i] = 0: continue
#         Y += X · w[i]
#
# **Write** `conv2d_skip(x, w)`: one picture `x[C,H,W]`, filters `w[K,C,R,S]`, no padding, stride 1. The weights outside, the pixels inside; a weight of zero goes on to the next. Plain loops. *(8 to 10 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv2d_skip", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_skip(x, w):
    """x[C,H,W] * w[K,C,R,S] -> out[K,P,Q], zeros skipped"""
    C, H, W = x.shape
    K, _, R, S = w.shape
    P, Q = H - R + 1, W - S + 1
    out = np.zeros((K, P, Q))
    ### BEGIN SOLUTION
    for k in range(K):
        for c in range(C):
            for r in range(R):
                for s in range(S):
                    weight = w[k, c, r, s]
                    if weight == 0:
                        continue
                    for p in range(P):
                        for q in range(Q):
                            out[k, p, q] += weight * x[c, p + r, q + s]
    return out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_conv2d_skip", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("conv2d_skip", conv2d_skip)

# %%
with once_filled:
    _, trace = record(conv2d_skip, x_example, w_example)
    print(trace)
    looked = trace.marks["compare"]
    print(f"{trace.macs} multiply-accumulates for 3 of 9 weights and 12 pixels; {looked} weights were looked at")

# %% [markdown]
# ### What the looking costs
#
# A processor works on five instructions at once, one in each stage. It has to fetch the next instruction before it knows where a branch goes; so it guesses. This one guesses "not taken". When the weight *is* zero the branch is taken, and
# what was fetched behind it is thrown away: **two cycles lost**, the bubbles.
#
# A weight costs: a load, a branch, and (if it is not zero) a multiply-accumulate for the pixel at hand. n instructions take n + 4 cycles. A taken branch adds `branch_penalty` cycles; if it is the very last instruction nothing follows, and nothing is lost. No weights, no cycles.
#
# **Write** `pipeline_cycles(zeros, branch_penalty)`: `zeros` is a list of 0 and 1, a 1 for a weight that is zero. *(4 to 6 lines)*


# %% nbgrader={"grade": false, "grade_id": "pipeline_cycles", "locked": false, "schema_version": 3, "solution": true, "task": false}
def pipeline_cycles(zeros, branch_penalty=2):
    """Cycles of naive 1 in five stages: zeros[i] is 1 where weight i is zero"""
    ### BEGIN SOLUTION
    if len(zeros) == 0:
        return 0
    cycles = 4
    for zero in zeros:
        cycles += 2 + branch_penalty if zero else 3
    return cycles - branch_penalty if zeros[-1] else cycles
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_pipeline_cycles", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("pipeline_cycles", pipeline_cycles)

# %%
with once_filled:
    flags = [int(v == 0) for v in w_example.ravel()[:5]]
    print(f"the first five weights, 1 0 2 0 0; your count: {pipeline_cycles(flags)} cycles. Step to the end:")
    display(pipeline_view(run(sparse_naive([bool(f) for f in flags]))))
    rows = [
        {
            "cycles a wrong guess": penalty,
            "skipped weight": 2 + penalty,
            "multiplied weight": 3,
            "cycles at 60 % zeros": pipeline_cycles([1, 0, 1, 0, 1] * 200, penalty),
        }
        for penalty in (0, 2, 15)
    ]
    display(Report.of(rows, note="1,000 weights; without any test they would take 2,004 cycles"))

# %% [markdown]
# With the toy's two cycles a skipped weight (4) already costs more than one that is multiplied without asking (2). Real processors lose 15 or so. Skipping pays only if a skipped weight saves *many* multiplications at once: in your loops it saves P·Q.
#
# # Part B · Writing down what is there (40 minutes, 8 points)
#
# **CSR**, compressed sparse row: three arrays. `value` holds the non-zeros row by row, `colidx` the column of each, and row m owns the places `rowptr[m]` to `rowptr[m+1] - 1`. An empty row has `rowptr[m] == rowptr[m+1]`.

# %%
display(format_building(a_example))

# %% [markdown]
# **Write** `to_csr(a)`: any matrix, the three arrays (or lists). *(7 or 8 lines)*


# %% nbgrader={"grade": false, "grade_id": "to_csr", "locked": false, "schema_version": 3, "solution": true, "task": false}
def to_csr(a):
    """a[m,n] -> (rowptr[m+1], colidx[z], value[z]), columns ascending"""
    ### BEGIN SOLUTION
    rowptr, colidx, value = [0], [], []
    for row in a:
        for n, number in enumerate(row):
            if number != 0:
                colidx.append(n)
                value.append(number)
        rowptr.append(len(value))
    return rowptr, colidx, value
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_to_csr", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("to_csr", to_csr)

# %% [markdown]
# **And back.** `from_csr(rowptr, colidx, value, shape)`. The columns may come in any order, and a place that is given twice holds the *sum*. *(5 lines)*


# %% nbgrader={"grade": false, "grade_id": "from_csr", "locked": false, "schema_version": 3, "solution": true, "task": false}
def from_csr(rowptr, colidx, value, shape):
    """The dense matrix of CSR arrays"""
    ### BEGIN SOLUTION
    a = np.zeros(shape)
    for m in range(shape[0]):
        for j in range(rowptr[m], rowptr[m + 1]):
            a[m, colidx[j]] += value[j]
    return a
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_from_csr", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("from_csr", from_csr)

# %% [markdown]
# **CSC** goes column by column: `colptr`, `rowidx`, `value`. *(7 or 8 lines, or fewer)*


# %% nbgrader={"grade": false, "grade_id": "to_csc", "locked": false, "schema_version": 3, "solution": true, "task": false}
def to_csc(a):
    """a[m,n] -> (colptr[n+1], rowidx[z], value[z]), rows ascending"""
    ### BEGIN SOLUTION
    return to_csr(np.asarray(a).T)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_to_csc", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("to_csc", to_csc)


# %% [markdown]
# **And back**, `from_csc(colptr, rowidx, value, shape)`, with the same promises as `from_csr`. *(5 lines)*


# %% nbgrader={"grade": false, "grade_id": "from_csc", "locked": false, "schema_version": 3, "solution": true, "task": false}
def from_csc(colptr, rowidx, value, shape):
    """The dense matrix of CSC arrays"""
    ### BEGIN SOLUTION
    a = np.zeros(shape)
    for n in range(shape[1]):
        for j in range(colptr[n], colptr[n + 1]):
            a[rowidx[j], n] += value[j]
    return a
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_from_csc", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("from_csc", from_csc)

# %%
with once_filled:
    rowptr, colidx, value = to_csr(a_example)
    print("CSR", list(rowptr), list(colidx), [float(v) for v in value])
    colptr, rowidx, value = to_csc(a_example)
    print("CSC", list(colptr), list(rowidx), [float(v) for v in value])
    display(format_building(from_csc(colptr, rowidx, value, a_example.shape), by="columns"))

# %% [markdown]
# # Part C · Two ways to convolve (45 minutes, 9 points)
#
# ### After im2col
#
# The filters are a matrix [K, C·R·S] in CSR, column c·R·S + r·S + s being weight (c, r, s). The windows are a matrix [C·R·S, P·Q], row (c, r, s) holding the pixel x[c, p + r, q + s] of every output (p, q). **Write** `conv2d_csr_im2col(x, rowptr, colidx, value, R, S)`: lower, then for every
# non-zero add a whole row of the lowered matrix. Slices are welcome here. *(9 to 11 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv2d_csr_im2col", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_csr_im2col(x, rowptr, colidx, value, R, S):
    """x[C,H,W] and filters [K, C·R·S] in CSR -> out[K,P,Q]"""
    C, H, W = x.shape
    P, Q = H - R + 1, W - S + 1
    ### BEGIN SOLUTION
    cols = np.zeros((C * R * S, P * Q))
    for c in range(C):
        for r in range(R):
            for s in range(S):
                cols[(c * R + r) * S + s] = x[c, r : r + P, s : s + Q].reshape(-1)
    out = np.zeros((len(rowptr) - 1, P * Q))
    for k in range(len(out)):
        for j in range(rowptr[k], rowptr[k + 1]):
            out[k] += value[j] * cols[colidx[j]]
    return out.reshape(-1, P, Q)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_conv2d_csr_im2col", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("conv2d_csr_im2col", conv2d_csr_im2col)

# %% [markdown]
# ### Direct: stretch the columns
#
# Look at row (c, r, s) of the lowered matrix: it is the picture, begun at another place, with the ends of its rows cut off. It need not be copied; it is enough to know *where it begins*. In a picture stored as CHW pixel (c, r, s) lies at
#
# $$f(c, r, s) = (c \cdot H + r) \cdot W + s$$
#
# **Write** `stretch_colidx(colidx, R, S, H, W)`: for each column c·R·S + r·S + s its address f(c, r, s). *(4 or 5 lines)*


# %% nbgrader={"grade": false, "grade_id": "stretch_colidx", "locked": false, "schema_version": 3, "solution": true, "task": false}
def stretch_colidx(colidx, R, S, H, W):
    """Columns of the filters as addresses in the picture"""
    ### BEGIN SOLUTION
    colidx = np.asarray(colidx)
    c = colidx // (R * S)
    r = colidx % (R * S) // S
    s = colidx % S
    return (c * H + r) * W + s
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_stretch_colidx", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("stretch_colidx", stretch_colidx)

# %% [markdown]
# ### Direct sparse convolution
#
#     for each filter k
#         for j in rowptr[k] .. rowptr[k+1]
#             for p: for q:   out[k,p,q] += value[j] · x[offsets[j] + p·W + q]      x as one long line
#
# **Write** it, with plain loops. Three counts carry points: exactly nnz·P·Q multiply-accumulates; nothing allocated beside the output (`x.reshape(-1)` is a view and costs nothing); and the innermost loop reads neighbours, *unit stride*. *(8 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv2d_direct_sparse", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_direct_sparse(x, rowptr, offsets, value, R, S):
    """x[C,H,W] and CSR with stretched columns -> out[K,P,Q]"""
    C, H, W = x.shape
    K, P, Q = len(rowptr) - 1, H - R + 1, W - S + 1
    out = np.zeros((K, P, Q))
    ### BEGIN SOLUTION
    line = x.reshape(-1)
    for k in range(K):
        for j in range(rowptr[k], rowptr[k + 1]):
            weight, first = value[j], offsets[j]
            for p in range(P):
                for q in range(Q):
                    out[k, p, q] += weight * line[first + p * W + q]
    return out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_conv2d_direct_sparse", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("conv2d_direct_sparse", conv2d_direct_sparse)

# %%
with once_filled:
    rowptr, colidx, value = (np.array(part) for part in to_csr(w_example.reshape(1, -1)))
    offsets = stretch_colidx(colidx, 3, 3, 5, 6)
    out, trace = record(conv2d_direct_sparse, x_example, rowptr, offsets, value, 3, 3)
    same = np.array_equal(out, conv2d_skip(x_example, w_example))
    print("offsets", offsets.tolist(), "equal to naive 1:", same)
    print(trace)
    print("the first loads of x:", trace.element("x")[:12].tolist())
    display(direct_steps(x_example[0], w_example[0, 0]))

# %% [markdown]
# # Part D · When does it pay? (30 minutes, 3 points)
#
# The time of a layer, by the model of the paper (FLOP: two a multiply-accumulate, float32; S are the bytes of input, output and weights):
#
# | | |
# |---|---|
# | dense | max( FLOP / F , (S_I + S_O + S_W) / B ) |
# | sparse, density d | max( α·d·FLOP / F , (S_I + S_O + β·d·S_W) / B ) |
#
# α: how much dearer a sparse multiply-accumulate is. β: how much more room a stored weight takes (about 2 with an index).
#
# **Write** `break_even_density(layer, machine)`: the largest density from 0 to 1 at which sparse takes no longer than dense. `layer` is a dict with C, H, W, K, R (the filter is R × R, no padding, stride 1: P = H - R + 1, Q = W - R + 1); `machine` a dict with flops, bandwidth, alpha, beta. Right within 2 %. *(12 to 15 lines)*


# %% nbgrader={"grade": false, "grade_id": "break_even_density", "locked": false, "schema_version": 3, "solution": true, "task": false}
def break_even_density(layer, machine):
    """The largest density at which sparse is no slower than dense"""
    ### BEGIN SOLUTION
    C, H, W, K, R = (layer[letter] for letter in "CHWKR")
    P, Q = H - R + 1, W - R + 1
    weights = K * C * R * R
    pictures = 4 * (C * H * W + K * P * Q)
    flop = 2 * weights * P * Q
    dense = max(flop / machine["flops"], (pictures + 4 * weights) / machine["bandwidth"])

    def sparse(d):
        moved = pictures + 4 * machine["beta"] * d * weights
        return max(machine["alpha"] * d * flop / machine["flops"], moved / machine["bandwidth"])

    if sparse(1.0) <= dense:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if sparse(middle) <= dense else (low, middle)
    return low
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_break_even_density", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("break_even_density", break_even_density)

# %% [markdown]
# ### And on this machine
#
# Below, measured here and now: the layer of the guess, at several shares of zeros. Dense is `torch`; "CSR" is im2col and then `scipy`'s sparse product, in its best case; "direct" is the algorithm of part C as machine code. The cell takes some seconds.

# %%
with once_filled:
    import torch

    try:
        import scipy.sparse as scipy_sparse
    except ImportError:
        scipy_sparse = None
    from course_lib.conv.im2col import im2col

    layer = ConvShape(N=1, C=64, H=56, W=56, K=64, R=3, S=3, pad=1)
    rng = np.random.default_rng(0)
    ia = rng.standard_normal(layer.ia_shape, np.float32)
    torch.set_num_threads(1)
    rows = []
    for zeros in (0.6, 0.8, 0.9, 0.95):
        keep = rng.random(layer.wt_shape) >= zeros
        wt = rng.standard_normal(layer.wt_shape, np.float32) * keep.astype(np.float32)
        direct = compile_conv2d(wt, layer, 1, "direct_sparse")
        ia_t, wt_t = torch.from_numpy(ia), torch.from_numpy(wt)
        dense = partial(torch.nn.functional.conv2d, ia_t, wt_t, padding=1)
        calls = {"dense": dense, "direct": partial(direct, ia)}
        if scipy_sparse is not None:
            a = scipy_sparse.csr_array(wt.reshape(64, -1))
            calls["CSR"] = partial(lambda a: a @ im2col(ia[0], layer), a)
        times = timed(calls, 0.2, clock=time.thread_time)
        faster = {f"{name}, x dense": times.ratio("dense", name) for name in calls if name != "dense"}
        rows.append({"zeros": f"{zeros:.0%}"} | faster)
    display(Report.of(rows, f"Times as fast as dense; you guessed {csr_speed():g} for CSR at 60 %"))
    machine = fitted_machine()
    constants = {"flops": machine.flops, "bandwidth": machine.bandwidth, "alpha": machine.alpha["direct_sparse"], "beta": 2.0}
    mine = break_even_density({"C": 64, "H": 58, "W": 58, "K": 64, "R": 3}, constants)
    print(f"constants measured on {machine.name}: alpha {machine.alpha['direct_sparse']:.2f},")
    print(f"{machine.flops / 1e9:.0f} GFLOP/s, {machine.bandwidth / 1e9:.1f} GB/s, so {machine.flops / machine.bandwidth:.1f} FLOP a byte")
    print(f"by your function: direct pays up to {mine:.0%} non-zeros, from {1 - mine:.0%} zeros on")

# %% [markdown]
# **The surprise.** With 60 % zeros CSR does two fifths of the multiplications and is *slower*. Somebody asked for it in Caffe (issue 4328) and met the same. The direct one does the same multiplications and is faster. Part C has all that is needed to say why.
#
# # Part E · A cloud of points (25 minutes, 3 points)
#
# Sometimes the *input* is sparse: points that a laser has met, a pen stroke. An ordinary convolution makes every neighbour of a point active, layer after layer, until the picture is full. A **submanifold convolution** computes outputs only where there are inputs:
#
#     out[i] = Σ over taps (r, s) of w[:, :, r, s] @ feats[j]     where point j stands at coords[i] + (r - R//2, s - S//2)
#
# Where nobody stands, nothing is added. **Write** `submanifold_conv(coords, feats, w)`, with coords[n,2], feats[n,C], w[K,C,R,S], R and S odd; a dict from place to point will help. *(8 to 10 lines)*


# %% nbgrader={"grade": false, "grade_id": "submanifold_conv", "locked": false, "schema_version": 3, "solution": true, "task": false}
def submanifold_conv(coords, feats, w):
    """coords[n,2], feats[n,C], w[K,C,R,S] -> out[n,K]"""
    ### BEGIN SOLUTION
    K, C, R, S = w.shape
    where = {(int(h), int(v)): i for i, (h, v) in enumerate(coords)}
    out = np.zeros((len(coords), K))
    for (h, v), i in where.items():
        for r in range(R):
            for s in range(S):
                j = where.get((h + r - R // 2, v + s - S // 2))
                if j is not None:
                    out[i] += w[:, :, r, s] @ feats[j]
    return out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_submanifold_conv", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("submanifold_conv", submanifold_conv)

# %%
with once_filled:
    cloud = point_cloud(32)
    kept = submanifold_conv(cloud, np.ones((len(cloud), 1)), np.ones((1, 1, 3, 3)))
    inside = lambda places: places[((places >= 0) & (places < 32)).all(1)]
    once = inside(dilated(cloud, 3, 3))
    display(
        active_places(
            {
                "points": cloud,
                "ordinary, 1 layer": once,
                "ordinary, 2 layers": inside(dilated(once, 3, 3)),
                "submanifold": cloud[: len(kept)],
            },
            32,
        )
    )
    print(f"{int(kept.sum())} products instead of {9 * 32 * 32}:")
    print(f"each point has {kept.mean():.1f} active neighbours, itself among them")

# %% [markdown]
# ## To think about (4 points, graded by hand)
#
# At 60 % zeros CSR after im2col was slower than dense, direct sparse convolution was not; both do exactly the same multiplications. **Why?** And which layer would you *not* make sparse, however many zeros it has? Use numbers from your own tables.
#
# Half a page at most. What earns the points:
#
# | points | for |
# |---|---|
# | 1 | what CSR after im2col does beside the multiplications, in bytes or accesses of this layer |
# | 1 | how the direct one reads its input, and what stays in registers meanwhile |
# | 1 | alpha: why a sparse multiply-accumulate is dearer than a dense one even then |
# | 1 | a layer that gains nothing, and the term of the model that says so |

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain_sparse", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The lowered matrix of this layer has 576 x 3136 numbers, 7.2 MB against 0.8 MB of input: it is written once, and then read again row by row, for every non-zero one row of 12.5 kB, which is far more than the
# first cache holds between two uses. scipy also reads and writes a whole output row for every non-zero, so each multiply-add comes with two loads and a store.
#
# The direct one reads the picture itself, at offset f(c, r, s), with unit stride; nothing is lowered. A tile of output pixels stays in vector registers through all non-zeros of a filter: a multiply-add needs one load
# and no store, and the part of the picture it needs fits in the first caches.
#
# Still alpha is about 2: a dense kernel uses a loaded vector for many filters, the sparse one for one or two, the shifted loads cross cache lines, and an offset and a weight are read for each non-zero. So it pays from about half zeros on.
#
# A layer that moves much and multiplies little gains nothing: 1x1 with few channels, MobileNetV2's first, 16 to 96 at 112 x 112. Its 38.5 million FLOP take 0.36 ms at 106 GFLOP/s, its 5.6 MB of input and output 0.39 ms at
# 14.4 GB/s: 6.9 FLOP a byte where this machine wants 7.4. (S_I + S_O)/B is the larger term even when dense, and zeros in the weights do not change it. One of 64 to 256 channels gains, but three and a half times at most.
# ### END SOLUTION

# %% [markdown]
# ---
# **Done?** Run everything once more from the top, look that every check is green, save, and hand in this one file.
# `course check labs/06_sparse` in a terminal runs all checks in one go.
