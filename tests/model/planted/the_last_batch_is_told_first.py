"""The last batch is told first."""

from __future__ import annotations

from sansnet.state.writing import WriteHalf
from sansnet.testing.models import WRITING

from .planting import Patch, around, breaks


@breaks("success_is_told_in_order", WRITING)
def plant(patch: Patch) -> None:
    around(patch, WriteHalf, "tell_written", lambda original, self, alive: self.done.rotate(1) or original(self, alive))
