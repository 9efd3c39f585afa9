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
# # Lab 01 · What a network costs, before you run it
#
# A camera in a phone has a few milliseconds for each picture. Will a network fit into them? You will learn to say so with a pencil:
# how large is each layer's output, how many multiply-accumulates (MACs) does it take, how many bytes. Then you run it and see where
# the pencil was right, and where it was not.
#
# By the end you can
#
# - compute the size of any convolution's output, and write a convolution as seven loops;
# - say where in memory an element of a tensor lies;
# - count MACs, parameters and bytes of a layer and of a whole network;
# - measure a running time that you would show to somebody else.
#
# **Time:** about 2 hours, most of it in parts 2 and 5.  **You need:** Python, and loops. No deep learning.
#
# **How it works.** A cell with `# your code here` is a blank, and the text says how many lines it takes. Replace the line with
# `raise` by your own. The cell below each blank *checks* it: it runs small cases, and shows the smallest one that fails, with a hint.
# Check as often as you like; nothing is sent anywhere. Points are for right values and exact counts, never for speed.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import time

import numpy as np
from IPython.display import display

from course_lib import ConvShape
from course_lib.check import check, predict
from course_lib.exercises.notebook import first_layer_filters, once_filled, photograph, show
from course_lib.records import Report
from course_lib.recorded import record
from course_lib.views import array_grid, network_bars, sliding_window

# %% [markdown]
# ## Before you begin: a guess (1 point)
#
# AlexNet (2012) has five convolutional layers and, at its end, three fully connected ones.
# **How many per cent of its parameters are in the fully connected layers?**
#
# Put down a number from 0 to 100 before you know. Any number earns the point: a wrong guess is what makes the answer stick.
# You will see the truth in part 5. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "fc_share", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fc_share() -> float:
    """My guess: per cent of AlexNet's parameters that are in its fully connected layers."""
    ### BEGIN SOLUTION
    return 60.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_fc_share", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("fc_share", fc_share)

# %% [markdown]
# ## Part 1 · How large is the output? (15 minutes, 2 points)
#
# A convolution slides a small **filter** over an image. At every stop it multiplies the pixels under it with its own numbers and adds
# up the products: one number of the output. Step through it with the arrow keys, or hover over an output to see the pixels it comes from.

# %%
sliding_window(ConvShape(N=1, C=1, H=5, W=6, K=1, R=3, S=3))

# %% [markdown]
# These letters are used in the whole course, on every slide:
#
# | | rows | columns | |
# |---|---|---|---|
# | input  | `H` | `W` | `C` channels, `N` images |
# | filter | `R` | `S` | `K` filters |
# | output | `P` | `Q` | `K` channels: one for each filter |
#
# Three things change how many stops there are:
#
# - **stride**: the window moves so many rows and columns at a time;
# - **pad**: so many rows and columns of zeros are put around the image, on *every* side;
# - **dilation**: the filter's taps lie so many rows and columns apart. With dilation 2 a filter of 3 reads rows 0, 2 and 4.
#
# A window that would hang over the edge (of the padded image) is left out.

# %%
sliding_window(ConvShape(N=1, C=1, H=6, W=6, K=1, R=3, S=3, stride=2, pad=1))

# %% [markdown]
# **Write it.** How many outputs are there along one axis of `h` pixels, for a filter of `r` taps? Whole numbers in, a whole number out.
#
# Begin on paper with `h = 5`, `r = 3`; then pad 1; then stride 2 with `h = 7` and with `h = 8`. *(1 to 3 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv_output_size", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv_output_size(h: int, r: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """Outputs along one axis: h pixels, r taps."""
    ### BEGIN SOLUTION
    reach = dilation * (r - 1) + 1  # rows from the filter's first tap to its last
    moves = (h + 2 * pad - reach) // stride
    return moves + 1
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_conv_output_size", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("conv_output_size", conv_output_size)

# %% [markdown]
# The first layers of some networks, with your function:

# %%
with once_filled:
    rows = []
    for name, h, r, stride, pad in (
        ("AlexNet", 224, 11, 4, 2),
        ("VGG-16", 224, 3, 1, 1),
        ("ResNet-50", 224, 7, 2, 3),
        ("Xception", 299, 3, 2, 0),
    ):
        row = {"network": name, "input": h, "filter": r, "stride": stride, "pad": pad}
        rows.append(row | {"output": conv_output_size(h, r, stride, pad)})
    display(Report.of(rows, title="First layers: rows in, rows out"))

# %% [markdown]
# ## Part 2 · The seven loops (30 minutes, 5 points)
#
# Now the convolution itself, as slow and as plain as it can be:
#
# $$\mathrm{oa}[n,k,p,q] \;=\; \mathrm{bias}[k] + \sum_{c=0}^{C-1}\sum_{r=0}^{R-1}\sum_{s=0}^{S-1}
#   x[n,\,c,\;p\cdot\mathrm{stride}+r-\mathrm{pad},\;q\cdot\mathrm{stride}+s-\mathrm{pad}]\;\cdot\;w[k,c,r,s]$$
#
# `x[N,C,H,W]` is the input, `w[K,C,R,S]` the filters, and a pixel outside of the image counts as 0. Seven letters are summed or looped
# over, so there are **seven loops**: `n k p q` say which output, `c r s` run over its sum.
#
# **Write it** with `for` loops and `+=`. No `@`, no `np.dot`, no library's convolution: we want to see every single
# multiplication. If you like, make a larger array with the zeros around the image first (then the index never leaves it).
# `bias` is `None` or has one number a filter. *(10 to 16 lines)*


# %% nbgrader={"grade": false, "grade_id": "conv2d_direct", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_direct(x, w, bias=None, stride=1, pad=0):
    """x[N,C,H,W] * w[K,C,R,S] + bias[K] -> oa[N,K,P,Q]"""
    N, C, H, W = x.shape
    K, _, R, S = w.shape
    P = conv_output_size(H, R, stride, pad)
    Q = conv_output_size(W, S, stride, pad)
    oa = np.zeros((N, K, P, Q))
    ### BEGIN SOLUTION
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    padded[:, :, pad : pad + H, pad : pad + W] = x
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    total = 0.0 if bias is None else bias[k]
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                total += padded[n, c, p * stride + r, q * stride + s] * w[k, c, r, s]
                    oa[n, k, p, q] = total
    ### END SOLUTION
    return oa


# %% nbgrader={"grade": true, "grade_id": "check_conv2d_direct", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("conv2d_direct", conv2d_direct)

# %% [markdown]
# ### What your loops did
#
# `record` runs *your* function on arrays that write down every access. Nothing is estimated; these are counts.

# %%
with once_filled:
    x = np.arange(1.0, 26.0).reshape(1, 1, 5, 5)
    w = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    oa, trace = record(conv2d_direct, x, w, names={"x": "IA"})
    display(trace.report())
    display(array_grid(oa[0, 0]))

# %% [markdown]
# Each of the 9 outputs takes 9 products, so there are 81 MACs. The image has 25 pixels, and yet your loops load 81 times from it:
# most pixels are loaded again and again. *(If you made a padded copy, the 81 loads are from the copy.)* Where those loads
# go (to memory, or to a cache nearby) is what chapters 03 and 04 are about.
#
# Here is the same layer, drawn. Its last sum must be the last number that you computed.

# %%
image, taps = np.arange(1.0, 26.0).reshape(1, 1, 5, 5), np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
sliding_window(ConvShape(N=1, C=1, H=5, W=5, K=1, R=3, S=3), ia=image, wt=taps)

# %% [markdown]
# ### A real picture
#
# A photograph that comes with scikit-learn goes through your own loops. The three filters are edge detectors, written down by hand: a
# filter that compares left with right answers where brightness changes from left to right. (A piece of 100 × 100 pixels, in grey:
# plain Python is slow, as you will see next.)

# %%
edges = np.array(
    [
        [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],  # left against right: upright edges
        [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],  # above against below: level edges
        [[0, -1, 0], [-1, 4, -1], [0, -1, 0]],  # a pixel against its neighbours: fine detail
    ],
    np.float32,
)[:, None]
photo = photograph("china")
grey = photo[:, :, 90:190, 230:330].mean(axis=1, keepdims=True)
with once_filled:
    start = time.perf_counter()
    answer = conv2d_direct(grey, edges, pad=1)
    loop_seconds = time.perf_counter() - start
    loop_macs = ConvShape(1, 1, 100, 100, 3, 3, 3, pad=1).macs
    display(show([grey[0, 0], *answer[0]], ["the photograph, in grey", "upright edges", "level edges", "fine detail"]))

# %% [markdown]
# ### The first layer of AlexNet
#
# AlexNet's first layer has 64 filters of 3 × 11 × 11 and stride 4. We take 8 of that size and a piece of the picture in colour: 3 million
# MACs, which your loops will need a few seconds for. (All 64 on the whole picture would take them minutes. Lab 03 does it in a blink.)
# The filters here are *drawn by a formula* (gratings and colour edges). Those of a trained AlexNet look much like them, but trained
# weights are not part of this course.

# %%
filters = first_layer_filters(64, 11)[[0, 2, 4, 6, 17, 20, 24, 28]]
crop = photo[:, :, 60:179, 200:359]
with once_filled:
    maps = conv2d_direct(crop, filters, stride=4)
    drawn = [f - f.min() for f in filters / np.abs(filters).max() / 2]
    display(show(drawn, [f"filter {k}" for k in range(8)], columns=8, width=1.2))
    display(show([crop[0], *maps[0, :7]], ["the piece", *(f"output {k}" for k in range(7))]))

# %% [markdown]
# ### How fast was that? (shown, never marked)
#
# A MAC is two operations (a multiply and an add). The **roof** is what one core of this machine can do at most, measured just now.

# %%
from course_lib.machine.host import measure_peak

with once_filled:
    roof = measure_peak(threads=1)
    mine = 2 * loop_macs / loop_seconds / 1e9
    factor = f"Your loops reach one part in {roof.one / mine:,.0f} of the roof."
    note = f"{factor} The rest of the course is about that factor."
    speeds = {"what": ["your loops on the photograph", "the roof of one core"], "GFLOP/s": [mine, roof.one]}
    display(Report(speeds, note=note))

# %% [markdown]
# ## Part 3 · Where does an element lie? (15 minutes, 3 points)
#
# Memory is one long line. A tensor of four axes is laid out along it in some order, the **layout**:
#
# - `NCHW` (torch, the slides): w runs fastest, then h, then c, then n. A channel is one connected picture.
# - `NHWC` (TensorFlow, phones): c runs fastest, then w, then h, then n. The channels of one pixel lie side by side.
#
# The **stride** of an axis is how many elements you pass when its index grows by one.
#
# **Write** `strides_of(shape, layout)`. The shape is always `(N, C, H, W)`, and the four strides are always given for n, c, h, w in this
# order, counted in elements. *(3 to 5 lines)*


# %% nbgrader={"grade": false, "grade_id": "strides_of", "locked": false, "schema_version": 3, "solution": true, "task": false}
def strides_of(shape, layout):
    """(N, C, H, W), 'NCHW' or 'NHWC' -> strides of (n, c, h, w), in elements"""
    ### BEGIN SOLUTION
    N, C, H, W = shape
    if layout == "NCHW":
        return C * H * W, H * W, W, 1
    return H * W * C, 1, W * C, C
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_strides_of", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("strides_of", strides_of)

# %% [markdown]
# **Write** `offset(index, strides)`: how many elements lie before the one at `index`? *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "offset", "locked": false, "schema_version": 3, "solution": true, "task": false}
def offset(index, strides):
    """Position along the line of memory, 0 for the first element"""
    ### BEGIN SOLUTION
    return sum(i * step for i, step in zip(index, strides, strict=True))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_offset", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("offset", offset)

# %% [markdown]
# numpy knows strides too, in bytes. Do you agree with it, also after a transpose that moves no byte at all?

# %%
with once_filled:
    t = np.zeros((2, 3, 5, 7), np.float32)
    print("NCHW: numpy", tuple(s // t.itemsize for s in t.strides), " you", strides_of(t.shape, "NCHW"))
    u = np.zeros((2, 5, 7, 3), np.float32).transpose(0, 3, 1, 2)  # stored as NHWC, indexed as n c h w
    print("NHWC: numpy", tuple(s // u.itemsize for s in u.strides), " you", strides_of(u.shape, "NHWC"))
    for layout in ("NCHW", "NHWC"):
        steps = strides_of((1, 64, 56, 56), layout)
        apart = offset((0, 1, 0, 0), steps) - offset((0, 0, 0, 0), steps)
        print(f"{layout}: two channels of one pixel of a 64x56x56 tensor lie {4 * apart:,} bytes apart")

# %% [markdown]
# ## Part 4 · What a layer costs (15 minutes, 3 points)
#
# Now count without running. For one layer and the shape of its input, three numbers:
#
# - `macs`: multiply-accumulates for the whole batch. One multiply with its add is *one*. Padded zeros count: hardware multiplies them too.
# - `params`: all numbers the layer has learned, bias included.
# - `act_bytes`: bytes of the layer's **output**, in float32 (4 bytes a number).

# %%
import torch

layer = torch.nn.Conv2d(4, 6, (3, 5), stride=2, padding=(1, 2), groups=2)
print("weight", tuple(layer.weight.shape), " bias", tuple(layer.bias.shape))
print("stride", layer.stride, " padding", layer.padding, " groups", layer.groups)
print("(1, 4, 9, 9) ->", tuple(layer(torch.zeros(1, 4, 9, 9)).shape))

# %% [markdown]
# **Write** it for `torch.nn.Conv2d` and `torch.nn.Linear`. A Conv2d knows its `in_channels`, `out_channels`, `kernel_size`,
# `stride`, `padding`, `dilation` (each a pair: rows, columns), `groups`; a Linear its `in_features` and `out_features`.
# `layer.weight` and `layer.bias` (which may be `None`) know their size: `.numel()`. With `groups` a filter sees only `C/groups`
# channels, and `layer.weight.shape` is `(K, C/groups, R, S)`. A Linear acts on the last axis of its input, whatever comes
# before it. *(10 to 15 lines)*


# %% nbgrader={"grade": false, "grade_id": "layer_cost", "locked": false, "schema_version": 3, "solution": true, "task": false}
def layer_cost(layer, in_shape):
    """-> {'macs': ..., 'params': ..., 'act_bytes': ...} of a Conv2d or a Linear on an input of in_shape"""
    ### BEGIN SOLUTION
    params = layer.weight.numel() + (layer.bias.numel() if layer.bias is not None else 0)
    if hasattr(layer, "in_features"):
        outputs = layer.out_features
        for size in in_shape[:-1]:
            outputs *= size
        products = layer.in_features
    else:
        N, _, H, W = in_shape
        K, per_group, R, S = layer.weight.shape
        P = conv_output_size(H, R, layer.stride[0], layer.padding[0], layer.dilation[0])
        Q = conv_output_size(W, S, layer.stride[1], layer.padding[1], layer.dilation[1])
        outputs = N * K * P * Q
        products = per_group * R * S
    return {"macs": outputs * products, "params": params, "act_bytes": 4 * outputs}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_layer_cost", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("layer_cost", layer_cost)

# %% [markdown]
# ## Part 5 · What a network costs (25 minutes, 3 points)
#
# A network is a tree of modules. Its leaves (modules without children) do the work, and only the network's own code knows in
# which order, and how often. So we let it run once and *listen*: torch calls a **forward hook** each time a module has run.
#
# ```python
# handle = module.register_forward_hook(lambda module, inputs, output: print(module, output.shape))
# ...                # run the model
# handle.remove()    # stop listening
# ```
#
# **Write** `model_cost(model, in_shape)`. It returns a list with one dict for **each call of a leaf**, in the order they ran:
#
# ```python
# {"name": "conv1", "macs": 70276800, "params": 23296, "act_bytes": 774400}
# ```
#
# - `name` as `model.named_modules()` gives it. A layer that runs twice has two rows.
# - `macs` from your `layer_cost` for Conv2d and Linear, 0 for every other leaf (ReLU, pooling, batch norm, ...).
# - `params` of that leaf; `act_bytes` of its output.
# - Run on `torch.zeros(in_shape)`, in eval mode, without gradients.
# - **Give the model back as you found it:** no hooks left, every module in train or eval mode as before. *(about 20 lines)*


# %% nbgrader={"grade": false, "grade_id": "model_cost", "locked": false, "schema_version": 3, "solution": true, "task": false}
def model_cost(model, in_shape):
    """A list of {'name', 'macs', 'params', 'act_bytes'}, one for each call of a leaf, in the order run"""
    ### BEGIN SOLUTION
    rows, handles = [], []

    def listen(name):
        def hook(module, inputs, output):
            counted = isinstance(module, torch.nn.Conv2d | torch.nn.Linear)
            macs = layer_cost(module, tuple(inputs[0].shape))["macs"] if counted else 0
            params = sum(p.numel() for p in module.parameters())
            rows.append({"name": name, "macs": macs, "params": params, "act_bytes": 4 * output.numel()})

        return hook

    modes = [(module, module.training) for module in model.modules()]
    try:
        for name, module in model.named_modules():
            if not list(module.children()):
                handles.append(module.register_forward_hook(listen(name)))
        model.eval()
        with torch.no_grad():
            model(torch.zeros(in_shape))
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return rows
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_model_cost", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("model_cost", model_cost)

# %% [markdown]
# ### AlexNet, counted by you
#
# And beside it the course's own table of AlexNet, which never runs anything: it is computed from the layers' shapes alone.

# %%
from course_lib.zoo import NETWORKS, module

alexnet = module("alexnet")
with once_filled:
    rows = model_cost(alexnet, (1, 3, 224, 224))
    macs, params = sum(row["macs"] for row in rows), sum(row["params"] for row in rows)
    display(Report.of([row for row in rows if row["params"]], title="AlexNet, the layers with parameters"))
    print(f"your total: {macs:,} MACs, {params:,} parameters")
    print(f"the table:  {NETWORKS['alexnet'].macs:,} MACs, {NETWORKS['alexnet'].params:,} parameters")

# %% [markdown]
# The same for two networks without large fully connected layers. Not one MAC may be missing:

# %%
networks = {name: module(name) for name in ("resnet18", "mobilenet_v2")}
with once_filled:
    for name, net in networks.items():
        counted = model_cost(net, (1, 3, 224, 224))
        mine = sum(row["macs"] for row in counted), sum(row["params"] for row in counted)
        same = mine == (NETWORKS[name].macs, NETWORKS[name].params)
        words = "as in the table" if same else "NOT as in the table"
        print(f"{name:13s} {len(counted)} calls, {mine[0]:,} MACs, {mine[1]:,} parameters: {words}")

# %% [markdown]
# ### Your guess, and the truth

# %%
with once_filled:
    dense = [row for row in rows if row["name"] in ("fc6", "fc7", "fc8")]
    share_of_params = 100 * sum(row["params"] for row in dense) / params
    share_of_macs = 100 * sum(row["macs"] for row in dense) / macs
    guess = predict("per cent of AlexNet's parameters in its fully connected layers", fc_share())
    display(guess.compare(round(share_of_params, 1)))
    print(f"The same layers do {share_of_macs:.1f} % of the MACs.")
    print("The convolutions do the work; the fully connected layers take up the room.")

# %% [markdown]
# Is that only AlexNet? Here are all networks of the lecture.

# %%
from course_lib.zoo import totals

network_bars(totals())

# %% [markdown]
# ## Part 6 · Three wrong rows (10 minutes, 2 points)
#
# The lecture shows this list of model sizes. Three of its rows are wrong; one can find out by counting.
#
# **Write** `wrong_rows(slide, params)`. `slide` is a dict name → number on the slide; `params` a dict name → list of parameter
# counts, one for each member of that family (VGG-16, VGG-19). A parameter is a float32. A row is **right** if, for some
# member, its size is within 1 of the slide's number, in MB (10⁶ bytes) or in MiB (2²⁰ bytes): the slide mixes the two.
# Return the names of the rows that are wrong, in the order of the slide. *(4 to 6 lines)*


# %% nbgrader={"grade": false, "grade_id": "wrong_rows", "locked": false, "schema_version": 3, "solution": true, "task": false}
def wrong_rows(slide, params):
    """Names whose number fits no member of the family, in MB or MiB, within 1"""
    ### BEGIN SOLUTION
    wrong = []
    for name, said in slide.items():
        sizes = [4 * count / unit for count in params[name] for unit in (10**6, 2**20)]
        if all(abs(size - said) > 1 for size in sizes):
            wrong.append(name)
    return wrong
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_wrong_rows", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("wrong_rows", wrong_rows)

# %%
from course_lib.zoo.sizes import SLIDE, size_list

with once_filled:
    on_the_slide = {name: said for name, (said, members) in SLIDE.items()}
    counted = {name: [NETWORKS[m].params for m in members] for name, (said, members) in SLIDE.items()}
    print("You say these rows are wrong:", ", ".join(wrong_rows(on_the_slide, counted)))
    display(size_list())

# %% [markdown]
# Where may the three numbers come from? (Look at the other columns, and at the row above. `course_lib.zoo.explain()` has the answer.)

# %% [markdown]
# ## Part 7 · Measuring honestly (15 minutes, 2 points)
#
# One measurement is an anecdote. The first calls are slow (memory is claimed, code is set up), and now and then the system does
# something else. So: warm up, repeat, and report the **median** and the **interquartile range** (IQR: the 75th percentile minus the 25th).
#
# **Write** `measure_latency`. Call `fn` `warmup` times without looking; then time each of `repeat` single calls with
# `clock()`, which returns seconds. Use `np.percentile` for both numbers. Call `fn` no more often than that.
# (The check hands in a clock of its own, so its answer is exact on every machine.) *(7 to 10 lines)*


# %% nbgrader={"grade": false, "grade_id": "measure_latency", "locked": false, "schema_version": 3, "solution": true, "task": false}
def measure_latency(fn, warmup, repeat, clock=time.perf_counter):
    """-> {'median': seconds, 'iqr': seconds}"""
    ### BEGIN SOLUTION
    for _ in range(warmup):
        fn()
    seconds = []
    for _ in range(repeat):
        start = clock()
        fn()
        seconds.append(clock() - start)
    low, middle, high = np.percentile(seconds, [25, 50, 75])
    return {"median": float(middle), "iqr": float(high - low)}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_measure_latency", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("measure_latency", measure_latency)

# %% [markdown]
# ### A surprise
#
# ResNet-18 takes 1,814 million MACs for a picture, MobileNetV2 only 301 million: six times fewer. Is it six times faster here?
# (One thread. Your own `measure_latency`, beside the roof from part 2.)

# %%
threads = torch.get_num_threads()
torch.set_num_threads(1)
with once_filled, torch.no_grad():
    image = torch.zeros(1, 3, 224, 224)
    rows = []
    for name, net in networks.items():
        time_taken = measure_latency(lambda net=net: net(image), warmup=2, repeat=7)
        speed = 2 * NETWORKS[name].macs / time_taken["median"] / 1e9
        rows.append(
            {
                "network": NETWORKS[name].title,
                "million MACs": NETWORKS[name].macs / 1e6,
                "median ms": 1e3 * time_taken["median"],
                "iqr ms": 1e3 * time_taken["iqr"],
                "GFLOP/s": speed,
                "% of the roof": 100 * speed / roof.one,
            }
        )
    fewer = rows[0]["million MACs"] / rows[1]["million MACs"]
    faster = rows[0]["median ms"] / rows[1]["median ms"]
    display(Report.of(rows, note=f"{fewer:.1f} times fewer MACs, {faster:.1f} times faster"))
torch.set_num_threads(threads)

# %% [markdown]
# A clue, from your own counts: how many MACs does a layer do for each byte that it has to move (its input, its weights, its output)?

# %%
with once_filled:
    ordinary = torch.nn.Conv2d(64, 64, 3, padding=1, bias=False)
    depthwise = torch.nn.Conv2d(144, 144, 3, padding=1, groups=144, bias=False)
    table = []
    for title, layer, shape in (
        ("ResNet-18, a 3x3 convolution", ordinary, (1, 64, 56, 56)),
        ("MobileNetV2, a depthwise 3x3", depthwise, (1, 144, 56, 56)),
        ("AlexNet, the first fully connected", alexnet.fc6, (1, 9216)),
    ):
        one = layer_cost(layer, shape)
        moved = 4 * int(np.prod(shape)) + 4 * one["params"] + one["act_bytes"]
        per_byte = one["macs"] / moved
        table.append({"layer": title, "MACs": one["macs"], "bytes moved": moved, "MACs per byte": per_byte})
    display(Report.of(table))

# %% [markdown]
# ## To think about (4 points, graded by hand)
#
# Explain the surprise: **why is MobileNetV2 not as many times faster as it has fewer MACs?** Use at least two numbers from your own
# tables, and say what you would change, in the network or in the program that runs it, to come closer.
#
# Half a page at most. What earns the points:
#
# | points | for |
# |---|---|
# | 1 | stating the contradiction with your own measured numbers (both medians, or their ratio) |
# | 1 | a cause that your numbers support: for instance MACs per byte, the roof, small pieces of work |
# | 1 | connecting the cause with the kind of layer it holds for |
# | 1 | a change that follows from the cause, and how you would test whether it helped |

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain_surprise", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# MobileNetV2 has 6.0 times fewer MACs than ResNet-18, but in my run it was only a few times faster (the table above shows the ratio):
# it reaches a much smaller share of the roof.
#
# The depthwise layers are the cause. One of them does less than 1.2 MACs for each byte it moves, an ordinary 3x3 layer of
# ResNet-18 about 66. Below a certain number of MACs per byte the memory sets the pace, not the arithmetic, so taking MACs away no longer
# saves time. MobileNetV2 also cuts the work into many small layers (52 convolutions in place of 20), each with its own overhead, and
# its activations are large beside its MACs: they are written and read again between the layers.
#
# A change: run the 1x1, depthwise and 1x1 layers of one block together (fused), tile by tile, so that the wide intermediate
# activations never leave the cache. Test: count the bytes moved before and after, then measure both versions
# interleaved, with warm-up, and compare medians; if the bytes fall and the time does not, the cause was another one.
# ### END SOLUTION

# %% [markdown]
# ---
# **Done?** Run everything once more from the top (*Kernel → Restart Kernel and Run All Cells*), look that every check is green, save, and hand in this
# one file. `course check labs/01_intro` in a terminal runs all checks in one go. Next: lab 03 makes the seven loops faster.
