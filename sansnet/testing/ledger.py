"""The book of a search: every state that was found, by number, and how it was reached first.

Whoever searches, in this process or in many, enters what he finds in one order, breadth first. So the numbers, the
counts and the shortest ways don't depend on who does the work. What can only be told at the end is told from here:
promises that aren't kept, and things that never happened.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Sequence
from typing import Any, final

from ..state.machine import Event
from .counterexample import Trace
from .laws import Law, Promise
from .results import Progress, Refutation, Unbounded, Vacuous, how_many

__all__ = ["Kept", "Ledger", "Ways", "blind"]


def blind(_world: object, _moment: object) -> None:
    """Look away: what is stepped through was seen before."""


@final
class Ledger:
    """States by number, edges, and the part of the graph that promises are about."""

    def __init__(
        self, model: Any, laws: Sequence[Law | Promise], bound: int, name_of: Callable[[Any], Hashable]
    ) -> None:
        self.model = model
        self.bound = bound
        self.name_of = name_of
        """What tells a world from others: the model's key, or what stands for it in every process."""
        self.promises = [Kept(law) for law in laws if isinstance(law, Promise)]
        self.ways = [Ways(fair) for fair in dict.fromkeys(promise.law.fair for promise in self.promises)]
        self.seen: dict[Hashable, int] = {}
        self.parents = array("q")  # where a state was reached from first …
        self.choices = array("q")  # … and by which of the events there; of an initial world: −1, and its number
        self.depths = array("q")
        self.edges = 0

    def enter(self, name: Hashable, parent: int, choice: int) -> int:
        """The number of a state, which is new if it is as large as the count of states was. Raises Unbounded."""
        new = len(self.seen)
        number = self.seen.setdefault(name, new)
        if number == new:
            if new >= self.bound:
                del self.seen[name]
                raise Unbounded(f"{self.model.name} has more than {how_many(self.bound, 'state')}; nothing was proved")
            self.parents.append(parent)
            self.choices.append(choice)
            self.depths.append(self.depths[parent] + 1 if parent >= 0 else 0)
        return number

    @property
    def depth(self) -> int:
        """Of the deepest state: the last one."""
        return self.depths[-1] if self.depths else 0

    @property
    def progress(self) -> Progress:
        """How far the search is."""
        return Progress(len(self.seen), self.edges, self.depth)

    # -- ways back

    def trace(self, number: int, choice: int | None = None, *, start: int = 0) -> Trace:
        """The events that first led to a state, and one of those possible there; of none: to initial world `start`."""
        choices = self._choices(number) or [start]
        if choice is not None:
            choices.append(choice)
        events: list[Event] = []
        self._walk(choices, events)
        return Trace(self.model.name, choices[0], tuple(events))

    def world(self, number: int) -> Any:
        """The world of a state, made anew."""
        choices = self._choices(number)
        events: list[Event] = []
        world = self._walk(choices, events)
        return self.model.step(world, events[-1], blind) if events else world

    def _walk(self, choices: list[int], events: list[Event]) -> Any:
        """Collect the events of a way; the world before the last of them, which may be one that raises."""
        world = self.model.initial()[choices[0]]
        for choice in choices[1:]:
            if events:
                world = self.model.step(world, events[-1], blind)
            events.append(self.model.events(world)[choice])
        return world

    def _choices(self, number: int) -> list[int]:
        """Which initial world, then which event of those that were possible."""
        choices: list[int] = []
        while number >= 0:
            choices.append(self.choices[number])
            number = self.parents[number]
        return choices[::-1]

    # -- what can be told at the end

    def broken_promise(self) -> Refutation | None:
        """A promise that some state doesn't keep."""
        for promise in self.promises:
            stuck = promise.first_unkept(next(ways for ways in self.ways if ways.fair is promise.law.fair))
            if stuck is not None:
                trace = self.trace(stuck)
                way, turn = self._fair_way(stuck, promise)
                done = len(trace.events)
                if turn is None:
                    end = "to where no fair event is left"
                else:
                    end = f"and round and round from event {done + turn + 1}"
                after = f"after {done} event{'s' if done != 1 else ''}"
                detail = f"{after} it may go on like this, {end}, and never get there"
                return Refutation(
                    promise.law.name, promise.law.text, detail, trace._replace(events=(*trace.events, *way))
                )
        return None

    def never_happened(self, wanting: Sequence[Law]) -> Refutation | None:
        """What should have happened sometimes, and didn't."""
        for law in wanting:
            return Refutation(law.name, law.text, f"not once in {how_many(len(self.seen), 'state')}", None)
        return None

    def vacuous(self, laws: Sequence[Law | Promise], has_asked: Callable[[Law | Promise], bool]) -> tuple[Vacuous, ...]:
        """Those that were never put to the test. has_asked: was there a moment that the law is about?"""
        due = [kept.law for kept in self.promises if any(kept.asked)]
        idle = []
        for law in laws:
            if isinstance(law, Law) and not has_asked(law):
                idle.append(Vacuous(law.name, f"never saw {' or '.join([kind.__name__ for kind in law.on])}"))
            elif isinstance(law, Promise) and law not in due:
                idle.append(Vacuous(law.name, "never due"))
        return tuple(idle)

    def _fair_way(self, number: int, promise: Kept) -> tuple[list[Event], int | None]:
        """Fair events, from a state that doesn't keep a promise, to where it ends or goes round in a circle.

        And which of them is the first of the circle, counted from 0.
        """
        world, way, passed = self.world(number), list[Event](), {number: 0}
        while True:
            for event in self.model.events(world):
                if promise.law.fair(world, event):
                    after = self.model.step(world, event, blind)
                    number = self.seen[self.name_of(after)]
                    if not promise.kept[number]:
                        break
            else:
                return way, None
            way.append(event)
            if number in passed:
                return way, passed[number]
            passed[number] = len(way)
            world = after


@final
class Ways:
    """The part of the graph that is left when only fair events happen."""

    def __init__(self, fair: Callable[[Any, Event], bool]) -> None:
        self.fair = fair
        self.sources = array("q")
        self.targets = array("q")


@final
class Kept:
    """A promise, and the states in which it is kept."""

    def __init__(self, law: Promise) -> None:
        self.law = law
        self.asked = bytearray()  # by state: does it have to be kept from here?
        self.kept = bytearray()  # by state: is it?

    def first_unkept(self, ways: Ways) -> int | None:
        """The first state from which a fair way never gets there: it ends before, or goes round in a circle."""
        kept = self.kept
        open_ways = [0] * len(kept)
        comes_from: list[list[int]] = [[] for _ in kept]
        for source, target in zip(ways.sources, ways.targets, strict=True):
            open_ways[source] += 1
            comes_from[target].append(source)
        todo = [number for number, is_kept in enumerate(kept) if is_kept]
        while todo:
            for source in comes_from[todo.pop()]:
                open_ways[source] -= 1
                if not open_ways[source] and not kept[source]:
                    kept[source] = True
                    todo.append(source)
        return next((number for number, asked in enumerate(self.asked) if asked and not kept[number]), None)
