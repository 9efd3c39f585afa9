"""A layer as a row of a SCALE-Sim v2 topology: a systolic array's simulator reads the shape, and chooses the order itself.

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    conv1, 226, 226, 3, 3, 3, 64, 1,

What the format cannot say:
- padding: the image is written down with its zeros around it, and without the last rows and columns no window reaches
  (SCALE-Sim rounds the number of windows up where a convolution rounds it down);
- a batch of several images, dilation, groups other than depthwise: a ValueError;
- a loop order or a tile: the dataflow (os, ws, is) is in the simulator's own configuration, so a shape is all it takes.
A depthwise layer has DP in its name; SCALE-Sim runs its channels as layers of their own. A file of products has
another header and is read with `-i gemm`.
"""

from __future__ import annotations

from course_lib.shapes import ConvShape, GemmShape

SOURCE = "Samajdar et al., SCALE-Sim, ISPASS 2020; scalesim v2, topology_utils.py (columns, the mark DP, the trailing comma)"

CONV = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
CONV_UNEVEN = CONV.replace("Strides,", "Stride Height, Stride Width,")
GEMM = "Layer, M, N, K,"
DEPTHWISE = "DP"  # anywhere in a layer's name


def row(name: str, *numbers: int) -> str:
    return ", ".join([name, *map(str, numbers)]) + ","


def conv_row(shape: ConvShape, name: str) -> str:
    if shape.N != 1:
        raise ValueError(f"scale_sim: a topology row is one image, got N = {shape.N}; write the row of ConvShape(N=1, ...)")
    if shape.dilations != (1, 1):
        raise ValueError(f"scale_sim: a topology row has no column for dilation, got {shape.dilation}")
    channels, filters = shape.C, shape.K
    if shape.groups > 1:
        if shape.groups != shape.C:
            raise ValueError(f"scale_sim: of groups a topology row can only say depthwise (groups = C = {shape.C}), got {shape.groups}")
        filters = shape.K // shape.groups
        name = name if DEPTHWISE in name else f"{name}_{DEPTHWISE}"
    elif DEPTHWISE in name:
        raise ValueError(f"name: {DEPTHWISE} in a name marks a depthwise layer, this one has one group: got {name!r}")
    down, right = shape.strides
    high, wide = (shape.P - 1) * down + shape.R, (shape.Q - 1) * right + shape.S
    strides = (down,) if down == right else (down, right)
    return f"{CONV if down == right else CONV_UNEVEN}\n{row(name, high, wide, shape.R, shape.S, channels, filters, *strides)}\n"


def scale_sim(shape: ConvShape | GemmShape, name: str) -> str:
    """The topology file of one layer: the header and its row. Rows under one header make a network.

    Raises ValueError for a name with a comma or a line break, an empty layer, and what the format cannot say (see above).

    >>> print(scale_sim(GemmShape(M=196, N=192, K=384), "L0"), end="")
    Layer, M, N, K,
    L0, 196, 192, 384,
    """
    if not isinstance(name, str) or not name.strip() or set(name) & set(",\r\n"):
        raise ValueError(f"name: want a name without commas and line breaks, got {name!r}")
    if not isinstance(shape, ConvShape | GemmShape):
        raise ValueError(f"shape: want a ConvShape or a GemmShape, got {shape!r}")
    if not shape.macs:
        raise ValueError(f"shape: want a layer that computes something, got {shape}")
    name = name.strip()
    if isinstance(shape, ConvShape):
        return conv_row(shape, name)
    return f"{GEMM}\n{row(name, shape.M, shape.N, shape.K)}\n"
