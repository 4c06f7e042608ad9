"""Who waits for room never hears that there is some."""

from __future__ import annotations

from sansnet.testing.simulated_network import Network

from .planting import Patch, around, seen_as


@seen_as("it has heard nothing for minutes of what was said")
def plant(patch: Patch) -> None:
    around(patch, Network, "acknowledge", lambda _original, _self, _end: None)
