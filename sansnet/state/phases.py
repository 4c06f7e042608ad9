"""The phases of every small machine, and their legal moves, as data. The diagrams in the docs are drawn from here."""

from __future__ import annotations

import enum
from typing import Final

from .values import Word

__all__ = [
    "FLIGHT_ASKED",
    "FLIGHT_GATHERING",
    "FLIGHT_NONE",
    "FLIGHT_UNDERWAY",
    "FLIGHT_WAITING",
    "FLOW_FLOWING",
    "FLOW_PAUSED",
    "FLOW_UNSET",
    "LINK_CLOSED",
    "LINK_CLOSING",
    "LINK_CONNECTING",
    "LINK_IDLE",
    "LINK_LOOKING_UP",
    "LINK_OPEN",
    "LINK_REFUSED",
    "LISTEN_BINDING",
    "LISTEN_IDLE",
    "LISTEN_LISTENING",
    "LISTEN_LOOKING_UP",
    "MOVES",
    "READ_ENDED",
    "READ_EOF",
    "READ_NONE",
    "READ_OPEN",
    "READ_OVER",
    "WRITE_ENDING",
    "WRITE_FINISHED",
    "WRITE_NONE",
    "WRITE_OPEN",
    "WRITE_OVER",
    "WRITE_SHUT",
    "WRITE_SHUTTING",
    "Flight",
    "Flow",
    "Link",
    "Listen",
    "Read",
    "Write",
]


class Link(Word):
    """Is there a connection?"""

    IDLE = "idle"  # none was ever asked for
    LOOKING_UP = "looking up"  # a name is being looked up
    CONNECTING = "connecting"  # attempts are made
    REFUSED = "refused"  # the only attempt failed; the user is being told, the socket is about to be destroyed
    OPEN = "open"
    CLOSING = "closing"  # destroyed; what is in flight completes, then the handle reports that it is closed
    CLOSED = "closed"


class Read(Word):
    """The half that receives."""

    NONE = "none"  # the socket was made without this half
    OPEN = "open"
    EOF = "eof"  # the peer has ended; what is buffered, and then 'end', is still to be told
    ENDED = "ended"  # 'end' is being told
    OVER = "over"  # 'end' was told, and its listeners have returned


class Write(Word):
    """The half that sends."""

    NONE = "none"  # the socket was made without this half
    OPEN = "open"
    ENDING = "ending"  # end() was called; bytes are still buffered, or there is no connection yet
    SHUTTING = "shutting"  # Shutdown is in flight
    SHUT = "shut"  # FIN was handed over, 'finish' is to be told in a tick
    FINISHED = "finished"  # 'finish' is being told
    OVER = "over"  # 'finish' was told, and its listeners have returned


class Flight(Word):
    """The bytes that left the write queue: where are they?"""

    NONE = "none"  # there are none
    GATHERING = "gathering"  # with the machine, until the listeners that write them have returned
    WAITING = "waiting"  # for the connection
    ASKED = "asked"  # Send was issued, and is being answered
    UNDERWAY = "underway"  # the driver has them, and will say when they are gone


class Flow(Word):
    """Who moves data out of the read buffer? (Node: readable.readableFlowing null, true, false)"""

    UNSET = "unset"  # nobody yet
    FLOWING = "flowing"  # it is told as it comes
    PAUSED = "paused"  # the user, by read() or, later, resume()


class Listen(Word):
    """A server's listener."""

    IDLE = "idle"
    LOOKING_UP = "looking up"
    BINDING = "binding"  # the literal address is bound in a tick, or Listen waits for its answer
    LISTENING = "listening"


# The phases by names of their own, for whoever asks at every message: to find a member in its enum costs CPython 3.11
# as much as four calls.

LINK_IDLE: Final = Link.IDLE
LINK_LOOKING_UP: Final = Link.LOOKING_UP
LINK_CONNECTING: Final = Link.CONNECTING
LINK_REFUSED: Final = Link.REFUSED
LINK_OPEN: Final = Link.OPEN
LINK_CLOSING: Final = Link.CLOSING
LINK_CLOSED: Final = Link.CLOSED

READ_NONE: Final = Read.NONE
READ_OPEN: Final = Read.OPEN
READ_EOF: Final = Read.EOF
READ_ENDED: Final = Read.ENDED
READ_OVER: Final = Read.OVER

WRITE_NONE: Final = Write.NONE
WRITE_OPEN: Final = Write.OPEN
WRITE_ENDING: Final = Write.ENDING
WRITE_SHUTTING: Final = Write.SHUTTING
WRITE_SHUT: Final = Write.SHUT
WRITE_FINISHED: Final = Write.FINISHED
WRITE_OVER: Final = Write.OVER

FLIGHT_NONE: Final = Flight.NONE
FLIGHT_GATHERING: Final = Flight.GATHERING
FLIGHT_WAITING: Final = Flight.WAITING
FLIGHT_ASKED: Final = Flight.ASKED
FLIGHT_UNDERWAY: Final = Flight.UNDERWAY

FLOW_UNSET: Final = Flow.UNSET
FLOW_FLOWING: Final = Flow.FLOWING
FLOW_PAUSED: Final = Flow.PAUSED

LISTEN_IDLE: Final = Listen.IDLE
LISTEN_LOOKING_UP: Final = Listen.LOOKING_UP
LISTEN_BINDING: Final = Listen.BINDING
LISTEN_LISTENING: Final = Listen.LISTENING


MOVES: Final[dict[enum.Enum, tuple[enum.Enum, ...]]] = {
    Link.IDLE: (Link.LOOKING_UP, Link.CONNECTING, Link.OPEN, Link.CLOSING),
    Link.LOOKING_UP: (Link.CONNECTING, Link.IDLE, Link.CLOSING),
    Link.CONNECTING: (Link.OPEN, Link.REFUSED, Link.CLOSING),
    Link.REFUSED: (Link.CLOSING,),
    Link.OPEN: (Link.CLOSING,),
    Link.CLOSING: (Link.CLOSED,),
    Link.CLOSED: (),
    Read.NONE: (),
    Read.OPEN: (Read.EOF,),
    Read.EOF: (Read.ENDED,),
    Read.ENDED: (Read.OVER,),
    Read.OVER: (),
    Write.NONE: (),
    Write.OPEN: (Write.ENDING,),
    Write.ENDING: (Write.SHUTTING, Write.SHUT),
    Write.SHUTTING: (Write.SHUT,),
    Write.SHUT: (Write.FINISHED,),
    Write.FINISHED: (Write.OVER,),
    Write.OVER: (),
    Flight.NONE: (Flight.GATHERING, Flight.WAITING, Flight.ASKED),
    Flight.GATHERING: (Flight.ASKED,),
    Flight.WAITING: (Flight.ASKED, Flight.NONE),
    Flight.ASKED: (Flight.UNDERWAY, Flight.NONE),
    Flight.UNDERWAY: (Flight.NONE,),
    Flow.UNSET: (Flow.FLOWING, Flow.PAUSED),
    Flow.FLOWING: (Flow.PAUSED,),
    Flow.PAUSED: (Flow.FLOWING, Flow.UNSET),
    Listen.IDLE: (Listen.LOOKING_UP, Listen.BINDING),
    Listen.LOOKING_UP: (Listen.LOOKING_UP, Listen.BINDING, Listen.IDLE),
    Listen.BINDING: (Listen.LOOKING_UP, Listen.BINDING, Listen.LISTENING, Listen.IDLE),
    Listen.LISTENING: (Listen.IDLE,),
}
