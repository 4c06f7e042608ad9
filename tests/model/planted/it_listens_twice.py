"""It listens twice."""

from __future__ import annotations

from sansnet.state import ops
from sansnet.state.server import ServerMachine
from sansnet.testing.models import LISTENING

from .planting import Patch, also, breaks


@breaks("one_listener_at_a_time", LISTENING)
def plant(patch: Patch) -> None:
    also(patch, ServerMachine, "listening", lambda self: [ops.Listen(self.number, None, self.plan)])
