"""Every state of the machines, within the bounds of each model: all laws hold, and the table of moves says neither too
little nor too much. In one file, so that a run on several processors explores each model once.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import pytest

from sansnet.state.phases import MOVES
from sansnet.testing import SERVER_MODELS, SOCKET_MODELS, Coverage, Exploration, Model
from tests.builds import sees_all_moves

Explore = Callable[[Model[Any]], Exploration]

MODELS = (*SOCKET_MODELS, *SERVER_MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name.rpartition(".")[2].lower())
def test_every_law_holds(model: Model[Any], explored: Explore) -> None:
    explored(model).check()


@sees_all_moves
@pytest.mark.timeout(300)  # it may be the first that asks for the explorations, of all models
def test_exactly_the_moves_in_the_table_are_made(explored: Explore) -> None:
    each = [explored(model).coverage for model in MODELS]
    together: Coverage = functools.reduce(operator.or_, filter(None, each))
    allowed = {(old, new) for old, targets in MOVES.items() for new in targets}
    assert {f"{old} -> {new}" for old, new in together.moves if (old, new) not in allowed} == set()
    assert together.moves_not_taken == ()
    assert len(together.moves) == len(allowed)
