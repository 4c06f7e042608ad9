"""Finish begins anew."""

from __future__ import annotations

from sansnet.state.effects import Effects, Step
from sansnet.state.phases import Write
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import HALVES

from .planting import Patch, breaks, turn


@breaks("phases_move_as_the_table_says", HALVES)
def plant(patch: Patch) -> None:
    def finished(_: object, self: SocketMachine) -> Effects:
        self.writing.phase = Write.OPEN
        return []

    turn(patch, Step.FINISHED, finished)
