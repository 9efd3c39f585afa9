"""Pictures of sparse weights at work: the pipeline's bubbles, a format being written, one shift a weight, active places.

pipeline_view     instructions down, cycles across; bubbles where a guess was wrong
format_building   the non-zeros of a matrix going into CSR or CSC, one by one
direct_steps      direct sparse convolution: which weight, which shift of the input, what has been added up
active_places     a point cloud after ordinary and after submanifold layers
"""

from course_lib.views.sparse.active_places import active_places
from course_lib.views.sparse.direct_steps import direct_steps
from course_lib.views.sparse.format_building import format_building
from course_lib.views.sparse.pipeline_view import pipeline_view

__all__ = ["active_places", "direct_steps", "format_building", "pipeline_view"]
