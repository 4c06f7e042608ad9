"""End shuts at once."""

from __future__ import annotations

from sansnet.state import ops
from sansnet.state.phases import Link
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import WRITING

from .planting import Patch, also, breaks


@breaks("one_send_at_a_time", WRITING)
def plant(patch: Patch) -> None:
    also(patch, SocketMachine, "end", lambda self: [ops.SHUTDOWN] if self.link is Link.OPEN else [])
