"""What a driver owes the machines, and what it may rely on. Whoever writes a driver needs this file and no other.

A driver does what an op says and reports what became of it; it decides nothing. Reports are *completions*: "the bytes
were sent", never "the descriptor is writable". Drivers over readiness (select, epoll) emulate completions.

The obligations
---------------
1. Every asynchronous op ends in exactly one completion, also after it was cancelled or its handle was closed. What ends
   because of `close()` or `cancel_connect()` is reported as a failure with code ECANCELED.
2. `stop_read()` and `stop_accept()` are wishes: one more `received()` (or connections already taken) may still come.
3. After `close()` or `reset()` come the completions of what was in flight, then `closed()`, then nothing.
4. At most one send, one shutdown and one close are in flight for a handle; the machines see to that. Connect attempts
   carry a number.
5. The payloads of a send stay alive and untouched until it completes; the caller sees to the second, the driver, by
   keeping references, to the first.
6. Completions come from the loop only: never from inside an op, never on another thread. The ops that can be answered
   at once return their answer instead: `send`, `bind_local`, `listen`. A finished `connect`, `shutdown` or `close` is
   reported in a later turn, even when the system was done at once.
7. Nothing that the world does raises. What the system refuses is a `Fault`; an option that a handle can't have (no
   delay on a Unix socket) is left alone.
8. A handle counts for `Driver.alive`, while it is ref'd, exactly as long as the system could still report something on
   it: it listens or reads, or a connect, send, shutdown or close is in flight. (A listener that doesn't accept for a
   while still listens.)
9. What `call_first` was given runs before the driver calls anything else back, and before it finds out what it would
   report: user code runs in there, and may take back what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

from ..state.effects import Payload
from ..state.endpoints import Endpoint, Found, ListenPlan
from ..state.faults import Fault

__all__ = [
    "BoundHandle",
    "Cancellable",
    "Driver",
    "ListenerHandle",
    "ListenerSink",
    "SocketHandle",
    "SocketSink",
]


class Cancellable(Protocol):
    """Something that was put off and can be called back. `cancel()` may be called at any time, also afterwards."""

    def cancel(self) -> None: ...


class SocketSink(Protocol):
    """Where the completions of a socket handle go."""

    def connected(self, attempt: int) -> None:
        """The attempt won. Never after `cancel_connect(attempt)`."""

    def attempt_failed(self, attempt: int, fault: Fault) -> None:
        """The attempt is over; the driver has closed what belonged to it."""

    def received(self, payload: Payload) -> None:
        """At least one byte arrived."""

    def eof(self) -> None:
        """The peer has ended. Reading has stopped; nothing but errors of sending can come after."""

    def read_failed(self, fault: Fault) -> None:
        """Reading failed, and has stopped."""

    def progressed(self, count: int) -> None:
        """So many more bytes of the send in flight were taken. Optional; the last are reported by `sent()` alone."""

    def sent(self) -> None:
        """The send in flight is complete: the system has all its bytes."""

    def send_failed(self, fault: Fault) -> None:
        """The send in flight failed; how much of it went out is not known."""

    def shut_down(self) -> None:
        """FIN was handed to the system; also when there was no connection left to shut (ENOTCONN)."""

    def shutdown_failed(self, fault: Fault) -> None: ...

    def closed(self) -> None:
        """The last completion of the handle."""


class SocketHandle(Protocol):
    """One socket of the operating system, or a few while attempts to connect race."""

    def attach(self, sink: SocketSink) -> None:
        """Tell the handle where its completions go; before any op."""

    def bind_local(self, attempt: int, family: int, address: str | None, port: int | None) -> Fault | None:
        """Bind the socket that `attempt` will use. None, or why not (syscall 'bind')."""

    def connect(self, attempt: int, endpoint: Endpoint) -> None:
        """Begin to connect. Ends in `connected` or `attempt_failed`."""

    def cancel_connect(self, attempt: int) -> None:
        """Give the attempt up. Ends in `attempt_failed` with ECANCELED; its socket is closed, even if it just won."""

    def limit_read(self, size: int) -> None:
        """Report at most `size` bytes at a time from now on; the user's buffer has no more room."""

    def start_read(self) -> None:
        """Report what arrives."""

    def stop_read(self) -> None:
        """Stop to report what arrives (obligation 2)."""

    def send(self, payloads: tuple[Payload, ...]) -> int | Fault | None:
        """Send the payloads, gathered, in order. None: the system took all of it. A number: it took so many bytes, the
        rest is on its way and ends in `sent` or `send_failed`. A fault: it failed.
        """

    def shutdown(self) -> None:
        """Send FIN after what was sent. Ends in `shut_down` or `shutdown_failed`."""

    def close(self) -> None:
        """Close; the socket is given back to the system at once where it lets us. Ends in `closed`."""

    def reset(self) -> None:
        """As close(), with RST instead of FIN."""

    def set_no_delay(self, on: bool) -> None: ...

    def set_keep_alive(self, on: bool, delay: int, interval: int, count: int) -> None:
        """Whole seconds; 0 leaves the system's value."""

    def set_type_of_service(self, value: int) -> None: ...

    def get_type_of_service(self) -> int | Fault: ...

    def unconnected(self) -> Literal["tcp", "path"] | None:
        """What a handle that `adopt` made could be connected to, if its socket has no peer."""

    def local_name(self) -> Endpoint | None:
        """The address at this end; None when there is none. Never raises."""

    def remote_name(self) -> Endpoint | None:
        """The address of the peer; None when there is none. Never raises."""

    def fileno(self) -> int:
        """The descriptor, or -1."""

    def ref(self) -> None: ...

    def unref(self) -> None: ...


class ListenerSink(Protocol):
    """Where the completions of a listener go."""

    def accepted(self, connection: SocketHandle) -> None: ...

    def accept_failed(self, fault: Fault) -> None:
        """The system could not hand a connection over (syscall 'accept'). Accepting goes on unless it is stopped."""

    def listener_closed(self) -> None: ...


class ListenerHandle(Protocol):
    """One listening socket."""

    def start_accept(self) -> None: ...

    def stop_accept(self) -> None: ...

    def close(self) -> None:
        """Close, and unlink the path that listening made. Ends in `listener_closed`."""

    def local_name(self) -> Endpoint | None: ...

    def fileno(self) -> int: ...

    def ref(self) -> None: ...

    def unref(self) -> None: ...


class BoundHandle(Protocol):
    """A socket with an address of its own, until `Driver.adopt` or `Driver.listen` takes it over."""

    def local_name(self) -> Endpoint | None: ...

    def fileno(self) -> int: ...

    def close(self) -> None:
        """Close, and unlink the path that binding made. Reports nothing."""


class Driver(Protocol):
    """A loop and its sockets."""

    pump: Any
    """A place for the pump of this driver; None at first. Before it closes, a driver calls `pump.hand_over()`: the
    listener that closes it may have written something just before.
    """

    closed: bool
    """Is it over? Then it reports nothing any more, and `check()` raises. A listener may close it in the middle of a
    turn: what the turn still had to report isn't reported.
    """

    @property
    def alive(self) -> bool:
        """Is a ref'd handle, a lookup, or a callback that was put off by call_soon still going to do something?"""

    def now(self) -> float:
        """Seconds on a clock that never goes back; its zero means nothing."""

    def check(self) -> None:
        """Raise RuntimeError where the driver can't be used: it is closed, or it belongs to another thread."""

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back from the loop, in a later turn, in the order of asking."""

    def call_first(self, callback: Callable[[], None]) -> None:
        """Call back from the loop before it calls back anything else (obligation 9). One callback at most waits."""

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        """As `call_soon`, from any thread; wakes the loop."""

    def call_later(self, seconds: float, callback: Callable[[], None], *, ref: bool = False) -> Cancellable:
        """Call back from the loop once that much time has passed. With `ref` it counts for `alive` until then.

        Raises ValueError when `seconds` is NaN, which is neither before nor after any other time.
        """

    def report(self, error: BaseException, source: object = None) -> None:
        """A listener raised `error`: let it surface where this loop's users look for it, once this turn is over.

        `source` is the socket or the server that was listened to, where it is known: something to name in a message.
        """

    def socket(self) -> SocketHandle:
        """A handle that has no socket yet; `connect` makes one."""

    def adopt(self, source: object) -> SocketHandle:
        """A handle for a socket that exists: a descriptor, an object with `fileno()`, or a `BoundHandle`.

        The handle owns it. One that isn't connected is used by the first `connect`. Raises OSError when it is no stream
        socket; its `strerror` says what it is, in libuv's words: 'FILE' (a device too), 'TTY', 'PIPE', 'UDP' or
        'UNKNOWN'.
        """

    def bind(self, endpoint: Endpoint, ipv6_only: bool, reuse_port: bool) -> BoundHandle | Fault:
        """A socket that is bound at `endpoint`. A fault says why not (syscall 'bind')."""

    def listen(self, endpoint: Endpoint | None, plan: ListenPlan, sink: ListenerSink) -> ListenerHandle | Fault:
        """Bind and listen at `endpoint`; at `plan.handle` if there is none. A fault says why not (syscall 'listen')."""

    def resolve(
        self, host: str, family: int, hints: int, every: bool, done: Callable[[tuple[Found, ...] | Fault], None]
    ) -> Cancellable:
        """Look `host` up off the loop's thread; `done` is called from the loop, once, unless it was cancelled.

        `family` is 0, 4 or 6, `hints` are getaddrinfo's flags; without `every` one answer will do. Counts for `alive`.
        """
