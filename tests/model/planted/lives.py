"""Bugs in the life of a socket: what is told twice, too late, or of nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sansnet.state import notices as n
from sansnet.state.connecting import Connecting
from sansnet.state.effects import Effects, Step
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import CONNECTING, LIFECYCLE, READING

from .planting import Patch, also, around, breaks, turn


@breaks("close_is_last", LIFECYCLE)
def close_is_told_twice(patch: Patch) -> None:
    also(patch, SocketMachine, "closed", lambda _: [n.Closed(False)])


@breaks("error_is_told_once", LIFECYCLE)
def error_is_told_twice(patch: Patch) -> None:
    def twice(original: Callable[..., Effects], self: SocketMachine) -> Effects:
        return [*([n.Failed(self.told_error)] if self.told_error else []), *original(self)]

    turn(patch, Step.TEARDOWN, twice)


@breaks("close_tells_of_the_error", LIFECYCLE)
def close_forgets_the_error(patch: Patch) -> None:
    def closed(original: Callable[..., Effects], self: SocketMachine) -> Effects:
        return [n.Closed(False) if isinstance(effect, n.Closed) else effect for effect in original(self)]

    around(patch, SocketMachine, "closed", closed)


@breaks("connect_is_first", CONNECTING)
def connect_is_told_twice(patch: Patch) -> None:
    also(patch, SocketMachine, "connected", lambda _: [n.Connected()])


@breaks("ready_follows_connect", CONNECTING)
def ready_is_told_twice(patch: Patch) -> None:
    turn(patch, Step.CONNECTED, lambda original, self: [*original(self), n.Ready()])


@breaks("attempts_precede_connect", CONNECTING)
def abandoned_attempts_are_told(patch: Patch) -> None:
    def failed(original: Callable[..., Effects], self: Connecting, number: int, fault: Any) -> Effects:
        abandoned = number in self.abandoned
        told = original(self, number, fault)
        return [n.AttemptFailed(self._endpoint(number), fault)] if abandoned else told

    around(patch, Connecting, "attempt_failed", failed)


@breaks("the_destroyed_tell_nothing_new", READING)
def data_flows_out_of_the_destroyed(patch: Patch) -> None:
    turn(patch, Step.FLOW, lambda _, self: self.reading.tell_chunk())
