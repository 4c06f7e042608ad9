"""How a bug is planted: a function patches a machine for a while, and a model is named that is large enough for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest

from sansnet.state import socket
from sansnet.state.effects import Effects, Step
from sansnet.testing.explore import Model

__all__ = ["PLANTED", "Patch", "Plant", "Planted", "also", "around", "breaks", "less", "turn"]

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


class Planted(NamedTuple):
    """A bug, the law that forbids it, and where it shows."""

    name: str
    law: str
    model: Model[Any]
    plant: Plant


PLANTED: Final[list[Planted]] = []


def breaks(law: str, model: Model[Any]) -> Callable[[Plant], Plant]:
    """The decorated function plants a bug that breaks `law` in `model`."""

    def add(plant: Plant) -> Plant:
        PLANTED.append(Planted(plant.__module__.rpartition(".")[2], law, model, plant))
        return plant

    return add


def around(patch: Patch, owner: type, name: str, replacement: Callable[..., Any]) -> None:
    """Replace a method by one that is given the original, and then its arguments."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda self, *args: replacement(original, self, *args))


def also(patch: Patch, owner: type, name: str, more: Callable[[Any], Effects]) -> None:
    """Let an input answer more than it should."""
    around(patch, owner, name, lambda original, self, *args: [*original(self, *args), *more(self)])


def less(patch: Patch, owner: type, name: str, kind: type) -> None:
    """Let an input answer less than it should."""
    around(patch, owner, name, lambda original, self, *args: _without(kind, original(self, *args)))


def turn(patch: Patch, step: Step, replacement: Callable[..., Effects]) -> None:
    """Replace a turn of the socket machine by one that is given the original."""
    turns: dict[Step, Callable[..., Effects]] = vars(socket)["_TURNS"]
    original = turns[step]
    patch.setitem(turns, step, lambda self: replacement(original, self))


def _without(kind: type, effects: Effects) -> Effects:
    return [effect for effect in effects if not isinstance(effect, kind)]
