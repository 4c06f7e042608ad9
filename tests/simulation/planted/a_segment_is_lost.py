"""A segment is lost on its way for good."""

from __future__ import annotations

from typing import Any

from sansnet.testing.simulated_network import Network

from .planting import Patch, around, now_and_then, seen_as


@seen_as("it heard what was never said")
def plant(patch: Patch) -> None:
    is_lost = now_and_then(50)

    def deliver(original: Any, self: Network, end: Any, sending: int) -> None:
        if sending == end.sendings and isinstance(end.flying[0], bytes) and is_lost():
            end.flying.popleft()
        else:
            original(self, end, sending)

    around(patch, Network, "_deliver", deliver)
