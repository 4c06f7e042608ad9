"""What machines do, remembered: a state is one object, and what an input leads to from there is found once.

A machine is pure: what it answers, and what becomes of it, depends on its fields and on the input alone. A search comes
to the same machine in many worlds, since most of what tells those apart is around it: half of all the steps that our
models take, some machine has taken before. So worlds share their machines, which nobody feeds any more, and these
together are a graph that grows as it is walked.

Two machines are one here if all of their fields are equal, as in `freeze()`; `key()` takes one token for another.
"""

from __future__ import annotations

import enum
from typing import Any, Final, NamedTuple, final

from ..state.effects import Effects
from ..state.inputs import By
from ..state.machine import Event
from .snapshots import Place, Snapshots, together

__all__ = ["Fed", "Known", "Memory", "Move"]


class Fed(NamedTuple):
    """A moment: an input was given to the machine; its effects are still to be carried out."""

    event: Event
    by: By
    at_once: bool  # an answer that the driver gave inside an op
    effects: Effects
    before: tuple[enum.Enum, ...]  # the phases before it

    def __repr__(self) -> str:
        return f"{self.event} -> {self.effects}"


Move = tuple[Fed, "Known"]
"""An input, and the machine that it makes of another."""


@final
class Memory:
    """The states that machines of one kind were met in."""

    __slots__ = ("met", "snapshots")

    def __init__(self, snapshots: Snapshots) -> None:
        self.snapshots = snapshots
        self.met: dict[tuple[Place, ...], Known] = {}

    def know(self, machine: Any) -> Known:
        """The one object for the state that a machine is in; from now on the machine is not to be fed."""
        snapshots = self.snapshots
        places = snapshots.places(machine)
        known = self.met.get(places)
        if known is None:
            if len(self.met) >= _MOST_MET:
                self.forget()
            numbers = tuple([place.number for place in places])
            known = Known(self, machine, numbers, together(numbers), snapshots.phases(machine))
            self.met[places] = known
        return known

    def forget(self) -> None:
        """Begin anew, since machines may have been changed. Worlds that are left have to have theirs known anew."""
        for known in self.met.values():
            known.forget()
        self.met.clear()
        self.snapshots.forget()


@final
class Known:
    """A machine in one of its states. It is not to be fed: worlds share it."""

    __slots__ = ("_moves", "machine", "memory", "number", "numbers", "phases")

    def __init__(
        self, memory: Memory | None, machine: Any, numbers: tuple[int, ...], number: int, phases: tuple[enum.Enum, ...]
    ) -> None:
        self.memory = memory
        self.machine = machine
        self.numbers = numbers
        """Equal where `key()` is, in every process: that of the machine's own fields, then that of each part."""
        self.number = number
        """The same for the whole machine."""
        self.phases = phases
        self._moves: dict[tuple[Event, By, bool], Move] = {}

    def forget(self) -> None:
        """Remember nothing any more."""
        self.memory = None
        self._moves.clear()

    def __reduce__(self) -> tuple[Any, ...]:
        return (Known, (None, self.machine, self.numbers, self.number, self.phases))  # it comes without its memory

    def recalled(self, event: Event, by: By, at_once: bool) -> Move | None:
        """The move, if it was made before."""
        return self._moves.get((event, by, at_once))

    def learnt(self, event: Event, by: By, at_once: bool) -> Move:
        """The move, which is made now. What the machine raises is raised, and nothing is remembered."""
        assert self.memory is not None, "who takes a world over gives its machine a memory"
        machine = self.memory.snapshots.copy(self.machine)
        fed = Fed(event, by, at_once, machine.feed(event), self.phases)
        move = (fed, self.memory.know(machine))
        if self.memory is not None:  # which it is if there was too much to remember
            self._moves[event, by, at_once] = move
        return move


_MOST_MET: Final = 200_000
