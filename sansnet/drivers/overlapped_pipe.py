"""Windows' named pipes: connections, and the names at which a server waits for them.

The end of a pipe
-----------------
A pipe has no half-close: it is open in both directions, or closed. What TCP tells with FIN is therefore told by
closing, and this is the policy (libuv's, so that programs see what they see in Node):

1. `shutdown()` comes when all that was written is in the pipe. It completes in a later turn, and closes nothing yet.
2. From then on the end only listens. Each chunk that arrives is reported; when the peer closes, its end is reported.
3. If nothing arrives for `QUIET` seconds while somebody reads, the end closes the pipe, and reports the end of the file
   to itself. While nobody reads, the time stands still: what waits in the pipe would be lost.
4. The peer reads what is in the pipe, to the last byte, and then the end of the file. Closing throws nothing away
   (`DisconnectNamedPipe` would, and is not used). What the peer writes from then on fails with EPIPE.

So a client that asks and ends hears the answer if it begins within `QUIET` and doesn't pause for longer than that. If
the peer has ended first, step 3 has nothing to wait for, and the pipe is closed at once.

Reading
-------
The peer may write messages (asyncio's servers do): a message that is longer than a read comes in pieces, and an empty
one, which isn't the end of the file although it brings no bytes, is passed over.
"""

from __future__ import annotations

import errno
import functools
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from ..state.endpoints import Endpoint
from ..state.faults import Fault
from .faults import canceled, fault_of
from .overlapped_channel import OverlappedChannel
from .overlapped_port import number_of

if TYPE_CHECKING:
    from _overlapped import Overlapped

    from .contract import Cancellable
    from .overlapped_port import Port

__all__ = ["INSTANCES", "QUIET", "PipeChannel", "PipeDoor", "PipeSystem"]

QUIET: Final = 0.05
"""Seconds of silence after which an end that has ended closes the pipe; libuv's."""

INSTANCES: Final = 4
"""So many clients can connect before the first of them is accepted; Node's. Others wait until there is room."""

_ENDED: Final = frozenset({109, 232, 233})
"""ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED: there is no peer (any more)."""


class PipeSystem(Protocol):
    """What is asked of Windows. Handles are numbers. Everything raises OSError."""

    def create_pipe(self, name: str, first: bool, for_all: str) -> int:
        """A new instance of a pipe, that no client has connected to yet. With `first` it has to be the first one.

        for_all: what others than its owner may do: 'r', 'w', both or none of them.
        """

    def close_handle(self, handle: int) -> None: ...


@final
class PipeChannel(OverlappedChannel):
    """One end of a pipe."""

    __slots__ = ("_ended", "_handle", "_peer_ended", "_quiet", "_system")

    MOST_AT_ONCE = 1 << 16

    def __init__(
        self, port: Port, system: PipeSystem, handle: int, local: Endpoint | None, remote: Endpoint | None
    ) -> None:
        """Of a handle that is attached to the port."""
        super().__init__(port, local, remote)
        self._system: Final = system
        self._handle: int | None = handle
        self._ended = False  # by us
        self._peer_ended = False
        self._quiet: Cancellable | None = None  # the time of step 3

    # -- reading

    def read(self, size: int, done: Callable[[bytes | Fault | None], None]) -> None:
        super().read(size, done)
        if self._ended:
            self._wait_for_quiet()

    def _begin_read(self, size: int, overlapped: Overlapped) -> object:
        if self._handle is None:  # we have closed it
            raise BrokenPipeError(errno.EPIPE, "the pipe is closed")
        return overlapped.ReadFile(self._handle, size)

    def _has_read(self, answer: Any) -> None:
        self._stop_waiting()
        if isinstance(answer, bytes) and answer:
            self._answer_read(answer)  # also what came just before the pipe was closed
        elif self._handle is None or answer is None or (isinstance(answer, OSError) and number_of(answer) in _ENDED):
            self._peer_ended = True
            if self._ended:
                self._release()
            self._answer_read(None)
        elif isinstance(answer, OSError):
            self._answer_read(fault_of(answer, "read"))
        else:
            self._issue_read()  # an empty message
            if self._ended:
                self._wait_for_quiet()

    # -- writing

    def _begin_write(self, payload: memoryview, overlapped: Overlapped) -> object:
        if self._handle is None:
            raise BrokenPipeError(errno.EPIPE, "the pipe is closed")
        return overlapped.WriteFile(self._handle, payload)

    def _write_at_once(self, payload: memoryview) -> int:
        return 0  # there is no way to write what has room, and no more

    # -- the end

    def shutdown(self, done: Callable[[Fault | None], None]) -> None:
        self._ended = True
        if self._peer_ended:
            self._release()
        elif self._reading is not None:
            self._wait_for_quiet()
        self._port.call_soon(functools.partial(done, None))

    def _wait_for_quiet(self) -> None:
        if self._quiet is None and self._handle is not None:
            self._quiet = self._port.call_later(QUIET, self._is_quiet)

    def _stop_waiting(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None

    def _is_quiet(self) -> None:
        self._quiet = None
        if self._read is not None:
            self._read.cancel()
        self._release()

    def _give_back(self, reset: bool) -> None:
        self._stop_waiting()
        self._release()

    def _release(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            self._system.close_handle(handle)

    # -- what pipes have not

    def set_no_delay(self, on: bool) -> None: ...

    def set_keep_alive(self, on: bool, delay: int, interval: int, count: int) -> None: ...

    def set_type_of_service(self, value: int) -> None: ...

    def get_type_of_service(self) -> int:
        return 0

    def fileno(self) -> int:
        return -1 if self._handle is None else self._handle


@final
class PipeDoor:
    """`proactor.Door` at a name: some instances of the pipe wait for clients, each of which takes one.

    The name is ours for as long as there is an instance, so a new one is made before the last is handed over.
    """

    __slots__ = ("_connected", "_done", "_for_all", "_name", "_port", "_system", "_waiting", "_wanted")

    def __init__(
        self, port: Port, system: PipeSystem, endpoint: Endpoint, first: int, for_all: str = "", wanted: int = INSTANCES
    ) -> None:
        """Of the first instance, which is ours from now on."""
        self._port: Final = port
        self._system: Final = system
        self._name: Endpoint | None = endpoint
        self._for_all: Final = for_all
        self._wanted: Final = wanted
        self._waiting: Final[dict[int, None]] = {}  # for clients
        self._connected: Final[deque[int | Fault]] = deque()  # what was not accepted yet
        self._done: Callable[[PipeChannel | Fault], None] | None = None
        self._wait(first)
        self._fill_up()

    # -- instances

    def _fill_up(self) -> None:
        """Let as many instances wait as shall. One that can't be made is an accept that has failed."""
        while self._name is not None and len(self._waiting) + len(self._connected) < self._wanted:
            try:
                self._wait(self._system.create_pipe(self._name.address, False, self._for_all))
            except OSError as error:
                if not self._waiting:  # otherwise those that there are will do
                    self._connected.append(fault_of(error, "accept"))
                    self._hand_over_soon()
                return

    def _wait(self, handle: int) -> None:
        self._waiting[handle] = None
        try:
            self._port.attach(handle)
            self._port.issue(
                lambda overlapped: overlapped.ConnectNamedPipe(handle), functools.partial(self._has_connected, handle)
            )
        except OSError as error:
            self._port.call_soon(functools.partial(self._has_connected, handle, error))

    def _has_connected(self, handle: int, answer: Any) -> None:
        if handle not in self._waiting:
            return  # it was closed
        del self._waiting[handle]
        if isinstance(answer, OSError):
            # The client has come and gone. What there was to say can't be told any more.
            self._system.close_handle(handle)
            if number_of(answer) not in _ENDED:
                self._connected.append(fault_of(answer, "accept"))
        else:
            self._connected.append(handle)
        self._fill_up()
        self._hand_over()

    # -- accepting

    def accept(self, done: Callable[[PipeChannel | Fault], None]) -> None:
        self._done = done
        self._fill_up()
        if self._connected:
            self._hand_over_soon()

    def _hand_over_soon(self) -> None:
        self._port.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        if self._done is None or not self._connected:
            return
        next_one = self._connected.popleft()
        done, self._done = self._done, None
        if isinstance(next_one, Fault):
            done(next_one)  # the next accept tries again
        else:
            self._fill_up()
            done(PipeChannel(self._port, self._system, next_one, self._name, None))

    def close(self) -> None:
        """Nobody listens at the name any more; clients that were not accepted find the pipe closed."""
        if self._name is None:
            return
        self._name = None
        for handle in (*self._waiting, *self._connected):
            if not isinstance(handle, Fault):
                self._system.close_handle(handle)
        self._waiting.clear()
        self._connected.clear()
        if self._done is not None:
            done, self._done = self._done, None
            self._port.call_soon(functools.partial(done, canceled("accept")))

    def local_name(self) -> Endpoint | None:
        return self._name

    def fileno(self) -> int:
        """Of one of its instances: as long as there is one the name is ours."""
        return next((one for one in (*self._waiting, *self._connected) if not isinstance(one, Fault)), -1)
