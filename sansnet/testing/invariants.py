"""The laws of a socket: what holds at every moment, however the user, the driver and the clock behave.

Each is a function with one sentence. `SOCKET_LAWS` has all of them; a model adds the `sometimes` that it is there for.
The moments are the effects as they are carried out, `Fed`, `Returned` and `Rested` (see `loop`), and what is new of the
machine alone: `NewMove`, `NewMachine`, `NewPart`. A law sees the world as it is just before the effect counts: at
'close', `world.closed` says whether there was one before.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Mapping
from typing import Final

from ..state import notices, ops
from ..state.effects import (
    TIMER_ATTEMPT,
    TIMER_CONNECT,
    TIMER_IDLE,
    Arm,
    Disarm,
    Effect,
    Notice,
    Op,
    Reply,
    Taken,
    Then,
    Touch,
)
from ..state.inputs import BY_USER
from ..state.machine import Event, Part
from ..state.phases import LINK_CLOSED, LINK_CLOSING, MOVES
from ..state.socket import SocketMachine
from .ghosts import SocketWorld, tape
from .laws import Law, Promise, always, eventually
from .loop import STAGE_NONE, STAGE_OVER, STAGE_UNDERWAY, NewMachine, NewMove, NewPart, Rested, World
from .writing_invariants import WRITING_LAWS

__all__ = ["LOOP_LAWS", "SOCKET_LAWS"]

_CANCELS: Final = (ops.CancelConnect, ops.CancelLookup)
_LIVELY: Final = (
    notices.Connected,
    notices.Data,
    notices.Readable,
    notices.End,
    notices.Drain,
    notices.Prefinish,
    notices.Finished,
    notices.Idle,
)


# -- every machine: inputs, moves, states ----------------------------------------------------------------------------


@always(NewMove)
def calls_tell_nothing(_world: World, move: NewMove) -> bool:
    """What the user asks returns no notice and no Then: listeners run from the loop."""
    return move.fed.by is not BY_USER or not _has(move.fed.effects, Notice, Then)


@always(NewMove)
def answers_at_once_tell_nothing(_world: World, move: NewMove) -> bool:
    """What the driver answers at once returns no notice and no Then: it may be inside the user's call."""
    return not move.fed.at_once or not _has(move.fed.effects, Notice, Then)


@always(NewMove)
def only_calls_are_replied_to(_world: World, move: NewMove) -> bool:
    """A reply is the answer to a call of the user's."""
    return move.fed.by is BY_USER or not _has(move.fed.effects, Reply)


@always(NewMove)
def phases_move_as_the_table_says(world: World, move: NewMove) -> bool:
    """Every phase moves along MOVES, in one input perhaps several times."""
    before, after = move.fed.before, world.phases()
    return after == before or all(new is old or new in _REACHABLE[old] for old, new in zip(before, after, strict=True))


@always(NewPart)
def snapshots_are_faithful(world: World, _moment: NewPart) -> bool:
    """clone(), and thaw() of freeze(), give the same machine, and one that shares nothing that changes."""
    machine = world.machine
    clone, frozen = machine.clone(), machine.freeze()
    return bool(type(machine).thaw(frozen).freeze() == frozen == clone.freeze()) and not _share(machine, clone)


def _share(one: Part, other: Part) -> bool:
    pairs = [(getattr(one, name), getattr(other, name)) for name in one.FIELDS]
    return any(
        value is copy or (isinstance(value, Part) and _share(value, copy))
        for value, copy in pairs
        if isinstance(value, Part | deque)
    )


def _has(effects: list[Effect], *kinds: type) -> bool:
    for effect in effects:  # noqa: SIM110 (a generator costs more than all it would look at)
        if isinstance(effect, kinds):
            return True
    return False


def _closure(moves: Mapping[enum.Enum, tuple[enum.Enum, ...]]) -> dict[enum.Enum, tuple[enum.Enum, ...]]:
    """Where any number of moves leads to."""
    reachable = {}
    for start in moves:
        found = list(moves[start])
        for phase in found:
            found.extend(new for new in moves[phase] if new not in found)
        reachable[start] = tuple(found)
    return reachable


_REACHABLE: Final = _closure(MOVES)


# -- a life ----------------------------------------------------------------------------------------------------------


@always(Notice)
def close_is_last(world: SocketWorld, notice: Notice) -> bool:
    """'close' at most once a life, and nothing after it but the settling of refused calls."""
    return not world.closed or (isinstance(notice, notices.Settled) and notice.fault is not None)


@always(notices.Failed)
def error_is_told_once(world: SocketWorld, _notice: notices.Failed) -> bool:
    """'error' at most once a life, before 'close'."""
    return not world.failed and not world.closed


@always(notices.Closed)
def close_tells_of_the_error(world: SocketWorld, notice: notices.Closed) -> bool:
    """'close' says whether 'error' was told, and says nothing where there was nothing to close."""
    return notice.had_error == (world.failed if world.machine.has_handle else None)


@always(notices.Connected, notices.Data, notices.End, notices.Drain)
def connect_is_first(world: SocketWorld, notice: Notice) -> bool:
    """'connect' at most once a life, before any 'data', 'end' and 'drain'; an accepted socket has none."""
    if isinstance(notice, notices.Connected):
        return not world.connected and not world.adopted
    return world.connected or world.adopted


@always(notices.Ready)
def ready_follows_connect(world: SocketWorld, _notice: notices.Ready) -> bool:
    """'ready' at most once, after 'connect'."""
    return world.connected and not world.readied


@always(notices.LookedUp, notices.AttemptStarted, notices.AttemptTimedOut, notices.AttemptFailed)
def attempts_precede_connect(world: SocketWorld, _notice: Notice) -> bool:
    """Lookups and attempts are told before 'connect'."""
    return not world.connected


@always(NewMove)
def the_destroyed_tell_nothing_new(_world: SocketWorld, move: NewMove) -> bool:
    """A destroyed socket tells no 'connect', 'data', 'end', 'drain', 'finish' and the like any more."""
    return move.fed.before[0] not in (LINK_CLOSING, LINK_CLOSED) or not _has(move.fed.effects, *_LIVELY)


# -- reading ---------------------------------------------------------------------------------------------------------


@always(notices.End)
def end_is_told_once_and_last(world: SocketWorld, _notice: notices.End) -> bool:
    """'end' at most once, after the peer has ended, and never before data that is buffered."""
    return not world.ended and world.peer_ended and world.delivered == world.received


@always(notices.Data)
def no_data_after_end(world: SocketWorld, _notice: notices.Data) -> bool:
    """No 'data' after 'end'."""
    return not world.ended


@always(notices.Data)
def no_data_while_paused(world: SocketWorld, _notice: notices.Data) -> bool:
    """No 'data' between pause() and resume()."""
    return not world.paused


@always(notices.Data, Taken)
def delivered_is_a_prefix_of_received(world: SocketWorld, told: notices.Data | Taken) -> bool:
    """What the user is given, one after the other, is what the driver reported, from its beginning."""
    given = told.payload if isinstance(told, notices.Data) else b"".join(told.payloads)
    within = world.delivered + len(given) <= world.received
    return within and bool(given == tape(world.delivered, len(given)))


@always(Rested)
def what_is_not_delivered_is_buffered(world: SocketWorld, _moment: Rested) -> bool:
    """Between turns of a live socket, what was received and not delivered is in the buffer."""
    return world.machine.destroyed or world.received - world.delivered == world.machine.reading.length


# -- the driver ------------------------------------------------------------------------------------------------------


@always(Op)
def only_cancels_while_closing(world: SocketWorld, op: Op) -> bool:
    """After Close or Reset no op is issued, unless it cancels something."""
    return world.closing is STAGE_NONE or isinstance(op, _CANCELS)


@always(ops.StartRead, ops.StopRead)
def reading_starts_and_stops(world: SocketWorld, op: Op) -> bool:
    """StartRead and StopRead take turns, on an open connection whose peer hasn't ended."""
    return world.reading is isinstance(op, ops.StopRead) and world.open and not world.peer_ended


@always(ops.Send, ops.Shutdown)
def one_send_at_a_time(world: SocketWorld, _op: Op) -> bool:
    """On an open connection one Send is in flight at a time, then one Shutdown, and nothing after it."""
    return world.open and not world.sending and world.shutting is STAGE_NONE


@always(ops.Connect, ops.BindLocal)
def attempts_are_numbered(world: SocketWorld, op: ops.Connect | ops.BindLocal) -> bool:
    """The numbers of attempts go up, each is used once, and there is one for each address at most."""
    return world.attempts <= op.attempt < len(world.machine.connecting.order) and not world.open


@always(ops.Connect)
def attempts_go_one_by_one(world: SocketWorld, _op: ops.Connect) -> bool:
    """Unless they race, one attempt is made at a time."""
    return world.machine.connecting.route.race or all(cancelled for _, cancelled in world.flying)


@always(ops.Lookup, ops.CancelLookup, ops.CancelConnect)
def what_is_cancelled_is_under_way(world: SocketWorld, op: Op) -> bool:
    """One lookup a life; what is cancelled is in flight, and cancelled once."""
    if isinstance(op, ops.CancelConnect):
        return (op.attempt, False) in world.flying
    return world.lookup is (STAGE_NONE if isinstance(op, ops.Lookup) else STAGE_UNDERWAY)


@always(Rested)
def the_machine_knows_its_driver(world: SocketWorld, _moment: Rested) -> bool:
    """Between turns the machine is right about what is in flight, whether it reads, and whether it was closed."""
    machine: SocketMachine = world.machine
    closed = machine.link is LINK_CLOSED
    return (
        machine.in_flight == world.driver_owes
        and (machine.reading.source == world.reading or machine.destroyed)
        and machine.handle_closed == (world.closing is STAGE_OVER)
        and closed == world.closed
    )


# -- time ------------------------------------------------------------------------------------------------------------


@always(Arm, Disarm, Touch)
def timers_are_armed_once(world: SocketWorld, effect: Arm | Disarm | Touch) -> bool:
    """What is disarmed or touched is armed; what is armed was not, but for the idle timer: set_timeout() sets it."""
    if isinstance(effect, Touch):
        return TIMER_IDLE in world.timers
    if isinstance(effect, Disarm):
        return effect.timer in world.timers
    return effect.seconds > 0 and (effect.timer is TIMER_IDLE or effect.timer not in world.timers)


@always(Rested)
def the_machine_knows_its_timers(world: SocketWorld, _moment: Rested) -> bool:
    """Between turns those timers are armed that the machine takes for armed."""
    machine = world.machine
    connecting = machine.connecting
    return (
        (TIMER_IDLE in world.timers) is machine.idle_armed
        and (TIMER_ATTEMPT in world.timers) is connecting.attempt_timer
        and (TIMER_CONNECT in world.timers) is connecting.connect_timer
    )


@always(notices.Closed)
def closed_means_over(world: SocketWorld, _notice: notices.Closed) -> bool:
    """'close' is told when nothing is in flight, no timer is armed, and the handle, if there was one, is closed."""
    closed = world.closing is STAGE_OVER or not world.machine.has_handle
    return closed and not world.driver_owes and not world.timers


@always(NewMachine)
def ready_state_is_one_of_five(world: SocketWorld, _moment: NewMachine) -> bool:
    """'opening' exactly while connecting, 'closed' once destroyed, else 'open', 'readOnly', 'writeOnly' or 'closed'."""
    machine = world.machine
    state = machine.ready_state
    if machine.is_connecting or machine.destroyed:
        return state == ("opening" if machine.is_connecting else "closed")
    return state in ("open", "readOnly", "writeOnly", "closed")


# -- what comes in the end -------------------------------------------------------------------------------------------

_COMPLETIONS: Final = frozenset((
    "attempt_failed",
    "bind_failed",
    "bound",
    "closed",
    "connected",
    "go_on",
    "lookup_failed",
    "looked_up",
    "send_deferred",
    "send_failed",
    "sent",
    "shut_down",
    "shutdown_failed",
))  # fmt: skip


def _gives_up(world: SocketWorld, event: Event) -> bool:
    """A fair world that destroys: the loop goes on, then the user destroys, then the driver ends what is in flight."""
    if world.turn or world.asked is not None or world.machine.destroyed:
        return event.name in _COMPLETIONS
    return event.name in ("adopt", "destroy")


@eventually(fair=_gives_up)
def destroy_leads_to_close(world: SocketWorld) -> bool:
    """From every state destroy() and a driver that keeps its contract lead to 'close', with every callback called."""
    return world.closed and world.quiet and not world.outstanding


def _works_on(_world: SocketWorld, event: Event) -> bool:
    """A fair world in which nobody asks for anything: the loop goes on, the driver ends what is in flight."""
    return event.name in _COMPLETIONS


@eventually(fair=_works_on, when=lambda world: world.ended and world.finished)
def both_ends_lead_to_close(world: SocketWorld) -> bool:
    """After 'end' and 'finish' a socket closes by itself."""
    return world.closed


@eventually(fair=_works_on, when=lambda world: world.open and not world.machine.writing.corked)
def calls_settle_by_themselves(world: SocketWorld) -> bool:
    """On an open connection that isn't corked every write() and end() settles without more being done."""
    return not world.outstanding


LOOP_LAWS: Final[tuple[Law, ...]] = (
    calls_tell_nothing,
    answers_at_once_tell_nothing,
    only_calls_are_replied_to,
    phases_move_as_the_table_says,
    snapshots_are_faithful,
)

SOCKET_LAWS: Final[tuple[Law | Promise, ...]] = (
    *LOOP_LAWS,
    close_is_last,
    error_is_told_once,
    close_tells_of_the_error,
    connect_is_first,
    ready_follows_connect,
    attempts_precede_connect,
    the_destroyed_tell_nothing_new,
    end_is_told_once_and_last,
    no_data_after_end,
    no_data_while_paused,
    delivered_is_a_prefix_of_received,
    what_is_not_delivered_is_buffered,
    *WRITING_LAWS,
    only_cancels_while_closing,
    reading_starts_and_stops,
    one_send_at_a_time,
    attempts_are_numbered,
    attempts_go_one_by_one,
    what_is_cancelled_is_under_way,
    the_machine_knows_its_driver,
    timers_are_armed_once,
    the_machine_knows_its_timers,
    closed_means_over,
    ready_state_is_one_of_five,
    destroy_leads_to_close,
    both_ends_lead_to_close,
    calls_settle_by_themselves,
)
