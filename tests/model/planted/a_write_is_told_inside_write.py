"""A write is told inside write."""

from __future__ import annotations

from sansnet.state.writing import WriteHalf
from sansnet.testing.models import WRITING

from .planting import Patch, around, breaks


@breaks("answers_at_once_tell_nothing", WRITING)
def plant(patch: Patch) -> None:
    around(patch, WriteHalf, "sent", lambda original, self, _at_once: original(self, False))
