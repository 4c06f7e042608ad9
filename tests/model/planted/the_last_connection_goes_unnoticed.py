"""The last connection goes unnoticed."""

from __future__ import annotations

from sansnet.state.effects import Tick
from sansnet.state.server import ServerMachine
from sansnet.testing.models import ACCEPTING

from .planting import Patch, breaks, less


@breaks("what_is_due_was_told", ACCEPTING)
def plant(patch: Patch) -> None:
    less(patch, ServerMachine, "connection_gone", Tick)
