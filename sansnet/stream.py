"""`Stream`: the part of a `Duplex` that runs for each message, and that a compiled build has compiled.

A write on its way to the machine, and what the machine tells on its way to the listeners and callbacks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from . import signatures
from .buffer_reader import BufferReader
from .calling import fitted
from .dispatch import Dispatcher
from .drivers.contract import Driver
from .encodings import payload_of
from .errors import to_exception
from .ports import SocketPort
from .signatures import typed_as
from .state import Fault, notices
from .state.compiled import mypyc_attr
from .state.effects import Notice
from .state.endpoints import Endpoint

__all__ = ["Stream"]

Callback = Callable[[Exception | None], object]

_NO_CALLBACKS: Final[dict[int, Callback]] = {}
"""What all sockets share that were never given one; never written to."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Stream(Dispatcher):
    """What flows through a socket."""

    __slots__ = ("_callbacks", "_driver", "_exception", "_port", "_reader", "_token")

    _port: SocketPort
    _driver: Driver

    def __init__(self) -> None:
        """Prepare; the subclass sets the port and the driver, and the reader if there is one."""
        super().__init__()
        self._reader: BufferReader | None = None
        self._callbacks = _NO_CALLBACKS
        self._token = 0
        self._exception: tuple[Fault, Exception] | None = None

    # -- what the user asks

    @typed_as(signatures.write)
    def write(self, data: Any, encoding: Any = None, callback: Any = None) -> bool:
        """Send `data`: bytes, any buffer, or str with its `encoding` (default UTF-8).

        True: go on. False: `writable_high_water_mark` is reached, wait for 'drain' (or the socket takes no more).
        `callback(error)` hears when the system took the data, with None, or why it never will.

        Raises TypeError (ERR_STREAM_NULL_VALUES, ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_ENCODING). Writing after `end()` is
        an 'error', as in Node.
        """
        if encoding is not None and callable(encoding):
            encoding, callback = None, encoding
        payload, size = payload_of(data, encoding)
        port = self._port
        port.check()
        machine, pump = port.machine, port.pump
        gather = pump.running  # a listener writes this
        if gather and pump.gathering is not port:
            if pump.gathering is not None:
                pump.gathering.hand_over()
            pump.gathering = port
        effects = machine.write(payload, size, 0 if callback is None else self._token_of(callback), gather)
        if effects:
            pump.ask(port, effects)
        return machine.accepts_more

    def _token_of(self, callback: Any) -> int:
        if not callable(callback):
            return 0
        if self._callbacks is _NO_CALLBACKS:
            self._callbacks = {}
        self._token += 1
        self._callbacks[self._token] = fitted(callback, 1)
        return self._token

    # -- what the port asks of its owner

    def on_notice(self, notice: Notice) -> None:
        """Tell the listeners; called by the pump."""
        if not isinstance(notice, notices.Data):
            _TELL[type(notice)](self, notice)
        elif self._reader is None:  # as nearly always
            self.emit("data", notice.payload)
        else:
            self._read_into(self._reader, notice.payload)

    # -- helpers

    def _read_into(self, reader: BufferReader, payload: bytes) -> None:
        if not reader.take(payload):
            self._port.ask(self._port.machine.hold())
        self._limit_read()

    def _limit_read(self) -> None:
        if self._reader is not None:
            self._port.handle.limit_read(self._reader.room)

    def _exception_of(self, fault: Fault) -> Exception:
        """The exception for a fault: one and the same wherever it is told."""
        if self._exception is None or self._exception[0] is not fault:
            self._exception = (fault, to_exception(fault))
        return self._exception[1]

    def _settle(self, notice: notices.Settled) -> None:
        callback = self._callbacks.pop(notice.token)
        callback(None if notice.fault is None else self._exception_of(notice.fault))


def _place(endpoint: Endpoint) -> tuple[str, int | None, int | None]:
    """What the attempt events say: address, port, family; of a path nothing but itself."""
    return (endpoint.address, endpoint.port, endpoint.family or None)


def _looked_up(socket: Stream, notice: notices.LookedUp) -> None:
    error = None if notice.fault is None else socket._exception_of(notice.fault)
    socket.emit("lookup", error, notice.address, notice.family, notice.host)


def _attempt_failed(socket: Stream, notice: notices.AttemptFailed) -> None:
    socket.emit("connection_attempt_failed", *_place(notice.endpoint), socket._exception_of(notice.fault))


_TELL: Final[dict[type[Notice], Callable[[Stream, Any], object]]] = {
    notices.LookedUp: _looked_up,
    notices.AttemptStarted: lambda socket, notice: socket.emit("connection_attempt", *_place(notice.endpoint)),
    notices.AttemptFailed: _attempt_failed,
    notices.AttemptTimedOut: lambda socket, notice: socket.emit("connection_attempt_timeout", *_place(notice.endpoint)),
    notices.Connected: lambda socket, _: socket.emit("connect"),
    notices.Ready: lambda socket, _: socket.emit("ready"),
    notices.Readable: lambda socket, _: socket.emit("readable"),
    notices.Paused: lambda socket, _: socket.emit("pause"),
    notices.Resumed: lambda socket, _: socket.emit("resume"),
    notices.End: lambda socket, _: socket.emit("end"),
    notices.Drain: lambda socket, _: socket.emit("drain"),
    notices.Prefinish: lambda socket, _: socket.emit("prefinish"),
    notices.Finished: lambda socket, _: socket.emit("finish"),
    notices.Idle: lambda socket, _: socket.emit("timeout"),
    notices.Settled: Stream._settle,
    notices.Failed: lambda socket, notice: socket.emit("error", socket._exception_of(notice.fault)),
    notices.Closed: lambda socket, notice: socket.emit("close", notice.had_error),
}
