"""The twelve layers on which MEC was measured, and what their lowered matrices weigh: bytes in closed form, to be checked by anybody.

The layers' sizes are as reported for the paper's table 2, not checked here against the paper itself; bytes and MACs are computed from them.
"""

from __future__ import annotations

from ..records import Report
from ..shapes import ConvShape
from .mec import im2col_bytes, mec_bytes

SOURCE = "Cho & Brand, ICML 2017, tables 2 and 3 (sizes as reported, not checked here)"


def layer(C: int, H: int, K: int, R: int, stride: int) -> ConvShape:
    return ConvShape(1, C, H, H, K, R, R, stride)


LAYERS = {
    "cv1": layer(3, 227, 96, 11, 4),
    "cv2": layer(3, 231, 96, 11, 4),
    "cv3": layer(3, 227, 64, 7, 2),
    "cv4": layer(64, 224, 64, 7, 2),
    "cv5": layer(96, 24, 256, 5, 1),
    "cv6": layer(256, 12, 512, 3, 1),
    "cv7": layer(3, 224, 64, 3, 1),
    "cv8": layer(64, 112, 128, 3, 1),
    "cv9": layer(64, 56, 64, 3, 1),
    "cv10": layer(128, 28, 128, 3, 1),
    "cv11": layer(256, 14, 256, 3, 1),
    "cv12": layer(512, 7, 512, 3, 1),
}

RESNET101 = {"cv4": 1, "cv9": 3, "cv10": 4, "cv11": 23, "cv12": 3}  # how often each stands in the paper's ResNet-101


def memory() -> Report:
    """Bytes of both lowered matrices for each layer (MB = 10^6), their ratio, and the layer's MACs in millions.

    >>> report = memory()
    >>> [round(value, 2) for value in (report["im2col MB"][3], report["MEC MB"][3], report["ratio"][3])]
    [149.04, 43.75, 3.41]
    """
    rows = []
    for name, shape in LAYERS.items():
        big, small = im2col_bytes(shape), mec_bytes(shape)
        rows.append({
            "layer": name, "H x W x C": f"{shape.H} x {shape.W} x {shape.C}", "R": shape.R, "K": shape.K, "stride": shape.strides[0],
            "P": shape.P, "im2col MB": big / 1e6, "MEC MB": small / 1e6, "ratio": big / small, "MMACs": shape.macs / 1e6,
        })  # fmt: skip
    return Report.of(rows, "MEC's benchmark: the lowered matrices of one image in float32")


def resnet101() -> tuple[float, float]:
    """(im2col, MEC): MiB of lowered matrices over the convolutions of the paper's ResNet-101 mix.

    >>> [round(mib, 2) for mib in resnet101()]
    [203.66, 64.57]
    """
    pairs = [(count * im2col_bytes(LAYERS[name]), count * mec_bytes(LAYERS[name])) for name, count in RESNET101.items()]
    return sum(big for big, _ in pairs) / 2**20, sum(small for _, small in pairs) / 2**20
