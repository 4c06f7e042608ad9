"""Playing a scenario once, under one seed, and how to tell that it be played again."""

from __future__ import annotations

import contextlib
import inspect
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, final

from .endless import LIMIT, Endless
from .faults import Faults, words_of
from .simulation import Simulation
from .trace_recorder import Target

__all__ = ["Outcome", "Plan", "Scenario", "again", "command", "play"]

Scenario = Callable[[Simulation], Any]
Plan = Faults | Literal["drawn"] | None


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

    Raises TypeError for a seed or faults that are none, ValueError for such a limit, and OSError if the trace can't be
    written, but nothing of the scenario's.
    """
    sim = Simulation(seed, faults=faults, limit=limit)
    plan = sim.faults
    error, summary, place, is_endless = None, "", "", False
    with contextlib.nullcontext() if trace is None else sim.record(trace), sim:
        try:
            _run(scenario, sim)
        except Exception as raised:  # and `sim` doesn't hear of it: the story is told once, not in notes as well
            error = traceback.format_exc()
            is_endless = isinstance(raised, Endless)
            place = _place(raised)
            summary = "".join(traceback.format_exception_only(raised)).splitlines()[0]
    story = sim.story(None if whole_story else 20) if whole_story or error else []
    return Outcome(seed, sim.digest, plan, sim.fired, tuple(story), error, summary, place, sim.came_true, is_endless)


def _run(scenario: Scenario, sim: Simulation) -> None:
    made = scenario(sim)
    if inspect.iscoroutine(made):
        sim.host("main")
        sim.run_async(made)


def _place(raised: BaseException) -> str:
    frames = traceback.extract_tb(raised.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}"


# -- once more


def again(scenario: Scenario, seed: int, faults: Plan, limit: int = LIMIT) -> str:
    """The command that plays it; of a scenario that is in no module, an expression."""
    name = getattr(scenario, "__qualname__", "")
    module = getattr(scenario, "__module__", "__main__")
    if not name.isidentifier() or module == "__main__":
        return f"play(…, {seed}, {faults!r}{f', limit={limit}' if limit != LIMIT else ''})"
    return command(f"{module}:{name}", seed, faults, limit)


def command(scenario: str, seed: int, faults: Plan, limit: int = LIMIT) -> str:
    """The command that plays a scenario, which is given as module:function."""
    words = ["python -m sansnet simulate", scenario, "--seed", str(seed)]
    if faults is None:
        words.append("--calm")
    elif isinstance(faults, Faults):
        words += [f"--fault {change}" for change in words_of(faults)] or ["--calm"]
    words += [f"--limit {limit}"] if limit != LIMIT else []
    return " ".join(words)
