"""Run a plain Python loop on arrays that write down every load, store and multiply-accumulate.

>>> import numpy as np
>>> def conv1d(ia, wt):
...     oa = np.zeros(len(ia) - len(wt) + 1)
...     for q in range(len(oa)):
...         for s in range(len(wt)):
...             oa[q] += ia[q + s] * wt[s]
...     return oa
>>> oa, trace = record(conv1d, np.arange(12.0), np.ones(4))
>>> print(trace)
tensor  loads  stores  distinct
------  -----  ------  --------
IA         36       0        12
W          36       0         4
OA         36      36         9
36 MACs, 144 accesses

`README.md` in this folder says what counts as what.
"""

from .arrays import Recorded
from .recorder import Recorder, record, taped
from .scalars import Number

__all__ = ["Number", "Recorded", "Recorder", "record", "taped"]
