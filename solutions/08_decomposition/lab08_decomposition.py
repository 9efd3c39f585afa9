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
# # Lab 08 · Layers in factors
#
# A layer of 64 filters over 576 inputs is a matrix of 36,864 numbers. If its rows are nearly alike, a few directions say almost all of it, and the matrix
# is a product of two thin ones: fewer numbers, fewer multiply-accumulates, two ordinary layers in place of one. This lab finds such factors, first for the
# weights, then for what the layer really *answers*, then for what is left of the answer *after the ReLU*; and at the end it shares ranks out among layers.
#
# By the end you can
#
# - say from sizes alone when two factors are smaller than the matrix;
# - cut a matrix at a rank and say the error before you look (Eckart and Young);
# - turn a 3 × 3 layer into a column layer and a row layer, and count what is saved;
# - shrink two axes of the filters (Tucker) or take all four apart (CP), and run the answer as three or four real layers;
# - cut a layer by its responses, with and without knowledge of the ReLU;
# - split a matrix into low rank plus sparse, and share out ranks under one budget.
#
# **Time:** about 2 and a half hours.  **You need:** lab 03 (a convolution as a matrix product).
#
# **How it works.** A cell with `# your code here` is a blank. The cell below it checks it on small cases and shows the smallest one
# that fails, with a hint. Points are for right values, never for speed.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np
from IPython.display import display

from course_lib import ConvShape, conv2d
from course_lib.check import check, predict
from course_lib.exercises.notebook import once_filled
from course_lib.records import Report
from course_lib.views import Curve, curves, variants
from course_lib.views.compress.matrix_split import matrix_split
from course_lib.views.compress.relu_region import relu_region
from course_lib.views.compress.singular_values import singular_values

# %% [markdown]
# ## Before you begin: a guess (1 point)
#
# The course ships a small network that reads handwritten digits, trained, right on more than 98 of 100. Its third convolution has 64 filters. Keep **8 directions
# of its 64 responses**, an eighth, and throw the others away. **How many per cent of the responses' variance is kept?**
#
# Put down a number before you know; any number from 0 to 100 earns the point. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "kept_share", "locked": false, "schema_version": 3, "solution": true, "task": false}
def kept_share() -> float:
    """My guess: per cent of the variance of 64 responses that 8 directions keep."""
    ### BEGIN SOLUTION
    return 40.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_kept_share", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("kept_share", kept_share)

# %% [markdown]
# ## Part 1 · Two factors (30 minutes, 11 points)
#
# `w[K, J] ≈ u[K, rank] @ v[rank, J]`. Two factors are not always smaller: at full rank they are larger than the matrix.
#
# **Write** `saving_rank(K, J)`: the largest rank at which the two factors together hold **fewer** numbers than the matrix. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "saving_rank", "locked": false, "schema_version": 3, "solution": true, "task": false}
def saving_rank(K, J):
    """The largest rank with fewer numbers in u[K, rank] and v[rank, J] than in w[K, J]"""
    ### BEGIN SOLUTION
    return (K * J - 1) // (K + J)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_saving_rank", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("saving_rank", saving_rank)

# %% [markdown]
# Which factors are the best? The *singular value decomposition* writes any matrix as a sum of directions, each with a size, largest first:
# $w = \sum_i \sigma_i\, u_i v_i^\top$. Keep the first `rank`, and no matrix of that rank is nearer; the squared error is exactly $\sum_{i>rank}\sigma_i^2$.
#
# **Write** `svd_linear(w, rank)`: `u[K, rank]` and `v[rank, J]` with the best product. `np.linalg.svd(w, full_matrices=False)` is allowed;
# where the sizes go (into `u`, into `v`, their roots into both) is up to you. *(2 lines)*


# %% nbgrader={"grade": false, "grade_id": "svd_linear", "locked": false, "schema_version": 3, "solution": true, "task": false}
def svd_linear(w, rank):
    """w[K,J] -> u[K,rank], v[rank,J] with the nearest product of that rank"""
    ### BEGIN SOLUTION
    u, s, v = np.linalg.svd(w, full_matrices=False)
    return u[:, :rank] * s[:rank], v[:rank]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_svd_linear", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("svd_linear", svd_linear)

# %% [markdown]
# The first layer of the digits network: 32 filters of 3 × 3, a matrix of 32 × 9. Move the cut. The filters on the right are **your** product.

# %%
with once_filled:
    from course_lib.train import digits, trained

    net = trained("plain")
    first = net.conv1.weight.detach().numpy().reshape(32, 9)
    sigmas = np.linalg.svd(first, compute_uv=False)

    def redrawn(rank):
        u, v = svd_linear(first, rank)
        return singular_values(sigmas, (u @ v).reshape(32, 3, 3), rank)

    display(variants(redrawn, rank=list(range(1, 10))))

# %% [markdown]
# At which rank can you no longer tell the filters from the originals? What does the error say there?
#
# A 1 × 1 layer is such a matrix and nothing else: `oa[:, p, q] = w @ ia[:, p, q]` at every pixel. So its two factors are two 1 × 1 layers, and each pixel goes
# through a waist of `rank` channels. The slow way to say it: for all k, c, `wt[k, c, 0, 0] ≈ sum(last[k, j, 0, 0] * first[j, c, 0, 0] for j in range(rank))`.
#
# **Write** `svd_1x1(wt, rank)`: the filters of both layers, in the order in which they run. *(2 lines)*


# %% nbgrader={"grade": false, "grade_id": "svd_1x1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def svd_1x1(wt, rank):
    """wt[K,C,1,1] -> first[rank,C,1,1], last[K,rank,1,1], the nearest such pair"""
    ### BEGIN SOLUTION
    u, v = svd_linear(wt[:, :, 0, 0], rank)
    return v[:, :, None, None], u[:, :, None, None]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_svd_1x1", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("svd_1x1", svd_1x1)

# %% [markdown]
# The course's second network has such a layer: the shortcut of its block 2, 32 channels to 64. Its whole matrix is drawn on the right, 64 rows of 32, and below your two
# layers run on what reaches it from real images. **Say first:** at the largest rank that saves anything, how many per cent are the answers off?

# %%
with once_filled:
    from course_lib.compress.decompose import responses

    hundred = digits().train[0][:100]
    shortcut = responses(trained("residual"), "block2.shortcut.conv", hundred)  # ten places in each image
    wide = shortcut.w[:, :, None, None]
    pixels = shortcut.x[None, :, None, :]  # 1 × 32 × 1 × 1000: an image of one row

    def waist(rank):
        first_layer, last_layer = svd_1x1(wide, rank)
        product = np.einsum("kjrs,jcrs->rkc", last_layer, first_layer)
        return singular_values(np.linalg.svd(shortcut.w, compute_uv=False), product, rank)

    display(variants(waist, rank=[1, 2, 4, 8, 16, 21, 24, 32]))
    rows = []
    for r in (4, 8, 16, 21, 24, 32):
        first_layer, last_layer = svd_1x1(wide, r)
        want, got = conv2d(pixels, wide), conv2d(conv2d(pixels, first_layer), last_layer)
        numbers = first_layer.size + last_layer.size
        off = float(np.linalg.norm(got - want) / np.linalg.norm(want))
        row = {"rank": r, "numbers": numbers, "times fewer": wide.size / numbers}
        rows.append(row | {"answers off by": off})
    display(Report.of(rows, title="Two 1 x 1 layers in place of one, 32 channels to 64"))

# %% [markdown]
# The error of the *answers* is not that of the *weights* in the picture: why may it be smaller? (Part 3 is about that.)
#
# **Write** `spatial_svd(wt, rank)`: the other way to cut a 3 × 3 layer. A **column** filter `down[rank, C, R]` makes `rank` maps, a **row** filter
# `along[K, rank, S]` finishes them: `wt[k,c,r,s] ≈ Σ_j down[j,c,r] · along[k,j,s]`. That is again a matrix of low rank, with `(c, r)` as rows and `(k, s)` as
# columns. *(4 to 5 lines)*


# %% nbgrader={"grade": false, "grade_id": "spatial_svd", "locked": false, "schema_version": 3, "solution": true, "task": false}
def spatial_svd(wt, rank):
    """wt[K,C,R,S] -> down[rank,C,R], along[K,rank,S]"""
    K, C, R, S = wt.shape
    ### BEGIN SOLUTION
    flat = wt.transpose(1, 2, 0, 3).reshape(C * R, K * S)
    u, v = svd_linear(flat, rank)
    return u.T.reshape(rank, C, R), v.reshape(rank, K, S).transpose(1, 0, 2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_spatial_svd", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("spatial_svd", spatial_svd)

# %% [markdown]
# What does the pair cost? The first layer moves down only (its stride and padding are those of the height), the second along.
#
# **Write** `chain_macs(shape, rank)`: multiply-accumulates of both layers, for a `ConvShape` without groups. *(2 lines)*


# %% nbgrader={"grade": false, "grade_id": "chain_macs", "locked": false, "schema_version": 3, "solution": true, "task": false}
def chain_macs(shape, rank):
    """MACs of R x 1 (C -> rank) followed by 1 x S (rank -> K)"""
    ### BEGIN SOLUTION
    first = shape.N * shape.P * shape.W * rank * shape.C * shape.R
    return first + shape.N * shape.P * shape.Q * shape.K * rank * shape.S
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_chain_macs", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("chain_macs", chain_macs)

# %%
with once_filled:
    layer = ConvShape(N=1, C=64, H=56, W=56, K=64, R=3, S=3, pad=1)
    rows = []
    for r in (8, 16, 24, 32, 48, 64, 96):
        macs = chain_macs(layer, r)
        rows.append({"rank": r, "million MACs": macs / 1e6, "times fewer": layer.macs / macs})
    display(Report.of(rows, title=f"64 channels, 56 x 56, 3 x 3: {layer.macs / 1e6:.0f} million MACs as it was"))

# %% [markdown]
# ## Part 2 · Four axes (30 minutes, 8 points)
#
# Filters have four axes, `wt[K, C, R, S]`, and for four axes there is no SVD. **Tucker** narrows two of them and leaves the small ones whole:
#
# $$wt[k,c,r,s] \;\approx\; \sum_{e,d} a[k,e]\; core[e,d,r,s]\; b[c,d]$$
#
# Read from right to left that is three layers: 1 × 1 down to `rank_c` channels (`b` transposed), a small R × S layer (the core), 1 × 1 up to K (`a`).
#
# How to find them. **Start:** `a`, the first `rank_k` left singular vectors of wt as a matrix K × (C·R·S); `b`, the first `rank_c` of wt as a matrix C × (K·R·S). Each looks
# at its own side alone. **Ten turns:** `a` again, but from wt *seen through b*, `sum over c of wt[k,c,r,s] b[c,d]`; then `b` from wt seen through the new `a`. **At the end**
# the core is wt seen through both. (`a` and `b` have columns of length 1 at right angles; so "seen through" is all there is to least squares here.)
#
# **Write** `tucker2(wt, rank_c, rank_k)`: the filters of the three layers, in the order in which they run. `np.linalg.svd` and `np.einsum` are allowed. *(8 to 10 lines)*


# %% nbgrader={"grade": false, "grade_id": "tucker2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tucker2(wt, rank_c, rank_k):
    """wt[K,C,R,S] -> first[rank_c,C,1,1], core[rank_k,rank_c,R,S], last[K,rank_k,1,1]; ten turns"""
    ### BEGIN SOLUTION
    K, C, R, S = wt.shape

    def leading(flat, rank):
        return np.linalg.svd(flat, full_matrices=False)[0][:, :rank]

    a = leading(wt.reshape(K, -1), rank_k)
    b = leading(wt.swapaxes(0, 1).reshape(C, -1), rank_c)
    for _ in range(10):
        a = leading(np.einsum("kcrs,cd->kdrs", wt, b).reshape(K, -1), rank_k)
        b = leading(np.einsum("kcrs,ke->cers", wt, a).reshape(C, -1), rank_c)
    core = np.einsum("kcrs,ke,cd->edrs", wt, a, b, optimize=True)  # one matrix after the other
    return b.T[:, :, None, None], core, a[:, :, None, None]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_tucker2", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("tucker2", tucker2)

# %% [markdown]
# **Say first:** 64 filters of 64 × 3 × 3, cut to 16 channels in and 16 out. How many times fewer multiply-accumulates at a pixel, with the two 1 × 1 layers counted: more
# than 10, or fewer?

# %%
with once_filled:
    third = responses(net, "conv3", digits().train[0][:50])  # 500 windows of real images
    filters3, windows = third.w.reshape(64, 64, 3, 3), third.x.T.reshape(-1, 64, 3, 3)
    want = conv2d(windows, filters3)
    rows = []
    for r in (8, 16, 24, 32, 48):
        down, core, up = tucker2(filters3, r, r)
        got = conv2d(conv2d(conv2d(windows, down), core), up)  # three real layers
        macs = down.size + core.size + up.size  # at one pixel, every weight is used once
        off = float(np.linalg.norm(got - want) / np.linalg.norm(want))
        row = {"channels": f"{r}, {r}", "MACs a pixel": macs, "times fewer": filters3.size / macs}
        rows.append(row | {"answers off by": off})
    display(Report.of(rows, title=f"conv3 of the digits network: {filters3.size:,} MACs a pixel as it was"))

# %% [markdown]
# **CP** takes all four axes apart, into `rank` components, each a product of four vectors:
#
# $$wt[k,c,r,s] \;\approx\; \sum_j k[k,j]\; c[c,j]\; r[r,j]\; s[s,j]$$
#
# Four layers, 1 × 1, a column a channel, a row a channel, 1 × 1, and only rank·(K + C + R + S) numbers. What is lost is the best answer: nobody can give it. But with **three
# factors held fixed the fourth is ordinary least squares**. For the first, wt as a matrix K × (C·R·S) ≈ `k @ rows.T`, where `rows[(c,r,s), j] = c[c,j] r[r,j] s[s,j]`:
#
# $$k \;=\; wt_{K\times CRS}\; rows\; (rows^\top rows)^{-1}$$
#
# **Write** `cp_als(wt, factors, sweeps)`: from the four factors given, `sweeps` times: a new k, then a new c, a new r, a new s, **each with the newest three others**. Leave
# the arrays you were given as they are. `np.linalg.lstsq`, `pinv` or `solve` are allowed. *(7 to 9 lines)*


# %% nbgrader={"grade": false, "grade_id": "cp_als", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cp_als(wt, factors, sweeps):
    """wt[K,C,R,S], a start [K,rank] [C,rank] [R,rank] [S,rank] -> the four factors after so many sweeps"""
    factors = list(factors)
    ### BEGIN SOLUTION
    for _ in range(sweeps):
        for axis in range(4):
            x, y, z = (f for i, f in enumerate(factors) if i != axis)
            rows = np.einsum("aj,bj,cj->abcj", x, y, z).reshape(-1, x.shape[1])
            flat = np.moveaxis(wt, axis, 0).reshape(wt.shape[axis], -1)
            factors[axis] = flat @ rows @ np.linalg.pinv(rows.T @ rows)
    return factors
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_cp_als", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("cp_als", cp_als)

# %% [markdown]
# Your three ways to cut a 3 × 3 layer in one picture, on 32 × 32 of the trained filters, and CP's error sweep by sweep. **Say first:** which of the three needs the
# fewest numbers for an error of a half, and which way does CP's error never go?

# %%
with once_filled:
    piece = filters3[:32, :32]
    size = np.linalg.norm(piece)

    def cp_start(rank, seed=0):
        """Singular vectors of each side, filled up with random columns."""
        rng, out = np.random.default_rng(seed), []
        for axis, n in enumerate(piece.shape):
            columns = rng.standard_normal((n, rank))
            flat = np.moveaxis(piece, axis, 0).reshape(n, -1)
            vectors = np.linalg.svd(flat, full_matrices=False)[0][:, :rank]
            columns[:, : vectors.shape[1]] = vectors
            out.append(columns)
        return out

    def error(letters, *factors):
        """How far the product of the factors is from the filters."""
        return float(np.linalg.norm(piece - np.einsum(letters, *factors, optimize=True)) / size)

    fewer = {"a column, then a row": [], "Tucker-2": [], "CP": []}
    for r in (4, 8, 12, 16, 20, 24, 32, 40):
        down, along = spatial_svd(piece, r)
        fewer["a column, then a row"].append((down.size + along.size, error("jcr,kjs->kcrs", down, along)))
        if r <= 24:
            narrow, core, back = tucker2(piece, r, r)
            off = error("kers,efmn,fcrs->kcmn", back, core, narrow)
            fewer["Tucker-2"].append((narrow.size + core.size + back.size, off))
        four = cp_als(piece, cp_start(3 * r), 12)
        fewer["CP"].append((sum(f.size for f in four), error("kj,cj,rj,sj->kcrs", *four)))
    looks = zip(fewer.items(), ("ia", "w", "oa"), strict=True)
    lines = [Curve(name, *map(list, zip(*points, strict=True)), role=role) for (name, points), role in looks]
    display(curves(lines, "numbers", "relative error", marks=[("as it was", float(piece.size))]))

    four, went = cp_start(24), []
    for _ in range(25):
        four = cp_als(piece, four, 1)
        went.append(error("kj,cj,rj,sj->kcrs", *four))
    line = Curve("24 components", list(range(1, 26)), went, role="oa", markers=False)
    display(curves([line], "sweep", "relative error", zero=False))

# %% [markdown]
# ## Part 3 · The responses, not the weights (20 minutes, 4 points)
#
# A direction of the weights that no input ever touches costs rank and changes nothing. Look at what the layer *answers*: `y[K, n]`, 64 responses at
# n places of real images. If those lie near a plane of few dimensions, the layer can be cut there, whatever its weights look like:
#
# $$y \;\approx\; U U^\top y + b,\qquad U = \text{leading directions of } (y-\bar y),\qquad b = \bar y - UU^\top\bar y$$
#
# `Uᵀ w` is then a layer of `rank` filters, and `U` a 1 × 1 layer behind it.
#
# **Write** `channel_decompose(y, rank)`: `u[K, rank]` (columns of length 1, at right angles) and `b[K]`. `np.linalg.eigh` sorts upwards. *(4 lines)*


# %% nbgrader={"grade": false, "grade_id": "channel_decompose", "locked": false, "schema_version": 3, "solution": true, "task": false}
def channel_decompose(y, rank):
    """y[K,n] -> u[K,rank], b[K]: the best y ~ u @ u.T @ y + b"""
    ### BEGIN SOLUTION
    mean = y.mean(1)
    centred = y - mean[:, None]
    _, vectors = np.linalg.eigh(centred @ centred.T)
    u = vectors[:, ::-1][:, :rank]
    return u, mean - u @ u.T @ mean
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_channel_decompose", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("channel_decompose", channel_decompose)

# %% [markdown]
# Now on the digits network: what its third convolution answers at 2,000 places of real images (batch normalisation folded in, so that a ReLU follows), and what 8 directions
# keep, chosen by the weights and chosen by the responses. **What had you guessed?**

# %%
with once_filled:
    layer3 = responses(net, "conv3", digits().train[0][:200])  # ten places in each of 200 images
    w3, x3, y3, bias3 = layer3.w, layer3.x, layer3.y, layer3.bias

    def missed(got, want):
        return float(np.linalg.norm(got - want) / np.linalg.norm(want - want.mean(1, keepdims=True)))

    by_weights, by_responses, tried = [], [], [2, 4, 8, 12, 16, 24, 32, 48]
    for r in tried:
        u, v = svd_linear(w3, r)
        by_weights.append(missed(u @ (v @ x3) + bias3[:, None], y3))
        u, b = channel_decompose(y3, r)
        by_responses.append(missed(u @ (u.T @ y3) + b[:, None], y3))
    guess = predict("per cent of the variance that 8 of 64 directions keep", kept_share())
    display(guess.compare(round(100 * (1 - by_responses[2] ** 2))))
    weights_line = Curve("cut by the weights", tried, by_weights, role="w")
    responses_line = Curve("cut by the responses", tried, by_responses, role="oa")
    display(curves([weights_line, responses_line], "rank", "error of the responses"))

# %% [markdown]
# ## Part 4 · After the ReLU (35 minutes, 7 points)
#
# What follows the layer is `r(y) = max(y, 0)`. A response of -3 approximated as -1, or as -30, comes out as 0: **right**. So we should fit
#
# $$\sum \lVert r(y) - r(m\,y + b)\rVert^2$$
#
# which no eigenvectors solve. The trick of Zhang et al.: put numbers `z` between, which may be anything that looks right after the ReLU, and take turns:
#
# $$\sum \lVert r(y) - r(z)\rVert^2 \;+\; \lambda\,\lVert z - (m\,y + b)\rVert^2$$
#
# **z given m and b.** With `t = m y + b`, every number on its own: on the negative side the best is `min(0, t)`; on the positive side
# `max(0, (λ t + r(y)) / (λ + 1))`. Work out what each costs and take the cheaper.
#
# **Write** `z_step(y, t, penalty)`, for arrays of any shape. On a tie take the negative one. *(6 lines)*


# %% nbgrader={"grade": false, "grade_id": "z_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def z_step(y, t, penalty):
    """argmin over z of (r(y) - r(z))**2 + penalty * (z - t)**2, number by number"""
    a = np.maximum(y, 0)
    ### BEGIN SOLUTION
    negative = np.minimum(0, t)
    positive = np.maximum(0, (penalty * t + a) / (penalty + 1))
    below = a**2 + penalty * (negative - t) ** 2
    above = (positive - a) ** 2 + penalty * (positive - t) ** 2
    return np.where(below <= above, negative, positive)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_z_step", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("z_step", z_step)

# %% [markdown]
# **m and b given z.** A regression of `z` on `y` whose answer has few dimensions: centre both; `free = z yᵀ (y yᵀ)⁺` is the best of any rank; `u` are the leading
# directions of its answers `free @ y`; then `m = u uᵀ free` and `b = mean(z) - m mean(y)`.
#
# **Write** `relu_turn(y, m, b, rank, penalty)`: one whole turn, z first; the new `m[K,K]` and `b[K]`. `np.linalg.pinv` is allowed. *(7 lines)*


# %% nbgrader={"grade": false, "grade_id": "relu_turn", "locked": false, "schema_version": 3, "solution": true, "task": false}
def relu_turn(y, m, b, rank, penalty):
    """y[K,n], m[K,K], b[K] -> the next m (of rank `rank`) and b"""
    ### BEGIN SOLUTION
    z = z_step(y, m @ y + b[:, None], penalty)
    y_mean, z_mean = y.mean(1), z.mean(1)
    yc, zc = y - y_mean[:, None], z - z_mean[:, None]
    free = zc @ yc.T @ np.linalg.pinv(yc @ yc.T)
    _, vectors = np.linalg.eigh(free @ yc @ yc.T @ free.T)
    u = vectors[:, ::-1][:, :rank]
    m = u @ u.T @ free
    return m, z_mean - m @ y_mean
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_relu_turn", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("relu_turn", relu_turn)

# %% [markdown]
# Twenty-five turns with a small penalty and twenty-five with a large one, from your linear solution. Step through the picture's two clouds: the aware one is
# *worse* before the ReLU, and better where it counts.

# %%
with once_filled:
    rank = 8
    u, b = channel_decompose(y3, rank)
    m = u @ u.T
    linear = m @ y3 + b[:, None]
    after = [float(((np.maximum(y3, 0) - np.maximum(linear, 0)) ** 2).sum())]
    for penalty in (0.01, 1.0):
        for _ in range(25):
            m, b = relu_turn(y3, m, b, rank, penalty)
            after.append(float(((np.maximum(y3, 0) - np.maximum(m @ y3 + b[:, None], 0)) ** 2).sum()))
    size = float((np.maximum(y3, 0) ** 2).sum())
    display(relu_region(y3[5, :400], linear[5, :400], (m @ y3 + b[:, None])[5, :400]))
    relative = [(v / size) ** 0.5 for v in after]
    falling = Curve("after the ReLU", list(range(len(after))), relative, role="oa", markers=False)
    display(curves([falling], "turn", "relative error", marks=[("penalty 1", 25.0)], zero=False))

# %% [markdown]
# **A surprise.** With the small penalty the error after the ReLU stops falling and creeps up again, although every step of every turn is the best there is. What is
# it that never rises? And why does the error go on falling once the penalty grows? (Part of the question at the end.)
#
# ## Part 5 · Low rank plus sparse (20 minutes, 4 points)
#
# Some weights fit no pattern. A few of them spoil the low rank of the others: take them out. `w ≈ L + S`, `L` of low rank, `S` with few entries.
#
# **Write** `lowrank_plus_sparse(w, rank, count)`: start from `S = 0`; twenty times: `L` the best of that rank for `w - S`; `S` the `count` entries of `w - L` that
# are largest **in size** (the first of equals), zeros elsewhere. Give back both. *(8 lines)*


# %% nbgrader={"grade": false, "grade_id": "lowrank_plus_sparse", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lowrank_plus_sparse(w, rank, count):
    """w[K,J] -> L[K,J] of rank `rank`, S[K,J] with `count` entries; 20 sweeps"""
    S = np.zeros_like(w)
    ### BEGIN SOLUTION
    for _ in range(20):
        u, v = svd_linear(w - S, rank)
        L = u @ v
        rest = w - L
        keep = np.argsort(-np.abs(rest), axis=None, kind="stable")[:count]
        S = np.zeros_like(w)
        S.flat[keep] = rest.flat[keep]
    return L, S
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_lowrank_plus_sparse", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("lowrank_plus_sparse", lowrank_plus_sparse)

# %%
with once_filled:
    rng = np.random.default_rng(2)
    planted = rng.standard_normal((40, 3)) @ rng.standard_normal((3, 50))
    planted[rng.random(planted.shape) < 0.03] += 6.0
    low, sparse = lowrank_plus_sparse(planted, 3, 60)
    display(matrix_split(planted, low, sparse))
    rows = []
    noise = rng.standard_normal((64, 576))
    for what, matrix in {"planted": planted, "conv3 of the digits network": w3, "noise": noise}.items():
        K, J = matrix.shape
        numbers, errors = K * J // 4, {}
        u, v = svd_linear(matrix, numbers // (K + J))
        errors["low rank alone"] = np.linalg.norm(matrix - u @ v)
        least = np.sort(np.abs(matrix), axis=None)[-(numbers // 2)]
        errors["entries alone"] = np.linalg.norm(np.where(np.abs(matrix) < least, matrix, 0))
        half = max(1, numbers // 2 // (K + J))
        low, sparse = lowrank_plus_sparse(matrix, half, (numbers - half * (K + J)) // 2)
        errors["low rank + sparse"] = np.linalg.norm(matrix - low - sparse)
        rows.append({"matrix": what} | {name: float(e / np.linalg.norm(matrix)) for name, e in errors.items()})
    note = "an entry counts two: value and place; the sum has half for each part"
    display(Report.of(rows, title="Relative error at a quarter of the numbers", note=note))

# %% [markdown]
# Noise has no structure, and there the sum gains nothing; its largest entries alone do a little better. A control worth having.
#
# ## Part 6 · One budget, many layers (15 minutes, 3 points)
#
# Each layer has energies (variances of its principal responses, largest first) and a cost in MACs for each rank it keeps. From full ranks, drop one rank at a time
# where it hurts least **for what it saves**, until the sum of rank·cost is at most the budget:
#
# $$\text{price} = \frac{\text{energy of the layer's last rank}}{\text{energy the layer still keeps}} \Big/ \text{cost of a rank}$$
#
# **Write** `select_ranks(energies, costs, budget)`: a list of whole numbers. A layer keeps at least one rank; of equal prices take the first layer. *(8 to 10 lines)*


# %% nbgrader={"grade": false, "grade_id": "select_ranks", "locked": false, "schema_version": 3, "solution": true, "task": false}
def select_ranks(energies, costs, budget):
    """energies: a list of numbers a layer; costs: MACs a rank -> ranks under the budget"""
    ranks = [len(e) for e in energies]
    ### BEGIN SOLUTION
    while sum(r * c for r, c in zip(ranks, costs, strict=True)) > budget:
        prices = []
        for e, r, c in zip(energies, ranks, costs, strict=True):
            prices.append(e[r - 1] / sum(e[:r]) / c if r > 1 else float("inf"))
        ranks[prices.index(min(prices))] -= 1
    return ranks
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_select_ranks", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("select_ranks", select_ranks)

# %% [markdown]
# ## To write (4 points, read by a person)
#
# 1. In part 4, which quantity never rises from turn to turn at one penalty, and why is it not the one you plotted?
# 2. Name one layer of a network (first, middle, last; 1 × 1, 3 × 3, depthwise) that you would *not* decompose, and say why in terms of rank, responses or cost.
#
# **How it is graded**
#
# | points | for |
# |---|---|
# | 1 | the relaxed objective, with z in it, never rises |
# | 1 | the plotted error has no z: it follows only as far as the penalty holds z and m y + b together |
# | 1 | a layer with a reason that counts: few channels, depthwise, no ReLU behind it |
# | 1 | a number to go with it: a saving rank, MACs, or an error |

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain_decomposition", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# At one penalty the relaxed objective never rises: the sum over all numbers of (r(y) - r(z))² + penalty·(z - (m y + b))². Each half turn is its exact minimum over z,
# or over m and b of the rank. What is plotted is (r(y) - r(m y + b))², without z. While the penalty is small, z may be far from m y + b, so a better z says
# little of a better m y + b; with penalty 1 the two are held together and the plotted error falls with the objective.
#
# I would leave the first layer of the digits network alone. It has one input channel: as a matrix it is 32 × 9, and two factors save only up to rank 7. At rank 5 they hold
# 5·41 = 205 numbers in place of 288, and the two layers move more memory than one. It has 74 thousand of the network's 9.5 million MACs, so nothing is gained there.
# ### END SOLUTION

# %% [markdown]
# ---
# **Done?** Run everything once more from the top, look that every check is green, save, and hand in this one file.
# `course check labs/08_decomposition` in a terminal runs all checks in one go.
