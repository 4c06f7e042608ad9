"""A machine in its loop: what the pump does, with every choice laid open.

The loop runs a machine as the pump does. An input's effects are carried out in order, and ops at once. In the loop a
notice is told where it stands, and a `Then` goes on in its place; a `Tick` joins the queue, which runs dry before the
driver reports again. The user's code runs between turns, and inside any listener. What that writes may be gathered, and
is handed over when the listener has returned, or when its user looks at what became of it.

A step ends wherever there is a choice: inside a listener, while the user may still do something there; before an answer
that the driver gives at once; between two turns. So each choice is an event of its own, and a trace reads like a test:

    write(b"ab", 2, 1)      the user's call; Send is carried out, and …
    send_deferred(0)        … answered, before write() returns
    go_on()                 the queue's next turn, or what comes after a listener
    hand_over()             inside a listener, the user looks at what became of his writes
    sent(False)
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Mapping
from typing import Any, ClassVar, Final, NamedTuple

from ..state.effects import Effect, Notice, Op, Step, Then, Tick
from ..state.faults import Fault
from ..state.inputs import BY_DRIVER, BY_LOOP, BY_USER, SERVER_INPUTS, SOCKET_INPUTS, By, Input
from ..state.machine import Event
from ..state.notices import Settled
from .laws import See
from .remembered import Fed, Known

__all__ = [
    "GO_ON",
    "HAND_OVER",
    "NEW_MACHINE",
    "NEW_PART",
    "STAGE_CANCELLED",
    "STAGE_NONE",
    "STAGE_OVER",
    "STAGE_UNDERWAY",
    "Fed",
    "NewMachine",
    "NewMove",
    "NewPart",
    "Rested",
    "Returned",
    "Stage",
    "World",
    "gathers",
    "shape_of",
]

GO_ON: Final = Event("go_on")
"""The loop goes on: with the queue's next turn, or with what comes after a listener."""

HAND_OVER: Final = Event("hand_over")
"""Inside a listener: the user asks for something that depends on what the driver says to his writes."""


def gathers(event: Event) -> bool:
    """Is it a write() that a listener makes, and that hand_over() has to follow?"""
    return event.name == "write" and event.args[3:] == (True,)


_TICKED: Final = {step: Event("ticked", (step,)) for step in Step}


class Stage(enum.IntEnum):
    """How far an asynchronous op has come."""

    NONE = 0  # not asked for
    UNDERWAY = 1
    CANCELLED = 2  # under way, and cancelled
    OVER = 3


STAGE_NONE: Final = Stage.NONE
STAGE_UNDERWAY: Final = Stage.UNDERWAY
STAGE_CANCELLED: Final = Stage.CANCELLED
STAGE_OVER: Final = Stage.OVER


class Returned(NamedTuple):
    """A moment: the user's call returns, what it asked for was carried out."""

    name: str


class Rested(NamedTuple):
    """A moment: nothing goes on any more before the driver or the user does something."""


class NewMachine(NamedTuple):
    """A moment: the machine is in a state that it was not seen in before."""


class NewMove(NamedTuple):
    """A moment: the machine was given an input that it was not seen to be given in that state.

    For laws about an input and what the machine answers, which need nothing of the world: each move is looked at once.
    """

    fed: Fed

    def __repr__(self) -> str:
        return repr(self.fed)


class NewPart(NamedTuple):
    """A moment: the machine's own fields, or those of one of its parts, are as they were not seen before."""


NEW_MACHINE: Final = NewMachine()
NEW_PART: Final = NewPart()
_RESTED: Final = Rested()
_RETURNED: Final = {name: Returned(name) for name in (*SOCKET_INPUTS, *SERVER_INPUTS)}


class World:
    """A machine in its loop. What a driver and a user are, a subclass says."""

    __slots__ = ("asked", "fifo", "gathering", "known", "machine", "reactions", "stack", "turn")

    INPUTS: ClassVar[Mapping[str, Input]] = {}
    CARRY: ClassVar[dict[type, Callable[[Any, Any], object]]] = {}
    """How each effect is carried out, or heard."""

    def __init__(self, machine: Any, reactions: int) -> None:
        self.machine = machine
        self.stack: tuple[Any, ...] = ()  # what is still to be carried out of this turn, or of this call
        self.fifo: tuple[Step, ...] = ()
        self.asked: Op | None = None  # the driver is about to answer it
        self.turn = False  # the loop is in here; unless something is asked, it is in a listener
        self.gathering = False  # what was written in here is to be handed over once the listener has returned
        self.known: Known | None = None  # models give it: the machine is shared, and its moves are remembered
        self.reactions = reactions  # how often the user may still do something in a listener

    def phases(self) -> tuple[enum.Enum, ...]:
        """The machine's phases."""
        return self.phases_of(self.machine)

    @property
    def at_rest(self) -> bool:
        """Between turns: the user may call, the queue may go on."""
        return not self.turn and self.asked is None

    @property
    def quiet(self) -> bool:
        """Between turns, and none is due: the driver may report."""
        return not self.turn and not self.fifo and self.asked is None

    def take(self, event: Event, see: See) -> None:
        """Let `event` happen, and what follows from it without a choice."""
        name = event.name
        if name == "go_on":
            if not self.turn:
                self.turn = True
                step, self.fifo = self.fifo[0], self.fifo[1:]
                self._feed(_TICKED[step], BY_LOOP, False, see)
            elif self.gathering:
                self._hand_over(see)
        elif name == "hand_over":
            self.reactions -= 1
            self.stack = (_RETURNED[name], *self.stack)
            self._hand_over(see)
        elif self.asked is not None:
            self.answering(event)
            self.asked = None
            self._feed(event, BY_DRIVER, True, see)
        elif self.is_call(name):
            if self.turn:
                self.reactions -= 1
            self.stack = (_RETURNED[name], *self.stack)
            self.asking(event)
            self._feed(event, BY_USER, False, see)
        else:
            self.turn = True
            self.reporting(event)
            self._feed(event, BY_DRIVER, False, see)
        self._run(see)
        if not self.turn and not self.fifo and self.asked is None:  # `quiet`, at hand
            see(self, _RESTED)

    def _feed(self, event: Event, by: By, at_once: bool, see: See) -> None:
        known = self.known
        if known is None:
            before = self.phases()
            fed = Fed(event, by, at_once, self.machine.feed(event), before)
            see(self, NewMove(fed))
        else:
            move = known.recalled(event, by, at_once)
            fed, self.known = move or known.learnt(event, by, at_once)
            self.machine = self.known.machine
            if move is None:
                see(self, NewMove(fed))
        see(self, fed)
        self.fed(event, fed.before)
        if fed.effects:
            self.stack = (*fed.effects, *self.stack)

    def _hand_over(self, see: See) -> None:
        self.gathering = False
        self._feed(HAND_OVER, BY_LOOP, False, see)

    def _run(self, see: See) -> None:
        """Carry out what is on the stack, up to the next choice."""
        while self.stack:
            effect, self.stack = self.stack[0], self.stack[1:]
            kind = type(effect)
            see(self, effect)
            if kind is Then:
                self._feed(_TICKED[effect.step], BY_LOOP, False, see)
            elif kind is Tick:
                self.fifo += (effect.step,)
            else:
                self.CARRY[kind](self, effect)
                if self.asked is not None:
                    return
                if self.turn and (kind is Returned or isinstance(effect, Notice)):
                    if self.reactions:
                        return
                    if self.gathering:
                        self._hand_over(see)  # the listener has returned
        self.turn = False

    # -- what a subclass says

    def is_call(self, name: str) -> bool:
        """Is the input given by code of the user's?"""
        return self.INPUTS[name].by is BY_USER

    @staticmethod
    def phases_of(machine: Any) -> tuple[enum.Enum, ...]:
        """The phases of such a machine."""
        raise NotImplementedError

    def asking(self, event: Event) -> None:
        """The user is about to ask for this, or brings an answer about."""

    def answering(self, event: Event) -> None:
        """The driver is about to answer at once what is `asked`."""

    def reporting(self, event: Event) -> None:
        """The driver is about to report this."""

    def fed(self, event: Event, before: tuple[enum.Enum, ...]) -> None:
        """The machine was given an input, in these phases."""


def shape_of(effect: Any) -> Hashable:
    """An effect as far as it tells two situations apart: payloads by their lengths, faults by their codes."""
    if isinstance(effect, Settled):
        return (Settled, effect.fault and effect.fault.code)
    if isinstance(effect, Effect):
        return (type(effect), *map(_shape_of_field, effect.fields()))
    return effect if isinstance(effect, Returned) else None


def _shape_of_field(field: Any) -> Hashable:
    if isinstance(field, Fault):
        return field.code
    if isinstance(field, bytes):
        return len(field)
    return tuple(map(_shape_of_field, field)) if isinstance(field, tuple) else field
