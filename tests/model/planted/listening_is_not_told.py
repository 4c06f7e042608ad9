"""Listening is not told."""

from __future__ import annotations

from sansnet.state.effects import Tick
from sansnet.state.server import ServerMachine
from sansnet.testing.models import LISTENING

from .planting import Patch, breaks, less


@breaks("every_listener_is_told_of", LISTENING)
def plant(patch: Patch) -> None:
    less(patch, ServerMachine, "listening", Tick)
