"""The answers of tests/wrong_answers, and exercises whose own functions meet the same cases with all of them."""

from __future__ import annotations

import copy
import dataclasses
import functools
import importlib.util
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_lib.exercises import EXERCISES
from course_lib.exercises.exercise import Exercise

HERE = Path(__file__).resolve().parents[1] / "wrong_answers"


def wrong(lab: str, name: str) -> list[tuple[Any, str, str]]:
    """(function, the part it loses, a word of the hint) of each wrong answer to an exercise."""
    spec = importlib.util.spec_from_file_location(f"wrong_{name}", HERE / lab / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.WRONG)


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, run once for each input: all answers of an exercise meet the same cases."""
    known: dict[bytes, Any] = {}

    @functools.wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        try:
            key = pickle.dumps((args, kwargs))
        except Exception:  # what was made for one call alone
            return function(*args, **kwargs)
        if key not in known:
            try:
                known[key] = function(*args, **kwargs)
            except Exception as error:
                known[key] = error
        if isinstance(known[key], Exception):
            raise known[key]
        return copy.deepcopy(known[key])

    return asked


@functools.cache
def with_memory(name: str) -> Exercise:
    """An exercise whose reference and misconceptions are run once for each case."""
    exercise = EXERCISES[name]
    ideas = tuple(dataclasses.replace(idea, function=remembered(idea.function)) for idea in exercise.misconceptions)
    return dataclasses.replace(exercise, reference=remembered(exercise.reference), misconceptions=ideas)
