"""Learn moves: from the best so far, how should each knob change? A policy of one softmax a knob, taught by what was measured.

    a move     each knob goes down, stays, or goes up in its list of values
    reward     log(cost of where the move began / cost of where it led); a failure costs as much as a doubling of time
    learning   logits += rate · (reward - baseline) · d log p(move)          REINFORCE

The policy is told again from the history at each call: a trial's move is the difference to the best before its round.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..records import History
from .space import Config, Space
from .tune import best_of

SOURCE = "Williams, REINFORCE, Machine Learning 1992; moves of knobs as in Ahn et al., Chameleon, ICLR 2020 (as implemented here)"

RATE, FIRST, FAILURE = 0.5, 12, -0.7
STAY = 1.0  # the logit of "stay" at the beginning: most knobs keep their value


def policy(space: Space, history: History) -> np.ndarray:
    """logits[knobs, 3] of down, stay, up after the history."""
    logits = np.zeros((len(space.sizes), 3))
    logits[:, 1] = STAY
    baseline, best, cost_best = 0.0, None, None
    rounds = history.columns.get("round", list(range(len(history))))
    rows = space.positions(history["config"])
    for number in dict.fromkeys(rounds):
        mine = [i for i, r in enumerate(rounds) if r == number]
        if best is not None:
            for i in mine:
                cost = history["cost"][i]
                reward = FAILURE if cost is None else float(np.clip(np.log(cost_best / cost), FAILURE, -FAILURE))
                move = np.sign(rows[i] - best) + 1
                logits += RATE * (reward - baseline) * (np.eye(3)[move] - softmax(logits))
                baseline += 0.1 * (reward - baseline)
        for i in mine:
            cost = history["cost"][i]
            if cost is not None and (cost_best is None or cost < cost_best):
                best, cost_best = rows[i], cost
    return logits


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def propose(space: Space, history: History, rng: np.random.Generator, batch: int = 1) -> Sequence[Config]:
    """`batch` moves from the best, drawn from the policy; the FIRST trials are random."""
    best = best_of(history)
    if len(history) < FIRST or best is None:
        return space.unseen(rng, batch, history["config"])
    (at,) = space.positions([best])
    chance = softmax(policy(space, history))
    seen, out = set(history["config"]), []
    for attempt in range(12):
        draw = (rng.random((4 * batch, len(at), 1)) > chance.cumsum(-1)[None]).sum(-1)
        reach = 1 + (rng.random(draw.shape) * (1 + attempt // 3)).astype(int)  # one step; longer ones where all near has been seen
        rows = at + (np.minimum(draw, 2) - 1) * reach
        rows = rows[((rows >= 0) & (rows < space.sizes)).all(1)]
        for config in space.configs(rows[space.allowed(rows)]):
            if config not in seen and len(out) < batch:
                seen.add(config)
                out.append(config)
        if len(out) == batch:
            break
    return out
