"""The awaitable face of a server: `async for`, `async with`, and waiting for what its events tell."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, cast, final

from .async_loop import AsyncLoop
from .awaited_socket import heard
from .awaiting import Hearing
from .default import check_home
from .dispatch import exception_in
from .errors import to_exception
from .listeners import ServerListeners
from .parking import Spot, new_spot
from .state import Fault, ServerMachine, Step
from .state.effects import Effects
from .state.phases import Listen

if TYPE_CHECKING:
    from .drivers.contract import Driver
    from .ports import ServerPort
    from .server import Server
    from .socket import Socket

__all__ = ["STOPPED", "AwaitedServer", "Connections"]

BACKLOG: Final = 16
"""So many connections are accepted for a consumer that is busy; then the system's backlog has to keep them."""

STOPPED: Final = "_stopped"
"""An event for tasks only: `close()` was called. 'close' is told later, when the last connection is gone."""

_NOT_RUNNING: Final = Fault("ERR_SERVER_NOT_RUNNING")


class AwaitedServer(ServerListeners):
    """What of a server can be awaited. `Server` is the one that inherits it."""

    __slots__ = ("_accepting", "_is_held", "_port")

    _port: ServerPort
    _driver: Driver

    def __init__(self) -> None:
        """Prepare; the subclass sets the port and the driver."""
        super().__init__()
        self._accepting: _Accepting | None = None  # the iteration that goes on
        self._is_held = False  # the user's pause() is in force

    # -- waiting -----------------------------------------------------------------------------------------------------

    async def wait_listening(self) -> None:
        """Wait until the server listens: a host may have to be looked up before. Not at all if it does already.

        Raises why it can't, or RuntimeError (ERR_SERVER_NOT_RUNNING) when `listen()` was not called, or `close()` was.
        """
        machine = self._port.machine
        with Hearing(self, "listening", "error", "close", STOPPED) as hearing:
            while not machine.is_listening or self._driver.closed:
                if machine.listener is Listen.IDLE and not machine.faults:
                    raise to_exception(_NOT_RUNNING)
                event, arguments = await hearing.next()
                if event == "error" and machine.listener is Listen.IDLE:
                    raise exception_in(arguments)

    async def wait_closed(self) -> None:
        """Wait for 'close': the server doesn't listen, and its last connection is gone. Not at all if that is told."""
        with Hearing(self, "close") as hearing:
            while not self._is_over():
                await hearing.next()

    def _is_over(self) -> bool:
        """Neither listening, nor about to, nor a connection left, and 'close' was told of it."""
        machine = self._port.machine
        idle = machine.listener is Listen.IDLE and not machine.connections
        return idle and not self._port.pump.is_due(self._port, Step.CLOSE)

    # -- blocks ------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Close the server at the end of the block, and wait until its connections are gone.

        A block that raises, or is cancelled, doesn't wait for what their peers may do: then they are destroyed.
        """
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        server = cast("Server", self)
        if not self._is_over():
            if self._port.machine.listener is not Listen.IDLE:
                server.close()
            try:
                if error is not None:
                    server.close_all_connections()
                await self.wait_closed()
            except BaseException:
                server.close_all_connections()
                raise

    # -- iterating ---------------------------------------------------------------------------------------------------

    def __aiter__(self) -> Connections:
        """`async for socket in server`: iterate over the connections, until 'close'.

        It takes the connections that come from now on: begin right after `wait_listening()`, or with `aiter(server)`.
        While the consumer is busy a few are accepted and kept; then the system's backlog keeps them. Each is a socket
        whose errors are raised by what awaits it, and told by `errored`; its 'error' is never unhandled. A loop that
        is left early, by `break` or by an exception, closes the server; the connections that it got live on.

        Raises why the server can't listen, RuntimeError (ERR_SERVER_NOT_RUNNING) if `listen()` was never called;
        RuntimeError while another iteration goes on.
        """
        return Connections(cast("Server", self))


@final
class Connections(AsyncLoop["Socket"]):
    """An iteration over the connections of a server."""

    __slots__ = ()

    def __init__(self, server: Server) -> None:
        check_home(server._driver, server)
        super().__init__(_Accepting(server))


@final
class _Accepting:
    """What such an iteration knows."""

    __slots__ = ("_error", "_is_open", "_paused", "_queue", "_server", "_spot")

    def __init__(self, server: Server) -> None:
        machine: ServerMachine = server._port.machine
        if machine.number == 0:
            raise to_exception(_NOT_RUNNING)
        if server._accepting is not None:
            raise RuntimeError("another iteration takes the connections of this server")
        self._server: Final = server
        self._queue: Final[deque[Socket]] = deque()
        self._error: BaseException | None = None
        self._spot: Spot | None = None
        self._paused = False  # by us; what the user has paused, the user resumes
        self._is_open = not server._is_over()
        if self._is_open:
            server._accepting = self
            for event, listener in self._listeners():
                server.prepend_listener(event, listener)  # as a Hearing does

    async def next(self) -> Socket:
        """The next connection; StopAsyncIteration after the last one."""
        if self._spot is not None:
            raise RuntimeError("another task waits for the next connection of this iteration")
        while not self._queue:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if not self._is_open:
                raise StopAsyncIteration
            self._spot = new_spot(self._server._driver)
            try:
                await self._spot.park()
            finally:
                self._spot = None
        connection = self._queue.popleft()
        if not self._queue:
            self._resume()
        return connection

    def leave_early(self) -> None:
        """The loop was left; nothing happens if it had come to its end."""
        if self._is_open:
            self._leave()
            self._server.close()
            self._resume()
        while self._queue:
            self._queue.popleft().destroy()  # nobody has seen it, and nobody will

    def leave_soon(self) -> None:
        """The same in a turn of the loop; called on any thread, at any time. RuntimeError if the driver is closed."""
        if self._is_open or self._queue:
            self._server._driver.call_soon_threadsafe(self.leave_early)

    def _listeners(self) -> tuple[tuple[str, Any], ...]:
        return (("connection", self._take), ("error", self._fail), ("close", self._close))

    def _leave(self) -> None:
        self._is_open = False
        if self._server._accepting is self:
            self._server._accepting = None
        for event, listener in self._listeners():
            self._server.off(event, listener)

    def _take(self, connection: Socket) -> None:
        connection.on("error", heard)
        self._queue.append(connection)
        if len(self._queue) >= BACKLOG:  # above it when the user has resumed
            self._paused = True
            self._ask(self._server._port.machine.pause())
        self._wake()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            if not self._server._is_held:
                self._ask(self._server._port.machine.resume())

    def _ask(self, effects: Effects) -> None:
        self._server._port.ask(effects)

    def _fail(self, *arguments: Any) -> None:
        if self._server._port.machine.listener is not Listen.IDLE:
            return  # it could not accept one; it goes on
        self._error = exception_in(arguments)
        self._leave()
        self._wake()

    def _close(self) -> None:
        self._leave()
        self._wake()

    def _wake(self) -> None:
        if self._spot is not None:
            self._spot.wake()
