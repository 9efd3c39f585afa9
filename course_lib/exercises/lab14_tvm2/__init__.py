"""The exercises of lab 14: counting a space, walking in it, ranking, choosing what to measure first (BTED) and next (BAO).

regret(t) = lowest cost of the first t trials / lowest cost of all - 1          what every tuner of the lab is judged by
"""

from __future__ import annotations

from ..exercise import Exercise
from .around_the_best import bao_candidates
from .designs import bted_select, ted_select
from .guess import near_best_share
from .ranks import rank_loss_gradient
from .spaces import decode_config, split_count
from .votes import bootstrap_votes, gp_predict
from .walks import anneal_walk, regret_curve

SOURCE = "Chen et al., NeurIPS 2018 (AutoTVM); Sun, Bai, Geng, Yu, DATE 2021 (BTED + BAO), as implemented in course_lib.search"

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (
        near_best_share,
        split_count,
        decode_config,
        regret_curve,
        anneal_walk,
        rank_loss_gradient,
        ted_select,
        bted_select,
        gp_predict,
        bao_candidates,
        bootstrap_votes,
    )
}
