"""A small space of which every cost has been measured once: tuners can be compared without a machine, and regret is exact.

The files lie in course_lib/data/landscapes; `python -m course_lib.autotune.landscapes` measures them anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .space import Config, Constraint, Space

FOLDER = Path(__file__).resolve().parents[1] / "data" / "landscapes"

LANDSCAPES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@dataclass(frozen=True, eq=False)
class Landscape:
    """A named table: config -> cost, None where the configuration fails. Call it as a measure.

    `unit` is what the costs are counted in, `by` how and where they came about, `task` what describes the layer (log2).
    """

    name: str
    knobs: dict[str, tuple[Any, ...]]
    costs: dict[Config, float | None]
    task: tuple[float, ...]
    unit: str
    by: str
    title: str = ""

    def __call__(self, config: Config) -> float | None:
        if config not in self.costs:
            raise ValueError(f"config: {config} is not in the landscape {self.name!r}")
        return self.costs[config]

    @cached_property
    def space(self) -> Space:
        """The space of all configurations in the table."""
        some = Space(self.knobs).count == len(self.costs)
        table = () if some else (Constraint(tuple(self.knobs), lambda *config: config in self.costs, "it is in the table"),)
        return Space(self.knobs, table, self.task)

    @cached_property
    def optimum(self) -> float:
        return min(cost for cost in self.costs.values() if cost is not None)

    @cached_property
    def best(self) -> Config:
        return min((c for c, cost in self.costs.items() if cost is not None), key=self.costs.__getitem__)

    def rank(self, cost: float) -> int:
        """How many configurations are cheaper."""
        return int((self._sorted < cost).sum())

    @cached_property
    def _sorted(self) -> np.ndarray:
        return np.sort([cost for cost in self.costs.values() if cost is not None])

    def save(self, folder: Path = FOLDER) -> Path:
        """One JSON file: the knobs, then a row a configuration of its values' numbers, and the costs to five digits."""
        folder.mkdir(parents=True, exist_ok=True)
        where = [{value: i for i, value in enumerate(values)} for values in self.knobs.values()]
        data = {
            "title": self.title,
            "by": self.by,
            "unit": self.unit,
            "task": [round(x, 4) for x in self.task],
            "knobs": self.knobs,
            "configs": ["".join(ALPHABET[w[v]] for w, v in zip(where, config, strict=True)) for config in self.costs],
            "costs": [None if cost is None else float(f"{cost:.5g}") for cost in self.costs.values()],
        }
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(data, separators=(",", ":")) + "\n", "utf-8")
        return path


def dealt_anew(land: Landscape, seed: int) -> Landscape:
    """The same configurations with the same costs, dealt out at random: a task that says nothing about any other."""
    order = np.random.default_rng(seed).permutation(len(land.costs))
    costs = list(land.costs.values())
    return replace(land, name=f"{land.name}, dealt anew", costs={config: costs[i] for config, i in zip(land.costs, order, strict=True)})


ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  # the number of a value as one letter


@lru_cache(64)
def landscape(name: str) -> Landscape:
    """A frozen landscape by its name in LANDSCAPES. Raises ValueError for other names."""
    path = FOLDER / f"{name}.json"
    if name not in LANDSCAPES:
        raise ValueError(f"name: want one of {', '.join(LANDSCAPES)}, got {name!r}")
    data = json.loads(path.read_text("utf-8"))
    knobs = {knob: tuple(tuple(v) if isinstance(v, list) else v for v in values) for knob, values in data["knobs"].items()}
    values = list(knobs.values())
    configs = [tuple(values[k][ALPHABET.index(letter)] for k, letter in enumerate(text)) for text in data["configs"]]
    costs = dict(zip(configs, data["costs"], strict=True))
    return Landscape(name, knobs, costs, tuple(data["task"]), data["unit"], data["by"], data["title"])
