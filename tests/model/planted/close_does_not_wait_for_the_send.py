"""Close does not wait for the send."""

from __future__ import annotations

from sansnet.state.socket_state import SocketState
from sansnet.testing.models import WRITING

from .planting import Patch, breaks


@breaks("closed_means_over", WRITING)
def plant(patch: Patch) -> None:
    patch.setattr(SocketState, "in_flight", property(lambda _: False))
