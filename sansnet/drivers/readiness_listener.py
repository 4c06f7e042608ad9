"""The listeners of the readiness family."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Final, final

from ..state.endpoints import Endpoint, ListenPlan
from ..state.faults import Fault
from . import system
from .binding import MadePath, bound_socket
from .faults import fault_of
from .readiness_bound import ReadinessBound
from .readiness_handle import ReadinessHandle
from .readiness_socket import ReadinessSocket

if TYPE_CHECKING:
    from .contract import ListenerSink
    from .readiness import ReadinessDriver

__all__ = ["ReadinessListener", "open_listener"]

MOST_AT_ONCE: Final = 64
"""So many connections are taken in one turn; then the others have theirs."""

_NO_SOCKET: Final = frozenset({errno.ENOTSOCK, errno.EBADF, errno.EOPNOTSUPP})


@final
class ReadinessListener(ReadinessHandle):
    """`contract.ListenerHandle` over a non-blocking socket.

    It calls the public `accept()` and makes what comes non-blocking, which is a system call more than it had to be;
    `socket._accept` would save it, and is private.
    """

    __slots__ = ("_accepting", "_made", "_sink")

    def __init__(self, driver: ReadinessDriver, made: socket.socket, sink: ListenerSink, path: MadePath | None) -> None:
        super().__init__(driver, system.Door(made))
        self._sink: Final = sink
        self._accepting = False
        self._made = path
        self._hold()

    def start_accept(self) -> None:
        """Report the connections that arrive."""
        if not self._accepting and self._socket is not None:
            self._accepting = True
            self._driver.reactor.watch_readable(self._socket.fileno(), self._on_readable)

    def stop_accept(self) -> None:
        """Leave them with the system."""
        if self._accepting:
            assert self._socket is not None
            self._accepting = False
            self._driver.reactor.unwatch_readable(self._socket.fileno())

    def _on_readable(self) -> None:
        if self._driver.first is not None:
            self._driver.run_first()
        for _ in range(MOST_AT_ONCE):
            if not self._accepting:
                return  # the last one was one too many
            assert self._socket is not None
            try:
                connection, name = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._sink.accept_failed(fault_of(error, "accept"))
                return
            connection.setblocking(False)
            self._sink.accepted(ReadinessSocket(self._driver, connection, system.kept_name(name)))

    def close(self) -> None:
        """Close, and unlink the path that listening made. Ends in `listener_closed`."""
        if not self._closed:
            self.abandon()
            if not self._driver.closed:
                self._driver.call_soon(self._sink.listener_closed)

    def abandon(self) -> None:
        """Give everything back to the system, and report nothing."""
        self._closed = True
        self.stop_accept()
        self._driver.handles.pop(self, None)
        if self._socket is not None:
            self._drop()
            _give_back(self._socket, self._made)
            self._socket = None


# ------------------------------------------------------------------------------------------------------- opening one


def open_listener(
    driver: ReadinessDriver, endpoint: Endpoint | None, plan: ListenPlan, sink: ListenerSink
) -> ReadinessListener | Fault:
    """Bind and listen at `endpoint`; at `plan.handle` if there is none. A fault says why not."""
    if endpoint is None:
        return _listen_on_handle(driver, plan, sink)
    try:
        made, path = bound_socket(endpoint, ipv6_only=plan.ipv6_only, reuse_port=plan.reuse_port)
    except OSError as error:
        return _refusal(error, endpoint)
    try:
        if path is not None:
            _open_up(endpoint.address, plan)
        made.listen(_backlog(plan))
    except OSError as error:
        _give_back(made, path)
        return _refusal(error, endpoint)
    return ReadinessListener(driver, made, sink, path)


def _give_back(made: socket.socket, path: MadePath | None) -> None:
    if path is not None:
        path.unlink()
    system.close(made)


def _open_up(path: str, plan: ListenPlan) -> None:
    """Let everyone read or write, or both; as Node 26 has it, the mode is then this and nothing of what it was."""
    mode = (0o444 if plan.readable_all else 0) | (0o222 if plan.writable_all else 0)
    if mode:
        os.chmod(path, mode)


def _refusal(error: OSError, endpoint: Endpoint) -> Fault:
    return fault_of(error, "listen", endpoint.address, endpoint.port or None)


def _listen_on_handle(driver: ReadinessDriver, plan: ListenPlan, sink: ListenerSink) -> ReadinessListener | Fault:
    if isinstance(plan.handle, ReadinessBound):
        return _listen_on_bound(driver, plan.handle, plan, sink)
    try:
        made = system.take_over(plan.handle, lambda borrowed: borrowed.listen(_backlog(plan)))
    except OSError as error:
        # What is no stream socket at all is one that can't listen: Node says EINVAL for both.
        return fault_of(OSError(errno.EINVAL, "") if error.errno in _NO_SOCKET else error, "listen")
    except (TypeError, ValueError):
        return Fault("EINVAL", errno=errno.EINVAL, syscall="listen")
    return ReadinessListener(driver, made, sink, None)


def _listen_on_bound(
    driver: ReadinessDriver, bound: ReadinessBound, plan: ListenPlan, sink: ListenerSink
) -> ReadinessListener | Fault:
    made, path = bound.release()
    try:
        made.listen(_backlog(plan))
    except OSError as error:
        _give_back(made, path)
        return fault_of(error, "listen")
    return ReadinessListener(driver, made, sink, path)


def _backlog(plan: ListenPlan) -> int:
    # The system cuts it down to what it has; Python only refuses what is no C int.
    return min(plan.backlog, 0x7FFFFFFF)
