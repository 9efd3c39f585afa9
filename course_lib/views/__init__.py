"""Pictures: a view takes a record and returns a Scene; the same Scene is a still SVG, a player in a page and a GIF.

    Scene, Frame       the picture as frozen data               scene.py, drawn by svg.py, played by static/player.js
    sliding_window     the window over the image, the sum in its numbers
    im2col_filling     the lowered matrix, column by column, and the product that follows
    array_grid         an array's cells, those that differ marked
    network_bars       depth, size and work of networks         from zoo.totals()
    accuracy_map       accuracy, operations and size            from zoo.accuracies()
    time_share         MACs and time, layer by layer            from zoo.time_share(name)
    live, variants     a slider: asked of the kernel, or computed beforehand

`player_assets()` gives the style sheet and script that a page needs once for `scene.fragment()`.
"""

from course_lib.views.accuracy_map import accuracy_map
from course_lib.views.array_grid import array_grid
from course_lib.views.im2col_filling import im2col_filling
from course_lib.views.network_bars import network_bars
from course_lib.views.page import player_assets
from course_lib.views.scene import Frame, Scene
from course_lib.views.sliding_window import sliding_window
from course_lib.views.time_share import time_share
from course_lib.views.variants import Variants, variants
from course_lib.views.widget import live

__all__ = [
    "Frame",
    "Scene",
    "Variants",
    "accuracy_map",
    "array_grid",
    "im2col_filling",
    "live",
    "network_bars",
    "player_assets",
    "sliding_window",
    "time_share",
    "variants",
]
