"""An algorithm that cannot compute a layer says so: one sentence, one ValueError."""

from __future__ import annotations


def refuse(name: str, why: str | None) -> None:
    """ValueError `name: why` where there is a reason; `why` is what the algorithm's `cannot(shape)` says."""
    if why:
        raise ValueError(f"{name}: {why}")
