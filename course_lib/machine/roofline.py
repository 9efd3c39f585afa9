"""The roofline: a computation cannot run faster than the arithmetic peak, nor than the memory feeds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..records import Report
from ..shapes import ConvShape, GemmShape

SOURCE = "Williams, Waterman, Patterson: Roofline, CACM 52 (2009)"


@dataclass(frozen=True)
class Roof:
    """`peak` in GFLOP/s and `bandwidth` in GB/s, of one memory level of one machine."""

    peak: float
    bandwidth: float
    name: str = ""

    def __post_init__(self) -> None:
        for field in ("peak", "bandwidth"):
            if not getattr(self, field) > 0:
                raise ValueError(f"{field}: want more than 0, got {getattr(self, field)!r}")

    @property
    def ridge(self) -> float:
        """The arithmetic intensity, FLOP a byte, above which the peak is the limit."""
        return self.peak / self.bandwidth

    def at(self, intensity: float) -> float:
        """Attainable GFLOP/s at an arithmetic intensity in FLOP a byte."""
        if not intensity >= 0:
            raise ValueError(f"intensity: want at least 0, got {intensity!r}")
        return min(self.peak, intensity * self.bandwidth)


def intensity(shape: ConvShape | GemmShape, moved: float | None = None) -> float:
    """FLOP a byte: 2·macs over the bytes `moved` (default: everything once, the best there is)."""
    bytes_moved = shape.bytes if moved is None else moved
    if not bytes_moved >= 0:
        raise ValueError(f"moved: want at least 0 bytes, got {moved!r}")
    return 2 * shape.macs / bytes_moved if bytes_moved else 0.0


def roofline(shapes: Mapping[str, ConvShape | GemmShape], roof: Roof, measured: Mapping[str, float] | None = None) -> Report:
    """A row a named shape: intensity, attainable GFLOP/s, what limits it, and the `measured` GFLOP/s where given."""
    measured = measured or {}
    if unknown := [name for name in measured if name not in shapes]:
        raise ValueError(f"measured: no shape is called {unknown[0]!r}; there are {', '.join(shapes)}")
    at = {name: intensity(shape) for name, shape in shapes.items()}
    return Report(
        {
            "layer": list(shapes),
            "FLOP/byte": list(at.values()),
            "roof GFLOP/s": [roof.at(i) for i in at.values()],
            "limit": ["memory" if i < roof.ridge else "arithmetic" for i in at.values()],
            "measured GFLOP/s": [measured.get(name) for name in shapes],
        },
        note=f"{roof.name or 'roof'}: peak {roof.peak:,.0f} GFLOP/s, {roof.bandwidth:,.1f} GB/s, ridge at {roof.ridge:.1f} FLOP/byte",
    )
