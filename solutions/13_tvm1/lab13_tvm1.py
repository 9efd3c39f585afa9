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
# # Lab 13 · Schedule primitives
#
# A compiler such as TVM takes two texts: *what* is computed, and *how* the loops run. The second is a list of small moves, split, reorder, fuse, unroll, vectorize, each of
# which keeps the meaning. In this lab you write the moves on a nest that is plain data, lower it to text, and then recover the moves from a text.
#
# By the end you can
#
# - split, reorder and fuse loops by hand, and say what each move may change and what never;
# - count what a ragged split costs;
# - read a lowered nest and name the primitives that made it, by the course's names and by TVM's.
#
# **Time:** about 1 hour.  **You need:** lab 04 (loops, tiles, orders).
#
# **How it works.** A cell with `# your code here` is a blank. The cell below it checks it on small cases and shows the smallest one
# that fails, with a hint. Points are for right values, never for speed.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from IPython.display import display

from course_lib import ConvShape
from course_lib.check import check, predict
from course_lib.exercises.lab13_tvm1.lowering import goal
from course_lib.exercises.notebook import once_filled
from course_lib.interchange import tensorir
from course_lib.interchange.beside_tvm import beside as side_by_side
from course_lib.nest import conv_problem, count, schedule
from course_lib.records import Report
from course_lib.views import loop_table
from course_lib.views.nest.beside import beside

# %% [markdown]
# ## Before you begin: a guess (1 point)
#
# An output of 57 × 57 pixels, tiled by 16 × 16. Sixteen does not divide 57, so the last tiles are ragged, and a guard turns iterations away. **How many per cent of the tiled nest's iterations do
# nothing?** Any number from 0 to 100 earns the point. *(1 line)*


# %% nbgrader={"grade": false, "grade_id": "idle_share", "locked": false, "schema_version": 3, "solution": true, "task": false}
def idle_share() -> float:
    """My guess: per cent of the iterations that a guard turns away."""
    ### BEGIN SOLUTION
    return 10.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_idle_share", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("idle_share", idle_share)

# %% [markdown]
# ## Part 1 · Split (15 minutes, 5 points)
#
# A nest is a list of `(name, extent)`, outermost first: `[("k", 16), ("c", 8)]` is `for k: for c:`.
#
# **Write** `split_loop(nest, name, size)` (TVM: `split`; the course: `tile`): in place of the loop `name` a loop `name_t` over the tiles, and right inside it `name_s` over the places in a
# tile. A ragged last tile is a tile. Return a new list. *(5 to 7 lines)*


# %% nbgrader={"grade": false, "grade_id": "split_loop", "locked": false, "schema_version": 3, "solution": true, "task": false}
def split_loop(nest, name, size):
    """[(name, extent), ...] -> the same with name_t and name_s in place of name"""
    ### BEGIN SOLUTION
    out = []
    for this, extent in nest:
        if this == name:
            out += [(f"{name}_t", -(-extent // size)), (f"{name}_s", size)]
        else:
            out.append((this, extent))
    return out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_split_loop", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("split_loop", split_loop)

# %% [markdown]
# **Write** `idle_turns(extents, sizes)`: all loops of a nest are split, each in tiles of its size. How many turns of the tiled nest does a guard turn away? *(4 lines)*


# %% nbgrader={"grade": false, "grade_id": "idle_turns", "locked": false, "schema_version": 3, "solution": true, "task": false}
def idle_turns(extents, sizes):
    """extents and tile sizes, one a loop -> turns that do nothing"""
    ### BEGIN SOLUTION
    tiled, useful = 1, 1
    for extent, size in zip(extents, sizes, strict=True):
        tiled *= -(-extent // size) * size
        useful *= extent
    return tiled - useful
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_idle_turns", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("idle_turns", idle_turns)

# %%
with once_filled:
    share = 100 * idle_turns([57, 57], [16, 16]) / (64 * 64)
    display(predict("per cent of the tiled turns that do nothing", idle_share()).compare(round(share, 1)))
    rows = [
        {"tile": t, "idle %": 100 * idle_turns([57, 57], [t, t]) / (idle_turns([57, 57], [t, t]) + 57 * 57)} for t in (4, 8, 16, 19, 32)
    ]
    display(Report.of(rows, "57 x 57 pixels, square tiles"))

# %% [markdown]
# ## Part 2 · Reorder and fuse (15 minutes, 5 points)
#
# **Write** `reorder_loops(nest, order)` as TVM's `reorder` does it: `order` names some of the loops. They share out among themselves the places they had, in the new order; **loops that are not named stay
# where they are**. *(3 to 5 lines)*


# %% nbgrader={"grade": false, "grade_id": "reorder_loops", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reorder_loops(nest, order):
    """[(name, extent), ...] and some of the names -> the nest with these in that order"""
    ### BEGIN SOLUTION
    extents, turn = dict(nest), iter(order)
    out = []
    for loop in nest:
        name = next(turn) if loop[0] in order else loop[0]
        out.append((name, extents[name]))
    return out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_reorder_loops", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("reorder_loops", reorder_loops)

# %% [markdown]
# **Write** `fuse_loops(nest, outer, inner)`: two neighbours become one loop `outer_inner` with as many turns as both had together; it stands where the outer one stood. *(6 lines)*


# %% nbgrader={"grade": false, "grade_id": "fuse_loops", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fuse_loops(nest, outer, inner):
    """[(name, extent), ...] with outer and inner side by side -> the nest with both in one loop"""
    ### BEGIN SOLUTION
    extents = dict(nest)
    out = []
    for name, extent in nest:
        if name == outer:
            out.append((f"{outer}_{inner}", extents[outer] * extents[inner]))
        elif name != inner:
            out.append((name, extent))
    return out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_fuse_loops", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("fuse_loops", fuse_loops)

# %% [markdown]
# What do these moves change? The course's own nest counts for us. **A surprise:** look at the second row. Which number did the split change?

# %%
with once_filled:
    layer = conv_problem(ConvShape(N=1, C=8, H=10, W=10, K=16, R=3, S=3))
    plain = schedule(layer)
    nests = {"plain": plain, "split k": plain.tile(k=4), "split, then reorder": plain.tile(k=4).reorder("n k_t p q c r s k_s")}
    rows = []
    for what, nest in nests.items():
        got = count(nest)
        rows.append(
            {"nest": what, "order": nest.order} | {f"fetches of {t}": n for t, n in zip(got["tensor"], got["fetches"], strict=True)}
        )
    display(Report.of(rows, "Elements fetched, 73,728 MACs each time"))
    display(loop_table(nests["split, then reorder"]))

# %% [markdown]
# ## Part 3 · Lower, and back again (20 minutes, 5 points)
#
# **Write** `lower_text(nest, body)`: the nest as Python text. Each loop is a line `for k in range(16):`, four spaces deeper than the one before; the body is the last line, inside all of them. No line end after
# it. *(4 lines)*


# %% nbgrader={"grade": false, "grade_id": "lower_text", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lower_text(nest, body):
    """[(name, extent), ...] and a line of code -> text"""
    ### BEGIN SOLUTION
    lines = []
    for depth, (name, extent) in enumerate(nest):
        lines.append(" " * 4 * depth + f"for {name} in range({extent}):")
    return "\n".join([*lines, " " * 4 * len(nest) + body])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_lower_text", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("lower_text", lower_text)

# %%
with once_filled:
    nest = reorder_loops(split_loop([("k", 16), ("c", 8)], "k", 4), ["c", "k_s"])
    print(lower_text(nest, "oa[4 * k_t + k_s] += ia[c] * wt[4 * k_t + k_s, c]"))

# %% [markdown]
# **Recover the nest.** The plain layer above, order `n k p q c r s`, was turned into these three nests, each with **at most three** primitives. Which?

# %%
for name in "abc":
    print(f"--- goal {name}\n{goal(name)}\n")

# %% [markdown]
# **Write** `recover_nest(goal)`: for the goal `"a"`, `"b"` or `"c"` a list of primitives: `("tile", "k", 8)`, `("reorder", "n k ...")` with **all** loops, and `("unroll", "q")`, `("vectorize", "q")`,
# `("spatial", "q")`. *(5 lines)*


# %% nbgrader={"grade": false, "grade_id": "recover_nest", "locked": false, "schema_version": 3, "solution": true, "task": false}
def recover_nest(goal):
    """ "a", "b" or "c" -> a list of at most three primitives"""
    ### BEGIN SOLUTION
    return {
        "a": [("reorder", "n r s c k p q")],
        "b": [("tile", "k", 4), ("reorder", "n k_t p q c r s k_s"), ("vectorize", "k_s")],
        "c": [("tile", "c", 2), ("reorder", "n c_t k p q r s c_s"), ("spatial", "c_s")],
    }[goal]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_recover_nest", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("recover_nest", recover_nest)

# %% [markdown]
# The same schedule as TVM writes it (TensorIR). Where are your tile, your order and your vector?

# %%
with once_filled:
    found = schedule(layer)
    for verb, *words in recover_nest("b"):
        found = found.tile(**{words[0]: words[1]}) if verb == "tile" else getattr(found, verb)(words[0])
    print(tensorir(found))

# %% [markdown]
# And now the other way round: the **real TVM** takes the plain nest and *your* moves through its own `Schedule`, and both compilers lower what they have. A band joins the loops that are the same on
# both sides; a dashed one has no loop on TVM's side any more. **Before you look:** which of our loops will TVM not have, and why? (Without the extra `tvm` its side is a record; one for each goal is
# shipped.)

# %%
with once_filled:
    for name in "abc":
        try:
            display(beside(side_by_side(layer, recover_nest(name)), f"Goal {name}: one schedule, two compilers"))
        except ValueError as error:
            print(f"Goal {name}: {error}")

# %% [markdown]
# Two things TVM writes that our listing does not: the output is set to zero inside the nest, in the first turn of the sum, so the sum may begin anywhere; and arrays have one index, with the strides
# multiplied out. Neither changes what is computed.

# %% [markdown]
# ## To write (4 points, read by a person)
#
# 1. Which numbers of the table in part 2 did the split alone change, and which the reorder behind it? Why?
# 2. Find a move that the course's nest refuses (try `parallel`, `vectorize` or `unroll` on a loop where it cannot be right). Say which, and why it would be wrong or useless.
#
# | points | for |
# |---|---|
# | 1 | the split alone changes nothing that is counted: the same iterations in the same order |
# | 1 | the reorder changes which element stands still from one turn to the next, and so the fetches |
# | 2 | a move that is refused, with its reason: threads on a sum, lanes that are not innermost, a wall of copies |

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain_primitives", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The split alone changes no number of the table: k_t and k_s side by side run through the same iterations in the same order. The reorder behind it does: with k_s innermost, one input element
# stands still for four turns, so IA is fetched a quarter as often, and the output, which stood still over c, r and s, is fetched in every turn.
#
# `parallel("c")` on a nest with c outermost is refused: c is summed over, and two threads would add to one output element at the same time; one of the two sums could be lost.
# ### END SOLUTION

# %% [markdown]
# ---
# **Done?** Run everything once more from the top, look that every check is green, save, and hand in this one file.
# `course check labs/13_tvm1` in a terminal runs all checks in one go.
