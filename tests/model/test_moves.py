"""The table of moves says neither too little nor too much: exactly its moves are made when the models are explored."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import pytest

from sansnet.state.phases import MOVES
from sansnet.testing.explore import Exploration, Model
from sansnet.testing.models import SERVER_MODELS, SOCKET_MODELS

Explore = Callable[[Model[Any]], Exploration]


@pytest.mark.timeout(300)  # it may be the first that asks for the explorations, of all models
def test_exactly_the_moves_in_the_table_are_made(
    explored: Explore, moves: dict[tuple[enum.Enum, enum.Enum], None]
) -> None:
    for model in (*SOCKET_MODELS, *SERVER_MODELS):
        explored(model)
    allowed = {(old, new) for old, targets in MOVES.items() for new in targets}
    assert {f"{old} -> {new}" for old, new in moves if (old, new) not in allowed} == set()
    assert {f"{old} -> {new}" for old, new in allowed if (old, new) not in moves} == set()
