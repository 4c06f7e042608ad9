"""The laws of the machines, held against a trace: what a program did, judged as the explorer judges what it could do.

    hold(load_trace("trouble.jsonl"))

The same worlds keep the books as in an exploration (`ghosts`, `server_ghosts`), with the recorded inputs in place of
the possible ones. A trace doesn't say whether a call came from inside a listener. So what follows a notice in the same
answer is taken to be carried out at once, and only what waits for an answer, or for a `Then`, is left for later.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Final, final

from ..state.effects import Then, Tick
from ..state.inputs import By
from ..state.machine import Event
from .ghosts import Bounds, SocketWorld
from .invariants import SOCKET_LAWS, delivered_is_a_prefix_of_received
from .laws import Law, LawBroken, Watch
from .loop import HAND_OVER, NEW_MACHINE, NewMove, Rested, Returned, World
from .remembered import Fed
from .search import RAISED
from .server_ghosts import ServerBounds, ServerWorld
from .server_invariants import SERVER_LAWS
from .trace import Changed, Made, Trace, assign
from .trace import Fed as Recorded
from .trace_replay import ANY_TIME, is_at_once, machine_of
from .writing_invariants import handed_over_is_a_prefix_of_written

__all__ = ["hold"]

_OF_THE_TAPE: Final = (delivered_is_a_prefix_of_received, handed_over_is_a_prefix_of_written)
"""Laws that know what the ghosts say; a program says something else."""

_IN_TURN: Final = "turns_come_in_order", "A turn is the next Then of the machine, or else the first Tick of its queue."
_GATHERED: Final = "what_is_gathered_is_handed_over", "hand_over() follows what a listener wrote, before any turn."
_RUNS_DRY: Final = "turns_come_first", "The driver reports nothing while a turn of the machine is due."
_ASKED_FOR: Final = "answers_are_asked_for", "What the driver answers at once was asked for just before."
"""What pump and driver owe to a machine. A lookup alone may end at any time: the user may have a function for it."""

_REST: Final = Rested()


def hold(trace: Trace) -> int:
    """Hold every law that is about single moments against a trace; the number of inputs that were looked at.

    Raises LawBroken, with a note that says where.
    """
    cases: dict[str, _Case] = {}
    inputs = 0
    for line, entry in enumerate(trace.entries, 2):
        if isinstance(entry, Made):
            cases[entry.who] = _Case(entry)
        elif isinstance(entry, Changed):
            assign(cases[entry.who].world.machine, entry.name, entry.value)
        elif isinstance(entry, Recorded) and entry.misuse is None:
            inputs += 1
            try:
                cases[entry.who].take(entry)
            except LawBroken as broken:
                broken.add_note(f"line {line}, {entry.at:.6f} s: {entry.who}, {entry.event}")
                raise
    return inputs


@final
class _Case:
    """A machine of the trace, and what there is to know around it."""

    def __init__(self, made: Made) -> None:
        machine: Any = machine_of(made)
        if made.who.startswith("socket"):
            self.world: World = SocketWorld(machine, Bounds(at_rest=()))
            laws: tuple[Any, ...] = SOCKET_LAWS
        else:
            self.world = ServerWorld(machine, ServerBounds(plans=(), acts=()))
            laws = SERVER_LAWS
        self.see = Watch([law for law in laws if isinstance(law, Law) and law not in _OF_THE_TAPE]).see

    def take(self, entry: Recorded) -> None:
        """An input, and what it brings."""
        world, event = self.world, _spelled_out(type(self.world.machine), entry.event)
        if entry.crash:
            raise LawBroken(*RAISED, entry.crash)
        at_once = is_at_once(entry)
        by = By.USER if world.is_call(event.name) and not at_once else entry.by
        if at_once:
            if world.asked is None:
                raise LawBroken(*_ASKED_FOR, event)
            world.answering(event)
            world.asked = None
        elif by is By.USER:
            world.stack = (Returned(event.name), *world.stack)
            world.asking(event)
        elif by is By.LOOP:
            self._take_turn(event)
        else:
            if self._is_at_rest:
                self.see(world, _REST)
            elif event.name not in ANY_TIME:
                raise LawBroken(*_RUNS_DRY, event)
            world.reporting(event)
        self._feed(event, by, at_once)
        self._carry_out()

    @property
    def _is_at_rest(self) -> bool:
        """Is no turn due, and nothing left to be carried out?"""
        return not self.world.stack and not self.world.fifo and not self.world.gathering

    def _take_turn(self, event: Event) -> None:
        """What is gathered; or a Then that is next, or else the first of the queue."""
        world = self.world
        if world.gathering is not (event == HAND_OVER):
            raise LawBroken(*_GATHERED, event)
        if world.gathering:
            world.gathering = False
            return
        step = event.args[0]
        if world.stack[:1] == (Then(step),):
            world.stack = world.stack[1:]
        elif not world.stack and world.fifo[:1] == (step,):
            world.fifo = world.fifo[1:]
        else:
            if self._is_at_rest:
                self.see(world, _REST)  # a machine that forgot the turn has forgotten more: its own laws say it better
            raise LawBroken(*_IN_TURN, event)

    def _feed(self, event: Event, by: By, at_once: bool) -> None:
        world = self.world
        before = world.phases()
        try:
            effects = world.machine.feed(event)
        except Exception as error:  # also Misuse: when it was recorded, it was none
            raise LawBroken(*RAISED, f"{type(error).__name__}: {error}") from error
        fed = Fed(event, by, at_once, effects, before)
        self.see(world, NewMove(fed))
        self.see(world, fed)
        self.see(world, NEW_MACHINE)
        world.fed(event, before)
        world.stack = (*effects, *world.stack)

    def _carry_out(self) -> None:
        """What is on the stack, up to where another input has to come."""
        world = self.world
        while world.stack and world.asked is None and type(world.stack[0]) is not Then:
            effect, world.stack = world.stack[0], world.stack[1:]
            self.see(world, effect)
            if type(effect) is Tick:
                world.fifo += (effect.step,)
            else:
                world.CARRY[type(effect)](world, effect)


def _spelled_out(machine: type, event: Event) -> Event:
    """The event with all arguments, also those that have a default."""
    defaults = _defaults(machine, event.name)
    missing = len(defaults) - len(event.args)
    return Event(event.name, (*event.args, *defaults[len(event.args) :])) if missing > 0 else event


@functools.cache
def _defaults(machine: type, name: str) -> tuple[Any, ...]:
    """The default of each argument."""
    return tuple([one.default for one in inspect.signature(getattr(machine, name)).parameters.values()][1:])
