"""The laws of a server. `SERVER_LAWS` has all of them, with those that every machine obeys."""

from __future__ import annotations

from typing import Final

from ..state import notices, ops
from ..state.effects import Arm, Disarm, Notice, Op, Timing
from ..state.machine import Event
from ..state.phases import LISTEN_IDLE
from .invariants import LOOP_LAWS
from .laws import Law, Promise, always, eventually
from .loop import Fed, Rested
from .server_ghosts import ServerWorld

__all__ = ["SERVER_LAWS"]


@always(Rested)
def connections_are_counted(world: ServerWorld, _moment: Rested) -> bool:
    """Between turns the count is what was told as 'connection' less what is gone."""
    return world.machine.connections == world.connections


@always(notices.Connection)
def the_limit_is_kept(world: ServerWorld, _notice: notices.Connection) -> bool:
    """No 'connection' beyond max_connections."""
    limit = world.machine.max_connections
    return limit is None or world.connections < limit


@always(Fed)
def each_connection_has_one_fate(world: ServerWorld, fed: Fed) -> bool:
    """A connection is told, or dropped and discarded, or discarded: so if it is blocked, or the listener closed."""
    if fed.event.name != "accepted":
        return True
    number, connection, blocked = fed.event.args
    fate = [effect for effect in fed.effects if isinstance(effect, Notice | Op)]
    if fate == [ops.Discard(connection)]:
        return bool(blocked or number != world.listener)
    if fate == [notices.Dropped(connection), ops.Discard(connection)]:
        return bool(number == world.listener)
    return fate == [notices.Connection(connection)] and bool(number == world.listener and not blocked)


@always(notices.Listening)
def listening_is_told_of_a_listener(world: ServerWorld, _notice: notices.Listening) -> bool:
    """'listening' is told while the server listens."""
    return world.machine.is_listening and world.listener > 0


@always(Rested)
def every_listener_is_told_of(world: ServerWorld, _moment: Rested) -> bool:
    """Between turns 'listening' was told of the open listener."""
    return not world.listener or world.announced


@always(notices.ServerClosed)
def close_was_due(world: ServerWorld, _notice: notices.ServerClosed) -> bool:
    """'close' is told only where a close(), or the end of the last connection, found no listener and no connection."""
    return world.closes_due > 0


@always(notices.Failed)
def error_was_due(world: ServerWorld, _notice: notices.Failed) -> bool:
    """'error' is told only of a listen() that failed."""
    return world.failures_due > 0


@always(Rested)
def what_is_due_was_told(world: ServerWorld, _moment: Rested) -> bool:
    """Between turns every 'close' and every 'error' that was due was told."""
    return not world.closes_due and not world.failures_due


@always(ops.Listen)
def one_listener_at_a_time(world: ServerWorld, op: ops.Listen) -> bool:
    """Listen is asked for when no listener is open, under a number of its own."""
    return not world.listener and op.number not in world.closing


@always(ops.StartAccept, ops.StopAccept)
def accepting_starts_and_stops(world: ServerWorld, op: Op) -> bool:
    """StartAccept and StopAccept take turns, on an open listener."""
    return world.listener > 0 and world.accepting is isinstance(op, ops.StopAccept)


@always(ops.CloseListener)
def what_is_closed_is_open(world: ServerWorld, op: ops.CloseListener) -> bool:
    """CloseListener names the open listener."""
    return 0 < op.number == world.listener


@always(ops.Lookup, ops.CancelLookup)
def one_lookup_matters(world: ServerWorld, op: Op) -> bool:
    """A lookup begins when every other one was cancelled; cancelled is the one that was not yet."""
    wanted = [number for number, cancelled in world.lookups if not cancelled]
    return len(wanted) == (1 if isinstance(op, ops.CancelLookup) else 0)


@always(Timing)
def the_back_off_is_armed_once(world: ServerWorld, effect: Timing) -> bool:
    """The back-off timer is armed while it isn't, for five milliseconds to a second, and disarmed while it is."""
    if isinstance(effect, Arm):
        return not world.timers and 0.005 <= effect.seconds <= 1
    return isinstance(effect, Disarm) and effect.timer in world.timers


@always(Rested)
def the_server_knows_its_driver(world: ServerWorld, _moment: Rested) -> bool:
    """Between turns the machine is right about its listeners, its lookups and its timer."""
    machine = world.machine
    return (
        machine.is_listening == (world.listener > 0)
        and machine.accepting == world.accepting
        and machine.in_flight == bool(world.lookups or world.closing)
        and machine.backing_off == bool(world.timers)
    )


@always(Rested)
def connections_are_accepted(world: ServerWorld, _moment: Rested) -> bool:
    """Between turns connections are accepted exactly while the server listens, isn't paused and doesn't back off."""
    machine = world.machine
    return world.accepting is (machine.is_listening and not machine.paused and not world.timers)


def _winds_up(world: ServerWorld, event: Event) -> bool:
    """A fair world that closes: the loop goes on, the user closes, the connections end, the driver reports."""
    if world.turn or world.asked is not None or world.fifo:
        return event.name in ("go_on", "listening", "listen_failed")
    if world.machine.listener is not LISTEN_IDLE:
        return event.name == "close"
    return event.name in ("connection_gone", "listener_closed", "lookup_failed")


@eventually(fair=_winds_up)
def close_leads_to_nothing(world: ServerWorld) -> bool:
    """From every state close(), and the end of every connection, lead to where nothing is open, in flight or untold."""
    machine = world.machine
    over = machine.listener is LISTEN_IDLE and not world.connections and not machine.in_flight
    return over and world.quiet and not world.closes_due


SERVER_LAWS: Final[tuple[Law | Promise, ...]] = (
    *LOOP_LAWS,
    connections_are_counted,
    the_limit_is_kept,
    each_connection_has_one_fate,
    listening_is_told_of_a_listener,
    every_listener_is_told_of,
    close_was_due,
    error_was_due,
    what_is_due_was_told,
    one_listener_at_a_time,
    accepting_starts_and_stops,
    what_is_closed_is_open,
    one_lookup_matters,
    the_back_off_is_armed_once,
    the_server_knows_its_driver,
    connections_are_accepted,
    close_leads_to_nothing,
)
