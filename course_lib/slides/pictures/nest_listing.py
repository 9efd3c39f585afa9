"""A schedule's listing on a slide: line for line what `print(schedule)` gives, coloured as C."""

from __future__ import annotations

from typing import Any

from ..markup import highlighted

SOURCE = "Lecture, frames 'Dataflow' to 'Direct Convolution: Loop Ordering + Unrolling + Tiling'"

WORDS = ("spatial_for", "unroll_for", "vector_for", "parallel_for")  # no words of C, but of loops as `for` is


class nest_listing:
    """`nest_listing(schedule)` as a slide's figure; `heading` stands above it, `size` is the type's in pixels (0: the deck's)."""

    def __init__(self, nest: Any, heading: str = "", size: float = 0) -> None:
        self.text = str(nest)
        self.heading = heading
        self.size = size

    def _repr_html_(self) -> str:
        import html

        code = highlighted(self.text, "c")
        for word in WORDS:
            code = code.replace(f'<span class="n">{word}</span>', f'<span class="k">{word}</span>')
        if self.size:
            code = code.replace('<pre class="listing"', f'<pre class="listing" style="font-size:{self.size:g}px"', 1)
        head = f"<p><strong>{html.escape(self.heading)}</strong></p>" if self.heading else ""
        return head + code
