"""Ports: where a machine, a handle of the driver and the user's object meet.

A port is the sink of its handle: the driver's reports come in here and go to the machine. The machine's ops go out here
to the handle. Everything else is the pump's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from .alarm import Alarm
from .drivers.contract import Cancellable, Driver, ListenerHandle, SocketHandle
from .encodings import Decoder
from .pump import Owner, Port, pump_of
from .state import ops
from .state.effects import TIMER_IDLE, Arm, Disarm, Effect, Payload, Reply, Timer, Touch
from .state.endpoints import Found
from .state.faults import Fault
from .state.server import ServerMachine
from .state.socket import SocketMachine

__all__ = ["ServerOwner", "ServerPort", "SocketOwner", "SocketPort"]

_CANCELLED = Fault("ECANCELED", syscall="getaddrinfo")
Answer = tuple[Found, ...] | Fault


class SocketOwner(Owner, Protocol):
    """The user's object behind a socket port."""

    def on_released(self) -> None:
        """The connection is given back: it counts no more."""

    def look_up(self, lookup: ops.Lookup, done: Callable[[Answer], None]) -> Cancellable:
        """Look a name up, the way the user wants it; `done` may be called at once."""


class ServerOwner(Owner, Protocol):
    """The user's object behind a server port."""

    def is_blocked(self, connection: SocketHandle) -> bool:
        """Does the user's block list name the peer?"""


class _Alarms:
    """The timers of one machine."""

    __slots__ = ("_alarms", "_driver", "_fire")

    def __init__(self, driver: Driver, fire: Callable[[Timer], None]) -> None:
        self._driver = driver
        self._fire = fire
        self._alarms: dict[Timer, Alarm] = {}

    def arm(self, timer: Timer, seconds: float) -> None:
        if timer not in self._alarms:
            self._alarms[timer] = Alarm(self._driver, partial(self._fire, timer))
        self._alarms[timer].arm(seconds)

    def touch(self) -> None:
        self._alarms[TIMER_IDLE].touch()

    def disarm(self, timer: Timer) -> None:
        self._alarms[timer].disarm()


class SocketPort(Port["SocketMachine | Any", SocketOwner]):  # a recorder may have put a machine of its own there
    """One life of a socket: its machine, and its handle."""

    __slots__ = ("_alarms", "_lookup", "check", "decoder", "handle", "pump")

    def __init__(self, driver: Driver, machine: SocketMachine, handle: SocketHandle, owner: SocketOwner) -> None:
        self._alarms: _Alarms | None = None
        self._lookup: Cancellable | None = None
        self.decoder: Decoder | None = None  # makes text of what is received, where the user wants that
        self.pump = pump_of(driver)
        self.check = self.pump.check
        """For the owner, before it asks: can the driver be used, and here? Raises RuntimeError otherwise."""
        self.machine = self.pump.watched(machine, handle)
        self.handle = handle
        self.owner = owner
        handle.attach(self)

    @property
    def _driver(self) -> Driver:
        return self.pump._driver

    def ask(self, effects: list[Effect]) -> Reply | None:
        """Carry out what an input of the user returned."""
        return self.pump.ask(self, effects)

    def hand_over(self) -> None:
        """Send off what is gathered here. For the owner, too, before it says what became of a write."""
        if self.pump.gathering is self:
            self.pump.gathering = None
            for effect in self.machine.hand_over():
                self.carry_out(effect)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back from the loop, in a later turn."""
        self._driver.call_soon(callback)

    def retire(self) -> None:
        """Another life takes over: this one's idle timer must not speak for it."""
        self.ask(self.machine.set_timeout(0))

    # -- the driver's reports

    def connected(self, attempt: int) -> None:
        self.pump.report(self, self.machine.connected(attempt))

    def attempt_failed(self, attempt: int, fault: Fault) -> None:
        self.pump.report(self, self.machine.attempt_failed(attempt, fault))

    def received(self, payload: Payload) -> None:
        machine, count = self.machine, len(payload)
        if self.decoder is not None and not machine.reading.direct:
            payload = self.decoder.decode(payload)
        self.pump.report(self, machine.received(payload, count))

    def eof(self) -> None:
        self.pump.report(self, self.machine.eof(b"" if self.decoder is None else self.decoder.flush()))

    def read_failed(self, fault: Fault) -> None:
        self.pump.report(self, self.machine.read_failed(fault))

    def progressed(self, count: int) -> None:
        self.pump.report(self, self.machine.progressed(count))

    def sent(self) -> None:
        self.pump.report(self, self.machine.sent(False))

    def send_failed(self, fault: Fault) -> None:
        self.pump.report(self, self.machine.send_failed(fault, False))

    def shut_down(self) -> None:
        self.pump.report(self, self.machine.shut_down())

    def shutdown_failed(self, fault: Fault) -> None:
        self.pump.report(self, self.machine.shutdown_failed(fault))

    def closed(self) -> None:
        self.pump.report(self, self.machine.closed())

    def timer_fired(self, timer: Timer) -> None:
        self.pump.report(self, self.machine.timer_fired(timer))

    # -- the machine's ops

    def carry_out(self, effect: Effect) -> None:
        if not isinstance(effect, ops.Send):  # as most of them are
            _SOCKET_OPS[type(effect)](self, effect)
            return
        answer = self.handle.send(effect.payloads)
        if answer is None:
            effects = self.machine.sent(True)
        elif isinstance(answer, Fault):
            effects = self.machine.send_failed(answer, True)
        else:
            effects = self.machine.send_deferred(answer)
        if effects:
            self.pump.ask(self, effects)

    def _bind_local(self, op: ops.BindLocal) -> None:
        fault = self.handle.bind_local(op.attempt, op.family, op.address, op.port)
        machine = self.machine
        self.ask(machine.bound(op.attempt) if fault is None else machine.bind_failed(op.attempt, fault))

    def _start_lookup(self, op: ops.Lookup) -> None:
        self._lookup = _Lookup(self)
        try:
            self._lookup.start(op)
        except BaseException:  # the user's own: connect() raises it
            self._lookup.cancel()
            self.ask(self.machine.call_off())
            raise

    def _cancel_lookup(self, _op: ops.CancelLookup) -> None:
        assert self._lookup is not None, "a lookup is cancelled while it is in flight"
        self._lookup.cancel()
        self._driver.call_soon(self._lookup_canceled)

    def _lookup_canceled(self) -> None:
        self.pump.report(self, self.machine.lookup_failed(_CANCELLED))

    def _close(self, _op: ops.Close) -> None:
        self.handle.close()
        self.owner.on_released()

    def _reset(self, _op: ops.Reset) -> None:
        self.handle.reset()
        self.owner.on_released()

    def _set_keep_alive(self, op: ops.SetKeepAlive) -> None:
        self.handle.set_keep_alive(op.on, op.delay, op.interval, op.count)

    def _arm(self, effect: Arm) -> None:
        if self._alarms is None:
            self._alarms = _Alarms(self._driver, self.timer_fired)
        self._alarms.arm(effect.timer, effect.seconds)

    def _disarm(self, effect: Disarm) -> None:
        assert self._alarms is not None, "a timer is disarmed after it was armed"
        self._alarms.disarm(effect.timer)

    def _touch(self, _effect: Touch) -> None:
        assert self._alarms is not None, "a timer is touched after it was armed"
        self._alarms.touch()


class _Lookup:
    """One lookup in flight; whatever answers it after it was cancelled, or a second time, is not heard."""

    __slots__ = ("_cancellable", "_open", "_port")

    def __init__(self, port: SocketPort) -> None:
        self._port = port
        self._open = True
        self._cancellable: Cancellable | None = None

    def start(self, op: ops.Lookup) -> None:
        self._cancellable = self._port.owner.look_up(op, self._done)

    def cancel(self) -> None:
        self._open = False
        if self._cancellable is not None:
            self._cancellable.cancel()

    def _done(self, answer: Answer) -> None:
        if not self._open:
            return
        self._open = False
        machine = self._port.machine
        self._port.ask(machine.lookup_failed(answer) if isinstance(answer, Fault) else machine.looked_up(answer))


_SOCKET_OPS: dict[type[Effect], Callable[[SocketPort, Any], object]] = {
    ops.StartRead: lambda port, _op: port.handle.start_read(),
    ops.StopRead: lambda port, _op: port.handle.stop_read(),
    ops.Shutdown: lambda port, _op: port.handle.shutdown(),
    ops.Close: SocketPort._close,
    ops.Reset: SocketPort._reset,
    ops.Lookup: SocketPort._start_lookup,
    ops.CancelLookup: SocketPort._cancel_lookup,
    ops.BindLocal: SocketPort._bind_local,
    ops.Connect: lambda port, op: port.handle.connect(op.attempt, op.endpoint),
    ops.CancelConnect: lambda port, op: port.handle.cancel_connect(op.attempt),
    ops.SetNoDelay: lambda port, op: port.handle.set_no_delay(op.on),
    ops.SetKeepAlive: SocketPort._set_keep_alive,
    ops.SetTypeOfService: lambda port, op: port.handle.set_type_of_service(op.value),
    Arm: SocketPort._arm,
    Disarm: SocketPort._disarm,
    Touch: SocketPort._touch,
}


class ServerPort(Port["ServerMachine | Any", ServerOwner]):
    """A server's machine, and its listeners by number: one, and those that are still being closed."""

    __slots__ = ("_alarms", "_driver", "_listeners", "_lookups", "_reffed", "is_path", "pump")

    def __init__(self, driver: Driver, machine: ServerMachine, owner: ServerOwner) -> None:
        self._driver = driver
        self._alarms = _Alarms(driver, self.timer_fired)
        self._listeners: dict[int, ListenerHandle] = {}
        self._lookups: dict[int, Cancellable] = {}
        self._reffed = True
        self.is_path = False
        """Is the listener at a path? So are the connections that it accepts."""
        self.pump = pump_of(driver)
        self.machine = self.pump.watched(machine)
        self.owner = owner

    @property
    def handle(self) -> ListenerHandle | None:
        """The listener, while the server listens."""
        return self._listeners.get(self.machine.number) if self.machine.is_listening else None

    def ask(self, effects: list[Effect]) -> Reply | None:
        """Carry out what an input of the user returned."""
        return self.pump.ask(self, effects)

    def ref(self, on: bool) -> None:
        """Keep the driver alive or not; also the listeners to come."""
        self._reffed = on
        handle = self.handle
        if handle is not None:
            (handle.ref if on else handle.unref)()

    # -- the driver's reports

    def accepted(self, number: int, connection: SocketHandle) -> None:
        blocked = self.owner.is_blocked(connection)
        self.pump.report(self, self.machine.accepted(number, connection, blocked))

    def accept_failed(self, number: int, fault: Fault) -> None:
        self.pump.report(self, self.machine.accept_failed(number, fault))

    def listener_closed(self, number: int) -> None:
        del self._listeners[number]
        self.pump.report(self, self.machine.listener_closed(number))

    def timer_fired(self, timer: Timer) -> None:
        self.pump.report(self, self.machine.timer_fired(timer))

    # -- the machine's ops

    def carry_out(self, effect: Effect) -> None:
        _SERVER_OPS[type(effect)](self, effect)

    def _listen(self, op: ops.Listen) -> None:
        answer = self._driver.listen(op.endpoint, op.plan, _NumberedSink(self, op.number))
        if isinstance(answer, Fault):
            self.ask(self.machine.listen_failed(op.number, answer))
            return
        self._listeners[op.number] = answer
        name = op.endpoint or answer.local_name()
        self.is_path = name is not None and name.is_path
        if not self._reffed:
            answer.unref()
        self.ask(self.machine.listening(op.number))

    def _start_lookup(self, op: ops.Lookup) -> None:
        number = self.machine.number

        def done(answer: Answer) -> None:
            del self._lookups[number]
            if isinstance(answer, Fault):
                self.pump.report(self, self.machine.lookup_failed(number, answer))
            else:
                self.pump.report(self, self.machine.looked_up(number, answer))

        self._lookups[number] = self._driver.resolve(op.host, op.family, op.hints, op.every, done)

    def _cancel_lookup(self, _op: ops.CancelLookup) -> None:
        # By now the machine may be at the next number; at most one lookup is not cancelled yet.
        for number in list(self._lookups):
            self._lookups.pop(number).cancel()
            self._driver.call_soon(partial(self._lookup_canceled, number))

    def _lookup_canceled(self, number: int) -> None:
        self.pump.report(self, self.machine.lookup_failed(number, _CANCELLED))

    def _discard(self, op: ops.Discard) -> None:
        connection: Any = op.connection
        connection.attach(_Nobody())
        connection.close()

    def _current(self) -> ListenerHandle:
        return self._listeners[self.machine.number]


class _NumberedSink:
    """Says which listener a report is about."""

    __slots__ = ("_number", "_port")

    def __init__(self, port: ServerPort, number: int) -> None:
        self._port = port
        self._number = number

    def accepted(self, connection: SocketHandle) -> None:
        self._port.accepted(self._number, connection)

    def accept_failed(self, fault: Fault) -> None:
        self._port.accept_failed(self._number, fault)

    def listener_closed(self) -> None:
        self._port.listener_closed(self._number)


class _Nobody:
    """Hears the reports of a discarded connection: that it is closed."""

    def closed(self) -> None: ...

    def __getattr__(self, report: str) -> Callable[..., None]:
        raise AssertionError(f"a discarded connection reported {report}")


_SERVER_OPS: dict[type[Effect], Callable[[ServerPort, Any], object]] = {
    ops.Listen: ServerPort._listen,
    ops.StartAccept: lambda port, _op: port._current().start_accept(),
    ops.StopAccept: lambda port, _op: port._current().stop_accept(),
    ops.CloseListener: lambda port, op: port._listeners[op.number].close(),
    ops.Discard: ServerPort._discard,
    ops.Lookup: ServerPort._start_lookup,
    ops.CancelLookup: ServerPort._cancel_lookup,
    Arm: lambda port, effect: port._alarms.arm(effect.timer, effect.seconds),
    Disarm: lambda port, effect: port._alarms.disarm(effect.timer),
}
