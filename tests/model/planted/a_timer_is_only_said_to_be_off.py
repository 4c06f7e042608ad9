"""A timer is only said to be off."""

from __future__ import annotations

from sansnet.state.effects import Disarm
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import IDLING

from .planting import Patch, breaks, less


@breaks("the_machine_knows_its_timers", IDLING)
def plant(patch: Patch) -> None:
    less(patch, SocketMachine, "_disarm_idle", Disarm)
