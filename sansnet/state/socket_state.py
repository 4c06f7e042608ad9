"""What a socket is: its fields, and what can be told from them. How it moves is in `socket.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

from .connecting import NEVER_ASKED, Connecting
from .faults import Fault
from .machine import Machine
from .ops import SetKeepAlive
from .phases import (
    FLIGHT_UNDERWAY,
    LINK_CLOSED,
    LINK_CLOSING,
    LINK_CONNECTING,
    LINK_IDLE,
    LINK_LOOKING_UP,
    LINK_OPEN,
    LINK_REFUSED,
    READ_ENDED,
    READ_EOF,
    READ_OPEN,
    READ_OVER,
    WRITE_FINISHED,
    WRITE_NONE,
    WRITE_OPEN,
    WRITE_OVER,
    WRITE_SHUTTING,
    Link,
)
from .reading import ReadHalf
from .writing import WriteHalf

__all__ = ["AFTER_END", "DEAD", "END_DESTROYED", "UNDER_WAY", "WRITE_DESTROYED", "SocketState"]

DEAD: Final = (LINK_CLOSING, LINK_CLOSED)
UNDER_WAY: Final = (LINK_LOOKING_UP, LINK_CONNECTING)

AFTER_END: Final = Fault("ERR_STREAM_WRITE_AFTER_END")
WRITE_DESTROYED: Final = Fault("ERR_STREAM_DESTROYED", text="Cannot call write after a stream was destroyed")
END_DESTROYED: Final = Fault("ERR_STREAM_DESTROYED", text="Cannot call end after a stream was destroyed")
_ENDED_BY_PEER: Final = Fault("EPIPE", text="This socket has been ended by the other party")
_ALREADY_FINISHED: Final = Fault("ERR_STREAM_ALREADY_FINISHED")


class SocketState(Machine):
    """What is known of a socket, and what that means."""

    FIELDS = (
        "link",
        "connecting",
        "reading",
        "writing",
        "allow_half_open",
        "is_path",
        "errored",
        "told_error",
        "destroy_when_finished",
        "reset_when_connected",
        "auto_ending",
        "has_bound",
        "has_handle",
        "handle_closed",
        "idle_seconds",
        "idle_armed",
        "no_delay",
        "keep_alive",
        "type_of_service",
    )
    __slots__ = FIELDS
    KEY: ClassVar[dict[str, Callable[[Any], object]]] = {
        "errored": lambda fault: fault and fault.code,
        "told_error": lambda fault: fault and fault.code,
    }

    def __init__(
        self,
        *,
        allow_half_open: bool = False,
        readable: bool = True,
        writable: bool = True,
        read_high_water_mark: int = 65536,
        write_high_water_mark: int = 65536,
        max_buffered: int | None = None,
    ) -> None:
        self.link: Link = LINK_IDLE
        self.connecting: Connecting = NEVER_ASKED  # connect() brings one of its own
        self.reading: ReadHalf = ReadHalf(read_high_water_mark, readable=readable)
        self.writing: WriteHalf = WriteHalf(write_high_water_mark, max_buffered=max_buffered, writable=writable)
        self.allow_half_open: bool = allow_half_open
        self.is_path: bool = False
        self.errored: Fault | None = None  # the first error, told or not
        self.told_error: Fault | None = None  # what 'error' tells
        self.destroy_when_finished: bool = False
        self.reset_when_connected: bool = False
        self.auto_ending: bool = False  # Tick(AUTO_END) waits, or has come
        self.has_bound: bool = False  # the driver has a socket that is only bound, for connect() to use
        self.has_handle: bool = False  # the driver has something to close
        self.handle_closed: bool = False
        self.idle_seconds: float = 0.0
        self.idle_armed: bool = False
        self.no_delay: bool = False
        self.keep_alive: SetKeepAlive | None = None
        self.type_of_service: int | None = None

    # -- what can be seen ------------------------------------------------------------------------------------

    @property
    def destroyed(self) -> bool:
        return self.link in DEAD

    @property
    def is_connecting(self) -> bool:
        return self.link in UNDER_WAY

    @property
    def pending(self) -> bool:
        """There is no connection, nor a bound socket for one: not yet, or no more."""
        return self.link not in (LINK_OPEN, LINK_REFUSED) and not (self.link is LINK_IDLE and self.has_handle)

    @property
    def readable(self) -> bool:
        return self.reading.phase in (READ_OPEN, READ_EOF) and self.link not in DEAD

    @property
    def writable(self) -> bool:
        return self.writing.phase is WRITE_OPEN and self.link not in DEAD and self.errored is None

    @property
    def ready_state(self) -> str:
        """Node's `readyState`: 'opening', 'open', 'readOnly', 'writeOnly' or 'closed'."""
        if self.link in UNDER_WAY:
            return "opening"
        if self.readable:
            return "open" if self.writable else "readOnly"
        return "writeOnly" if self.writable else "closed"

    @property
    def accepts_more(self) -> bool:
        """What a write() that was just made answers: is it welcome to go on?"""
        writing = self.writing
        if writing.length >= writing.high_water_mark and writing.length:  # `is_full`, at hand
            return False
        return writing.phase is WRITE_OPEN and self.link not in DEAD and self.errored is None  # `writable`, at hand

    @property
    def in_flight(self) -> bool:
        """Does the driver owe a completion, other than that of Close?"""
        return (
            self.connecting.in_flight or self.writing.flight is FLIGHT_UNDERWAY or self.writing.phase is WRITE_SHUTTING
        )

    def describe(self) -> str:
        """One line that says why the socket is where it is."""
        reading, writing = self.reading, self.writing
        facts = [f"link {self.link.value}", f"read {reading.phase.value}", f"write {writing.phase.value}"]
        waits = [
            (self.connecting.looking, f"waits for the lookup of {self.connecting.route.host!r}"),
            (self.connecting.flying, f"waits for attempt {', '.join(map(str, self.connecting.flying))}"),
            (reading.length, f"{reading.length} unread, {reading.flow.value}"),
            (writing.batch, f"{len(writing.batch)} writes in flight ({writing.unsent} bytes), {writing.flight.value}"),
            (writing.queue, f"{len(writing.queue)} writes queued{', corked' if writing.corked else ''}"),
            (writing.need_drain, "owes 'drain'"),
            (writing.phase is WRITE_SHUTTING, "waits for Shutdown"),
            (self.link is LINK_CLOSING, "waits for Close"),
            (self.idle_armed, f"idle timer of {self.idle_seconds:g} s armed"),
            (self.errored, f"errored {self.errored.code if self.errored else ''}"),
        ]
        return "; ".join([*facts, *(text for holds, text in waits if holds)])

    @property
    def write_refusal(self) -> Fault | None:
        """Why a write is refused, if it is."""
        if self.writing.phase is not WRITE_OPEN:
            ended_by_peer = self.reading.phase in (READ_ENDED, READ_OVER) and not self.allow_half_open
            return _ENDED_BY_PEER if ended_by_peer else AFTER_END
        return WRITE_DESTROYED if self.link in DEAD else None

    @property
    def end_refusal(self) -> Fault | None:
        if self.writing.phase in (WRITE_FINISHED, WRITE_OVER, WRITE_NONE):
            return _ALREADY_FINISHED
        return END_DESTROYED if self.link in DEAD else self.errored
