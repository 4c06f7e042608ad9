"""A model of one's own: two sockets back to back, each with a user who writes and ends. Explore it by

    python -m examples.two_sockets
    python -m sansnet check examples.two_sockets:PAIR --format mermaid

A model says five things: its `name` and `laws`, the worlds it begins with, what can happen in one, and what becomes of
a world when it does; `key` tells which worlds are the same. Here a world is two `End`s. An end is the real socket
machine, and as much of a driver and a loop as it takes: what is on the wire to it, which of its turns are due, which
reports of the driver. There is no clock and no network, so every order in which things can happen is gone through.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from sansnet.state import Event, SocketMachine, Step, ops
from sansnet.state.effects import Effects, Then, Tick
from sansnet.state.notices import Closed, Data
from sansnet.state.notices import End as Ended
from sansnet.state.phases import Link
from sansnet.testing import Reached, See, always, eventually, explore, sometimes

FIN = b""
"""On a wire: nothing more will come."""

WORD = b"ab"


class End:
    """One socket: its machine, its loop, its driver, and what its user has said and heard."""

    __slots__ = ("due", "ending", "heard", "machine", "reading", "said", "turns", "wire")

    def __init__(self, machine: SocketMachine) -> None:
        self.machine = machine
        self.turns: tuple[Step, ...] = ()  # its ticks, in the order in which they are due
        self.wire: tuple[bytes, ...] = ()  # what is on the way to it
        self.due: tuple[str, ...] = ()  # what its driver has yet to report
        self.reading = self.ending = False
        self.said = self.heard = 0  # bytes

    def clone(self) -> End:
        """A copy that shares nothing that changes."""
        copy = End(self.machine.clone())
        for name in self.__slots__[:3] + self.__slots__[4:]:
            setattr(copy, name, getattr(self, name))
        return copy

    def key(self) -> Hashable:
        """Equal for ends that are in the same situation."""
        return (self.machine.key(), self.turns, self.wire, self.due, self.reading, self.ending, self.said, self.heard)


class Pair(NamedTuple):
    """The world: two ends."""

    left: End
    right: End

    def end_of(self, event: Event) -> tuple[End, End]:
        """Whose event it is, and who is at the other end."""
        return (self.left, self.right) if event.args[0] == "left" else (self.right, self.left)


# -- the laws --------------------------------------------------------------------------------------------------------


@always(Reached)
def nothing_is_heard_that_was_not_said(pair: Pair, _moment: Reached) -> bool:
    """Nobody hears more than the other has said."""
    return pair.left.heard <= pair.right.said and pair.right.heard <= pair.left.said


@always(Ended)
def the_end_comes_last(pair: Pair, _notice: Ended) -> bool:
    """Whoever hears of the end has an other who has ended."""
    return pair.left.ending or pair.right.ending


@sometimes(Closed)
def both_have_said_something(pair: Pair, _notice: Closed) -> bool:
    """Sometimes both have spoken by the time that one of them is closed."""
    return pair.left.said > 0 and pair.right.said > 0


def _nobody_asks(_pair: Pair, event: Event) -> bool:
    return event.name not in ("write", "end")


@eventually(fair=_nobody_asks, when=lambda pair: pair.left.ending or pair.right.ending)
def an_end_leads_to_close(pair: Pair) -> bool:
    """Once one of them ends, everything is heard, and both close, without anybody doing anything more."""
    heard = pair.left.heard == pair.right.said and pair.right.heard == pair.left.said
    return heard and pair.left.machine.link is pair.right.machine.link is Link.CLOSED


# -- the model -------------------------------------------------------------------------------------------------------


class TwoSockets:
    """Two open sockets. Each user may write `writes` times, and end once."""

    def __init__(self, name: str, *, writes: int) -> None:
        self.name = f"{__name__}.{name}"
        self.laws = (
            nothing_is_heard_that_was_not_said,
            the_end_comes_last,
            both_have_said_something,
            an_end_leads_to_close,
        )
        self.most = writes * len(WORD)

    def initial(self) -> Sequence[Pair]:
        """Two open sockets whose data flows."""
        pair = Pair(End(SocketMachine()), End(SocketMachine()))
        for end, other in (pair, pair[::-1]):
            for name, args in (("adopt", (False, False)), ("resume", ())):
                _carry(pair, end, other, end.machine.feed(Event(name, args)), _nothing)
        return [pair]

    def events(self, pair: Pair) -> Sequence[Event]:
        """What either user may do, and what either loop and driver has to."""
        return [Event(name, (side,)) for side in pair._fields for name in self._events_of(getattr(pair, side))]

    def _events_of(self, end: End) -> list[str]:
        asks = []
        if end.machine.writable:  # a user who asks first; whoever doesn't may write in vain
            asks = ["write", "end"] if end.said < self.most else ["end"]
        return asks + _reports(end)

    def step(self, pair: Pair, event: Event, see: See) -> Pair:
        """The world after `event`."""
        pair = Pair(pair.left.clone(), pair.right.clone())
        end, other = pair.end_of(event)
        _carry(pair, end, other, _feed(end, event.name), see)
        return pair

    def key(self, pair: Pair) -> Hashable:
        """Equal for pairs that are in the same situation."""
        return (pair.left.key(), pair.right.key())

    def label(self, pair: Pair) -> str:
        """What a diagram calls a pair."""
        return f"{pair.left.machine.ready_state}, {pair.right.machine.ready_state}"


PAIR = TwoSockets("PAIR", writes=1)


def _reports(end: End) -> list[str]:
    """What an end's loop and driver have to do: turns come before reports."""
    if end.turns:
        return ["go_on"]
    return [*(["deliver"] if end.wire and end.reading else []), *end.due[:1]]


def _feed(end: End, name: str) -> Effects:
    """One input for the machine."""
    machine = end.machine
    if name == "go_on":
        step, *rest = end.turns
        end.turns = tuple(rest)
        return machine.ticked(step)
    if name == "deliver":
        chunk, *later = end.wire
        end.wire = tuple(later)
        return machine.received(chunk, len(chunk)) if chunk else machine.eof(b"")
    if name == "write":
        end.said += len(WORD)
        return machine.write(WORD, len(WORD))
    if name == "end":
        end.ending = True
        return machine.end()
    end.due = end.due[1:]
    return machine.feed(Event(name))


def _carry(pair: Pair, end: End, other: End, effects: Effects, see: See) -> None:
    """Carry out what a machine answered, in order; what is answered at once goes through the machine at once."""
    for effect in effects:
        see(pair, effect)
        match effect:
            case Tick(step=step):
                end.turns += (step,)
            case Then(step=step):
                _carry(pair, end, other, end.machine.ticked(step), see)
            case ops.Send(payloads=payloads):
                other.wire += tuple(payloads)
                _carry(pair, end, other, end.machine.sent(True), see)
            case ops.Shutdown():
                other.wire += (FIN,)
                end.due += ("shut_down",)
            case ops.StartRead() | ops.StopRead():
                end.reading = isinstance(effect, ops.StartRead)
            case ops.Close():
                end.reading = False
                end.due += ("closed",)
            case Data(payload=payload):
                end.heard += len(payload)
            case _:
                pass  # timers that nobody set, and notices that this model's laws don't ask for


def _nothing(_pair: Any, _moment: object) -> None:
    """Before the first state nobody looks."""


if __name__ == "__main__":
    print(explore(PAIR).check().report)
