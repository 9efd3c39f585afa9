"""The decks' own figures, one a file; each takes data and gives a Scene.

bars           horizontal bars, linear or logarithmic
towers         networks as columns of layers
photograph     a patch of a picture as the numbers it is
layouts        one tensor in memory, NCHW and NHWC
memory_strip   where in memory the window of a convolution lies
"""

from .bars import bars
from .layouts import layouts
from .memory_strip import memory_strip
from .photograph import photograph, sample_photograph
from .towers import towers

__all__ = ["bars", "layouts", "memory_strip", "photograph", "sample_photograph", "towers"]
