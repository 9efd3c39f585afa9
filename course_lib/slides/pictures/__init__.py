"""The decks' own figures, one a file; each takes data and gives a Scene.

bars            horizontal bars, linear or logarithmic
stacks          bars made of parts
towers          networks as columns of layers
photograph      a patch of a picture as the numbers it is
layouts         one tensor in memory, NCHW and NHWC
memory_strip    where in memory the window of a convolution lies
memory_levels   the pyramid of memories, and what comes up on a miss
nest_listing    what `print(schedule)` gives, coloured
array_use       the part of a PE array that a layer keeps busy
row_sets        row stationary: who gets which row

One is no figure but what a view draws: `input_stationary`, the trace of the one dataflow that is no loop order.
"""

from .array_use import array_use
from .bars import bars
from .input_order import input_stationary
from .layouts import layouts
from .memory_levels import memory_levels
from .memory_strip import memory_strip
from .nest_listing import nest_listing
from .photograph import photograph, sample_photograph
from .row_sets import row_sets
from .stacks import stacks
from .towers import towers

__all__ = [
    "array_use",
    "bars",
    "input_stationary",
    "layouts",
    "memory_levels",
    "memory_strip",
    "nest_listing",
    "photograph",
    "row_sets",
    "sample_photograph",
    "stacks",
    "towers",
]
