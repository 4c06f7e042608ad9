"""TCP over a completion port: WSARecv, WSASend, ConnectEx and AcceptEx."""

from __future__ import annotations

import errno
import functools
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

from ..state.endpoints import Endpoint
from ..state.faults import Fault
from . import system
from .faults import canceled, fault_of
from .overlapped_channel import OverlappedChannel
from .overlapped_port import number_of

if TYPE_CHECKING:
    from _overlapped import Overlapped

    from .overlapped_port import Operation, Port

__all__ = ["TcpBound", "TcpChannel", "TcpDial", "TcpDoor"]

_UPDATE_ACCEPT_CONTEXT: Final = 0x700B
_UPDATE_CONNECT_CONTEXT: Final = 0x7010
_GONE: Final = frozenset({64, 1236, 10053, 10054})
"""ERROR_NETNAME_DELETED and its like: of AcceptEx, that the client has gone before it was accepted."""

_UNSPECIFIED: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Who connects to "any address" means this machine. Windows alone doesn't know that; libuv helps it."""


@final
class TcpChannel(OverlappedChannel):
    """A connection. The socket doesn't block, so that what has room in its buffer is written without an operation."""

    __slots__ = ("_socket",)

    def __init__(self, port: Port, connected: socket.socket) -> None:
        """Of a socket that is attached to the port."""
        super().__init__(port, None, None)
        self._socket: Final = connected

    def _begin_read(self, size: int, overlapped: Overlapped) -> object:
        return overlapped.WSARecv(self._socket.fileno(), size, 0)

    def _begin_write(self, payload: memoryview, overlapped: Overlapped) -> object:
        return overlapped.WSASend(self._socket.fileno(), payload, 0)

    def _write_at_once(self, payload: memoryview) -> int:
        try:
            return self._socket.send(payload)
        except BlockingIOError:
            return 0

    def _has_read(self, answer: Any) -> None:
        self._answer_read(fault_of(answer, "read") if isinstance(answer, OSError) else answer or None)

    def shutdown(self, done: Callable[[Fault | None], None]) -> None:
        fault: Fault | None = None
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            if error.errno != errno.ENOTCONN and number_of(error) not in _GONE:
                fault = fault_of(error, "shutdown")
        self._port.call_soon(functools.partial(done, fault))

    def _give_back(self, reset: bool) -> None:
        if reset:
            system.discard_when_closed(self._socket)
        system.close(self._socket)

    def set_no_delay(self, on: bool) -> None:
        system.set_no_delay(self._socket, on)

    def set_keep_alive(self, on: bool, delay: int, interval: int, count: int) -> None:
        system.set_keep_alive(self._socket, on, delay, interval, count)

    def set_type_of_service(self, value: int) -> None:
        system.set_type_of_service(self._socket, value)

    def get_type_of_service(self) -> int | Fault:
        try:
            return system.get_type_of_service(self._socket)
        except OSError as error:
            return fault_of(error, "getTypeOfService")

    def local_name(self) -> Endpoint | None:
        return _name(self._socket.getsockname)

    def remote_name(self) -> Endpoint | None:
        return _name(self._socket.getpeername)

    def fileno(self) -> int:
        return self._socket.fileno()


@final
class TcpBound:
    """`contract.BoundHandle` over a socket."""

    __slots__ = ("_socket",)

    def __init__(self, bound: socket.socket) -> None:
        self._socket: socket.socket | None = bound

    def release(self) -> socket.socket:
        """The socket, which is the caller's now."""
        taken, self._socket = self._socket, None
        assert taken is not None, "a bound socket is taken over once"
        return taken

    def detach(self) -> int:
        """Its number, for a driver of another family; it is the caller's now."""
        return self.release().detach()

    def close(self) -> None:
        if self._socket is not None:
            system.close(self.release())

    def local_name(self) -> Endpoint | None:
        return None if self._socket is None else _name(self._socket.getsockname)

    def fileno(self) -> int:
        return -1 if self._socket is None else self._socket.fileno()


@final
class TcpDial:
    """An attempt to connect: ConnectEx on a socket that is bound, as it has to be."""

    __slots__ = ("_done", "_endpoint", "_operation", "_port", "_socket")

    def __init__(self, port: Port, endpoint: Endpoint, done: Callable[[TcpChannel | Fault], None]) -> None:
        self._port: Final = port
        self._endpoint: Final = endpoint
        self._done: Final = done
        self._socket: socket.socket | None = None
        self._operation: Operation | None = None

    def begin(self, local: socket.socket | None) -> None:
        """Connect, from `local` if there is one; it is ours now."""
        self._socket = local
        try:
            self._issue()
        except OSError as error:
            self._port.call_soon(functools.partial(self._completed, error))

    def _issue(self) -> None:
        to = self._endpoint
        if self._socket is None:
            self._socket = system.open_socket(to.family)
            self._socket.bind(("::" if to.family == 6 else "0.0.0.0", 0))
        system.check_family(self._socket, to.family)
        address = system.system_address(_UNSPECIFIED.get(to.address, to.address), to.port or 0, to.family)
        number = self._socket.fileno()
        self._port.attach(number)
        self._operation = self._port.issue(lambda overlapped: overlapped.ConnectEx(number, address), self._completed)

    def cancel(self) -> None:
        """Give it up; its packet ends it."""
        if self._operation is not None:
            self._operation.cancel()
        self._close()

    def _close(self) -> None:
        if self._socket is not None:
            system.close(self._socket)
            self._socket = None

    def _completed(self, answer: Any) -> None:
        self._operation = None
        made = self._socket
        if made is None:
            self._done(canceled("connect", self._endpoint.address, self._endpoint.port))
            return
        if not isinstance(answer, OSError):
            try:  # without this it wouldn't know its own name, nor be able to end
                made.setsockopt(socket.SOL_SOCKET, _UPDATE_CONNECT_CONTEXT, b"")
            except OSError as error:
                answer = error
        if isinstance(answer, OSError):
            self._close()
            self._done(fault_of(answer, "connect", self._endpoint.address, self._endpoint.port))
        else:
            self._socket = None
            self._done(TcpChannel(self._port, made))


@final
class TcpDoor:
    """`proactor.Door` over a socket that listens."""

    __slots__ = ("_coming", "_done", "_port", "_socket")

    def __init__(self, port: Port, listening: socket.socket) -> None:
        """Of a socket that is attached to the port."""
        self._port: Final = port
        self._socket: socket.socket | None = listening
        self._coming: socket.socket | None = None  # what the next connection will be
        self._done: Callable[[TcpChannel | Fault], None] | None = None

    def accept(self, done: Callable[[TcpChannel | Fault], None]) -> None:
        self._done = done
        self._issue()

    def _issue(self) -> None:
        listening = self._socket
        assert listening is not None
        try:
            coming = self._coming = system.open_socket(6 if listening.family == socket.AF_INET6 else 4)
            numbers = listening.fileno(), coming.fileno()
            self._port.issue(lambda overlapped: overlapped.AcceptEx(*numbers), self._completed)
        except OSError as error:
            self._port.call_soon(functools.partial(self._completed, error))

    def _completed(self, answer: Any) -> None:
        coming, self._coming = self._coming, None
        if self._socket is None:
            _close(coming)
            self._answer(canceled("accept"))
            return
        if not isinstance(answer, OSError):
            assert coming is not None
            try:
                context = struct.pack("@P", self._socket.fileno())
                coming.setsockopt(socket.SOL_SOCKET, _UPDATE_ACCEPT_CONTEXT, context)
                self._port.attach(coming.fileno())
            except OSError as error:
                answer = error
            else:
                self._answer(TcpChannel(self._port, coming))
                return
        _close(coming)
        if number_of(answer) in _GONE:
            self._issue()  # the client has gone before anybody could see it; nobody needs to hear of that
        else:
            self._answer(fault_of(answer, "accept"))

    def _answer(self, answer: TcpChannel | Fault) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(answer)

    def close(self) -> None:
        if self._socket is not None:
            system.close(self._socket)
            self._socket = None
            _close(self._coming)  # a loop that is closed wouldn't tell us of the packet
            self._coming = None

    def local_name(self) -> Endpoint | None:
        return None if self._socket is None else _name(self._socket.getsockname)

    def fileno(self) -> int:
        return -1 if self._socket is None else self._socket.fileno()


def _close(made: socket.socket | None) -> None:
    if made is not None:
        system.close(made)


def _name(ask: Callable[[], Any]) -> Endpoint | None:
    try:
        return system.endpoint_of(ask())
    except OSError:
        return None
