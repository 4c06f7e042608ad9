"""`Socket`: node:net's socket, with Python's names and types, over a machine, a pump and a driver.

What a socket does is decided in `sansnet/state/socket.py`. Here are the listeners, the callbacks, the options and the
exceptions. Each life of a socket, from `connect()` to 'close', is a port of its own (`ports.py`).

Reference: https://nodejs.org/api/net.html#class-netsocket
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from . import options as _options
from . import signatures
from .adopting import adopt
from .awaited_socket import REPLACED, AwaitedSocket
from .bound_socket import BoundSocket
from .buffer_reader import BufferReader
from .default import check_home, default_driver
from .encodings import decoder
from .ends import Ends
from .errors import given_fault, invalid_arg_type, to_exception
from .lookup import CustomLookup, screened
from .ports import Answer, SocketPort
from .signatures import KeepAliveOptions, Listener, SocketOptions, typed_as
from .state import Fault, SocketMachine, ops
from .state.phases import Flow, Link, Write

if TYPE_CHECKING:
    from .abort import AbortSignal
    from .blocklist import BlockList
    from .drivers.contract import Cancellable, Driver, SocketHandle
    from .options import BoundTo, OnRead
    from .server import Server

__all__ = ["Socket", "connect"]


class Socket(AwaitedSocket, Ends):
    """A TCP connection, or one over a Unix domain socket: bytes in each direction, and the events of a life.

    Events, with what their listeners are given: 'connect'; 'ready'; 'data' (bytes, or str after `set_encoding`); 'end';
    'drain'; 'finish'; 'timeout'; 'error' (the exception); 'close' (did it end in an error? None if there never was a
    connection); 'lookup' (error, address, family, host); 'connection_attempt' (address, port, family),
    'connection_attempt_failed' (…, error), 'connection_attempt_timeout' (…); 'pause', 'resume', 'readable',
    'prefinish'.

    Listeners run from the loop only. An 'error' that nobody listens to is raised from `run()`; 'close' follows even so.
    """

    __slots__ = (
        "_block_list",
        "_lookup",
        "_reffed",
        "_server",
        "_timeout",
    )

    def __init__(self, options: SocketOptions | int | None = None, /, **keywords: Unpack[SocketOptions]) -> None:
        """Make a socket that isn't connected yet, or, with `handle` (or `fd`), one around a connection that exists.

        handle: an object with `fileno()`, such as a `socket.socket`, or a `BoundSocket`. One that isn't connected is
            what `connect()` then connects.

        allow_half_open: keep our half open when the peer has ended its own; default False.
        readable, writable: make a socket without that half; default True.
        read and write marks: `high_water_mark`, or `readable_high_water_mark` and `writable_high_water_mark`, in bytes;
            default 65536.
        max_buffered: how much may wait to be sent, counted as `writable_length` counts; default None, no limit. A write
            that would exceed it is refused as a whole, and destroys the socket with ERR_MAX_BUFFERED. (Beyond Node.)
        no_delay, keep_alive, keep_alive_initial_delay (seconds), type_of_service (0 to 255): set once connected.
        on_read: an `OnRead`, which takes the place of 'data'. signal: an `AbortSignal` that destroys the socket.
        block_list: a `BlockList` of peers that it must not connect to.

        Raises ValueError or TypeError with Node's code for an option that can't be, TypeError for one that isn't known.
        """
        super().__init__()
        given = _options.socket_options(_options.named_options(options, keywords))
        self._prepare(default_driver(), given.block_list, given.on_read)
        machine = SocketMachine(
            allow_half_open=given.allow_half_open,
            readable=given.readable,
            writable=given.writable,
            read_high_water_mark=given.read_high_water_mark,
            write_high_water_mark=given.write_high_water_mark,
            max_buffered=given.max_buffered,
        )
        machine.no_delay = given.no_delay
        if given.keep_alive:
            machine.keep_alive = ops.SetKeepAlive(True, given.keep_alive_initial_delay, 1, 10)
        machine.type_of_service = given.type_of_service
        machine.reading.direct = given.on_read is not None
        if given.source is None:
            self._port = self._new_port(machine)
        elif isinstance(given.source, BoundSocket):
            where = given.source.address()
            self._take_unconnected(machine, given.source._connectable(self._driver))
            self._bound_path = where if isinstance(where, str) else None
        else:
            if self._reader is not None:
                self._reader.begin()
            handle = adopt(self._driver, given.source)
            if handle.unconnected():
                self._take_unconnected(machine, handle)
            else:
                self._take_over(machine, handle)
        if given.signal is not None:
            self._obey(given.signal)

    def _prepare(self, driver: Driver, block_list: BlockList | None = None, on_read: OnRead | None = None) -> None:
        """Set what there is beside the port. Bases' fields too, so that a connection has fewer constructors to run."""
        self._driver = driver
        self._encoding = None
        self._pipes = ()
        self._remote = None
        self._bound_path = None
        self._block_list = block_list
        self._reader = None if on_read is None else BufferReader(on_read)
        self._lookup: Callable[..., object] | None = None
        self._reffed = True
        self._server: Server | None = None
        self._timeout: float | None = None

    @classmethod
    def accepted(
        cls, server: Server, handle: SocketHandle, machine: SocketMachine, paused: bool, is_path: bool
    ) -> Self:
        """A socket around a connection that `server` accepted; called by the server."""
        socket = cls.__new__(cls)
        Ends.__init__(socket)
        socket._prepare(server._driver)
        socket._server = server
        port = socket._port = SocketPort(server._driver, machine, handle, socket)
        port.pump.ask(port, port.machine.adopt(paused, is_path))
        return socket

    def _take_over(self, machine: SocketMachine, handle: SocketHandle) -> None:
        self._port = SocketPort(self._driver, machine, handle, self)
        self._limit_read()
        name = handle.local_name()
        self._port.ask(self._port.machine.adopt(False, name is not None and name.is_path))

    def _take_unconnected(self, machine: SocketMachine, handle: SocketHandle) -> None:
        self._port = SocketPort(self._driver, machine, handle, self)
        self._port.ask(self._port.machine.take_bound(handle.unconnected() == "path"))

    # -- connecting and closing

    @typed_as(signatures.socket_connect)
    def connect(self, *args: Any, **keywords: Any) -> Self:
        """Connect: `connect(port, host=None, listener=None)`, `connect(path, listener=None)` or `connect(**options)`.

        host: a name, looked up, or an IP literal; default 'localhost'. path: of a Unix domain socket (Linux: abstract,
            with a leading NUL). family: 4, 6 or 0; hints: flags of getaddrinfo.
            lookup: `lookup(hostname, options, callback)` in getaddrinfo's place; see `LookupOptions`.
        local_address, local_port: where to connect from.
        auto_select_family: try every address in turn, each for `auto_select_family_attempt_timeout` seconds; "race"
            leaves the earlier attempts running (RFC 8305).
        connect_timeout: seconds after which connecting fails with ETIMEDOUT.
        listener: is added once for 'connect'.

        A socket that was destroyed starts a new life, with its listeners and settings. What goes wrong later is an
        'error'. Raises TypeError or ValueError with Node's code for arguments that can't be, OSError with EISCONN on
        an open socket; nothing has changed then.
        """
        check_home(self._driver, self)
        self._port.check()
        wanted = _options.connect_options(args, keywords, block_list=self._block_list, bound=self._bound_to())
        if self._reader is not None and (self._is_spent() or self._port.machine.link is Link.IDLE):
            self._reader.begin()
        if self._is_spent():
            self._port = self._next_life()
            self.emit(REPLACED)
        self._limit_read()
        self._lookup = wanted.lookup
        self._ask(self._port.machine.connect, wanted.route)
        if wanted.listener is not None:
            self.once("connect", wanted.listener)
        return self

    def _bound_to(self) -> BoundTo:
        """What a bound socket that waits for connect(), or was used by it, can be connected to."""
        machine = self._port.machine
        return ("path" if machine.is_path else "tcp") if machine.has_bound else None

    def _is_spent(self) -> bool:
        """Is this life of no use for a connection? It was destroyed, or it ended before there was one."""
        machine = self._port.machine
        ended = machine.writing.phase in (Write.SHUT, Write.FINISHED, Write.OVER)
        return machine.destroyed or (machine.link is Link.IDLE and ended)

    def _next_life(self) -> SocketPort:
        old = self._port
        heir = old.machine.successor()
        old.retire()
        if heir.has_bound:
            port = SocketPort(self._driver, heir, old.handle, self)
        else:
            self._forget_ends()
            port = self._new_port(heir)
        if self._encoding is not None:
            port.decoder = decoder(self._encoding)
        if heir.reading.flow is Flow.UNSET and self.listener_count("data"):
            port.ask(port.machine.resume())  # they came while the old life was over
        return port

    def _new_port(self, machine: SocketMachine) -> SocketPort:
        handle = self._driver.socket()
        if not self._reffed:
            handle.unref()
        return SocketPort(self._driver, machine, handle, self)

    def destroy(self, error: Exception | None = None) -> Self:
        """Close at once. Unsent bytes are lost, and their callbacks hear so. `error` is emitted as 'error'.

        Raises TypeError (ERR_INVALID_ARG_TYPE) for an error that is no Exception.
        """
        if error is not None and not isinstance(error, Exception):
            raise invalid_arg_type("error", "an instance of Exception", error)
        self._port.check()
        self._port.ask(self._port.machine.destroy(None if error is None else given_fault(error)))
        return self

    def destroy_soon(self) -> None:
        """`end()`, and destroy as soon as all is handed to the system, whatever the peer still sends."""
        self._port.check()
        self._port.ask(self._port.machine.destroy_soon())

    def reset_and_destroy(self) -> Self:
        """Close with a reset (RST); while connecting, once connected.

        Raises TypeError (ERR_INVALID_HANDLE_TYPE) on a Unix domain socket, which has no reset.
        """
        self._ask(self._port.machine.reset)
        return self

    # -- settings

    def set_timeout(self, seconds: float, callback: Listener | None = None) -> Self:
        """Emit 'timeout' after so many seconds in which nothing was sent or received, and do nothing else; 0: never.

        `callback` is added once for 'timeout'; with 0 it is taken away. The timer keeps no loop alive.
        Raises TypeError (ERR_INVALID_ARG_TYPE) or ValueError (ERR_OUT_OF_RANGE).
        """
        if self._port.machine.destroyed:
            return self
        wait = _options.timeout_seconds("seconds", seconds)
        if callback is not None and not callable(callback):
            raise invalid_arg_type("callback", "of type function", callback)
        self._port.check()
        self._timeout = seconds
        if callback is not None:
            (self.once if wait else self.off)("timeout", callback)
        self._port.ask(self._port.machine.set_timeout(wait))
        return self

    def set_no_delay(self, no_delay: bool = True) -> Self:
        """Send small writes at once instead of gathering them (TCP_NODELAY). Nothing on a Unix domain socket."""
        self._port.check()
        self._port.ask(self._port.machine.set_no_delay(bool(no_delay)))
        return self

    def set_keep_alive(
        self,
        enable: bool | KeepAliveOptions = False,
        initial_delay: float = 0,
        interval: float | None = None,
        count: int | None = None,
    ) -> Self:
        """Probe an idle connection (SO_KEEPALIVE) after `initial_delay` seconds, `count` times every `interval`.

        0 leaves the system's delay. Also as one mapping. Never raises.
        """
        arguments = _options.keep_alive_arguments(enable, initial_delay, interval, count)
        self._port.check()
        self._port.ask(self._port.machine.set_keep_alive(*arguments))
        return self

    def set_type_of_service(self, value: int) -> Self:
        """Set the type-of-service byte (IP_TOS, IPV6_TCLASS), 0 to 255.

        Raises TypeError (ERR_INVALID_ARG_TYPE) or ValueError (ERR_OUT_OF_RANGE).
        """
        self._port.check()
        self._port.ask(self._port.machine.set_type_of_service(_options.type_of_service(value)))
        return self

    def get_type_of_service(self) -> int:
        """The type-of-service byte; 0 unless it was set. Raises OSError (EBADF) while connecting."""
        machine = self._port.machine
        if machine.pending and not machine.is_connecting:
            return machine.type_of_service or 0
        answer = self._port.handle.get_type_of_service()
        if isinstance(answer, Fault):
            raise to_exception(answer)
        return answer

    def ref(self) -> Self:
        """Let the socket keep `run()` going (the default)."""
        self._port.check()
        self._reffed = True
        self._port.handle.ref()
        return self

    def unref(self) -> Self:
        """Let `run()` return although the socket is open."""
        self._port.check()
        self._reffed = False
        self._port.handle.unref()
        return self

    # -- what can be seen

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.describe()}>"

    def describe(self) -> str:
        """One line that says why the socket is where it is; for people, it may change."""
        told = self._port.machine.describe()
        return f"closed with its driver, in the midst of: {told}" if self._driver.closed else told

    def fileno(self) -> int:
        """The descriptor of the connection, -1 when there is none. What was written before is with the system by then,
        or waits for it.
        """
        self._answered()
        return self._port.handle.fileno()

    @property
    def server(self) -> Server | None:
        """The server that accepted the socket, None for a client."""
        return self._server

    @property
    def allow_half_open(self) -> bool:
        """Does our half stay open when the peer ends its own?"""
        return self._port.machine.allow_half_open

    @allow_half_open.setter
    def allow_half_open(self, on: bool) -> None:
        self._port.check()
        self._port.machine.allow_half_open = bool(on)

    @property
    def auto_select_family_attempted_addresses(self) -> list[str] | None:
        """The addresses tried so far, as 'ip:port'; None when there was no choice."""
        connecting = self._port.machine.connecting
        return list(connecting.attempted) if connecting.selecting else None

    @property
    def ready_state(self) -> str:
        """'opening', 'open', 'readOnly', 'writeOnly' or 'closed'."""
        return "closed" if self._driver.closed else self._answered().ready_state

    @property
    def connecting(self) -> bool:
        """`connect()` was called, and 'connect' is still to come."""
        return self._port.machine.is_connecting and not self._driver.closed

    @property
    def pending(self) -> bool:
        """There is no connection: not yet, or no more."""
        return self._port.machine.pending or self._driver.closed

    @property
    def buffer_size(self) -> int | None:
        """As `writable_length`, None while there is no connection and none is being made."""
        machine = self._answered()
        return None if machine.pending and not machine.is_connecting else machine.writing.length

    @property
    def bytes_read(self) -> int:
        """Bytes that arrived in this life."""
        return self._port.machine.reading.bytes_read

    @property
    def bytes_written(self) -> int:
        """Bytes that were written in this life, sent or waiting."""
        return self._answered().writing.bytes_written  # type: ignore[no-any-return]

    @property
    def timeout(self) -> float | None:
        """What `set_timeout` was given last, in seconds."""
        return self._timeout

    # -- what the port asks of its owner

    def on_released(self) -> None:
        """The connection is given back; called by the port."""
        if self._server is not None:
            self._server.connection_gone(self)

    def look_up(self, lookup: ops.Lookup, done: Callable[[Answer], None]) -> Cancellable:
        """Look a name up, the user's way if there is one; called by the port."""
        if self._lookup is not None:
            port = self._port.machine.connecting.route.port
            return CustomLookup(self._lookup, lookup, self._block_list, port, done)
        block_list = self._block_list
        return self._driver.resolve(
            lookup.host, lookup.family, lookup.hints, lookup.every, lambda answer: done(screened(answer, block_list))
        )

    def _obey(self, signal: AbortSignal) -> None:
        """Destroy when the signal says so; a signal that has said so already is obeyed at once."""
        if signal.aborted:
            self._abort(signal)
            return
        abort = partial(self._abort, signal)
        signal.add_listener(abort)
        self.once("close", lambda _had_error: signal.remove_listener(abort))

    def _abort(self, signal: AbortSignal) -> None:
        self._port.check()
        fault = Fault("ABORT_ERR", text="The operation was aborted", cause=signal.reason)
        self._port.ask(self._port.machine.destroy(fault))


@typed_as(signatures.connect)
def connect(*args: Any, **options: Any) -> Socket:
    """Make a socket and connect it: `Socket(…).connect(…)` in one call, with the options of both.

    `timeout` (seconds) sets the idle timeout first. `create_connection` is the same function.

    https://nodejs.org/api/net.html#netconnect
    """
    own, target = _options.split_connect(args, options)
    socket = Socket(cast(SocketOptions, own))
    if own.get("timeout"):
        socket.set_timeout(own["timeout"])
    if socket.destroyed:
        return socket  # its signal had aborted before (Node makes the attempt all the same)
    return socket.connect(*target.args, **target.options)
