"""What the figures should be: ratios within one run, each with a limit. What wasn't measured isn't judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .tables import Report, Table, ratio

__all__ = ["judge"]


class Verdict(NamedTuple):
    """One target, and how it went."""

    name: str
    figure: float
    limit: float
    at_least: bool = False

    def __str__(self) -> str:
        good = self.figure >= self.limit if self.at_least else self.figure <= self.limit
        sign = "≥" if self.at_least else "≤"
        return f"{'pass' if good else 'MISS'}  {self.name}: {self.figure:.2f} ({sign} {self.limit:.2f})"


def judge(report: Report) -> list[str]:
    """A line for each target."""
    return [str(verdict) for table in report.tables for verdict in _verdicts(table)]


def _verdicts(table: Table) -> Iterator[Verdict]:
    for name in table.rows:
        match table.name:
            case "inputs":
                yield from _beside(table, name, "machine", "send + recv", 0.4)
            case "blocklist":
                yield from _beside(table, name, "10,000 rules", "10 rules", 1.5)
            case "memory":
                yield from _beside(table, name, "sansnet", "asyncio", 1.0)
            case "simulation":
                yield from _beside(table, name, "sansnet", "simloop", 4.0, at_least=True)
            case "echo" | "respond" | "stream" | "accept" | "latency" | "scale":
                if table.name == "echo" and "path" not in name:
                    yield from _beside(table, name, "sansnet", "uvloop", 1.2)
                    yield from _beside(table, name, "sansnet", "asyncio", 0.45)
                yield from _beside(table, name, "sansnet-asyncio", "asyncio", 1.0)
            case _:  # a table without targets
                pass
    if table.name == "scale":
        yield from _growth(table)


def _beside(
    table: Table, name: str, one: str, other: str, limit: float, *, at_least: bool = False
) -> Iterator[Verdict]:
    row = table.rows[name]
    if one in row and other in row:
        yield Verdict(f"{table.name}, {name}: {one} / {other}", ratio(row[one], row[other]), limit, at_least)


def _growth(table: Table) -> Iterator[Verdict]:
    few, many = table.rows.get("50", {}), table.rows.get("10,000", {})
    if "sansnet" in few and "sansnet" in many:
        figure = ratio(many["sansnet"], few["sansnet"])
        yield Verdict("scale: sansnet at 10,000 connections / at 50", figure, 1.3)
