"""The laws of a socket's writing: what leaves, in which order, and who hears of it when. `invariants` has the rest."""

from __future__ import annotations

from typing import Final

from ..state import notices, ops
from ..state.effects import Notice
from ..state.phases import FLIGHT_GATHERING, WRITE_OPEN
from ..state.socket import SocketMachine
from .ghosts import SocketWorld, tape
from .laws import Law, always
from .loop import STAGE_OVER, NewMove, Rested, Returned

__all__ = ["WRITING_LAWS", "handed_over_is_a_prefix_of_written"]


@always(ops.Send)
def handed_over_is_a_prefix_of_written(world: SocketWorld, op: ops.Send) -> bool:
    """What the driver is given to send, one after the other, is what was written, from its beginning."""
    given = b"".join(op.payloads)
    within = world.handed + len(given) <= world.machine.writing.bytes_written
    return within and given == tape(world.handed, len(given))


@always(notices.Finished)
def finish_is_told_once_and_last(world: SocketWorld, _notice: notices.Finished) -> bool:
    """'finish' at most once, after 'prefinish', and after the last Send and Shutdown completed."""
    sent = world.machine.destroyed or world.handed == world.machine.writing.bytes_written
    shut = world.shutting is STAGE_OVER or not world.open
    return not world.finished and world.prefinished and sent and shut and not world.sending


@always(notices.Prefinish)
def prefinish_is_told_once(world: SocketWorld, _notice: notices.Prefinish) -> bool:
    """'prefinish' at most once, and before 'finish'."""
    return not world.prefinished and not world.finished


@always(notices.Settled)
def callbacks_are_called_once(world: SocketWorld, notice: notices.Settled) -> bool:
    """Every token of a write() or an end() settles at most once."""
    return any(token == notice.token for token, _ in world.outstanding)


@always(Rested)
def callbacks_are_called(world: SocketWorld, _moment: Rested) -> bool:
    """After 'close', once everything is told, every token has settled."""
    return not world.closed or not world.outstanding


@always(notices.Settled)
def success_is_told_in_order(world: SocketWorld, notice: notices.Settled) -> bool:
    """Success is told of calls in the order in which they were made."""
    return notice.fault is not None or world.outstanding[0][0] == notice.token


@always(notices.Settled)
def success_means_sent(world: SocketWorld, notice: notices.Settled) -> bool:
    """Success is told of a call after all that was written up to it was sent."""
    if notice.fault is not None or world.machine.destroyed:
        return True
    position = dict(world.outstanding)[notice.token]
    return position <= world.handed - world.unsent


@always(notices.Drain)
def drain_was_owed(world: SocketWorld, _notice: notices.Drain) -> bool:
    """'drain' only after a write() that answered False, or an end() whose write did, when nothing is left; not once
    ended or destroyed.
    """
    writing = world.machine.writing
    return world.owes_drain and not writing.length and writing.phase is WRITE_OPEN and not world.machine.destroyed


@always(Rested)
def drain_follows(world: SocketWorld, _moment: Rested) -> bool:
    """When write() answered False, and all was sent on a live socket, then 'drain' was told."""
    machine = world.machine
    return not world.owes_drain or machine.writing.length > 0 or not machine.writable


@always(NewMove)
def the_buffer_stays_within_its_limit(world: SocketWorld, _move: NewMove) -> bool:
    """No more than max_buffered waits to be sent."""
    writing = world.machine.writing
    return writing.max_buffered is None or writing.length <= writing.max_buffered


@always(Notice, Rested)
def what_a_listener_writes_leaves_after_it(world: SocketWorld, _moment: Notice | Rested) -> bool:
    """What one listener wrote is handed over before anything else is told, and before the driver reports again."""
    return world.machine.writing.flight is not FLIGHT_GATHERING


@always(Returned)
def gathering_changes_no_answer(world: SocketWorld, call: Returned) -> bool:
    """write() answers the same whether the driver takes what is gathered at once, or later."""
    machine: SocketMachine = world.machine
    writing = machine.writing
    if call.name != "write" or writing.flight is not FLIGHT_GATHERING:
        return True
    may_be_taken = sum([size for _, size, _ in writing.batch])
    needs_drain = writing.need_drain and not world.owes_drain  # an earlier write may have been answered False
    return machine.accepts_more and not needs_drain and writing.length == may_be_taken


WRITING_LAWS: Final[tuple[Law, ...]] = (
    handed_over_is_a_prefix_of_written,
    finish_is_told_once_and_last,
    prefinish_is_told_once,
    callbacks_are_called_once,
    callbacks_are_called,
    success_is_told_in_order,
    success_means_sent,
    drain_was_owed,
    drain_follows,
    the_buffer_stays_within_its_limit,
    what_a_listener_writes_leaves_after_it,
    gathering_changes_no_answer,
)
