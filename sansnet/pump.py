"""The pump: the one place where effects are carried out.

A machine answers an input with effects; here they are done. Two rules:

- *Ops at once.* An op never runs a user's code, so it is done the moment an input returned it, also when the input came
  from inside a listener. What a driver answers at once goes through the machine before the outermost input returns:
  that is how `write()` knows its boolean and why a server is `listening` when `listen(port)` returns.
- *Notices from the loop.* Listeners and callbacks run from the loop only. A report of the driver comes from the loop:
  its notices are told in order, and a `Then` goes on in its place. What a user asks returns no notice (the machines'
  law), only `Tick`s, which wait in one queue for the loop. The queue runs dry before the next report is taken.

What a listener writes is gathered until it has returned, on one port at a time: whatever else it does, on another port,
sends it off first, so that all is asked of the system in the order in which the user asked for it.

A listener that raises loses nothing: what was left is told, and the exception goes to the driver, which lets it surface
where its users look for it.

A listener that closes the driver is the last one to hear of anything: the event that is being told is told to its other
listeners, and then neither what was left nor what waits in the queue follows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from .drivers.contract import Driver
from .state.compiled import mypyc_attr
from .state.effects import Effect, Effects, Notice, Reply, Step, Then, Tick

__all__ = ["Owner", "Port", "Pump", "Recorder", "pump_of"]


class Owner(Protocol):
    """The user's object behind a port."""

    def on_notice(self, notice: Notice, /) -> None:
        """Call the user's listeners with what a notice says."""


M = TypeVar("M")
OwnerT = TypeVar("OwnerT", bound=Owner)


@mypyc_attr(allow_interpreted_subclasses=True)
class Port(Generic[M, OwnerT]):
    """A machine, and what its ops and notices mean there."""

    __slots__ = ("machine", "owner")

    machine: M
    """The machine whose `ticked()` is called."""
    owner: OwnerT
    """Whose listeners are called, and what a message about one of them names."""

    def carry_out(self, effect: Effect) -> None:
        """Do what an op or a timing says. Never runs a user's code."""
        raise NotImplementedError

    def hand_over(self) -> None:
        """Send off what is gathered here."""
        raise NotImplementedError


AnyPort: TypeAlias = Port[Any, Any]


class Recorder(Protocol):
    """Wants to know what goes into machines, and what comes out of them."""

    def watch(self, machine: Any, handle: object) -> Any:
        """What the port of this machine shall use in its place."""


class _Call:
    """A user's function that waits for its tick, and whose it is."""

    __slots__ = ("call", "owner")

    def __init__(self, call: Callable[[], object], owner: object) -> None:
        self.call = call
        self.owner = owner


class Pump:
    """Carries out the effects of every machine on one driver."""

    __slots__ = ("_driver", "_left_over", "_scheduled", "_ticks", "check", "gathering", "recorders", "running")

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.check = driver.check  # bound once for all ports, which keep it at hand
        self.recorders: tuple[Recorder, ...] = ()
        self._ticks: deque[tuple[AnyPort, Step] | _Call] = deque()
        self._left_over: tuple[AnyPort, Effects] | None = None  # by an interrupt
        self.running = False  # the loop is in here, and will drain the queue
        self.gathering: AnyPort | None = None  # whose writes wait until the listeners that run have returned
        self._scheduled = False  # the loop will come here for the queue's sake

    def watched(self, machine: M, handle: object = None) -> M | Any:
        """The machine of a new port, or what the recorders put in its place, which need not be of its class."""
        watched: M | Any = machine
        for recorder in self.recorders:
            watched = recorder.watch(watched, handle)
        return watched

    def ask(self, port: AnyPort, effects: Effects) -> Reply | None:
        """Carry out what a user's input returned, or what followed an answer given at once. The reply, if any.

        Raises RuntimeError when the driver is closed: what waits for the loop would wait for ever.
        """
        if self._driver.closed:
            self._driver.check()
        if self.gathering is not None and self.gathering is not port:
            self.gathering.hand_over()
        reply: Reply | None = None
        for effect in effects:
            if type(effect) is Tick:
                self._ticks.append((port, effect.step))
                if not self.running:
                    self._schedule()
            elif isinstance(effect, Reply):
                reply = effect
            else:
                port.carry_out(effect)
        return reply

    def hand_over(self) -> None:
        """Send off what is gathered, if anything is."""
        if self.gathering is not None:
            self.gathering.hand_over()

    def report(self, port: AnyPort, effects: Effects) -> None:
        """Carry out what a report of the driver's, from the loop, returned, and all that comes of it.

        Nothing waits by then: the driver has drained the queue before it looked at what it reports (obligation 9).
        """
        was_running, self.running = self.running, True
        try:
            if effects:
                self._carry_out(port, effects)
            if self._ticks:
                self._drain()
        finally:
            self.running = was_running
            if self._ticks or self._left_over:
                self._go_on_later()

    def drain(self) -> None:
        """Run the queue dry. From the loop only."""
        self._scheduled = False
        was_running, self.running = self.running, True
        try:
            self._drain()
        finally:
            self.running = was_running
            if self._ticks or self._left_over:
                self._go_on_later()

    def defer(self, call: Callable[[], object], owner: object) -> None:
        """Call a user's function in a tick of its own; what it raises surfaces through the loop, as `owner`'s.

        Raises RuntimeError when the driver is closed.
        """
        if self._driver.closed:
            self._driver.check()
        if self.gathering is not None and self.gathering.owner is not owner:
            self.gathering.hand_over()
        self._ticks.append(_Call(call, owner))
        if not self.running:
            self._schedule()

    def is_due(self, port: AnyPort, step: Step) -> bool:
        """Is this tick of the port's still to come?"""
        return (port, step) in self._ticks

    def _drain(self) -> None:
        if self._left_over is not None:
            port, effects = self._left_over
            self._left_over = None
            self._carry_out(port, effects)
        while self._ticks and not self._driver.closed:
            tick = self._ticks.popleft()
            if isinstance(tick, tuple):
                port, step = tick
                self._carry_out(port, port.machine.ticked(step))
            else:
                try:
                    tick.call()
                except Exception as error:  # the user's affair
                    self._driver.report(error, tick.owner)
                finally:
                    self.hand_over()

    def _carry_out(self, port: AnyPort, effects: Effects) -> None:
        """Do and tell them in order. What a `Then` brings takes its place, before what is behind it."""
        done = 0
        try:
            while done < len(effects):
                effect = effects[done]
                done += 1
                if isinstance(effect, Notice):
                    try:
                        port.owner.on_notice(effect)
                    except Exception as error:  # the user's affair, not the socket's
                        self._driver.report(error, port.owner)
                    if self.gathering is not None:
                        self.gathering.hand_over()
                    if self._driver.closed:
                        return
                elif type(effect) is Tick:
                    self._ticks.append((port, effect.step))
                elif type(effect) is Then:
                    effects = [*port.machine.ticked(effect.step), *effects[done:]]
                    done = 0
                else:
                    port.carry_out(effect)
        except BaseException:  # an interrupt went through a listener: nothing else may be lost by it
            self._left_over = (port, effects[done:])
            self.hand_over()
            raise

    def _go_on_later(self) -> None:
        """An interrupt, or the end of the driver, has come between."""
        if self._driver.closed:
            self._ticks.clear()
            self._left_over = None
        else:
            self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._driver.call_first(self.drain)


def pump_of(driver: Driver) -> Pump:
    """The pump of a driver; each has one."""
    if driver.pump is None:
        driver.pump = Pump(driver)
    pump: Pump = driver.pump
    return pump
