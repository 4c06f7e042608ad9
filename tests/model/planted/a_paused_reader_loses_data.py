"""A paused reader loses data."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state.effects import Effects
from sansnet.state.phases import Flow
from sansnet.state.reading import ReadHalf
from sansnet.testing.models import READING

from .planting import Patch, around, breaks


@breaks("what_is_not_delivered_is_buffered", READING)
def plant(patch: Patch) -> None:
    def received(original: Callable[..., Effects], self: ReadHalf, payload: bytes) -> Effects:
        return [] if self.flow is Flow.PAUSED else original(self, payload)

    around(patch, ReadHalf, "received", received)
