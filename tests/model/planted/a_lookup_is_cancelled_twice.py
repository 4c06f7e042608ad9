"""A lookup is cancelled twice."""

from __future__ import annotations

from sansnet.state import ops
from sansnet.state.effects import Effects
from sansnet.state.server import ServerMachine
from sansnet.testing.models import LISTENING

from .planting import Patch, around, breaks


@breaks("one_lookup_matters", LISTENING)
def plant(patch: Patch) -> None:
    def supersede(_: object, self: ServerMachine) -> Effects:
        return [ops.CancelLookup()] if self.number in self.lookups else []

    around(patch, ServerMachine, "_supersede", supersede)
