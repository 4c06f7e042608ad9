"""What can happen next in the world of a socket: the bounded user's calls, the driver's answers and reports.

`socket_events` lists them, always in the same order. The user's acts are functions by name, so that a model says in a
few words what its user does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ..state.faults import Fault
from ..state.machine import Event
from ..state.ops import BindLocal, Send
from ..state.phases import LINK_IDLE
from .ghosts import FAMILY_COMPLETION, Bounds, SocketWorld, tape
from .loop import GO_ON, HAND_OVER, STAGE_CANCELLED, STAGE_NONE, STAGE_UNDERWAY

__all__ = ["ACTS", "BROKEN", "socket_events"]

BROKEN: Final = Fault("ERR_USER", text="the user's own error")

_NOT_FOUND: Final = Fault("ENOTFOUND", syscall="getaddrinfo")
_REFUSED: Final = Fault("ECONNREFUSED", syscall="connect")
_TAKEN: Final = Fault("EADDRINUSE", syscall="bind")
_RESET: Final = Fault("ECONNRESET", syscall="read")
_PIPE: Final = Fault("EPIPE", syscall="write")
_UNSHUT: Final = Fault("EIO", syscall="shutdown")
_CANCELLED: Final = Fault("ECANCELED")

_NAME_NOT_FOUND: Final = Event("lookup_failed", (_NOT_FOUND,))
_LOOKUP_CANCELLED: Final = Event("lookup_failed", (_CANCELLED,))
_SENT_AT_ONCE: Final = Event("sent", (True,))
_SENT: Final = Event("sent", (False,))
_DEFERRED: Final = Event("send_deferred", (0,))
_DEFERRED_BUT_ONE: Final = Event("send_deferred", (1,))
_FAILED_AT_ONCE: Final = Event("send_failed", (_PIPE, True))
_SEND_FAILED: Final = Event("send_failed", (_PIPE, False))
_SEND_CANCELLED: Final = Event("send_failed", (_CANCELLED, False))
_READ_FAILED: Final = Event("read_failed", (_RESET,))
_READ_CANCELLED: Final = Event("read_failed", (_CANCELLED,))
_EOF: Final = Event("eof", (b"",))
_LAST_BYTE: Final = Event("received", (b"?", 1))
_PROGRESSED: Final = Event("progressed", (1,))
_SHUT_DOWN: Final = Event("shut_down")
_SHUTDOWN_FAILED: Final = Event("shutdown_failed", (_UNSHUT,))
_SHUTDOWN_CANCELLED: Final = Event("shutdown_failed", (_CANCELLED,))
_CLOSED: Final = Event("closed")


def socket_events(world: SocketWorld, bounds: Bounds) -> list[Event]:
    """Everything that can happen."""
    if world.asked is not None:
        return list(_answers(world, bounds))
    events: list[Event] = []
    if bounds.adopted and not world.adopted:
        return [Event("adopt", adopted) for adopted in bounds.adopted]
    over = world.machine.destroyed
    for act in bounds.inside if world.turn else bounds.at_rest:
        if not over or act in bounds.afterwards:
            events.extend(ACTS[act](world, bounds))
    if world.gathering and bounds.inside:
        events.append(HAND_OVER)
    if world.turn or world.fifo:
        events.append(GO_ON)
    else:
        events.extend(_reports(world, bounds))
    return events


# -- the user --------------------------------------------------------------------------------------------------------

Act = Callable[[SocketWorld, Bounds], Iterator[Event]]


def _once(event: Event, may: Callable[[SocketWorld], bool]) -> Act:
    """An act that is one event, when the world is such."""

    def act(world: SocketWorld, _bounds: Bounds) -> Iterator[Event]:
        if may(world):
            yield event

    return act


def _alive(world: SocketWorld) -> bool:
    return not world.machine.destroyed


def _may_flip(world: SocketWorld) -> bool:
    return world.flips > 0


def _connect(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    if world.machine.link is LINK_IDLE:
        for route in bounds.routes:
            yield Event("connect", (route,))


def _connect_again(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    if world.machine.is_connecting:
        yield Event("connect", (bounds.routes[0],))


def _answer_lookup(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    if world.lookup is STAGE_UNDERWAY:
        for answer in bounds.answers:
            yield Event("looked_up", (answer,))
        yield _NAME_NOT_FOUND


def _write(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    if world.writes:
        for size in bounds.write_sizes:
            for with_token in bounds.with_token:
                args = (_payload(world, size), size, _token(world, with_token))
                yield Event("write", (*args, True) if world.turn and bounds.gathers else args)


def _end(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    if world.ends:
        for with_token in bounds.with_token:
            yield Event("end", (_token(world, with_token), None, 0))


def _end_with(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    if world.ends:
        size = bounds.write_sizes[-1]
        yield Event("end", (_token(world, True), _payload(world, size), size))


def _payload(world: SocketWorld, size: int) -> bytes:
    return tape(world.machine.writing.bytes_written, size)


def _token(world: SocketWorld, wanted: bool) -> int:
    return world.tokens + 1 if wanted else 0


def _set_timeout(world: SocketWorld, _bounds: Bounds) -> Iterator[Event]:
    if _alive(world):
        yield Event("set_timeout", (0.0 if world.machine.idle_seconds else 1.0,))


ACTS: Final[dict[str, Act]] = {
    "take_bound": _once(
        Event("take_bound", (False,)),
        lambda world: world.machine.link is LINK_IDLE and not world.machine.has_handle,
    ),
    "connect": _connect,
    "connect_again": _connect_again,
    "answer_lookup": _answer_lookup,
    "call_off": _once(Event("call_off"), lambda world: world.lookup is STAGE_UNDERWAY),
    "write": _write,
    "end": _end,
    "end_with": _end_with,
    "cork": _once(Event("cork"), lambda world: not world.machine.writing.corked),
    "uncork": _once(Event("uncork"), lambda world: world.machine.writing.corked > 0),
    "pause": _once(Event("pause"), _may_flip),
    "resume": _once(Event("resume"), _may_flip),
    "hold": _once(Event("hold"), _may_flip),
    "read": _once(Event("read", (None,)), _alive),
    "read_1": _once(Event("read", (1,)), _alive),
    "read_4": _once(Event("read", (4,)), _alive),
    "listen_readable": _once(
        Event("listen_readable", (True, False)), lambda world: _may_flip(world) and not world.machine.reading.listening
    ),
    "unlisten_readable": _once(
        Event("listen_readable", (False, False)), lambda world: _may_flip(world) and world.machine.reading.listening
    ),
    "listen_data": _once(
        Event("listen_readable", (False, True)), lambda world: _may_flip(world) and world.machine.reading.listening
    ),
    "set_timeout": _set_timeout,
    "set_no_delay": _once(Event("set_no_delay", (True,)), lambda world: not world.machine.no_delay),
    "set_keep_alive": _once(Event("set_keep_alive", (True, 1, 1, 10)), lambda world: world.machine.keep_alive is None),
    "set_type_of_service": _once(
        Event("set_type_of_service", (8,)), lambda world: world.machine.type_of_service is None
    ),
    "destroy": _once(Event("destroy"), _alive),
    "destroy_with": _once(Event("destroy", (BROKEN,)), _alive),
    "destroy_soon": _once(
        Event("destroy_soon"), lambda world: _alive(world) and not world.machine.destroy_when_finished
    ),
    "reset": _once(Event("reset"), lambda world: _alive(world) and not world.machine.is_path),
}


# -- the driver ------------------------------------------------------------------------------------------------------


def _answers(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    """What a driver can answer at once to the op that it was just asked for."""
    op = world.asked
    if isinstance(op, Send):
        size = sum(map(len, op.payloads))
        yield _SENT_AT_ONCE
        if size and bounds.deferred:
            yield _DEFERRED
        if size > 1 and bounds.partial:
            yield _DEFERRED_BUT_ONE
        if bounds.failures:
            yield _FAILED_AT_ONCE
    elif isinstance(op, BindLocal):
        yield Event("bound", (op.attempt,))
        yield Event("bind_failed", (op.attempt, _TAKEN))


def _reports(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    """What a driver can report, each family in its way."""
    yield from _connecting(world, bounds)
    if world.closing is STAGE_NONE:
        yield from _reading(world, bounds)
        yield from _sending(world, bounds)
    else:
        yield from _closing(world, bounds)
    for timer in world.timers:
        yield Event("timer_fired", (timer,))


def _connecting(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    if world.lookup is STAGE_CANCELLED:
        yield _LOOKUP_CANCELLED
    elif "answer_lookup" not in bounds.at_rest:
        yield from _answer_lookup(world, bounds)
    for attempt, cancelled in world.flying:
        if cancelled or world.closing is not STAGE_NONE:
            yield Event("attempt_failed", (attempt, _CANCELLED))
        else:
            yield Event("connected", (attempt,))
            if bounds.failures:
                yield Event("attempt_failed", (attempt, _REFUSED))


def _reading(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    if not world.reading and not world.lingering:
        return
    if world.chunks:
        for size in bounds.chunk_sizes:
            yield Event("received", (tape(world.received, size), max(1, size)))
    for size in bounds.tails:
        yield Event("eof", (tape(world.received, size),))
    if bounds.failures:
        yield _READ_FAILED


def _sending(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    if world.sending:
        if bounds.partial and world.unsent > 1:
            yield _PROGRESSED
        yield _SENT
        if bounds.failures:
            yield _SEND_FAILED
    if world.shutting is STAGE_UNDERWAY:
        yield _SHUT_DOWN
        if bounds.failures:
            yield _SHUTDOWN_FAILED


def _closing(world: SocketWorld, bounds: Bounds) -> Iterator[Event]:
    """The handle is being closed, or is closed: how what is in flight ends."""
    any_order = bounds.family is FAMILY_COMPLETION
    if world.lingering:
        yield _READ_CANCELLED
        yield _EOF
        if world.chunks:
            yield _LAST_BYTE
    if world.sending:
        yield _SEND_CANCELLED
        if any_order:
            yield _SENT
    if world.shutting is STAGE_UNDERWAY:
        yield _SHUTDOWN_CANCELLED
        if any_order:
            yield _SHUT_DOWN
    in_flight = world.flying or world.sending or world.shutting is STAGE_UNDERWAY
    if world.closing is STAGE_UNDERWAY and (any_order or not in_flight):
        yield _CLOSED
