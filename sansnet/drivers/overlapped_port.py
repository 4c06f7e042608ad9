"""Operations on a completion port: how they are issued, and what keeps their memory where it is.

Windows writes into an operation's memory until it has put the packet of that operation into the port, also after the
operation was cancelled and after its handle was closed. So whoever implements `Port` keeps the operation, and what it
refers to, until the packet is there. A cancel is a request: what became of the operation is what the packet says.

An operation that is finished by the time it is issued has a packet all the same. It may be answered at once
(`Operation.take`); then its packet only ends its life.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, final

if TYPE_CHECKING:
    from _overlapped import Overlapped

    from .contract import Cancellable

__all__ = [
    "BROKEN_PIPE",
    "Begin",
    "Done",
    "Operation",
    "Pending",
    "Port",
    "number_of",
]

BROKEN_PIPE: Final = 109
"""ERROR_BROKEN_PIPE: the peer has closed its end."""

Begin = Callable[["Overlapped"], object]
"""Calls the system, with the operation's own memory. True: that was it, and there will be no packet."""

Done = Callable[[Any], None]
"""Is given what the system says: bytes, or how many of them; None at the end of the file; an OSError."""


class Port(Protocol):
    """A completion port and its loop."""

    def attach(self, handle: int, /) -> None:
        """Let the packets of this handle come to the port. Raises OSError."""

    def issue(self, begin: Begin, done: Done, /) -> Operation:
        """Begin an operation, and call `done` from the loop when its packet comes, or in a later turn if there is none.

        Raises OSError when it could not be begun; then nothing is to come.
        """

    def call_soon(self, callback: Callable[[], None], /) -> None: ...

    def call_soon_threadsafe(self, callback: Callable[[], None], /) -> None: ...

    def call_later(self, seconds: float, callback: Callable[[], None], /) -> Cancellable: ...

    def now(self) -> float: ...


@final
class Operation:
    """One call of the system that its packet will end."""

    __slots__ = ("_done", "overlapped")

    def __init__(self, overlapped: Overlapped, done: Done) -> None:
        self.overlapped: Final = overlapped
        self._done: Done | None = done

    @property
    def is_finished(self) -> bool:
        """Is its result there already? The packet may still be on its way."""
        return not self.overlapped.pending

    def take(self) -> Any:
        """The result of one that is finished. `done` won't be called any more."""
        self._done = None
        return _result(self.overlapped)

    def cancel(self) -> None:
        """Ask the system to hurry. It may be too late, or just in time, and the packet says which."""
        with contextlib.suppress(OSError):
            self.overlapped.cancel()

    def complete(self) -> None:
        """Its packet is here."""
        done, self._done = self._done, None
        if done is not None:
            done(_result(self.overlapped))


@final
class Pending:
    """The operations whose packets are still to come, by the address of their memory."""

    __slots__ = ("_make", "_operations")

    def __init__(self, make: Callable[[], Overlapped]) -> None:
        self._make: Final = make
        self._operations: Final[dict[int, Operation]] = {}

    def __len__(self) -> int:
        return len(self._operations)

    def issue(self, begin: Begin, done: Done, call_soon: Callable[[Callable[[], None]], None]) -> Operation:
        """As `Port.issue`."""
        operation = Operation(self._make(), done)
        if begin(operation.overlapped) is True:
            call_soon(operation.complete)
        else:
            self._operations[operation.overlapped.address] = operation
        return operation

    def take(self, address: int) -> Operation | None:
        """The operation of this packet; None if it is none of ours."""
        return self._operations.pop(address, None)


def _result(overlapped: Overlapped) -> Any:
    try:
        value = overlapped.getresult()
    except OSError as error:
        return error
    # A read at the end of a pipe is no failure to Python: it brings b"", and so does an empty message.
    return None if overlapped.error == BROKEN_PIPE else value


def number_of(error: OSError) -> int:
    """Windows' number of an error; 0 where Python has none."""
    return getattr(error, "winerror", None) or 0
