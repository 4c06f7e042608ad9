"""Pause tells at once."""

from __future__ import annotations

from sansnet.state import notices as n
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import READING

from .planting import Patch, also, breaks


@breaks("calls_tell_nothing", READING)
def plant(patch: Patch) -> None:
    also(patch, SocketMachine, "pause", lambda _: [n.Paused()])
