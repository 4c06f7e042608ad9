"""Close is told with connections open."""

from __future__ import annotations

from sansnet.state.effects import Step, Tick
from sansnet.state.server import ServerMachine
from sansnet.testing.models import ACCEPTING

from .planting import Patch, also, breaks


@breaks("close_was_due", ACCEPTING)
def plant(patch: Patch) -> None:
    also(patch, ServerMachine, "close", lambda _: [Tick(Step.CLOSE)])
