"""Playing a scenario once, under one seed, and how to tell that it be played again."""

from __future__ import annotations

import contextlib
import inspect
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, final
from unittest import SkipTest

from .endless import LIMIT, Endless
from .faults import Faults, words_of
from .places import spelled
from .simulation import Simulation
from .trace_recorder import Target

__all__ = ["BadScenario", "Outcome", "Plan", "Scenario", "again", "check_scenario", "command", "play"]

Scenario = Callable[[Simulation], Any]
Plan = Faults | Literal["drawn"] | None

IDLE: Final = "the scenario never ran its simulation: it called neither sim.run() nor sim.run_async()"


class BadScenario(TypeError):
    """It can't be played: it is no function of a simulation."""


def check_scenario(scenario: object, name: str = "") -> None:
    """Raise BadScenario for what is no function, or coroutine function, that takes a simulation and nothing else."""
    name = name or f"{scenario!r:.80}"
    called = scenario if inspect.isroutine(scenario) else getattr(scenario, "__call__", None)  # noqa: B004 (it is used)
    if isinstance(scenario, type):
        why = "a class; a scenario is a function of a simulation"
    elif called is None:
        why = f"no function: {scenario!r:.80}"
    elif any(is_one(one) for is_one in _GENERATORS for one in (scenario, called)):
        why = "a generator function, which does nothing when it is called; a scenario has no yield"
    else:
        why = _unlike(scenario)
    if why:
        raise BadScenario(f"{name} is {why}")


_GENERATORS: Final = (inspect.isgeneratorfunction, inspect.isasyncgenfunction)


def _unlike(scenario: Any) -> str:
    """What is wrong with the parameters, if something is."""
    try:
        signature = inspect.signature(scenario)
    except (TypeError, ValueError):  # of something built in
        return ""
    try:
        signature.bind(None)
    except TypeError:
        return f"a function of {signature}; a scenario takes one argument, the simulation"
    return ""


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one seed."""

    seed: int
    digest: str
    faults: Faults
    fired: Counter[str]
    story: tuple[str, ...]
    """What happened; if not all of it was asked for, the last 20 entries, and nothing when all went well."""
    error: str | None = None
    """The traceback of what the scenario raised."""
    summary: str = ""
    """The last line of it."""
    place: str = ""
    """Where it was raised: file and line."""
    came_true: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Of each fault that is a matter of chance, the numbers of the chances that came true."""
    is_endless: bool = False
    """Did so much happen that there seemed to be no end to it?"""
    skipped: str = ""
    """Why it shows nothing, though nothing was raised: the scenario skipped this seed, or never ran the simulation."""


def play(
    scenario: Scenario,
    seed: int,
    faults: Plan = "drawn",
    *,
    whole_story: bool = False,
    trace: Target = None,
    limit: int = LIMIT,
) -> Outcome:
    """Play it under one seed.

    whole_story: keep all of it, and not the end alone. trace: where a recording of all hosts goes, see `record`.
    limit: how much may happen in one `sim.run()`.

    What the scenario raises is a failure, SystemExit and pytest.fail() too, but not what skips a test, nor Ctrl-C.

    Raises BadScenario for what is no scenario, TypeError for a seed or faults that are none, ValueError for such a
    limit, and OSError if the trace can't be written; of what a scenario raises KeyboardInterrupt alone.
    """
    check_scenario(scenario)
    sim = Simulation(seed, faults=faults, limit=limit)
    plan = sim.faults
    error, summary, place, skipped, is_endless = None, "", "", "", False
    with contextlib.nullcontext() if trace is None else sim.record(trace), sim:
        try:
            _run(scenario, sim)
            skipped = "" if sim.has_run else IDLE
        except (BadScenario, KeyboardInterrupt):
            raise
        except BaseException as raised:  # and `sim` doesn't hear of it: the story is told once, not in notes as well
            summary = "".join(traceback.format_exception_only(raised)).splitlines()[0]
            if _skips(raised):
                skipped, summary = str(raised) or "without a reason", ""
            else:
                error = traceback.format_exc()
                is_endless = isinstance(raised, Endless)
                place = _place(raised)
    story = sim.story(None if whole_story else 20) if whole_story or error else []
    fired, true = sim.fired, sim.came_true
    return Outcome(seed, sim.digest, plan, fired, tuple(story), error, summary, place, true, is_endless, skipped)


def _run(scenario: Scenario, sim: Simulation) -> None:
    made = scenario(sim)
    if inspect.iscoroutine(made):
        sim.host("main")
        sim.run_async(made)
    elif inspect.isgenerator(made) or inspect.isasyncgen(made):
        raise BadScenario(f"{scenario!r:.80} returns a generator, which nobody goes through; a scenario has no yield")


def _skips(raised: BaseException) -> bool:
    """Does it skip a test? Whoever calls pytest.skip() has imported pytest; nobody else needs it."""
    pytest = sys.modules.get("pytest")
    return isinstance(raised, SkipTest) or (pytest is not None and isinstance(raised, pytest.skip.Exception))


def _place(raised: BaseException) -> str:
    """Where it was raised; of pytest.fail() and the like where those were called."""
    frames = [*traceback.walk_tb(raised.__traceback__)]
    shown = [one for one in frames if not one[0].f_locals.get("__tracebackhide__")] or frames
    frame, line = shown[-1]
    return f"{frame.f_code.co_filename}:{line}"


# -- once more


def again(scenario: Scenario, seed: int, faults: Plan, limit: int = LIMIT) -> str:
    """The command that plays it; of a scenario that is in no module, an expression."""
    name = getattr(scenario, "__qualname__", "")
    module = getattr(scenario, "__module__", "__main__")
    if not name.isidentifier() or module == "__main__":
        return f"play(…, {seed}, {faults!r}{f', limit={limit}' if limit != LIMIT else ''})"
    return command(f"{spelled(module)}:{name}", seed, faults, limit)


def command(scenario: str, seed: int, faults: Plan, limit: int = LIMIT) -> str:
    """The command that plays a scenario, which is given as module:function."""
    words = ["python -m sansnet simulate", scenario, "--seed", str(seed)]
    if faults is None:
        words.append("--calm")
    elif isinstance(faults, Faults):
        words += [f"--fault {change}" for change in words_of(faults)] or ["--calm"]
    words += [f"--limit {limit}"] if limit != LIMIT else []
    return " ".join(words)
