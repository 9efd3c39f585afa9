"""The exercises of lab 04: three dataflows in one dimension, loop orders, the slide's tiled nest, its cycles and traffic, a design.

    for q: for s: OA[q] += IA[q+s] * W[s]      output stationary
    for s: for q: ...                          weight stationary
    for h: for s: ...  with q = h - s          input stationary

Same sums, same number of multiply-accumulates; what differs is how often each number is fetched.
"""

from __future__ import annotations

from ..exercise import Exercise
from .configurations import count_configs
from .guess import psum_share
from .least_moved import conv_io_lower_bound
from .loop_order import fetches
from .nest_as_data import slide_nest
from .on_the_array import array_cycles, slide_traffic
from .one_dimension import conv1d_is, conv1d_os, conv1d_ws
from .own_design import design
from .pencil import access_counts
from .written_out import conv2d_tiled

SOURCE = "Lecture, frames 'Direct Convolution' to 'How many configurations we have?'; Parashar et al., Timeloop, ISPASS 2019"

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (
        psum_share,
        conv1d_os,
        conv1d_ws,
        conv1d_is,
        access_counts,
        fetches,
        slide_nest,
        conv2d_tiled,
        array_cycles,
        slide_traffic,
        count_configs,
        conv_io_lower_bound,
        design,
    )
}
