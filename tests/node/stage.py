"""The stage: both interpreters, ready to play one scenario after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

from . import world
from .interpreter import Beacon, interpret
from .oracle import Oracle, install, one_processor
from .traces import Soften, as_it_is, compare, lines_of
from .words import Scenario

__all__ = ["Outcome", "Stage", "stage"]


class Outcome(NamedTuple):
    """A scenario that was played on both sides."""

    node: list[str]
    ours: list[str]

    @property
    def differences(self) -> list[str]:
        return compare(self.node, self.ours)


class Stage:
    """Plays scenarios."""

    def __init__(self, oracle: Oracle, beacon: Beacon, ports: dict[str, int]) -> None:
        self._oracle = oracle
        self._beacon = beacon
        self._ports = ports

    def play(self, scenario: Scenario, soften: Soften = as_it_is) -> Outcome:
        """First on Node, then here, each side in a world of its own; see `lines_of()` for `soften`."""
        with world.folder(self._ports) as here:
            node = self._oracle.play(scenario, here)
            assert not node["failure"], f"{scenario.name!r} is no scenario for Node: {node['failure']}"
            theirs = lines_of(node, scenario, here, soften)
        with one_processor(), world.folder(self._ports) as here:
            ours = lines_of(interpret(scenario, here, self._beacon), scenario, here, soften)
        return Outcome(theirs, ours)


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Raises NoNode where there is none to compare with."""
    binary = install()
    with contextlib.closing(Beacon()) as beacon, world.ports() as ports, Oracle(binary) as oracle:
        yield Stage(oracle, beacon, ports)
