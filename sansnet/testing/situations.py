"""Situations that a model must come to, or what it was made to show was not shown: its `sometimes` laws."""

from __future__ import annotations

from ..state.effects import TIMER_BACK_OFF, TIMER_IDLE, Arm, Taken
from ..state.notices import Closed, Connected, Drain, Dropped, Failed, Idle, ServerClosed, Settled
from ..state.ops import Discard, Listen, Send
from ..state.phases import FLIGHT_GATHERING, LINK_OPEN
from .ghosts import SocketWorld
from .laws import sometimes
from .loop import Fed, Rested
from .server_ghosts import ServerWorld
from .users import BROKEN

__all__ = [
    "a_closed_listener_reports_once_more",
    "a_connection_is_dropped",
    "a_full_buffer_stops_the_driver",
    "a_later_attempt_wins",
    "a_listener_destroys",
    "a_lookup_is_superseded",
    "a_send_fails_at_once",
    "a_slow_send_is_not_idle",
    "a_stopped_driver_reports_once_more",
    "a_write_is_refused_after_close",
    "a_write_is_too_much",
    "an_attempt_ends_after_another_won",
    "bytes_are_sent_after_all",
    "connecting_takes_too_long",
    "data_is_taken_by_read",
    "drain_is_told",
    "end_waits_for_the_reader",
    "every_attempt_fails",
    "ipv4_is_tried_after_ipv6",
    "it_closes_with_its_last_connection",
    "it_closes_without_error",
    "it_is_destroyed_while_it_gathers",
    "it_is_idle",
    "it_is_reset_once_connected",
    "it_stays_half_open",
    "the_back_off_grows",
    "the_user_s_error_is_told",
    "what_is_too_much_sends_them_off",
    "writes_are_gathered",
    "writes_leave_together",
]

# -- of a socket -----------------------------------------------------------------------------------------------------


@sometimes(Failed)
def the_user_s_error_is_told(_world: SocketWorld, notice: Failed) -> bool:
    """destroy(error) is told as 'error'."""
    return notice.fault == BROKEN


@sometimes(Closed)
def it_closes_without_error(world: SocketWorld, notice: Closed) -> bool:
    """'end', 'finish', 'close' without an error."""
    return world.ended and world.finished and notice.had_error is False


@sometimes(Settled)
def a_write_is_refused_after_close(world: SocketWorld, notice: Settled) -> bool:
    """A write() after 'close' is refused, and its callback called."""
    return world.closed


@sometimes(Failed)
def a_write_is_too_much(_world: SocketWorld, notice: Failed) -> bool:
    """A write() is more than may be buffered."""
    return notice.fault.code == "ERR_MAX_BUFFERED"


@sometimes(Connected)
def a_later_attempt_wins(world: SocketWorld, _notice: Connected) -> bool:
    """Another address than the first connects."""
    return world.attempts > 1


@sometimes(Fed)
def an_attempt_ends_after_another_won(world: SocketWorld, fed: Fed) -> bool:
    """A cancelled attempt is reported after 'connect'."""
    return fed.event.name == "attempt_failed" and world.connected and world.machine.link is LINK_OPEN


@sometimes(Failed)
def every_attempt_fails(_world: SocketWorld, notice: Failed) -> bool:
    """All attempts fail, and 'error' tells of each."""
    return len(notice.fault.errors) > 1


@sometimes(Failed)
def connecting_takes_too_long(_world: SocketWorld, notice: Failed) -> bool:
    """The bound for connecting as a whole is over."""
    return notice.fault.code == "ETIMEDOUT" and not notice.fault.errors


@sometimes(Closed)
def it_is_reset_once_connected(world: SocketWorld, _notice: Closed) -> bool:
    """reset() while connecting takes effect at 'connect'."""
    return world.connected and world.machine.reset_when_connected


@sometimes(Drain)
def drain_is_told(_world: SocketWorld, _notice: Drain) -> bool:
    """'drain' is told."""
    return True


@sometimes(Send)
def writes_leave_together(_world: SocketWorld, op: Send) -> bool:
    """Three writes leave as one batch."""
    return len(op.payloads) == 3


@sometimes(Fed)
def a_send_fails_at_once(_world: SocketWorld, fed: Fed) -> bool:
    """A Send is answered by failure, inside write()."""
    return fed.event.name == "send_failed" and fed.at_once


@sometimes(Fed)
def bytes_are_sent_after_all(world: SocketWorld, fed: Fed) -> bool:
    """A send completes although the handle is being closed."""
    return fed.event.name == "sent" and world.machine.destroyed


@sometimes(Fed)
def a_stopped_driver_reports_once_more(world: SocketWorld, fed: Fed) -> bool:
    """received() comes although the machine had stopped reading."""
    return fed.event.name == "received" and not world.reading and world.machine.link is LINK_OPEN


@sometimes(Rested)
def a_full_buffer_stops_the_driver(world: SocketWorld, _moment: Rested) -> bool:
    """Nothing is read while the buffer is full."""
    return world.open and not world.reading and not world.machine.destroyed and world.machine.reading.length > 1


@sometimes(Rested)
def end_waits_for_the_reader(world: SocketWorld, _moment: Rested) -> bool:
    """The peer has ended, and data that nobody took holds 'end' back."""
    return world.peer_ended and not world.ended and world.machine.reading.length > 0


@sometimes(Taken)
def data_is_taken_by_read(_world: SocketWorld, _reply: Taken) -> bool:
    """read() gives data."""
    return True


@sometimes(Rested)
def it_stays_half_open(world: SocketWorld, _moment: Rested) -> bool:
    """After the peer's end the socket may still write."""
    return world.ended and world.machine.ready_state == "writeOnly" and world.writes == 0


@sometimes(Idle)
def it_is_idle(_world: SocketWorld, _notice: Idle) -> bool:
    """'timeout' is told."""
    return True


@sometimes(Fed)
def a_slow_send_is_not_idle(world: SocketWorld, fed: Fed) -> bool:
    """The idle timer fires while a send moves, and is armed again instead of being told."""
    return fed.event.name == "timer_fired" and fed.effects == [Arm(TIMER_IDLE, 1.0)]


@sometimes(Fed)
def a_listener_destroys(world: SocketWorld, fed: Fed) -> bool:
    """destroy() is called in a listener."""
    return fed.event.name == "destroy" and bool(world.turn)


@sometimes(Send)
def writes_are_gathered(world: SocketWorld, op: Send) -> bool:
    """Two writes of a listener leave together once it has returned, although nothing is corked."""
    return bool(world.turn) and len(op.payloads) == 2 and not world.machine.writing.corked


@sometimes(Fed)
def what_is_too_much_sends_them_off(_world: SocketWorld, fed: Fed) -> bool:
    """A write that may not join what is gathered sends it off."""
    return fed.before[-1] is FLIGHT_GATHERING and fed.event.name == "write" and len(fed.effects) > 0


@sometimes(Fed)
def it_is_destroyed_while_it_gathers(_world: SocketWorld, fed: Fed) -> bool:
    """destroy() in a listener that has written something."""
    return fed.before[-1] is FLIGHT_GATHERING and fed.event.name == "destroy"


# -- of a server -----------------------------------------------------------------------------------------------------


@sometimes(Fed)
def ipv4_is_tried_after_ipv6(_world: ServerWorld, fed: Fed) -> bool:
    """Where there is no IPv6 a server for every address listens on 0.0.0.0."""
    op = fed.effects[0] if fed.effects else None
    return isinstance(op, Listen) and op.endpoint is not None and op.endpoint.address == "0.0.0.0"


@sometimes(Fed)
def a_lookup_is_superseded(world: ServerWorld, fed: Fed) -> bool:
    """A lookup ends that nobody waits for any more."""
    return fed.event.name == "lookup_failed" and fed.event.args[0] != world.machine.number


@sometimes(Dropped)
def a_connection_is_dropped(_world: ServerWorld, _notice: Dropped) -> bool:
    """'drop' is told."""
    return True


@sometimes(Fed)
def a_closed_listener_reports_once_more(_world: ServerWorld, fed: Fed) -> bool:
    """A connection of a listener that was closed is discarded."""
    return fed.event.name == "accepted" and fed.effects == [Discard("a connection")] and not fed.event.args[2]


@sometimes(Fed)
def the_back_off_grows(_world: ServerWorld, fed: Fed) -> bool:
    """Accepting fails again, and backs off longer."""
    return Arm(TIMER_BACK_OFF, 0.01) in fed.effects


@sometimes(ServerClosed)
def it_closes_with_its_last_connection(world: ServerWorld, _notice: ServerClosed) -> bool:
    """'close' is told when the last connection is gone, after close()."""
    return world.closes > 0 and world.arrivals == 0
