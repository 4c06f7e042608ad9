"""Nobody hears of the closed handle."""

from __future__ import annotations

from sansnet.state.effects import Effects
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import HALVES

from .planting import Patch, around, breaks


@breaks("destroy_leads_to_close", HALVES)
def plant(patch: Patch) -> None:
    def closed(_: object, self: SocketMachine) -> Effects:
        self.handle_closed = True
        return []

    around(patch, SocketMachine, "closed", closed)
