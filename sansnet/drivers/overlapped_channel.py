"""What TCP connections and pipes have in common on Windows: reads and writes that are issued, and come back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ..state.effects import Payload
from ..state.endpoints import Endpoint
from ..state.faults import Fault
from .faults import canceled, fault_of

if TYPE_CHECKING:
    from _overlapped import Overlapped

    from .overlapped_port import Operation, Port

__all__ = ["OverlappedChannel"]


class OverlappedChannel:
    """`proactor.Channel` over a handle that is attached to a port."""

    __slots__ = ("_left", "_local", "_port", "_read", "_reading", "_remote", "_size", "_write", "_writing", "closed")

    MOST_AT_ONCE = 1 << 20
    """So many bytes go into one write: the system pins the pages of what is being written."""

    def __init__(self, port: Port, local: Endpoint | None, remote: Endpoint | None) -> None:
        self._port: Final = port
        self._local: Final = local
        self._remote: Final = remote
        self._read: Operation | None = None
        self._reading: Callable[[bytes | Fault | None], None] | None = None
        self._size = 0
        self._write: Operation | None = None
        self._writing: Callable[[Fault | None], None] | None = None
        self._left = memoryview(b"")
        """What is still to be written, with that which is on its way."""
        self.closed = False

    # -- what the kinds differ in

    def _begin_read(self, size: int, overlapped: Overlapped) -> object:
        raise NotImplementedError

    def _begin_write(self, payload: memoryview, overlapped: Overlapped) -> object:
        raise NotImplementedError

    def _write_at_once(self, payload: memoryview) -> int:
        """How many bytes the system takes without an operation."""
        raise NotImplementedError

    def _has_read(self, answer: Any) -> None:
        """The system's answer to a read."""
        raise NotImplementedError

    def _give_back(self, reset: bool) -> None:
        """Close the handle."""
        raise NotImplementedError

    # -- reading

    def read(self, size: int, done: Callable[[bytes | Fault | None], None]) -> None:
        self._reading = done
        self._size = size
        self._issue_read()

    def _issue_read(self) -> None:
        try:
            self._read = self._port.issue(functools.partial(self._begin_read, self._size), self._packet_of_read)
        except OSError as error:
            self._port.call_soon(functools.partial(self._packet_of_read, error))

    def _packet_of_read(self, answer: Any) -> None:
        self._read = None
        if self.closed:
            self._answer_read(canceled("read"))
        else:
            self._has_read(answer)

    def _answer_read(self, answer: bytes | Fault | None) -> None:
        done, self._reading = self._reading, None
        if done is not None:
            done(answer)

    # -- writing

    def write(self, payloads: tuple[Payload, ...], done: Callable[[Fault | None], None]) -> int | Fault | None:
        whole = memoryview(payloads[0] if len(payloads) == 1 else b"".join(payloads)).cast("B")
        self._left = whole
        try:
            if self._push():
                return None
        except OSError as error:
            return self._write_fault(error)
        self._writing = done
        return len(whole) - len(self._left)

    def _push(self) -> bool:
        """Write until the system has it all (True), or an operation is under way. Raises OSError."""
        while self._left:
            count = self._write_at_once(self._left)
            if not count:
                chunk = self._left[: self.MOST_AT_ONCE]
                operation = self._port.issue(functools.partial(self._begin_write, chunk), self._has_written)
                if not operation.is_finished:
                    self._write = operation
                    return False
                count = operation.take()
                if isinstance(count, OSError):
                    raise count
            self._left = self._left[count:]
        return True

    def _has_written(self, answer: Any) -> None:
        self._write = None
        if self.closed:
            self._answer_write(canceled("write"))
        elif isinstance(answer, OSError):
            self._answer_write(self._write_fault(answer))
        else:
            self._left = self._left[answer:]
            try:
                finished = self._push()
            except OSError as error:
                self._answer_write(self._write_fault(error))
                return
            if finished:
                self._answer_write(None)

    def _write_fault(self, error: OSError) -> Fault:
        return fault_of(error, "write")

    def _answer_write(self, fault: Fault | None) -> None:
        self._left = memoryview(b"")
        done, self._writing = self._writing, None
        if done is not None:
            done(fault)

    # -- the end

    def close(self, reset: bool) -> None:
        if not self.closed:
            self.closed = True
            for operation in (self._read, self._write):
                if operation is not None:
                    operation.cancel()
            self._give_back(reset)

    # -- names

    def local_name(self) -> Endpoint | None:
        return self._local

    def remote_name(self) -> Endpoint | None:
        return self._remote
