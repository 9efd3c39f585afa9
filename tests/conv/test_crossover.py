"""The stored crossover map is what the algorithms say today, where that does not depend on a machine; the rest names its machine."""

import numpy as np
import pytest

from course_lib import ALGORITHMS, ConvShape
from course_lib.conv import crossover
from course_lib.views import crossover_maps


@pytest.fixture(scope="module")
def stored():
    return crossover.stored()


def test_every_layer_of_the_grid_has_its_winner_in_every_price(stored):
    layers = crossover.layers()
    assert len(layers) == 4 * 3 * 5 * 5 and all(shape.P == shape.H for shape in layers)
    counts = {price: stored["price"].count(price) for price in crossover.PRICES}
    timed = sum(shape.macs <= crossover.LARGEST for shape in layers)
    assert counts == {price: timed if price == "measured ms" else len(layers) for price in crossover.PRICES}
    assert set(stored["winner"]) <= {*ALGORITHMS, crossover.SEVERAL} - {"direct"}


def test_the_exact_prices_are_those_of_the_algorithms_as_they_are(stored):
    kept = {(row["C"], row["K"], row["H"], row["R"], row["price"]): row for row in stored}
    rng = np.random.default_rng(0)
    for i in rng.choice(300, 40, replace=False):
        shape = crossover.layers()[i]
        now = crossover.exact_prices(shape)
        assert set(now) == {"multiplications", "workspace", "bytes moved"}
        for price, values in now.items():
            row = kept[shape.C, shape.K, shape.H, shape.R, price]
            name, least, _ = crossover.winner(values)
            assert (row["winner"], row["least"]) == (name, float(f"{least:.4g}")), (shape, price)


def test_a_price_that_several_share_has_no_single_winner():
    assert crossover.winner({"a": 3, "b": 1, "c": 2}) == ("b", 1, 2.0)
    assert crossover.winner({"a": 1, "b": 1, "c": 2}) == (crossover.SEVERAL, 1, 1.0)
    assert crossover.winner({"a": 0, "b": 5}) == ("a", 0, float("inf"))
    assert crossover.winner({"a": 7}) == ("a", 7, float("inf"))


def test_the_winners_follow_the_reasons_of_the_lecture(stored):
    """3x3 with many channels: fewer multiplications by winograd; large windows: by fft; 1x1: one product, no workspace."""
    won = {(row["C"], row["K"], row["H"], row["R"], row["price"]): row["winner"] for row in stored}
    assert won[64, 64, 56, 3, "multiplications"] == "winograd"
    assert won[64, 64, 112, 11, "multiplications"] == "fft"
    assert won[64, 64, 56, 1, "workspace"] in ("pointwise", crossover.SEVERAL)


def test_the_wins_add_up_and_the_machine_is_named(stored):
    table = crossover.wins(stored)
    for price in crossover.PRICES:
        assert sum(table[price]) == stored["price"].count(price)
    assert "python -m course_lib.conv.crossover" in stored.note and len(stored.note.split(";")[0]) > 3


def test_the_map_with_its_sliders_stays_small(stored):
    import json

    maps = crossover_maps(stored)
    assert [knob["name"] for knob in maps.knobs] == ["price", "K"] and len(maps.scenes) == len(crossover.PRICES) * 3
    assert len(json.dumps(maps.data())) < 1_500_000


def test_one_layer_has_all_its_prices():
    values = crossover.prices(ConvShape(1, 8, 7, 7, 8, 3, 3, 1, 1), timed=True)
    assert list(values) == list(crossover.PRICES)
    assert all(value > 0 for value in values["measured ms"].values()) and "winograd" in values["float32 rms error"]
