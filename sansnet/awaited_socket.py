"""The awaitable face of a socket: `async for`, `async with`, and waiting for what its events tell.

Errors. Who waits for something of a socket gets its error raised, if it dies first; if it was closed without one, that
is a "Premature close", as in Node's streams. An 'error' that somebody waits for in this way is not unhandled. Inside
`async with socket:` none is.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self, final

from .async_loop import AsyncLoop
from .awaiting import Hearing
from .default import check_home
from .duplex import Duplex
from .events import Listener
from .parking import Spot, new_spot
from .state import Fault, SocketMachine
from .state.phases import Link, Read, Write

__all__ = ["REPLACED", "AwaitedSocket", "Chunks", "heard"]

REPLACED: Final = "_replaced"
"""An event for tasks only: `connect()` has begun another life. The old one may never tell of its end."""

_PREMATURE_CLOSE: Final = Fault("ERR_STREAM_PREMATURE_CLOSE")
_FINISHED: Final = (Write.FINISHED, Write.OVER, Write.NONE)
_ENDED: Final = (Read.ENDED, Read.OVER, Read.NONE)


class AwaitedSocket(Duplex):
    """What of a socket can be awaited, in tasks of asyncio and trio; `parking.py` says how others are taught."""

    __slots__ = ()

    def destroy(self, error: Exception | None = None) -> Self:
        """Close at once."""
        raise NotImplementedError

    def destroy_soon(self) -> None:
        """Close as soon as all is handed to the system."""
        raise NotImplementedError

    # -- waiting -----------------------------------------------------------------------------------------------------

    async def drained(self) -> None:
        """Wait until `write()` is welcome: not at all unless the last one answered False, otherwise for 'drain'.

            for chunk in chunks:
                socket.write(chunk)
                await socket.drained()

        Raises the socket's error, or ERR_STREAM_PREMATURE_CLOSE, when it is closed or closes first; not if all went
        out before that.
        """
        machine = self._port.machine
        while not _is_welcome(machine):
            await self._hear(machine, "drain", "finish")

    async def finished(self) -> None:
        """Wait for 'finish': the system has all that was written, and the FIN. Somebody has to call `end()`.

        Not at all if it was told already. Raises the socket's error, or ERR_STREAM_PREMATURE_CLOSE, when the socket
        closes first.
        """
        machine = self._port.machine
        while machine.writing.phase not in _FINISHED:
            await self._hear(machine, "finish")

    async def wait_closed(self) -> None:
        """Wait for 'close', the end of this life; not at all after it. Raises the error that the socket died of."""
        machine = self._port.machine
        await self._gone(machine)
        if machine.told_error is not None:
            raise self._death_of(machine)

    async def _gone(self, machine: SocketMachine) -> None:
        """Wait for the 'close' of that life, however it dies."""
        with Hearing(self, "error", "close", REPLACED) as hearing:
            while not self._is_past(machine):
                await hearing.next()

    async def _hear(self, machine: SocketMachine, *events: str) -> None:
        """Wait for one of the events, which may be those of another life. Raises if that one dies first, or is over."""
        with Hearing(self, *events, "error", "close", REPLACED) as hearing:
            while not self._is_past(machine):
                event, _ = await hearing.next()
                if event in events:
                    return
                if event == "error" and machine.told_error is not None:
                    break
        raise self._death_of(machine)

    def _is_past(self, machine: SocketMachine) -> bool:
        """Is that life over: closed, or another one took its place?"""
        return machine.link is Link.CLOSED or machine is not self._port.machine

    def _death_of(self, machine: SocketMachine) -> Exception:
        """What to raise for a life that is over: the error that it died of, or that this came too early."""
        return self._exception_of(machine.told_error or _PREMATURE_CLOSE)

    # -- blocks ------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Close the socket at the end of the block, and wait for its 'close'.

        All that was written goes out before (`destroy_soon()`), however long the peer takes for it; `asyncio.timeout()`
        sets a limit. A block that raises, or is cancelled, destroys the socket at once. So
        does one whose socket isn't connected and has nothing to send.

        The block gets nothing but its own exception, if it raises one. To hear that something could not be sent, call
        `end()` and await `finished()` in it.
        """
        self.on("error", heard)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        machine = self._port.machine
        try:
            if error is not None or (machine.pending and not machine.writing.length):
                self.destroy()
            else:
                self.destroy_soon()
            await self._gone(machine)
        except BaseException:  # cancelled
            self.destroy()
            raise
        finally:
            self.off("error", heard)

    # -- iterating ---------------------------------------------------------------------------------------------------

    def __aiter__(self) -> Chunks:
        """`async for chunk in socket`: as `iterator()`."""
        return self.iterator()

    def iterator(self, *, destroy_on_return: bool = True) -> Chunks:
        """Iterate over what arrives: bytes, or str after `set_encoding()`, all that is there each time.

        While the consumer is busy nothing is told, and at `readable_high_water_mark` bytes the peer has to wait.

        The loop ends when the peer has ended; then the socket is destroyed, as soon as all that was written is sent,
        and the FIN (`destroy_soon()`). It is not with `allow_half_open`: our half is still open then. A loop that is
        left early, by `break` or by an exception, destroys the socket at once, unless `destroy_on_return` is false.
        Raises the socket's error; after `destroy()` without one, ERR_STREAM_PREMATURE_CLOSE.

        "At once" is in the next turn of the loop; `contextlib.aclosing()` leaves it there and then.

        https://nodejs.org/api/stream.html#readableiteratoroptions
        """
        return Chunks(self, destroy_on_return)


@final
class Chunks(AsyncLoop[Any]):
    """An iteration over what arrives at a socket."""

    __slots__ = ()

    def __init__(self, socket: AwaitedSocket, destroys: bool) -> None:
        check_home(socket._port._driver, socket)
        super().__init__(_Reading(socket, destroys))


@final
class _Reading:
    """What such an iteration knows."""

    __slots__ = ("_destroys", "_failed", "_listeners", "_machine", "_socket", "_spot")

    def __init__(self, socket: AwaitedSocket, destroys: bool) -> None:
        self._socket: Final = socket
        self._machine: Final = socket._port.machine
        self._destroys: Final = destroys
        self._failed = False
        self._spot: Spot | None = None
        self._listeners: list[tuple[str, Listener]] | None = None  # None: it is over
        if self._machine.link is Link.CLOSED:
            self._listeners = []
            return
        self._listeners = [("readable", self._wake), ("end", self._wake), ("error", self._fail)]
        self._listeners += [("close", self._wake), (REPLACED, self._wake)]
        for event, listener in self._listeners:
            socket.prepend_listener(event, listener)  # as a Hearing does

    async def next(self) -> Any:
        """The next chunk; StopAsyncIteration after the last one."""
        if self._spot is not None:
            raise RuntimeError("another task waits for the next chunk of this iteration")
        while self._listeners is not None:
            gone = self._machine.destroyed or self._socket._is_past(self._machine)
            chunk = None if gone else self._socket.read()
            if chunk is not None:
                return chunk
            if self._machine.reading.phase in _ENDED:
                self._end()
                break
            if self._failed or self._socket._is_past(self._machine):
                self._leave()
                raise self._socket._death_of(self._machine)
            self._spot = new_spot(self._socket._port._driver)
            try:
                await self._spot.park()
            finally:
                self._spot = None
        raise StopAsyncIteration

    def leave_early(self) -> None:
        """The loop was left; nothing happens if it had come to its end."""
        if self._listeners is None:
            return
        destroys = self._destroys and not self._machine.destroyed and not self._socket._is_past(self._machine)
        self._leave()
        if destroys:
            self._socket.destroy()

    def leave_soon(self) -> None:
        """The same in a turn of the loop; called on any thread, at any time. RuntimeError if the driver is closed."""
        if self._listeners is not None:
            self._socket._port._driver.call_soon_threadsafe(self.leave_early)

    def _end(self) -> None:
        """The peer has ended. Node destroys the socket here at once, and loses what is not sent yet."""
        self._leave()
        machine = self._machine
        if self._destroys and not machine.destroyed and not machine.allow_half_open:
            self._socket.destroy_soon()

    def _leave(self) -> None:
        listeners, self._listeners = self._listeners or [], None
        for event, listener in listeners:
            self._socket.off(event, listener)

    def _wake(self, *_: object) -> None:
        if self._spot is not None:
            self._spot.wake()

    def _fail(self, *_: object) -> None:
        self._failed = self._machine.told_error is not None  # or it is an earlier life's
        self._wake()


def _is_welcome(machine: SocketMachine) -> bool:
    """Is a write welcome, or did all go out already?"""
    writing = machine.writing
    if writing.phase in _FINISHED:
        return True
    return not machine.destroyed and not (writing.need_drain and writing.phase is Write.OPEN)


def heard(_error: object) -> None:
    """Listens to 'error', so that it isn't unhandled: whoever waits for the socket gets it."""
