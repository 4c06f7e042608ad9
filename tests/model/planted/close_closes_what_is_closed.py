"""Close closes what is closed."""

from __future__ import annotations

from sansnet.state import ops
from sansnet.state.server import ServerMachine
from sansnet.testing.models import LISTENING

from .planting import Patch, also, breaks


@breaks("what_is_closed_is_open", LISTENING)
def plant(patch: Patch) -> None:
    also(patch, ServerMachine, "close", lambda self: [ops.CloseListener(self.number)])
