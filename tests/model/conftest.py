"""Explores each model once, however many tests want to know what was found, and doubts what is remembered meanwhile.

And what small models are explored with: no executor, or one.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import pytest

from sansnet.state import Event
from sansnet.state.inputs import By
from sansnet.testing import Exploration, Model, explore
from sansnet.testing.remembered import Known, Move

Explore = Callable[[Model[Any]], Exploration]

ONE_STATE_IN: Final = 20  # is kept, and compared when it is reached by another way


@contextmanager
def doubting() -> Iterator[None]:
    """Within the block what is remembered of a machine is done once more, by a copy, and has to come out the same."""
    recalled = Known.recalled

    def doubted(known: Known, event: Event, by: By, at_once: bool) -> Move | None:
        move = recalled(known, event, by, at_once)
        if move is not None:
            fed, after = move
            machine = known.machine.clone()
            assert machine.feed(event) == fed.effects
            assert machine.freeze() == after.machine.freeze()
        return move

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Known, "recalled", doubted)
        yield


@pytest.fixture(scope="session")
def explored() -> Explore:
    """Explores a model, unless that was done before."""
    found: dict[str, Exploration] = {}

    def exploration(model: Model[Any]) -> Exploration:
        if model.name not in found:
            with doubting():
                found[model.name] = explore(model, twins=ONE_STATE_IN, coverage=True)
            print(found[model.name].report)
        return found[model.name]

    return exploration


class OneThread(ThreadPoolExecutor):
    """An executor that pickles what goes through it, as those of processes do."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        return super().submit(_sent, pickle.dumps((function, args, named)))


def _sent(call: bytes) -> Any:
    function, args, named = pickle.loads(call)
    try:
        return pickle.loads(pickle.dumps(function(*args, **named)))
    except Exception as error:
        raise pickle.loads(pickle.dumps(error)) from None


@pytest.fixture(params=["alone", "shared"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor | None]:
    """None, to explore in this process alone, and then one that it is shared with."""
    if request.param == "alone":
        yield None
    else:
        with OneThread(1) as executor:
            yield executor
