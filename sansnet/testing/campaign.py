"""Playing a scenario under many seeds, and telling well which one failed.

    def transfer(sim):
        ...  # hosts, servers, clients; sim.run(); asserts

    campaign(transfer, seeds=range(10_000))

A scenario is a function of a `Simulation`, which it runs; what it raises is a failure. An `async def` is run by
`sim.run_async()`, on a host named "main".
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final, final

from .endless import LIMIT
from .fault_shrink import ATTEMPTS, Shrunk, check_attempts, shrink_faults
from .faults import Faults, words_of
from .playing import BadScenario, Outcome, Plan, Scenario, again, check_scenario, play
from .results import ExecutorLost, how_many
from .simulation import Simulation

__all__ = ["CampaignFailed", "Failure", "Report", "campaign"]

_CHUNK: Final = 25
"""Seeds that are given to a worker at once …"""
_AHEAD: Final = 16
"""… and how many such are given out before the first has come back."""
_DIFFERENCES: Final = 10

_Play = Callable[..., Outcome]
"""`play()` of one scenario, for any seed."""


@final
@dataclass(frozen=True, slots=True)
class Failure:
    """A seed that failed, and how it differs from the last one that passed."""

    outcome: Outcome
    replay: str
    """A command, or an expression, that plays it again."""
    passed: int | None
    """The last seed that passed before it."""
    difference: tuple[str, ...]
    shrunk: Shrunk | None = None
    """The fewest faults with which it still fails, if that was asked for."""
    unshrunk: str = ""
    """Why there are none such though they were asked for: played again, it passes."""

    def __str__(self) -> str:
        """For people."""
        outcome = self.outcome
        lines = [f"seed {outcome.seed}: {outcome.summary}", f"  again: {self.replay}"]
        lines += [f"  weather: {', '.join(words_of(outcome.faults)) or 'none'}"]
        lines += ["  last events:", *[f"    {line}" for line in outcome.story]]
        if self.passed is not None:
            lines += [f"  unlike seed {self.passed}, which passed:", *[f"    {line}" for line in self.difference]]
        if self.shrunk is not None:
            lines += [f"  {line}" for line in str(self.shrunk).splitlines()]
        lines += [f"  not the same each time: {self.unshrunk}"] if self.unshrunk else []
        return "\n".join([*lines, "", outcome.error or ""]).rstrip()


@final
@dataclass(slots=True)
class Report:
    """What came of a campaign."""

    passed: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    """How often each fault came to something, all seeds together."""
    failures: list[Failure] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    """Why seeds showed nothing, and how many: the scenario skipped them, or never ran its simulation."""
    unfired: tuple[str, ...] = ()
    """Faults that were asked for by name, and came to nothing under any seed."""

    @property
    def is_green(self) -> bool:
        """Did all go well, and was there a chance that it wouldn't?"""
        return not self.failures and not self.unfired and not self.is_empty

    @property
    def is_empty(self) -> bool:
        """Was every seed skipped, so that nothing was shown?"""
        return not self.failures and not self.passed and bool(self.skipped)

    @property
    def is_endless(self) -> bool:
        """Is all that went wrong that there was no end to it?"""
        return bool(self.failures) and all(failure.outcome.is_endless for failure in self.failures)

    def __str__(self) -> str:
        """For people."""
        lines = [str(failure) + "\n" for failure in self.failures]
        lines += [f"asked for, and never fired: {', '.join(self.unfired)}"] if self.unfired else []
        skipped = self.skipped.total()
        lines += [f"{self.passed} passed, {len(self.failures)} failed" + (f", {skipped} skipped" if skipped else "")]
        lines += [f"skipped {count}: {why}" for why, count in self.skipped.items()]
        lines += ["every seed was skipped, so that nothing was shown"] if self.is_empty else []
        fired = ", ".join([f"{name} {count}" for name, count in sorted(self.fired.items())])
        return "\n".join([*lines, f"faults: {fired or 'none'}"])


class CampaignFailed(AssertionError):
    """A seed failed, a fault that was asked for never fired, or all seeds were skipped. Its text has all there is."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report: Final = report


def campaign(
    scenario: Scenario,
    seeds: Iterable[int] = range(1000),
    *,
    executor: Executor | None = None,
    faults: Plan = "drawn",
    collect: bool = False,
    shrink: bool = False,
    attempts: int = ATTEMPTS,
    limit: int = LIMIT,
    progress: Callable[[int], object] | None = None,
    report: Report | None = None,
) -> Report:
    """Play `scenario` under each of the seeds, in their order.

    executor: who plays them: a ProcessPoolExecutor (the scenario is then a function of a module), that of a dask
        cluster, any other; default: we.
    faults: the weather; "drawn" takes another one for each seed. collect: go on after a failure. shrink: look for
    the fewest faults with which a seed fails, in so many attempts at most, see `shrink_faults`. limit: how much may
    happen in one `sim.run()`; a seed that takes more has failed. progress: called now and then with how many seeds are
    done. report: add to this one.

    A seed that the scenario skips (pytest.skip(), unittest.SkipTest), or under which it never runs its simulation, is
    counted as skipped.

    Raises CampaignFailed when a seed failed, when one of the `faults` that were named never fired, or when every seed
    was skipped; BadScenario for what is no scenario; ValueError when there are no seeds, or the limit or the attempts
    are none; and ExecutorLost when the executor fails. Which failure is the first doesn't depend on it.
    """
    if isinstance(faults, str) and faults != "drawn":
        raise TypeError(f"faults is a Faults, 'drawn' or None, not {faults!r}")
    check_scenario(scenario)
    Simulation(0, limit=limit)  # a limit that is none isn't the seeds' failure
    check_attempts(attempts)
    found = report if report is not None else Report()
    done, passed = 0, None
    for outcome in _outcomes(partial(play, scenario, faults=faults, limit=limit), seeds, executor):
        done += 1
        found.fired += outcome.fired
        if outcome.skipped:
            found.skipped[outcome.skipped] += 1
        elif outcome.error is None:
            found.passed += 1
            passed = outcome.seed
        else:
            found.failures.append(_failure(scenario, outcome, passed, faults, attempts if shrink else 0, limit))
            if not collect:
                break
        if progress is not None:
            progress(done)
    if not done:
        raise ValueError("a campaign needs a seed")
    if isinstance(faults, Faults) and not found.failures and not found.is_empty:
        found.unfired = tuple([name for name in faults.requested if not found.fired[name]])
    if not found.is_green:
        raise CampaignFailed(found)
    return found


def _outcomes(one: _Play, seeds: Iterable[int], executor: Executor | None) -> Iterator[Outcome]:
    if executor is None:
        yield from map(one, seeds)
        return
    rest, done = iter(seeds), 0
    flying: deque[tuple[list[int], Future[list[Outcome]]]] = deque()
    refused: Exception | None = None
    try:
        while True:
            while not refused and len(flying) < _AHEAD and (chunk := [_checked(seed) for seed in islice(rest, _CHUNK)]):
                try:
                    flying.append((chunk, executor.submit(_play_all, one, chunk)))
                except Exception as error:  # it was shut down, or is broken; each kind has its own words for it
                    refused = error  # what was given out comes first: how fast a process dies changes nothing
            if not flying and refused:
                raise _lost(refused, done, []) from refused
            if not flying:
                return
            try:
                outcomes = flying[0][1].result()
            except BadScenario:
                raise
            except Exception as error:  # a process has died, or the scenario can't be sent there, or not be imported
                raise _lost(error, done, _unknown(flying)) from error
            flying.popleft()
            done += len(outcomes)
            yield from outcomes
    finally:
        for _, future in flying:
            future.cancel()


def _checked(seed: int) -> int:
    """The seed, if it is one; a worker's TypeError would be the executor's failure."""
    Simulation(seed)
    return seed


def _unknown(flying: Iterable[tuple[list[int], Future[list[Outcome]]]]) -> list[int]:
    """The seeds that were given out, and of which nothing has come back: one of them it was, if it was one."""
    return [seed for chunk, future in flying if not (future.done() and _is_well(future)) for seed in chunk]


def _is_well(future: Future[list[Outcome]]) -> bool:
    return not future.cancelled() and future.exception() is None


def _lost(error: Exception, done: int, unknown: list[int]) -> ExecutorLost:
    reason = f"{type(error).__name__}: {error}".rstrip(": ")
    what = f"the executor failed after {how_many(done, 'seed')}"
    if unknown:
        what += f", while it had {_spans(unknown)}"
    return ExecutorLost(f"{what}, and nothing is known of {'those and ' if unknown else ''}the others; {reason}")


def _spans(seeds: Iterable[int]) -> str:
    """Seeds for people: `0 to 24, 30`."""
    spans: list[tuple[int, int]] = []
    for seed in seeds:
        if spans and seed == spans[-1][1] + 1:
            spans[-1] = spans[-1][0], seed
        else:
            spans.append((seed, seed))
    return ", ".join([f"{first}" if first == last else f"{first} to {last}" for first, last in spans])


def _play_all(one: _Play, seeds: list[int]) -> list[Outcome]:
    return list(map(one, seeds))


# -- telling about a failure


def _failure(
    scenario: Scenario, outcome: Outcome, passed: int | None, faults: Plan, attempts: int, limit: int
) -> Failure:
    one = partial(play, scenario, faults=faults, limit=limit, whole_story=True)
    difference = () if passed is None else _difference(one(outcome.seed), one(passed))
    shrunk, unshrunk = None, ""
    if attempts:
        try:
            shrunk = shrink_faults(scenario, outcome.seed, faults, attempts=attempts, limit=limit)
        except ValueError as error:  # something in it hangs on more than the seed
            unshrunk = str(error)
    return Failure(outcome, again(scenario, outcome.seed, faults, limit), passed, difference, shrunk, unshrunk)


def _difference(failed: Outcome, well: Outcome) -> tuple[str, ...]:
    """What is in the one that failed, and not in the one that passed: weather, faults, and kinds of events."""
    before, now = words_of(well.faults), words_of(failed.faults)
    lines = [f"weather: {change}" for change in now if change not in before]
    lines += [f"fired: {name}" for name in sorted(failed.fired) if not well.fired[name]]
    known = {_kind(line) for line in well.story}
    fresh = [line for line in failed.story if _kind(line) not in known and "fault" not in line]
    return (*lines, *fresh[:_DIFFERENCES]) or ("only the order of things",)


def _kind(line: str) -> str:
    """An entry of the story without its time, and without what payloads were."""
    words = line.split()[1:]
    return " ".join(words[:-1] if words[-2:-1] == ["bytes"] else words)
