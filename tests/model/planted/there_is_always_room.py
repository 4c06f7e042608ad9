"""There is always room."""

from __future__ import annotations

from sansnet.state.writing import WriteHalf
from sansnet.testing.models import WRITING

from .planting import Patch, breaks


@breaks("the_buffer_stays_within_its_limit", WRITING)
def plant(patch: Patch) -> None:
    patch.setattr(WriteHalf, "overflow", lambda _self, _size: None)
