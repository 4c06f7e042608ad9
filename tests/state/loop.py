"""A loop for one machine: effects are carried out as in production; the test is the user, the driver and the clock.

Ops are done at once, and what a driver answers at once is fed at once. What the user asks returns no notice; its ticks
wait. What the loop brings is done and told in order, a `Then` goes on in its place, and the ticks run dry before the
next report.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from sansnet.state import SERVER_INPUTS, SOCKET_INPUTS, Event, Found, Machine, Route, ServerMachine, SocketMachine
from sansnet.state.effects import Arm, Disarm, Effect, Effects, Notice, Op, Step, Taken, Then, Tick, Timer, Touch
from sansnet.state.faults import Fault
from sansnet.state.inputs import By, Input
from sansnet.state.ops import BindLocal, Close, Discard, Listen, Reset, Send

__all__ = [
    "AFTER_END",
    "ALREADY_FINISHED",
    "BEFORE_CONNECTION",
    "CANCELED",
    "CLOSED",
    "CLOSING",
    "ENDED_BY_PEER",
    "END_DESTROYED",
    "FRESH",
    "OPEN",
    "OPENING",
    "PEER",
    "SOCKET_CLOSED",
    "TCP",
    "UNIX",
    "WRITE_DESTROYED",
    "Loop",
    "ServerLoop",
    "Sock",
    "look",
]

PEER: Final = Found("127.0.0.1", 4)
TCP: Final = Route(known=PEER, port=80)
UNIX: Final = Route(known=Found("/tmp/sock", 0))

FRESH: Final = "idle open open: open, pending readable writable"
OPENING: Final = "connecting open open: opening, connecting pending readable writable"
OPEN: Final = "open open open: open, readable writable"
CLOSING: Final = "closing open open: closed, pending destroyed"
CLOSED: Final = "closed open open: closed, pending destroyed"

SOCKET_CLOSED: Final = Fault("ERR_SOCKET_CLOSED")
BEFORE_CONNECTION: Final = Fault("ERR_SOCKET_CLOSED_BEFORE_CONNECTION")
ENDED_BY_PEER: Final = Fault("EPIPE", text="This socket has been ended by the other party")
AFTER_END: Final = Fault("ERR_STREAM_WRITE_AFTER_END")
ALREADY_FINISHED: Final = Fault("ERR_STREAM_ALREADY_FINISHED")
WRITE_DESTROYED: Final = Fault("ERR_STREAM_DESTROYED", text="Cannot call write after a stream was destroyed")
END_DESTROYED: Final = Fault("ERR_STREAM_DESTROYED", text="Cannot call end after a stream was destroyed")
CANCELED: Final = Fault("ECANCELED", syscall="write")  # how a driver ends what close() cut short

M = TypeVar("M", bound=Machine)
Answer = int | Fault | None


def look(machine: SocketMachine) -> str:
    """The joint state: link, read half, write half, then Node's readyState and the properties that hold."""
    properties = {
        "connecting": machine.is_connecting,
        "pending": machine.pending,
        "destroyed": machine.destroyed,
        "readable": machine.readable,
        "writable": machine.writable,
    }
    phases = f"{machine.link.value} {machine.reading.phase.value} {machine.writing.phase.value}"
    holding = " ".join(name for name, holds in properties.items() if holds)
    return f"{phases}: {machine.ready_state}" + (f", {holding}" if holding else "")


class Loop(Generic[M]):
    """Runs one machine. `answer()` says what its driver answers at once."""

    def __init__(self, machine: M, inputs: Mapping[str, Input]) -> None:
        self.machine: M = machine
        self.timers: dict[Timer, float] = {}
        self.touches = 0
        self.taken: tuple[Any, ...] = ()
        self._inputs = inputs
        self._ticks: deque[Callable[[], None]] = deque()
        self._gathering = False
        self._asked: list[Op] = []
        self._heard: list[Notice] = []
        self._listeners: defaultdict[type[Notice], deque[Callable[[], object]]] = defaultdict(deque)
        self._watchers: defaultdict[type[Notice], list[Callable[[], object]]] = defaultdict(list)

    # -- what the test does

    def ask(self, name: str, *args: Any) -> None:
        """The user calls, from outside of the loop or from a listener."""
        assert self._inputs[name].by is By.USER, f"{name} is not the user's"
        self._at_once(self.machine.feed(Event(name, args)))

    def report(self, name: str, *args: Any) -> None:
        """The driver reports; what waits comes first, what follows is run as well."""
        assert self._inputs[name].by is By.DRIVER, f"{name} is not the driver's"
        self.run()
        self._from_loop(self.machine.feed(Event(name, args)))
        self.run()

    def fire(self, timer: Timer) -> None:
        """The time of an armed timer has come."""
        del self.timers[timer]
        self.report("timer_fired", timer)

    def run(self) -> None:
        """Run the ticks dry."""
        while self._ticks:
            self._ticks.popleft()()

    def later(self, action: Callable[[], None]) -> None:
        """The user's own next tick."""
        self._ticks.append(action)

    def when(self, kind: type[Notice], *actions: Callable[[], object]) -> None:
        """Listeners, one for each time that this will be told."""
        self._listeners[kind].extend(actions)

    # -- what the test sees

    def asked(self) -> list[Op]:
        """What the driver was asked since the last look."""
        asked, self._asked = self._asked, []
        return asked

    def heard(self) -> list[Notice]:
        """What the user was told since the last look."""
        heard, self._heard = self._heard, []
        return heard

    # -- the pump

    def answer(self, op: Op) -> Event | None:
        """What the driver answers at once."""

    def _at_once(self, effects: Effects) -> None:
        for effect in effects:
            assert not isinstance(effect, Notice | Then), f"{effect} was told inside of a user's call"
            self._do(effect)

    def _from_loop(self, effects: Effects) -> None:
        told = False
        for effect in effects:
            told = told or isinstance(effect, Notice | Then)
            assert not told or not isinstance(effect, Op) or isinstance(effect, Discard), f"{effect} is done too late"
            if isinstance(effect, Notice):
                self.tell(effect)
            elif isinstance(effect, Then):
                self._turn(effect.step)
            else:
                self._do(effect)

    def _turn(self, step: Step) -> None:
        assert self._inputs["ticked"].by is By.LOOP
        self._from_loop(self.machine.feed(Event("ticked", (step,))))

    def tell(self, notice: Notice) -> None:
        """The listeners hear of it."""
        self._heard.append(notice)
        for watcher in self._watchers[type(notice)]:
            watcher()
        if self._listeners[type(notice)]:
            self._listeners[type(notice)].popleft()()
        self.hand_over()

    def hand_over(self) -> None:
        """The listeners have returned, or somebody asks what came of their writes."""
        if self._gathering:
            self._gathering = False
            self._at_once(self.machine.feed(Event("hand_over")))

    def _do(self, effect: Effect) -> None:
        match effect:
            case Op():
                self._asked.append(effect)
                event = self.answer(effect)
                if event is not None:
                    self._at_once(self.machine.feed(event))
            case Tick(step=step):
                self._ticks.append(lambda: self._turn(step))
            case Arm(timer=timer, seconds=seconds):
                self.timers[timer] = seconds
            case Disarm(timer=timer):
                del self.timers[timer]
            case Touch():
                assert Timer.IDLE in self.timers, "only a timer that runs is pushed back"
                self.touches += 1
            case Taken(payloads=payloads):
                self.taken = payloads
            case _:
                raise AssertionError(f"nobody carries {effect} out")


class Sock(Loop[SocketMachine]):
    """A socket machine. `sends` and `binds` are the driver's answers to come; without one it takes everything."""

    def __init__(self, machine: SocketMachine | None = None, **options: Any) -> None:
        super().__init__(SocketMachine(**options) if machine is None else machine, SOCKET_INPUTS)
        self.sends: deque[Answer] = deque()
        self.binds: deque[Fault | None] = deque()
        self._closed = False

    @classmethod
    def opened(cls, route: Route = TCP, **options: Any) -> Sock:
        """Connected, all of it told and looked at."""
        sock = cls(**options)
        sock.ask("connect", route)
        sock.run()
        sock.report("connected", 0)
        assert sock.look() == OPEN or options
        sock.asked()
        sock.heard()
        return sock

    # -- verbs

    def write(self, payload: Any, token: int = 0) -> bool:
        self.ask("write", payload, len(payload), token)
        return self.machine.accepts_more

    def gather(self, payload: Any, token: int = 0) -> bool:
        """A write in a listener."""
        self._gathering = True
        self.ask("write", payload, len(payload), token, True)
        return self.machine.accepts_more

    def end(self, token: int = 0, payload: Any = None) -> None:
        self.ask("end", token, payload, 0 if payload is None else len(payload))

    def destroy(self, fault: Fault | None = None) -> None:
        self.ask("destroy", fault)

    def read(self, size: int | None = None) -> tuple[Any, ...]:
        self.taken = ()
        self.ask("read", size)
        return self.taken

    def receive(self, payload: Any) -> None:
        self.report("received", payload, len(payload))

    # -- sight

    def look(self) -> str:
        return look(self.machine)

    def watch(self, kind: type[Notice]) -> list[str]:
        """How the socket looks in the listeners of `kind`; grows each time."""
        seen: list[str] = []
        self._watchers[kind].append(lambda: seen.append(self.look()))
        return seen

    # -- the driver's part

    def answer(self, op: Op) -> Event | None:
        assert not self._closed, f"{op} of a handle that was closed"
        self._closed = isinstance(op, Close | Reset)
        if isinstance(op, Send):
            answer = self.sends.popleft() if self.sends else None
            if isinstance(answer, Fault):
                return Event("send_failed", (answer, True))
            return Event("sent", (True,)) if answer is None else Event("send_deferred", (answer,))
        if isinstance(op, BindLocal):
            fault = self.binds.popleft() if self.binds else None
            return Event("bound", (op.attempt,)) if fault is None else Event("bind_failed", (op.attempt, fault))
        return None


class ServerLoop(Loop[ServerMachine]):
    """A server machine. `listens` are the driver's answers to come; without one it listens."""

    def __init__(self, max_connections: int | None = None) -> None:
        super().__init__(ServerMachine(max_connections), SERVER_INPUTS)
        self.listens: deque[Fault | None] = deque()

    def look(self) -> str:
        """The phase of the listener."""
        return str(self.machine.listener.value)

    def watch(self, kind: type[Notice]) -> list[bool]:
        """Whether the server listens, in the listeners of `kind`; grows each time."""
        seen: list[bool] = []
        self._watchers[kind].append(lambda: seen.append(self.machine.is_listening))
        return seen

    def answer(self, op: Op) -> Event | None:
        if not isinstance(op, Listen):
            return None
        fault = self.listens.popleft() if self.listens else None
        return Event("listening", (op.number,)) if fault is None else Event("listen_failed", (op.number, fault))
