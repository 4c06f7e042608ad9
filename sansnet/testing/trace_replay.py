"""Replaying: the inputs of a trace are fed to fresh machines, and what these answer is compared with what is recorded.

    difference = replay_trace(load_trace("trouble.jsonl"))
    print(difference or "the same")

There is no socket, no loop and no clock, so a replay gives the same result every time, under a debugger too. A
difference means that the machines are not those that the trace was recorded with: it was another version, or somebody
has just changed them. An input after the first difference proves nothing, so there is one difference or none.

`rerun` plays a trace from which inputs were left out. Not each input is legal then: the rest may answer an op that
nobody asked for. What is legal is what a driver and a pump could have done:

1. the machine doesn't call it misuse, unless it was misuse when it was recorded;
2. an op that is answered at once (`Send`, `BindLocal`, `Listen`) is answered by the next input, and none comes between;
3. the machine's own turns (`Then`, `Tick`) come when they are due, in order, and what a listener gathers is handed over
   before;
4. the driver doesn't report while a turn is due. (A lookup may end at any time: the user may have a function for it.)
5. a timer fires once for each time that it was armed, and not when it was disarmed since.

An input that isn't is skipped.
"""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple, final

from ..state.effects import Arm, Disarm, Effect, Then, Tick, Timer
from ..state.faults import Fault, Misuse
from ..state.inputs import By
from ..state.machine import Event, Machine
from ..state.ops import BindLocal, Listen, Send
from ..state.server import ServerMachine
from ..state.socket import SocketMachine
from .loop import gathers
from .trace import Changed, Entry, Fed, Made, Trace, assign, kind_of
from .trace_words import printable, words_of, words_of_event

__all__ = [
    "ANY_TIME",
    "Difference",
    "Outcome",
    "feed",
    "is_at_once",
    "legal",
    "machine_of",
    "outcome_of",
    "replay_trace",
    "rerun",
]

_CONTEXT: Final = 4  # inputs that are shown before a difference
_ANSWERS: Final[dict[type[Effect], tuple[str, ...]]] = {
    Send: ("sent", "send_failed", "send_deferred"),
    BindLocal: ("bound", "bind_failed"),
    Listen: ("listening", "listen_failed"),
}
ANY_TIME: Final = ("looked_up", "lookup_failed")
"""What the driver may report while a turn is due."""


class Outcome(NamedTuple):
    """What came of an input: effects, or misuse, or a machine that broke."""

    effects: tuple[Effect, ...] = ()
    misuse: Fault | None = None
    crash: str = ""

    def lines(self) -> list[str]:
        """For people, one thing a line."""
        if self.crash:
            return [f"the machine broke: {self.crash}"]
        if self.misuse is not None:
            return [f"misuse: {self.misuse.text or self.misuse.code}"]
        return [words_of(effect) for effect in self.effects] or ["no effects"]


class Difference(NamedTuple):
    """The first input that a machine answers in another way than the trace says."""

    line: int
    """Of the file, 1 the first."""
    entry: Fed
    now: Outcome
    state: str
    """The machine's own description of its state before the input."""
    before: tuple[tuple[int, Fed], ...]
    """The last inputs of the same machine before this one, each with its line."""

    def __str__(self) -> str:
        entry = self.entry
        told = [f"    line {line}, {fed.by.value}: {words_of_event(fed.event)}" for line, fed in self.before]
        lines = [
            f"line {self.line}: {entry.who} answers {words_of_event(entry.event)} in another way",
            f"  at {entry.at:.6f} s, given by the {entry.by.value}",
            f"  in the state: {self.state}",
            *(["  after", *told] if told else []),
            "  recorded (-), and now (+):",
            *_compared(outcome_of(entry).lines(), self.now.lines()),
        ]
        return "\n".join(map(printable, lines))


def replay_trace(trace: Trace) -> Difference | None:
    """Feed the inputs of a trace to fresh machines. The first difference, None if there is none."""
    machines: dict[str, SocketMachine | ServerMachine] = {}
    told: dict[str, deque[tuple[int, Fed]]] = {}
    for line, entry in enumerate(trace.entries, 2):
        if isinstance(entry, Made):
            machines[entry.who] = machine_of(entry)
            told[entry.who] = deque(maxlen=_CONTEXT)
        elif isinstance(entry, Changed):
            assign(machines[entry.who], entry.name, entry.value)
        elif isinstance(entry, Fed):
            machine = machines[entry.who]
            state = machine.describe()
            now = feed(machine, entry.event)
            if not _same(outcome_of(entry), now):
                return Difference(line, entry, now, state, tuple(told[entry.who]))
            told[entry.who].append((line, entry))
    return None


def rerun(trace: Trace) -> Trace:
    """The trace as the machines of today would make it: the legal inputs, each with what comes of it now."""
    return Trace(
        tuple(
            entry if now is None or not isinstance(entry, Fed) else entry._replace(**now._asdict())
            for entry, now in _legal_entries(trace)
        )
    )


def legal(trace: Trace) -> Trace:
    """The trace without the inputs that are not legal; the others keep what was recorded of them."""
    return Trace(tuple(entry for entry, _ in _legal_entries(trace)))


def machine_of(made: Made) -> SocketMachine | ServerMachine:
    """A fresh machine, as one began."""
    machine = kind_of(made.who).machine()
    for name, value in made.state.items():
        assign(machine, name, value)
    return machine


def feed(machine: Machine, event: Event) -> Outcome:
    """Give a machine an input."""
    try:
        return Outcome(tuple(machine.feed(event)))
    except Misuse as misuse:
        return Outcome(misuse=misuse.fault)
    except Exception as error:  # a machine that breaks is what a trace may be about
        return Outcome(crash=f"{type(error).__name__}: {error}".rstrip(": "))


def outcome_of(fed: Fed) -> Outcome:
    """What is recorded of an input."""
    return Outcome(fed.effects, fed.misuse, fed.crash)


def _same(recorded: Outcome, now: Outcome) -> bool:
    """A machine that breaks breaks in the same way when the exception is of the same class."""
    if recorded.crash and now.crash:
        return recorded.crash.partition(":")[0] == now.crash.partition(":")[0]
    return recorded == now


def _compared(recorded: list[str], now: list[str]) -> Iterator[str]:
    for line in difflib.ndiff(recorded, now):
        if not line.startswith("?"):
            yield f"    {line}".rstrip()


# ---------------------------------------------------------------------------------------------------- what is legal


def _legal_entries(trace: Trace) -> Iterator[tuple[Entry, Outcome | None]]:
    """The entries that are left, each input with its outcome."""
    players: dict[str, _Player] = {}
    for entry in trace.entries:
        if isinstance(entry, Made):
            players[entry.who] = _Player(machine_of(entry))
            yield _unlinked(entry, players), None
        elif entry.who not in players or players[entry.who].is_broken:
            continue
        elif isinstance(entry, Fed):
            now = players[entry.who].play(entry)
            if now is not None:
                yield entry, now
        else:
            if isinstance(entry, Changed):
                assign(players[entry.who].machine, entry.name, entry.value)
            yield entry, None


def _unlinked(made: Made, players: dict[str, _Player]) -> Made:
    """Without links to machines that aren't there."""
    server = made.server if made.server in players else ""
    return made._replace(server=server, after=made.after if made.after in players else "")


@final
class _Player:
    """A machine, and what the rules have to know of it."""

    def __init__(self, machine: Machine) -> None:
        self.machine: Final = machine
        self.is_broken = False
        self._asked: tuple[str, ...] = ()  # the answers to an op, one of which comes next
        self._due: deque[Then | Tick] = deque()  # the turns, in order
        self._gathers = False  # in a listener, whose writes are to be handed over
        self._armed: dict[Timer, None] = {}

    def play(self, fed: Fed) -> Outcome | None:
        """Feed an input; None when it isn't legal."""
        if not self._allows(fed):
            return None
        now = feed(self.machine, fed.event)
        if now.misuse is not None and fed.misuse is None:
            return None  # nothing has changed
        if fed.event.name == "hand_over":
            self._gathers = False
        elif fed.by is By.LOOP:
            self._due.popleft()
        elif gathers(fed.event):
            self._gathers = True
        elif fed.event.name == "timer_fired":
            del self._armed[fed.event.args[0]]
        self.is_broken = bool(now.crash)
        self._asked = next((_ANSWERS[type(effect)] for effect in now.effects if type(effect) in _ANSWERS), ())
        self._due.extendleft([effect for effect in now.effects if isinstance(effect, Then)][::-1])
        self._due.extend([effect for effect in now.effects if isinstance(effect, Tick)])
        for effect in now.effects:
            if isinstance(effect, Arm):
                self._armed[effect.timer] = None
            elif isinstance(effect, Disarm):
                self._armed.pop(effect.timer, None)
        return now

    def _allows(self, fed: Fed) -> bool:
        name = fed.event.name
        if self._asked or is_at_once(fed):
            return name in self._asked and is_at_once(fed)
        if name == "hand_over":
            return self._gathers
        if fed.by is By.LOOP:
            return not self._gathers and bool(self._due) and self._due[0].step is fed.event.args[0]
        if name == "timer_fired" and fed.event.args[0] not in self._armed:
            return False
        return fed.by is By.USER or not (self._due or self._gathers) or name in ANY_TIME


def is_at_once(fed: Fed) -> bool:
    """Is this an answer inside an op? `sent` and `send_failed` may come later as well, and say so."""
    name = fed.event.name
    if name in ("sent", "send_failed"):
        return fed.event.args[-1] is True
    return any(name in answers for answers in _ANSWERS.values())
