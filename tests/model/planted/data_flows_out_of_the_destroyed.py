"""Data flows out of the destroyed."""

from __future__ import annotations

from sansnet.state.effects import Step
from sansnet.testing.models import READING

from .planting import Patch, breaks, turn


@breaks("the_destroyed_tell_nothing_new", READING)
def plant(patch: Patch) -> None:
    turn(patch, Step.FLOW, lambda _, self: self.reading.tell_chunk())
