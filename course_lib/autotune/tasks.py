"""What is tuned: one layer, one product, on so many threads, in one of the ways we know to vary it. Frozen, and writable as text."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from ..shapes import ConvShape, GemmShape, whole

KINDS = ("plans", "schedules", "simulated")


@dataclass(frozen=True)
class Task:
    """A shape, how many threads, and the kind of space: "plans" of course_lib.kernels, "schedules" of a plain nest, or "simulated" ones.

    `of` is "module:class" of what builds and checks in the child process; jobs.py has ours.
    """

    shape: ConvShape | GemmShape
    threads: int = 1
    kind: str = "plans"
    of: str = "course_lib.autotune.jobs:bench"

    def __post_init__(self) -> None:
        if not isinstance(self.shape, ConvShape | GemmShape):
            raise ValueError(f"shape: want a ConvShape or a GemmShape, got {self.shape!r}")
        if self.kind not in KINDS:
            raise ValueError(f"kind: want one of {', '.join(KINDS)}, got {self.kind!r}")
        object.__setattr__(self, "threads", whole("threads", self.threads, 1))

    @property
    def macs(self) -> int:
        return self.shape.macs

    @property
    def text(self) -> str:
        """The task as one line of JSON: the same task, the same text."""
        what = "conv" if isinstance(self.shape, ConvShape) else "gemm"
        return json.dumps({"what": what, **asdict(self.shape), "threads": self.threads, "kind": self.kind, "of": self.of}, sort_keys=True)

    @property
    def name(self) -> str:
        """As a person says it: 64x56x56 -> 64, 3x3/1."""
        return shape_name(self.shape)


def shape_name(shape: ConvShape | GemmShape) -> str:
    if isinstance(shape, GemmShape):
        return f"{shape.M}x{shape.K} @ {shape.K}x{shape.N}"
    stride = "x".join(map(str, dict.fromkeys(shape.strides)))
    groups = f", {shape.groups} groups" if shape.groups > 1 else ""
    return f"{shape.C}x{shape.H}x{shape.W} -> {shape.K}, {shape.R}x{shape.S}/{stride}{groups}"


def task_from(text: str) -> Task:
    """The other way round. Raises ValueError for a text that is no task."""
    try:
        fields: dict[str, Any] = json.loads(text)
        what, threads, kind, of = (fields.pop(name) for name in ("what", "threads", "kind", "of"))
        if what == "gemm":
            return Task(GemmShape(**fields), threads, kind, of)
        if isinstance(fields["pad"], list):
            fields["pad"] = tuple(tuple(side) if isinstance(side, list) else side for side in fields["pad"])
        for name in ("stride", "dilation"):
            fields[name] = tuple(fields[name]) if isinstance(fields[name], list) else fields[name]
        return Task(ConvShape(**fields), threads, kind, of)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"task: this is none: {text[:80]!r} ({error})") from None


def described(shape: ConvShape | GemmShape) -> tuple[float, ...]:
    """log2 of the sizes: what a model that has seen other layers knows of this one."""
    if isinstance(shape, GemmShape):
        return tuple(math.log2(max(size, 1)) for size in (shape.M, shape.N, shape.K))
    sizes = (shape.C // shape.groups, shape.K // shape.groups, shape.P, shape.Q, shape.R * shape.S, shape.strides[1], shape.groups)
    return tuple(math.log2(max(size, 1)) for size in sizes)
