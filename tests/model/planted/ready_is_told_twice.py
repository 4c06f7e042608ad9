"""Ready is told twice."""

from __future__ import annotations

from sansnet.state import notices as n
from sansnet.state.effects import Step
from sansnet.testing.models import CONNECTING

from .planting import Patch, breaks, turn


@breaks("ready_follows_connect", CONNECTING)
def plant(patch: Patch) -> None:
    turn(patch, Step.CONNECTED, lambda original, self: [*original(self), n.Ready()])
