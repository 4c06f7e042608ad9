"""The sockets of the readiness family.

What a handle watches is not quite what it was asked for. `stop_read()` leaves the watch where it is, and the first
event that finds nobody reading removes it: a socket that is paused and resumed between two packets, which is what
back-pressure does, costs no system call. A descriptor that nobody reads from or writes to is not watched at all after
that one event, so that a peer's RST, which the system reports whether one asked or not, can't keep the loop spinning.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, final

from ..state.effects import Payload
from ..state.endpoints import Endpoint
from ..state.faults import Fault
from . import system
from .binding import MadePath
from .faults import canceled, fault_of
from .polling import READABLE, WRITABLE
from .readiness_connect import Attempt
from .readiness_handle import ReadinessHandle

if TYPE_CHECKING:
    from .contract import SocketSink
    from .readiness import ReadinessDriver

__all__ = ["ReadinessSocket"]

READ_SIZE: Final = 65536
"""The most that one read takes; libuv's size, and so the largest 'data' that Node's users know.

`recv(65536)` shrinks what it allocated to what came, and that is cheaper than one buffer that all reads share and a
copy out of it: by 7 to 10 % up to 4 KiB, 13 % at 16 KiB and more than 20 % at 64 KiB, on CPython 3.11, 3.12 and 3.13
alike (benchmarks/read_buffer.py). A payload that is kept holds on to 30 bytes more than the copy would.
"""

# One call for many payloads, which Windows doesn't have, and how many of them it takes.
_SENDMSG: Final[Callable[[socket.socket, Sequence[Payload]], int] | None] = getattr(socket.socket, "sendmsg", None)
_IOV_MAX: Final[int] = max(getattr(os, "sysconf", lambda _: 16)("SC_IOV_MAX"), 16)

_NO_ATTEMPTS: Final[dict[int, Attempt]] = {}
"""What all sockets share that aren't connecting, as those that were accepted; never written to."""


@final
class ReadinessSocket(ReadinessHandle):
    """`contract.SocketHandle` over non-blocking sockets: one that is connected, or a few that try to be."""

    __slots__ = (
        "_attempts",
        "_ended",
        "_made_path",
        "_outgoing",
        "_peer",
        "_read_size",
        "_reading",
        "_shutting",
        "_sink",
        "_watched",
        "_winner",
    )

    _sink: SocketSink

    def __init__(
        self,
        driver: ReadinessDriver,
        connection: socket.socket | None = None,
        peer: bytes | Endpoint | None = None,
        *,
        made_path: MadePath | None = None,
    ) -> None:
        super().__init__(driver, connection)
        self._attempts = _NO_ATTEMPTS
        self._winner: int | None = None
        self._peer = peer  # a `kept_name` until somebody asks for it
        self._made_path = made_path  # that our own end is bound to
        self._read_size = READ_SIZE
        self._reading = False
        self._ended = False
        self._watched = 0  # what the reactor reports: READABLE, WRITABLE, or both
        self._outgoing: deque[Payload] | None = None  # what is left of the send in flight
        self._shutting = False  # a shutdown waits for that send

    def attach(self, sink: SocketSink) -> None:
        """Tell the handle where its completions go; before any op."""
        self._sink = sink

    # -- connecting --------------------------------------------------------------------------------------------------

    def bind_local(self, attempt: int, family: int, address: str | None, port: int | None) -> Fault | None:
        """Bind the socket that `attempt` will use. None, or why not (syscall 'bind')."""
        self._driver.check()
        if family == 0:
            return None  # a Unix socket has no such thing; Node leaves it alone as well
        begun = Attempt(self._driver, attempt, None)
        fault = begun.bind(family, address, port)
        if fault is None:
            self._keep(begun)
        return fault

    def connect(self, attempt: int, endpoint: Endpoint) -> None:
        """Begin to connect. Ends in `connected` or `attempt_failed`."""
        self._driver.check()
        begun = self._attempts.get(attempt)
        if begun is None:
            # A socket that was adopted before it was connected is there to be used, with the port that it is bound to.
            adopted, self._socket = self._socket, None
            begun = self._keep(Attempt(self._driver, attempt, adopted))
        self._hold()
        begun.dial(endpoint, self._attempt_over)

    def cancel_connect(self, attempt: int) -> None:
        """Give the attempt up. Ends in `attempt_failed` with ECANCELED, also if it had just won."""
        begun = self._attempts.get(attempt)
        if begun is not None:
            fault = begun.canceled()
            self._cut_off(begun)
        elif attempt == self._winner and self._socket is not None:
            peer = self.remote_name()
            fault = canceled("connect", peer.address, peer.port) if peer else canceled("connect")
            self._release()
            self._peer = None
        else:
            return
        self._driver.call_soon(functools.partial(self._sink.attempt_failed, attempt, fault))

    def _keep(self, begun: Attempt) -> Attempt:
        if self._attempts is _NO_ATTEMPTS:
            self._attempts = {}
        self._attempts[begun.number] = begun
        self._driver.handles[self] = None
        return begun

    def _cut_off(self, begun: Attempt) -> None:
        self._unlink()
        if begun.in_flight:
            self._drop()
        begun.close()
        del self._attempts[begun.number]

    def _attempt_over(self, done: Attempt, fault: Fault | None) -> None:
        self._drop()
        del self._attempts[done.number]
        if fault is None:
            self._socket, self._winner, self._peer = done.take(), done.number, None
            self._sink.connected(done.number)
        else:
            self._unlink()
            done.close()
            self._sink.attempt_failed(done.number, fault)

    # -- reading -----------------------------------------------------------------------------------------------------

    def limit_read(self, size: int) -> None:
        """Report at most `size` bytes at a time, and at least one: to read none looks like the end."""
        self._read_size = max(min(size, READ_SIZE), 1)

    def start_read(self) -> None:
        """Report what arrives."""
        if self._reading or self._ended or self._socket is None:
            return
        self._reading = True
        self._hold()
        if not self._watched & READABLE:
            self._watched |= READABLE
            self._driver.reactor.watch_readable(self._socket.fileno(), self._on_readable)

    def stop_read(self) -> None:
        """Stop to report what arrives."""
        if self._reading:
            self._reading = False
            self._drop()

    def _on_readable(self) -> None:
        """Read once: what is left after that waits for its next turn, so that no connection starves another."""
        if self._driver.first is not None:
            self._driver.run_first()
        if not self._reading:
            self._unwatch_readable()
            return
        assert self._socket is not None
        try:
            payload = self._socket.recv(self._read_size)
        except BlockingIOError:
            return
        except OSError as error:
            self._stop_for_good()
            self._sink.read_failed(fault_of(error, "read"))
            return
        if payload:
            self._sink.received(payload)
        else:
            self._stop_for_good()
            self._sink.eof()

    def _stop_for_good(self) -> None:
        self._ended = True
        self.stop_read()
        self._unwatch_readable()

    def _unwatch_readable(self) -> None:
        if self._watched & READABLE:
            assert self._socket is not None
            self._watched &= ~READABLE
            self._driver.reactor.unwatch_readable(self._socket.fileno())

    # -- sending -----------------------------------------------------------------------------------------------------

    def send(self, payloads: tuple[Payload, ...]) -> int | Fault | None:
        """Send the payloads, gathered, in order; `len()` of each is its size in bytes.

        None: the system took all of it. A number: it took so many bytes, the rest is on its way and ends in `sent` or
        `send_failed`. A fault: it failed.
        """
        assert self._outgoing is None, "one send at a time"
        connection = self._socket
        if connection is None:
            return canceled("write")
        try:
            if len(payloads) == 1:
                taken = connection.send(payloads[0])
                if taken == len(payloads[0]):  # as nearly always
                    return None
            else:
                taken = _send_gathered(connection, payloads)
        except BlockingIOError:
            taken = 0
        except OSError as error:
            if error.errno != errno.ENOBUFS:  # BSD's word for a full queue of the device; libuv waits as well
                return fault_of(error, "write")
            taken = 0
        if taken == _size(payloads):
            return None
        self._outgoing = outgoing = deque(payloads)
        _advance(outgoing, taken)
        self._hold()
        if not self._watched & WRITABLE:
            self._watched |= WRITABLE
            self._driver.reactor.watch_writable(connection.fileno(), self._on_writable)
        return taken

    def _on_writable(self) -> None:
        if self._driver.first is not None:
            self._driver.run_first()
        outgoing = self._outgoing
        if outgoing is None:
            self._unwatch_writable()
            return
        assert self._socket is not None
        try:
            taken = _send_gathered(self._socket, tuple(islice(outgoing, _IOV_MAX)))
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                self._send_over(fault_of(error, "write"))
            return
        _advance(outgoing, taken)
        if outgoing:
            self._sink.progressed(taken)
        else:
            self._send_over(None)

    def _send_over(self, fault: Fault | None) -> None:
        self._outgoing = None
        self._drop()
        if self._shutting:
            self._shutting = False
            self.shutdown()
        if fault is None:
            self._sink.sent()
        else:
            self._sink.send_failed(fault)
        # Only now: who was told that all is sent often has more to send, and then the watch is needed again.
        self._unwatch_if_idle()

    def _unwatch_if_idle(self) -> None:
        # Not within _send_over(), which has set it to None: mypyc would take it for None still, whoever was told since.
        if self._outgoing is None:
            self._unwatch_writable()

    def _unwatch_writable(self) -> None:
        if self._watched & WRITABLE:
            assert self._socket is not None
            self._watched &= ~WRITABLE
            self._driver.reactor.unwatch_writable(self._socket.fileno())

    def shutdown(self) -> None:
        """Send FIN after what was sent. Ends in `shut_down` or `shutdown_failed`."""
        if self._outgoing is not None:
            self._shutting = True
            return
        fault: Fault | None = None
        try:
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                fault = fault_of(error, "shutdown")
        if fault is None:
            self._driver.call_soon(self._sink.shut_down)
        else:
            self._driver.call_soon(functools.partial(self._sink.shutdown_failed, fault))

    # -- closing -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close; the socket is given back to the system at once. Ends in `closed`."""
        if not self._closed:
            self._give_back()

    def reset(self) -> None:
        """As close(), with RST instead of FIN."""
        if not self._closed:
            if self._socket is not None:
                system.discard_when_closed(self._socket)
            self._give_back()

    def abandon(self) -> None:
        """Give everything back to the system, and report nothing."""
        self._closed = True
        if self._made_path is not None:
            self._unlink()
        for begun in [*self._attempts.values()]:
            self._cut_off(begun)
        self._release()
        self._driver.handles.pop(self, None)

    def _unlink(self) -> None:
        """Remove the path of our end before its socket is closed: until then nobody else's file has its number."""
        if self._made_path is not None:
            self._made_path.unlink()
            self._made_path = None

    def _give_back(self) -> None:
        attempts = [*self._attempts.values()]
        canceled_attempts = [(each.number, each.canceled()) for each in attempts if each.in_flight] if attempts else []
        sending, shutting = self._outgoing is not None, self._shutting
        self.abandon()
        if self._driver.closed or not hasattr(self, "_sink"):
            return  # an accepted connection that nobody wanted has nobody to tell
        soon, sink = self._driver.call_soon, self._sink
        for number, fault in canceled_attempts:
            soon(functools.partial(sink.attempt_failed, number, fault))
        if sending:
            soon(functools.partial(sink.send_failed, canceled("write")))
        if shutting:
            soon(functools.partial(sink.shutdown_failed, canceled("shutdown")))
        soon(sink.closed)

    def _release(self) -> None:
        """Close the connection's descriptor, and let go of all that belonged to it."""
        if self._reading:
            self.stop_read()
        if self._outgoing is not None:
            self._outgoing = None
            self._drop()
        self._shutting = False
        if self._socket is not None:
            if self._watched:
                self._unwatch_readable()
                self._unwatch_writable()
            system.close(self._socket)
            self._socket = None

    # -- options and names -------------------------------------------------------------------------------------------

    def set_no_delay(self, on: bool) -> None:
        """Send small payloads at once."""
        if self._socket is not None:
            system.set_no_delay(self._socket, on)

    def set_keep_alive(self, on: bool, delay: int, interval: int, count: int) -> None:
        """Probe an idle connection. Whole seconds; 0 leaves the system's value."""
        if self._socket is not None:
            system.set_keep_alive(self._socket, on, delay, interval, count)

    def set_type_of_service(self, value: int) -> None:
        """The byte in the IP header."""
        if self._socket is not None:
            system.set_type_of_service(self._socket, value)

    def get_type_of_service(self) -> int | Fault:
        """The same byte; EBADF while there is no connection."""
        try:
            if self._socket is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            return system.get_type_of_service(self._socket)
        except OSError as error:
            return fault_of(error, "getTypeOfService")

    def unconnected(self) -> Literal["tcp", "path"] | None:
        """What it could be connected to, if it has no peer."""
        if self._socket is None:
            return None
        try:
            self._socket.getpeername()
        except OSError as error:
            # One that was cut off has no peer either, but something to tell.
            if error.errno == errno.ENOTCONN and not system.has_something_to_tell(self._socket):
                return "path" if self._socket.family == system.PATHS else "tcp"
        return None

    def remote_name(self) -> Endpoint | None:
        """The address of the peer; None when there is none."""
        if self._peer is None and self._socket is not None:
            with contextlib.suppress(OSError):
                self._peer = system.endpoint_of(self._socket.getpeername())
        if isinstance(self._peer, bytes):
            self._peer = system.endpoint_of_kept(self._peer)
        return self._peer


# ------------------------------------------------------------------------------------------------------- payloads


def _send_gathered(connection: socket.socket, payloads: tuple[Payload, ...]) -> int:
    """Hand over as much as the system takes, and say how much. Raises BlockingIOError if that is nothing."""
    if _SENDMSG is None or len(payloads) == 1:
        return _send_each(connection, payloads)
    if len(payloads) <= _IOV_MAX:  # as nearly always
        return _SENDMSG(connection, payloads)
    total = 0
    for start in range(0, len(payloads), _IOV_MAX):
        batch = payloads[start : start + _IOV_MAX]
        try:
            taken = _SENDMSG(connection, batch)
        except BlockingIOError:
            if not total:
                raise
            break
        total += taken
        if taken < _size(batch):
            break
    return total


def _send_each(connection: socket.socket, payloads: tuple[Payload, ...]) -> int:
    total = 0
    for payload in payloads:
        try:
            taken = connection.send(payload)
        except BlockingIOError:
            if not total:
                raise
            break
        total += taken
        if taken < len(payload):
            break
    return total


def _size(payloads: Sequence[Payload]) -> int:
    """Of all of them, in bytes."""
    size = 0
    for payload in payloads:
        size += len(payload)
    return size


def _advance(outgoing: deque[Payload], count: int) -> None:
    """Take the first `count` bytes off the payloads, without a copy of what is left."""
    while outgoing:
        size = len(outgoing[0])
        if size > count:
            if count:
                outgoing[0] = memoryview(outgoing[0])[count:]
            return
        count -= size
        outgoing.popleft()
