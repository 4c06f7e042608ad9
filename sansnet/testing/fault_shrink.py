"""The fewest faults with which a scenario still fails.

    print(shrink_faults(transfer, seed=4711))

A seed that failed has much weather, most of which has nothing to do with the failure. So first the plan is written down
to the letter: in place of each probability the numbers of the chances that came true, which tells the same story. Then
whatever can be left out is left out: the latency, the bandwidth and the like; faults one and all; and of what remains
runs of single chances, half of them at a time, then a quarter, down to one. A plan from which nothing can be taken may
still not be the smallest: a fault may be there only so that another one falls on the right moment. So of what remains
every single chance is tried by itself, and every pair, and then each at earlier moments. Each attempt plays the
scenario, under the same seed.

"Still fails" is: an exception of the same class from the same line. So no failure turns into another on the way.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Final, final

from .endless import LIMIT
from .faults import CHANCES, Faults, words_of
from .playing import Outcome, Plan, Scenario, again, play

__all__ = ["Shrunk", "check_attempts", "shrink_faults"]

ATTEMPTS: Final = 1000
_USUAL: Final = Faults()
_SETTINGS: Final = tuple([one.name for one in fields(Faults) if one.init and one.name not in CHANCES])

_FEW: Final = 2

_Chance = tuple[str, int]


@final
@dataclass(frozen=True, slots=True)
class Shrunk:
    """A plan that nothing can be taken from, and what came of it."""

    faults: Faults
    outcome: Outcome
    """Played with these faults; the whole story."""
    before: int
    """How many faults came true under the plan to begin with …"""
    after: int
    """… and how many do under this one."""
    attempts: int
    """How often the scenario was played."""
    replay: str
    """A command, or an expression, that plays it again."""

    def __str__(self) -> str:
        """For people."""
        return (
            f"fewest faults: {self.after} of {self.before}, found in {self.attempts} attempts\n"
            f"  weather: {', '.join(words_of(self.faults)) or 'none'}\n"
            f"  again: {self.replay}"
        )


def shrink_faults(
    scenario: Scenario, seed: int, faults: Plan = "drawn", *, attempts: int = ATTEMPTS, limit: int = LIMIT
) -> Shrunk:
    """Take from the faults of a seed that fails all that isn't needed for that. The result is always the same.

    attempts: how often the scenario is played at most; what has been reached by then is returned. What the scenario
    does to its weather itself stays as it is. limit: how much may happen in one `sim.run()`.

    Raises ValueError if it doesn't fail to begin with, and for attempts that are none; BadScenario for what is no
    scenario.
    """
    check_attempts(attempts)
    first = play(scenario, seed, faults, limit=limit)
    if first.error is None:
        does = f"is skipped ({first.skipped})" if first.skipped else "passes"
        raise ValueError(f"seed {seed} {does}: there is nothing to shrink")
    shrinking = _Shrinking(partial(play, scenario, seed, limit=limit), first, attempts - 1)
    shrinking.run()
    best = shrinking.best
    return Shrunk(
        best,
        play(scenario, seed, best, whole_story=True, limit=limit),
        before=_count(first),
        after=_count(shrinking.outcome),
        attempts=attempts - shrinking.left,
        replay=again(scenario, seed, best, limit),
    )


def check_attempts(attempts: object) -> None:
    """Raise ValueError for what is no number of attempts."""
    if not isinstance(attempts, int) or attempts < 1:
        raise ValueError(f"attempts are a number from 1 up, not {attempts!r}")


def _count(outcome: Outcome) -> int:
    return sum(map(len, outcome.came_true.values()))


@final
class _Shrinking:
    """The smallest plan so far, what came of it, and how many attempts are left."""

    def __init__(self, play_under: Callable[[Faults], Outcome], first: Outcome, attempts: int) -> None:
        self._play_under = play_under
        self._first = first
        self.left = attempts
        self.best = first.faults
        self.outcome = first

    def run(self) -> None:
        true = self._first.came_true
        self._try(_changed(self.best, {name: true.get(name, 0.0) for name in CHANCES if getattr(self.best, name)}))
        before: Faults | None = None
        while self.left > 0 and self.best != before:
            before = self.best
            for name in _SETTINGS:
                self._try(_changed(self.best, {name: getattr(_USUAL, name)}))
            for name in CHANCES:
                self._try(_changed(self.best, {name: 0.0}))
            self._leave_out_runs()
            self._try_few()
            for chance in self._chances():
                self._make_earlier(*chance)

    def _leave_out_runs(self) -> None:
        """Runs of chances, from the end, where what is left out is missed least."""
        size = len(self._chances()) // 2
        while size and self.left > 0:
            end = len(self._chances())
            while end > 0 and self.left > 0:
                chances = self._chances()
                self._try(self._with(chances[: max(0, end - size)] + chances[end:]))
                end = min(end - size, len(self._chances()))
            size //= 2

    def _try_few(self) -> None:
        """One chance alone, or two, of the faults that are left; up to the last number that there is of each."""
        last: dict[str, int] = {}
        for name, number in self._chances():
            last[name] = max(number, last.get(name, 0))
        every = [(name, number) for name, most in last.items() for number in range(1, most + 1)]
        for count in range(1, min(_FEW, len(self._chances()) - 1) + 1):
            for few in itertools.combinations(every, count):
                if self.left <= 0 or self._try(self._with([*few])):
                    return

    def _make_earlier(self, name: str, number: int) -> None:
        """In place of this chance the first one that does."""
        others = [chance for chance in self._chances() if chance != (name, number)]
        for earlier in range(1, number):
            if self.left <= 0:
                return
            if (name, earlier) not in others and self._try(self._with(sorted([*others, (name, earlier)]))):
                return

    def _chances(self) -> list[_Chance]:
        """What the plan has of numbered chances."""
        values = {name: getattr(self.best, name) for name in CHANCES}
        return [(name, number) for name, value in values.items() if isinstance(value, tuple) for number in value]

    def _with(self, chances: list[_Chance]) -> Faults:
        """The plan with these of its chances alone."""
        left: dict[str, tuple[int, ...]] = {name: () for name, _ in self._chances()}
        for name, number in chances:
            left[name] += (number,)
        return _changed(self.best, {name: numbers or 0.0 for name, numbers in left.items()})

    def _try(self, plan: Faults) -> bool:
        """Does it still fail? Then it is the best so far."""
        if plan == self.best or self.left <= 0:
            return False
        self.left -= 1
        outcome = self._play_under(plan)
        if outcome.error is None or _kind(outcome) != _kind(self._first):
            return False
        self.best, self.outcome = plan, outcome
        return True


def _changed(plan: Faults, changes: Mapping[str, Any]) -> Faults:
    return replace(plan, **changes)


def _kind(outcome: Outcome) -> tuple[str, str]:
    return outcome.summary.partition(":")[0], outcome.place
