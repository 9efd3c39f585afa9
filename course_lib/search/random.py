"""Draw fairly from what has not been tried: the tuner every other one has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..records import History
from .space import Config, Space

SOURCE = "Bergstra & Bengio, Random Search for Hyper-Parameter Optimization, JMLR 2012"


def propose(space: Space, history: History, rng: np.random.Generator, batch: int = 1) -> Sequence[Config]:
    """`batch` configurations not in the history, all equally likely."""
    return space.unseen(rng, batch, history["config"])
