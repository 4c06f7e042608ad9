"""Resume does not accept."""

from __future__ import annotations

from sansnet.state.effects import Effects
from sansnet.state.server import ServerMachine
from sansnet.testing.models import ACCEPTING

from .planting import Patch, around, breaks


@breaks("connections_are_accepted", ACCEPTING)
def plant(patch: Patch) -> None:
    def resume(_: object, self: ServerMachine) -> Effects:
        self.paused = False
        return []

    around(patch, ServerMachine, "resume", resume)
