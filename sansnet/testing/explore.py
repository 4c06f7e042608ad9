"""Every state that a model can reach, breadth first, and whether the laws hold there.

A *model* is a world in small: a machine, ghosts in place of the driver and the user, and bounds that keep its states
finite. `explore(model)` takes every event in every state. It stops at the first law that breaks, and since it goes
breadth first, the trace that it prints is a shortest one. That it found nothing means that there is nothing: within the
bounds, no order of events was left out.

The laws are functions under one of three verbs, `always`, `sometimes` and `eventually`: see `laws`.

A refutation's trace can be printed (`str`), replayed (`replay`), and pasted as a test (`Trace.as_test()`).
"""

from __future__ import annotations

import gc
import time
from array import array
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Protocol, TypeVar, final

from ..state.machine import Event
from .counterexample import Trace
from .laws import REACHED, Law, LawBroken, Promise, See, Stepped, Watch, always, eventually, sometimes

__all__ = [
    "Exploration",
    "LawBroken",
    "Model",
    "Refutation",
    "Unbounded",
    "always",
    "eventually",
    "explore",
    "replay",
    "sometimes",
]

W = TypeVar("W")


class Model(Protocol[W]):
    """A world with bounds. `name` says where it is found: "package.module.NAME"."""

    @property
    def name(self) -> str:
        """Where a pasted trace imports the model from: "package.module.NAME"."""

    @property
    def laws(self) -> Sequence[Law | Promise]:
        """What holds here."""

    def initial(self) -> Sequence[W]:
        """The worlds to begin with."""

    def events(self, world: W) -> Sequence[Event]:
        """What can happen next, always in the same order."""

    def step(self, world: W, event: Event, see: See) -> W:
        """The world after `event`; the given one stays as it is."""

    def key(self, world: W) -> Hashable:
        """Equal for worlds that are the same situation."""


class Unbounded(AssertionError):
    """There are more states than the bound allows, so that nothing was proved."""


# -- results ---------------------------------------------------------------------------------------------------------


class Refutation(NamedTuple):
    """A law that doesn't hold, and the shortest way to see it. No trace when it is about something that never came."""

    law: str
    text: str
    detail: str
    trace: Trace | None

    def __str__(self) -> str:
        lines = [f"REFUTED {self.law}: {self.text}", f"  {self.detail}"]
        return "\n".join([*lines, str(self.trace)] if self.trace is not None else lines)


class Exploration(NamedTuple):
    """What an exploration found. The counts are of what was seen until it ended, or until a law broke."""

    model: str
    laws: int
    states: int
    edges: int
    depth: int
    seconds: float
    refutation: Refutation | None

    @property
    def holds(self) -> bool:
        """Did every law hold?"""
        return self.refutation is None

    @property
    def report(self) -> str:
        """One line of counts, and the refutation if there is one."""
        name = self.model.rpartition(".")[2]
        counts = f"{name}: {self.states:,} states, {self.edges:,} edges, {self.depth} deep, {self.seconds:.1f} s"
        return f"{counts}; {self.laws} laws hold" if self.refutation is None else f"{counts}\n{self.refutation}"

    def check(self) -> Exploration:
        """Itself; raises AssertionError with the report if a law broke."""
        if not self.holds:
            raise AssertionError(self.report)
        return self


# -- the search ------------------------------------------------------------------------------------------------------


def explore(
    model: Model[W], *, laws: Sequence[Law | Promise] | None = None, bound: int = 1_000_000, twins: int = 0
) -> Exploration:
    """Take every event in every state of `model`, and hold `laws` (its own, unless others are given) to all of it.

    With `twins` one state in so many is kept, and compared when it is reached again by another way: worlds whose keys
    are equal must behave alike, or the key forgets something. Raises Unbounded beyond `bound` states.
    """
    return _Search(model, model.laws if laws is None else laws, bound, twins).run()


def replay(
    model: Model[W], events: Sequence[Event], *, start: int = 0, laws: Sequence[Law | Promise] | None = None
) -> W:
    """The world after `events`, from the initial world of that number. Raises LawBroken where a law breaks."""
    chosen = model.laws if laws is None else laws
    watch = Watch(chosen)
    world = model.initial()[start]
    watch.see(world, REACHED)
    for event in events:
        before, world = world, model.step(world, event, watch.see)
        watch.see(world, Stepped(before, event))
        watch.see(world, REACHED)
    for law in chosen:
        if isinstance(law, Promise) and law.when(world) and not law.goal(world):
            if not any(law.fair(world, event) for event in model.events(world)):
                raise LawBroken(law.name, law.text)
    return world


@final
class _Search:
    def __init__(self, model: Model[Any], laws: Sequence[Law | Promise], bound: int, twins: int) -> None:
        self.model = model
        self.laws = laws
        self.bound = bound
        self.twins = twins
        self.watch = Watch(laws)
        self.promises = [_Kept(law) for law in laws if isinstance(law, Promise)]
        self.ways = [_Ways(fair) for fair in dict.fromkeys(promise.law.fair for promise in self.promises)]
        self.seen: dict[Hashable, int] = {}
        self.parents = array("q")  # where a state was reached from first …
        self.choices = array("q")  # … and by which of the events there; of an initial world: −1, and its number
        self.depths = array("q")
        self.frontier: deque[tuple[int, Any]] = deque()
        self.kept: dict[int, Any] = {}  # twins, by the number of their state
        self.pairs: list[tuple[Any, Any, int, int]] = []  # a twin, one like it, and how that was reached
        self.edges = 0

    def run(self) -> Exploration:
        began = time.perf_counter()
        with _uncollected():
            refutation = self._walk() or self._broken_promise() or self._never_happened() or self._unlike()
        return Exploration(
            self.model.name,
            len(self.laws),
            len(self.seen),
            self.edges,
            max(self.depths, default=0),
            time.perf_counter() - began,
            refutation,
        )

    def _walk(self) -> Refutation | None:
        here, event, last = -1, None, -1
        model, frontier, see = self.model, self.frontier, self.watch.see
        stepped = self.watch.cares_about(Stepped)
        try:
            for last, world in enumerate(model.initial()):
                self._enter(world, -1, last)
            while frontier:
                here, world = frontier.popleft()
                for last, event in enumerate(model.events(world)):
                    self.edges += 1
                    after = model.step(world, event, see)
                    if stepped:
                        see(after, Stepped(world, event))
                    there = self._enter(after, here, last)
                    for ways in self.ways:
                        if ways.fair(world, event):
                            ways.sources.append(here)
                            ways.targets.append(there)
        except Unbounded:
            raise
        except LawBroken as broken:
            return Refutation(broken.name, broken.text, f"broken by {broken.moment!r}", self._trace(here, event, last))
        except Exception as error:  # whatever it is: an input that the model gives is a legal one
            detail = f"{type(error).__name__}: {error}"
            return Refutation("no_input_raises", "A legal input never raises.", detail, self._trace(here, event, last))
        return None

    def _enter(self, world: Any, parent: int, choice: int) -> int:
        key = self.model.key(world)
        new = len(self.seen)
        number = self.seen.setdefault(key, new)
        if number != new:
            if number in self.kept:
                self.pairs.append((self.kept.pop(number), world, parent, choice))
            return number
        if number >= self.bound:
            raise Unbounded(f"{self.model.name} has more than {self.bound:,} states")
        self.parents.append(parent)
        self.choices.append(choice)
        self.depths.append(self.depths[parent] + 1 if parent >= 0 else 0)
        for promise in self.promises:
            promise.enter(world)
        if self.twins and number % self.twins == 0:
            self.kept[number] = world
        self.frontier.append((number, world))
        self.watch.see(world, REACHED)
        return number

    def _unlike(self) -> Refutation | None:
        """Two worlds with one key that don't behave alike."""
        for twin, world, parent, choice in self.pairs:
            ours, theirs = _behaviour(self.model, world), _behaviour(self.model, twin)
            if ours != theirs:
                events = len(ours) == len(theirs) and [a[0] for a, b in zip(ours, theirs, strict=True) if a != b]
                detail = f"one key, two ways to go on: {', '.join(events) if events else 'other events'}"
                event = self.model.events(self._world(parent))[choice]
                return Refutation("equal_keys_behave_alike", _ALIKE, detail, self._trace(parent, event, -1))
        return None

    def _broken_promise(self) -> Refutation | None:
        for promise in self.promises:
            stuck = promise.first_unkept(next(ways for ways in self.ways if ways.fair is promise.law.fair))
            if stuck is not None:
                trace, way = self._trace(stuck, None, -1), self._fair_way(stuck, promise)
                detail = f"after {len(trace.events)} events it may go on like this, and for ever not get there"
                return Refutation(
                    promise.law.name, promise.law.text, detail, trace._replace(events=(*trace.events, *way))
                )
        return None

    def _fair_way(self, number: int, promise: _Kept) -> list[Event]:
        """Fair events, from a state that doesn't keep a promise, to where it ends or goes round in a circle."""
        world, way, passed = self._world(number), list[Event](), {number}
        while True:
            for event in self.model.events(world):
                if promise.law.fair(world, event):
                    after = self.model.step(world, event, _blind)
                    number = self.seen[self.model.key(after)]
                    if not promise.kept[number]:
                        break
            else:
                return way
            way.append(event)
            if number in passed:
                return way
            passed.add(number)
            world = after

    def _never_happened(self) -> Refutation | None:
        for law in self.watch.wanting:
            return Refutation(law.name, law.text, f"not once in {len(self.seen):,} states", None)
        return None

    def _trace(self, number: int, event: Event | None, start: int) -> Trace:
        """The events that lead to a state for the first time, and one more."""
        choices = self._choices(number) or [start]
        world = self.model.initial()[choices[0]]
        events: list[Event] = []
        for choice in choices[1:]:
            events.append(self.model.events(world)[choice])
            world = self.model.step(world, events[-1], _blind)
        return Trace(self.model.name, choices[0], tuple(events if event is None else [*events, event]))

    def _world(self, number: int) -> Any:
        """The world of a state, made anew."""
        start, *choices = self._choices(number)
        world = self.model.initial()[start]
        for choice in choices:
            world = self.model.step(world, self.model.events(world)[choice], _blind)
        return world

    def _choices(self, number: int) -> list[int]:
        """Which initial world, then which event of those that were possible."""
        choices: list[int] = []
        while number >= 0:
            choices.append(self.choices[number])
            number = self.parents[number]
        return choices[::-1]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cycle collector: worlds have no cycles, and it would look through all of them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


_ALIKE: Final = "Worlds with equal keys behave alike."


def _blind(_world: object, _moment: object) -> None:
    """Look away: what is stepped through was seen before."""


def _behaviour(model: Model[Any], world: Any) -> list[tuple[str, tuple[str, ...], Hashable]]:
    """What each event leads to, as far as it doesn't depend on which of two equal worlds it is."""
    told: list[str] = []
    behaviour = []
    for event in model.events(world):
        told.clear()
        after = model.step(world, event, lambda _world, moment: told.append(type(moment).__name__))
        behaviour.append((event.name, tuple(told), model.key(after)))
    return behaviour


@final
class _Ways:
    """The part of the graph that is left when only fair events happen."""

    def __init__(self, fair: Callable[[Any, Event], bool]) -> None:
        self.fair = fair
        self.sources = array("q")
        self.targets = array("q")


@final
class _Kept:
    """A promise, and the states in which it is kept."""

    def __init__(self, law: Promise) -> None:
        self.law = law
        self.asked = bytearray()  # by state: does it have to be kept from here?
        self.kept = bytearray()  # by state: is it?

    def enter(self, world: Any) -> None:
        self.asked.append(self.law.when(world))
        self.kept.append(self.law.goal(world))

    def first_unkept(self, ways: _Ways) -> int | None:
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
