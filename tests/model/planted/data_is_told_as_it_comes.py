"""Data is told as it comes."""

from __future__ import annotations

from sansnet.state import notices as n
from sansnet.state.reading import ReadHalf
from sansnet.testing.models import READING

from .planting import Patch, around, breaks


@breaks("no_data_while_paused", READING)
def plant(patch: Patch) -> None:
    around(patch, ReadHalf, "received", lambda _, self, payload: [n.Data(payload)])
