"""The world around a server: a driver with listeners and lookups, peers that come, and a user who counts.

Several listeners may be about at a time: one that is open, and those that the driver has yet to report closed. So may
several lookups: one that matters, and those that were superseded.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final, NamedTuple

from ..state import notices, ops
from ..state.effects import Arm, Disarm, Timer
from ..state.endpoints import Found, ListenPlan
from ..state.faults import Fault
from ..state.inputs import SERVER_INPUTS
from ..state.machine import Event
from ..state.phases import LISTEN_IDLE
from ..state.server import ServerMachine
from .loop import GO_ON, Returned, World

__all__ = ["ServerBounds", "ServerWorld", "server_events"]

_NOT_FOUND: Final = Fault("ENOTFOUND", syscall="getaddrinfo")
_CANCELLED: Final = Fault("ECANCELED", syscall="getaddrinfo")

_CLOSE: Final = Event("close")
_PAUSE: Final = Event("pause")
_RESUME: Final = Event("resume")
_CONNECTION_GONE: Final = Event("connection_gone")


class ServerBounds(NamedTuple):
    """What may happen around a server, and how often, so that the states stay finite."""

    plans: tuple[ListenPlan, ...]
    acts: tuple[str, ...]  # what the user may do: "close", "pause", "limit"; to listen, always
    reactions: int = 0  # how often inside a listener
    answers: tuple[tuple[Found, ...], ...] = ()  # of the lookup
    faults: tuple[str, ...] = ("EADDRINUSE",)  # why listening fails
    accept_faults: tuple[str, ...] = ()  # why accepting fails
    limits: tuple[int | None, ...] = (None, 1)
    listens: int = 1
    closes: int = 1  # of what is closed already
    arrivals: int = 0


class ServerWorld(World):
    """A server machine, its driver, and what its user has done and heard."""

    STATE: Final = (
        "accepting",
        "announced",
        "arrivals",
        "closes",
        "closes_due",
        "connections",
        "failures_due",
        "listens",
        "reactions",
        "timers",
        "turn",
    )
    NUMBERED: Final = ("closing", "lingering", "listener", "lookups")
    __slots__ = (*(name for name in STATE if name not in World.__slots__), *NUMBERED)

    INPUTS = SERVER_INPUTS

    machine: ServerMachine

    def __init__(self, machine: ServerMachine, bounds: ServerBounds) -> None:
        super().__init__(machine, bounds.reactions)
        self.listens, self.closes, self.arrivals = bounds.listens, bounds.closes, bounds.arrivals
        # the driver
        self.lookups: tuple[tuple[int, bool], ...] = ()  # in flight, and: was it cancelled?
        self.listener = 0  # the number of the open one
        self.closing: tuple[int, ...] = ()
        self.accepting = False
        self.lingering = 0  # the listener that may still report a connection which the system gave already
        self.timers: tuple[Timer, ...] = ()
        # the user
        self.announced = False  # 'listening' was told of the open listener
        self.connections = 0  # heard of and not gone
        self.closes_due = 0  # how often 'close' is to be told
        self.failures_due = 0  # how often 'error' is to be told

    @staticmethod
    def phases_of(machine: ServerMachine) -> tuple[enum.Enum, ...]:
        """Of the listener."""
        return (machine.listener,)

    def numbers(self) -> tuple[object, ...]:
        """Listeners and lookups, without their numbers; those only have to differ."""
        current = self.machine.number
        lookups = tuple([(number == current, cancelled) for number, cancelled in self.lookups])
        lingering = (self.listener, *self.closing).index(self.lingering) if self.lingering else -1
        return (bool(self.listener), len(self.closing), lingering, lookups)

    # -- what the user does

    def asking(self, event: Event) -> None:
        """It costs something of the budget."""
        name = event.name
        if name == "listen":
            self.listens -= 1
        elif name == "connection_gone":
            self.connections -= 1
        elif name == "close" and self.machine.listener is LISTEN_IDLE:
            self.closes -= 1

    def fed(self, event: Event, before: tuple[enum.Enum, ...]) -> None:
        """What has the user to hear now?"""
        over = not self.machine.is_listening and not self.connections
        if event.name in ("close", "connection_gone") and over:
            self.closes_due += 1
        failed = before[0] is not LISTEN_IDLE and self.machine.listener is LISTEN_IDLE
        if failed and event.name != "close":
            self.failures_due += 1

    # -- what the driver does

    def answering(self, event: Event) -> None:
        """A listener may be open from now on."""
        if event.name == "listening":
            self.listener = event.args[0]
            self.announced = False

    def reporting(self, event: Event) -> None:
        """What it completes is no longer owed."""
        name, args = event
        if name in ("looked_up", "lookup_failed"):
            self.lookups = tuple([other for other in self.lookups if other[0] != args[0]])
        elif name == "accepted":
            self.arrivals -= 1
            self.lingering = self.lingering if self.accepting else 0
        elif name == "accept_failed":
            self.arrivals -= 1
        elif name == "listener_closed":
            self.closing = tuple([other for other in self.closing if other != args[0]])
            self.lingering = 0 if self.lingering == args[0] else self.lingering
        else:
            self.timers = ()

    # -- how effects are carried out

    def _listen(self, op: ops.Listen) -> None:
        self.asked = op

    def _close_listener(self, op: ops.CloseListener) -> None:
        self.lingering = op.number if self.accepting else self.lingering
        self.closing += (op.number,)
        self.listener = 0
        self.accepting = False

    def _start_lookup(self, _op: ops.Lookup) -> None:
        self.lookups += ((self.machine.number, False),)

    def _cancel_lookup(self, _op: ops.CancelLookup) -> None:
        self.lookups = tuple([(number, True) for number, _ in self.lookups])

    def _accept(self, op: ops.StartAccept | ops.StopAccept) -> None:
        self.accepting = isinstance(op, ops.StartAccept)
        self.lingering = 0 if self.accepting else self.listener

    def _arm(self, effect: Arm) -> None:
        self.timers = (effect.timer,)

    def _disarm(self, _effect: Disarm) -> None:
        self.timers = ()

    def _connection(self, _notice: notices.Connection) -> None:
        self.connections += 1

    def _listening(self, _notice: notices.Listening) -> None:
        self.announced = True

    def _failed(self, _notice: notices.Failed) -> None:
        self.failures_due -= 1

    def _closed(self, _notice: notices.ServerClosed) -> None:
        self.closes_due -= 1

    def _nothing(self, _effect: object) -> None:
        """It changes nothing here."""

    CARRY: ClassVar[dict[type, Callable[[Any, Any], object]]] = {
        ops.Listen: _listen,
        ops.CloseListener: _close_listener,
        ops.StartAccept: _accept,
        ops.StopAccept: _accept,
        ops.Discard: _nothing,
        ops.Lookup: _start_lookup,
        ops.CancelLookup: _cancel_lookup,
        Arm: _arm,
        Disarm: _disarm,
        Returned: _nothing,
        notices.Listening: _listening,
        notices.Connection: _connection,
        notices.Dropped: _nothing,
        notices.AcceptFailed: _nothing,
        notices.Failed: _failed,
        notices.ServerClosed: _closed,
    }


# -- what can happen -------------------------------------------------------------------------------------------------


def server_events(world: ServerWorld, bounds: ServerBounds) -> list[Event]:
    """Everything that can happen, always in the same order."""
    if world.asked is not None:
        number = world.machine.number
        return [
            Event("listening", (number,)),
            *[Event("listen_failed", (number, _failure(code, "listen"))) for code in bounds.faults],
        ]
    events = list(_calls(world, bounds))
    if world.turn or world.fifo:
        events.append(GO_ON)
    else:
        events.extend(_reports(world, bounds))
    return events


@functools.cache
def _failure(code: str, syscall: str) -> Fault:
    return Fault(code, syscall=syscall)


def _calls(world: ServerWorld, bounds: ServerBounds) -> Iterator[Event]:
    machine = world.machine
    if world.listens and not machine.is_listening:
        for plan in bounds.plans:
            yield Event("listen", (plan,))
    if "close" in bounds.acts and (world.closes or machine.listener is not LISTEN_IDLE):
        yield _CLOSE
    if "pause" in bounds.acts:
        yield _RESUME if machine.paused else _PAUSE
    if "limit" in bounds.acts:
        for limit in bounds.limits:
            if limit != machine.max_connections:
                yield Event("limit", (limit,))
    if world.connections:
        yield _CONNECTION_GONE


def _reports(world: ServerWorld, bounds: ServerBounds) -> Iterator[Event]:
    for number, cancelled in world.lookups:
        if not cancelled:
            for answer in bounds.answers:
                yield Event("looked_up", (number, answer))
        yield Event("lookup_failed", (number, _CANCELLED if cancelled else _NOT_FOUND))
    if world.arrivals and (world.accepting or world.lingering):
        number = world.listener if world.accepting else world.lingering
        for blocked in (False, True):
            yield Event("accepted", (number, "a connection", blocked))
        for code in bounds.accept_faults:
            yield Event("accept_failed", (number, _failure(code, "accept")))
    for number in world.closing:
        yield Event("listener_closed", (number,))
    for timer in world.timers:
        yield Event("timer_fired", (timer,))
