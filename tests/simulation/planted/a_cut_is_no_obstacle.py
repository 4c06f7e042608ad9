"""Handshakes go through a way that is cut."""

from __future__ import annotations

from sansnet.testing.simulated_network import Network

from .planting import Patch, around, seen_as


@seen_as("connected through a way that is cut")
def plant(patch: Patch) -> None:
    around(patch, Network, "gets_through", lambda _original, _self, _one, _other: True)
