"""The table of moves says neither too little nor too much: exactly its moves are made when the models are explored."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import pytest

from sansnet.state.phases import MOVES
from sansnet.testing import SERVER_MODELS, SOCKET_MODELS, Coverage, Exploration, Model

Explore = Callable[[Model[Any]], Exploration]


@pytest.mark.timeout(300)  # it may be the first that asks for the explorations, of all models
def test_exactly_the_moves_in_the_table_are_made(explored: Explore) -> None:
    each = [explored(model).coverage for model in (*SOCKET_MODELS, *SERVER_MODELS)]
    together: Coverage = functools.reduce(operator.or_, filter(None, each))
    allowed = {(old, new) for old, targets in MOVES.items() for new in targets}
    assert {f"{old} -> {new}" for old, new in together.moves if (old, new) not in allowed} == set()
    assert together.moves_not_taken == ()
    assert len(together.moves) == len(allowed)
