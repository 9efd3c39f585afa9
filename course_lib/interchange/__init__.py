"""A nest in other people's formats: one file a format, each a reading of the same Schedule.

timeloop   Timeloop's mapping and problem (YAML)        timeloop(schedule)      read_timeloop(text) reads it back
scale_sim  a row of a SCALE-Sim v2 topology (CSV)       scale_sim(shape, name)
tensorir   TVM's TensorIR, as TVMScript                 tensorir(schedule)      the real TVM loads and runs it (read_by_tvm.py)
beside_tvm   the same moves by TVM's own schedule, lowered; beside(problem, steps) is drawn by views/nest/beside.py

What a format cannot say is a ValueError in one sentence, or a limit in the first lines of its file.
"""

from course_lib.interchange.read_timeloop import Mapped, MappedLoop, read_timeloop
from course_lib.interchange.scale_sim import scale_sim
from course_lib.interchange.tensorir import tensorir
from course_lib.interchange.timeloop import timeloop

__all__ = ["Mapped", "MappedLoop", "read_timeloop", "scale_sim", "tensorir", "timeloop"]
