"""Two real sockets with a network between them: what a ghost of a driver may do, the other end has to bring about.

A `SocketModel` lets its driver do whatever the contract lets a driver do, also what no network would. Here each end is
such a world, with the laws of sockets held in it; but its driver can report only what the other end and the network
have made true. So joint laws can be told: what one hears is all that the other said.

The network delays as it likes (to lose a segment and to send it again is the same to TCP), brings bytes in other pieces
than they were sent in, and may break the connection. Closing with unread bytes, or writing to who is gone, is an RST.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, Final, NamedTuple, final

from ..state import notices, ops
from ..state.effects import Taken
from ..state.faults import Fault
from ..state.inputs import SOCKET_INPUTS, By
from ..state.machine import Event
from ..state.phases import Link
from .ghosts import Bounds, SocketWorld
from .laws import Law, Promise, Reached, See, always, eventually, sometimes
from .loop import GO_ON, Stage
from .models import SocketModel, full_name

__all__ = [
    "FIN",
    "PAIR",
    "PAIR_LAWS",
    "PAIR_WIDE",
    "RST",
    "End",
    "Ended",
    "Pair",
    "PairModel",
    "after",
    "can_happen",
    "end_tells_of_all_that_was_said",
    "key_of",
]

FIN: Final = "FIN"
RST: Final = "RST"
Segment = bytes | str

_RESET: Final = Fault("ECONNRESET", syscall="read")
_PIPE: Final = Fault("EPIPE", syscall="write")
_CANCELLED: Final = Fault("ECANCELED")


class End(NamedTuple):
    """A socket, and what its system knows of the connection."""

    world: Any  # a SocketWorld; None before it is accepted
    inbox: tuple[Segment, ...] = ()  # on its way here, or here and not read
    unsent: bytes = b""  # what the send in flight has left
    said: int = 0  # bytes that left
    heard: int = 0  # bytes that the user was told
    shut: bool = False  # FIN was sent
    resets: bool = False  # it is being closed by RST
    gone: bool = False  # the handle is closed

    @property
    def is_broken(self) -> bool:
        """Is an RST here?"""
        return self.inbox[:1] == (RST,)


class Pair(NamedTuple):
    """The world: both ends, and how often the connection may still break."""

    left: End
    right: End
    breaks: int


class Ended(NamedTuple):
    """A moment: 'end' was told at this end, the other is there."""

    end: End
    other: End


# -- what can happen at one end --------------------------------------------------------------------------------------


def can_happen(end: End, model: SocketModel) -> Iterator[Event]:
    """What the user may do, and what the loop and the driver have to; always in the same order."""
    world = end.world
    if isinstance(world.asked, ops.Send):
        yield from _answers(end, sum(map(len, world.asked.payloads)) if model.bounds.deferred else 0)
        return
    for event in model.events(world):
        if event == GO_ON or (event.name in SOCKET_INPUTS and SOCKET_INPUTS[event.name].by is By.USER):
            yield event
    if world.quiet and world.open:
        yield from _reports(end) if world.closing is Stage.NONE else _last_reports(world)


def _answers(end: End, size: int) -> Iterator[Event]:
    if end.is_broken:
        yield Event("send_failed", (_PIPE, True))
        return
    yield Event("sent", (True,))
    if size:
        yield Event("send_deferred", (0,))


def _reports(end: End) -> Iterator[Event]:
    world = end.world
    if end.inbox and (world.reading or world.lingering):
        first = end.inbox[0]
        if isinstance(first, bytes):
            yield Event("received", (first, len(first)))
            if len(first) > 1:
                yield Event("received", (first[:1], 1))
        else:
            yield Event("eof", (b"",)) if first == FIN else Event("read_failed", (_RESET,))
    if world.sending:
        yield Event("send_failed", (_PIPE, False)) if end.is_broken else Event("sent", (False,))
    if world.shutting is Stage.UNDERWAY:
        yield Event("shut_down")


def _last_reports(world: SocketWorld) -> Iterator[Event]:
    """The handle is being closed: what is in flight is cancelled, then it is closed."""
    if world.sending:
        yield Event("send_failed", (_CANCELLED, False))
    elif world.shutting is Stage.UNDERWAY:
        yield Event("shutdown_failed", (_CANCELLED,))
    elif world.closing is Stage.UNDERWAY:
        yield Event("closed")


# -- what becomes of it ----------------------------------------------------------------------------------------------


def after(end: End, other: End, event: Event, model: SocketModel, see: See) -> tuple[End, End]:
    """Both ends after an event at the first of them. `see` is shown the moments of its socket, and `Ended`."""
    heard, resets, ended = end.heard, end.resets, False

    def look(world: object, moment: object) -> None:
        nonlocal heard, resets, ended
        see(world, moment)
        if isinstance(moment, notices.Data):
            heard += len(moment.payload)
        elif isinstance(moment, Taken):
            heard += sum(map(len, moment.payloads))
        elif isinstance(moment, notices.End):
            ended = True
        elif isinstance(moment, ops.Reset):
            resets = True

    end, sent = _on_the_wire(end, event)
    now = end._replace(world=model.step(end.world, event, look), heard=heard, resets=resets)
    if event.name == "closed":
        sent = _farewell(now)
        now = now._replace(inbox=(), gone=True)
    for segment in sent:
        now, other = _carry(now, other, segment)
    if ended:
        see(now, Ended(now, other))
    return now, other


def _on_the_wire(end: End, event: Event) -> tuple[End, tuple[Segment, ...]]:
    """What a report means to the system: something was taken from the inbox, something was sent."""
    name = event.name
    if name in ("received", "eof") or (name == "read_failed" and end.is_broken):
        first, *rest = end.inbox
        left = first[event.args[1] :] if name == "received" and isinstance(first, bytes) else b""
        broken = (RST,) if name == "read_failed" else ()  # it stays so
        return end._replace(inbox=(*([left] if left else []), *broken, *rest)), ()
    asked = end.world.asked
    if isinstance(asked, ops.Send):
        payload = b"".join(map(bytes, asked.payloads))
        if name == "send_deferred":
            return end._replace(unsent=payload), ()
        return end, (payload,) if name == "sent" and payload else ()
    if name in ("sent", "send_failed"):
        unsent = end.unsent
        return end._replace(unsent=b""), (unsent,) if name == "sent" and unsent else ()
    if name == "shut_down":
        return end._replace(shut=True), (FIN,)
    return end, ()


def _farewell(end: End) -> tuple[Segment, ...]:
    if end.is_broken:
        return ()
    if end.resets or any(isinstance(segment, bytes) for segment in end.inbox):
        return (RST,)
    return () if end.shut else (FIN,)


def _carry(end: End, other: End, segment: Segment) -> tuple[End, End]:
    if isinstance(segment, bytes):
        end = end._replace(said=end.said + len(segment))
    if other.gone:
        return (end._replace(inbox=(RST,)) if isinstance(segment, bytes) and not end.gone else end), other
    return end, other._replace(inbox=(*other.inbox, segment)) if not other.is_broken else other


def key_of(end: End, model: SocketModel) -> Hashable:
    """Equal for ends that are in the same situation."""
    inbox = tuple([len(segment) if isinstance(segment, bytes) else segment for segment in end.inbox])
    world = model.key(end.world) if end.world is not None else None
    return (world, inbox, len(end.unsent), end.said, end.heard, *end[5:])


# -- the laws --------------------------------------------------------------------------------------------------------


@always(Ended)
def end_tells_of_all_that_was_said(_end: Any, moment: Ended) -> bool:
    """Whoever hears 'end' has heard all that the other has sent, and the other has ended or is gone."""
    return moment.end.heard == moment.other.said and (moment.other.shut or moment.other.gone)


@always(Reached)
def nothing_is_heard_that_was_not_said(pair: Pair, _moment: Reached) -> bool:
    """Nobody hears more than the other has sent."""
    return pair.left.heard <= pair.right.said and pair.right.heard <= pair.left.said


@sometimes(Reached)
def both_hear_and_close(pair: Pair, _moment: Reached) -> bool:
    """Both have heard something and are closed, without an error."""
    return all(end.heard and end.world.closed and not end.world.failed for end in pair[:2])


@sometimes(Reached)
def a_reset_is_heard_of(pair: Pair, _moment: Reached) -> bool:
    """One end is destroyed with bytes unread, and the other hears of an RST."""
    return any(end.world.failed and other.gone for end, other in (pair[:2], pair[1::-1]))


def _nobody_asks(_pair: Pair, event: Event) -> bool:
    return event.name != "break" and (event.args[0] == GO_ON or SOCKET_INPUTS[event.args[0].name].by is not By.USER)


@eventually(fair=_nobody_asks, when=lambda pair: all(end.world.ends == 0 and not end.world.paused for end in pair[:2]))
def two_ends_lead_to_close(pair: Pair) -> bool:
    """Once both have ended, and nobody pauses, both close without anybody doing anything more."""
    return all(end.world.machine.link is Link.CLOSED for end in pair[:2])


def _both_give_up(pair: Pair, event: Event) -> bool:
    return event.name != "break" and (_nobody_asks(pair, event) or event.args[0].name == "destroy")


@eventually(fair=_both_give_up)
def destroying_both_leads_to_close(pair: Pair) -> bool:
    """From everywhere destroy() at both ends leads to 'close' at both, with every callback called."""
    return all(end.world.closed and end.world.quiet and not end.world.outstanding for end in pair[:2])


PAIR_LAWS: Final = (
    end_tells_of_all_that_was_said,
    nothing_is_heard_that_was_not_said,
    both_hear_and_close,
    a_reset_is_heard_of,
    two_ends_lead_to_close,
    destroying_both_leads_to_close,
)


# -- the model -------------------------------------------------------------------------------------------------------


@final
class PairModel:
    """Two open sockets whose data flows, each with a user within bounds."""

    def __init__(
        self, name: str, bounds: Bounds, *, breaks: int = 0, laws: Sequence[Law | Promise] = (), **options: Any
    ) -> None:
        """A model of that name, "package.module.NAME".

        bounds: of each user. breaks: how often the connection may break. laws: besides those of sockets and pairs;
        their worlds are a `Pair`, or, for what one socket shows, its `SocketWorld`. options: of both sockets.
        """
        self._made_of = (name, bounds, breaks, laws, options)
        self._inner: Final = SocketModel(name, bounds, options)
        self._breaks: Final = breaks
        self.name: Final = full_name(name, __name__)
        self.laws: Final[tuple[Law | Promise, ...]] = (
            *[law for law in self._inner.laws if isinstance(law, Law)],
            *PAIR_LAWS,
            *laws,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (_made, self._made_of)

    def initial(self) -> Sequence[Pair]:
        """Both are there, and flow."""
        (world,) = self._inner.initial()
        for event in (Event("adopt", (False, False)), Event("resume")):
            world = self._inner.step(world, event, _nothing)
        while world.fifo:
            world = self._inner.step(world, GO_ON, _nothing)
        self._inner.initial()  # what nobody has looked at is new
        return [Pair(End(world), End(world), self._breaks)]

    def events(self, pair: Pair) -> Sequence[Event]:
        """What may happen at either end; and between turns the connection may break."""
        events = [Event(side, (event,)) for side in pair._fields[:2] for event in self._events_at(getattr(pair, side))]
        if pair.breaks and not any(end.is_broken or end.gone or end.world.asked for end in pair[:2]):
            events.append(Event("break"))
        return events

    def _events_at(self, end: End) -> Iterator[Event]:
        return can_happen(end, self._inner)

    def step(self, pair: Pair, event: Event, see: See) -> Pair:
        """The pair after `event`."""
        if event.name == "break":
            left, right = [end._replace(inbox=(RST,)) for end in (pair.left, pair.right)]
            return Pair(left, right, pair.breaks - 1)
        if event.name == "left":
            left, right = after(pair.left, pair.right, event.args[0], self._inner, see)
        else:
            right, left = after(pair.right, pair.left, event.args[0], self._inner, see)
        return Pair(left, right, pair.breaks)

    def key(self, pair: Pair) -> Hashable:
        """Equal for pairs that are in the same situation; which end is the left one makes no difference."""
        return (frozenset([key_of(end, self._inner) for end in pair[:2]]), pair.breaks)

    def label(self, pair: Pair) -> str:
        """What a diagram calls a pair."""
        return f"{pair.left.world.machine.ready_state}, {pair.right.world.machine.ready_state}"


def _made(name: str, bounds: Bounds, breaks: int, laws: Sequence[Law | Promise], options: dict[str, Any]) -> PairModel:
    return PairModel(name, bounds, breaks=breaks, laws=laws, **options)


def _nothing(_world: object, _moment: object) -> None:
    """Before the first state nobody looks."""


_USERS: Final = Bounds(
    at_rest=("write", "end", "destroy"),
    adopted=((False, False),),
    writes=1,
    ends=1,
    flips=1,
)

PAIR: Final = PairModel("PAIR", _USERS._replace(with_token=(False,)))
"""Each user may write a byte, end, and destroy."""

PAIR_WIDE: Final = PairModel("PAIR_WIDE", _USERS._replace(write_sizes=(2,)), breaks=1)
"""The same with two bytes, which may come in pieces, with callbacks, and a connection that may break. Minutes."""
