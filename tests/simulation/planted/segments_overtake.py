"""A segment arrives when it does, whatever was sent before it."""

from __future__ import annotations

from typing import Any

from sansnet.testing.simulated_network import Network

from .planting import Patch, around, seen_as


@seen_as("it heard what was never said")
def plant(patch: Patch) -> None:
    def deliver(original: Any, self: Network, end: Any, sending: int) -> None:
        if len(end.flying) > 1 and isinstance(end.flying[1], bytes):
            end.flying.rotate(-1)
        original(self, end, sending)

    around(patch, Network, "_deliver", deliver)
