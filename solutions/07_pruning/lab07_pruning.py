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
# # Lab 07 · Pruning: which weights are not needed?
#
# A trained network has more weights than it needs. Setting nine tenths of them to zero may cost no accuracy at all, and then nine tenths of the work could be saved. *Could*: whether it is saved
# depends on **where** the zeros lie. Zeros here and there need an index each and a machine that jumps; a whole filter of zeros can simply be taken out, and what is left is an ordinary, smaller layer.
#
# By the end you can
#
# - say which weights go, exactly how many, and in what pattern (single weights, n of m, whole groups);
# - find out which layers stand it, and share the zeros out among them;
# - let groups shrink to zero while the network learns (structured sparsity learning);
# - choose channels by LASSO, mend what is left by least squares, and take channels out of a network with shortcuts;
# - prune a real network to a twenty-fourth of its multiply-accumulates, without training, and still read digits.
#
# **Time:** about 3 hours, half an hour of it for the last part.  **You need:** lab 03 (the lowered matrix); lab 06 (sparse formats) helps.
#
# **How it works.** A cell with `# your code here` is a blank. The cell below it checks it on small cases and shows the smallest one that fails, with a hint. Points are for right values, never for speed.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np
from IPython.display import display

from course_lib.check import check, predict
from course_lib.compress.prune.cost import granularity_report
from course_lib.exercises.lab07_pruning.digits_network import (
    NAMES, channel_samples, cut_and_mended, layers, logits, macs_of, pictures, wrong_of,
)  # fmt: skip
from course_lib.exercises.notebook import once_filled
from course_lib.records import Report
from course_lib.views import granularity, mask_maps, sensitivity_curves

network = layers()  # four convolutions and a linear layer, trained on 1,047 handwritten digits
weights = {name: layer["w"] for name, layer in zip((*NAMES, "fc"), network, strict=True)}
rows = [{"layer": name, "weights": str(w.shape), "number": w.size} for name, w in weights.items()]
note = f"{macs_of(network):,} multiply-accumulates an image; it misreads {wrong_of(network, 'valid')} of 300 new images"
Report.of(rows, title="The network of this lab", note=note)


# %% [markdown]
# ## Before you begin: a guess (1 point)
#
# Take this network, set the smallest weights of *every* layer to zero, the same share in each, and train nothing. **How many per cent of the weights can go before it misreads more than 1 in 20
# of 300 new digits?** Put down a number from 0 to 100 before you know; any number earns the point. The truth is in part 1. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "zeros_for_nothing", "locked": false, "schema_version": 3, "solution": true, "task": false}
def zeros_for_nothing() -> float:
    """My guess: per cent of the weights that can go."""
    ### BEGIN SOLUTION
    return 60.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_zeros_for_nothing", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("zeros_for_nothing", zeros_for_nothing)

# %% [markdown]
# ## Part 1 · The smallest weights go (30 minutes, 5 points)
#
# A **mask** has the shape of the weights and is `True` where a weight stays. *Exactly* `round(sparsity * number)` weights go, those of the smallest size |w|; among equals the one that comes first in
# memory goes first. (A threshold `|w| > t` cannot promise the number: equal weights go together. In a network of 8-bit weights many are equal.)
#
# **Write** `magnitude_mask(layers, sparsity, scope)`: `layers` is a list of arrays, the answer a list of masks. With `scope="layer"` each layer loses that share of its own; with `scope="global"` all weights of all
# layers stand in one row, and the smallest go wherever they are. *(8 to 12 lines)*


# %% nbgrader={"grade": false, "grade_id": "magnitude_mask", "locked": false, "schema_version": 3, "solution": true, "task": false}
def magnitude_mask(layers, sparsity: float, scope: str = "layer") -> list:
    """A mask a layer, True where a weight stays."""
    ### BEGIN SOLUTION

    def keep(sizes):
        order = np.argsort(sizes, kind="stable")
        mask = np.ones(sizes.size, bool)
        mask[order[: round(sparsity * sizes.size)]] = False
        return mask

    sizes = [np.abs(w).ravel() for w in layers]
    if scope == "global":
        cuts = np.cumsum([s.size for s in sizes])[:-1]
        flat = np.split(keep(np.concatenate(sizes)), cuts)
    else:
        flat = [keep(s) for s in sizes]
    return [mask.reshape(np.shape(w)) for mask, w in zip(flat, layers, strict=True)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_magnitude_mask", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("magnitude_mask", magnitude_mask)

# %% [markdown]
# **Your own masks** on the network: a row a filter, a column a channel, darker where more of a kernel is left. And the network with them, untrained.


# %%
def with_weights(changed):
    """The network with other weights."""
    named = zip((*NAMES, "fc"), network, strict=True)
    return [{"w": changed[name], "b": layer["b"]} for name, layer in named]


with once_filled:
    rows = []
    for sparsity in (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        row = {"zeros %": 100 * sparsity}
        for scope in ("layer", "global"):
            masks = magnitude_mask(list(weights.values()), sparsity, scope)
            pruned = {name: w * mask for (name, w), mask in zip(weights.items(), masks, strict=True)}
            row[f"{scope}: misread of 300"] = wrong_of(with_weights(pruned), "valid")
            if sparsity == 0.6 and scope == "global":
                convs = {name: pruned[name] for name in NAMES[1:]}
                display(mask_maps(convs, title="60 % zeros, one threshold for all: your masks"))
        rows.append(row)
    display(Report.of(rows))
    good = [row["zeros %"] for row in rows if row["layer: misread of 300"] <= 15]
    guess = predict("per cent of the weights that can go", zeros_for_nothing())
    display(guess.compare(max(good)))

# %% [markdown]
# ### n of m
#
# Between single weights and whole filters there is a pattern that hardware can read without searching: in every group of `m` neighbours along a row, the `n` largest stay. 2:4 is what the sparse units of
# some GPUs take: half of the weights, and two bits say where each one was.
#
# **Write** `n_m_mask(w, n, m)` for a matrix `w[K, D]` (a row a filter, D a multiple of m). Among equals the earlier one stays. *(4 or 5 lines)*


# %% nbgrader={"grade": false, "grade_id": "n_m_mask", "locked": false, "schema_version": 3, "solution": true, "task": false}
def n_m_mask(w, n: int, m: int):
    """True at the n largest |w| of each m neighbours of a row."""
    ### BEGIN SOLUTION
    groups = np.abs(w).reshape(-1, m)
    order = np.argsort(-groups, axis=1, kind="stable")
    mask = np.zeros(groups.shape, bool)
    np.put_along_axis(mask, order[:, :n], True, axis=1)
    return mask.reshape(w.shape)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_n_m_mask", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("n_m_mask", n_m_mask)

# %%
with once_filled:
    conv3 = weights["conv3"].reshape(64, -1)
    rows = []
    for n, m in ((1, 2), (2, 4), (4, 8), (8, 16), (288, 576)):
        left = np.linalg.norm(conv3 * n_m_mask(conv3, n, m)) / np.linalg.norm(conv3)
        rows.append({"pattern": f"{n} of {m}", "length of the weights left %": 100 * left})
    display(Report.of(rows, title="Half of conv3's weights: the freer the pattern, the more is left"))

# %% [markdown]
# ## Part 2 · Which layer stands it, and how much when (40 minutes, 8 points)
#
# Layers are not equally sensitive. A **scan** prunes one layer at a time, asks for the accuracy, and puts everything back, *to the last bit*: who forgets that measures the third layer with the first two pruned.
#
# **Write** `sensitivity_scan(network, evaluate, grid)`. `network` is a dict of arrays, `evaluate(network)` gives an accuracy for such a dict, `grid` is a list of sparsities. The answer: for each layer the list of
# accuracies with only this layer pruned (by magnitude, as in part 1). *(8 lines)*


# %% nbgrader={"grade": false, "grade_id": "sensitivity_scan", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sensitivity_scan(network: dict, evaluate, grid) -> dict:
    """{layer: [accuracy at each sparsity of the grid]}"""
    ### BEGIN SOLUTION
    curves = {}
    for name, w in network.items():
        curves[name] = []
        for sparsity in grid:
            size = np.abs(w).ravel()
            flat = w.ravel().copy()
            flat[np.argsort(size, kind="stable")[: round(sparsity * size.size)]] = 0
            tried = dict(network)  # the dict is new, the other arrays are only looked at
            tried[name] = flat.reshape(w.shape)
            curves[name].append(evaluate(tried))
    return curves
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_sensitivity_scan", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("sensitivity_scan", sensitivity_scan)

# %%
grid = [0.0, 0.3, 0.5, 0.7, 0.8, 0.9]
with once_filled:
    accuracy = lambda changed: 1 - wrong_of(with_weights(changed), "valid") / 300
    curves = sensitivity_scan(weights, accuracy, grid)
    points = [
        {"layer": name, "sparsity": sparsity, "accuracy": found}
        for name, curve in curves.items()
        for sparsity, found in zip(grid, curve, strict=True)
    ]
    display(sensitivity_curves(Report.of(points), title="Your scan of the digits network"))

# %% [markdown]
# ### Sharing out
#
# A rule that needs nothing but these curves: choose a **floor** of accuracy. Each layer may be pruned up to the largest sparsity of the grid at which its curve is *at least* the floor (the grid's first value if there is
# none). The lower the floor, the more goes. Take the **highest** floor, among all accuracies in the curves, for which at least `budget` of all weights go.
#
# **Write** `allocate_sparsity(grid, curves, params, budget)`; `params` are the layers' numbers of weights. The answer: a sparsity for each layer. A curve may dip and come back: the largest sparsity counts, wherever it
# stands. *(6 to 8 lines)*


# %% nbgrader={"grade": false, "grade_id": "allocate_sparsity", "locked": false, "schema_version": 3, "solution": true, "task": false}
def allocate_sparsity(grid, curves: dict, params: dict, budget: float) -> dict:
    """{layer: sparsity}, at the highest floor that meets the budget"""
    ### BEGIN SOLUTION
    floors = sorted({a for curve in curves.values() for a in curve}, reverse=True)
    for floor in floors:
        chosen = {}
        for name, curve in curves.items():
            chosen[name] = max([s for s, a in zip(grid, curve, strict=True) if a >= floor], default=grid[0])
        if sum(chosen[name] * params[name] for name in chosen) >= budget * sum(params.values()) - 1e-9:
            break
    return chosen
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_allocate_sparsity", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("allocate_sparsity", allocate_sparsity)

# %%
with once_filled:
    sizes = {name: w.size for name, w in weights.items()}
    shares = allocate_sparsity(grid, curves, sizes, 0.6)
    total = sum(shares[name] * sizes[name] for name in sizes) / sum(sizes.values())
    rows = []
    for title, share in {"as the curves say": shares, "the same for all": dict.fromkeys(weights, total)}.items():
        pruned = {name: w * magnitude_mask([w], share[name])[0] for name, w in weights.items()}
        row = {"shared out": title} | {name: round(share[name], 2) for name in weights}
        rows.append(row | {"misread of 300": wrong_of(with_weights(pruned), "valid")})
    display(Report.of(rows, title=f"{100 * total:.0f} % of the weights go, nothing is trained"))

# %% [markdown]
# ### Gradually
#
# When the network is trained on after pruning, it is better not to prune all at once. Automated gradual pruning raises the sparsity along a cubic, fast at first, slowly at the end:
#
# $$s_t = s_f + (s_0 - s_f)\left(1 - \frac{t - t_0}{n\,\Delta t}\right)^3 \qquad t = t_0,\; t_0 + \Delta t,\; \ldots,\; t_0 + n\,\Delta t$$
#
# The mask is made anew only at these steps; **in between** the sparsity stays what it was. Before $t_0$ nothing is pruned (0), after $t_0 + n\,\Delta t$ it stays at $s_f$.
#
# **Write** `gradual_schedule(step, s0, sf, t0, n, dt)`: the sparsity in force at `step`. *(4 lines)*


# %% nbgrader={"grade": false, "grade_id": "gradual_schedule", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gradual_schedule(step: int, s0: float, sf: float, t0: int, n: int, dt: int) -> float:
    """The sparsity in force at this step."""
    ### BEGIN SOLUTION
    if step < t0:
        return 0.0
    updates = min((step - t0) // dt, n)
    return sf + (s0 - sf) * (1 - updates / n) ** 3
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_gradual_schedule", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("gradual_schedule", gradual_schedule)

# %% [markdown]
# ## Part 3 · Patterns that a machine likes (30 minutes, 4 points)
#
# Below, the same layer pruned by single weights, by rows of taps, by kernels and by filters, the same share each time. Under each: the bytes of the values and of the **index** that says where they are; how much faster
# it would be, by a simple model of this course's kernels; and how much of the weights' length is left, which is what accuracy depends on.

# %%
# the axes of w[K, C, R, S] that go together
GRAINS = {"element": (), "vector": (3,), "kernel": (2, 3), "filter": (1, 2, 3)}
w, sparsity = weights["conv3"], 0.75
report = granularity_report(w, sparsity)
with once_filled:
    corner = {}
    for grain, axes in GRAINS.items():
        lengths = np.sqrt((w**2).sum(axes, keepdims=True)) if axes else np.abs(w)
        corner[grain] = np.broadcast_to(magnitude_mask([lengths], sparsity)[0], w.shape)[:12, :8]
    display(granularity(corner, report, title="conv3, a corner of it, 75 % zeros"))

# %% [markdown]
# The price of regularity is length. Structured sparsity learning (SSL) pays it *while training*: it adds to the loss the lengths of all groups,
#
# $$\lambda \sum_g \lVert w_g \rVert, \qquad \lVert w_g \rVert = \sqrt{\textstyle\sum_{i \in g} w_i^2}$$
#
# and the network moves what it needs into the groups that survive. With `w[K, C, R, S]` the groups are
#
# | group | together | how many groups |
# |---|---|---|
# | `"filter"` | `w[k]` | K |
# | `"channel"` | `w[:, c]` | C |
# | `"shape"` | `w[:, c, r, s]`: one tap of one channel in all filters, a row of the lowered matrix | C·R·S |
# | `"depth"` | the whole layer (which must have a shortcut around it!) | 1 |
#
# **Write** `group_lasso(w, group)`, the sum of the lengths. *(2 or 3 lines)*


# %% nbgrader={"grade": false, "grade_id": "group_lasso", "locked": false, "schema_version": 3, "solution": true, "task": false}
def group_lasso(w, group: str) -> float:
    """The sum of the lengths of all groups."""
    ### BEGIN SOLUTION
    axes = {"filter": (1, 2, 3), "channel": (0, 2, 3), "shape": (0,), "depth": (0, 1, 2, 3)}[group]
    return np.sqrt((w**2).sum(axes)).sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_group_lasso", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("group_lasso", group_lasso)

# %% [markdown]
# A step along the gradient makes groups short and never zero. The **proximal step** after it does: every group gets shorter by `amount`, keeps its direction, and one that is no longer than `amount` becomes exactly zero:
#
# $$w_g \;\leftarrow\; w_g \cdot \max\left(0,\; 1 - \frac{\text{amount}}{\lVert w_g \rVert}\right)$$
#
# **Write** `shrink_groups(w, group, amount)`. Mind a group that is zero already. *(4 or 5 lines)*


# %% nbgrader={"grade": false, "grade_id": "shrink_groups", "locked": false, "schema_version": 3, "solution": true, "task": false}
def shrink_groups(w, group: str, amount: float):
    """Every group shorter by `amount`; the short ones exactly zero."""
    ### BEGIN SOLUTION
    axes = {"filter": (1, 2, 3), "channel": (0, 2, 3), "shape": (0,), "depth": (0, 1, 2, 3)}[group]
    lengths = np.sqrt((w**2).sum(axes, keepdims=True))
    longer = lengths > amount
    factor = np.where(longer, 1 - amount / np.where(longer, lengths, 1.0), 0.0)
    return w * factor
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_shrink_groups", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("shrink_groups", shrink_groups)

# %% [markdown]
# ## Part 4 · Channels: choose, mend, take out (50 minutes, 9 points)
#
# Now without training. A layer reads `c` channels; which of them can go? Take samples: `X[N, c, r]` are N windows of the layer's input (r = R·S taps), `W[n, c, r]` its weights, `Y[N, n]` what it gives. Channel i contributes
# $Z_i = X_i W_i^\top$ to Y, and Y is the sum of all. Give every channel a factor and let LASSO decide which factors are worth keeping:
#
# $$\min_\beta\; \tfrac12 \lVert Y - \textstyle\sum_i \beta_i Z_i \rVert^2 + \lambda \lVert \beta \rVert_1$$
#
# The larger λ, the more factors are exactly zero.
#
# **Write** `channel_select_lasso(X, W, Y, c_keep)`: the `c_keep` channels that are left, numbers in rising order. Raise λ (`alpha` of `sklearn.linear_model.Lasso`, with `fit_intercept=False`) until no more than `c_keep` factors
# are left, then bisect between the last two values until there are exactly `c_keep`. *(10 to 14 lines)*


# %% nbgrader={"grade": false, "grade_id": "channel_select_lasso", "locked": false, "schema_version": 3, "solution": true, "task": false}
def channel_select_lasso(X, W, Y, c_keep: int):
    """The channels that LASSO keeps."""
    ### BEGIN SOLUTION
    from sklearn.linear_model import Lasso

    c = X.shape[1]
    if c_keep == c:
        return np.arange(c)
    z = np.einsum("Ncr,ncr->Nnc", X, W).reshape(-1, c)  # a column a channel
    y = Y.reshape(-1)

    def left(alpha):
        return np.flatnonzero(Lasso(alpha=alpha, fit_intercept=False, max_iter=5000).fit(z, y).coef_)

    low, high = 0.0, 1e-3
    while len(left(high)) > c_keep:
        low, high = high, 2 * high
    while len(left(high)) != c_keep:
        middle = (low + high) / 2
        low, high = (middle, high) if len(left(middle)) > c_keep else (low, middle)
    return left(high)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_channel_select_lasso", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("channel_select_lasso", channel_select_lasso)

# %% [markdown]
# The channels that stay can stand in for those that went, if their weights are fitted anew:
#
# $$\min_{W'}\; \lVert Y - X' W'^\top \rVert^2$$
#
# **Write** `reconstruct(X, W, Y, keep)`: new weights `[n, len(keep), r]` by least squares. *(3 lines)*


# %% nbgrader={"grade": false, "grade_id": "reconstruct", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reconstruct(X, W, Y, keep):
    """W'[n, c_keep, r], fitted to Y"""
    ### BEGIN SOLUTION
    kept = X[:, keep].reshape(len(X), -1)
    solution = np.linalg.lstsq(kept, Y, rcond=None)[0]
    return solution.T.reshape(len(W), len(keep), -1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_reconstruct", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("reconstruct", reconstruct)


# %% [markdown]
# Your two functions on a real layer: how much of conv4's output is lost when it reads fewer of conv3's channels. Before mending, and after; chosen by LASSO, by the weights, and by chance.


# %%
def lost(X, W, Y, keep, mended=True):
    new = reconstruct(X, W, Y, keep) if mended else W[:, keep]
    return 100 * np.linalg.norm(Y - np.einsum("Ncr,ncr->Nn", X[:, keep], new)) / np.linalg.norm(Y)


with once_filled:
    X, W, Y = channel_samples(3)
    X, Y = X[:800], Y[:800]
    rows = []
    for c_keep in (16, 32, 48):
        chosen = {
            # 64 factors are fitted, and not 64 x 9 x 48 weights: a quarter of the windows is enough, and quicker
            "LASSO": channel_select_lasso(X[:200], W, Y[:200], c_keep),
            "weights": np.sort(np.argsort(-np.abs(W).sum((0, 2)))[:c_keep]),
            "chance": np.sort(np.random.default_rng(0).permutation(64)[:c_keep]),
        }
        for rule, keep in chosen.items():
            row = {"channels of 64": c_keep, "chosen by": rule, "lost %": lost(X, W, Y, keep, mended=False)}
            rows.append(row | {"mended: lost %": lost(X, W, Y, keep)})
    display(Report.of(rows, title="conv4: part of the output that is lost"))

# %% [markdown]
# Mending does more than choosing: two thirds of the loss and more are gone, whatever the rule. LASSO chose well for the *old* weights (the third column); once they are mended, the largest weights do as well, and chance is not far behind.
#
# ### Really taken out
#
# A channel that is gone must go in two places: the **row** of the layer that makes it (`w[k]` and its bias) and the **column** of every layer that reads it (`w[:, c]`). Where outputs are *added*, as in a residual block, both must keep the same channels:
# one layer leads, the others follow.
#
# A network is a list of layers `{"w": [K, C, R, S], "b": [K], "reads": i, "adds": j}`. `reads` is the number of the layer whose output it reads (-1: the image). `adds` is `None`, or the number of the layer to whose
# output its own is added; then it gives the same channels as that layer, which may itself follow another one. `keep[i]` are the channels of layer i that stay, or `None`: all of them (if it leads), or whatever its leader keeps.
# (Whoever reads either side of an addition reads the sum; both have the same channels.)
#
# **Write** `shrink(layers, keep)`: a list of `{"w": ..., "b": ...}`, smaller. *(10 to 12 lines)*


# %% nbgrader={"grade": false, "grade_id": "shrink", "locked": false, "schema_version": 3, "solution": true, "task": false}
def shrink(layers, keep) -> list:
    """The layers without the channels that go."""
    ### BEGIN SOLUTION

    def kept(i):
        if i < 0:
            return None
        while layers[i]["adds"] is not None:
            i = layers[i]["adds"]
        return keep[i]

    out = []
    for i, layer in enumerate(layers):
        w, b = layer["w"], layer["b"]
        rows, columns = kept(i), kept(layer["reads"])
        if rows is not None:
            w, b = w[rows], b[rows]
        if columns is not None:
            w = w[:, columns]
        out.append({"w": w, "b": b})
    return out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_shrink", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("shrink", shrink)

# %%
with once_filled:
    chain = [{**layer, "reads": i - 1, "adds": None} for i, layer in enumerate(network)]
    keep = [np.arange(0, len(layer["w"]), 2) for layer in network[:4]] + [None]  # every second channel
    small = shrink(chain, keep)
    masked = [{"w": layer["w"].copy(), "b": layer["b"].copy()} for layer in network]
    for layer, kept_channels in zip(masked[:4], keep[:4], strict=True):
        gone = np.setdiff1d(np.arange(len(layer["w"])), kept_channels)
        layer["w"][gone], layer["b"][gone] = 0, 0
    images = pictures("valid")[0][:50]
    apart = np.abs(logits(small, images) - logits(masked, images)).max()
    print(f"multiply-accumulates: small {macs_of(small):,}, masked {macs_of(masked):,}; the answers differ by {apart:.1e}")

# %% [markdown]
# ### A surprise
#
# This table was measured on the course's own kernels: the same network pruned in several ways, trained on for five epochs unless a row says otherwise, a batch of 64 images on one thread. **Before you run it:** which is faster, four fifths of all
# weights zero, or three quarters of the multiplications gone with whole filters?

# %%
import json
from pathlib import Path

import course_lib

stored = Path(course_lib.__file__).parent / "data" / "pruning.json"
record = json.loads(stored.read_text("utf-8"))["pareto"]
note = f"recorded on {record['machine']}: {record['command']}"
Report.of(record["rows"], title="Pruned, trained on, run", note=note)

# %% [markdown]
# The simple model of part 3 promised single zeros about twice the speed. You will be asked about it at the end.
#
# ## Part 5 · Your own pruning (30 minutes or more, 5 points)
#
# The network has 9,511,552 multiply-accumulates an image. Yours may have **400,000**, a twenty-fourth, and nothing is trained: you say which channels of the four convolutions stay; each next layer is then mended by least
# squares, in order, as in part 4. It is judged by how many of 450 test images it misreads, images that neither you nor the network have seen: 1 point for a choice that fits the budget, 2 for at most 45, 2 more for at most 27.
#
# Choose with the 300 images of `judged`, not with the test images. `channel_samples(i)` gives X, W, Y of the layer that reads convolution i's channels: `channel_samples(1)` for the channels of conv1, and so on to
# `channel_samples(4)` for those of conv4. How many channels a layer keeps is yours to decide; so is the rule. (Part 4's table was for one choice in one step. LASSO may also be used in stages: keep more than you want, mend,
# choose again with the mended weights.)
#
# **Write** `my_pruning()`, which *returns* the lists you found: `{"conv1": [...], "conv2": [...], "conv3": [...], "conv4": [...]}`. While your work is graded the network is put away, so search in a cell of its own and copy the
# answer here. *(4 lines, and some thought)*


# %%
def judged(answer):
    """What can be known before handing in: the budget, and the 300 validation images."""
    net = cut_and_mended([sorted(answer[name]) for name in NAMES])
    sizes = " ".join(str(len(answer[name])) for name in NAMES)
    print(f"{sizes} channels: {macs_of(net):,} multiply-accumulates, misreads {wrong_of(net, 'valid')} of 300")


# the first channels, to begin with
judged({"conv1": range(6), "conv2": range(12), "conv3": range(12), "conv4": range(16)})


# %% nbgrader={"grade": false, "grade_id": "my_pruning", "locked": false, "schema_version": 3, "solution": true, "task": false}
def my_pruning() -> dict:
    """The channels that stay."""
    ### BEGIN SOLUTION
    # LASSO in four stages on each layer's samples (solutions/07_pruning/best_pruning.py);
    # sizes by trying a few on the validation images
    return {
        "conv1": [6, 8, 10, 14, 15, 28],
        "conv2": [11, 21, 25, 29, 30, 31, 32, 44, 56, 58],
        "conv3": [8, 10, 13, 15, 22, 35, 40, 42, 57, 59, 61, 63],
        "conv4": [0, 1, 4, 6, 7, 10, 16, 20, 26, 28, 34, 35, 41, 47, 48, 50, 51, 54, 56, 61],
    }
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_my_pruning", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("my_pruning", my_pruning)

# %%
with once_filled:
    judged(my_pruning())

# %% [markdown]
# ## To think about (4 points, graded by hand)
#
# In the table of part 4, four fifths of all weights are zero in one row, and the network is hardly faster than before, if at all; in another row no more of the multiplications are gone, and it is more than twice as fast. **Explain both**, and say
# for whom single zeros are worth having all the same. Use at least two numbers from the tables.
#
# Half a page at most. What earns the points:
#
# | points | for |
# |---|---|
# | 1 | what single zeros save and what they cost: multiplications, index, loads, with a number |
# | 1 | why the dense layer is so hard to beat: what its inner loop has that a sparse one lacks, and what part 3's model left out |
# | 1 | why whole filters turn into time, and why not all of it (4.5 times fewer multiplications, not 4.5 times faster) |
# | 1 | where single zeros pay: when, and for whom |

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain_pruning", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# With 80 % single zeros 4.8 times fewer multiplications are left, 1.96 of 9.51 million, and the batch takes about as long as before. Each weight that is left needs its index, and it multiplies vectors that begin anywhere in the image:
# nearly every load touches two cache lines, and none of it is shared among filters. The dense layer has none of this: a tile of 12 filters by two vectors uses each loaded number many times, so the multipliers are always busy;
# and it may use Winograd, which itself needs 2.25 times or more fewer multiplications. The zeros have to win against that, not against the seven loops. The images are small, too (8 x 8, 16 x 16): a padded copy of each and the ends of short rows weigh as much as the products. Part 3's model compares inner loops alone, so it promised twice the speed.
#
# Whole filters leave a dense layer behind, with the same kernels and no index: 4.5 times fewer multiplications become about two and a half times faster. The rest is work that falls only with the number of channels and not with its square:
# biases, ReLU, pooling, transforms and packing; and narrow layers fill tiles and vectors less well.
#
# Single zeros keep the most accuracy at a given number of weights. They pay where bytes count and not time (sending or storing a model: 76 KiB in place of 364 at 90 %), at 95 % and more, in large layers with long rows, or on
# hardware that is made for it. For a CPU and this network: filters.
# ### END SOLUTION

# %% [markdown]
# ---
# **Done?** Run everything once more from the top, look that every check is green, save, and hand in this one file.
# `course check labs/07_pruning` in a terminal runs all checks in one go.
