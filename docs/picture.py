"""Draw the README's picture, light and dark: `python docs/picture.py` after a change to the view."""

from pathlib import Path

import numpy as np

from course_lib import ConvShape
from course_lib.views import sliding_window

HERE = Path(__file__).resolve().parent
FRAME = 9  # inside the output: something is done, something is to come


def pictures() -> dict[str, str]:
    """File name -> SVG of the sliding window over a 6x6 input, 3x3 filter, stride 1, pad 0."""
    shape = ConvShape(N=1, C=1, H=6, W=6, K=1, R=3, S=3)
    ia = np.arange(36).reshape(shape.ia_shape) % 7
    wt = np.array([1, 0, -1, 2, 0, -2, 1, 0, -1]).reshape(shape.wt_shape)  # Sobel's vertical edges
    scene = sliding_window(shape, ia, wt)
    return {f"sliding_window_{theme}.svg": scene.svg(FRAME, theme=theme) for theme in ("light", "dark")}


if __name__ == "__main__":
    for name, svg in pictures().items():
        (HERE / name).write_text(svg, "utf-8")
        print(f"docs/{name}: {len(svg) // 1024} kB")
