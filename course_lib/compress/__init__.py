"""Networks made smaller: pruning, decomposition, and the Operators that compressed layers are.

operator      what every compressed form can do: shape, dense(), @, nbytes, macs; Dense, LowRank, Columns, Sum
"""

from .operator import Columns, Dense, LowRank, Operator, Sum, as_operator

__all__ = ["Columns", "Dense", "LowRank", "Operator", "Sum", "as_operator"]
