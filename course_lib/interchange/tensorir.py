"""A nest as TVM's TensorIR, in TVMScript: the same loops around one block, whose axes say what each dimension is for.

    for c_t in range(2):                         c_t, c_s     the nest's loops, in its order, marked as the nest marks them
        for c_s in T.unroll(16):
            with T.sblock("OA"):
                T.where(c_t * 16 + c_s < 20)     the ragged end of a tile
                vc = T.axis.reduce(20, c_t * 16 + c_s)

`tvm.script.from_source(tensorir(nest))` is an IRModule (`read_by_tvm` is quicker); `tvm.compile(module, target="llvm")["main"](ia, wt, oa)`
runs on arrays as they lie in memory (`tensor.pack`). It is written for TVM 0.26, where a block is `T.sblock` (before: `T.block`).

What the format cannot say, and what stands in its place:
- lanes on a sum: TVM's vector loops must be independent, so `vectorize` on a reduction is a ValueError;
- an array of processing elements: `T.thread_binding` names a GPU's threads, which no CPU target has. A spatial loop is a
  serial one with the annotation "spatial", which TVM carries along and does not act on;
- a register: which values stay in one is the compiler's affair. `hold` is kept as an attribute of the block, likewise;
- an empty loop: TVM sets the output to zero inside the nest, so a dimension of size 0 is a ValueError.
"""

from __future__ import annotations

from course_lib.nest.problem import Axis, Tensor
from course_lib.nest.schedule import Loop, Schedule

SOURCE = "Feng et al., TensorIR, ASPLOS 2023; TVM 0.26, TVMScript"

IMPORTS = "# from tvm.script import ir as I\n# from tvm.script import tirx as T"  # as TVM prints them: its reader wants no imports
LOOPS = {
    "serial": "range({})",
    "parallel": "T.parallel({})",
    "unroll": "T.unroll({})",
    "vectorize": "T.vectorized({})",
    "spatial": 'T.serial({}, annotations={{"spatial": 1}})',
}


def linear(terms: list[tuple[str, int]], offset: int = 0) -> str:
    """`c_t * 16 + c_s`; `0` where nothing is left."""
    text = " + ".join(name if factor == 1 else f"{name} * {factor}" for name, factor in terms if factor)
    if not text:
        return str(offset)
    return text if not offset else f"{text} {'-' if offset < 0 else '+'} {abs(offset)}"


def index(axis: Axis) -> str:
    """An axis of a tensor over the block's axes: `vp * 2 + vr - 1`."""
    return linear([(f"v{dim}", factor) for dim, factor in axis.terms], axis.offset)


def element(tensor: Tensor) -> str:
    """`IA[vn, vc // 8, vp + vr, vq + vs, vc % 8]`: the element in memory."""
    indices = []
    for place in tensor.places:
        text = index(place.axis)
        if place.block or place.divide > 1:
            text = f"({text}) % {place.block}" if place.block else f"({text}) // {place.divide}"
        indices.append(text)
    return f"{tensor.name}[{', '.join(indices) or '()'}]"


def value(nest: Schedule, tensor: Tensor) -> str:
    """The element, or zero where the loops run over the tensor's edge."""
    tests = []
    for axis, (before, after) in zip(tensor.axes, nest.problem.edges(tensor), strict=True):
        tests += [f"0 <= {index(axis)}"] if before else []
        tests += [f"{index(axis)} < {axis.size}"] if after else []
    text = element(tensor)
    return f"T.if_then_else({' and '.join(tests)}, {text}, T.float32(0))" if tests else text


def axis_line(nest: Schedule, dim: str) -> str:
    """`vc = T.axis.reduce(20, c_t * 16 + c_s)`: summed over or not, its size, the loops it is made of."""
    kind = "reduce" if dim in nest.problem.reduction else "spatial"
    parts = sorted(nest.parts(dim), key=lambda l: -l.step)
    return f"v{dim} = T.axis.{kind}({nest.problem.dims[dim]}, {linear([(l.name, l.step) for l in parts])})"


def block(nest: Schedule) -> list[str]:
    """What happens in one iteration: which one it is, whether it is made, and the multiply-accumulate."""
    a, b = nest.problem.ins
    out = element(nest.problem.out)
    inside = [axis_line(nest, dim) for dim in nest.problem.dims]
    if nest.guards:
        inside.append(f"T.where({' and '.join(f'{linear(list(guard.terms))} < {guard.bound}' for guard in nest.guards)})")
    if nest.held:
        names = ", ".join(f'"{name}"' for name in nest.held)
        inside.append(f'T.sblock_attr({{"hold": [{names}]}})')
    inside += ["with T.init():", f"    {out} = T.float32(0)", f"{out} = {out} + {value(nest, a)} * {value(nest, b)}"]
    return [f'with T.sblock("{nest.problem.out.name}"):', *("    " + line for line in inside)]


def opening(loop: Loop) -> str:
    return f"for {loop.name} in {LOOPS[loop.kind].format(loop.extent)}:"


def checked(nest: Schedule) -> Schedule:
    if not isinstance(nest, Schedule):
        raise ValueError(f"tensorir: want a Schedule such as schedule(problem), got {nest!r}")
    for dim, size in nest.problem.dims.items():
        if not size:
            raise ValueError(
                f"tensorir: TVM sets the output to zero inside the loops, and {dim} has none: want a size of at least 1, got 0"
            )
    for loop in nest.loops:
        if loop.kind == "vectorize" and loop.dim in nest.problem.reduction:
            raise ValueError(
                f"tensorir: TVM's lanes cannot share a sum, and {loop.name} is summed over: vectorize a loop of the output instead"
            )
    return nest


def tensorir(schedule: Schedule) -> str:
    """TVMScript of a module with one function `main(IA, W, OA)`, float32; it sets the output to zero itself.

    Raises ValueError for what the format cannot say (see above).

    >>> from course_lib.nest import conv1d_problem, schedule
    >>> print(tensorir(schedule(conv1d_problem(9, 4), "s q")))
    # from tvm.script import ir as I
    # from tvm.script import tirx as T
    <BLANKLINE>
    @I.ir_module
    class Module:
        @T.prim_func(s_tir=True)
        def main(IA: T.Buffer((12,), "float32"), W: T.Buffer((4,), "float32"), OA: T.Buffer((9,), "float32")):
            T.func_attr({"tirx.noalias": True})
            for s in range(4):
                for q in range(9):
                    with T.sblock("OA"):
                        vq = T.axis.spatial(9, q)
                        vs = T.axis.reduce(4, s)
                        with T.init():
                            OA[vq] = T.float32(0)
                        OA[vq] = OA[vq] + IA[vq + vs] * W[vs]
    <BLANKLINE>
    """
    nest = checked(schedule)
    buffers = ", ".join(f'{t.name}: T.Buffer({t.memory_shape}, "float32")' for t in nest.problem.tensors)
    body = ['T.func_attr({"tirx.noalias": True})']
    body += ["    " * depth + opening(loop) for depth, loop in enumerate(nest.loops)]
    body += ["    " * len(nest.loops) + line for line in block(nest)]
    head = ["@I.ir_module", "class Module:", "    @T.prim_func(s_tir=True)", f"    def main({buffers}):"]
    return "\n".join([IMPORTS, "", *head, *(" " * 8 + line for line in body), ""])
