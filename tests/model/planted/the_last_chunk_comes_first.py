"""The last chunk comes first."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state.effects import Effects
from sansnet.state.reading import ReadHalf
from sansnet.testing.models import READING

from .planting import Patch, around, breaks


@breaks("delivered_is_a_prefix_of_received", READING)
def plant(patch: Patch) -> None:
    def received(original: Callable[..., Effects], self: ReadHalf, payload: bytes) -> Effects:
        told = original(self, payload)
        if self.chunks:
            self.chunks.rotate(1)
        return told

    around(patch, ReadHalf, "received", received)
