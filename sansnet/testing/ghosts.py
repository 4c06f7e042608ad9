"""The world around a socket: a driver that may do all that the contract lets a driver do, and a user who remembers.

The driver is of one of two families. A *readiness* driver stops to read at once when it is told to, and ends what is in
flight before its handle is closed. A *completion* driver may still have one more read to report, may have sent the
bytes although the handle was closed, and reports in any order.

The world keeps what each side may rely on: what the driver owes, what the user has done and heard, and how many bytes
went which way. The laws compare the machine with that. How the world moves on is in `loop`, what can happen in `users`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, ClassVar, Final, NamedTuple

from ..state import effects, notices, ops
from ..state.effects import Timer, Token
from ..state.endpoints import Found, Route
from ..state.faults import Fault
from ..state.inputs import SOCKET_INPUTS
from ..state.machine import Event
from ..state.phases import LINK_CLOSED, LINK_CLOSING, LINK_OPEN
from ..state.socket import SocketMachine
from .loop import STAGE_CANCELLED, STAGE_NONE, STAGE_OVER, STAGE_UNDERWAY, Returned, World, gathers

__all__ = ["FAMILY_COMPLETION", "FAMILY_READINESS", "Bounds", "Family", "SocketWorld", "tape"]

_ROUND: Final = bytes(range(251))
_DEAD: Final = (LINK_CLOSING, LINK_CLOSED)


def tape(position: int, count: int) -> bytes:
    """Bytes that tell where in a stream they belong."""
    begin = position % len(_ROUND)
    return (_ROUND * (2 + count // len(_ROUND)))[begin : begin + count]


class Family(enum.Enum):
    """The two ways to be a driver."""

    READINESS = "readiness"
    COMPLETION = "completion"


FAMILY_READINESS: Final = Family.READINESS
FAMILY_COMPLETION: Final = Family.COMPLETION


class Bounds(NamedTuple):
    """What may happen around a socket, and how often in a life, so that the states stay finite."""

    at_rest: tuple[str, ...]  # what the user may do between turns; names in `users.ACTS`
    inside: tuple[str, ...] = ()  # what the user may do inside a listener …
    reactions: int = 0  # … and how often
    family: Family = FAMILY_READINESS
    # how the socket gets its connection
    routes: tuple[Route, ...] = ()
    answers: tuple[tuple[Found, ...], ...] = ()  # of the lookup
    adopted: tuple[tuple[bool, bool], ...] = ()  # paused? a path?
    # how often
    writes: int = 0
    ends: int = 0
    flips: int = 0  # pause(), resume() and their like
    chunks: int = 0  # that the peer sends
    # how
    write_sizes: tuple[int, ...] = (1,)
    with_token: tuple[bool, ...] = (True,)
    chunk_sizes: tuple[int, ...] = (1,)
    tails: tuple[int, ...] = (0,)  # what a decoder still has at the end of file
    failures: bool = True  # reading, sending, connecting, shutting down may fail
    deferred: bool = True  # a send may take time
    gathers: bool = True  # what is written inside a listener may be gathered there, as the pump does
    partial: bool = False  # part of it may be sent at once, and more on the way
    afterwards: tuple[str, ...] = ()  # what of all that the user still does once the socket is destroyed


class SocketWorld(World):
    """A socket machine, its driver, and what its user has done and heard."""

    HISTORY: Final = ("delivered", "handed", "received", "tokens")
    """Counts that only their differences make a situation of; the machine's buffers and `outstanding` have those."""
    STATE: Final = (
        "adopted",
        "attempts",
        "chunks",
        "closed",
        "closing",
        "connected",
        "ended",
        "ends",
        "failed",
        "finished",
        "flips",
        "flying",
        "gathering",
        "lingering",
        "lookup",
        "open",
        "owes_drain",
        "paused",
        "peer_ended",
        "prefinished",
        "reactions",
        "reading",
        "readied",
        "sending",
        "shutting",
        "timers",
        "turn",
        "unsent",
        "writes",
    )
    __slots__ = (*(name for name in STATE if name not in World.__slots__), *HISTORY, "family", "outstanding")

    INPUTS = SOCKET_INPUTS

    machine: SocketMachine

    def __init__(self, machine: SocketMachine, bounds: Bounds) -> None:
        super().__init__(machine, bounds.reactions)
        self.family = bounds.family
        self.writes, self.ends = bounds.writes, bounds.ends
        self.flips, self.chunks = bounds.flips, bounds.chunks
        # the driver
        self.lookup = STAGE_NONE
        self.flying: tuple[tuple[int, bool], ...] = ()  # attempts in flight, and: was it cancelled?
        self.attempts = 0  # up to there the numbers were used
        self.open = False  # the handle has a connection
        self.reading = False
        self.lingering = False  # one more report of reading may come
        self.peer_ended = False
        self.sending = False
        self.unsent = 0  # bytes of that send
        self.shutting = STAGE_NONE
        self.closing = STAGE_NONE
        self.timers: tuple[Timer, ...] = ()
        # the user
        self.adopted = False
        self.paused = False
        self.owes_drain = False  # write() answered False, 'drain' was not told yet
        self.connected = self.readied = self.ended = self.prefinished = self.finished = False
        self.failed = self.closed = False
        self.tokens = 0  # that were given out
        self.outstanding: tuple[tuple[Token, int], ...] = ()  # those not settled, by age; bytes written up to there
        self.handed = 0  # bytes that were given to the driver …
        self.received = 0  # … that it reported while somebody was there to have them
        self.delivered = 0  # … that the user has

    # -- what can be seen

    @staticmethod
    def phases_of(machine: SocketMachine) -> tuple[enum.Enum, ...]:
        """Of the link, the read half and its flow, the write half and its flight."""
        writing, reading = machine.writing, machine.reading
        return (machine.link, reading.phase, reading.flow, writing.phase, writing.flight)

    @property
    def driver_owes(self) -> bool:
        """Does the driver owe a completion, other than that of Close?"""
        return bool(
            self.flying
            or self.sending
            or self.shutting is STAGE_UNDERWAY
            or self.lookup in (STAGE_UNDERWAY, STAGE_CANCELLED)
        )

    def order_of_tokens(self) -> tuple[int, ...]:
        """Where in the machine the outstanding tokens are, by age: equal keys hold equal tokens there."""
        if len(self.outstanding) < 2:
            return (len(self.outstanding),)
        writing = self.machine.writing
        chunks = (*writing.queue, *writing.batch)
        held = [chunk[2] for chunk in chunks if chunk[2]]
        held += [token for batch in writing.done for token in batch]
        held += [*(writing.failed[0] if writing.failed else ()), *writing.enders]
        held += [token for token, _ in writing.answers]
        held += [effect.token for effect in self.stack if type(effect) is notices.Settled]
        order = [token for token, _ in self.outstanding]
        return (len(order), *[order.index(token) if token in order else -1 for token in held])

    # -- what the user does

    def is_call(self, name: str) -> bool:
        """The user may bring a lookup of his own, and answer it whenever he likes."""
        return super().is_call(name) or (name in ("looked_up", "lookup_failed") and self.lookup is STAGE_UNDERWAY)

    def asking(self, event: Event) -> None:
        """It costs something of the budget, and the user remembers it."""
        name, args = event
        if name == "write":
            self.writes -= 1
            self._give_out(args[2], args[0])
            self.gathering = self.gathering or gathers(event)
        elif name == "end":
            self.ends -= 1
            self._give_out(args[0], args[1] or b"")
        elif name in ("pause", "resume", "hold", "listen_readable"):
            self._flip(name, args)
        elif name == "adopt":
            self.adopted = self.open = True
            self.paused = args[0]
        elif name in ("looked_up", "lookup_failed"):
            self.lookup = STAGE_OVER
        elif name == "call_off":
            self.lookup = STAGE_NONE

    def _give_out(self, token: Token, payload: bytes) -> None:
        if token:
            self.tokens = token
            self.outstanding += ((token, self.machine.writing.bytes_written + len(payload)),)

    def _flip(self, name: str, args: tuple[Any, ...]) -> None:
        self.flips -= 1
        if name == "pause":
            self.paused = True
        elif name == "resume" or (name == "listen_readable" and args[1]):
            self.paused = False

    # -- what the driver does

    def answering(self, event: Event) -> None:
        """A deferred send is in flight from now on."""
        if event.name == "send_deferred":
            assert isinstance(self.asked, ops.Send)
            self.sending = True
            self.unsent = sum(map(len, self.asked.payloads)) - event.args[0]

    def reporting(self, event: Event) -> None:
        """What it completes is no longer owed."""
        _REPORTED[event.name](self, *event.args)

    def _lookup_over(self, _fault: Fault) -> None:
        self.lookup = STAGE_OVER

    def _attempt_over(self, attempt: int) -> None:
        self.flying = tuple([(other, cancelled) for other, cancelled in self.flying if other != attempt])

    def _connected(self, attempt: int) -> None:
        self._attempt_over(attempt)
        self.open = True

    def _received(self, payload: bytes, _count: int) -> None:
        self.chunks -= 1
        if self.machine.link is LINK_OPEN:
            self.lingering = False
            self.received += len(payload)

    def _reading_over(self) -> None:
        if self.machine.link is LINK_OPEN:
            self.reading = self.lingering = False

    def _eof(self, tail: bytes) -> None:
        self._reading_over()
        self.peer_ended = True
        if self.machine.link is LINK_OPEN:
            self.received += len(tail)

    def _progressed(self, count: int) -> None:
        self.unsent -= count

    def _sent(self) -> None:
        self.sending = False
        self.unsent = 0

    def _shut(self) -> None:
        self.shutting = STAGE_OVER

    def _closed(self) -> None:
        self.closing = STAGE_OVER
        self.lingering = False

    def fed(self, event: Event, before: tuple[enum.Enum, ...]) -> None:
        """A socket that is destroyed and has no handle, or has closed it, has nothing to count any more."""
        machine = self.machine
        if machine.link in _DEAD and (self.closing is not STAGE_NONE or not machine.has_handle):
            self._count_no_more()

    # -- how effects are carried out

    def _send(self, op: ops.Send) -> None:
        self.asked = op
        self.handed += sum(map(len, op.payloads))

    def _ask(self, op: effects.Op) -> None:
        self.asked = op

    def _start_lookup(self, _op: ops.Lookup) -> None:
        self.lookup = STAGE_UNDERWAY

    def _cancel_lookup(self, _op: ops.CancelLookup) -> None:
        self.lookup = STAGE_CANCELLED

    def _connect(self, op: ops.Connect) -> None:
        self.flying += ((op.attempt, False),)
        self.attempts = op.attempt + 1

    def _cancel_connect(self, op: ops.CancelConnect) -> None:
        self.flying = tuple([(other, cancelled or other == op.attempt) for other, cancelled in self.flying])

    def _start_read(self, _op: ops.StartRead) -> None:
        self.reading = True
        self.lingering = False

    def _stop_read(self, _op: effects.Op) -> None:
        self.lingering = self.family is FAMILY_COMPLETION and (self.lingering or self.reading)
        self.reading = False

    def _shutdown(self, _op: ops.Shutdown) -> None:
        self.shutting = STAGE_UNDERWAY

    def _close(self, op: effects.Op) -> None:
        self._stop_read(op)
        self.closing = STAGE_UNDERWAY
        self._count_no_more()

    def _count_no_more(self) -> None:
        """Nothing goes either way any more, and the counts mean nothing."""
        self.handed = self.received = self.delivered = 0
        self.owes_drain = self.paused = False

    def _arm(self, effect: effects.Arm) -> None:
        if effect.timer not in self.timers:
            self.timers += (effect.timer,)

    def _disarm(self, effect: effects.Disarm) -> None:
        self._timer_over(effect.timer)

    def _timer_over(self, timer: Timer) -> None:
        self.timers = tuple([other for other in self.timers if other is not timer])

    def _heard(self, fact: str) -> Any:
        setattr(self, fact, True)

    def _told_data(self, notice: notices.Data) -> None:
        self.delivered += len(notice.payload)

    def _told_drain(self, _notice: notices.Drain) -> None:
        self.owes_drain = False

    def _told_settled(self, notice: notices.Settled) -> None:
        self.outstanding = tuple([other for other in self.outstanding if other[0] != notice.token])

    def _taken(self, reply: effects.Taken) -> None:
        self.delivered += sum(map(len, reply.payloads))

    def _returned(self, call: Returned) -> None:
        machine = self.machine
        if call.name == "write" and not machine.accepts_more and machine.writable:
            self.owes_drain = True
        elif call.name == "end" and machine.writing.need_drain:
            self.owes_drain = True  # its own write was answered False; if that fails, an earlier one may tell 'drain'

    def _nothing(self, _effect: object) -> None:
        """It changes nothing here."""

    CARRY: ClassVar[dict[type, Callable[[Any, Any], object]]] = {
        ops.Lookup: _start_lookup,
        ops.CancelLookup: _cancel_lookup,
        ops.BindLocal: _ask,
        ops.Connect: _connect,
        ops.CancelConnect: _cancel_connect,
        ops.StartRead: _start_read,
        ops.StopRead: _stop_read,
        ops.Send: _send,
        ops.Shutdown: _shutdown,
        ops.Close: _close,
        ops.Reset: _close,
        ops.SetNoDelay: _nothing,
        ops.SetKeepAlive: _nothing,
        ops.SetTypeOfService: _nothing,
        effects.Arm: _arm,
        effects.Disarm: _disarm,
        effects.Touch: _nothing,
        effects.Taken: _taken,
        Returned: _returned,
        notices.LookedUp: _nothing,
        notices.AttemptStarted: _nothing,
        notices.AttemptFailed: _nothing,
        notices.AttemptTimedOut: _nothing,
        notices.Connected: lambda self, _: self._heard("connected"),
        notices.Ready: lambda self, _: self._heard("readied"),
        notices.Data: _told_data,
        notices.Readable: _nothing,
        notices.Paused: _nothing,
        notices.Resumed: _nothing,
        notices.End: lambda self, _: self._heard("ended"),
        notices.Drain: _told_drain,
        notices.Prefinish: lambda self, _: self._heard("prefinished"),
        notices.Finished: lambda self, _: self._heard("finished"),
        notices.Idle: _nothing,
        notices.Settled: _told_settled,
        notices.Failed: lambda self, _: self._heard("failed"),
        notices.Closed: lambda self, _: self._heard("closed"),
    }


_REPORTED: Final[dict[str, Callable[..., object]]] = {
    "lookup_failed": SocketWorld._lookup_over,
    "connected": SocketWorld._connected,
    "attempt_failed": lambda world, attempt, _: world._attempt_over(attempt),
    "received": SocketWorld._received,
    "eof": SocketWorld._eof,
    "read_failed": lambda world, _: world._reading_over(),
    "progressed": SocketWorld._progressed,
    "sent": lambda world, _: world._sent(),
    "send_failed": lambda world, *_: world._sent(),
    "shut_down": SocketWorld._shut,
    "shutdown_failed": lambda world, _: world._shut(),
    "closed": SocketWorld._closed,
    "timer_fired": SocketWorld._timer_over,
}
