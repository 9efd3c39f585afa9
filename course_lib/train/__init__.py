"""Training: real images that a package ships, two small networks, one loop, and their trained weights.

data       digits(size), mnist(size): train, validation and test images with a fixed split
nets       plain(), residual(): torch modules; trained(name) with the weights that come with the course
loop       train(net, data, ...), accuracy(net, images, labels)
progress   a bar on the terminal, silent where nobody looks
weights    `python -m course_lib.train.weights` trains both networks again and writes their files
"""

from typing import Any

from .data import Data, digits, mnist

__all__ = ["Data", "accuracy", "digits", "mnist", "plain", "residual", "train", "trained"]

LATER = {"accuracy": "loop", "train": "loop", "plain": "nets", "residual": "nets", "trained": "nets"}


def __getattr__(name: str) -> Any:
    """The names that bring torch with them are fetched when asked for."""
    if name not in LATER:
        raise AttributeError(f"course_lib.train has no {name!r}; the public names are {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(f".{LATER[name]}", __name__), name)
