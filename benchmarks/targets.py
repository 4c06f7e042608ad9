"""What the figures should be: ratios within one run, each with a limit. What wasn't measured isn't judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from .tables import Report, Table, ratio

__all__ = ["TARGETS", "judge"]


class Target(NamedTuple):
    """One column beside another, in the rows of one table or several."""

    tables: tuple[str, ...]
    one: str
    other: str
    limit: float
    at_least: bool = False
    rows: tuple[str, ...] = ()
    """Only these; (): all."""


COSTS: Final = ("echo", "respond", "stream", "forward", "accept", "latency", "scale")
SIZES: Final = ("64 B", "1 KiB", "64 KiB")

TARGETS: Final = (
    Target(("inputs",), "machine", "send + recv", 0.4, rows=("echo cycle",)),
    Target(("inputs",), "machine", "send + recv", 0.15, rows=("echo cycle, compiled",)),
    Target(("blocklist",), "10,000 rules", "10 rules", 1.5),
    Target(("simulation",), "sansnet", "simloop", 4.0, at_least=True),
    Target(("echo",), "sansnet", "uvloop", 1.2, rows=SIZES),
    Target(("echo",), "sansnet", "asyncio", 0.45, rows=SIZES),
    Target(("echo",), "sansnet-compiled", "uvloop", 1.02, rows=SIZES),
    Target(("echo",), "sansnet-compiled", "node", 1.0, rows=SIZES),
    Target(("respond",), "sansnet-compiled", "uvloop", 0.75),
    Target(("stream",), "sansnet-compiled", "uvloop", 1.0, rows=("sink", "source")),
    Target(("accept",), "sansnet-compiled", "uvloop", 1.0),
    Target(COSTS, "sansnet-asyncio", "asyncio", 1.0),
    Target(COSTS, "sansnet-asyncio-compiled", "asyncio", 1.0),
    Target(("memory",), "sansnet", "asyncio", 1.0),
    Target(("memory",), "sansnet-compiled", "asyncio", 1.0),
)

GROWTH: Final = 1.3
"""What a message may cost with 10,000 connections, beside one with 50."""


class Verdict(NamedTuple):
    """How it went."""

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
    for target in TARGETS:
        if table.name in target.tables:
            for name in target.rows or table.rows:
                yield from _beside(table, name, target)
    if table.name == "scale":
        yield from _growth(table)


def _beside(table: Table, name: str, target: Target) -> Iterator[Verdict]:
    row, one, other = table.rows.get(name, {}), target.one, target.other
    if one in row and other in row:
        figure = ratio(row[one], row[other])
        yield Verdict(f"{table.name}, {name}: {one} / {other}", figure, target.limit, target.at_least)


def _growth(table: Table) -> Iterator[Verdict]:
    few, many = table.rows.get("50", {}), table.rows.get("10,000", {})
    for one in ("sansnet", "sansnet-compiled"):
        if one in few and one in many:
            yield Verdict(f"scale: {one} at 10,000 connections / at 50", ratio(many[one], few[one]), GROWTH)
