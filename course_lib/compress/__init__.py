"""Networks made smaller: pruning, decomposition, and the Operators that compressed layers are.

operator      what every compressed form can do: shape, dense(), @, nbytes, macs; Dense, LowRank, Columns, Sum
prune/        which weights may go, in what pattern, when; smaller networks that compute the same
graph         a torch network as a list of steps            run    the same network on the course's own kernels
reconstruct   layers mended one after the other             pipelines    train, prune, fine-tune, shrink, run: one table
"""

from .operator import Columns, Dense, LowRank, Operator, Sum, as_operator

__all__ = ["Columns", "Dense", "LowRank", "Operator", "Sum", "as_operator"]
