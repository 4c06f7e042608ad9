"""Hold stops what was stopped."""

from __future__ import annotations

from sansnet.state import ops
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import READING

from .planting import Patch, also, breaks


@breaks("reading_starts_and_stops", READING)
def plant(patch: Patch) -> None:
    also(patch, SocketMachine, "hold", lambda _: [ops.STOP_READ])
