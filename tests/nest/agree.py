"""All faces of one nest against each other, on random problems and schedules; `python -m tests.nest.agree --seeds 10` for more.

run == python text == build == float64 torch; trace and points visit each iteration exactly once; count == counting the trace.
"""

import argparse
from itertools import product

import numpy as np
import torch

from course_lib.nest import build, count, points, run, schedule, trace
from tests.nest.random_nests import random_inputs, random_schedule

NESTS_A_SEED = 500


def with_torch(problem, a, b):
    """The problem's result in float64 by torch, or by one line of numpy where it is no convolution and no product."""
    if problem.name == "gemm":
        return (torch.from_numpy(a).double() @ torch.from_numpy(b).double()).numpy()
    if problem.name == "sum":
        return np.asarray((a.astype(np.float64) * b).sum())
    if problem.name == "conv1d":
        return np.correlate(a.astype(np.float64), b.astype(np.float64), "valid")
    shape = problem.of
    (top, bottom), (left, right) = shape.pads
    padded = torch.nn.functional.pad(torch.from_numpy(a).double(), (left, right, top, bottom))
    kernel = torch.from_numpy(b).double()
    return torch.nn.functional.conv2d(padded, kernel, stride=shape.strides, dilation=shape.dilations, groups=shape.groups).numpy()


def counted(nest):
    """Fetches of each tensor by walking the nest, all turns at once: one register a lane, loaded when its element is another than before.

    Spatial loops that do not move a tensor share a read: only their first turn asks.
    """
    problem, names = nest.problem, [l.name for l in nest.loops]
    counters = np.indices([l.extent for l in nest.loops]).reshape(len(names), -1)  # a column a turn, in the order of the nest
    for guard in nest.guards:
        reached = sum((factor * counters[names.index(name)] for name, factor in guard.terms), np.zeros(counters.shape[1], int))
        counters = counters[:, reached < guard.bound]
    point = {dim: np.zeros(counters.shape[1], int) for dim in problem.dims}
    for loop, counter in zip(nest.loops, counters, strict=True):
        point[loop.dim] = point[loop.dim] + counter * loop.step
    fetches = {}
    for tensor in problem.tensors:
        spatial = [i for i, l in enumerate(nest.loops) if l.kind == "spatial"]
        lane = counters[[i for i in spatial if nest.loops[i].dim in tensor.dims]]
        asks = ~counters[[i for i in spatial if nest.loops[i].dim not in tensor.dims]].any(0)
        element = np.zeros((len(tensor.axes), counters.shape[1]), int)
        for row, axis in zip(element, tensor.axes, strict=True):
            row += axis.offset + sum(point[dim] * factor for dim, factor in axis.terms)
        lane, element = lane[:, asks], element[:, asks]
        order = np.lexsort(lane) if len(lane) else slice(None)  # lane after lane, each in the order of the nest
        lane, element = lane[:, order], element[:, order]
        same = (lane[:, 1:] == lane[:, :-1]).all(0) & (element[:, 1:] == element[:, :-1]).all(0)
        fetches[tensor.name] = min(1, element.shape[1]) + int(np.count_nonzero(~same))
    return fetches


def visits(nest, accesses):
    """The element of each tensor in each iteration, a number a row, read off the Trace alone.

    A held input is the element loaded last, a held output the one stored next. Two elements fix all the loops of a problem (W and OA
    say n k p q c r s, A and B say i j k), so rows are iterations; an input in its padding is in no row.
    """
    columns = []
    steps = np.arange(accesses.macs)
    for at, (tensor, buffer) in enumerate(zip(nest.problem.tensors, accesses.buffers, strict=True)):
        if any(edge != (0, 0) for edge in nest.problem.edges(tensor)):
            continue
        output = tensor is nest.problem.out
        mine = (accesses.tensor == at) & (accesses.store == output)
        step, element = accesses.step[mine], (accesses.address[mine] - buffer.base) // buffer.itemsize
        columns.append(element[np.searchsorted(step, steps) if output else np.searchsorted(step, steps, "right") - 1])
    sizes = [int(column.max(initial=0)) + 1 for column in columns]
    return np.ravel_multi_index(columns, sizes)  # a number a row


def disagreements(seed, compiled=True):
    """What does not agree for one random nest, in words; empty when all does."""
    rng = np.random.default_rng(seed)
    nest = random_schedule(rng)
    problem, wrong = nest.problem, []
    a, b = random_inputs(rng, problem)  # small whole numbers: every sum is exact in float32, in any order
    want = with_torch(problem, a, b)
    if not np.array_equal(run(nest, a, b), want):
        wrong.append("run")
    out = np.zeros(problem.out.memory_shape)
    exec(nest.python, text := {})
    text["kernel"](problem.ins[0].pack(a), problem.ins[1].pack(b), out)
    if not np.array_equal(problem.out.unpack(out), want):
        wrong.append("python")
    if compiled and not np.array_equal(build(nest)(a, b, threads=1 + seed % 2), want):
        wrong.append("build")
    visited = [tuple(point.values()) for point in points(nest)]
    if len(visited) != problem.iterations or set(visited) != set(product(*map(range, problem.dims.values()))):
        wrong.append("points")
    accesses = trace(nest)
    if accesses.macs != problem.iterations:
        wrong.append("trace")
    seen, plain = visits(nest, accesses), visits(schedule(problem), trace(schedule(problem)))
    if len(np.unique(plain)) != problem.iterations or not np.array_equal(np.sort(seen), np.sort(plain)):
        wrong.append("trace: each iteration once, as in the untransformed nest")
    fetches = counted(nest)
    for row in count(nest):
        name = row["tensor"]
        if (row["loads"], row["stores"]) != (accesses.loads(name), accesses.stores(name)):
            wrong.append(f"count: loads and stores of {name}")
        if row["distinct"] != len(np.unique(accesses.element(name))):
            wrong.append(f"count: distinct of {name}")
        if row["fetches"] != fetches[name]:
            wrong.append(f"count: fetches of {name}")
        if row["fetches"] > row["at most"]:
            wrong.append(f"count: at most of {name}")
    return [f"seed {seed}: {word}\n{nest}" for word in wrong]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help=f"rounds of {NESTS_A_SEED} nests")
    wrong = 0
    for seed in range(parser.parse_args().seeds):
        found = [line for at in range(NESTS_A_SEED) for line in disagreements(seed * NESTS_A_SEED + at)]
        wrong += len(found)
        print(f"seed {seed}: {NESTS_A_SEED} nests, {len(found)} disagreements", *found, sep="\n", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
