"""The sockets of the completion family."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Literal, final

from ..state.effects import Payload
from ..state.endpoints import Endpoint
from ..state.faults import Fault
from .completion_handle import CompletionHandle
from .faults import canceled

if TYPE_CHECKING:
    from .completion import CompletionDriver
    from .contract import BoundHandle, Cancellable, SocketSink
    from .proactor import Channel, Proactor

__all__ = ["CompletionSocket"]

READ_SIZE: Final = 65536
"""The most that one read takes; libuv's size, and so the largest 'data' that Node's users know."""


@final
class _Attempt:
    """An operation that connects. A connection that it brings after it was cancelled is given back."""

    __slots__ = ("_done", "_operation", "cancelled", "endpoint", "local", "number")

    def __init__(
        self, number: int, local: BoundHandle | None, done: Callable[[_Attempt, Channel | Fault], None]
    ) -> None:
        self.number: Final = number
        self.local = local
        self.endpoint: Endpoint | None = None
        self.cancelled = False
        self._operation: Cancellable | None = None
        self._done: Final = done

    @property
    def in_flight(self) -> bool:
        return self.endpoint is not None

    def dial(self, proactor: Proactor, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        local, self.local = self.local, None
        self._operation = proactor.connect(endpoint, local, self._completed)

    def cancel(self) -> None:
        self.cancelled = True
        if self._operation is not None:
            self._operation.cancel()
        if self.local is not None:
            self.local.close()
            self.local = None

    def _completed(self, answer: Channel | Fault) -> None:
        if self.cancelled:
            if not isinstance(answer, Fault):
                answer.close(False)  # it won just before it was cancelled
            assert self.endpoint is not None
            answer = canceled("connect", self.endpoint.address, self.endpoint.port)
        self._done(self, answer)


@final
class CompletionSocket(CompletionHandle):
    """`contract.SocketHandle` over a channel, or over operations that connect."""

    __slots__ = (
        "_attempts",
        "_bound",
        "_channel",
        "_ended",
        "_in_flight",
        "_read_size",
        "_reading",
        "_reads",
        "_reset",
        "_shutting",
        "_sink",
        "_winner",
        "_writing",
    )

    _sink: SocketSink

    def __init__(
        self, driver: CompletionDriver, channel: Channel | None = None, bound: BoundHandle | None = None
    ) -> None:
        super().__init__(driver)
        self._channel = channel
        self._bound = bound  # what the first attempt connects from
        self._attempts: dict[int, _Attempt] = {}
        self._winner: tuple[int, Endpoint] | None = None  # the attempt that the channel is of
        self._in_flight = 0  # operations that will complete
        self._reads = False  # a read is one of them
        self._reading = False  # the sink wants to hear of it
        self._ended = False
        self._writing = False
        self._shutting = False  # a shutdown waits for the write in flight
        self._reset = False
        self._read_size = READ_SIZE

    def attach(self, sink: SocketSink) -> None:
        self._sink = sink

    # -- connecting

    def bind_local(self, attempt: int, family: int, address: str | None, port: int | None) -> Fault | None:
        if family == 0:
            return None
        if port is not None and port > 0xFFFF:  # Node's rule: it can't be had; and one below 0 is any port
            return Fault("EADDRINUSE", syscall="bind", address=address or "", port=port)
        host = address if address is not None else "::" if family == 6 else "0.0.0.0"
        answer = self._driver.proactor.bind(Endpoint(host, max(port or 0, 0), family), False, False)
        if isinstance(answer, Fault):
            return answer
        self._attempts[attempt] = _Attempt(attempt, answer, self._attempt_over)
        return None

    def connect(self, attempt: int, endpoint: Endpoint) -> None:
        begun = self._attempts.get(attempt)
        if begun is None:
            local, self._bound = self._bound, None
            begun = self._attempts[attempt] = _Attempt(attempt, local, self._attempt_over)
        self._hold()
        self._in_flight += 1
        begun.dial(self._driver.proactor, endpoint)

    def cancel_connect(self, attempt: int) -> None:
        begun = self._attempts.get(attempt)
        if begun is not None and begun.in_flight:
            begun.cancel()
        elif begun is not None:
            del self._attempts[attempt]
            begun.cancel()
            self._report_soon(self._sink.attempt_failed, attempt, canceled("connect"))
        elif self._winner is not None and self._winner[0] == attempt and self._channel is not None:
            _, endpoint = self._winner
            self._winner = None
            self.stop_read()
            self._channel.close(False)  # it had just won
            self._channel = None
            fault = canceled("connect", endpoint.address, endpoint.port)
            self._report_soon(self._sink.attempt_failed, attempt, fault)

    def _attempt_over(self, done: _Attempt, answer: Channel | Fault) -> None:
        was_closed = self._closed
        if not self._driver.begin():
            if not isinstance(answer, Fault):
                answer.close(False)
            return
        del self._attempts[done.number]
        self._in_flight -= 1
        self._drop()
        with self._ending(was_closed):
            if isinstance(answer, Fault):
                self._sink.attempt_failed(done.number, answer)
            elif done.cancelled:  # in what came first (obligation 9)
                answer.close(False)
                self._sink.attempt_failed(done.number, canceled("connect"))
            else:
                assert done.endpoint is not None
                self._channel, self._winner = answer, (done.number, done.endpoint)
                self._sink.connected(done.number)

    # -- reading

    def limit_read(self, size: int) -> None:
        self._read_size = max(min(size, READ_SIZE), 1)

    def start_read(self) -> None:
        if self._reading or self._ended or self._channel is None:
            return
        self._reading = True
        self._hold()
        if not self._reads:
            self._read()

    def stop_read(self) -> None:
        if self._reading:
            self._reading = False
            self._drop()

    def _read(self) -> None:
        assert self._channel is not None
        self._reads = True
        self._in_flight += 1
        self._channel.read(self._read_size, self._has_read)

    def _has_read(self, answer: bytes | Fault | None) -> None:
        """What it brings is reported although nobody wants to read any more: it can't be put back (obligation 2)."""
        was_closed = self._closed
        if not self._driver.begin():
            return
        self._reads = False
        self._in_flight -= 1
        if self._closed:
            self._end_if_closed(was_closed)
        elif type(answer) is bytes:
            try:
                self._sink.received(answer)
            finally:  # an interrupt must not end the reading
                if self._reading and not self._reads and not self._closed:
                    self._read()
        else:
            self._ended = True
            self.stop_read()
            if isinstance(answer, Fault):
                self._sink.read_failed(answer)
            else:
                self._sink.eof()

    # -- sending

    def send(self, payloads: tuple[Payload, ...]) -> int | Fault | None:
        if self._channel is None:
            return canceled("write")
        answer = self._channel.write(payloads, self._has_written)
        if type(answer) is int:
            self._writing = True
            self._in_flight += 1
            self._hold()
        return answer

    def _has_written(self, fault: Fault | None) -> None:
        was_closed = self._closed
        if not self._driver.begin():
            return
        self._writing = False
        self._in_flight -= 1
        self._drop()
        if self._shutting and not self._closed:
            self._shutting = False
            self._shut()
        if self._closed:
            with self._ending(was_closed):
                self._sink.send_failed(fault or canceled("write"))
        elif fault is None:
            self._sink.sent()
        else:
            self._sink.send_failed(fault)

    def shutdown(self) -> None:
        self._hold()
        if self._writing:
            self._shutting = True
        else:
            self._shut()

    def _shut(self) -> None:
        if self._channel is None:
            self._drop()
            self._report_soon(self._sink.shut_down)
            return
        self._in_flight += 1
        self._channel.shutdown(self._has_shut)

    def _has_shut(self, fault: Fault | None) -> None:
        was_closed = self._closed
        if not self._driver.begin():
            return
        self._in_flight -= 1
        self._drop()
        with self._ending(was_closed):
            if fault is None:
                self._sink.shut_down()
            else:
                self._sink.shutdown_failed(fault)

    # -- closing

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._hold()
        self.stop_read()
        if self._shutting:
            self._shutting = False
            self._drop()
            self._report_soon(self._sink.shutdown_failed, canceled("shutdown"))
        self._give_back()
        if not self._in_flight:
            self._driver.call_soon(self._end)

    def reset(self) -> None:
        self._reset = True
        self.close()

    def _give_back(self) -> None:
        for begun in list(self._attempts.values()):
            begun.cancel()
            if not begun.in_flight:
                del self._attempts[begun.number]
        if self._bound is not None:
            self._bound.close()
            self._bound = None
        if self._channel is not None:
            self._channel.close(self._reset)
            self._channel = None

    def _report_soon(self, report: Callable[..., None], *args: object) -> None:
        """What was known at once is reported in a later turn (obligation 6), and before `closed()`."""
        self._in_flight += 1
        self._driver.call_soon(functools.partial(self._report, report, *args))

    def _report(self, report: Callable[..., None], *args: object) -> None:
        self._in_flight -= 1
        was_closed = self._closed
        with self._ending(was_closed):
            report(*args)

    @contextlib.contextmanager
    def _ending(self, was_closed: bool) -> Iterator[None]:
        """Around the report of an operation that has completed, even if a listener is interrupted."""
        try:
            yield
        finally:
            self._end_if_closed(was_closed)

    def _end_if_closed(self, was_closed: bool) -> None:
        """An operation has completed. If the handle was closed, and that was the last one, that's all.

        was_closed: already before this turn. Otherwise `closed()` has to wait for a later one (obligation 6).
        """
        if was_closed:
            self._end()
        elif self._closed and not self._driver.closed:
            self._driver.call_soon(self._end)

    def _end(self) -> None:
        if self._in_flight or self._is_forgotten():
            return
        self._forget()
        self._drop()
        if hasattr(self, "_sink"):  # a connection that nobody wanted has nobody to tell
            self._sink.closed()

    # -- options and names

    def set_no_delay(self, on: bool) -> None:
        if self._channel is not None:
            self._channel.set_no_delay(on)

    def set_keep_alive(self, on: bool, delay: int, interval: int, count: int) -> None:
        if self._channel is not None:
            self._channel.set_keep_alive(on, delay, interval, count)

    def set_type_of_service(self, value: int) -> None:
        if self._channel is not None:
            self._channel.set_type_of_service(value)

    def get_type_of_service(self) -> int | Fault:
        if self._channel is None:
            return Fault("EBADF", syscall="getTypeOfService")
        return self._channel.get_type_of_service()

    def local_name(self) -> Endpoint | None:
        if self._bound is not None:
            return self._bound.local_name()
        return None if self._channel is None else self._channel.local_name()

    def unconnected(self) -> Literal["tcp", "path"] | None:
        name = self._bound.local_name() if self._bound is not None else None
        return None if name is None else "path" if name.is_path else "tcp"

    def remote_name(self) -> Endpoint | None:
        return None if self._channel is None else self._channel.remote_name()

    def fileno(self) -> int:
        if self._bound is not None:
            return self._bound.fileno()
        return -1 if self._channel is None else self._channel.fileno()
