"""Explores each model once, however many tests want to know what was found, and notes every move of a phase."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from sansnet.state.effects import Effects
from sansnet.state.machine import Event, Machine
from sansnet.state.phases import MOVES
from sansnet.state.reading import ReadHalf
from sansnet.state.server import ServerMachine
from sansnet.state.socket_state import SocketState
from sansnet.state.writing import WriteHalf
from sansnet.testing.explore import Exploration, Model, explore

Explore = Callable[[Model[Any]], Exploration]
Moves = dict[tuple[enum.Enum, enum.Enum], None]

PHASES: Final = (
    (SocketState, "link"),
    (ReadHalf, "phase"),
    (ReadHalf, "flow"),
    (WriteHalf, "phase"),
    (WriteHalf, "flight"),
    (ServerMachine, "listener"),
)
ONE_STATE_IN: Final = 20  # is kept, and compared when it is reached by another way


@pytest.fixture(scope="session")
def moves() -> Moves:
    """Every move that any phase made while the models were explored, in the order of the first time."""
    return {}


@pytest.fixture(scope="session")
def explored(moves: Moves) -> Explore:
    """Explores a model, unless that was done before."""
    found: dict[str, Exploration] = {}

    def exploration(model: Model[Any]) -> Exploration:
        if model.name not in found:
            with noting(moves):
                found[model.name] = explore(model, twins=ONE_STATE_IN)
            print(found[model.name].report)
        return found[model.name]

    return exploration


@contextmanager
def noting(moves: Moves) -> Iterator[None]:
    """Note what phases move from where to where, whoever moves them and how."""
    slots = {place: place[0].__dict__[place[1]] for place in PHASES}
    feed = Machine.feed
    fed: list[Event] = []  # the input that moves phases; whatever else sets them copies a machine

    def noting_feed(self: Machine, event: Event) -> Effects:
        fed.append(event)
        try:
            return feed(self, event)
        finally:
            fed.pop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Machine, "feed", noting_feed)
        for (owner, name), slot in slots.items():
            patch.setattr(owner, name, property(slot.__get__, _noting_setter(slot, moves, fed)))
        yield


def _noting_setter(slot: Any, moves: Moves, fed: list[Event]) -> Callable[[object, enum.Enum], None]:
    get, put = slot.__get__, slot.__set__

    def setter(part: object, new: enum.Enum) -> None:
        if fed and (get(part) is not new or new in MOVES[new]):
            moves[get(part), new] = None
        put(part, new)

    return setter
