"""Close is told twice."""

from __future__ import annotations

from sansnet.state import notices as n
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import LIFECYCLE

from .planting import Patch, also, breaks


@breaks("close_is_last", LIFECYCLE)
def plant(patch: Patch) -> None:
    also(patch, SocketMachine, "closed", lambda _: [n.Closed(False)])
