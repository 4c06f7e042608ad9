"""What the sockets and the listeners of the readiness family share."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from ..state.endpoints import Endpoint
from .system import endpoint_of

if TYPE_CHECKING:
    from .readiness import ReadinessDriver

__all__ = ["ReadinessHandle"]


class ReadinessHandle:
    """A descriptor, and the count by which it keeps its driver alive."""

    __slots__ = ("_closed", "_driver", "_holds", "_refd", "_socket")

    def __init__(self, driver: ReadinessDriver, connection: socket.socket | None) -> None:
        self._driver: Final = driver
        self._socket = connection
        self._holds = 0
        self._refd = True
        self._closed = False
        if connection is not None:
            driver.handles[self] = None

    def ref(self) -> None:
        """Let what the handle does keep the driver alive; it does so from the start."""
        if not self._refd:
            self._refd = True
            self._driver.active += self._holds

    def unref(self) -> None:
        """Let it not."""
        if self._refd:
            self._refd = False
            self._driver.active -= self._holds

    def fileno(self) -> int:
        """The descriptor, or -1."""
        return -1 if self._socket is None else self._socket.fileno()

    def local_name(self) -> Endpoint | None:
        """The address at this end; None when there is none."""
        if self._socket is None:
            return None
        try:
            return endpoint_of(self._socket.getsockname())
        except OSError:
            return None

    def abandon(self) -> None:
        """Give everything back to the system, and report nothing."""
        raise NotImplementedError

    def _hold(self) -> None:
        """The system will report something."""
        self._holds += 1
        if self._refd:
            self._driver.active += 1

    def _drop(self) -> None:
        """It has."""
        self._holds -= 1
        if self._refd:
            self._driver.active -= 1
