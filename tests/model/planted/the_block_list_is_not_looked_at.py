"""The block list is not looked at."""

from __future__ import annotations

from sansnet.state.server import ServerMachine
from sansnet.testing.models import ACCEPTING

from .planting import Patch, around, breaks


@breaks("each_connection_has_one_fate", ACCEPTING)
def plant(patch: Patch) -> None:
    around(patch, ServerMachine, "accepted", lambda original, self, number, one, _: original(self, number, one, False))
