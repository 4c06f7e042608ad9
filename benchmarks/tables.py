"""Figures, as they were measured: a table has rows and columns, and in each cell one figure a round."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Report", "Row", "Table", "ratio"]

Row = dict[str, list[float]]
"""What each column has in this row: one figure a round, in the order of the rounds."""


@dataclass
class Table:
    """One page of figures. The columns of a row may lack some: not everything was at hand."""

    name: str
    title: str
    unit: str
    base: str = ""
    """The column that the others are compared with, by the medians of the ratios within each round; "": none."""
    rows: dict[str, Row] = field(default_factory=dict)

    def add(self, row: str, column: str, figure: float) -> None:
        """One more round of a cell."""
        self.rows.setdefault(row, {}).setdefault(column, []).append(figure)

    @property
    def columns(self) -> list[str]:
        """All there are, in the order in which they came."""
        return list(dict.fromkeys(column for row in self.rows.values() for column in row))

    def median(self, row: str, column: str) -> float:
        """The figure of a cell."""
        return statistics.median(self.rows[row][column])

    def markdown(self) -> str:
        """The table as text: each median, and in brackets what it is of the base column's."""
        head = [f"{self.unit}", *self.columns]
        lines = [head, ["---", *["---:"] * len(self.columns)]]
        lines += [[name, *(self._cell(name, column) for column in self.columns)] for name in self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(f"| {' | '.join(map(str.ljust, line, widths))} |" for line in lines)

    def _cell(self, name: str, column: str) -> str:
        row = self.rows[name]
        if column not in row:
            return ""
        shown = _figure(statistics.median(row[column]))
        if column == self.base or self.base not in row:
            return shown
        return f"{shown} ({ratio(row[column], row[self.base]):.2f})"


@dataclass
class Report:
    """All the tables of one run, and where they come from."""

    machine: str
    command: str
    tables: list[Table] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    """A line for each: pass or miss."""

    def table(self, name: str) -> Table | None:
        """The one of that name, if it was measured."""
        return next((table for table in self.tables if table.name == name), None)

    def save(self, path: Path) -> None:
        """As JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Report:
        """What `save()` wrote."""
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(**data | {"tables": [Table(**table) for table in data["tables"]]})


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios within each round: a slow moment of the machine met both."""
    return statistics.median([one / other for one, other in zip(ours, theirs, strict=True)])


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
