"""A batch is sent backwards."""

from __future__ import annotations

from sansnet.state.writing import WriteHalf
from sansnet.testing.models import WRITING

from .planting import Patch, around, breaks


@breaks("handed_over_is_a_prefix_of_written", WRITING)
def plant(patch: Patch) -> None:
    around(patch, WriteHalf, "ask", lambda original, self: original(self)[::-1])
