"""Every state of the server machine, within the bounds of each model, and every law in all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sansnet.testing.explore import Exploration, Model
from sansnet.testing.models import SERVER_MODELS, ServerModel

Explore = Callable[[Model[Any]], Exploration]


@pytest.mark.parametrize("model", SERVER_MODELS, ids=lambda model: model.name.rpartition(".")[2].lower())
def test_every_law_holds(model: ServerModel, explored: Explore) -> None:
    explored(model).check()
