"""The Python side: runs a scenario on sansnet and makes its trace. `interpreter.js` does the same on Node.

Steps between two settlings are carried out in one go, outside the loop; what listeners and callbacks are told to do,
inside it. An entry is made for each event (by a listener that is the object's first), each callback, and each call: its
entry is made before the call and completed after it. Every entry has the state of its object at that moment, the
segment (how often things were settled before), and in which listener or callback it happened.

Settling
--------
A scenario is settled when nothing happens any more, and that is found out without a clock. Both processes run on one
CPU each time, where the loopback interface delivers packets in the order in which they were sent. A byte that goes
through a connection of our own and back (the beacon) comes behind all that was sent before it: once it is here, the
loop has been able to see all of that. So when a few such rounds in a row, with turns of the loop between them,
brought no entry and moved no byte, nothing will come by itself. What takes time by itself (a timer, a name that is
looked up in a thread, a delayed acknowledgement) is waited for by name: `settle("c.timeout")`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import sansnet
from sansnet.drivers.selector import SelectorDriver

from .translation import EVENTS, STATES, code_or_text
from .values import KINDS, arguments, plain, real
from .words import Scenario, Step

__all__ = ["PATIENCE", "QUIET", "Beacon", "interpret"]

QUIET: Final = 4
"""So many rounds without an entry, and a scenario is settled."""

PATIENCE: Final = 30.0
"""Seconds until a wait for something that is named has failed. Nothing waits that long to pass."""

_MODULES: Final = {name: getattr(sansnet, name, None) for name in ("BlockList", "SocketAddress", "BoundSocket")}

Entry = dict[str, Any]


class Beacon:
    """A connection to ourselves, to learn that the system has delivered what was sent before."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self._ours = socket.create_connection(server.getsockname())
            self._theirs, _ = server.accept()
        self._ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ping(self) -> None:
        self._ours.send(b".")
        self._theirs.recv(1)

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()


def interpret(scenario: Scenario, world: dict[str, Any], beacon: Beacon) -> dict[str, Any]:
    """Run it; returns the entries, whose the ports were, and why it couldn't go on, if so."""
    with warnings.catch_warnings(), SelectorDriver() as driver, sansnet.using(driver):
        warnings.simplefilter("ignore")
        run = _Run(scenario, world, beacon, driver)
        run.run()
        return {"entries": run.entries, "ports": run.ports, "failure": run.failure}


class _Run:
    def __init__(self, scenario: Scenario, world: dict[str, Any], beacon: Beacon, driver: SelectorDriver) -> None:
        self.scenario = scenario
        self.world = world
        self.beacon = beacon
        self.driver = driver
        self.entries: list[Entry] = []
        self.segment = 0
        self.activity = 0
        self.calling = 0
        self.context: list[str] = []
        self.objects: dict[str, Any] = {"net": sansnet, **_MODULES}
        self.kinds: dict[str, str] = {}
        self.unseen: set[str] = set()  # objects whose state isn't recorded
        self.waiting: dict[str, list[Step]] = {}  # what `on` said about objects that aren't there yet
        self.counts: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        self.held: list[Callable[[], None]] = []
        self.callbacks: dict[str, Callable[..., None]] = {}
        self.ports: dict[str, str] = {}
        self.failure: str | None = None

    def run(self) -> None:
        for step in self.scenario.steps:
            if step["op"] == "settle":
                self.settle(step["until"])
            else:
                self.perform(step)
            if self.failure:
                break

    def settle(self, until: list[tuple[str, int]]) -> None:
        deadline = time.monotonic() + PATIENCE
        quiet = 0
        while quiet < QUIET or not self.happened(until):
            before = self.pulse()
            self.beacon.ping()
            self.turn(0)
            self.turn(0)
            quiet = quiet + 1 if self.pulse() == before else 0
            if quiet >= QUIET and not self.happened(until):
                if time.monotonic() > deadline:
                    missing = [one for one in until if not self.happened([one])]
                    self.failure = f"waited in vain for {missing}"
                    return
                self.turn(0.001)
        self.segment += 1

    def turn(self, timeout: float) -> None:
        try:
            self.driver.step(timeout)
        except Exception as error:
            several = isinstance(error, ExceptionGroup) and "in one turn" in error.message
            for one in error.exceptions if several else [error]:  # type: ignore[attr-defined]
                self.record("process", "uncaught", "", (one,))

    def pulse(self) -> int:
        """Another number after an entry, and after bytes have moved of which nobody was told."""
        sockets = [one for one in self.objects.values() if isinstance(one, sansnet.Socket)]
        return self.activity + sum(one.bytes_read - one.writable_length for one in sockets)

    def happened(self, until: list[tuple[str, int]]) -> bool:
        return all(self.counts[what] >= count for what, count in until)

    # -- objects

    def one(self, name: str) -> Any:
        assert name in self.objects, f"no object is named {name}"
        return self.objects[name]

    def name_of(self, value: object) -> str | None:
        return next((name for name, one in self.objects.items() if one is value), None)

    def adopt(self, name: str, kind: str, made: Any, watch: Any, watch_accepted: Any) -> None:
        self.objects[name] = made
        self.kinds[name] = kind
        events = EVENTS.get(watch, ()) if isinstance(watch, str) else EVENTS.get(kind, ()) if watch is None else watch
        for event in events:
            made.on(event, self.recorder(name, event, watch_accepted))
        for step in self.waiting.get(name, ()):
            self.register(name, step)

    def recorder(self, name: str, event: str, watch_accepted: Any) -> Callable[..., None]:
        def listener(*args: Any) -> None:
            assert not self.calling, f"{name} told {event!r} inside a call of the user's"
            if event == "connection":
                self.welcome(name, args[0], watch_accepted)
            self.record(name, "event", event, args)
            self.counts[f"{name}.{event}"] += len(args[0]) if event == "data" else 1
            if event == "connect":
                self.know_port(name, self.one(name).local_port)

        return listener

    def welcome(self, server: str, accepted: Any, watch: Any) -> None:
        self.accepted[server] += 1
        self.adopt(f"{server}{self.accepted[server]}", "socket", accepted, watch, None)

    def know_port(self, name: str, port: int | None) -> None:
        if port:
            self.ports.setdefault(str(port), name)

    # -- recording

    def record(self, lane: str, what: str, name: str, args: tuple[Any, ...] = ()) -> Entry:
        self.activity += 1
        by = self.context[-1] if self.context else None
        entry: Entry = {"lane": lane, "what": what, "name": name, "by": by, "segment": self.segment}
        entry["args"] = [plain(argument, self) for argument in args]
        entry["state"] = self.state_of(lane)
        last = next((other for other in reversed(self.entries) if other["lane"] == lane), None)
        if name == "data" and last is not None and _merge(last, entry):
            return last
        self.entries.append(entry)
        return entry

    def state_of(self, lane: str) -> dict[str, Any]:
        one = self.objects.get(lane)
        kind = self.kinds.get(lane, "")
        if kind == "server" and one is not None and one.listening:
            self.know_port(lane, getattr(one.address(), "port", None))
        return {} if lane in self.unseen else {name: plain(_look(one, name), self) for name in STATES.get(kind, ())}

    # -- steps

    def perform(self, step: Step) -> None:
        _STEPS[step["op"]](self, step)

    def inside(self, context: str, steps: list[Step]) -> None:
        self.context.append(context)
        try:
            for step in steps:
                self.perform(step)
        finally:
            self.context.pop()

    def callback(self, owner: str, label: str, steps: list[Step]) -> Callable[..., None]:
        def called_back(*args: Any) -> None:
            self.record(owner, "callback", label, args)
            self.counts[f"{owner}.{label}"] += 1
            self.inside(f"{owner}.{label}", steps)

        self.callbacks[label] = called_back
        return called_back

    def same(self, label: str) -> Callable[..., None]:
        return self.callbacks[label]

    def call_soon(self, function: Callable[[], None]) -> None:
        self.driver.call_soon(function)

    @contextlib.contextmanager
    def attempt(self, lane: str, what: str, name: str) -> Iterator[Entry]:
        """The entry of a call, made before it: what Node tells inside the call comes behind it. The result follows."""
        entry = self.record(lane, what, name)
        self.calling += 1
        try:
            yield entry
        except Exception as error:
            entry["thrown"] = plain(error, self)
        finally:
            self.calling -= 1
        entry["state"] = self.state_of(lane)

    def register(self, name: str, step: Step) -> None:
        left = step["times"]

        def listener(*_: Any) -> None:
            nonlocal left
            if left:
                left -= 1
                self.inside(f"{name}.{step['event']}", step["do"])

        one = self.one(name)
        (one.prepend_listener if step["first"] else one.on)(step["event"], listener)

    def step_new(self, step: Step) -> None:
        name, kind = step["name"], step["kind"]
        if not step["look"]:
            self.unseen.add(name)
        with self.attempt(name, "new", kind):
            args, keywords = arguments(step["args"], self, name)
            made = KINDS[kind](*args, **keywords)
            self.adopt(name, "socket" if kind == "connect" else kind, made, step["watch"], step["watch_accepted"])

    def step_call(self, step: Step) -> None:
        with self.attempt(step["on"], "call", step["method"]) as entry:
            args, keywords = arguments(step["args"], self, step["on"])
            entry["result"] = plain(getattr(self.one(step["on"]), step["method"])(*args, **keywords), self)

    def step_get(self, step: Step) -> None:
        for name in step["names"]:
            with self.attempt(step["on"], "get", name) as entry:
                entry["result"] = plain(getattr(self.one(step["on"]), name), self)

    def step_assign(self, step: Step) -> None:
        setattr(self.one(step["on"]), step["name"], real(step["value"], self, step["on"]))

    def step_on(self, step: Step) -> None:
        if step["on"] in self.objects:
            self.register(step["on"], step)
        else:
            self.waiting.setdefault(step["on"], []).append(step)

    def step_release(self, _step: Step) -> None:
        held, self.held = self.held, []
        for answer in held:
            answer()

    def step_soon(self, step: Step) -> None:
        self.call_soon(lambda: self.inside("soon", step["do"]))

    def step_leave_file(self, step: Step) -> None:
        with open(os.path.join(self.world["directory"], step["name"]), "x"):
            pass

    def step_look_at(self, step: Step) -> None:
        with self.attempt("folder", "call", step["name"]) as entry:
            entry["result"] = _describe(os.path.join(self.world["directory"], step["name"]))

    def step_throw(self, step: Step) -> None:
        raise Exception(step["message"])


_STEPS: Final[dict[str, Callable[[_Run, Step], None]]] = {
    "new": _Run.step_new,
    "call": _Run.step_call,
    "get": _Run.step_get,
    "leave_file": _Run.step_leave_file,
    "look_at": _Run.step_look_at,
    "assign": _Run.step_assign,
    "on": _Run.step_on,
    "release": _Run.step_release,
    "soon": _Run.step_soon,
    "throw": _Run.step_throw,
}


def _describe(path: str) -> str:
    if not os.path.lexists(path):
        return "nothing"
    mode = os.lstat(path).st_mode
    return f"{'socket' if stat.S_ISSOCK(mode) else 'file'} {mode & 0o777:o}"


def _look(one: Any, name: str) -> Any:
    if name == "is_paused":
        return one.is_paused()
    return code_or_text(one.errored) if name == "errored" else getattr(one, name)


def _merge(last: Entry, entry: Entry) -> bool:
    """Data has no boundaries in a stream: what came in two pieces is one entry, if nothing else was told in between."""
    if last["name"] != "data" or last["what"] != "event" or last["segment"] != entry["segment"]:
        return False
    (before,), (after,) = last["args"], entry["args"]
    if type(before) is not type(after):
        return False
    last["args"] = [before + after if isinstance(before, str) else {"bytes": before["bytes"] + after["bytes"]}]
    last["state"] = entry["state"]
    return True
