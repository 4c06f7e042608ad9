"""Bugs in what the driver is asked for."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state import ops, socket
from sansnet.state.connecting import Connecting
from sansnet.state.effects import Effects
from sansnet.state.phases import Link
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import CONNECTING, READING, REENTRANT, WRITING

from .planting import Patch, also, around, breaks, less


@breaks("only_cancels_while_closing", REENTRANT)
def what_is_told_comes_before_what_is_done(patch: Patch) -> None:
    patch.setattr(socket, "_done_first", lambda now, out: [*out, *now])


@breaks("reading_starts_and_stops", READING)
def hold_stops_what_was_stopped(patch: Patch) -> None:
    also(patch, SocketMachine, "hold", lambda _: [ops.STOP_READ])


@breaks("one_send_at_a_time", WRITING)
def end_shuts_at_once(patch: Patch) -> None:
    also(patch, SocketMachine, "end", lambda self: [ops.SHUTDOWN] if self.link is Link.OPEN else [])


@breaks("attempts_are_numbered", CONNECTING)
def a_number_is_used_again(patch: Patch) -> None:
    def dial(original: Callable[..., Effects], self: Connecting) -> Effects:
        effects = original(self)
        self.next = 0
        return effects

    around(patch, Connecting, "dial", dial)


@breaks("attempts_go_one_by_one", CONNECTING)
def a_slow_attempt_goes_on(patch: Patch) -> None:
    less(patch, Connecting, "attempt_timed_out", ops.CancelConnect)


@breaks("what_is_cancelled_is_under_way", CONNECTING)
def attempts_are_cancelled_again(patch: Patch) -> None:
    also(patch, Connecting, "cancel", lambda self: [ops.CancelConnect(number) for number in self.abandoned])


@breaks("the_machine_knows_its_driver", READING)
def hold_only_says_that_it_stops(patch: Patch) -> None:
    less(patch, SocketMachine, "hold", ops.StopRead)
