"""Listening is told of what was closed."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state import notices as n
from sansnet.state.effects import Effects, Step
from sansnet.state.server import ServerMachine
from sansnet.testing.models import LISTENING

from .planting import Patch, around, breaks


@breaks("listening_is_told_of_a_listener", LISTENING)
def plant(patch: Patch) -> None:
    def ticked(original: Callable[..., Effects], self: ServerMachine, step: Step) -> Effects:
        return [n.Listening()] if step is Step.LISTENING else original(self, step)

    around(patch, ServerMachine, "ticked", ticked)
