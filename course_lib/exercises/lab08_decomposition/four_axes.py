"""Filters have four axes: a 1x1 layer uses two of them, Tucker shrinks two, CP takes all four apart. Each answer is a chain of layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception
from .two_factors import cut

SOURCE = "Denton et al. 2014; Kim et al., ICLR 2016; Lebedev et al., ICLR 2015"

SVD, TUCKER, CP = "08_decomposition#svd", "08_decomposition#tucker", "08_decomposition#cp"


def layers_of(answer: Any, names: Sequence[str]) -> list[np.ndarray]:
    """The answer as that many filter banks of four axes; ValueError saying what it is instead."""
    if not isinstance(answer, tuple | list) or len(answer) != len(names):
        raise ValueError(f"layers: want {len(names)} arrays, {', '.join(names)}, got a {type(answer).__name__}")
    banks = [np.asarray(a, np.float64) for a in answer]
    if any(bank.ndim != 4 for bank in banks):
        raise ValueError(f"axes: want four of them in each, {', '.join(names)}, got {', '.join(str(bank.shape) for bank in banks)}")
    return banks


# --- a 1x1 layer is a matrix -------------------------------------------------------------------------------------------

NARROW = ("first[rank,C,1,1]", "last[K,rank,1,1]")


def narrowed(
    wt: Any, rank: int, pick: Callable[[np.ndarray, int], np.ndarray] | None = None, power: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """wt[K,C,1,1] -> first[rank,C,1,1], last[K,rank,1,1]; `pick` and `power` are those of `cut`, for wrong ideas."""
    u, v = cut(np.asarray(wt, np.float64)[:, :, 0, 0], rank, pick, power)
    return v[:, :, None, None], u[:, :, None, None]


def one_pixel_filter(answer: Any) -> tuple[np.ndarray, list[int]]:
    """The 1x1 filters that the two layers amount to, and the channels between them: which factors they are is free."""
    first, last = layers_of(answer, NARROW)
    if first.shape[2:] != (1, 1) or last.shape[2:] != (1, 1):
        raise ValueError(f"pixels: want 1x1 filters in both layers, got {first.shape} and {last.shape}")
    if first.shape[0] != last.shape[1]:
        word = "order" if first.shape[1] == last.shape[0] else "layers"
        raise ValueError(f"{word}: want {' and '.join(NARROW)}, got {first.shape} and {last.shape}")
    return np.einsum("kjrs,jcrs->kcrs", last, first), [len(first)]


def pointwise_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for (K, C), rank in [((2, 3), 1), ((3, 2), 1), ((4, 3), 2), ((1, 5), 1), ((3, 5), 3), ((6, 9), 4), ((9, 6), 2), ((7, 5), 3)]:
        n = min(K, C)
        left, right = (np.linalg.qr(rng.standard_normal((m, m)))[0][:, :n] for m in (K, C))
        w = (left * np.sort(rng.uniform(1, 2, n) * np.arange(1, n + 1))[::-1]) @ right.T
        cases.append(Case((np.round(w, 3)[:, :, None, None], rank), label=f"{K} filters of {C}x1x1, rank {rank}"))
    return cases


svd_1x1 = Exercise(
    name="svd_1x1",
    reference=narrowed,
    cases=pointwise_cases,
    tolerance=1e-6,
    reading=one_pixel_filter,
    misconceptions=(
        Misconception(
            "the layers stand in the order of the product",
            lambda wt, rank: narrowed(wt, rank)[::-1],
            "In u @ v the factor on the right meets the input first: the first layer is v, rank × C, and u comes last.",
            SVD,
        ),
        Misconception(
            "the factors are matrices still",
            lambda wt, rank: tuple(bank[:, :, 0, 0] for bank in narrowed(wt, rank)),
            "Your factors have two axes. A layer's filters have four, [out, in, 1, 1]: give each factor two axes of length 1.",
            SVD,
        ),
        Misconception(
            "the singular values are left out",
            partial(narrowed, power=0.0),
            "Both layers have length 1 in every direction: the singular values are missing from the product.",
            SVD,
        ),
        Misconception(
            "the singular values go into both layers",
            partial(narrowed, power=2.0),
            "The singular values are multiplied into both layers, so the product has their squares.",
            SVD,
        ),
        Misconception(
            "the smallest are kept",
            partial(narrowed, pick=lambda s, rank: np.arange(len(s) - rank, len(s))),
            "You keep the directions of the smallest singular values. They come sorted, the largest first.",
            SVD,
        ),
        Misconception(
            "nothing is cut",
            lambda wt, rank: narrowed(wt, min(np.shape(wt)[:2])),
            "The product is exact because nothing was left out: there should be `rank` channels between the two layers.",
            SVD,
        ),
    ),
    hint="wt[:, :, 0, 0] is a matrix K × C. svd_linear gives u and v; the layer that meets the input is v.",
    slide=SVD,
)

# --- Tucker-2: a small layer between two 1x1 layers --------------------------------------------------------------------

THREE = ("first[rank_c,C,1,1]", "core[rank_k,rank_c,R,S]", "last[K,rank_k,1,1]")


def leading(flat: np.ndarray, rank: int) -> np.ndarray:
    """The first `rank` left singular vectors, as columns."""
    return np.linalg.svd(flat, full_matrices=False)[0][:, :rank]


def by_input(wt: np.ndarray) -> np.ndarray:
    """wt[K,C,R,S] -> C × KRS"""
    return wt.swapaxes(0, 1).reshape(wt.shape[1], -1)


def by_output(wt: np.ndarray) -> np.ndarray:
    """wt[K,C,R,S] -> K × CRS"""
    return wt.reshape(len(wt), -1)


def straight(wt: np.ndarray) -> np.ndarray:
    """wt[K,C,R,S] -> C × KRS with the numbers as they lie: a wrong idea."""
    return wt.reshape(wt.shape[1], -1)


def three_layers(
    wt: Any,
    rank_c: int,
    rank_k: int,
    sweeps: int = 10,
    basis: Callable[[np.ndarray, int], np.ndarray] = leading,
    inputs: Callable[[np.ndarray], np.ndarray] = by_input,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """wt[K,C,R,S] -> first, core, last: HOSVD to begin with, then `sweeps` turns; the other options are wrong ideas."""
    wt = np.asarray(wt, np.float64)
    a, b = basis(by_output(wt), rank_k), basis(inputs(wt), rank_c)
    for _ in range(sweeps):
        a = leading(by_output(np.einsum("kcrs,cd->kdrs", wt, b)), rank_k)
        b = leading(inputs(np.einsum("kcrs,ke->ecrs", wt, a)), rank_c)
    core = np.einsum("kcrs,ke,cd->edrs", wt, a, b)
    return b.T[:, :, None, None], core, a[:, :, None, None]


def not_transposed(wt: Any, rank_c: int, rank_k: int) -> tuple[np.ndarray, ...]:
    """The factor of the inputs as it is, a direction a column: a wrong idea."""
    first, core, last = three_layers(wt, rank_c, rank_k)
    return first.swapaxes(0, 1), core, last


def cornered(wt: Any, rank_c: int, rank_k: int) -> tuple[np.ndarray, ...]:
    """A piece of wt for a core: a wrong idea."""
    first, _, last = three_layers(wt, rank_c, rank_k)
    return first, np.asarray(wt, np.float64)[:rank_k, :rank_c], last


def filters_of_three(answer: Any) -> tuple[np.ndarray, list[int]]:
    """The filters wt[K,C,R,S] that the three layers amount to, and the channels between them: any basis of the same plane is right."""
    first, core, last = layers_of(answer, THREE)
    if first.shape[2:] != (1, 1) or last.shape[2:] != (1, 1):
        raise ValueError(f"pixels: want 1x1 filters in the first and the last layer, got {first.shape} and {last.shape}")
    if first.shape[0] != core.shape[1] or core.shape[0] != last.shape[1]:
        word = "order" if first.shape[1] == core.shape[1] and core.shape[0] == last.shape[0] else "layers"
        raise ValueError(f"{word}: want {', '.join(THREE)}, got {first.shape}, {core.shape}, {last.shape}")
    return np.einsum("ke,edrs,dc->kcrs", last[:, :, 0, 0], core, first[:, :, 0, 0]), [first.shape[0], last.shape[1]]


def planted_core(rng: np.random.Generator) -> list[Case]:
    """Filters of a known core under a little noise, so that ten turns settle."""
    table = [
        ((2, 3, 1, 2), (1, 1)),
        ((3, 2, 2, 2), (1, 1)),
        ((4, 3, 2, 2), (2, 1)),
        ((3, 5, 3, 3), (2, 2)),
        ((6, 4, 3, 2), (2, 3)),
        ((5, 5, 3, 3), (3, 2)),
        ((8, 6, 3, 3), (3, 4)),
        ((4, 3, 1, 1), (2, 2)),
    ]
    cases = []
    for (K, C, R, S), (rank_c, rank_k) in table:
        a, b = (np.linalg.qr(rng.standard_normal((n, rank)))[0] for n, rank in ((K, rank_k), (C, rank_c)))
        left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for n in (rank_k, rank_c * R * S))
        core = (left * np.linspace(4, 2.5, rank_k)) @ right[:rank_k]  # as seen from the outputs, well apart
        wt = np.einsum("ke,edrs,cd->kcrs", a, core.reshape(rank_k, rank_c, R, S), b)
        wt = np.round(3 * wt + 0.12 * rng.standard_normal(wt.shape) * np.abs(3 * wt).max(), 3)
        cases.append(Case((wt, rank_c, rank_k), label=f"{K} filters of {C}x{R}x{S}, {rank_c} channels in and {rank_k} out"))
    return cases


tucker2 = Exercise(
    name="tucker2",
    reference=three_layers,
    cases=planted_core,
    tolerance=1e-5,
    reading=filters_of_three,
    misconceptions=(
        Misconception(
            "the start is taken for the end",
            partial(three_layers, sweeps=0),
            "That is the start. Each side was looked at alone; now look at each **through the other's** factor, ten times: the part of wt"
            " that the other side throws away need not be explained.",
            TUCKER,
        ),
        Misconception(
            "the input channels are unfolded without moving them",
            partial(three_layers, inputs=straight),
            "Note that reshape alone never moves a number: at the start and in every turn, bring the input channels to the front before you"
            " make a matrix of them.",
            TUCKER,
        ),
        Misconception(
            "the ranks have changed places",
            lambda wt, rank_c, rank_k: three_layers(wt, rank_k, rank_c),
            "The ranks have changed places: `rank_c` channels lie between the first two layers, `rank_k` between the last two.",
            TUCKER,
        ),
        Misconception(
            "the smallest are kept",
            partial(three_layers, sweeps=0, basis=lambda flat, rank: np.linalg.svd(flat, full_matrices=False)[0][:, -rank:]),
            "You keep the directions of the smallest singular values. They come sorted, the largest first.",
            TUCKER,
        ),
        Misconception(
            "the first layer is not turned",
            not_transposed,
            "There is a direction a column in the factor of the inputs, C × rank_c. A layer's filters lie in rows: transpose it.",
            TUCKER,
        ),
        Misconception(
            "the layers stand in the order of the product",
            lambda wt, rank_c, rank_k: three_layers(wt, rank_c, rank_k)[::-1],
            "The layer that narrows the **input** channels runs first; the one that widens to K comes last.",
            TUCKER,
        ),
        Misconception(
            "the core is a corner of the filters",
            cornered,
            "The core is not a piece of wt: it is wt seen through both factors, a sum over all k and all c.",
            TUCKER,
        ),
    ),
    hint="a: leading directions of K × (CRS), b: of C × (KRS); ten times: a from wt·b, then b from wt·a. The core is wt·a·b; the first"
    " layer is b transposed.",
    slide=TUCKER,
)

# --- CP: all four axes -------------------------------------------------------------------------------------------------


def paired(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[I,rank], b[J,rank] -> [I·J, rank]: every product of a row with a row, component by component (Khatri-Rao)."""
    return (a[:, None] * b[None]).reshape(-1, a.shape[1])


def alternating(
    wt: Any,
    factors: Sequence[Any],
    sweeps: int,
    newest: bool = True,
    solve: str = "gram",
    axes: Sequence[int] = (0, 1, 2, 3),
    move: bool = True,
    turned: bool = False,
) -> list[np.ndarray]:
    """`sweeps` times, each factor in turn is the least-squares one given the three others; the options are wrong ideas."""
    wt = np.asarray(wt, np.float64)
    now = [np.array(f, np.float64) for f in factors]
    for _ in range(sweeps):
        old = list(now)
        for axis in axes:
            others = [f for i, f in enumerate(now if newest else old) if i != axis]
            flat = (np.moveaxis(wt, axis, 0) if move else wt).reshape(wt.shape[axis], -1)
            rows = reduce(paired, others[::-1] if turned else others)
            gram = rows.T @ rows if solve != "sum" else sum(f.T @ f for f in others)
            now[axis] = flat @ rows if solve == "none" else flat @ rows @ np.linalg.pinv(gram)
    return now


def sum_of_products(answer: Any) -> tuple[np.ndarray, list[int]]:
    """The filters wt[K,C,R,S] that four factors amount to, and their components: sizes may move between factors, and order is free."""
    names = "k[K,rank], c[C,rank], r[R,rank], s[S,rank]"
    if not isinstance(answer, tuple | list) or len(answer) != 4:
        raise ValueError(f"factors: want four matrices, {names}, got a {type(answer).__name__}")
    four = [np.asarray(a, np.float64) for a in answer]
    if any(f.ndim != 2 or f.shape[1] != four[0].shape[-1] for f in four):
        raise ValueError(f"columns: want {names}, got {', '.join(str(f.shape) for f in four)}")
    return np.einsum("kj,cj,rj,sj->kcrs", *four, optimize=True), [four[0].shape[1]]


def unit(f: np.ndarray) -> np.ndarray:
    """Every column with length 1."""
    return f / np.linalg.norm(f, axis=0)


def start_cases(rng: np.random.Generator) -> list[Case]:
    """Filters of a few components under a little noise, and a start nearby, of length 1, so that wrong ideas run wild late or never."""
    cases = []
    for shape, rank, sweeps in [
        ((2, 3, 2, 1), 1, 1),
        ((3, 2, 2, 2), 1, 2),
        ((3, 4, 2, 3), 2, 1),
        ((4, 3, 3, 2), 2, 2),
        ((5, 4, 3, 3), 3, 1),
        ((4, 6, 3, 3), 2, 2),
        ((3, 5, 1, 3), 2, 2),
    ]:
        a, b = (np.linalg.qr(rng.standard_normal((n, rank)))[0] for n in shape[:2])
        r, s = (unit(rng.uniform(0.5, 1.5, (n, rank)) * rng.choice([-1.0, 1.0], (n, rank))) for n in shape[2:])
        wt = np.round(np.einsum("kj,cj,rj,sj->kcrs", a, b, r, s) + 0.05 * rng.standard_normal(shape), 3)
        start = [np.round(unit(f + 0.15 * rng.standard_normal(f.shape)), 3) for f in (a, b, r, s)]
        what = f"{rank} component{'s' * (rank > 1)}, {sweeps} sweep{'s' * (sweeps > 1)}"
        cases.append(Case((wt, start, sweeps), label="{} filters of {}x{}x{}, ".format(*shape) + what))
    return cases


cp_als = Exercise(
    name="cp_als",
    reference=alternating,
    cases=start_cases,
    tolerance=1e-6,
    reading=sum_of_products,
    misconceptions=(
        Misconception(
            "all four from the old factors",
            partial(alternating, newest=False),
            "Within a sweep you use the factors from before it. Each turn must use the newest three, or the error may rise.",
            CP,
        ),
        Misconception(
            "multiplied, not solved",
            partial(alternating, solve="none"),
            "You multiply by the components of the others and stop there. They are not at right angles: divide by their Gram matrix"
            " (least squares).",
            CP,
        ),
        Misconception(
            "the Gram matrices are added",
            partial(alternating, solve="sum"),
            "The Gram matrix of all products is the **product** of the three Gram matrices, number by number, not their sum.",
            CP,
        ),
        Misconception(
            "unfolded without moving the axis",
            partial(alternating, move=False),
            "Note that reshape alone never moves a number: bring the axis whose turn it is to the front (np.moveaxis), then make a matrix.",
            CP,
        ),
        Misconception(
            "the products are in another order than the columns",
            partial(alternating, turned=True),
            "The columns of the unfolded wt run through the other axes with the **last** one fastest; your products run the other way.",
            CP,
        ),
        Misconception(
            "one sweep only",
            lambda wt, factors, sweeps: alternating(wt, factors, 1),
            "That is the first sweep. Others follow, each from the factors of the one before.",
            CP,
        ),
        Misconception(
            "the last factor has no turn",
            partial(alternating, axes=(0, 1, 2)),
            "Three factors move and the fourth stays as it came in: s has a turn too.",
            CP,
        ),
        Misconception(
            "the start is given back",
            lambda wt, factors, sweeps: [np.array(f, np.float64) for f in factors],
            "You give back the start. In each turn one factor is solved for, the three others held fixed.",
            CP,
        ),
    ),
    hint="For axis 0: wt as K × (CRS) ≈ k @ rowsᵀ, rows[CRS, rank] = products of c, r, s. Solve for k by least squares; then c with the"
    " new k, and so on.",
    slide=CP,
)
