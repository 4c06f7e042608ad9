"""Bugs of servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sansnet.state import notices as n
from sansnet.state import ops, server
from sansnet.state.effects import Disarm, Effects, Step, Tick
from sansnet.state.server import ServerMachine
from sansnet.testing.models import ACCEPTING, LISTENING

from .planting import Patch, also, around, breaks, less


@breaks("connections_are_counted", ACCEPTING)
def a_dropped_connection_counts(patch: Patch) -> None:
    def accepted(original: Callable[..., Effects], self: ServerMachine, *args: Any) -> Effects:
        effects = original(self, *args)
        self.connections += any(isinstance(effect, n.Dropped) for effect in effects)
        return effects

    around(patch, ServerMachine, "accepted", accepted)


@breaks("the_limit_is_kept", ACCEPTING)
def the_limit_is_not_looked_at(patch: Patch) -> None:
    def accepted(original: Callable[..., Effects], self: ServerMachine, *args: Any) -> Effects:
        limit, self.max_connections = self.max_connections, None
        effects = original(self, *args)
        self.max_connections = limit
        return effects

    around(patch, ServerMachine, "accepted", accepted)


@breaks("each_connection_has_one_fate", ACCEPTING)
def the_block_list_is_not_looked_at(patch: Patch) -> None:
    around(patch, ServerMachine, "accepted", lambda original, self, number, one, _: original(self, number, one, False))


@breaks("listening_is_told_of_a_listener", LISTENING)
def listening_is_told_of_what_was_closed(patch: Patch) -> None:
    def ticked(original: Callable[..., Effects], self: ServerMachine, step: Step) -> Effects:
        return [n.Listening()] if step is Step.LISTENING else original(self, step)

    around(patch, ServerMachine, "ticked", ticked)


@breaks("every_listener_is_told_of", LISTENING)
def listening_is_not_told(patch: Patch) -> None:
    less(patch, ServerMachine, "listening", Tick)


@breaks("close_was_due", ACCEPTING)
def close_is_told_with_connections_open(patch: Patch) -> None:
    also(patch, ServerMachine, "close", lambda _: [Tick(Step.CLOSE)])


@breaks("error_was_due", LISTENING)
def a_failed_listen_is_told_twice(patch: Patch) -> None:
    def ticked(original: Callable[..., Effects], self: ServerMachine, step: Step) -> Effects:
        return original(self, step) * (2 if step is Step.LISTEN_FAILED else 1)

    around(patch, ServerMachine, "ticked", ticked)


@breaks("what_is_due_was_told", ACCEPTING)
def the_last_connection_goes_unnoticed(patch: Patch) -> None:
    less(patch, ServerMachine, "connection_gone", Tick)


@breaks("one_listener_at_a_time", LISTENING)
def it_listens_twice(patch: Patch) -> None:
    also(patch, ServerMachine, "listening", lambda self: [ops.Listen(self.number, None, self.plan)])


@breaks("accepting_starts_and_stops", ACCEPTING)
def pause_stops_what_was_stopped(patch: Patch) -> None:
    also(patch, ServerMachine, "pause", lambda _: [ops.StopAccept()])


@breaks("what_is_closed_is_open", LISTENING)
def close_closes_what_is_closed(patch: Patch) -> None:
    also(patch, ServerMachine, "close", lambda self: [ops.CloseListener(self.number)])


@breaks("one_lookup_matters", LISTENING)
def a_lookup_is_cancelled_twice(patch: Patch) -> None:
    def supersede(_: object, self: ServerMachine) -> Effects:
        return [ops.CancelLookup()] if self.number in self.lookups else []

    around(patch, ServerMachine, "_supersede", supersede)


@breaks("the_back_off_is_armed_once", ACCEPTING)
def the_back_off_is_too_short(patch: Patch) -> None:
    patch.setattr(server, "_LONGEST_BACK_OFF", 0.001)


@breaks("the_server_knows_its_driver", ACCEPTING)
def the_back_off_goes_on_after_close(patch: Patch) -> None:
    less(patch, ServerMachine, "close", Disarm)


@breaks("connections_are_accepted", ACCEPTING)
def resume_does_not_accept(patch: Patch) -> None:
    def resume(_: object, self: ServerMachine) -> Effects:
        self.paused = False
        return []

    around(patch, ServerMachine, "resume", resume)


@breaks("close_leads_to_nothing", LISTENING)
def a_closed_listener_is_waited_for(patch: Patch) -> None:
    around(patch, ServerMachine, "listener_closed", lambda _, __, ___: [])
