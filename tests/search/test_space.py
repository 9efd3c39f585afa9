"""A Space counts, numbers, draws, steps and encodes; brute force over the full product is the witness."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from course_lib.search import Constraint, Space, count_splits, splits

SMALL = Space(
    {"tile": [1, 2, 4, 8], "order": ["k c", "c k"], "unroll": [1, 2, 4], "split": splits(12, 2), "fused": [False, True]},
    [
        Constraint(("tile", "unroll"), lambda tile, unroll: unroll <= tile, "unroll at most the tile"),
        Constraint(("split", "tile"), lambda split, tile: split[0] * tile <= 24, "the tile fits"),
    ],
)


def random_space(seed):
    rng = np.random.default_rng(seed)
    knobs = {f"k{i}": list(range(int(rng.integers(1, 5)))) for i in range(int(rng.integers(1, 6)))}
    constraints = []
    for _ in range(int(rng.integers(0, 4))):
        scope = tuple(rng.choice(list(knobs), int(rng.integers(1, min(3, len(knobs)) + 1)), replace=False))
        kept = {values for values in product(*(knobs[name] for name in scope)) if rng.random() < 0.7}
        constraints.append(Constraint(scope, lambda *values, kept=kept: values in kept))
    return Space(knobs, constraints)


def listed(space):
    """Every configuration by brute force: the whole product, each constraint asked."""
    at = {name: i for i, name in enumerate(space.knobs)}
    return [
        config
        for config in product(*space.knobs.values())
        if all(constraint.holds(*(config[at[name]] for name in constraint.knobs)) for constraint in space.constraints)
    ]


@pytest.mark.parametrize("space", [SMALL, *map(random_space, range(40))])
def test_the_count_and_the_numbering_are_those_of_the_whole_product(space):
    want = listed(space)
    assert space.count == len(want)
    assert set(map(space.at, range(space.count))) == set(want)
    assert all(config in space for config in want)


def test_a_space_far_too_large_to_list_is_counted():
    knobs = {f"k{i}": range(10) for i in range(40)}
    free = Space(knobs)
    chain = Space(knobs, [Constraint((f"k{i}", f"k{i + 1}"), lambda a, b: a <= b) for i in range(39)])
    assert free.count == 10**40
    assert chain.count == math.comb(40 + 9, 9)  # sequences that do not fall: choose with repetition
    last = chain.at(chain.count - 1)
    assert all(a <= b for a, b in zip(last, last[1:], strict=False))


@pytest.mark.parametrize("n", [1, 2, 12, 56, 64, 97, 360])
@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_the_count_of_ordered_factorisations_is_their_number(n, parts):
    found = splits(n, parts)
    assert len(found) == len(set(found)) == count_splits(n, parts)
    assert all(math.prod(split) == n for split in found)


def test_draws_are_fair_under_constraints():
    draws = SMALL.sample(np.random.default_rng(0), 40 * SMALL.count)
    where = {config: i for i, config in enumerate(SMALL.all)}
    counts = np.bincount([where[c] for c in draws], minlength=SMALL.count)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_unseen_gives_the_rest_and_no_more():
    rng = np.random.default_rng(0)
    seen = set(SMALL.sample(rng, 50))
    rest = SMALL.unseen(rng, 10_000, seen)
    assert len(rest) == len(set(rest)) == SMALL.count - len(seen)
    assert not set(rest) & seen
    large = Space({f"k{i}": range(10) for i in range(20)})
    assert len(set(large.unseen(rng, 100, ()))) == 100


def test_a_neighbour_differs_in_one_knob_by_one_step():
    for config in SMALL.all:
        for other in SMALL.neighbours(config):
            ((name, old, new),) = [(n, a, b) for n, a, b in zip(SMALL.names, config, other, strict=True) if a != b]
            assert other in SMALL
            assert config in SMALL.neighbours(other)
            if name in ("tile", "unroll"):
                assert new in (2 * old, old / 2)
            if name == "split":
                ratios = [max(a, b) // min(a, b) for a, b in zip(old, new, strict=True) if a != b]
                assert len(ratios) == 2 and ratios[0] in (2, 3) and ratios[0] == ratios[1]


def test_a_move_changes_one_knob_and_keeps_the_constraints():
    rng = np.random.default_rng(1)
    rows = SMALL.positions(SMALL.sample(rng, 300))
    moved = SMALL.moved(rows, rng)
    assert SMALL.allowed(moved).all()
    assert set((rows != moved).sum(1)) <= {0, 1}
    assert ((rows != moved).sum(1) == 1).mean() > 0.9


def test_features_are_logarithms_of_sizes_and_one_column_a_word():
    space = Space({"tile": [1, 2, 8], "order": ["a", "b"], "split": splits(4, 2), "pad": [0, 3]}, task=(5.0,))
    (row,) = space.features([(8, "b", (2, 2), 3)])
    assert row.tolist() == [5, 3, 0, 1, 1, 1, 2]
    assert space.feature_names == ("task 0", "tile", "order = a", "order = b", "split 0", "split 1", "pad")
    assert Space({"a": [1, 2]}, extra=lambda config: (config[0] * 10.0,)).features([(2,)]).tolist() == [[1, 20]]


@pytest.mark.parametrize(
    ("make", "says"),
    {
        "no values": (lambda: Space({"a": []}), "'a' has no values"),
        "a value twice": (lambda: Space({"a": [1, 1]}), "'a' has a value twice"),
        "no such knob": (lambda: Space({"a": [1]}, [Constraint(("b",), bool)]), "there is no knob 'b'"),
        "empty": (
            lambda: Space({"a": [1]}, [Constraint(("a",), lambda a: a > 1, "a above 1")]).sample(np.random.default_rng()),
            "a above 1",
        ),
        "not in it": (lambda: Space({"a": [1]}).positions([(2,)]), r"\(2,\) is not in the space"),
        "beyond": (lambda: Space({"a": [1]}).at(1), "want 0 to 0, got 1"),
        "splits of nothing": (lambda: splits(0, 2), "at least 1"),
        "too many to list": (lambda: Space({f"k{i}": range(10) for i in range(9)}).all, "too many to list"),
        "a sentence about too much": (
            lambda: Space({f"k{i}": range(10) for i in range(9)}, [Constraint(tuple(f"k{i}" for i in range(9)), lambda *_: True)]).count,
            "combinations at once",
        ),
    }.values(),
)
def test_what_cannot_be_is_said_in_a_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()
