"""What a verb hands back: named columns of numbers that print well, and traces of memory accesses.

Report     named columns, a row a thing: prints as a table in a terminal and in a notebook
History    (config, cost) in the order tried
Timeline   what each unit does in each cycle
Trace      memory accesses in order: step, tensor, byte address, load or store
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


def text_of(value: Any) -> str:
    """One cell as a person reads it: digits in groups from 10,000 on (a year stays a year), floats to four digits, None as a dash."""
    if value is None:
        return "-"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if not is_number(value):
        return str(value)
    number = float(value)
    if not np.isfinite(number):
        return str(number)
    if isinstance(value, int | np.integer) or (number == int(number) and abs(number) < 1e15):
        return f"{int(value):,}" if abs(number) >= 10_000 else str(int(value))
    return f"{number:,.1f}" if abs(number) >= 1000 else f"{number:.4g}"


def texts_of(column: Sequence[Any]) -> list[str]:
    """The cells of one column; floats that need one or two decimals all get as many, so that they stand under each other."""
    texts = [text_of(value) for value in column]
    floats = [i for i, value in enumerate(column) if isinstance(value, float | np.floating) and np.isfinite(value)]
    decimals = max((len(texts[i].partition(".")[2]) for i in floats), default=0)
    if decimals in (1, 2):
        for i in floats:
            texts[i] = f"{column[i]:,.{decimals}f}" if abs(column[i]) >= 10_000 else f"{column[i]:.{decimals}f}"
    return texts


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


class Table:
    """Named columns of equal length; `table["macs"]` is a column, iterating gives a dict a row."""

    def __init__(self, columns: Mapping[str, Sequence[Any]], title: str = "", note: str = "") -> None:
        self.columns = {name: list(values) for name, values in columns.items()}
        lengths = {name: len(values) for name, values in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns: want one length, got {lengths}")
        self.title = title
        self.note = note

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], title: str = "", note: str = "") -> Any:
        """A table from a list of dicts with the same keys."""
        names = list(rows[0]) if rows else []
        for row in rows:
            if list(row) != names:
                raise ValueError(f"rows: want the columns {names}, got {list(row)}")
        return cls({name: [row[name] for row in rows] for name in names}, title, note)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self.columns:
            raise KeyError(f"no column {name!r}; there are {', '.join(self.columns)}")
        return self.columns[name]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for i in range(len(self)):
            yield {name: values[i] for name, values in self.columns.items()}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.columns == other.columns  # type: ignore[attr-defined]

    __hash__ = None  # type: ignore[assignment]

    def sort(self, by: str, descending: bool = False) -> Any:
        """The same rows, ordered by one column."""
        order = sorted(range(len(self)), key=self[by].__getitem__, reverse=descending)
        return type(self)({name: [values[i] for i in order] for name, values in self.columns.items()}, self.title, self.note)

    def __str__(self) -> str:
        cells = {name: texts_of(values) for name, values in self.columns.items()}
        wide = {name: max(map(len, [name, *texts])) for name, texts in cells.items()}
        right = {name: all(is_number(v) or v is None for v in self.columns[name]) for name in cells}

        def line(row: Mapping[str, str]) -> str:
            return "  ".join(row[n].rjust(wide[n]) if right[n] else row[n].ljust(wide[n]) for n in cells).rstrip()

        lines = [self.title] if self.title else []
        lines += [line({name: name for name in cells}), line({name: "-" * wide[name] for name in cells})]
        lines += [line({name: cells[name][i] for name in cells}) for i in range(len(self))]
        return "\n".join([*lines, self.note] if self.note else lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def cell(tag: str, value: Any, shown: str) -> str:
            align = "right" if is_number(value) or value is None else "left"
            return f'<{tag} style="text-align:{align}">{html.escape(shown)}</{tag}>'

        head = "".join(cell("th", (self.columns[n] or [""])[0], n) for n in self.columns)
        shown = {name: texts_of(values) for name, values in self.columns.items()}
        body = "".join("<tr>" + "".join(cell("td", v, shown[n][i]) for n, v in row.items()) + "</tr>" for i, row in enumerate(self))
        caption = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        note = f"<p><small>{html.escape(self.note)}</small></p>" if self.note else ""
        return f'<table class="course-table">{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}'

    def csv(self) -> str:
        """The table as comma-separated text, plain numbers, RFC 4180 quoting."""
        import csv
        import io

        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(zip(*self.columns.values(), strict=True))
        return out.getvalue()


class Report(Table):
    """Named columns of numbers: what `count`, `compare` or a network's `layers` give."""


class History(Table):
    """Configurations and their cost, in the order they were tried; the columns `config` and `cost` are always there."""

    def __init__(self, columns: Mapping[str, Sequence[Any]], title: str = "", note: str = "") -> None:
        for name in ("config", "cost"):
            if name not in columns:
                raise ValueError(f"columns: a History needs {name!r}, got {list(columns)}")
        super().__init__(columns, title, note)

    def best(self) -> list[Any]:
        """The lowest cost so far, after each trial; None before the first success."""
        least, out = None, []
        for cost in self["cost"]:
            if cost is not None and (least is None or cost < least):
                least = cost
            out.append(least)
        return out


@dataclass(frozen=True)
class Timeline:
    """What each unit does in each cycle: `busy[cycle, unit]` is an index into `labels`, -1 where it idles."""

    units: tuple[str, ...]
    labels: tuple[str, ...]
    busy: np.ndarray

    @property
    def cycles(self) -> int:
        return int(self.busy.shape[0])

    @property
    def utilisation(self) -> float:
        """The share of unit-cycles in which something is done."""
        return float((self.busy >= 0).mean()) if self.busy.size else 0.0


@dataclass(frozen=True)
class Buffer:
    """Where a tensor lies: `name`, `shape`, bytes an element, and the byte address of its first element."""

    name: str
    shape: tuple[int, ...]
    itemsize: int
    base: int

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * self.itemsize


@dataclass(frozen=True, eq=False)
class Trace:
    """Memory accesses in order.

    `buffers` says where each tensor lies. Row i is an access to buffer `tensor[i]` at byte `address[i]`, a store where
    `store[i]`, made in iteration `step[i]`. `macs` counts multiply-accumulates, `marks` keeps other exact counts by name
    (branches, allocated bytes, ...).
    """

    buffers: tuple[Buffer, ...]
    tensor: np.ndarray  # int16, one an access
    address: np.ndarray  # int64, bytes
    store: np.ndarray  # bool
    step: np.ndarray  # int64
    macs: int = 0
    marks: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {len(self.tensor), len(self.address), len(self.store), len(self.step)}
        if len(lengths) > 1:
            raise ValueError(f"Trace: want columns of one length, got {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.address)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(buffer.name for buffer in self.buffers)

    def of(self, name: str) -> np.ndarray:
        """A mask of the rows that touch one tensor."""
        if name not in self.names:
            raise KeyError(f"no tensor {name!r} in the trace; there are {', '.join(self.names)}")
        return self.tensor == self.names.index(name)

    def loads(self, name: str | None = None) -> int:
        """Elements loaded, from one tensor or from all."""
        rows = ~self.store if name is None else ~self.store & self.of(name)
        return int(rows.sum())

    def stores(self, name: str | None = None) -> int:
        """Elements stored, to one tensor or to all."""
        rows = self.store if name is None else self.store & self.of(name)
        return int(rows.sum())

    def element(self, name: str) -> np.ndarray:
        """The flat element numbers of one tensor, in the order touched."""
        buffer = self.buffers[self.names.index(name)]
        return (self.address[self.of(name)] - buffer.base) // buffer.itemsize

    def report(self) -> Report:
        """Loads, stores and distinct elements, a row a tensor."""
        return Report(
            {
                "tensor": list(self.names),
                "loads": [self.loads(n) for n in self.names],
                "stores": [self.stores(n) for n in self.names],
                "distinct": [int(np.unique(self.address[self.of(n)]).size) for n in self.names],
            },
            note=f"{self.macs:,} MACs, {len(self):,} accesses",
        )

    def _repr_html_(self) -> str:
        return self.report()._repr_html_()

    def __str__(self) -> str:
        return str(self.report())
