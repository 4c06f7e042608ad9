"""The end is never over."""

from __future__ import annotations

from sansnet.state.effects import Step
from sansnet.testing.models import HALVES

from .planting import Patch, breaks, turn


@breaks("both_ends_lead_to_close", HALVES)
def plant(patch: Patch) -> None:
    turn(patch, Step.ENDED, lambda _, __: [])
