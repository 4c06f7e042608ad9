"""Every state that a model can reach, breadth first, and whether the laws hold there.

A *model* is a world in small: a machine, ghosts in place of the driver and the user, and bounds that keep its states
finite. `explore(model)` takes every event in every state. It stops at the first law that breaks, and since it goes
breadth first, the trace that it prints is a shortest one. That it found nothing means that there is nothing: within the
bounds, no order of events was left out.

The laws are functions under one of three verbs, `always`, `sometimes` and `eventually`: see `laws`.

A refutation's trace can be printed (`str`), replayed (`replay`), pasted as a test (`Trace.as_test()`) and drawn
(`drawing`). A large model can be shared out to other processes: `executor=`, see `parallel`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from ..state.machine import Event
from .coverage import noting
from .laws import REACHED, Law, LawBroken, Promise, Stepped, Watch, always, eventually, sometimes
from .model import BadModel, Model, checked, provable
from .parallel import SharedSearch
from .results import ExecutorLost, Exploration, Progress, Refutation, Unbounded
from .search import Search, uncollected

__all__ = [
    "BadModel",
    "ExecutorLost",
    "Exploration",
    "LawBroken",
    "Model",
    "Progress",
    "Refutation",
    "Unbounded",
    "always",
    "eventually",
    "explore",
    "replay",
    "sometimes",
]

W = TypeVar("W")


def explore(
    model: Model[W],
    *,
    laws: Sequence[Law | Promise] | None = None,
    bound: int = 1_000_000,
    twins: int = 0,
    coverage: bool = False,
    executor: Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Exploration:
    """Take every event in every state of `model`, and hold `laws` (its own, unless others are given) to all of it.

    - `bound`: how many states there may be at most. Raises Unbounded beyond.
    - `twins`: one state in so many is kept, and compared when it is reached again by another way: worlds whose keys
      are equal must behave alike, or the key forgets something. 0: none; not together with an executor.
    - `coverage`: note which moves and inputs of the tables of `sansnet.state` are taken. It takes time.
    - `executor`: share the work out to it. The model, its worlds and its laws must be such that pickle can send them,
      its keys plain values, and the result is the same. It is left open. Raises ExecutorLost when it fails.
    - `progress` is called now and then.

    Raises BadModel for what is no model, or one that nothing can be proved of: without laws (unless `laws=()` says that
    it is so on purpose), without a world to begin with, with methods or laws that raise (`step` is another thing: it
    does something to machines, and so it refutes), or that can't be sent to the executor.
    """
    chosen = provable(model, laws)
    if bound < 1 or twins < 0:
        raise ValueError("bound must be at least 1, and twins at least 0")
    if executor is not None and twins:
        raise ValueError("twins are compared in one process: leave out either twins or the executor")
    search: Search | SharedSearch
    if executor is None:
        search = Search(model, chosen, bound, twins, progress)
    else:
        search = SharedSearch(model, chosen, bound, executor, progress, coverage)
    began = time.perf_counter()
    with uncollected():
        with noting(coverage and executor is None) as notes:
            refutation = search.walk()
        refutation = refutation or search.conclude()
        model.initial()  # so that the model lets go of what it remembers
    if isinstance(search, SharedSearch):
        notes = search.notes
    vacuous = () if refutation is not None else search.ledger.vacuous(chosen, search.has_asked)
    return Exploration(
        model.name,
        tuple([law.name for law in chosen]),
        len(search.ledger.seen),
        search.ledger.edges,
        search.ledger.depth,
        time.perf_counter() - began,
        refutation,
        notes.coverage() if coverage else None,
        vacuous,
    )


def replay(
    model: Model[W], events: Sequence[Event], *, start: int = 0, laws: Sequence[Law | Promise] | None = None
) -> W:
    """The world after `events`, from the initial world of that number. Raises LawBroken where a law breaks.

    A promise breaks if the last events are fair, and lead from where it is due to where no fair event is left, or in a
    circle, and never to where it is true.
    """
    chosen = checked(model, laws)
    watch = Watch(chosen)
    world = model.initial()[start]
    watch.see(world, REACHED)
    worlds = [world]
    for event in events:
        before, world = world, model.step(world, event, watch.see)
        watch.see(world, Stepped(before, event))
        watch.see(world, REACHED)
        worlds.append(world)
    for law in chosen:
        if isinstance(law, Promise) and _is_unkept(law, model, worlds, events):
            raise LawBroken(law.name, law.text)
    return world


def _is_unkept(law: Promise, model: Model[W], worlds: Sequence[W], events: Sequence[Event]) -> bool:
    """Does the end of a way, from each world by an event to the next, break a promise?"""
    last = worlds[-1]
    if law.goal(last):
        return False
    is_over = not any(law.fair(last, event) for event in model.events(last))
    is_due, end = law.when(last), model.key(last)
    for world, event in zip(reversed(worlds[:-1]), reversed(events), strict=True):
        if (is_over and is_due) or law.goal(world) or not law.fair(world, event):
            break
        is_due = is_due or law.when(world)
        is_over = is_over or model.key(world) == end
    return is_over and is_due
