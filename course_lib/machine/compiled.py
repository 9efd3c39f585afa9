"""Machine code that is kept for the next start where it can be, and made anew where it cannot (a read-only home, a sandbox)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

SOURCE = "numba's documentation, 'Caching': beside the file, in the user's cache, or wherever NUMBA_CACHE_DIR says"


def kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` compiled at its first call by numba, and cached on disk if there is a place to write."""
    try:
        return njit(cache=True)(function)
    except RuntimeError:  # numba found no place for the cache
        return njit(function)
