"""Addresses of a simulated host that are held, and those at which it listens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

from ..drivers.faults import canceled
from ..state.endpoints import Endpoint
from ..state.faults import Fault
from .simulated_stream import End

if TYPE_CHECKING:
    from .simulated_host import Host
    from .simulated_network import Network

__all__ = ["Bound", "SimulatedDoor"]


@final
class Bound:
    """An address that is held: `drivers.contract.BoundHandle`."""

    __slots__ = ("_crashes", "_host", "both", "endpoint")

    def __init__(self, host: Host, endpoint: Endpoint, both: bool) -> None:
        self._host: Final = host
        self._crashes: Final = host.crashes
        self.endpoint: Final = endpoint
        self.both: Final = both  # IPv4 as well

    def is_held_by(self, host: Host) -> bool:
        """Is it that host's, which hasn't crashed since?"""
        return host is self._host and host.crashes == self._crashes

    def local_name(self) -> Endpoint:
        return self.endpoint

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        if self.is_held_by(self._host):
            self._host.release(self.endpoint)


@final
class SimulatedDoor:
    """A listening socket: `drivers.proactor.Door`."""

    __slots__ = ("_done", "_host", "_network", "_queue", "backlog", "bound", "expected", "open")

    def __init__(self, network: Network, host: Host, bound: Bound, backlog: int) -> None:
        self._network: Final = network
        self._host: Final = host
        self.bound: Final = bound
        self.backlog: Final = backlog
        self.open = True
        self.expected = 0  # connections that need one more segment to be complete
        self._queue: deque[End] = deque()
        self._done: Callable[[Any], None] | None = None

    @property
    def is_full(self) -> bool:
        return len(self._queue) + self.expected > self.backlog

    def arrive(self, end: End) -> None:
        """A connection is complete."""
        if not self.open:
            end.close(True)
            return
        self._queue.append(end)
        self._answer()

    def accept(self, done: Callable[[Any], None]) -> None:
        self._done = done
        if self._queue:
            self._network.timeline.soon(self._answer)

    def _answer(self) -> None:
        if self._done is None or not self._queue:
            return
        done, self._done = self._done, None
        network, faults = self._network, self._network.faults_of(self._queue[0])
        if faults.accept_failures and network.happens("accept_failures", faults.accept_failures):
            self._host.run(done, Fault("EMFILE", errno=24, syscall="accept"))
        elif faults.aborted_accepts and network.happens("aborted_accepts", faults.aborted_accepts):
            self._queue.popleft().close(True)
            self._host.run(done, Fault("ECONNABORTED", errno=103, syscall="accept"))
        else:
            end = self._queue.popleft()
            network.note(self._host.name, "accept", end.name)
            self._host.run(done, end)

    def vanish(self) -> None:
        """The host is dead."""
        self.open = False
        self._done = None
        self._queue.clear()

    def close(self) -> None:
        if self.open:
            self.open = False
            if self._done is not None:
                done, self._done = self._done, None
                self._network.timeline.soon(self._host.in_context(done, canceled("accept")))
            self._host.close_door(self)
            for end in self._queue:
                end.close(True)  # nobody will accept them
            self._queue.clear()

    def local_name(self) -> Endpoint:
        return self.bound.endpoint

    def fileno(self) -> int:
        return -1
