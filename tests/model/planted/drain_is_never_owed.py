"""Drain is never owed."""

from __future__ import annotations

from sansnet.state.writing import WriteHalf
from sansnet.testing.models import WRITING

from .planting import Patch, around, breaks


@breaks("drain_follows", WRITING)
def plant(patch: Patch) -> None:
    around(patch, WriteHalf, "mark", lambda _, __: None)
