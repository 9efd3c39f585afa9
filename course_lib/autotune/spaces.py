"""How many configurations? The lecture's question, the space of schedules of a nest, and the practical one over kernels' plans.

how_many(shape)          every order of every tiling on so many levels: counted, never listed
schedule_space(shape)    tile factors, register tile, vectors, order: each is a Schedule of course_lib.nest
plan_space(shape)        the algorithm and its Plan: each is a compile_conv2d or compile_gemm of course_lib.kernels
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields
from itertools import permutations
from typing import Any

from ..kernels.compile import ALGORITHMS
from ..kernels.gemm import GemmPlan, gemm_plan
from ..kernels.plan import Plan
from ..kernels.planes import PlanesPlan
from ..kernels.windows import WindowsPlan
from ..kernels.winograd import WinogradPlan
from ..nest.jit import lanes, registers
from ..nest.problem import conv_problem, gemm_problem
from ..nest.schedule import Schedule, schedule
from ..records import Report
from ..search.space import Config, Constraint, Space, count_splits
from ..shapes import ConvShape, GemmShape
from .tasks import described

SOURCE = "Lecture, frames 'How many configurations we have?' and 'Questions'; AutoTVM, NeurIPS 2018 (knobs)"

# -- the lecture's question -----------------------------------------------------------------------------------------------


def how_many(shape: ConvShape | GemmShape, levels: int = 3) -> Report:
    """Every tiling on `levels` levels times every order of the loops on each: a row a loop, the totals in the note.

    A bound with primes p^e has prod C(e + levels - 1, levels - 1) ordered factorisations.
    """
    problem = conv_problem(shape) if isinstance(shape, ConvShape) else gemm_problem(shape)
    dims = problem.dims
    ways = [count_splits(size, levels) for size in dims.values()]
    tilings, orders = math.prod(ways), math.factorial(len(dims))
    note = f"{tilings:,} tilings x {orders:,}^{levels} orders = {tilings * orders**levels:,} configurations"
    columns: dict[str, list[Any]] = {"loop": list(dims), "extent": list(dims.values()), "factorisations": ways}
    return Report(columns, f"{levels} levels", note)


# -- schedules ------------------------------------------------------------------------------------------------------------

ORDERS = tuple(" ".join(order) for order in permutations(("k_t", "p_t", "q_t", "c_t")))
INSIDE = tuple(" ".join(order) for order in permutations(("c_s", "r", "s")))


def divisors(n: int, most: int) -> list[int]:
    return [d for d in range(1, min(n, most) + 1) if n % d == 0]


def schedule_space(shape: ConvShape | GemmShape, every_order: bool = True) -> Space:
    """Schedules of one plain nest: register tile (p q pixels by vectors of k), tiles of c, the orders around and inside.

    The vector runs along k, so weights and outputs lie in blocks of k; the input is as it stands. All tiles divide, as the
    lecture's do. `every_order`: all 24 x 6 orders, or the 6 x 2 that differ most. Raises ValueError where K is no multiple of the lanes
    and for a layer with groups.
    """
    held = registers()
    if isinstance(shape, GemmShape):
        if shape.N % lanes():
            raise ValueError(f"shape: schedules run vectors along N, so want a multiple of {lanes()}, got N = {shape.N}")
        gemm_knobs: dict[str, list[Any]] = {
            "vectors": [v for v in (1, 2, 4) if shape.N % (v * lanes()) == 0],
            "i": divisors(shape.M, 16),
            "k": divisors(shape.K, 256)[-6:],
            "order": [" ".join(order) for order in permutations(("i_t", "j_t", "k_t"))],
        }
        return Space(
            gemm_knobs, [Constraint(("vectors", "i"), lambda v, i: v * i + v < held, "the sums fit in the registers")], described(shape)
        )
    if shape.groups > 1 or shape.K % lanes():
        raise ValueError(f"shape: schedules want one group and K a multiple of {lanes()}, got groups = {shape.groups}, K = {shape.K}")
    knobs: dict[str, Sequence[Any]] = {
        "vectors": [v for v in (1, 2, 4) if shape.K % (v * lanes()) == 0],
        "q": divisors(shape.Q, 16),
        "p": divisors(shape.P, 4),
        "c": divisors(shape.C, 64)[-4:],
        "order": ORDERS
        if every_order
        else ("k_t p_t q_t c_t", "p_t q_t k_t c_t", "p_t k_t q_t c_t", "c_t k_t p_t q_t", "k_t c_t p_t q_t", "p_t c_t k_t q_t"),
        "inside": INSIDE if every_order else ("c_s r s", "r s c_s"),
    }
    fits = Constraint(("vectors", "q", "p"), lambda v, q, p: v * q * p + v < held, "the sums fit in the registers")
    enough = Constraint(("vectors", "q", "p"), lambda v, q, p: v * q * p >= 2, "there are at least two sums")
    tiny = knobs["vectors"] == [1] and len(knobs["q"]) == len(knobs["p"]) == 1
    return Space(knobs, [fits] if tiny else [fits, enough], described(shape))


def nest_of(shape: ConvShape | GemmShape, space: Space, config: Config) -> Schedule:
    """The Schedule of a configuration of `schedule_space`."""
    knob, L = space.named(config), lanes()
    block = L * knob["vectors"]
    if isinstance(shape, GemmShape):
        nest = schedule(gemm_problem(shape, b=f"JK{block}j", c=f"JI{block}j")).tile(i=knob["i"], j=block, k=knob["k"]).tile(j_s=L)
        return nest.reorder(f"{knob['order']} k_s i_s j_s_t j_s_s").unroll("i_s j_s_t").vectorize("j_s_s")
    problem = conv_problem(shape, wt=f"KCRS{block}k", oa=f"NKPQ{block}k")
    nest = schedule(problem).tile(k=block, q=knob["q"], p=knob["p"], c=knob["c"]).tile(k_s=L)
    return nest.reorder(f"n {knob['order']} {knob['inside']} p_s q_s k_s_t k_s_s").unroll("p_s q_s k_s_t").vectorize("k_s_s")


# -- plans ----------------------------------------------------------------------------------------------------------------

PLANS: dict[str, type[Plan]] = {"windows": WindowsPlan, "winograd": WinogradPlan, "planes": PlanesPlan}
TALL, VECTORS = (2, 4, 6, 7, 8, 9, 10, 12, 14), (1, 2, 3, 4)
CUTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)


def blocks(total: int, least: int, most: int = 1 << 30) -> list[int]:
    """Block sizes that cut `total` into 1, 2, 3, 4, 6, 8 ... parts, from `least` to `most`; all of it where there is none."""
    sizes = {-(-total // cut) for cut in CUTS}
    return sorted(size for size in sizes if least <= size <= most) or [total]


def equal_blocks(total: int, least: int, most: int = 1 << 30) -> list[int]:
    """Of `blocks`, those that leave no rest: a rest is one more kernel to compile, and no faster one."""
    return [size for size in blocks(total, least, most) if total % size == 0] or [total]


def sizes_of(kind: type[Plan]) -> list[str]:
    """What is searched of a Plan: all but the compiler's effort, which is the duel's to choose."""
    return [field.name for field in fields(kind) if field.name != "effort"]


def plan_values(algorithm: str, shape: ConvShape, threads: int) -> dict[str, list[int]]:
    """The values of each field of an algorithm's Plan that are worth trying on a layer; those of its default plan are among them."""
    default = {name: getattr(ALGORITHMS[algorithm].plan(shape, threads), name) for name in sizes_of(PLANS[algorithm])}
    c, k, taps = shape.C // shape.groups, shape.K // shape.groups, shape.R * shape.S
    values: dict[str, Iterable[int]] = {"tall": TALL, "vectors": VECTORS}
    if algorithm == "windows":
        values |= {
            "channels": equal_blocks(c, max(1, 16 // taps), max(2048 // taps, 1)),
            "pixels": blocks(shape.P * shape.Q, 2 * lanes(), 4096),
            "part": equal_blocks(k, -(-k // max(2 * threads, 2))),
            "high": equal_blocks(k, 24),
        }
    elif algorithm == "winograd":
        rows = -(-shape.P // 2)
        values |= {"m": (2, 4), "rows": [size for size in blocks(rows, 1) if size <= 16], "part": equal_blocks(k, lanes(), 512)}
    return {name: sorted({*values.get(name, ()), default[name]}) for name in default}


def gemm_values(shape: GemmShape, threads: int) -> dict[str, list[Any]]:
    default = gemm_plan(shape)
    out: dict[str, Iterable[Any]] = {
        "way": ("blocks",),
        "tall": TALL,
        "vectors": VECTORS,
        "high": blocks(shape.M, 24),
        "wide": blocks(shape.N, 2 * lanes(), 8192),
        "depth": blocks(shape.K, 32, 2048),
    }
    return {name: sorted({*values, getattr(default, name)}) for name, values in out.items()}


def plan_space(shape: ConvShape | GemmShape, threads: int = 1) -> Space:
    """All algorithms that take this layer with all their plans worth trying; a field an algorithm does not have stands at 0."""
    if isinstance(shape, GemmShape):
        mine = gemm_values(shape, threads)
        usual_tile = gemm_plan(shape).tile
        fit = lambda tall, vectors: in_registers(tall, vectors) or (tall, vectors) == (usual_tile.tall, usual_tile.vectors)
        return Space(mine, [Constraint(("tall", "vectors"), fit, "the sums fit in the registers")], described(shape))
    known = {name: plan_values(name, shape, threads) for name in PLANS if name in ALGORITHMS and not ALGORITHMS[name].takes(shape)}
    names = list(dict.fromkeys(field for values in known.values() for field in values))
    knobs: dict[str, list[Any]] = {"algorithm": list(known)}
    constraints = []
    for field in names:
        allowed = {algorithm: values.get(field, [0]) for algorithm, values in known.items()}
        knobs[field] = sorted({value for values in allowed.values() for value in values})
        if len(known) > 1:
            rule = Constraint(
                ("algorithm", field),
                lambda algorithm, value, allowed=allowed: value in allowed[algorithm],
                f"{field} is the algorithm's own",
            )
            constraints.append(rule)
    usual = [ALGORITHMS[name].plan(shape, threads).tile for name in known]  # whatever the model takes may be tried
    held = lambda tall, vectors: in_registers(tall, vectors) or any((tile.tall, tile.vectors) == (tall, vectors) for tile in usual)
    constraints.append(Constraint(("tall", "vectors"), held, "the sums fit in the registers"))
    return Space(knobs, constraints, described(shape))


def in_registers(tall: int, vectors: int) -> bool:
    """The sums, a row of operands and one number spread out; and enough sums to hide a multiply-add's latency."""
    return tall * vectors + vectors + 1 <= registers() and tall * vectors >= min(12, registers() // 3)


def plan_of(shape: ConvShape | GemmShape, space: Space, config: Config) -> tuple[str, Plan]:
    """(algorithm, plan) of a configuration of `plan_space`."""
    knob = space.named(config)
    if isinstance(shape, GemmShape):
        return "gemm", GemmPlan(**knob)
    kind = PLANS[knob["algorithm"]]
    return knob["algorithm"], kind(**{name: knob[name] for name in sizes_of(kind)})


def config_of(space: Space, algorithm: str, plan: Plan) -> Config:
    """The configuration of a plan: `plan_of` the other way round."""
    said = {"algorithm": algorithm, **{field.name: getattr(plan, field.name) for field in fields(plan)}}
    return tuple(said.get(name, 0) for name in space.names)


def default_config(shape: ConvShape | GemmShape, space: Space, threads: int = 1) -> Config:
    """The configuration that stands for what `compile_conv2d` or `compile_gemm` would do by themselves."""
    from ..kernels.compile import choose

    if isinstance(shape, GemmShape):
        return config_of(space, "gemm", gemm_plan(shape))
    algorithm = choose(shape)
    if algorithm not in PLANS:
        raise ValueError(f"shape: the model takes {algorithm!r} for {shape}, which has no plan to tune")
    return config_of(space, algorithm, ALGORITHMS[algorithm].plan(shape, threads))
