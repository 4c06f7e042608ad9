"""What an exploration comes to: counts, perhaps a refutation; or that it came to nothing."""

from __future__ import annotations

from typing import NamedTuple

from .counterexample import Trace
from .coverage import Coverage

__all__ = ["ExecutorLost", "Exploration", "Progress", "Refutation", "Unbounded", "Vacuous", "how_many"]


def how_many(count: int, thing: str) -> str:
    """`1 state`, `1,000 states`."""
    return f"{count:,} {thing}{'s' if count != 1 else ''}"


class Unbounded(AssertionError):
    """There are more states than the bound allows, so that nothing was proved."""


class ExecutorLost(RuntimeError):
    """The executor failed, or was shut down, before the search was over, so that nothing was proved."""


class Progress(NamedTuple):
    """How far a search is. How far it has to go nobody knows."""

    states: int
    edges: int
    depth: int


class Refutation(NamedTuple):
    """A law that doesn't hold, and the shortest way to see it. No trace when it is about something that never came."""

    law: str
    text: str
    detail: str
    trace: Trace | None

    def __str__(self) -> str:
        lines = [f"REFUTED {self.law}: {self.text}", f"  {self.detail}"]
        return "\n".join([*lines, str(self.trace)] if self.trace is not None else lines)


class Vacuous(NamedTuple):
    """A law that holds because what it is about never came: nothing is known of it."""

    law: str
    why: str

    def __str__(self) -> str:
        return f"{self.law} ({self.why})"


class Exploration(NamedTuple):
    """What an exploration found. The counts are of what was seen until it ended, or until a law broke.

    Two explorations of one model are equal but for `seconds`, on whatever executor they were made.
    """

    model: str
    laws: tuple[str, ...]
    states: int
    edges: int
    depth: int
    seconds: float
    refutation: Refutation | None
    coverage: Coverage | None = None
    """What was taken of the tables of `sansnet.state`, if that was asked for."""
    vacuous: tuple[Vacuous, ...] = ()
    """The laws that hold because what they are about never came, if all hold."""

    @property
    def holds(self) -> bool:
        """Did every law hold?"""
        return self.refutation is None

    @property
    def short_name(self) -> str:
        """The model's name, without where it is found."""
        return self.model.rpartition(".")[2]

    @property
    def counts(self) -> str:
        """How much was seen, in a line."""
        return (
            f"{self.short_name}: {how_many(self.states, 'state')}, {how_many(self.edges, 'edge')}, "
            f"{self.depth} deep, {self.seconds:.1f} s"
        )

    @property
    def verdict(self) -> str:
        """What is said of the laws, if no one broke."""
        return f"{how_many(len(self.laws), 'law')} {'holds' if len(self.laws) == 1 else 'hold'}"

    @property
    def report(self) -> str:
        """The counts, and the refutation if there is one."""
        if self.refutation is None:
            return f"{self.counts}; {self.verdict}"
        return f"{self.counts}\n{self.refutation}"

    def check(self) -> Exploration:
        """Itself; raises AssertionError with the report if a law broke."""
        if not self.holds:
            raise AssertionError(self.report)
        return self
