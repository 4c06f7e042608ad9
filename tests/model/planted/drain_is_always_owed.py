"""Drain is always owed."""

from __future__ import annotations

from sansnet.state.writing import WriteHalf
from sansnet.testing.models import WRITING

from .planting import Patch, around, breaks


@breaks("drain_was_owed", WRITING)
def plant(patch: Patch) -> None:
    around(patch, WriteHalf, "mark", lambda _, self: setattr(self, "need_drain", True))
