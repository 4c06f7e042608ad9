"""How many edges a second the explorer takes in one process: of our models, and of one that costs nothing."""

from __future__ import annotations

import statistics
from collections.abc import Hashable, Sequence
from typing import Any

from sansnet.state import Event
from sansnet.testing import HALVES, IDLING, LISTENING, READING, Exploration, Model, See, explore

SAMPLE: Sequence[Model[Any]] = (HALVES, IDLING, LISTENING, READING)
GOES: Sequence[Event] = [Event("go", (number,)) for number in range(4)]


class Plain:
    """Numbers, from each of which four others are reached: all the time goes into the search itself."""

    name = f"{__name__}.Plain"
    laws = ()

    def initial(self) -> Sequence[int]:
        """Nought."""
        return [0]

    def events(self, world: int) -> Sequence[Event]:
        """Always the same four."""
        return GOES

    def step(self, world: int, event: Event, see: See) -> int:
        """Somewhere else."""
        number: int = event.args[0]
        return (world * 4 + number) % 50_000

    def key(self, world: int) -> Hashable:
        """The number."""
        return world


def report(rounds: int) -> None:
    """Print the figures."""
    plain = statistics.median([_edges_a_second([explore(Plain())]) for _ in range(rounds)])
    ours = statistics.median([_edges_a_second([explore(model) for model in SAMPLE]) for _ in range(rounds)])
    print(f"\nexplorer edges/s: {ours:,.0f} through our models, {plain:,.0f} through one that costs nothing")


def _edges_a_second(found: list[Exploration]) -> float:
    return sum(each.edges for each in found) / sum(each.seconds for each in found)
