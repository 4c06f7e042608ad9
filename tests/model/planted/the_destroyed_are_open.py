"""The destroyed are open."""

from __future__ import annotations

from sansnet.state.socket_state import SocketState
from sansnet.testing.models import LIFECYCLE

from .planting import Patch, breaks


@breaks("ready_state_is_one_of_five", LIFECYCLE)
def plant(patch: Patch) -> None:
    patch.setattr(SocketState, "ready_state", property(lambda _: "open"))
