"""Listing, run, build, trace and count of one Schedule agree: the spine of the package."""

import pytest

from tests.nest.agree import NESTS_A_SEED, disagreements

PIECES = 10


@pytest.mark.parametrize("piece", range(PIECES))
def test_all_faces_of_a_random_nest_agree(piece):
    assert [] == [line for seed in range(piece, NESTS_A_SEED, PIECES) for line in disagreements(seed)]
