"""`Server`: node:net's server, with Python's names and types, over a machine, a pump and a driver.

What a server does is decided in `sansnet/state/server.py`.

Reference: https://nodejs.org/api/net.html#class-netserver
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar, overload

from . import options as _options
from . import signatures
from .address import IPFamily
from .awaited_server import STOPPED, AwaitedServer
from .bound_socket import BoundSocket
from .calling import fitted
from .default import check_home, default_driver
from .ends import AddressInfo, address_info
from .errors import invalid_arg_type, to_exception
from .ports import ServerPort
from .signatures import Counted, Done, typed_as
from .socket import Socket
from .state import Fault, Misuse, ServerMachine, SocketMachine, notices, ops
from .state.effects import Notice
from .state.endpoints import ListenPlan

if TYPE_CHECKING:
    from .abort import AbortSignal
    from .blocklist import BlockList
    from .drivers.contract import SocketHandle

__all__ = ["DropInfo", "Server", "create_server"]

_NOT_RUNNING = Fault("ERR_SERVER_NOT_RUNNING")

_T = TypeVar("_T")


class DropInfo(NamedTuple):
    """Whose connection was dropped."""

    local_address: str
    local_port: int
    local_family: IPFamily
    remote_address: str
    remote_port: int
    remote_family: IPFamily


class _Option(Generic[_T]):
    """An option of a server: set, it is checked as the constructor checks it; it counts for what is accepted later."""

    __slots__ = ("_name",)

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, server: None, _owner: type) -> Self: ...
    @overload
    def __get__(self, server: Server, _owner: type) -> _T: ...
    def __get__(self, server: Server | None, _owner: type) -> Any:
        return self if server is None else getattr(server._given, self._name)

    def __set__(self, server: Server, value: _T) -> None:
        checked, _ = _options.server_options((), {self._name: value})
        server._driver.check()
        setattr(server._given, self._name, getattr(checked, self._name))


class Server(AwaitedServer):
    """A server for TCP connections, or for those over a Unix domain socket.

    Events: 'listening'; 'connection' (a `Socket`); 'close'; 'error' (the exception); 'drop' (a `DropInfo`, None on a
    Unix domain socket) for each connection above `max_connections`. The options are attributes that may be set at any
    time; they are read when a connection is accepted.

    An 'error' of listening is raised from `run()` when nobody listens to it. One of accepting (no descriptors left) is
    only told: the server stops to accept for a moment, and goes on.
    """

    __slots__ = (
        "_disobey",
        "_driver",
        "_given",
        "_path",
        "_sockets",
        "drop_max_connection",
    )

    allow_half_open: _Option[bool] = _Option()
    """Keep our half of accepted sockets open when the peer has ended its own."""
    pause_on_connect: _Option[bool] = _Option()
    """Read nothing from accepted sockets before `resume()`."""
    no_delay: _Option[bool] = _Option()
    """Send small writes of accepted sockets at once."""
    keep_alive: _Option[bool] = _Option()
    """Probe idle connections."""
    keep_alive_initial_delay: _Option[float] = _Option()
    """Seconds before the first probe; 0 leaves the system's."""
    high_water_mark: _Option[int] = _Option()
    """Bytes, of both sides of accepted sockets."""
    max_buffered: _Option[int | None] = _Option()
    """How much of an accepted socket may wait to be sent; None: no limit. (Beyond Node.)"""
    block_list: _Option[BlockList | None] = _Option()
    """A `BlockList` of peers that are turned away, or None."""

    @typed_as(signatures.server_init)
    def __init__(self, *args: Any, **options: Any) -> None:
        """Make a server that doesn't listen yet: `Server(listener=None, **options)`, or `Server(options, listener)`.

        listener: is added for 'connection'.
        allow_half_open, no_delay, keep_alive, keep_alive_initial_delay (seconds), high_water_mark (bytes),
            max_buffered (see `Socket`): of the sockets it accepts. pause_on_connect: read nothing from them before
            `resume()`. block_list: peers to turn away.

        Raises TypeError or ValueError with Node's code.
        """
        super().__init__()
        given, on_connection = _options.server_options(args, options)
        self._given = given
        self.drop_max_connection = False
        self._driver = default_driver()
        self._port = ServerPort(self._driver, ServerMachine(), self)
        self._path: str | None = None
        self._sockets: dict[Socket, None] = {}
        self._disobey: Callable[[], None] | None = None
        if on_connection is not None:
            self.on("connection", on_connection)

    # -- listening and closing

    @typed_as(signatures.listen)
    def listen(self, *args: Any, **options: Any) -> Self:
        """Listen: `listen(port=0, host=None, backlog=511, callback=None)`, `listen(path, …)`, `listen(handle, …)` or
        `listen(**options)`.

        Without a host the server takes every address, of both families where the system can. Port 0: the system
        chooses. Then, and for a path, the server is `listening` when this returns; with a host once that was looked up.
        'listening' follows, or an 'error'. `callback` is added once for 'listening'.

        path: of a Unix domain socket; `readable_all` and `writable_all` open it to other users; `close()` unlinks it.
        ipv6_only, reuse_port, backlog: as the system has them. exclusive: as every port is without `reuse_port`.
        signal: an `AbortSignal` that closes the server.
        handle, fd: a socket that exists: a `BoundSocket`, which is the server's from then on, as are a descriptor and a
            `socket.socket`; or another server, with which the connections are shared.

        Raises RuntimeError (ERR_SERVER_ALREADY_LISTEN), TypeError or ValueError with Node's code.
        """
        check_home(self._driver, self)
        self._driver.check()
        if self._port.machine.is_listening:
            raise to_exception(Fault("ERR_SERVER_ALREADY_LISTEN"))
        wanted = _options.listen_options(args, options)
        plan, path = wanted.plan, wanted.plan.path or None
        if isinstance(plan.handle, BoundSocket):
            where = plan.handle.address()
            path = where if isinstance(where, str) else None
            plan = ListenPlan(handle=plan.handle.adopt(self._driver), backlog=plan.backlog)
        if wanted.callback is not None:
            self.once("listening", wanted.callback)
        self._path = path
        try:
            effects = self._port.machine.listen(plan)
        except Misuse as misuse:
            raise to_exception(misuse.fault) from None
        self._port.ask(effects)
        if wanted.signal is not None:
            self._obey(wanted.signal)
        return self

    def close(self, callback: Done | None = None, *, timeout: float | None = None) -> Self:
        """Stop listening. Connections live on; 'close' comes when the last of them is gone.

        `callback(error)` is added once for 'close'; `error` is ERR_SERVER_NOT_RUNNING if the server did not listen.
        timeout (beyond Node): end every connection, and destroy what is left of them after so many seconds. The wait
            doesn't keep the loop alive, the connections do.

        Raises TypeError (ERR_INVALID_ARG_TYPE) or ValueError (ERR_OUT_OF_RANGE) for a timeout that can't be.
        """
        grace = None if timeout is None else _options.timeout_seconds("timeout", timeout)
        self._driver.check()
        machine = self._port.machine
        if callable(callback):
            error = None if machine.is_listening else to_exception(_NOT_RUNNING)
            tell = fitted(callback, 1)
            self.once("close", lambda: tell(error))
        self._leave_signal()
        self._port.ask(machine.close())
        self.emit(STOPPED)
        if grace is not None:
            self._close_within(grace)
        return self

    def _close_within(self, seconds: float) -> None:
        """End the connections that are there now, and destroy what is left of them after that time."""
        sockets = list(self._sockets)

        def destroy() -> None:
            for socket in sockets:
                socket.destroy()

        for socket in sockets:
            socket.end()
        self.once("close", self._driver.call_later(seconds, destroy).cancel)

    def close_all_connections(self) -> None:
        """Destroy every connection that was accepted. (Beyond Node's net.)"""
        for socket in list(self._sockets):
            socket.destroy()

    def pause(self) -> Self:
        """Accept nothing for now; the system's backlog fills. (Beyond Node.)"""
        self._driver.check()
        self._is_held = True
        self._port.ask(self._port.machine.pause())
        return self

    def resume(self) -> Self:
        """Accept again. (Beyond Node.)"""
        self._driver.check()
        self._is_held = False
        self._port.ask(self._port.machine.resume())
        return self

    def get_connections(self, callback: Counted) -> Self:
        """Call `callback(None, count)` with the number of connections that are not destroyed.

        Raises TypeError (ERR_INVALID_ARG_TYPE) for a callback that can't be called.
        """
        if not callable(callback):
            raise invalid_arg_type("callback", "of type function", callback)
        self._driver.check()
        tell, count = fitted(callback, 2), self._port.machine.connections
        self._port.pump.defer(lambda: tell(None, count), self)
        return self

    def ref(self) -> Self:
        """Let the server keep `run()` going (the default)."""
        self._driver.check()
        self._port.ref(True)
        return self

    def unref(self) -> Self:
        """Let `run()` return although the server listens."""
        self._driver.check()
        self._port.ref(False)
        return self

    # -- what can be seen

    def fileno(self) -> int:
        """The descriptor of the listening socket, -1 while there is none."""
        handle = self._port.handle
        return -1 if handle is None else handle.fileno()

    def address(self) -> AddressInfo | str | None:
        """Where the server listens: an `AddressInfo`, or the path as it was given; None before and after.

        A path is still told after `close()`, as in Node.
        """
        if self._path is not None:
            return self._path
        handle = self._port.handle
        name = handle.local_name() if handle is not None else None
        return name.address if name is not None and name.is_path else address_info(name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.describe()}>"

    def describe(self) -> str:
        """One line that says why the server is where it is; for people, it may change."""
        told = self._port.machine.describe()
        return f"closed with its driver, in the midst of: {told}" if self._driver.closed else told

    @property
    def listening(self) -> bool:
        """The server takes connections."""
        return self._port.machine.is_listening and not self._driver.closed

    @property
    def connections(self) -> int:
        """How many connections are not destroyed. (Beyond Node.)"""
        return 0 if self._driver.closed else self._port.machine.connections

    @property
    def max_connections(self) -> int | None:
        """Connections above so many are dropped; None: no limit; 0: all are."""
        return self._port.machine.max_connections

    @max_connections.setter
    def max_connections(self, limit: int | None) -> None:
        wanted = _options.connection_limit(limit)
        self._driver.check()
        self._port.ask(self._port.machine.limit(wanted))

    # -- what the port and the sockets ask of their owner

    def on_notice(self, notice: Notice) -> None:
        """Tell the listeners; called by the pump."""
        _TELL[type(notice)](self, notice)

    def is_blocked(self, connection: SocketHandle) -> bool:
        """Does the block list name the peer? Called by the port."""
        block_list = self._given.block_list
        if block_list is None:
            return False
        name = connection.remote_name()
        return name is not None and bool(block_list.check(name.address, "ipv6" if name.family == 6 else "ipv4"))

    def connection_gone(self, socket: Socket) -> None:
        """An accepted socket was destroyed, perhaps not for the first time; called by it."""
        if socket in self._sockets:
            del self._sockets[socket]
            effects = self._port.machine.connection_gone()
            if effects:
                self._port.ask(effects)

    def _obey(self, signal: AbortSignal) -> None:
        """Close when the signal says so; a signal that has said so already closes at once."""
        if signal.aborted:
            self.close()
            return
        self._leave_signal()
        signal.add_listener(self.close)
        self._disobey = lambda: signal.remove_listener(self.close)

    def _leave_signal(self) -> None:
        """The listening that a signal was given for is over; the signal may live on."""
        if self._disobey is not None:
            self._disobey()
            self._disobey = None

    def _connected(self, notice: notices.Connection) -> None:
        handle: Any = notice.connection
        given = self._given
        machine = SocketMachine()
        machine.allow_half_open = given.allow_half_open
        machine.reading.high_water_mark = machine.writing.high_water_mark = given.high_water_mark
        machine.writing.max_buffered = given.max_buffered
        machine.no_delay = given.no_delay
        if given.keep_alive:
            machine.keep_alive = ops.SetKeepAlive(True, given.keep_alive_initial_delay, 1, 10)
        socket = Socket.accepted(self, handle, machine, given.pause_on_connect, self._port.is_path)
        self._sockets[socket] = None
        self.emit("connection", socket)

    def _failed(self, notice: notices.Failed) -> None:
        if not self.listening:
            self._leave_signal()
        self.emit("error", to_exception(notice.fault))

    def _dropped(self, notice: notices.Dropped) -> None:
        handle: Any = notice.connection
        local, remote = address_info(handle.local_name()), address_info(handle.remote_name())
        if local is None or remote is None:
            self.emit("drop", None)
        else:
            self.emit("drop", DropInfo(*_ends(local), *_ends(remote)))

    def _accept_failed(self, notice: notices.AcceptFailed) -> None:
        if self.listener_count("error"):
            self.emit("error", to_exception(notice.fault))


def _ends(info: AddressInfo) -> tuple[str, int, IPFamily]:
    return (info.address, info.port, info.family)


@typed_as(signatures.create_server)
def create_server(*args: Any, **options: Any) -> Server:
    """A new server, as `Server(listener=None, **options)` makes it.

    https://nodejs.org/api/net.html#netcreateserveroptions-connectionlistener
    """
    return Server(*args, **options)


_TELL: dict[type[Notice], Callable[[Server, Any], object]] = {
    notices.Listening: lambda server, _: server.emit("listening"),
    notices.Connection: Server._connected,
    notices.Dropped: Server._dropped,
    notices.AcceptFailed: Server._accept_failed,
    notices.Failed: Server._failed,
    notices.ServerClosed: lambda server, _: server.emit("close"),
}
