"""The server machine: a listener, the connections that came in through it, and when 'close' is due.

Theory of operation
-------------------
The listener is idle, looking a name up, binding, or listening. It is numbered: a server may close and listen again at
once (Node lets it), and a report about the old listener must not be taken for one about the new.

The connections are only counted. A connection is counted when it is accepted and gone when its socket is destroyed,
not when that socket's 'close' is told. Above the limit a connection is dropped, and not counted.

'close' is due, in a tick, whenever there is no listener and the last connection goes, and for each close() that finds
things so.

Accepting can fail for lack of something (descriptors, memory). Then it stops for a while, longer each time, and comes
back: a listener neither spins nor dies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, final

from .effects import TIMER_BACK_OFF, Arm, Disarm, Effects, Step, Tick, Timer
from .endpoints import Endpoint, Found, ListenPlan
from .faults import Fault, Misuse
from .machine import Machine, move
from .notices import AcceptFailed, Connection, Dropped, Failed, Listening, ServerClosed
from .ops import CancelLookup, CloseListener, Discard, Lookup, StartAccept, StopAccept
from .ops import Listen as ListenOp
from .phases import LISTEN_BINDING, LISTEN_IDLE, LISTEN_LISTENING, LISTEN_LOOKING_UP, Listen

__all__ = ["ServerMachine"]

_LISTENING_ALREADY = Fault("ERR_SERVER_ALREADY_LISTEN")
_NOT_ANY = ("EADDRINUSE", "EACCES", "EINVAL")
_PASSING = ("ECONNABORTED", "EPROTO", "EINTR")
_FIRST_BACK_OFF: Final = 0.005
_LONGEST_BACK_OFF: Final = 1.0
_NOWHERE = ListenPlan()


@final
class ServerMachine(Machine):
    FIELDS = (
        "listener",
        "plan",
        "number",
        "lookups",
        "candidates",
        "asked",
        "connections",
        "max_connections",
        "paused",
        "accepting",
        "back_off",
        "backing_off",
        "closing",
        "faults",
    )
    __slots__ = FIELDS
    NOT_KEY: ClassVar[dict[str, str]] = {"number": "only compared with that of a report; listeners are alike"}
    KEY: ClassVar[dict[str, Callable[[Any], object]]] = {
        "closing": len,
        "lookups": len,
        "faults": lambda faults: tuple(fault.code for fault in faults),
    }

    def __init__(self, max_connections: int | None = None) -> None:
        self.listener: Listen = LISTEN_IDLE
        self.plan: ListenPlan = _NOWHERE
        self.number: int = 0  # of the listener, or of the attempt to have one
        self.lookups: tuple[int, ...] = ()  # in flight, by number; the older ones are superseded
        self.candidates: tuple[Endpoint | None, ...] = ()  # where to bind, until one works; None: plan.handle
        self.asked: bool = False  # Listen was issued, and is being answered
        self.connections: int = 0
        self.max_connections: int | None = max_connections
        self.paused: bool = False
        self.accepting: bool = False  # StartAccept is in force
        self.back_off: float = 0.0  # seconds of the last back-off; 0: accepting works
        self.backing_off: bool = False
        self.closing: tuple[int, ...] = ()  # listeners that were not reported closed yet
        self.faults: tuple[Fault, ...] = ()  # listening failed: to be told

    @property
    def is_listening(self) -> bool:
        return self.listener is LISTEN_LISTENING

    @property
    def in_flight(self) -> bool:
        """Does the driver owe a completion?"""
        return bool(self.lookups or self.closing)

    def describe(self) -> str:
        """One line that says why the server is where it is."""
        facts = [f"listener {self.listener.value}", f"{self.connections} connections"]
        waits = [
            (self.lookups, f"waits for the lookup of {self.plan.host!r}"),
            (self.max_connections is not None, f"limit {self.max_connections}"),
            (self.paused, "paused"),
            (self.backing_off, f"backs off for {self.back_off:g} s"),
            (self.closing, "waits for CloseListener"),
            (not self.is_listening and self.connections, "closes with its last connection"),
        ]
        return "; ".join([*facts, *(text for holds, text in waits if holds)])

    # -- what the user asks ----------------------------------------------------------------------------------

    def listen(self, plan: ListenPlan) -> Effects:
        """Listen there. Misuse (ERR_SERVER_ALREADY_LISTEN) while listening; an attempt that is not through yet is
        superseded, as Node's is.
        """
        if self.listener is LISTEN_LISTENING:
            raise Misuse(_LISTENING_ALREADY)
        out = self._supersede()
        self.plan = plan
        self.number += 1
        if plan.host and not plan.literal:
            self.listener = move(self.listener, LISTEN_LOOKING_UP)
            self.lookups += (self.number,)
            return [*out, Lookup(plan.host, 0, 0, True)]
        self.listener = move(self.listener, LISTEN_BINDING)
        self.candidates = _candidates(plan)
        return [*out, Tick(Step.BIND)] if plan.literal else [*out, *self._bind()]

    def close(self) -> Effects:
        """Stop listening. The connections live on; 'close' comes when the last of them is gone."""
        out: Effects = []
        if self.listener is LISTEN_LISTENING:
            out.append(CloseListener(self.number))
            self.closing += (self.number,)
        else:
            out.extend(self._supersede())
        self.listener = LISTEN_IDLE if self.listener is LISTEN_IDLE else move(self.listener, LISTEN_IDLE)
        self.accepting = False
        if self.backing_off:
            self.backing_off = False
            out.append(Disarm(TIMER_BACK_OFF))
        return [*out, *self._closed_if_drained()]

    def pause(self) -> Effects:
        """Accept nothing for now; the system's backlog fills."""
        self.paused = True
        return self._settle([])

    def resume(self) -> Effects:
        self.paused = False
        return self._settle([])

    def limit(self, max_connections: int | None) -> Effects:
        """Drop connections above so many; those that are there stay."""
        self.max_connections = max_connections
        return []

    def connection_gone(self) -> Effects:
        """The socket of an accepted connection was destroyed."""
        self._expect(self.connections > 0, "connection_gone")
        self.connections -= 1
        return self._closed_if_drained()

    # -- what the driver reports -----------------------------------------------------------------------------

    def looked_up(self, number: int, found: tuple[Found, ...]) -> Effects:
        """The answers; the first that is not link-local is taken, as Node does, or else the first."""
        self._expect(number in self.lookups, "looked_up")
        self._looked_up(number)
        if number != self.number or self.listener is not LISTEN_LOOKING_UP:
            return []
        usable = [one for one in found if one.fault is None]
        if not usable:
            fault = found[0].fault if found else None
            return self._fail(fault or Fault("ENOTFOUND", syscall="getaddrinfo", hostname=self.plan.host))
        chosen = next((one for one in usable if not _is_link_local(one)), usable[0])
        self.candidates = (Endpoint(chosen.address, self.plan.port, chosen.family),)
        self.listener = move(self.listener, LISTEN_BINDING)
        return self._bind()

    def lookup_failed(self, number: int, fault: Fault) -> Effects:
        self._expect(number in self.lookups, "lookup_failed")
        self._looked_up(number)
        if number != self.number or self.listener is not LISTEN_LOOKING_UP:
            return []
        return self._fail(fault)

    def listening(self, number: int) -> Effects:
        """The answer to Listen."""
        self._expect(self.asked and number == self.number, "listening")
        self.asked = False
        self.listener = move(self.listener, LISTEN_LISTENING)
        self.back_off = 0.0
        return self._settle([Tick(Step.LISTENING)])

    def listen_failed(self, number: int, fault: Fault) -> Effects:
        """The answer to Listen. Where every address was asked for and there is no IPv6, IPv4 is tried."""
        self._expect(self.asked and number == self.number, "listen_failed")
        self.asked = False
        self.candidates = self.candidates[1:]
        if self.candidates and fault.code not in _NOT_ANY:
            return self._bind()
        return self._fail(fault)

    def accepted(self, number: int, connection: object, blocked: bool) -> Effects:
        """A connection came; `blocked`: the user's block list names its peer."""
        current = number == self.number and self.listener is LISTEN_LISTENING
        self._expect(current or number in self.closing, "accepted")
        if not current:
            return [Discard(connection)]
        self.back_off = 0.0
        if self.max_connections is not None and self.connections >= self.max_connections:
            return [Dropped(connection), Discard(connection)]
        if blocked:
            return [Discard(connection)]
        self.connections += 1
        return [Connection(connection)]

    def accept_failed(self, number: int, fault: Fault) -> Effects:
        """No connection, for lack of something: stop, and try again later. A peer that gave up is no reason to stop."""
        current = number == self.number and self.listener is LISTEN_LISTENING
        self._expect(current or number in self.closing, "accept_failed")
        if not current:
            return []
        if fault.code in _PASSING or self.backing_off:
            return [AcceptFailed(fault)]
        self.back_off = min(_LONGEST_BACK_OFF, 2 * self.back_off or _FIRST_BACK_OFF)
        self.backing_off = True
        return self._settle([Arm(TIMER_BACK_OFF, self.back_off), AcceptFailed(fault)])

    def listener_closed(self, number: int) -> Effects:
        self._expect(number in self.closing, "listener_closed")
        self.closing = tuple([other for other in self.closing if other != number])
        return []

    def timer_fired(self, timer: Timer) -> Effects:
        self._expect(timer is TIMER_BACK_OFF and self.backing_off, "timer_fired")
        self.backing_off = False
        return self._settle([])

    # -- going on by itself ----------------------------------------------------------------------------------

    def ticked(self, step: Step) -> Effects:
        """Go on where `Tick(step)` left off."""
        if step is Step.BIND:
            return self._bind() if self.listener is LISTEN_BINDING else []
        if step is Step.LISTENING:
            return [Listening()] if self.listener is LISTEN_LISTENING else []
        if step is Step.LISTEN_FAILED:
            fault, *rest = self.faults
            self.faults = tuple(rest)
            return [Failed(fault)]
        assert step is Step.CLOSE, f"a server has no turn {step}"
        return [ServerClosed()]

    # -- what follows from state -----------------------------------------------------------------------------

    def _settle(self, out: Effects) -> Effects:
        """Connections are accepted exactly while the server listens, is not paused and does not back off."""
        wanted = self.listener is LISTEN_LISTENING and not self.paused and not self.backing_off
        if wanted is not self.accepting:
            self.accepting = wanted
            out.insert(0, StartAccept() if wanted else StopAccept())
        return out

    # -- helpers ---------------------------------------------------------------------------------------------

    def _bind(self) -> Effects:
        self.asked = True
        return [ListenOp(self.number, self.candidates[0], self.plan)]

    def _fail(self, fault: Fault) -> Effects:
        self.listener = move(self.listener, LISTEN_IDLE)
        self.faults += (fault,)
        return [Tick(Step.LISTEN_FAILED)]

    def _supersede(self) -> Effects:
        return [CancelLookup()] if self.listener is LISTEN_LOOKING_UP else []

    def _looked_up(self, number: int) -> None:
        self.lookups = tuple([other for other in self.lookups if other != number])

    def _closed_if_drained(self) -> Effects:
        if self.listener is LISTEN_LISTENING or self.connections:
            return []
        return [Tick(Step.CLOSE)]

    def _expect(self, owed: bool, report: str) -> None:
        if not owed:
            raise Misuse(Fault("ERR_UNEXPECTED_REPORT", text=f"{report}: nothing was asked that this answers"))


def _candidates(plan: ListenPlan) -> tuple[Endpoint | None, ...]:
    if plan.handle is not None:
        return (None,)
    if plan.path:
        return (Endpoint(plan.path, None, 0),)
    if plan.literal:
        return (Endpoint(plan.host, plan.port, plan.literal),)
    return (Endpoint("::", plan.port, 6), Endpoint("0.0.0.0", plan.port, 4))


def _is_link_local(found: Found) -> bool:
    return found.family == 6 and found.address[:3].lower() in ("fe8", "fe9", "fea", "feb")
