"""A trace: what went into the machines of a program, and what they answered.

Theory
------
A machine is a function of its inputs. So a recording that has every input of a machine, in order, has all that the
machine ever knew: fed to a fresh machine, they must bring about the same effects, without a socket and without a loop.
What was a matter of timing on a real network becomes a file that plays the same way every time. That is what a trace
is for: a bug is recorded where it happens (`record`), played where it can be looked at (`replay_trace`), made small
(`shrink`), and drawn (`diagram`).

A trace is a sequence of entries, in the order in which things happened on one driver:

- `Made`     a machine begins, with the state that it has before its first input (options; what a life before it left);
- `Fed`      an input, and the effects that it returned. An input is one step: a machine calls nobody, so entries don't
             nest, and an answer that the driver gives at once is the entry after the one that asked;
- `Changed`  the user has set an attribute, which is no input and is answered by nothing;
- `Opened`   there is a connection, and these are its ends. It is told for the reader; no machine knows it.

`at` is the driver's time in seconds since the recording began. Machines are called by kind and number, "socket 1" and
"server 1", in the order in which they were made; on a simulated network with their host, "socket 1 of client". What is
opaque to the machines (a connection that a server accepted, an exception that the user gave to `destroy`) is a name
here as well: `Opaque("connection 1")`.

The modules: `trace_recorder` records, `trace_format` writes and reads files (JSON Lines), by way of `trace_codec`
(values as JSON), `trace_replay` plays, `trace_shrink` makes small, `trace_diagram` and `trace_svg` draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final, NamedTuple, final

from ..state.effects import Effect
from ..state.endpoints import Endpoint
from ..state.faults import Fault
from ..state.inputs import SERVER_INPUTS, SOCKET_INPUTS, By, Input
from ..state.machine import Event, Machine
from ..state.ops import SetKeepAlive
from ..state.phases import Flow, Read, Write
from ..state.server import ServerMachine
from ..state.socket import SocketMachine

__all__ = [
    "KINDS",
    "Changed",
    "Entry",
    "Fed",
    "Kind",
    "Made",
    "Opaque",
    "Opened",
    "Trace",
    "TraceError",
    "assign",
    "kind_of",
]


class TraceError(ValueError):
    """This is no trace. `line` is the line of the file that is wrong, 1 the first."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line: Final = line


class Opaque(NamedTuple):
    """Stands for something that the machines only pass on."""

    name: str


class Made(NamedTuple):
    """A machine begins. `state` are the attributes (`reading.flow`) that differ from those of a new machine.

    A socket that a server accepted names the `server`, if that was recorded too, and the `connection`; one that takes
    up where a destroyed one left off names that one, `after`.
    """

    at: float
    who: str
    state: Mapping[str, Any] = {}
    server: str = ""
    connection: str = ""
    after: str = ""


class Fed(NamedTuple):
    """An input and what came of it: effects; or it was misuse, and `misuse` says of which rule; or the machine broke,
    and `crash` is the exception in one line.
    """

    at: float
    who: str
    event: Event
    effects: tuple[Effect, ...] = ()
    misuse: Fault | None = None
    crash: str = ""

    @property
    def by(self) -> By:
        """Who gave the input."""
        return kind_of(self.who).inputs[self.event.name].by


class Changed(NamedTuple):
    """The user has set an attribute."""

    at: float
    who: str
    name: str
    value: Any


class Opened(NamedTuple):
    """The two ends of a connection, as the driver tells them; None where there is no name."""

    at: float
    who: str
    local: Endpoint | None
    remote: Endpoint | None


Entry = Made | Fed | Changed | Opened


class Trace(NamedTuple):
    """Entries in order. Two traces are equal when all that happened in them is, times included."""

    entries: tuple[Entry, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The machines, in the order in which they were made."""
        return tuple(entry.who for entry in self.entries if isinstance(entry, Made))

    def of(self, *names: str) -> Trace:
        """What concerns these machines alone."""
        return Trace(tuple(entry for entry in self.entries if entry.who in names))


@final
class Kind(NamedTuple):
    """A kind of machine: its class, its inputs, and the attributes that may be set before or between them."""

    machine: type[SocketMachine] | type[ServerMachine]
    inputs: Mapping[str, Input]
    attributes: Mapping[str, Any]


KINDS: Final[Mapping[str, Kind]] = {
    "socket": Kind(
        SocketMachine,
        SOCKET_INPUTS,
        {
            "allow_half_open": bool,
            "idle_seconds": float,
            "no_delay": bool,
            "keep_alive": SetKeepAlive | None,
            "type_of_service": int | None,
            "reading.phase": Read,
            "reading.flow": Flow,
            "reading.high_water_mark": int,
            "reading.direct": bool,
            "reading.paused": bool,
            "reading.listening": bool,
            "reading.wanted": bool,
            "writing.phase": Write,
            "writing.high_water_mark": int,
            "writing.max_buffered": int | None,
        },
    ),
    "server": Kind(ServerMachine, SERVER_INPUTS, {"max_connections": int | None}),
}


def kind_of(who: str) -> Kind:
    """The kind of the machine of that name. Raises KeyError for a name that no machine could have."""
    return KINDS[who.partition(" ")[0]]


def assign(machine: Machine, name: str, value: object) -> None:
    """Set an attribute of a machine, or with a dot in the name, of a part of it."""
    part, _, field = name.rpartition(".")
    setattr(attrgetter(part)(machine) if part else machine, field, value)
