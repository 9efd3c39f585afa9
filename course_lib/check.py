"""The student's side of a check: public cases, the first thing that went wrong, the smallest case that shows it, one hint.

    from course_lib.check import check, predict

    check("im2col", im2col)                 what a graded exercise ends in; never raises for a wrong answer
    guess = predict("macs of conv1", 95)    a guess written down before the cell that finds out
    guess.compare(93.2)

While a lab is graded the same line serves the grader over a socket (`course_lib.wire`): the verdict is formed outside.
"""

from __future__ import annotations

import difflib
import html
import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SMALL = 64  # an array of at most so many numbers is shown whole
WIDE = 100  # characters of one argument in a list


@dataclass(frozen=True)
class Result:
    """What a check says; prints well in a terminal and in a notebook. `bool(result)` is whether everything holds."""

    name: str
    passed: bool
    headline: str
    parts: tuple[Any, ...] = ()
    points: Mapping[str, float] | None = None
    message: str = ""
    label: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    got: str = ""
    want: str = ""
    misconception: str = ""
    hint: str = ""
    slide: str = ""
    picture: Any = None
    seconds: float = 0.0

    def __bool__(self) -> bool:
        return self.passed

    def lines(self) -> list[str]:
        out = [f"{'✓' if self.passed else '✗'} {self.name}: {self.headline}"]
        if len(self.parts) > 1 or (self.points and self.parts):
            out.append("  " + "   ".join(f"{'✓' if p.passed else '✗'} {p.name}{self.points_of(p.name)}" for p in self.parts))
        if self.message:
            out.append(f"  {self.message}")
        if self.arguments or self.label:
            out.append(f"  The smallest case that shows it{': ' + self.label if self.label else ''}")
        shown = [*self.arguments, *((("you have", self.got),) if self.got else ()), *((("expected", self.want),) if self.want else ())]
        wide = max((len(name) for name, _ in shown), default=0)
        for name, text in shown:
            first, *rest = text.split("\n")
            out.append(f"    {name.ljust(wide)}  {first}")
            out += [" " * (wide + 6) + line for line in rest]
        if self.hint:
            out.append(f"  Hint{' (' + self.misconception + ')' if self.misconception else ''}: {self.hint}")
        if self.slide:
            out.append(f"  Slide: {slide_words(self.slide)}")
        return out

    def points_of(self, part: str) -> str:
        if not self.points or part not in self.points:
            return ""
        return f" ({self.points[part]:g} point{'' if self.points[part] == 1 else 's'})"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return styled(self.fragment())

    def fragment(self) -> str:
        """The HTML of this result, without the style sheet."""
        esc = html.escape
        out = [f'<div class="check {"good" if self.passed else "bad"}" role="status">']
        out.append(f'<p class="check-head"><b>{"✓" if self.passed else "✗"} {esc(self.name)}</b> {esc(self.headline)}</p>')
        if len(self.parts) > 1 or (self.points and self.parts):
            marks = (f"<li>{'✓' if p.passed else '✗'} {esc(p.name)}{esc(self.points_of(p.name))}</li>" for p in self.parts)
            out.append(f'<ul class="check-parts">{"".join(marks)}</ul>')
        if self.message:
            out.append(f'<p class="check-said">{esc(self.message)}</p>')
        if self.arguments or self.label:
            out.append(f"<p>The smallest case that shows it{': <b>' + esc(self.label) + '</b>' if self.label else ''}</p>")
        svg = drawn(self.picture)
        both = () if svg else tuple((name, text) for name, text in (("you have", self.got), ("expected", self.want)) if text)
        if shown := [*self.arguments, *both]:  # the picture shows both arrays
            rows = "".join(f"<tr><th>{esc(name)}</th><td><pre>{esc(text)}</pre></td></tr>" for name, text in shown)
            out.append(f"<table>{rows}</table>")
        if svg:
            out.append(f'<div class="check-picture">{svg}</div>')
        if self.hint:
            idea = f"<b>{esc(self.misconception)}.</b> " if self.misconception else ""
            out.append(f'<p class="check-hint">Hint: {idea}{esc(self.hint)}</p>')
        if self.slide:
            out.append(f'<p class="check-slide">Slide: {esc(slide_words(self.slide))}</p>')
        return "".join([*out, "</div>"])


def styled(fragment: str) -> str:
    return f"<style>{Path(__file__).with_name('check.css').read_text(encoding='utf-8')}</style>{fragment}"


def check(name: str, fn: Callable[..., Any]) -> Any:
    """Check `fn` against the exercise `name` on its public cases -> Result.

    A wrong answer, a crash and an unknown name are all told in the result; only KeyboardInterrupt passes through.
    """
    from . import wire

    if wire.graded():
        return wire.serve_check(name, fn)
    began = time.perf_counter()
    from .exercises import EXERCISES

    if name not in EXERCISES:
        return Result(str(name), False, "there is no such exercise." + did_you_mean(str(name), list(EXERCISES)))
    if not callable(fn):
        return Result(name, False, f"want the function itself, as in check({name!r}, {name}), got {type(fn).__name__}.")
    from .exercises.exercise import in_process, judge

    exercise = EXERCISES[name]
    verdict = judge(exercise, in_process(fn))
    return result_of(exercise, verdict, fn, time.perf_counter() - began)


def slide_words(slide: str) -> str:
    """'01_intro#the-seven-loops' as one says it."""
    chapter, _, frame = slide.partition("#")
    return f"deck {chapter}" + (f", “{frame.replace('-', ' ')}”" if frame else "") + f"  (course slides {chapter} --open)"


def did_you_mean(word: str, words: list[str]) -> str:
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else f" There are: {', '.join(words)}."


def result_of(
    exercise: Any, verdict: Any, fn: Callable[..., Any] | None = None, seconds: float = 0.0, points: Mapping[str, float] | None = None
) -> Result:
    """A verdict on public cases in words and pictures."""
    if verdict.passed:
        said = f"right on all {verdict.cases_run} cases" if verdict.cases_run > 1 else "right"
        return Result(verdict.exercise, True, exercise.praise or f"{said}.", verdict.parts, points, seconds=seconds)
    headline = {
        "crashed": "the function stops with an error.",
        "timeout": "the function does not come to an end.",
        "wrong": "the values are right, the counts not yet." if verdict.parts and verdict.parts[0].passed else "not yet.",
    }.get(verdict.state, verdict.state)
    case, scene = verdict.case, None
    if verdict.state == "missing":
        words = {"hint": verdict.hint, "slide": verdict.slide, "seconds": seconds}
        return Result(verdict.exercise, False, "still blank.", verdict.parts, points, **words)
    values_wrong = verdict.state == "wrong" and verdict.parts and not verdict.parts[0].passed
    if values_wrong and exercise.picture is not None:
        try:
            scene = exercise.picture(case, verdict.got, verdict.want)
        except Exception:
            scene = None  # an answer too odd to draw; the words above say what is odd
    return Result(
        verdict.exercise, False, headline, verdict.parts, points, message=sentence(verdict.message), label=case.label if case else "",
        arguments=arguments_of(case, fn or exercise.reference) if case else (),
        got=shown(verdict.got) if values_wrong else "", want=shown(verdict.want) if values_wrong and not exercise.praise else "",
        misconception=verdict.misconception, hint=verdict.hint + leaning(verdict, fn), slide=verdict.slide, picture=scene, seconds=seconds,
    )  # fmt: skip


def leaning(verdict: Any, fn: Any) -> str:
    """A further sentence where the function calls other exercises: the trouble may lie there."""
    from .exercises import EXERCISES

    used = [n for n in getattr(getattr(fn, "__code__", None), "co_names", ()) if n in EXERCISES and n != verdict.exercise]
    if not used or verdict.misconception:
        return ""
    return f" (It calls {' and '.join(used)}: {'are they' if len(used) > 1 else 'is it'} right?)"


def sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if not text or text[-1] in ".?!" else ".")


def arguments_of(case: Any, fn: Callable[..., Any]) -> tuple[tuple[str, str], ...]:
    """(parameter, value in words) of a case, by the names in the function's own signature where it has them."""
    try:
        names = [p.name for p in inspect.signature(fn).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        names = []
    names += [f"argument {i + 1}" for i in range(len(names), len(case.args))]
    return tuple((n, shown(a)) for n, a in [*zip(names, case.args, strict=False), *case.kwargs.items()])


def shown(value: Any) -> str:
    """A value as a person wants to see it: small arrays whole, large ones by their shape."""
    from .exercises.exercise import Foreign, Made

    if isinstance(value, Made):
        return made_words(value.maker, dict(value.params))
    if isinstance(value, Foreign):
        return value.description
    if isinstance(value, np.ndarray):
        head = f"{'×'.join(map(str, value.shape)) or 'one number'} {value.dtype}"
        if value.size > SMALL or value.dtype == object:
            return f"an array, {head}"
        body = np.array2string(np.asarray(value), precision=4, suppress_small=True, separator=" ", max_line_width=WIDE)
        return body if value.ndim == 0 else f"{body}   ({head})"
    if isinstance(value, np.generic):
        return shown(value.item())
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple | list) and any(isinstance(v, np.ndarray) for v in value):
        return "\n".join(shown(v) for v in value)
    try:
        text = repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) <= 3 * WIDE else text[: 3 * WIDE] + " ..."


def made_words(maker: str, params: dict[str, Any]) -> str:
    """What a description makes, as one would write it: `Sequential(Conv2d(1, 2, 2), ReLU())`."""
    if maker == "clock_of":
        return "the clock that this fn moves"
    if maker == "work":
        return f"something that takes {', '.join(f'{d:g}' for d in params['durations'])} seconds, call by call"
    from .exercises.makers import LAYERS

    def call(name: str, args: Any, options: Mapping[str, Any]) -> str:
        return f"{name}({', '.join([*map(str, args), *(f'{k}={v!r}' for k, v in options.items())])})"

    def module(kind: str = "", **rest: Any) -> str:
        if kind in LAYERS:
            return call(LAYERS[kind], rest.get("args", ()), rest.get("options", {}))
        inner = [*rest.get("layers", ()), *(rest[k] for k in ("body", "shortcut", "layer") if k in rest)]
        name = rest.get("name") or {"sequential": "Sequential", "residual": "Residual", "twice": "Twice"}.get(kind, kind)
        return call(name, [module(**d) for d in inner], {}) if inner else str(name)

    try:
        if maker == "torch_module":
            mode = "" if params.get("training", True) else " in eval mode"
            return module(**params) + mode
        return call({"conv_shape": "ConvShape"}.get(maker, maker), (), params)
    except (TypeError, ValueError):
        return call(maker, (), params)


def drawn(scene: Any) -> str:
    """A Scene as inline SVG; nothing where there is none."""
    if scene is None:
        return ""
    try:
        light, dark = scene.svg(theme="light"), scene.svg(theme="dark")
    except Exception:
        return ""
    return f'<div class="check-light">{light}</div><div class="check-dark">{dark}</div>'


def drawn_once(scene: Any) -> str:
    """A Scene as one inline SVG in light colours, for a page on white."""
    return "" if scene is None else str(scene.svg(theme="light"))


@dataclass(frozen=True)
class Prediction:
    """A guess, written down before the run. `compare(measured)` puts the two side by side; no points hang on it."""

    name: str
    value: Any

    def __bool__(self) -> bool:
        return self.value is not None

    def __str__(self) -> str:
        if self.value is None:
            return f"… {self.name}: write your guess in place of None first. A wrong guess costs nothing and teaches most."
        return f"✎ {self.name}: you said {self.said(self.value)}. Now run on and see."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return styled(f'<div class="check guess" role="status"><p class="check-head">{html.escape(str(self))}</p></div>')

    @staticmethod
    def said(value: Any) -> str:
        if isinstance(value, float | np.floating):
            return f"{float(value):,.4g}"
        return f"{value:,}" if isinstance(value, int | np.integer) and not isinstance(value, bool) else str(value)

    def compare(self, measured: Any) -> Outcome:
        """The guess beside what was found."""
        return Outcome(self, measured)


@dataclass(frozen=True)
class Outcome:
    """A guess and what was found."""

    prediction: Prediction
    measured: Any

    def __str__(self) -> str:
        guess, found = self.prediction.value, self.measured
        said = Prediction.said
        if guess is None:
            return f"{self.prediction.name}: it is {said(found)} (you made no guess)."
        numbers = all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in (guess, found))
        if not numbers:
            return f"{self.prediction.name}: you said {said(guess)}, it is {said(found)}."
        if guess == found:
            return f"{self.prediction.name}: you said {said(guess)}, and so it is."
        if guess > 0 and found > 0 and not 0.5 < guess / found < 2:
            more = f"{max(guess, found) / min(guess, found):,.3g} times {'too high' if guess > found else 'too low'}"
        else:
            more = f"off by {said(abs(guess - found))}"
        return f"{self.prediction.name}: you said {said(guess)}, it is {said(found)} ({more})."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return styled(f'<div class="check guess" role="status"><p class="check-head">{html.escape(str(self))}</p></div>')


def predict(name: str, value: Any) -> Prediction:
    """Write down a guess before the cell that finds out -> Prediction. `value` None is the untouched blank.

    >>> predict("MACs of the first layer, in millions", 100).compare(105.4)
    MACs of the first layer, in millions: you said 100, it is 105.4 (off by 5.4).
    """
    from . import wire

    guess = Prediction(str(name), value)
    if wire.graded():
        wire.serve_prediction(guess.name, value)
    return guess
