"""The way to an open connection: one lookup, then attempts, one address after the other.

With several addresses the families take turns, the first answer's family first, and an attempt that has another behind
it is given a limited time (Node's autoSelectFamily). When the time is over it is cancelled, or, racing, left to run
beside the next one (RFC 8305); the first to connect wins. A single address is tried without any of this.

An attempt goes: bind the local address if one was asked for; tell 'connection_attempt'; connect. The user may destroy
the socket in that listener, so the last step is a turn of its own.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, final

from .effects import TIMER_ATTEMPT, TIMER_CONNECT, Arm, Disarm, Effects, Step, Then, Tick
from .endpoints import Endpoint, Found, Route
from .faults import Fault
from .machine import Part
from .notices import AttemptFailed, AttemptStarted, AttemptTimedOut, LookedUp
from .ops import BindLocal, CancelConnect, CancelLookup, Connect, Lookup

__all__ = ["NEVER_ASKED", "Connecting"]

_NOWHERE = Route()


@final
class Connecting(Part):
    FIELDS = (
        "route",
        "looking",
        "found",
        "told",
        "order",
        "next",
        "flying",
        "abandoned",
        "errors",
        "binding",
        "local_fault",
        "attempted",
        "attempt_timer",
        "connect_timer",
    )
    __slots__ = FIELDS
    NOT_KEY: ClassVar[dict[str, str]] = {"attempted": "a record for the user; 'next' tells as much"}

    def __init__(self) -> None:
        self.route: Route = _NOWHERE
        self.looking: bool = False  # Lookup is in flight
        self.found: tuple[Found, ...] = ()
        self.told: int = 0  # answers that 'lookup' was told of
        self.order: tuple[Found, ...] = ()
        self.next: int = 0  # the attempt to come; attempt n goes to order[n]
        self.flying: tuple[int, ...] = ()  # attempts in flight
        self.abandoned: tuple[int, ...] = ()  # those of them that nobody waits for
        self.errors: tuple[Fault, ...] = ()
        self.binding: bool = False  # BindLocal was issued, and is being answered
        self.local_fault: Fault | None = None
        self.attempted: tuple[str, ...] = ()  # Node: autoSelectFamilyAttemptedAddresses
        self.attempt_timer: bool = False
        self.connect_timer: bool = False

    @property
    def selecting(self) -> bool:
        """Is there more than one address to choose from?"""
        return len(self.order) > 1

    @property
    def exhausted(self) -> bool:
        return self.next == len(self.order)

    @property
    def in_flight(self) -> bool:
        return self.looking or bool(self.flying)

    @property
    def outcome(self) -> Fault:
        """Why it failed, once it has: the only error, or all of them under the code of the first."""
        if self.selecting:
            return Fault(self.errors[0].code, errors=self.errors)
        return self.errors[0]

    # -- lookup ----------------------------------------------------------------------------------------------

    def begin(self, route: Route) -> Effects:
        self.route = route
        out: Effects = []
        if route.connect_seconds:
            self.connect_timer = True
            out.append(Arm(TIMER_CONNECT, route.connect_seconds))
        if route.known is not None:
            self.order = (route.known,)
            return [*out, Tick(Step.ATTEMPT)]
        self.looking = True
        # A lookup of the user's own is given whatever was asked for (B-11), but compiled code would insist on an int.
        given: Any = route
        return [*out, Lookup(route.host, given.family, given.hints, route.select)]

    def looked_up(self, found: tuple[Found, ...]) -> Effects:
        self.looking = False
        self.found = found if self.route.select else found[:1]
        return [Tick(Step.ANNOUNCE)]

    def lookup_failed(self, fault: Fault) -> Effects:
        self.looking = False
        self.errors = (fault,)
        return [Tick(Step.LOOKUP_FAILED)]

    def announce(self) -> Effects:
        """Tell the next answer; nothing when every one was told."""
        if self.told == len(self.found):
            return []
        found = self.found[self.told]
        self.told += 1
        return [LookedUp(None, found.address, found.family, self.route.host), Then(Step.ANNOUNCE)]

    def announce_failure(self) -> Effects:
        return [LookedUp(self.errors[0], None, None, self.route.host), Tick(Step.GIVE_UP)]

    def choose(self) -> bool:
        """Put the usable answers in order. False, and an error, when there is none."""
        usable = [found for found in dict.fromkeys(self.found) if found.fault is None or found.blocked]
        if not usable:
            first = self.found[0].fault if self.found else None
            self.errors = (first or Fault("ERR_INVALID_IP_ADDRESS", text="Invalid IP address: undefined"),)
            return False
        self.order = tuple(_alternate(usable))
        return True

    # -- attempts --------------------------------------------------------------------------------------------

    def attempt(self) -> Effects:
        found = self.order[self.next]
        if found.blocked and found.fault is not None:
            return self._blocked(found, found.fault)
        if self.route.from_local:
            self.binding = True
            self.local_fault = None
            bind = BindLocal(self.next, found.family, self.route.local_address, self.route.local_port)
            return [bind, Then(Step.BOUND)]
        return self._start()

    def bound(self) -> Effects:
        if self.local_fault is None:
            return self._start()
        self.errors += (self.local_fault,)
        self.next += 1
        return [Then(Step.ATTEMPT if self.selecting else Step.GIVE_UP)]

    def dial(self) -> Effects:
        number = self.next
        endpoint = self._endpoint(number)
        self.next += 1
        self.flying += (number,)
        if self.selecting:
            self.attempted += (f"{endpoint.address}:{endpoint.port}",)
        out: Effects = [Connect(number, endpoint)]
        if not self.exhausted:
            self.attempt_timer = True
            out.append(Arm(TIMER_ATTEMPT, self.route.attempt_seconds))
        return out

    def connected(self, number: int) -> Effects:
        """Attempt `number` won; the others are over."""
        self._land(number)
        return [*self.disarm(), *self._abandon_all()]

    def attempt_failed(self, number: int, fault: Fault) -> Effects:
        abandoned = number in self.abandoned
        self._land(number)
        if abandoned:
            return []
        self.errors += (fault,)
        failed = AttemptFailed(self._endpoint(number), fault)
        if not self.selecting:
            return [failed, Then(Step.GIVE_UP)]
        return [*self._disarm_attempt(), failed, Then(Step.ATTEMPT)]

    def attempt_timed_out(self) -> Effects:
        self.attempt_timer = False
        if self.route.race:
            return [Then(Step.ATTEMPT)]
        number = self.flying[-1]
        endpoint = self._endpoint(number)
        self.abandoned += (number,)
        self.errors += (_timed_out(endpoint),)
        return [CancelConnect(number), AttemptTimedOut(endpoint), Then(Step.ATTEMPT)]

    def cancel(self) -> Effects:
        """The socket was destroyed: end whatever still goes on."""
        if self is NEVER_ASKED:
            return []
        out = self.disarm()
        if self.looking:
            out.append(CancelLookup())
        return [*out, *(CancelConnect(number) for number in self.flying if number not in self.abandoned)]

    def cancelled(self, number: int, fault: Fault) -> Effects:
        """An attempt of a destroyed socket has ended. Node tells of it when there was a choice of addresses."""
        silent = number in self.abandoned or not self.selecting
        self._land(number)
        return [] if silent else [AttemptFailed(self._endpoint(number), fault)]

    def connect_timed_out(self) -> Fault:
        self.connect_timer = False
        known = self.route.known
        return Fault(
            "ETIMEDOUT",
            syscall="connect",
            address=known.address if known is not None else self.route.host,
            port=self.route.port,
        )

    # -- helpers ---------------------------------------------------------------------------------------------

    def _endpoint(self, number: int) -> Endpoint:
        return self.route.endpoint(self.order[number])

    def _start(self) -> Effects:
        return [AttemptStarted(self._endpoint(self.next)), Then(Step.DIAL)]

    def _blocked(self, found: Found, fault: Fault) -> Effects:
        endpoint = self._endpoint(self.next)
        self.errors += (fault,)
        self.next += 1
        if self.selecting:
            return [AttemptFailed(endpoint, fault), Then(Step.ATTEMPT)]
        return [AttemptStarted(endpoint), Then(Step.GIVE_UP)]

    def _land(self, number: int) -> None:
        self.flying = tuple([other for other in self.flying if other != number])
        self.abandoned = tuple([other for other in self.abandoned if other != number])

    def _abandon_all(self) -> Effects:
        out: Effects = [CancelConnect(number) for number in self.flying if number not in self.abandoned]
        self.abandoned = self.flying
        return out

    def _disarm_attempt(self) -> Effects:
        if not self.attempt_timer:
            return []
        self.attempt_timer = False
        return [Disarm(TIMER_ATTEMPT)]

    def disarm(self) -> Effects:
        out = self._disarm_attempt()
        if self.connect_timer:
            self.connect_timer = False
            out.append(Disarm(TIMER_CONNECT))
        return out


NEVER_ASKED: Final = Connecting()
"""What all sockets share that were never asked to connect, as those that a server accepts; never written to."""


def _alternate(found: list[Found]) -> list[Found]:
    """The families in turn, the first answer's first; the order within a family stays."""
    first = [one for one in found if one.family == found[0].family]
    second = [one for one in found if one.family != found[0].family]
    paired = [one for pair in zip(first, second, strict=False) for one in pair]
    common = min(len(first), len(second))
    return [*paired, *first[common:], *second[common:]]


def _timed_out(endpoint: Endpoint) -> Fault:
    return Fault("ETIMEDOUT", syscall="connect", address=endpoint.address, port=endpoint.port)
