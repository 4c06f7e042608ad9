"""Bugs of timers, of the last moment, and of what a socket says of itself."""

from __future__ import annotations

from sansnet.state.effects import TOUCH, Disarm
from sansnet.state.socket import SocketMachine
from sansnet.state.socket_state import SocketState
from sansnet.testing.models import IDLING, LIFECYCLE, WRITING

from .planting import Patch, around, breaks, less


@breaks("timers_are_armed_once", IDLING)
def a_timer_that_fired_is_touched(patch: Patch) -> None:
    around(patch, SocketMachine, "_touched", lambda _, self: [TOUCH] if self.idle_seconds else [])


@breaks("the_machine_knows_its_timers", IDLING)
def a_timer_is_only_said_to_be_off(patch: Patch) -> None:
    less(patch, SocketMachine, "_disarm_idle", Disarm)


@breaks("closed_means_over", WRITING)
def close_does_not_wait_for_the_send(patch: Patch) -> None:
    patch.setattr(SocketState, "in_flight", property(lambda _: False))


@breaks("ready_state_is_one_of_five", LIFECYCLE)
def the_destroyed_are_open(patch: Patch) -> None:
    patch.setattr(SocketState, "ready_state", property(lambda _: "open"))
