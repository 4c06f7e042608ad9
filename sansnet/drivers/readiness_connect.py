"""Attempts to connect: one socket that tries one address. A `ReadinessSocket` has one of them, or a few that race."""

from __future__ import annotations

import errno
import functools
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

from ..state.endpoints import Endpoint
from ..state.faults import Fault
from . import system
from .faults import canceled, fault_of

if TYPE_CHECKING:
    from .readiness import ReadinessDriver

__all__ = ["Attempt"]

# connect() goes on by itself. EAGAIN isn't among them: from a Unix socket it means that the backlog is full. (Windows
# has a number of its own for EWOULDBLOCK, and means this by it.)
_UNDER_WAY: Final = frozenset({errno.EINPROGRESS, errno.EINTR, *([errno.EWOULDBLOCK] if os.name == "nt" else [])})


@final
class Attempt:
    """It knows how to begin and how to end, and says once what became of it: `over(attempt, fault)`, from the loop."""

    __slots__ = ("_driver", "_endpoint", "_local", "_over", "_socket", "_watched", "number")

    def __init__(self, driver: ReadinessDriver, number: int, made: socket.socket | None) -> None:
        self.number: Final = number
        self._driver: Final = driver
        self._socket = made
        self._endpoint: Endpoint | None = None
        self._local: tuple[str | None, int | None] = None, None
        self._over: Callable[[Attempt, Fault | None], None] | None = None
        self._watched = False

    @property
    def in_flight(self) -> bool:
        """Was it told to connect, and hasn't said yet what became of it?"""
        return self._over is not None

    def bind(self, family: int, address: str | None, port: int | None) -> Fault | None:
        """Bind to a local address. Node's rules: a port below 0 is any port, one that is too large can't be had."""
        host = address if address is not None else "::" if family == 6 else "0.0.0.0"
        try:
            if port is not None and port > 0xFFFF:
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
            self._socket = system.open_socket(family)
            system.bind_reusable(self._socket, host, max(port or 0, 0), family)
        except OSError as error:
            self.close()
            return fault_of(error, "bind", host, port)
        self._local = host, port
        return None

    def dial(self, endpoint: Endpoint, over: Callable[[Attempt, Fault | None], None]) -> None:
        """Begin to connect. What the system says at once is told in a later turn, as everything else."""
        self._endpoint, self._over = endpoint, over
        fault: Fault | None = None
        try:
            if self._socket is None:
                self._socket = system.open_socket(endpoint.family)
            system.check_family(self._socket, endpoint.family)  # it may have been bound before
            number = self._socket.connect_ex(
                system.system_address(endpoint.address, endpoint.port or 0, endpoint.family)
            )
            if number in _UNDER_WAY:
                self._watched = True
                self._driver.reactor.watch_writable(self._socket.fileno(), self._on_writable)
                return
            if number:
                fault = self._fault(number)
        except OSError as error:
            fault = self._fault(error)
        self._driver.call_soon(functools.partial(self._tell, fault))

    def take(self) -> socket.socket:
        """The socket of an attempt that has won. It is no longer the attempt's."""
        self._unwatch()
        taken, self._socket = self._socket, None
        assert taken is not None
        return taken

    def close(self) -> None:
        """Give the socket back, and say nothing more."""
        self._over = None
        self._unwatch()
        if self._socket is not None:
            system.close(self._socket)
            self._socket = None

    def canceled(self) -> Fault:
        """What an attempt that is cut off is said to have failed with."""
        to = self._endpoint
        return canceled("connect", to.address, to.port) if to else canceled("connect")

    def _on_writable(self) -> None:
        """The system knows more, or has woken us for nothing: then there is neither an error nor a peer."""
        if self._driver.first is not None:
            self._driver.run_first()
        if self._over is None:
            return  # it was called off in there
        assert self._socket is not None
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._tell(self._fault(number))
            return
        try:
            self._socket.getpeername()
        except OSError as error:
            if error.errno == errno.ENOTCONN:
                return
        self._tell(None)

    def _tell(self, fault: Fault | None) -> None:
        over, self._over = self._over, None
        if over is not None:
            over(self, fault)

    def _fault(self, error: OSError | int) -> Fault:
        """Why it failed. Node names the local end only if its port was asked for; the address may be the wildcard."""
        assert self._endpoint is not None
        address, port = self._local if all(self._local) else (None, None)
        if isinstance(error, int):
            error = OSError(error, os.strerror(error))
        return fault_of(
            error, "connect", self._endpoint.address, self._endpoint.port, local_address=address, local_port=port
        )

    def _unwatch(self) -> None:
        if self._watched:
            assert self._socket is not None
            self._watched = False
            self._driver.reactor.unwatch_writable(self._socket.fileno())
