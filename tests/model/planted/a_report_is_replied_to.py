"""A report is replied to."""

from __future__ import annotations

from sansnet.state.effects import Taken
from sansnet.state.reading import ReadHalf
from sansnet.testing.models import READING

from .planting import Patch, also, breaks


@breaks("only_calls_are_replied_to", READING)
def plant(patch: Patch) -> None:
    also(patch, ReadHalf, "received", lambda _: [Taken(())])
