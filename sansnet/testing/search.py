"""The search in one process: breadth first, every event in every state."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, final

from .blame import blame, blame_law, truth
from .laws import REACHED, Law, LawBroken, Promise, Reached, Stepped, Watch
from .ledger import Ledger
from .model import BadModel, beginnings, check_step, keyed, possible
from .results import Progress, Refutation, Unbounded

__all__ = ["EVERY", "RAISED", "WATCHED", "Search", "told", "uncollected"]

EVERY: Final = 1 << 12
"""Progress is told once in so many states."""

WATCHED: Final = 64
"""So many states are looked at again after each step from them: whether it left them as they were."""

RAISED: Final = ("no_input_raises", "A legal input never raises.")
"""The law that no model has to name."""

_ALIKE: Final = ("equal_keys_behave_alike", "Worlds with equal keys behave alike.")


def told(error: Exception) -> tuple[str, str, str]:
    """What is refuted by an exception that a step raised: the law, its text, and the detail."""
    if isinstance(error, LawBroken):
        return (error.name, error.text, f"broken by {error.moment!r}")
    return (*RAISED, f"{type(error).__name__}: {error}")


@final
class Search:
    """One search. `ledger` has what it found, whether it came to its end or not."""

    def __init__(
        self,
        model: Any,
        laws: Sequence[Law | Promise],
        bound: int,
        twins: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.model = model
        self.twins = twins
        self.progress = progress
        self.watch = Watch(laws)
        self.has_asked = self.watch.has_asked
        self.looks = self.watch.cares_about(Reached)
        self.ledger = Ledger(model, laws, bound, model.key)
        self.promises = [
            (promise.asked.append, promise.law.when, promise.kept.append, promise.law.goal)
            for promise in self.ledger.promises
        ]
        self.frontier: deque[tuple[int, Any]] = deque()
        self.kept: dict[int, Any] = {}  # twins, by the number of their state
        self.pairs: list[tuple[Any, Any, int, int]] = []  # a twin, one like it, and how that was reached

    def walk(self) -> Refutation | None:
        """Go everywhere, up to the first thing that is wrong."""
        here, choice = -1, None
        start = 0
        model, ledger, frontier = self.model, self.ledger, self.frontier
        step, enter, see = model.step, self._enter, self.watch.see
        stepped = self.watch.cares_about(Stepped)
        fairness = [(ways.fair, ways.sources.append, ways.targets.append) for ways in ledger.ways]
        try:
            for start, world in enumerate(beginnings(model)):
                enter(world, -1, start)
            while frontier:
                here, world = frontier.popleft()
                if self.progress is not None and not here % EVERY:
                    self.progress(ledger.progress)
                choice = None
                key = keyed(model, world) if here < WATCHED else None
                for choice, event in enumerate(possible(model, world)):
                    ledger.edges += 1
                    after = step(world, event, see)
                    if here < WATCHED or after is None:
                        check_step(model, key, world, after)
                    if stepped:
                        see(after, Stepped(world, event))
                    there = enter(after, here, choice)
                    for fair, from_here, to_there in fairness:
                        try:
                            is_fair = fair(world, event)
                        except Exception as error:
                            raise blame_law(fair, error) from error
                        if is_fair:
                            from_here(here)
                            to_there(there)
        except (Unbounded, BadModel):
            raise
        except Exception as error:  # whatever it is: an input that the model gives is a legal one
            return Refutation(*told(error), ledger.trace(here, choice, start=start))
        return None

    def conclude(self) -> Refutation | None:
        """What can be told once everything was seen."""
        return self.ledger.broken_promise() or self.ledger.never_happened(self.watch.wanting) or self._unlike()

    def _enter(self, world: Any, parent: int, choice: int) -> int:
        ledger = self.ledger
        try:
            key = self.model.key(world)
        except Exception as error:
            raise blame(f"{self.model.name}.key()", error) from error
        try:
            number = ledger.seen.get(key)
        except TypeError as error:
            raise BadModel(f"{self.model.name}.key() gives {key!r:.80}: {error}; a tuple would do") from error
        if number is not None:
            if number in self.kept:
                self.pairs.append((self.kept.pop(number), world, parent, choice))
            return number
        number = ledger.enter(key, parent, choice)
        for ask, when, keep, goal in self.promises:
            ask(bool(truth(when, world)))
            keep(bool(truth(goal, world)))
        if self.twins and number % self.twins == 0:
            self.kept[number] = world
        self.frontier.append((number, world))
        if self.looks:
            self.watch.see(world, REACHED)
        return number

    def _unlike(self) -> Refutation | None:
        """Two worlds with one key that don't behave alike."""
        for twin, world, parent, choice in self.pairs:
            for each in (world, twin):
                _behaviour(self.model, each)  # what is shown the first time only, is shown now
            ours, theirs = _behaviour(self.model, world), _behaviour(self.model, twin)
            if ours != theirs:
                events = len(ours) == len(theirs) and [a[0] for a, b in zip(ours, theirs, strict=True) if a != b]
                detail = f"one key, two ways to go on: {', '.join(events) if events else 'other events'}"
                return Refutation(*_ALIKE, detail, self.ledger.trace(parent, choice))
        return None


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the cycle collector: worlds have no cycles, and it would look through all of them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _behaviour(model: Any, world: Any) -> list[tuple[str, tuple[str, ...], Hashable]]:
    """What each event leads to, as far as it doesn't depend on which of two equal worlds it is."""
    moments: list[str] = []
    behaviour = []
    for event in model.events(world):
        moments.clear()
        after = model.step(world, event, lambda _world, moment: moments.append(type(moment).__name__))
        behaviour.append((event.name, tuple(moments), model.key(after)))
    return behaviour
