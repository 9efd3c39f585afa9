"""Pictures: a view takes a record and returns a Scene; the same Scene is a still SVG, a player in a page and a GIF.

    Scene, Frame       the picture as frozen data               scene.py, drawn by svg.py, played by static/player.js
    sliding_window     the window over the image, the sum in its numbers
    im2col_filling     the lowered matrix, column by column, and the product that follows
    im2col_and_mec     two lowerings side by side, MEC's overlapping blocks and the memory of both
    winograd_tile      one tile transformed, multiplied and transformed back, the multiplications counted
    error_growth       error against float64: direct, F2, F4, F6
    price_bars         all prices of a layer, an algorithm a row      from conv.compare(shape)
    crossover_map      who wins a price over C, H and R               from conv.crossover.stored(); crossover_maps has the sliders
    mec_partitions     MEC's strips, and the overlapping partitions that make the output rows
    array_grid         an array's cells, those that differ marked
    network_bars       depth, size and work of networks         from zoo.totals()
    accuracy_map       accuracy, operations and size            from zoo.accuracies()
    time_share         MACs and time, layer by layer            from zoo.time_share(name)
    ladder_curves      GFLOP/s over the order of a product, a curve a step, under the roof
    gemm_blocking      Goto's five loops: which block is in which cache, and the order of packing
    dataflow_1d        buffer access patterns: address over cycle, the three buffers, running counts
    cache_lines        which lines of a tensor the cache holds, access after access
    memory_traffic     the memory levels; a pipe is as wide as the bytes it carries
    bound_meter        what was moved beside the least that can be moved
    loop_table         the loops, and under which of them each tensor stands still
    pe_array_view      which processing element does what in which cycle
    reuse_histogram, roofline_view
    granularity, mask_maps, sensitivity_curves, pareto_front        of pruned networks
    curves, Curve      any numbers over an axis: several curves, bands, markers, named lines
    format_building, direct_steps, pipeline_view, active_places   sparse weights at work
    landscape_explorer, search_progress, ted_picks, rank_scatter   in views/search: a search replayed, its regret, a design, a model
    nest.beside    one schedule lowered by two compilers     from interchange.beside_tvm.beside(problem, steps)
    tuning_board   in views/search: a search while it runs; course_lib.dashboard.watch(log) is its live form
    belief, transfer_ratios   in views/search: how sure a model is, what a past saves
    live, variants     a slider: asked of the kernel, or computed beforehand

`player_assets()` gives the style sheet and script that a page needs once for `scene.fragment()`.
"""

from course_lib.views.array_grid import array_grid
from course_lib.views.compress.granularity import granularity
from course_lib.views.compress.mask_maps import mask_maps
from course_lib.views.compress.pareto_front import pareto_front
from course_lib.views.compress.sensitivity_curves import sensitivity_curves
from course_lib.views.conv.crossover_map import crossover_map, crossover_maps
from course_lib.views.conv.error_growth import error_growth
from course_lib.views.conv.im2col_and_mec import im2col_and_mec
from course_lib.views.conv.im2col_filling import im2col_filling
from course_lib.views.conv.mec_partitions import mec_partitions
from course_lib.views.conv.price_bars import price_bars
from course_lib.views.conv.sliding_window import sliding_window
from course_lib.views.conv.winograd_tile import winograd_tile
from course_lib.views.curves import Curve, curves
from course_lib.views.gemm.gemm_blocking import gemm_blocking
from course_lib.views.gemm.ladder_curves import ladder_curves
from course_lib.views.machine.bound_meter import bound_meter
from course_lib.views.machine.cache_lines import cache_lines, cache_lines_compared
from course_lib.views.machine.memory_traffic import memory_traffic
from course_lib.views.machine.pe_array_view import pe_array_view
from course_lib.views.machine.reuse_histogram import reuse_histogram
from course_lib.views.machine.roofline_view import roofline_view
from course_lib.views.nest.dataflow_1d import dataflow_1d, dataflows_1d
from course_lib.views.nest.loop_table import loop_table
from course_lib.views.page import player_assets
from course_lib.views.scene import Frame, Scene
from course_lib.views.sparse import active_places, direct_steps, format_building, pipeline_view
from course_lib.views.variants import Variants, variants
from course_lib.views.widget import live
from course_lib.views.zoo.accuracy_map import accuracy_map
from course_lib.views.zoo.network_bars import network_bars
from course_lib.views.zoo.time_share import time_share

__all__ = [
    "Curve",
    "Frame",
    "Scene",
    "Variants",
    "accuracy_map",
    "active_places",
    "array_grid",
    "bound_meter",
    "cache_lines",
    "cache_lines_compared",
    "crossover_map",
    "crossover_maps",
    "curves",
    "dataflow_1d",
    "dataflows_1d",
    "direct_steps",
    "error_growth",
    "format_building",
    "gemm_blocking",
    "granularity",
    "im2col_and_mec",
    "im2col_filling",
    "ladder_curves",
    "live",
    "loop_table",
    "mask_maps",
    "mec_partitions",
    "memory_traffic",
    "network_bars",
    "pareto_front",
    "pe_array_view",
    "pipeline_view",
    "player_assets",
    "price_bars",
    "reuse_histogram",
    "roofline_view",
    "sensitivity_curves",
    "sliding_window",
    "time_share",
    "variants",
    "winograd_tile",
]
