"""Windows as a `Proactor`: TCP and named pipes over a completion port, whoever runs its loop."""

from __future__ import annotations

import errno
import functools
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from ..state.endpoints import Endpoint, Found, ListenPlan
from ..state.faults import Fault
from . import system
from .binding import bound_socket
from .faults import fault_of
from .overlapped_dial import DialSystem, PipeDial, PipeQueue
from .overlapped_pipe import INSTANCES, PipeChannel, PipeDoor
from .overlapped_port import Port, number_of
from .overlapped_tcp import TcpBound, TcpChannel, TcpDial, TcpDoor
from .pipe_names import why_no_server
from .resolver import Resolver
from .shared_door import DoorGroup, SharedDoor

if TYPE_CHECKING:
    from .contract import BoundHandle, Cancellable
    from .proactor import Channel, Door

__all__ = ["OverlappedProactor", "System"]

_IN_USE: Final = frozenset({5, 231})
"""ERROR_ACCESS_DENIED, ERROR_PIPE_BUSY: to who wants to be the first with a name, that somebody has it already."""

_NO_SOCKET: Final = frozenset({errno.ENOTSOCK, errno.EBADF, errno.EOPNOTSUPP, 10038, 10045})


class System(DialSystem, Protocol):
    """What is asked of Windows; `sansnet.drivers.windows` is it."""

    def is_open_pipe(self, handle: int) -> bool:
        """Is it the end of a pipe that a port can be told of? Raises OSError for one whose operations would block."""

    def duplicate(self, handle: int) -> int:
        """Another handle for the same thing."""


@final
class PipeBound:
    """`contract.BoundHandle` over the first instance of a pipe. No client is let in before somebody listens."""

    __slots__ = ("_endpoint", "_handle", "_system")

    def __init__(self, system: System, endpoint: Endpoint, handle: int) -> None:
        self._system: Final = system
        self._endpoint: Final = endpoint
        self._handle: int | None = handle

    def release(self) -> tuple[Endpoint, int]:
        """Its name and the instance, which is the caller's now."""
        taken, self._handle = self._handle, None
        assert taken is not None, "a bound pipe is taken over once"
        return self._endpoint, taken

    def close(self) -> None:
        if self._handle is not None:
            self._system.close_handle(self.release()[1])

    def local_name(self) -> Endpoint:
        return self._endpoint

    def fileno(self) -> int:
        return -1 if self._handle is None else self._handle


class OverlappedProactor:
    """`proactor.Proactor` over a port."""

    def __init__(self, port: Port, system: System) -> None:
        self._port: Final = port
        self._system: Final = system
        self._queue: Final = PipeQueue(port, system)
        self._resolver: Final = Resolver(port.call_soon_threadsafe)
        self._bound: Final[dict[TcpBound | PipeBound, None]] = {}  # some of them closed since, or taken over
        self._groups: Final[dict[DoorGroup, None]] = {}  # whoever listens; some of them closed since
        self.now: Final = port.now
        self.call_soon: Final = port.call_soon
        self.call_soon_threadsafe: Final = port.call_soon_threadsafe
        self.call_later: Final = port.call_later

    # -- binding and listening

    def bind(self, endpoint: Endpoint, ipv6_only: bool, reuse_port: bool) -> TcpBound | PipeBound | Fault:
        try:
            if endpoint.is_path:
                return self._hold(PipeBound(self._system, endpoint, self._first_instance(endpoint, "")))
            return self._hold(TcpBound(bound_socket(endpoint, ipv6_only=ipv6_only, reuse_port=reuse_port)[0]))
        except OSError as error:
            return _refusal(error, "bind", endpoint)

    def _hold(self, bound: TcpBound | PipeBound) -> TcpBound | PipeBound:
        """It ends with the loop, if nobody has ended it or taken it over by then."""
        for other in [other for other in self._bound if other.fileno() == -1]:
            del self._bound[other]
        self._bound[bound] = None
        return bound

    def _first_instance(self, endpoint: Endpoint, for_all: str) -> int:
        code = why_no_server(endpoint.address)
        if code:
            raise OSError(getattr(errno, code), "not the name of a pipe")
        return self._system.create_pipe(endpoint.address, True, for_all)

    def listen(self, endpoint: Endpoint | None, plan: ListenPlan) -> Door | Fault:
        if endpoint is None:
            return self._listen_on_handle(plan)
        try:
            if endpoint.is_path:
                for_all = ("r" if plan.readable_all else "") + ("w" if plan.writable_all else "")
                return self._pipe_door(plan, endpoint, self._first_instance(endpoint, for_all), for_all)
            made, _ = bound_socket(endpoint, ipv6_only=plan.ipv6_only, reuse_port=plan.reuse_port)
            return self._tcp_door(plan, made)
        except OSError as error:
            return _refusal(error, "listen", endpoint)

    def _listen_on_handle(self, plan: ListenPlan) -> Door | Fault:
        try:
            if isinstance(plan.handle, PipeBound):
                return self._pipe_door(plan, *plan.handle.release())
            if isinstance(plan.handle, TcpBound):
                return self._tcp_door(plan, plan.handle.release())
            group = self._group_at(plan.handle)
            if group is not None:
                return group.join()
            made = system.take_over(plan.handle, functools.partial(self._begin_to_listen, plan))
            return self._door(TcpDoor(self._port, made))
        except OSError as error:
            # What is no stream socket at all is one that can't listen: Node says EINVAL for both.
            return fault_of(OSError(errno.EINVAL, "") if error.errno in _NO_SOCKET else error, "listen")
        except (TypeError, ValueError):
            return Fault("EINVAL", errno=errno.EINVAL, syscall="listen")

    def _group_at(self, source: object) -> DoorGroup | None:
        """Those who listen at this handle already. Its owner keeps it, so it can't be one that lets go of it."""
        if isinstance(source, int) or callable(getattr(source, "detach", None)):
            return None
        number = _number_of(source)
        return next((group for group in self._groups if group.is_open and group.fileno() == number != -1), None)

    def _pipe_door(self, plan: ListenPlan, endpoint: Endpoint, first: int, for_all: str = "") -> SharedDoor:
        wanted = max(1, min(plan.backlog, INSTANCES))
        return self._door(PipeDoor(self._port, self._system, endpoint, first, for_all, wanted))

    def _tcp_door(self, plan: ListenPlan, made: socket.socket) -> SharedDoor:
        try:
            self._begin_to_listen(plan, made)
        except OSError:
            system.close(made)
            raise
        return self._door(TcpDoor(self._port, made))

    def _begin_to_listen(self, plan: ListenPlan, made: socket.socket) -> None:
        made.listen(_backlog(plan))
        self._port.attach(made.fileno())

    def _door(self, door: Door) -> SharedDoor:
        """Another server may come, and want to share it."""
        for other in [other for other in self._groups if not other.is_open]:
            del self._groups[other]
        group = DoorGroup(door, self._port.call_soon)
        self._groups[group] = None
        return group.join()

    # -- connecting

    def connect(
        self, endpoint: Endpoint, local: BoundHandle | None, done: Callable[[Channel | Fault], None]
    ) -> Cancellable:
        if endpoint.is_path:
            if local is not None:
                local.close()  # a client's end of a pipe has no name of its own
            dial = PipeDial(self._queue, endpoint, done)
            self._port.call_soon(dial.begin)
            return dial
        attempt = TcpDial(self._port, endpoint, done)
        if isinstance(local, PipeBound):
            local.close()
            fault = Fault("EAFNOSUPPORT", errno=errno.EAFNOSUPPORT, syscall="connect", address=endpoint.address)
            self._port.call_soon(functools.partial(done, fault))
            return attempt
        attempt.begin(local.release() if isinstance(local, TcpBound) else None)
        return attempt

    # -- what exists already

    def adopt(self, source: object) -> tuple[Channel, None] | tuple[None, BoundHandle]:
        if isinstance(source, (TcpBound, PipeBound)):
            return None, source
        number = source if isinstance(source, int) else _number_of(source)
        if number is not None and number > 0 and self._system.is_open_pipe(number):
            return self._adopt_pipe(source, number), None
        try:
            made = system.take_over(source, self._attach_if_connected)
        except (OSError, TypeError, ValueError):
            raise OSError(errno.EINVAL, system.kind_of(source)) from None
        return (TcpChannel(self._port, made), None) if _has_peer(made) else (None, TcpBound(made))

    def _attach_if_connected(self, borrowed: socket.socket) -> None:
        """Raises OSError where it belongs to another port, which it can't leave. (Who connects is attached later.)"""
        if _has_peer(borrowed):
            self._port.attach(borrowed.fileno())

    def _adopt_pipe(self, source: Any, number: int) -> PipeChannel:
        """As with sockets: of an owner that can't let go of its handle we take a duplicate."""
        detach = getattr(source, "detach", None)
        keeps = not isinstance(source, int) and not callable(detach)
        try:
            ours = self._system.duplicate(number) if keeps else number
            self._port.attach(ours)
        except OSError:  # it belongs to another port, which it can't leave
            raise OSError(errno.EINVAL, "PIPE") from None
        if callable(detach):
            detach()
        return PipeChannel(self._port, self._system, ours, None, None)

    # -- names

    def resolve(
        self, host: str, family: int, hints: int, every: bool, done: Callable[[tuple[Found, ...] | Fault], None]
    ) -> Cancellable:
        return self._resolver.look_up(host, family, hints, every, done)

    def close(self) -> None:
        """The loop is over. What threads still bring is given back."""
        self._resolver.close()
        self._queue.close()
        for bound in self._bound:
            bound.close()


def _refusal(error: OSError, syscall: str, endpoint: Endpoint) -> Fault:
    """Why nobody can bind, or listen, there."""
    address = "" if syscall == "bind" and endpoint.is_path else endpoint.address
    number = number_of(error)
    if endpoint.is_path and number in _IN_USE:
        return Fault("EADDRINUSE", errno=errno.EADDRINUSE, syscall=syscall, address=address, cause=number)
    return fault_of(error, syscall, address, endpoint.port or None)


def _number_of(source: object) -> int | None:
    fileno = getattr(source, "fileno", None)
    if not callable(fileno):
        return None
    try:
        return int(fileno())
    except (OSError, TypeError, ValueError):
        return None


def _has_peer(made: socket.socket) -> bool:
    try:
        made.getpeername()
    except OSError:
        return False
    return True


def _backlog(plan: ListenPlan) -> int:
    return min(plan.backlog, 0x7FFFFFFF)
