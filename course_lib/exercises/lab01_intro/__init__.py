"""The exercises of lab 01: the size of the output, the seven loops, layouts, the cost of a layer and of a network, latency.

Each exercise: its cases, smallest first; the right answer; and the wrong ideas people have, as functions that have them.
"""

from __future__ import annotations

from ..exercise import Exercise
from .cost_of_layer import layer_cost
from .cost_of_network import model_cost
from .guess import fc_share
from .honest_time import measure_latency
from .layouts import offset, strides_of
from .seven_loops import conv2d_direct
from .size_list import wrong_rows
from .size_of_output import conv_output_size

SOURCE = "Lecture, frames from the title to 'Convolution is the bottleneck', and 'Convolution basis'"

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (fc_share, conv_output_size, conv2d_direct, strides_of, offset, layer_cost, model_cost, wrong_rows, measure_latency)
}
