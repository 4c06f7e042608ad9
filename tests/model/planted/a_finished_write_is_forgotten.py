"""A finished write is forgotten."""

from __future__ import annotations

from sansnet.state.effects import Tick
from sansnet.state.writing import WriteHalf
from sansnet.testing.models import WRITING

from .planting import Patch, breaks, less


@breaks("calls_settle_by_themselves", WRITING)
def plant(patch: Patch) -> None:
    less(patch, WriteHalf, "sent", Tick)
