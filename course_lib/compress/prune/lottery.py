"""The lottery ticket: train, prune, put the survivors back to where they began, train again; and a random ticket to compare with."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from torch import nn

from course_lib.compress.prune.magnitude import magnitude_masks
from course_lib.compress.prune.masks import Masks, first_and_last, weights_of
from course_lib.compress.prune.schedule import iterative_sparsities

SOURCE = "Frankle & Carbin, The Lottery Ticket Hypothesis, ICLR 2019"


def rewound(net: nn.Module, begin: dict[str, Any], masks: Masks) -> nn.Module:
    """A copy of `net` with all parameters as in `begin` and the masks applied."""
    back = copy.deepcopy(net)
    back.load_state_dict(begin)
    return masks.apply(back)


def lottery_ticket(
    net: nn.Module, fit: Callable[[nn.Module, Masks], object], rounds: int = 4, each: float = 0.5, scope: Any = "global"
) -> tuple[nn.Module, Masks]:
    """(the ticket: surviving weights at their first values, the rest zero; its masks), after `rounds` of train, prune, rewind.

    `fit(net, masks)` trains in place and keeps the masks. Every round prunes the share `each` of what is left, by the magnitude after
    training; the first and the last layer are left alone. `net` itself is not changed.
    """
    begin = copy.deepcopy(net.state_dict())
    spared = first_and_last(net)
    masks = Masks({})
    for sparsity in iterative_sparsities(rounds, each):
        turn = rewound(net, begin, masks)
        fit(turn, masks)
        masks.apply(turn)  # what was pruned stays pruned: zeros are the smallest
        masks = Masks(magnitude_masks(weights_of(turn, lambda name, _: name not in spared), sparsity, scope))
    return rewound(net, begin, masks), masks
