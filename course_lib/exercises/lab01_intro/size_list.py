"""The slide's list of sizes: which rows fit no member of the family?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..exercise import Case, Exercise, Misconception


def rows_that_do_not_fit(
    slide: Mapping[str, float], params: Mapping[str, Sequence[int]], units: Sequence[float] = (1e6, 2**20), size: float = 4
) -> list[str]:
    """Names whose number on the slide is within 1 of no variant's size, in MB and in MiB."""
    return [name for name, said in slide.items() if not any(abs(size * n / unit - said) <= 1 for n in params[name] for unit in units)]


def slide_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[dict[str, float], dict[str, list[int]], str]] = []

    def add(label: str, slide: dict[str, float], millions: dict[str, list[int]]) -> None:
        table.append((slide, {name: [n * 1_000_000 for n in family] for name, family in millions.items()}, label))

    add("two networks of 10 M parameters; one row is right", {"a": 40, "b": 90}, {"a": [10], "b": [10]})
    add("one row gives the millions of parameters", {"a": 10, "b": 40}, {"a": [10], "b": [10]})
    add("one row in MiB, one in MB, one in neither", {"a": 381.5, "b": 400, "c": 390}, {"a": [100], "b": [100], "c": [100]})
    add("a family: one variant fits", {"a": 200, "b": 120}, {"a": [25, 50], "b": [10, 20, 30]})
    add("a family of which none fits", {"a": 200, "b": 120}, {"a": [25, 75], "b": [30, 20]})
    for _ in range(6):
        slide: dict[str, float] = {}
        params: dict[str, list[int]] = {}
        for name in "pqrstu":
            family = [int(v) for v in rng.integers(5_000_000, 200_000_000, int(rng.integers(1, 4)))]
            pick = family[int(rng.integers(len(family)))]
            right = 4 * pick / (1e6 if rng.integers(2) else 2**20)
            slide[name] = round(right) if rng.integers(3) else round(right * 1.3 + 5)
            params[name] = family
        table.append((slide, params, "six networks"))
    return [Case((slide, params), label=label) for slide, params, label in table]


SIZES = "01_intro#the-size-list"

wrong_rows = Exercise(
    name="wrong_rows",
    reference=rows_that_do_not_fit,
    cases=slide_cases,
    misconceptions=(
        Misconception(
            "the rows that fit are returned",
            lambda slide, params: [name for name in slide if name not in rows_that_do_not_fit(slide, params)],
            "You return the rows that are right; asked for are the others.",
            SIZES,
        ),
        Misconception(
            "a parameter is taken as one byte",
            lambda slide, params: rows_that_do_not_fit(slide, params, size=1),
            "A number in millions of parameters is not a number of megabytes: how many bytes has a float32?",
            SIZES,
        ),
        Misconception(
            "MB only",
            lambda slide, params: rows_that_do_not_fit(slide, params, units=(1e6,)),
            "The slide mixes two units. MiB is 2**20 bytes.",
            SIZES,
        ),
        Misconception(
            "MiB only",
            lambda slide, params: rows_that_do_not_fit(slide, params, units=(2**20,)),
            "The slide mixes two units. MB is 10**6 bytes.",
            SIZES,
        ),
        Misconception(
            "only the first variant is tried",
            lambda slide, params: rows_that_do_not_fit(slide, {name: family[:1] for name, family in params.items()}),
            "A family has several members (VGG-16, VGG-19). The row is right if any of them fits.",
            SIZES,
        ),
        Misconception(
            "every variant must fit",
            lambda slide, params: [
                name for name, said in slide.items() if any(rows_that_do_not_fit({name: said}, {name: [n]}) for n in params[name])
            ],
            "A family has several members (VGG-16, VGG-19). The row is right if any of them fits; it need not fit all.",
            SIZES,
        ),
        Misconception(
            "bits in place of bytes",
            lambda slide, params: rows_that_do_not_fit(slide, params, size=32),
            "A float32 has 32 bits, and the slide counts bytes.",
            SIZES,
        ),
    ),
    hint="For each row: is there a variant n with 4·n bytes within 1 of the slide's number, in MB or in MiB?",
    slide=SIZES,
)
