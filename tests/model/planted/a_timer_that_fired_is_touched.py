"""A timer that fired is touched."""

from __future__ import annotations

from sansnet.state.effects import TOUCH
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import IDLING

from .planting import Patch, around, breaks


@breaks("timers_are_armed_once", IDLING)
def plant(patch: Patch) -> None:
    around(patch, SocketMachine, "_touched", lambda _, self: [TOUCH] if self.idle_seconds else [])
