"""Explores each model once, however many tests want to know what was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from sansnet.testing import Exploration, Model, explore

Explore = Callable[[Model[Any]], Exploration]

ONE_STATE_IN: Final = 20  # is kept, and compared when it is reached by another way


@pytest.fixture(scope="session")
def explored() -> Explore:
    """Explores a model, unless that was done before."""
    found: dict[str, Exploration] = {}

    def exploration(model: Model[Any]) -> Exploration:
        if model.name not in found:
            found[model.name] = explore(model, twins=ONE_STATE_IN, coverage=True)
            print(found[model.name].report)
        return found[model.name]

    return exploration
