"""Networks made smaller: pruning, decomposition, and the Operators that compressed layers are.

operator      what every compressed form can do: shape, dense(), @, nbytes, macs; Dense, LowRank, Sum
"""

from .operator import Dense, LowRank, Operator, Sum, as_operator

__all__ = ["Dense", "LowRank", "Operator", "Sum", "as_operator"]
