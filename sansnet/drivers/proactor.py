"""What a system that finishes operations by itself has to bring, for `CompletionDriver` to make a driver of it.

An operation is issued, and completes exactly once, through the function that it was given and from the loop: never
inside the call that issues it, and also after `cancel()`, which is only a wish, and after `close()`; whatever the
completion says is what happened. Its buffers belong to the system until then. What can be known at once is returned
instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ..state.effects import Payload
from ..state.endpoints import Endpoint, Found, ListenPlan
from ..state.faults import Fault

if TYPE_CHECKING:
    from .contract import BoundHandle, Cancellable

__all__ = ["Channel", "Door", "Proactor"]


class Channel(Protocol):
    """One open connection of the system. At most one read and one write are in flight."""

    def read(self, size: int, done: Callable[[bytes | Fault | None], None], /) -> None:
        """Read at most `size` bytes. Completes with some, with None at the end of the file, or with a fault."""

    def write(self, payloads: tuple[Payload, ...], done: Callable[[Fault | None], None], /) -> int | Fault | None:
        """Write them all. None or a fault: that was it, at once, and `done` isn't called; a number: so many bytes are
        gone, and `done` says when all are.
        """

    def shutdown(self, done: Callable[[Fault | None], None], /) -> None:
        """No more will be written."""

    def close(self, reset: bool, /) -> None:
        """Give it back to the system at once, with RST if so wished. What is in flight ends soon (ECANCELED), and each
        of it still completes.
        """

    def set_no_delay(self, on: bool, /) -> None: ...

    def set_keep_alive(self, on: bool, delay: int, interval: int, count: int, /) -> None: ...

    def set_type_of_service(self, value: int, /) -> None: ...

    def get_type_of_service(self) -> int | Fault: ...

    def local_name(self) -> Endpoint | None: ...

    def remote_name(self) -> Endpoint | None: ...

    def fileno(self) -> int: ...


class Door(Protocol):
    """One listening socket of the system. At most one accept is in flight."""

    def accept(self, done: Callable[[Channel | Fault], None], /) -> None:
        """Wait for the next connection."""

    def close(self) -> None:
        """Give it back at once, and whatever path it made. An accept in flight ends soon, and still completes."""

    def local_name(self) -> Endpoint | None: ...

    def fileno(self) -> int: ...


class Proactor(Protocol):
    """A system that finishes operations by itself, and the loop that says so."""

    def connect(
        self, endpoint: Endpoint, local: BoundHandle | None, done: Callable[[Channel | Fault], None], /
    ) -> Cancellable:
        """Connect, from `local` if there is one, which is used up. Completes with the connection, or a fault."""

    def bind(self, endpoint: Endpoint, ipv6_only: bool, reuse_port: bool, /) -> BoundHandle | Fault:
        """A socket that is bound there, for `connect` or `listen` (as `plan.handle`). A fault has syscall 'bind'."""

    def listen(self, endpoint: Endpoint | None, plan: ListenPlan, /) -> Door | Fault:
        """Bind and listen there; at `plan.handle` without an endpoint."""

    def adopt(self, source: object, /) -> tuple[Channel, None] | tuple[None, BoundHandle]:
        """A connection that exists, or a socket that is only bound. Raises OSError when it is neither."""

    def resolve(
        self,
        host: str,
        family: int,
        hints: int,
        every: bool,
        done: Callable[[tuple[Found, ...] | Fault], None],
        /,
    ) -> Cancellable: ...

    def now(self) -> float: ...

    def call_soon(self, callback: Callable[[], None], /) -> None: ...

    def call_soon_threadsafe(self, callback: Callable[[], None], /) -> None: ...

    def call_later(self, seconds: float, callback: Callable[[], None], /) -> Cancellable: ...
