"""Slides are programs: a deck's text names figures and numbers, and building it computes them.

source    the text of slides/nn_name.md as frames and parts
cells     running figure cells and inline expressions, errors at the slide's line
markup    prose, mathematics, listings to HTML
quiz      questions with instant answers
build     all of it into one page; `build(path) -> str`
command   `course slides`
"""

from .build import build
from .source import Deck, DeckError, Frame, parse, read

__all__ = ["Deck", "DeckError", "Frame", "build", "parse", "read"]
