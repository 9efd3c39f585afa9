"""The exercises of lab 13: schedule primitives on a nest that is data, what a ragged split costs, lowering, and nests to recover.

[("k", 16), ("c", 8)]          for k in range(16): for c in range(8): ...
"""

from __future__ import annotations

from ..exercise import Exercise
from .guess import idle_share
from .lowering import lower_text, recover_nest
from .primitives import fuse_loops, idle_turns, reorder_loops, split_loop

SOURCE = "Chen et al., TVM, OSDI 2018; the names are TVM's (tile is split), the nest is course_lib.nest"

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for exercise in (idle_share, split_loop, idle_turns, reorder_loops, fuse_loops, lower_text, recover_nest)
}
