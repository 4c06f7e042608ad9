"""Can a user tell two models apart? Compares everything that one and the other can let him see.

What a user sees of a run is the sequence of his calls and of what he is told. `observe` walks a model and keeps just
that: an automaton whose transitions are either something seen, or silent. `difference` walks two of them side by side,
all the states at a time that each could be in, and gives a shortest sequence that one of them can show and the other
can't; None means that the same sequences can be seen of both, to the last. `excess` asks it of one of them only: can
all that is seen of it be seen of the other?
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Set
from typing import Any, Final, TypeVar, final

from .explore import Model

__all__ = ["Automaton", "difference", "excess", "observe"]

W = TypeVar("W")

_Sights = Mapping[str, tuple[int, ...]]

Look = Callable[[Any, object], str | None]
"""What the user sees of a moment; None: nothing."""


@final
class Automaton:
    """States by number, 0 the first; from each, silent transitions, and others by what is seen."""

    __slots__ = ("seen", "silent")

    def __init__(self) -> None:
        self.silent: Final[list[list[int]]] = [[]]
        self.seen: Final[list[dict[str, list[int]]]] = [{}]

    def add_state(self) -> int:
        """A new state's number."""
        self.silent.append([])
        self.seen.append({})
        return len(self.silent) - 1

    def connect(self, source: int, sights: list[str], target: int) -> None:
        """One step: from `source` to `target`, and what is seen on the way."""
        if not sights:
            self.silent[source].append(target)
            return
        for sight in sights[:-1]:
            between = self.add_state()
            self.seen[source].setdefault(sight, []).append(between)
            source = between
        self.seen[source].setdefault(sights[-1], []).append(target)

    def rest(self, states: tuple[int, ...]) -> tuple[int, ...]:
        """The states that may be reached from `states` in silence, in order."""
        found = dict.fromkeys(states)
        todo = list(states)
        while todo:
            for target in self.silent[todo.pop()]:
                if target not in found:
                    found[target] = None
                    todo.append(target)
        return tuple(sorted(found))

    def after(self, states: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Where each thing that may be seen next leads to."""
        targets: dict[str, dict[int, None]] = {}
        for state in states:
            for sight, reached in self.seen[state].items():
                targets.setdefault(sight, {}).update(dict.fromkeys(reached))
        return {sight: self.rest(tuple(reached)) for sight, reached in targets.items()}


def observe(model: Model[W], look: Look) -> Automaton:
    """What can be seen of a model: `look` says of each moment of it what is."""
    automaton = Automaton()
    numbers: dict[Hashable, int] = {}
    frontier: deque[tuple[int, W]] = deque()
    sights: list[str] = []

    def see(world: object, moment: object) -> None:
        sight = look(world, moment)
        if sight is not None:
            sights.append(sight)

    def number(world: W) -> int:
        key = model.key(world)
        if key not in numbers:
            numbers[key] = automaton.add_state()
            frontier.append((numbers[key], world))
        return numbers[key]

    for world in model.initial():
        automaton.connect(0, [], number(world))
    while frontier:
        here, world = frontier.popleft()
        for event in model.events(world):
            sights.clear()
            after = model.step(world, event, see)
            automaton.connect(here, sights, number(after))
    return automaton


def difference(one: Automaton, other: Automaton) -> list[str] | None:
    """A shortest sequence that can be seen of one and not of the other; None if there is none."""
    return _search(one, other, lambda ours, theirs: ours.keys() ^ theirs.keys())


def excess(one: Automaton, other: Automaton) -> list[str] | None:
    """A shortest sequence that can be seen of `one` and not of `other`; None if one refines the other."""
    return _search(one, other, lambda ours, theirs: ours.keys() - theirs.keys())


def _search(one: Automaton, other: Automaton, amiss: Callable[[_Sights, _Sights], Set[str]]) -> list[str] | None:
    """Walk both side by side, breadth first, up to something that only one can show next and that is `amiss`."""
    start = (one.rest((0,)), other.rest((0,)))
    came: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[Any, str] | None] = {start: None}
    todo = deque([start])
    while todo:
        pair = todo.popleft()
        ours, theirs = one.after(pair[0]), other.after(pair[1])
        wrong = amiss(ours, theirs)
        for sight in (*ours, *theirs):
            if sight in wrong:
                return [*_way(came, pair), sight]
            if sight not in ours:
                continue
            reached = (ours[sight], theirs[sight])
            if reached not in came:
                came[reached] = (pair, sight)
                todo.append(reached)
    return None


def _way(came: dict[Any, tuple[Any, str] | None], pair: Any) -> list[str]:
    sights: list[str] = []
    while (step := came[pair]) is not None:
        pair, sight = step
        sights.append(sight)
    return sights[::-1]
