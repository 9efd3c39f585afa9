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
# # Lab 04 · Dataflow: the same sums in another order
#
# A direct convolution needs no extra memory: seven loops, and that is all. But in which **order**? The results are the same, the number of
# multiply-accumulates is the same, and the number of times that a word has to be fetched differs a thousandfold. On an accelerator
# a word from DRAM costs as much energy as two hundred multiply-accumulates, so the order of the loops *is* the energy bill.
#
# By the end you can
#
# - write a convolution output, weight and input stationary, and count what each fetches, before running it;
# - read off any loop nest how often each tensor is fetched;
# - write the lecture's tiled nest for an array of 16 × 64 processing elements (PEs), and say how busy they are and what they move;
# - say how many configurations there are, how little any of them can move, and design a good one.
#
# **Time:** about 3 hours, half an hour of it for the design at the end.  **You need:** lab 01 (the seven loops).
#
# **How it works.** A cell with `# your code here` is a blank. The cell below it checks it on small cases and shows the smallest one
# that fails, with a hint. Points are for right values and exact counts, never for speed.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import time

import numpy as np
from IPython.display import display

from course_lib import ConvShape
from course_lib.check import check, predict
from course_lib.exercises.notebook import once_filled
from course_lib.machine import PEArray, cycle_report, dataflow_report, design_report, distance_to_bound
from course_lib.nest import conv_problem, schedule
from course_lib.recorded import record
from course_lib.records import Report
from course_lib.views import bound_meter, dataflow_1d, loop_table, memory_traffic

ia_example, w_example = np.arange(1.0, 13.0), np.array([1.0, 0.0, 2.0, 1.0])  # the slide's example: 12 inputs, 4 weights
lecture = ConvShape(N=1, C=64, H=56, W=56, K=64, R=3, S=3, pad=1)  # the layer of parts 3 to 5

# %% [markdown]
# ## Before you begin: a guess (1 point)
#
# The lecture's array has 16 × 64 PEs: 16 input channels by 64 filters. Each PE **holds one weight** while all pixels of the image pass by; then
# it gets the next weight. That way each weight is read exactly once, the fewest reads there can be.
#
# Three kinds of words go between the array and its buffer: weights, input pixels, and *partial sums*: outputs that are not complete yet, put down and
# picked up again. The layer has 64 channels, 64 filters of 3 × 3, 56 × 56 pixels. **How many per cent of all these words are partial sums?**
#
# Put down a number from 0 to 100 before you know; any number earns the point. The truth is in part 3. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "psum_share", "locked": false, "schema_version": 3, "solution": true, "task": false}
def psum_share() -> float:
    """My guess: per cent of the words between buffer and array that are partial sums."""
    ### BEGIN SOLUTION
    return 33.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_psum_share", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("psum_share", psum_share)

# %% [markdown]
# ## Part 1 · One dimension, three dataflows (40 minutes, 12 points)
#
# One row of `H` inputs, `S` weights, `Q = H - S + 1` outputs:
#
# $$\mathrm{oa}[q] \;=\; \sum_{s=0}^{S-1} \mathrm{ia}[q+s]\cdot w[s]$$
#
# Two loops, so two orders; a third comes from looping over the *inputs*. The machine of this part is tiny: memory, one multiplier, and **one register a
# tensor**. In your Python a register is a **variable**: `ia[...]`, `w[...]` and `oa[...]` go to memory and are counted, a variable costs nothing.
#
# ### Output stationary
#
# The output stays: its sum grows in a register, and is stored once, when it is complete. `q` is the outer loop, `s` the inner one.
#
# **Write** `conv1d_os(ia, w)`. Plain loops, no `@` or `np.dot`: we want to see each access. *(6 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv1d_os", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv1d_os(ia, w):
    """ia[H] * w[S] -> oa[H-S+1], output stationary"""
    S = len(w)
    Q = len(ia) - S + 1
    oa = np.zeros(Q)
    ### BEGIN SOLUTION
    for q in range(Q):
        total = 0.0  # the register
        for s in range(S):
            total += ia[q + s] * w[s]
        oa[q] = total
    return oa
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_conv1d_os", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("conv1d_os", conv1d_os)

# %% [markdown]
# Below is **your own loop**, recorded. The three buffers of the slide: what is touched at each step, and the counts so far. Step with the arrow keys.

# %%
with once_filled:
    _, trace_os = record(conv1d_os, ia_example, w_example)
    display(dataflow_1d(trace_os, title="Output stationary: your loop"))
    print(trace_os)

# %% [markdown]
# 36 multiply-accumulates (Q·S = 9·4), 36 reads of the weights, 36 of the inputs, and only 9 stores: the output is what stays.
#
# ### Weight stationary
#
# Now exchange the loops: `s` outside. Load `w[s]` once into a variable and let it meet all the inputs it has to meet, before the next weight comes. Then an
# output gets one product at a time, and has to wait in memory in between: `oa[q] += ...` reads a **partial sum** and stores another. *(5 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv1d_ws", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv1d_ws(ia, w):
    """ia[H] * w[S] -> oa[H-S+1], weight stationary"""
    S = len(w)
    Q = len(ia) - S + 1
    oa = np.zeros(Q)
    ### BEGIN SOLUTION
    for s in range(S):
        held = w[s]  # the register
        for q in range(Q):
            oa[q] += ia[q + s] * held
    return oa
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_conv1d_ws", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("conv1d_ws", conv1d_ws)

# %%
with once_filled:
    _, trace_ws = record(conv1d_ws, ia_example, w_example)
    display(dataflow_1d(trace_ws, title="Weight stationary: your loop"))
    print(trace_ws)

# %% [markdown]
# ### Input stationary
#
# And a third: loop over the inputs `h`, hold `ia[h]`, and give it to every output that needs it. Input `h` meets weight `s` in output `q = h - s`,
# **if there is such an output**: at the two ends there are fewer. *(6 or 7 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv1d_is", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv1d_is(ia, w):
    """ia[H] * w[S] -> oa[H-S+1], input stationary"""
    H, S = len(ia), len(w)
    Q = H - S + 1
    oa = np.zeros(Q)
    ### BEGIN SOLUTION
    for h in range(H):
        held = ia[h]  # the register
        for s in range(S):
            q = h - s
            if 0 <= q < Q:
                oa[q] += held * w[s]
    return oa
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_conv1d_is", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("conv1d_is", conv1d_is)

# %%
with once_filled:
    _, trace_is = record(conv1d_is, ia_example, w_example)
    display(dataflow_1d(trace_is, title="Input stationary: your loop"))
    print(trace_is)

# %% [markdown]
# ### Before it runs
#
# A good engineer has these numbers before the program exists. **Write** `access_counts(dataflow, Q, S)` for `dataflow` "OS", "WS" or "IS":
#
# `{"W reads": ..., "IA reads": ..., "OA writes": ..., "OA reads": ...}`
#
# One difference to your recorded loops: the *first* time an output is visited its partial sum is zero, and a machine that knows so need not
# read it. (Your `+=` does read it.) Each later visit reads the partial sum first. *(5 to 10 lines)*


# %% nbgrader={"grade": false, "grade_id": "access_counts", "locked": false, "schema_version": 3, "solution": true, "task": false}
def access_counts(dataflow: str, Q: int, S: int) -> dict:
    """Reads and writes of each tensor, with one register a tensor."""
    ### BEGIN SOLUTION
    macs = Q * S
    if dataflow == "OS":
        return {"W reads": macs, "IA reads": macs, "OA writes": Q, "OA reads": 0}
    if dataflow == "WS":
        return {"W reads": S, "IA reads": macs, "OA writes": macs, "OA reads": macs - Q}
    return {"W reads": macs, "IA reads": Q + S - 1, "OA writes": macs, "OA reads": macs - Q}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_access_counts", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("access_counts", access_counts)

# %%
with once_filled:
    rows = []
    for name, trace in (("OS", trace_os), ("WS", trace_ws), ("IS", trace_is)):
        said = access_counts(name, 9, 4)
        seen = f"{trace.loads('W')} / {trace.loads('IA')} / {trace.stores('OA')}"
        rows.append({"dataflow": name, **said, "sum": sum(said.values()), "recorded: W / IA / OA": seen})
    display(Report.of(rows, title="Q = 9 outputs, S = 4 weights: your formula, and your loops"))

# %% [markdown]
# 36 products whatever you do. Each order saves one tensor's accesses and leaves the other two alone; and a partial sum, if it does not stay, costs **twice**,
# there and back.
#
# ## Part 2 · Seven loops, in any order (45 minutes, 10 points)
#
# What you did by hand for two loops holds for any nest. Look at one tensor and at the loops from the inside outwards. A loop *moves* a tensor if the
# tensor's index uses it: `W[r][s][c][k]` is moved by `k c r s` and not by `n p q`. While only loops step that do not move the tensor, its element stays
# in the register. So
#
# > **fetches = the product of the extents of all loops, from the outermost down to the innermost one that moves the tensor.**
#
# The loops inside of that do not count: that is what "stationary" means. The loops outside do count, *also those that do not move it*: they
# bring the whole tensor back again. And a loop of a single step moves nothing.
#
# **Write** `fetches(loops, moves)`. `loops` is a tuple of pairs, outermost first, such as `(("s", 4), ("q", 9))`; `moves` is a text with the letters that move
# the tensor, such as `"kcrs"`. No loop moves it: it is fetched... 1 time. *(4 to 6 lines)*


# %% nbgrader={"grade": false, "grade_id": "fetches", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fetches(loops, moves: str) -> int:
    """How often an element is fetched into the tensor's one register."""
    ### BEGIN SOLUTION
    needed, product = 1, 1
    for letter, extent in loops:
        product *= extent
        if letter in moves and extent > 1:
            needed = product
    return needed
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_fetches", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("fetches", fetches)

# %% [markdown]
# Your function on the lecture's layer, for a few of the 5,040 orders (one multiplier, one register a tensor). No order is best for all three:

# %%
MOVED_BY = {"W": "kcrs", "IA": "ncpqrs", "OA": "nkpq"}
EXTENTS = {"n": 1, "k": 64, "p": 56, "q": 56, "c": 64, "r": 3, "s": 3}
with once_filled:
    rows = []
    for order in ("n k p q c r s", "n r s c k p q", "n c p q k r s", "n r s p q c k", "k c r s n p q"):
        loops = tuple((letter, EXTENTS[letter]) for letter in order.split())
        rows.append({"order": order, **{f"{name} fetched": fetches(loops, moves) for name, moves in MOVED_BY.items()}})
    display(Report.of(rows, title=f"{lecture.macs:,} MACs each"))

# %% [markdown]
# The same question put to the course's own nest, as a picture: which loop moves what, and under which it stays.

# %%
loop_table(schedule(conv_problem(lecture), "n r s c k p q"))

# %% [markdown]
# ### The lecture's nest as data
#
# The lecture goes on from ordering: *unrolling* (spread a loop over many PEs, so that it costs no time) and *tiling* (cut a loop in two, so
# that a part of it can be spread). Its last listing:
#
# ```
# for (n=0; n<N; n++) {
#   for (r=0; r<R; r++) {
#     for (s=0; s<S; s++) {
#       for (c_t=0; c_t<C/16; c_t++) {
#         for (k_t=0; k_t<K/64; k_t++) {
#           spatial_for (c_s=0; c_s<16; c_s++) {
#             spatial_for (k_s=0; k_s<64; k_s++) {
#               int curr_c = c_t * 16 + c_s;
#               int curr_k = k_t * 64 + k_s;
#               float curr_w = W[r][s][curr_c][curr_k];
#               for (p=0; p<P; p++) for (q=0; q<Q; q++) {
#                 h = p * stride - pad + r; w = q * stride - pad + s;
#                 OA[n][curr_k][p][q] += IA[n][curr_c][h][w] * curr_w;
#               }
# } } } } } } }
# ```
#
# `c_t` says *which tile* of 16 channels, `c_s` *where in it*. We write such a nest as a dict: how large the tiles are, and in what order the loops stand, outermost first,
# with two bars around those that lie on the array:
#
# `{"tiles": {"p": 8}, "order": "n k p_t c | p_s | q r s"}`
#
# (tiles of 8 rows, which lie on 8 PEs: an example, not the lecture's). **Write** `slide_nest(c_s, k_s)`: the lecture's nest with tiles of `c_s` channels and
# `k_s` filters. *(1 to 3 lines)*


# %% nbgrader={"grade": false, "grade_id": "slide_nest", "locked": false, "schema_version": 3, "solution": true, "task": false}
def slide_nest(c_s: int = 16, k_s: int = 64) -> dict:
    """The lecture's nest: {"tiles": {...}, "order": "outside | on the array | inside"}"""
    ### BEGIN SOLUTION
    return {"tiles": {"c": c_s, "k": k_s}, "order": "n r s c_t k_t | c_s k_s | p q"}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_slide_nest", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("slide_nest", slide_nest)

# %% [markdown]
# From your dict the course makes a `Schedule`. Printed, it should be the lecture's listing. (96 channels and 80 filters do not fill their tiles:
# see the guard that appears.)


# %%
def arranged(mapping, shape):
    """The mapping as a Schedule of the layer: tile, reorder, and mark what is between the bars as spatial."""
    outside, between, inside = mapping["order"].split("|")
    nest = schedule(conv_problem(shape))
    for loop, size in mapping["tiles"].items():
        nest = nest.tile(**{loop: size})
    return nest.reorder(f"{outside} {between} {inside}").spatial(between)


with once_filled:
    print(arranged(slide_nest(16, 64), ConvShape(N=1, C=64, H=56, W=56, K=128, R=3, S=3, pad=1)).hold("W"))
    print()
    ragged = ConvShape(N=1, C=96, H=56, W=56, K=80, R=3, S=3, pad=1)
    print(arranged(slide_nest(64, 64), ragged).hold("W"))

# %% [markdown]
# ### Tiled, in Python
#
# Now write it out. A PE array does all `c_s` and `k_s` at the same time; Python does them one after another, so the loops on the array are plain
# loops here. Three things to mind:
#
# - **Ragged tiles.** The lecture writes `C/16`, which is right where 16 divides C. With 3 channels there is one tile, not quite full: round up, and do
#   *nothing at all* for the places beyond C and K.
# - **The weight stays.** `curr_w` is loaded once, outside the loops over `p` and `q`.
# - **Padding.** A pixel outside of the image is 0. `h` can be -1, and `ia[..., -1, ...]` is the last row!
#
# **Write** `conv2d_tiled(ia, w, stride, pad, c_s, k_s)`; `ia[N,C,H,W]`, `w[K,C,R,S]` as in lab 01. *(about 16 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv2d_tiled", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_tiled(ia, w, stride=1, pad=0, c_s=16, k_s=64):
    """ia[N,C,H,W] * w[K,C,R,S] -> oa[N,K,P,Q], in tiles of c_s channels and k_s filters"""
    N, C, H, W = ia.shape
    K, _, R, S = w.shape
    P = (H + 2 * pad - R) // stride + 1
    Q = (W + 2 * pad - S) // stride + 1
    oa = np.zeros((N, K, P, Q))
    ### BEGIN SOLUTION
    c_tiles, k_tiles = -(-C // c_s), -(-K // k_s)  # rounded up
    for n in range(N):
        for r in range(R):
            for s in range(S):
                for c_t in range(c_tiles):
                    for k_t in range(k_tiles):
                        for curr_c in range(c_t * c_s, min(c_t * c_s + c_s, C)):
                            for curr_k in range(k_t * k_s, min(k_t * k_s + k_s, K)):
                                curr_w = w[curr_k, curr_c, r, s]
                                for p in range(P):
                                    for q in range(Q):
                                        y, x = p * stride - pad + r, q * stride - pad + s
                                        if 0 <= y < H and 0 <= x < W:
                                            oa[n, curr_k, p, q] += ia[n, curr_c, y, x] * curr_w
    return oa
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_conv2d_tiled", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("conv2d_tiled", conv2d_tiled)

# %% [markdown]
# ### The same nest as machine code (shown, never marked)
#
# Python's loops hide the machine, so here are orders of the same layer compiled: the same multiply-accumulates, in the same number. The **roof** is what one core of this machine
# can do at most. The last row is the course's own choice of tiles, vectors and registers for this layer, from the same kind of `Schedule`.

# %%
from course_lib.machine.host import measure_peak
from course_lib.kernels import compile_conv2d
from course_lib.nest import build


def median_seconds(fn, repeat=5):
    fn()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


small = ConvShape(N=1, C=32, H=28, W=28, K=64, R=3, S=3, pad=1)
rng = np.random.default_rng(0)
pixels, weights = rng.standard_normal(small.ia_shape, np.float32), rng.standard_normal(small.wt_shape, np.float32)
roof = measure_peak(threads=1)
problem = conv_problem(small)
best = compile_conv2d(weights, small, algorithm="windows")
output_held = build(schedule(problem, "n k p q c r s").hold("OA"))
weight_held = build(schedule(problem, "n r s c k p q").hold("W"))
kernels = {
    "n k p q c r s, output held": lambda: output_held(pixels, weights),
    "n r s c k p q, weight held": lambda: weight_held(pixels, weights),
    "the course's tiles, vectors and registers": lambda: best(pixels),
}
first = output_held(pixels, weights)
rows = []
for name, kernel in kernels.items():
    np.testing.assert_allclose(kernel(), first, atol=1e-3)  # compared before timed
    speed = 2 * small.macs / median_seconds(kernel) / 1e9
    rows.append({"nest": name, "GFLOP/s": speed})
roof = max(roof, measure_peak(threads=1), key=lambda measured: measured.one)  # other work on the machine comes and goes
for row in rows:
    row["% of the roof"] = 100 * row["GFLOP/s"] / roof.one
Report.of(rows, note=f"One core, whose roof is {roof.one:,.0f} GFLOP/s")

# %% [markdown]
# ## Part 3 · The array of 16 × 64 (30 minutes, 5 points)
#
# 1,024 PEs: a row takes a channel, a column a filter. The loops on the array cost no time; each turn of the other loops (n, r, s, c_t, k_t, p, q) is **one cycle**, in which
# every PE that has work does one multiply-accumulate.
#
# **Write** `array_cycles(shape, rows, cols)`: `{"cycles": ..., "utilisation": ...}`. Utilisation is a share from 0 to 1: MACs that are done, over MACs that all
# PEs could do in these cycles. `shape` is a `ConvShape` with `N C H W K R S P Q macs`. The array has `rows` for channels and `cols` for filters. (Filling and
# draining the array is left out here.) *(3 or 4 lines)*


# %% nbgrader={"grade": false, "grade_id": "array_cycles", "locked": false, "schema_version": 3, "solution": true, "task": false}
def array_cycles(shape, rows: int = 16, cols: int = 64) -> dict:
    """Cycles of the lecture's nest, and the share of all PEs at work."""
    ### BEGIN SOLUTION
    c_tiles, k_tiles = -(-shape.C // rows), -(-shape.K // cols)
    cycles = shape.N * shape.R * shape.S * c_tiles * k_tiles * shape.P * shape.Q
    return {"cycles": cycles, "utilisation": shape.macs / (cycles * rows * cols)}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_array_cycles", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("array_cycles", array_cycles)

# %%
with once_filled:
    rows = []
    for name, shape in (
        ("first layer of VGG-16, C = 3", ConvShape(N=1, C=3, H=224, W=224, K=64, R=3, S=3, pad=1)),
        ("the lecture's layer, C = K = 64", lecture),
        ("a 3x3 layer with C = 24, K = 100", ConvShape(N=1, C=24, H=28, W=28, K=100, R=3, S=3, pad=1)),
    ):
        mine = array_cycles(shape)
        model = cycle_report(arranged(slide_nest(), shape), PEArray(16, 64))
        rows.append(
            {
                "layer": name,
                "cycles": mine["cycles"],
                "utilisation %": 100 * mine["utilisation"],
                "the course's model": model["compute"][0],
                "its %": 100 * model["utilisation"][0],
            }
        )
    display(Report.of(rows))

# %% [markdown]
# With 3 channels, 3 of 16 rows work: 3/16 = 18.75 %. That is why first layers are often treated differently.
#
# ### What moves
#
# Between the buffer and the array, in the lecture's order `n r s c_t k_t | c_s k_s | p q`, with three helpers in the hardware:
#
# - a PE keeps its weight while `p` and `q` run;
# - **multicast**: all columns need the same pixel in the same cycle. It is read from the buffer *once*;
# - a **tree of adders**: the rows of a column add to the same output in the same cycle. *One* sum is written.
#
# But there is no room for the sums: each partial sum goes back to the buffer, and is read again when its output is visited next. The first visit reads nothing.
# Let us count a pixel of the padding like any other.
#
# **Write** `slide_traffic(shape, rows, cols)`: `{"W reads": ..., "IA reads": ..., "OA writes": ..., "OA reads": ...}`, in words. (Part 2's rule helps, with loops on the array left out:
# for the words of one PE, and then how many PEs have a word of their own.) Ragged tiles: PEs beyond C or K fetch and write nothing. *(5 to 8 lines)*


# %% nbgrader={"grade": false, "grade_id": "slide_traffic", "locked": false, "schema_version": 3, "solution": true, "task": false}
def slide_traffic(shape, rows: int = 16, cols: int = 64) -> dict:
    """Words between the buffer and the array, by tensor."""
    ### BEGIN SOLUTION
    c_tiles, k_tiles = -(-shape.C // rows), -(-shape.K // cols)
    taps, pixels = shape.N * shape.R * shape.S, shape.P * shape.Q
    writes = taps * c_tiles * shape.K * pixels
    return {
        "W reads": taps * shape.C * shape.K,
        "IA reads": taps * shape.C * k_tiles * pixels,
        "OA writes": writes,
        "OA reads": writes - shape.N * shape.K * pixels,
    }
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_slide_traffic", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("slide_traffic", slide_traffic)

# %% [markdown]
# ### Your guess, and the truth

# %%
with once_filled:
    words = slide_traffic(lecture)
    total = sum(words.values())
    display(Report.of([{"words": name, "number": number, "%": 100 * number / total} for name, number in words.items()]))
    guess = predict("per cent of the words that are partial sums", psum_share())
    display(guess.compare(round(100 * (words["OA writes"] + words["OA reads"]) / total, 1)))

# %% [markdown]
# ### A surprise
#
# Weights are read as rarely as can be, and yet... Here are some orders of the same loops on the same 16 × 64 PEs with a register for each operand and a
# buffer of 108 KB (54 Ki words of 16 bits). What fits in the buffer is kept there; what does not has to come from DRAM. The energy is in MACs, for one MAC (reported for
# a 65 nm chip: register 1, wire between PEs 2, buffer 6, DRAM 200). **Before you run it:** which order will be the cheapest?

# %%
array = PEArray(16, 64, registers=3, buffer=54 * 1024)
ORDERS = {
    "the lecture's": "n r s c_t k_t | c_s k_s | p q",
    "channels outside": "n c_t k_t r s | c_s k_s | p q",
    "a row of pixels inside": "n k_t p c_t r s | c_s k_s | q",
    "one pixel at a time": "n k_t p q c_t r s | c_s k_s |",
}
rows = []
for name, order in ORDERS.items():
    nest = arranged({"tiles": {"c": 16, "k": 64}, "order": order}, lecture)
    report, (design_row,) = dataflow_report(nest, array), design_report(nest, array)
    buffer = {row["tensor"]: row["reads"] + row["writes"] for row in report if row["level"] == "buffer"}
    rows.append(
        {"order": name, "loops": order, **{f"{tensor} words": buffer[tensor] for tensor in ("W", "IA", "OA")}}
        | {level: design_row[level] for level in ("DRAM", "buffer", "PE", "RF", "energy a MAC")}
    )
Report.of(rows, title="Words between buffer and array; energy a MAC by level")

# %% [markdown]
# Where the lecture's words go, level by level. The widest pipe is not the dearest: a word costs 1 between a register and its multiplier, and 200 from DRAM.

# %%
slides_own = arranged({"tiles": {"c": 16, "k": 64}, "order": ORDERS["the lecture's"]}, lecture)
memory_traffic(dataflow_report(slides_own, array), itemsize=2, title="The lecture's order: bytes between the memories")

# %% [markdown]
# The order with the fewest weight reads is the most expensive. You will be asked why, at the end.
#
# ## Part 4 · How many configurations? (20 minutes, 3 points)
#
# Part 3 compared four. How many are there? A configuration of a nest with `levels` levels (say DRAM, buffer, registers) says
#
# - for every loop, how its extent is split into `levels` factors: 4 in two levels is 1·4, 2·2 or 4·1, so three ways (whole divisions only, no ragged tiles);
# - for every level, in what order its loops stand: with 7 loops 7! = 5,040 orders, *at each level*. (Loops of one step are counted, too.)
#
# **Write** `count_configs(extents, levels)`; `extents` is a dict such as `{"k": 64, "c": 64, "q": 56}`. You need not list them: split off the first factor and count the rest by recursion, or
# share out the prime factors one by one. *(8 to 12 lines)*


# %% nbgrader={"grade": false, "grade_id": "count_configs", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_configs(extents: dict, levels: int) -> int:
    """Ordered factorisations of all extents, times the orders of the loops at every level."""

    ### BEGIN SOLUTION
    def ways(extent, factors):
        if factors == 1:
            return 1
        return sum(ways(extent // first, factors - 1) for first in range(1, extent + 1) if extent % first == 0)

    tilings = 1
    for extent in extents.values():
        tilings *= ways(extent, levels)
    orders = 1
    for i in range(2, len(extents) + 1):
        orders *= i
    return tilings * orders**levels
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_count_configs", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("count_configs", count_configs)

# %%
with once_filled:
    levels = 3
    everything = count_configs(EXTENTS, levels)
    tilings = everything // 5040**levels
    years = everything / 1000 / 3600 / 24 / 365
    print(f"{tilings:,} tilings x 5040^{levels} orders = {everything:.2e} configurations of one layer.")
    print(f"At a thousand a second: {years:,.0f} years. Chapter 14 finds good ones in minutes.")

# %% [markdown]
# ## Part 5 · How little can be moved? (15 minutes, 2 points)
#
# However clever the order: with `fast` words of memory on the chip, some traffic to DRAM cannot be avoided. Two lower bounds hold, so the larger one does:
#
# - **everything once**: each input and weight is read, each output written, at least once;
# - a proven bound for a small memory, for stride 1 and no padding (the proof is six lines in `course_lib/machine/bound.py`):
#
# $$\frac{2\cdot\mathrm{MACs}}{\sqrt{R\,S\cdot\mathrm{fast}}} \;-\; 2\cdot\mathrm{fast}$$
#
# The root is what tiling can do at best: a memory four times as large halves the traffic. `R·S` is under it because one pixel serves up to R·S windows.
#
# **Write** `conv_io_lower_bound(shape, fast)`, in words, for stride 1 and no padding. (`shape.params` are the weights.) *(3 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv_io_lower_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv_io_lower_bound(shape, fast: int) -> float:
    """The least words between DRAM and a chip with `fast` words of memory (stride 1, no padding)."""
    ### BEGIN SOLUTION
    once = shape.N * shape.C * shape.H * shape.W + shape.params + shape.N * shape.K * shape.P * shape.Q
    proven = 2 * shape.macs / (shape.R * shape.S * fast) ** 0.5 - 2 * fast
    return max(once, proven)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_conv_io_lower_bound", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("conv_io_lower_bound", conv_io_lower_bound)

# %%
with once_filled:
    unpadded = ConvShape(N=1, C=64, H=58, W=58, K=64, R=3, S=3)  # the same layer, its frame of zeros part of the image
    for name in ("the lecture's", "a row of pixels inside"):
        report = dataflow_report(arranged({"tiles": {"c": 16, "k": 64}, "order": ORDERS[name]}, unpadded), array)
        meter = distance_to_bound(report, unpadded, array.on_chip)
        # the course's bound is yours
        np.testing.assert_allclose(meter["bound"][0], conv_io_lower_bound(unpadded, array.on_chip))
        display(bound_meter(meter, title=f"Words to and from DRAM, order: {name}"))

# %% [markdown]
# One order moves 35 times as much as it must, another not a word too many; a few letters have changed places. (The bound knows nothing of the traffic between
# buffer and array, of course; there the second one still has something to save.)

# %% [markdown]
# ## Part 6 · Your design (30 minutes or more, 5 points)
#
# A layer from the middle of a network, and a small array:
#
# | layer | 64 channels, 28 × 28 pixels, 96 filters of 3 × 3, pad 1 |
# |---|---|
# | array | 16 × 16 PEs, 32 words of registers in each, a buffer of 8,192 words |
#
# **Write** `design()`: a dict as in part 2, with tiles and an order of your choice. What stands **outside** the bars turns in time around the array; what is
# **between** them lies on it, the first loop along the rows if it fits there; what is **inside** runs in each PE. What is held in registers and buffer is worked out for you: what fits and
# saves most. A tiled loop may be tiled again (`{"p": 8, "p_s": 2}` makes `p_t p_s_t p_s_s`).
#
# It is judged by energy × cycles (energy-delay product, EDP), in 10⁹: fast and frugal at the same time. 1 point for a design that fits, 2 for coming within 2 times the best that we know, 2 more for
# coming within 1.25 times. The numbers stand in the check.
#
# While your work is graded the model of the array is put away: `design` must *return* what you found, not search for it. If you write a search (why not?), put it into a cell of its own,
# and copy its answer here. *(2 or 3 lines, and some thought)*

# %%
layer = ConvShape(N=1, C=64, H=28, W=28, K=96, R=3, S=3, pad=1)
chip = PEArray(16, 16, registers=32, buffer=8192)


def judged(mapping):
    """Energy by level and tensor, and the row that counts."""
    nest = arranged(mapping, layer)
    report = dataflow_report(nest, chip)
    (row,) = design_report(nest, chip)
    product = f"{row['energy a MAC']:.2f} for a MAC x {layer.macs:,} MACs x {row['cycles']:,} cycles"
    print(f"EDP {np.ceil(row['EDP'] / 1e9):,.0f} · 10⁹ = {product}")
    return report


judged({"tiles": {"c": 16, "k": 16}, "order": "n r s c_t k_t | c_s k_s | p q"})  # the lecture's nest, to begin with


# %% nbgrader={"grade": false, "grade_id": "design", "locked": false, "schema_version": 3, "solution": true, "task": false}
def design() -> dict:
    """My design: {"tiles": {...}, "order": "outside | on the array | inside"}"""
    ### BEGIN SOLUTION
    # Rows in blocks of 4: the partial sums of a block stay in the buffer while all channels come by. Two filters take turns in a PE, so that
    # a pixel in its register is used for both; the taps s of 7 neighbouring pixels stand inside, so that their sums stay in the registers.
    tiles = {"c": 16, "k": 32, "k_s": 2, "q": 7, "p": 4}
    return {"tiles": tiles, "order": "n p_t k_t c_t q_t p_s r | c_s k_s_t | q_s k_s_s s"}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_design", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("design", design)

# %%
with once_filled:
    report = judged(design())
    display(report)
    display(loop_table(arranged(design(), layer), title="Your design: which loop moves what"))
    display(memory_traffic(report, itemsize=2, title="Your design: bytes between the memories"))
    display(bound_meter(distance_to_bound(report, layer, chip.on_chip), title="Your design: words to and from DRAM"))

# %% [markdown]
# ## To think about (4 points, graded by hand)
#
# In part 3 the lecture's order reads every weight exactly once. An order that reads the weights 56 times as often takes about a quarter of the energy. **Why?** And what should one look at
# *first* when choosing a dataflow? Use at least two numbers from your own tables.
#
# Half a page at most. What earns the points:
#
# | points | for |
# |---|---|
# | 1 | where the energy of the lecture's order goes: level and tensor, with a number |
# | 1 | why partial sums weigh so much: how often they move, that they go both ways, and what must stay meanwhile |
# | 1 | what the other order changes: how much must be kept at a time, and the size of the buffer |
# | 1 | a rule for choosing, and a layer or a buffer size for which the lecture's order would be the better one |

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain_dataflow", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# In the lecture's order p and q are innermost, so between two visits of one output all 64 x 3136 = 200,704 others have their turn. That is more than the 54 Ki words of the buffer, so
# each partial sum goes to DRAM and comes back: 7.0 million reads and 7.2 million writes, 88 % of all words, and DRAM takes about 28 of the 36 MACs of energy. An output is visited
# R·S·C/16 = 36 times, and each visit moves it both ways; a weight or a pixel moves one way only. The 36,864 weight reads are next to nothing: one word in four hundred.
#
# With a row of pixels inside (n k_t p c_t r s | c_s k_s | q) a row of 56 pixels for 64 filters has to wait, 3,584 words. These fit, and so the sums never leave the chip: DRAM
# traffic falls from 16 million words to 0.44 million, and the energy to 9.5. The weights are read 56 times as often from the buffer, but there a word costs 6 and not 200.
#
# So: do not ask which tensor is read most rarely. Ask what has to be kept between two uses of a word, whether that fits, and what the words that do not fit cost; partial sums first, since they go
# both ways. With 7 x 7 pixels and 64 filters all sums (3,136 words) fit in the buffer in any order; there the lecture's order is the better one (13.1 against 14.1 a MAC, with the cell of part 3).
# ### END SOLUTION

# %% [markdown]
# ---
# **Done?** Run everything once more from the top, look that every check is green, save, and hand in this one file.
# `course check labs/04_dataflow` in a terminal runs all checks in one go.
