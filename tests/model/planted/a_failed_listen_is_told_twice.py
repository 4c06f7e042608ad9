"""A failed listen is told twice."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state.effects import Effects, Step
from sansnet.state.server import ServerMachine
from sansnet.testing.models import LISTENING

from .planting import Patch, around, breaks


@breaks("error_was_due", LISTENING)
def plant(patch: Patch) -> None:
    def ticked(original: Callable[..., Effects], self: ServerMachine, step: Step) -> Effects:
        return original(self, step) * (2 if step is Step.LISTEN_FAILED else 1)

    around(patch, ServerMachine, "ticked", ticked)
