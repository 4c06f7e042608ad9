"""How many edges a second the explorer takes in one process: of our models, and of one that costs nothing."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from typing import Any

from sansnet.state import Event
from sansnet.testing import HALVES, IDLING, LISTENING, READING, Law, Model, Promise, See, explore

from .tables import Table

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


def measure(rounds: int) -> Table:
    """Edges a second of CPU time through our models, and through the plain one."""
    table = Table("explorer", "The explorer in one process, edges of each model", "edges/s")
    for _ in range(rounds):
        table.add("breadth first", "one that costs nothing", _edges_a_second([Plain()], laws=()))
        table.add("breadth first", "ours", _edges_a_second(SAMPLE))
    return table


def _edges_a_second(models: Sequence[Model[Any]], laws: Sequence[Law | Promise] | None = None) -> float:
    began = time.process_time()
    edges = sum(explore(model, laws=laws).edges for model in models)
    return edges / (time.process_time() - began)
