"""The bound sockets of the readiness family: an address that is held until a server or a socket takes it over."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final, final

from ..state.endpoints import Endpoint
from ..state.faults import Fault
from . import system
from .binding import MadePath, bound_socket
from .faults import fault_of
from .readiness_handle import ReadinessHandle

if TYPE_CHECKING:
    from .readiness import ReadinessDriver

__all__ = ["ReadinessBound", "open_bound"]


@final
class ReadinessBound(ReadinessHandle):
    """`contract.BoundHandle` over a socket. The system reports nothing on it, so it keeps no driver alive."""

    __slots__ = ("_made",)

    def __init__(self, driver: ReadinessDriver, made: socket.socket, path: MadePath | None) -> None:
        super().__init__(driver, made)
        self._made: Final = path

    def release(self) -> tuple[socket.socket, MadePath | None]:
        """The socket, and the file to be removed with it: both are the caller's now."""
        taken, self._socket = self._socket, None
        assert taken is not None, "a bound socket is taken over once"
        self._driver.handles.pop(self, None)
        return taken, self._made

    def detach(self) -> int:
        """The descriptor, for a driver of another family; it is the caller's now."""
        taken, _ = self.release()
        return taken.detach()

    def close(self) -> None:
        """Give it back to the system, and unlink the path that binding made."""
        if self._socket is not None:
            self.abandon()

    def abandon(self) -> None:
        """The same."""
        made, path = self.release()
        if path is not None:
            path.unlink()
        system.close(made)


def open_bound(
    driver: ReadinessDriver, endpoint: Endpoint, ipv6_only: bool, reuse_port: bool
) -> ReadinessBound | Fault:
    """Bind at `endpoint`. A fault says why not."""
    try:
        made, path = bound_socket(endpoint, ipv6_only=ipv6_only, reuse_port=reuse_port)
    except OSError as error:
        # A path isn't told, as in Node.
        return fault_of(error, "bind", "" if endpoint.is_path else endpoint.address, endpoint.port or None)
    return ReadinessBound(driver, made, path)
