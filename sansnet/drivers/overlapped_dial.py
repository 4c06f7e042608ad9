"""Connecting to a pipe: at once if an instance waits for us, on a thread if we have to wait for one.

The system has no operation that opens a pipe; `CreateFile` does it there and then, and says ERROR_PIPE_BUSY when every
instance has its client. What waits for an instance to become free is `WaitNamedPipe`, which blocks; so it is called on
a thread, one for each name, however many wait for that name. A name of another machine is opened there, too, since that
takes a journey through the network.

Who waits is served in the order of asking. `WaitNamedPipe` can't be called off, so the thread waits for a second at a
time; what it opens for somebody who has gone is closed.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, final

from ..state.endpoints import Endpoint
from ..state.faults import Fault
from .faults import canceled, fault_of
from .overlapped_pipe import PipeChannel, PipeSystem
from .overlapped_port import number_of
from .pipe_names import why_no_client

if TYPE_CHECKING:
    from .contract import Cancellable
    from .overlapped_port import Port

__all__ = ["PATIENCE", "DialSystem", "PipeDial", "PipeQueue"]

PATIENCE: Final = 30.0
"""Seconds until a client gives up to wait for an instance; libuv's."""

_SLICE: Final = 1000
"""Milliseconds that a thread waits at a time."""

_BUSY: Final = 231
_NOT_YET: Final = frozenset({_BUSY, 121})
"""ERROR_PIPE_BUSY, and ERROR_SEM_TIMEOUT of a wait that was in vain."""


class DialSystem(PipeSystem, Protocol):
    """What is asked of Windows besides."""

    def open_pipe(self, name: str) -> int:
        """The client's end of a pipe."""

    def wait_for_pipe(self, name: str, milliseconds: int) -> None:
        """Block until an instance is free. Whoever opens it first has it."""


@final
class PipeDial:
    """An attempt to connect."""

    __slots__ = ("_done", "_patience", "_queue", "endpoint")

    def __init__(self, queue: PipeQueue, endpoint: Endpoint, done: Callable[[PipeChannel | Fault], None]) -> None:
        self._queue: Final = queue
        self.endpoint: Final = endpoint
        self._done: Callable[[PipeChannel | Fault], None] | None = done
        self._patience: Cancellable | None = None

    @property
    def waits(self) -> bool:
        """Not yet answered."""
        return self._done is not None

    def begin(self) -> None:
        """Try it, from the loop."""
        code = why_no_client(self.endpoint.address)
        if code:
            self.fail(Fault(code, errno=getattr(errno, code), syscall="connect", address=self.endpoint.address))
            return
        if not self.waits:
            return
        if self._queue.is_far(self.endpoint.address):
            self._wait()
            return
        try:
            self.opened(self._queue.system.open_pipe(self.endpoint.address))
        except OSError as error:
            if number_of(error) == _BUSY:
                self._wait()
            else:
                self.refused(error)

    def _wait(self) -> None:
        self._patience = self._queue.port.call_later(PATIENCE, self._give_up)
        self._queue.wait(self)

    def _give_up(self) -> None:
        self.fail(Fault("ETIMEDOUT", errno=errno.ETIMEDOUT, syscall="connect", address=self.endpoint.address))

    def opened(self, handle: int) -> None:
        """Here it is."""
        try:
            self._queue.port.attach(handle)
        except OSError as error:
            self._queue.system.close_handle(handle)
            self.refused(error)
            return
        self._answer(PipeChannel(self._queue.port, self._queue.system, handle, None, self.endpoint))

    def refused(self, error: OSError) -> None:
        """The system says why not."""
        self.fail(fault_of(error, "connect", self.endpoint.address))

    def fail(self, fault: Fault) -> None:
        self._answer(fault)

    def _answer(self, answer: PipeChannel | Fault) -> None:
        if self._patience is not None:
            self._patience.cancel()
        done, self._done = self._done, None
        if done is not None:
            done(answer)

    def cancel(self) -> None:
        """Nobody waits any more. That is told in a later turn."""
        self._queue.port.call_soon(functools.partial(self.fail, canceled("connect", self.endpoint.address)))


@final
class PipeQueue:
    """Those who wait for a pipe, by its name."""

    __slots__ = ("_arrived", "_closed", "_waiting", "port", "system")

    def __init__(self, port: Port, system: DialSystem) -> None:
        self.port: Final = port
        self.system: Final = system
        self._waiting: Final[dict[str, deque[PipeDial]]] = {}
        self._arrived: Final[deque[tuple[str, int | OSError]]] = deque()  # on its way from a thread to the loop
        self._closed = False

    def is_far(self, name: str) -> bool:
        """Is it on another machine?"""
        return name[2:3] not in (".", "?")

    def wait(self, dial: PipeDial) -> None:
        """Open the pipe as soon as that can be."""
        name = dial.endpoint.address
        queue = self._waiting.get(name)
        if queue is None:
            self._waiting[name] = deque([dial])
            self._start(name)
        else:
            queue.append(dial)

    def _start(self, name: str) -> None:
        try:
            threading.Thread(target=self._work, args=(name,), name="sansnet-pipe", daemon=True).start()
        except RuntimeError:  # the system has no thread to spare
            fault = Fault("EAGAIN", errno=errno.EAGAIN, syscall="connect", address=name)
            for dial in self._waiting.pop(name):
                self.port.call_soon(functools.partial(dial.fail, fault))

    def _work(self, name: str) -> None:
        """On the thread: open it once, and say what came of it."""
        answer = self._open(name)
        self._arrived.append((name, answer))
        if self._closed:
            self._discard()
        else:
            with contextlib.suppress(RuntimeError):  # closed just now, by who discards what has arrived
                self.port.call_soon_threadsafe(self._deliver)

    def _open(self, name: str) -> int | OSError:
        try:
            return self.system.open_pipe(name)
        except OSError as error:
            if number_of(error) != _BUSY:
                return error
        in_vain: OSError | None = None
        try:
            self.system.wait_for_pipe(name, _SLICE)
        except OSError as error:
            in_vain = error
        try:
            return self.system.open_pipe(name)  # if the server has gone, this says so in the words of a connect
        except OSError as error:
            return in_vain if in_vain is not None and number_of(error) == _BUSY else error

    def _deliver(self) -> None:
        if not self._arrived:
            return
        name, answer = self._arrived.popleft()
        queue = self._waiting[name]
        while queue and not queue[0].waits:
            queue.popleft()
        if not isinstance(answer, OSError):
            if queue:
                queue.popleft().opened(answer)
            else:
                self.system.close_handle(answer)
        elif queue and number_of(answer) not in _NOT_YET:
            queue.popleft().refused(answer)
        if queue:
            self._start(name)
        else:
            del self._waiting[name]

    def close(self) -> None:
        """The loop is over: nobody is answered any more."""
        self._closed = True
        self._discard()

    def _discard(self) -> None:
        with contextlib.suppress(IndexError):  # a thread may be at it, too
            while True:
                _, answer = self._arrived.popleft()
                if not isinstance(answer, OSError):
                    self.system.close_handle(answer)
