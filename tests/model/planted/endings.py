"""Bugs that keep something from ever being over."""

from __future__ import annotations

from sansnet.state.effects import Effects, Step, Tick
from sansnet.state.socket import SocketMachine
from sansnet.state.writing import WriteHalf
from sansnet.testing.models import HALVES, WRITING

from .planting import Patch, around, breaks, less, turn


@breaks("destroy_leads_to_close", HALVES)
def nobody_hears_of_the_closed_handle(patch: Patch) -> None:
    def closed(_: object, self: SocketMachine) -> Effects:
        self.handle_closed = True
        return []

    around(patch, SocketMachine, "closed", closed)


@breaks("both_ends_lead_to_close", HALVES)
def the_end_is_never_over(patch: Patch) -> None:
    turn(patch, Step.ENDED, lambda _, __: [])


@breaks("calls_settle_by_themselves", WRITING)
def a_finished_write_is_forgotten(patch: Patch) -> None:
    less(patch, WriteHalf, "sent", Tick)
