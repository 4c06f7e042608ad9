"""`eventually`: how a promise is broken, how that is told, and that the trace shows it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sansnet.state import Event
from sansnet.testing import LawBroken, Promise, See, eventually, explore, replay


def _goes_on(_place: int, event: Event) -> bool:
    return event.name == "go"


@eventually(fair=_goes_on, when=lambda place: place == 2)
def home(place: int) -> bool:
    """From two on it comes home, to nine."""
    return place == 9


class Walk:
    """From place to place; 0 to 2 is a way that nobody has to go."""

    name = f"{__name__}.WALK"
    laws: Sequence[Promise] = (home,)

    def __init__(self, **ways: int) -> None:
        self.ways = {int(place.removeprefix("_")): there for place, there in ways.items()}

    def initial(self) -> Sequence[int]:
        return [0]

    def events(self, world: int) -> Sequence[Event]:
        return [Event("go" if world >= 2 else "set_out")] if world in self.ways else []

    def step(self, world: int, _event: Event, _see: See) -> int:
        return self.ways[world]

    def key(self, world: int) -> Any:
        return (world,)


HOME = Walk(_0=2, _2=3, _3=9)
DEAD_END = Walk(_0=2, _2=3, _3=4)
CIRCLE = Walk(_0=1, _1=2, _2=3, _3=4, _4=5, _5=4)
WHOLE_CIRCLE = Walk(_0=2, _2=3, _3=2)


@pytest.mark.parametrize(
    ("walk", "steps", "detail"),
    [
        (DEAD_END, 3, "after 1 event it may go on like this, to where no fair event is left"),
        (CIRCLE, 6, "after 2 events it may go on like this, and round and round from event 5"),
        (WHOLE_CIRCLE, 3, "after 1 event it may go on like this, and round and round from event 2"),
    ],
    ids=["dead end", "circle", "whole circle"],
)
def test_a_promise_that_is_not_kept_is_told_and_replayed(walk: Walk, steps: int, detail: str) -> None:
    refutation = explore(walk).refutation
    assert refutation is not None
    assert refutation.trace is not None
    assert refutation.detail == f"{detail}, and never get there"
    assert len(refutation.trace.events) == steps
    with pytest.raises(LawBroken, match="home"):
        replay(walk, refutation.trace.events)
    for fewer in range(steps):  # it isn't broken before the last event
        replay(walk, refutation.trace.events[:fewer])


def test_a_promise_that_is_kept_is_not_broken_on_replay() -> None:
    assert explore(HOME).holds
    assert replay(HOME, [Event("set_out"), Event("go"), Event("go")]) == 9


def test_a_circle_that_nobody_has_to_go_breaks_no_promise() -> None:
    """From 2 back to 0 goes what is fair, but not from 0 to 2: who stays at 0 owes nothing."""
    walk = Walk(_0=2, _2=0)
    events = [Event("set_out"), Event("go"), Event("set_out")]
    assert replay(walk, events) == 2
    with pytest.raises(LawBroken):  # at 0 it ends: no fair event is left
        replay(walk, events[:2])
