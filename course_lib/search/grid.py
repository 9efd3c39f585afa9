"""One after the other, in the order of their numbers: complete at the end, and in one corner until then."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from ..records import History
from .space import Config, Space

SOURCE = "AutoTVM's GridSearchTuner, as implemented here"


def propose(space: Space, history: History, rng: np.random.Generator, batch: int = 1) -> Sequence[Config]:
    """The next `batch` configurations that have not been tried."""
    seen = set(history["config"])
    return list(islice((config for config in space if config not in seen), batch))
