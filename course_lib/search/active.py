"""Begin with the points that tell most (BTED), then look around the best, in a ball that widens when progress stops (BAO).

A step:   radius = R, or tau R where the best has gained less than eta; ours: times tau again for every further round without a gain,
          for a ball of one size around a best that stays is a dead end
          candidates = untried configurations within the radius of the best, in steps of the knobs
          Gamma times: draw the trials with replacement, fit trees; measure the candidates with the highest sum of votes
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..records import History
from .design import bted
from .space import SMALL, Config, Space
from .trees import fit_trees
from .tune import best_of, speeds

SOURCE = "Sun, Bai, Geng, Yu, DATE 2021 (BTED + BAO), as implemented here: its body could not be read, the constants are recalled"

CANDIDATES = 1000  # of a ball, at most


def ball(space: Space, centre: Config, radius: float, rng: np.random.Generator, most: int = CANDIDATES) -> list[Config]:
    """Configurations within Euclidean `radius` of `centre`, measured in positions of the knobs; a sample where there are many."""
    (at,) = space.positions([centre])
    reach = int(radius)
    if space.count <= SMALL:
        rows = space.rows
    else:
        shifts = rng.integers(-reach, reach + 1, (8 * most, len(at)))
        shifts[rng.random(shifts.shape) < 1 - min(1.0, radius**2 / len(at))] = 0  # few knobs at once, or the ball is never hit
        rows = np.unique(np.concatenate([at + shifts, space.moved(np.repeat(at[None], most, 0), rng)]), axis=0)
        rows = rows[((rows >= 0) & (rows < space.sizes)).all(1)]
        rows = rows[space.allowed(rows)]
    inside = rows[((rows - at) ** 2).sum(1) <= radius**2]
    if len(inside) > most:
        inside = inside[rng.choice(len(inside), most, replace=False)]
    return space.configs(inside)


def propose(
    space: Space,
    history: History,
    rng: np.random.Generator,
    batch: int = 1,
    first: int = 16,
    Gamma: int = 2,
    eta: float = 0.05,
    tau: float = 1.5,
    R: float = 3.0,
    widest: int = 4,
    pool: int = 500,
) -> Sequence[Config]:
    """`batch` configurations: the BTED set in the first `first` trials, then the bootstrap's choice around the best."""
    good = speeds(history)
    seen = set(history["config"])
    if len(history) < first:
        return bted(space, rng, min(batch, first - len(history)), pool=pool, known=history["config"])
    centre = best_of(history)
    if centre is None:
        return space.unseen(rng, batch, seen)
    radius = R * tau ** min(stalled(history, eta), widest)
    near = [config for config in ball(space, centre, radius, rng) if config not in seen]
    for _ in range(12):
        if len(near) >= batch:
            break
        radius *= tau
        near = [config for config in ball(space, centre, radius, rng) if config not in seen]
    if not near:
        return space.unseen(rng, batch, seen)
    x = space.features(history["config"])
    around = space.features(near)
    votes = np.zeros(len(near))
    for _ in range(Gamma):
        drawn = rng.integers(len(x), size=len(x))
        votes += fit_trees(x[drawn], good[drawn]).predict(around)
    return [near[i] for i in np.argsort(-votes, kind="stable")[:batch]]


def stalled(history: History, eta: float) -> int:
    """Rounds since the best last became faster by a share of `eta` or more."""
    best, rounds = history.best(), history.columns.get("round", list(range(len(history))))
    ends = [i for i in range(len(rounds)) if i + 1 == len(rounds) or rounds[i + 1] != rounds[i]]
    count = 0
    for before, after in zip(ends[-2::-1], ends[:0:-1], strict=True):
        if best[before] is None or best[before] / best[after] - 1 >= eta:
            break
        count += 1
    return count
