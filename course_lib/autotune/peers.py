"""The same layer by others, on the same numbers, in turns: torch (oneDNN)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..bench import equal, timed
from ..shapes import ConvShape
from .jobs import compiled, operands
from .tuning import Tuned


def against_torch(tuned: Tuned, seconds: float = 0.3) -> dict[str, float | None]:
    """Median seconds of the tuned layer and of torch's conv2d on as many threads; None for torch where it is not installed."""
    task, shape = tuned.task, tuned.task.shape
    a, b, want, length = operands(shape)
    ours = compiled(task, tuned.space, tuned.best, a, b)
    calls: dict[str, Callable[[], Any]] = {"tuned": ours}
    try:
        import torch
    except ImportError:
        torch = None
    if torch is not None and isinstance(shape, ConvShape):
        before = torch.get_num_threads()
        torch.set_num_threads(task.threads)
        torch_a, torch_b = torch.from_numpy(a), torch.from_numpy(b)
        (top, bottom), (left, right) = shape.pads
        if (top, left) != (bottom, right):
            torch_a = torch.nn.functional.pad(torch_a, (left, right, top, bottom))
            top = left = 0

        def theirs() -> Any:
            with torch.no_grad():
                return torch.nn.functional.conv2d(
                    torch_a, torch_b, stride=shape.strides, padding=(top, left), dilation=shape.dilations, groups=shape.groups
                )

        equal("torch", theirs(), want, length)
        calls["torch"] = theirs
    equal("tuned", ours(), want, length)
    clock = time.thread_time if task.threads == 1 else time.perf_counter
    times = timed(calls, seconds, task.threads, clock, turns=(9, 101))
    if "torch" not in calls:
        return {"tuned": times.seconds("tuned"), "torch": None}
    torch.set_num_threads(before)
    # the ratio of the turns counts; torch's seconds are put in proportion
    return {"tuned": times.seconds("tuned"), "torch": times.seconds("tuned") * times.ratio("torch", "tuned")}
