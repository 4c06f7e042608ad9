"""Prefinish is told twice."""

from __future__ import annotations

from sansnet.state import notices as n
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import HALVES

from .planting import Patch, also, breaks


@breaks("prefinish_is_told_once", HALVES)
def plant(patch: Patch) -> None:
    also(patch, SocketMachine, "shut_down", lambda _: [n.Prefinish(), n.Prefinish()])
