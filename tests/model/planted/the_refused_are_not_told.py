"""The refused are not told."""

from __future__ import annotations

from sansnet.state.effects import Step
from sansnet.testing.models import HALVES

from .planting import Patch, breaks, turn


@breaks("callbacks_are_called", HALVES)
def plant(patch: Patch) -> None:
    turn(patch, Step.REFUSE, lambda _, __: [])
