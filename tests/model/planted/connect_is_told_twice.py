"""Connect is told twice."""

from __future__ import annotations

from sansnet.state import notices as n
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import CONNECTING

from .planting import Patch, also, breaks


@breaks("connect_is_first", CONNECTING)
def plant(patch: Patch) -> None:
    also(patch, SocketMachine, "connected", lambda _: [n.Connected()])
