"""Autotuning on this machine: spaces of schedules and plans, measurements in child processes, a log that survives, tuned plans kept.

how_many            the lecture's question: every tiling times every order, counted
plan_space          algorithms and plans of course_lib.kernels      schedule_space   Schedules of one nest
tune                one layer or product; Task, Pool, Limits, Log, Tuned around it
tune_network        a whole network on one budget
simulated           a cost from a model of a machine, exact and the same everywhere
"""

from .log import Busy, Log
from .network import layers_of, next_layer, tune_network
from .pool import Limits, Outcome, Pool
from .simulated import simulated, simulated_space
from .spaces import default_config, how_many, nest_of, plan_of, plan_space, schedule_space
from .tasks import Task
from .tuning import Measured, Tuned, tune

__all__ = [
    "Busy", "Limits", "Log", "Measured", "Outcome", "Pool", "Task", "Tuned", "default_config", "how_many", "layers_of", "nest_of",
    "next_layer", "plan_of", "plan_space", "schedule_space", "simulated", "simulated_space", "tune", "tune_network",
]  # fmt: skip
