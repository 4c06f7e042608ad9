"""Pause stops what was stopped."""

from __future__ import annotations

from sansnet.state import ops
from sansnet.state.server import ServerMachine
from sansnet.testing.models import ACCEPTING

from .planting import Patch, also, breaks


@breaks("accepting_starts_and_stops", ACCEPTING)
def plant(patch: Patch) -> None:
    also(patch, ServerMachine, "pause", lambda _: [ops.StopAccept()])
