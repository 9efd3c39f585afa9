"""Small data: files the course ships lie here; what scikit-learn ships is read where it lies, without importing scikit-learn."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np


def in_scikit_learn(name: str) -> Path:
    """A data file of the installed scikit-learn, found in no time: importing the package takes two seconds. Raises ImportError."""
    spec = find_spec("sklearn")
    path = Path((spec.origin if spec else None) or "").parent / "datasets" / name
    if not path.is_file():
        raise ImportError(f"{name} comes with scikit-learn, which is not here: pip install scikit-learn")
    return path


def scikit_photograph(name: str) -> np.ndarray:
    """[427, 640, 3] bytes: the photograph "china" or "flower". Raises ValueError for another name."""
    from PIL import Image

    if name not in ("china", "flower"):
        raise ValueError(f"name: want 'china' or 'flower', got {name!r}")
    with Image.open(in_scikit_learn(f"images/{name}.jpg")) as image:
        return np.asarray(image)


def scikit_digits() -> tuple[np.ndarray, np.ndarray]:
    """(images[1797, 8, 8] from 0 to 16, labels[1797]): handwritten digits."""
    with gzip.open(in_scikit_learn("data/digits.csv.gz"), "rt", encoding="ascii") as file:
        table = np.loadtxt(file, delimiter=",")
    return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(int)
