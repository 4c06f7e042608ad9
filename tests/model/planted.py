"""One bug for each law: the smallest change to a machine that breaks it.

A plant is a function that patches a machine until the end of a test, in a model that is large enough to show it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest

from sansnet.state import machine, ops, server, socket
from sansnet.state import notices as n
from sansnet.state.connecting import Connecting
from sansnet.state.effects import TOUCH, Disarm, Effects, Step, Taken, Then, Tick
from sansnet.state.machine import Part
from sansnet.state.phases import Flow, Link, Read, Write
from sansnet.state.reading import ReadHalf
from sansnet.state.server import ServerMachine
from sansnet.state.socket import SocketMachine
from sansnet.state.socket_state import SocketState
from sansnet.state.writing import WriteHalf
from sansnet.testing.explore import Model
from sansnet.testing.models import (
    ACCEPTING,
    CONNECTING,
    HALVES,
    IDLING,
    LIFECYCLE,
    LISTENING,
    READING,
    REENTRANT,
    WRITING,
)

__all__ = ["PLANTED", "Planted", "a_batch_is_sent_backwards"]

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


class Planted(NamedTuple):
    """A bug, the law that forbids it, and where it shows."""

    law: str
    model: Model[Any]
    plant: Plant


PLANTED: Final[list[Planted]] = []


def breaks(law: str, model: Model[Any]) -> Callable[[Plant], Plant]:
    """The decorated function plants a bug that breaks `law` in `model`."""

    def add(plant: Plant) -> Plant:
        PLANTED.append(Planted(law, model, plant))
        return plant

    return add


def around(patch: Patch, owner: type, name: str, replacement: Callable[..., Any]) -> None:
    """Replace a method by one that is given the original, and then its arguments."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda self, *args: replacement(original, self, *args))


def also(patch: Patch, owner: type, name: str, more: Callable[[Any], Effects]) -> None:
    """Let an input answer more than it should."""
    around(patch, owner, name, lambda original, self, *args: [*original(self, *args), *more(self)])


def less(patch: Patch, owner: type, name: str, kind: type) -> None:
    """Let an input answer less than it should."""
    around(patch, owner, name, lambda original, self, *args: _without(kind, original(self, *args)))


def turn(patch: Patch, step: Step, replacement: Callable[..., Effects]) -> None:
    """Replace a turn of the socket machine by one that is given the original."""
    turns: dict[Step, Callable[..., Effects]] = vars(socket)["_TURNS"]
    original = turns[step]
    patch.setitem(turns, step, lambda self: replacement(original, self))


def _without(kind: type, effects: Effects) -> Effects:
    return [effect for effect in effects if not isinstance(effect, kind)]


# -- every machine


@breaks("calls_tell_nothing", READING)
def pause_tells_at_once(patch: Patch) -> None:
    also(patch, SocketMachine, "pause", lambda _: [n.Paused()])


@breaks("answers_at_once_tell_nothing", WRITING)
def a_write_is_told_inside_write(patch: Patch) -> None:
    around(patch, WriteHalf, "sent", lambda original, self, _at_once: original(self, False))


@breaks("only_calls_are_replied_to", READING)
def a_report_is_replied_to(patch: Patch) -> None:
    also(patch, ReadHalf, "received", lambda _: [Taken(())])


@breaks("phases_move_as_the_table_says", HALVES)
def finish_begins_anew(patch: Patch) -> None:
    def finished(_: object, self: SocketMachine) -> Effects:
        self.writing.phase = Write.OPEN
        return []

    turn(patch, Step.FINISHED, finished)


@breaks("snapshots_are_faithful", WRITING)
def copies_share_their_buffers(patch: Patch) -> None:
    patch.setattr(machine, "_copied", lambda value: value.clone() if isinstance(value, Part) else value)


# -- a life


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


# -- reading


def _end_without_waiting(patch: Patch) -> None:
    def tell_end(_: object, self: ReadHalf) -> Effects:
        self.ending = False
        if self.phase is not Read.EOF:
            return []
        self.phase = Read.ENDED
        return [n.End(), Then(Step.ENDED)]

    around(patch, ReadHalf, "eof_told", lambda _, self: self._end())
    around(patch, ReadHalf, "tell_end", tell_end)


@breaks("end_is_told_once_and_last", READING)
def end_overtakes_data(patch: Patch) -> None:
    _end_without_waiting(patch)


@breaks("no_data_after_end", READING)
def data_follows_end(patch: Patch) -> None:
    _end_without_waiting(patch)


@breaks("no_data_while_paused", READING)
def data_is_told_as_it_comes(patch: Patch) -> None:
    around(patch, ReadHalf, "received", lambda _, self, payload: [n.Data(payload)])


@breaks("delivered_is_a_prefix_of_received", READING)
def the_last_chunk_comes_first(patch: Patch) -> None:
    def received(original: Callable[..., Effects], self: ReadHalf, payload: bytes) -> Effects:
        told = original(self, payload)
        self.chunks.rotate(1)
        return told

    around(patch, ReadHalf, "received", received)


@breaks("what_is_not_delivered_is_buffered", READING)
def a_paused_reader_loses_data(patch: Patch) -> None:
    def received(original: Callable[..., Effects], self: ReadHalf, payload: bytes) -> Effects:
        return [] if self.flow is Flow.PAUSED else original(self, payload)

    around(patch, ReadHalf, "received", received)


# -- writing


@breaks("handed_over_is_a_prefix_of_written", WRITING)
def a_batch_is_sent_backwards(patch: Patch) -> None:
    around(patch, WriteHalf, "ask", lambda original, self: original(self)[::-1])


@breaks("finish_is_told_once_and_last", HALVES)
def finish_is_told_with_prefinish(patch: Patch) -> None:
    also(patch, SocketMachine, "shut_down", lambda _: [n.Finished()])


@breaks("prefinish_is_told_once", HALVES)
def prefinish_is_told_twice(patch: Patch) -> None:
    also(patch, SocketMachine, "shut_down", lambda _: [n.Prefinish(), n.Prefinish()])


@breaks("callbacks_are_called_once", HALVES)
def end_callbacks_are_kept(patch: Patch) -> None:
    around(patch, WriteHalf, "tell_finish", lambda _, self: [n.Settled(token) for token in self.enders])


@breaks("callbacks_are_called", HALVES)
def the_refused_are_not_told(patch: Patch) -> None:
    turn(patch, Step.REFUSE, lambda _, __: [])


@breaks("success_is_told_in_order", WRITING)
def the_last_batch_is_told_first(patch: Patch) -> None:
    around(patch, WriteHalf, "tell_written", lambda original, self, alive: self.done.rotate(1) or original(self, alive))


@breaks("success_means_sent", WRITING)
def a_deferred_send_is_told(patch: Patch) -> None:
    def deferred(original: Callable[..., Effects], self: SocketMachine, taken: int) -> Effects:
        original(self, taken)
        self.writing.done.append(tuple(chunk[2] for chunk in self.writing.batch))
        self.writing.due += 1
        return [Tick(Step.WRITTEN)]

    around(patch, SocketMachine, "send_deferred", deferred)


@breaks("drain_was_owed", WRITING)
def drain_is_always_owed(patch: Patch) -> None:
    around(patch, WriteHalf, "mark", lambda _, self: setattr(self, "need_drain", True))


@breaks("drain_follows", WRITING)
def drain_is_never_owed(patch: Patch) -> None:
    around(patch, WriteHalf, "mark", lambda _, __: None)


@breaks("the_buffer_stays_within_its_limit", WRITING)
def there_is_always_room(patch: Patch) -> None:
    patch.setattr(WriteHalf, "overflow", lambda _self, _size: None)


# -- the driver


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


# -- time and state


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


# -- what comes in the end


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


# -- servers


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
