"""Attempts are cancelled again."""

from __future__ import annotations

from sansnet.state import ops
from sansnet.state.connecting import Connecting
from sansnet.testing.models import CONNECTING

from .planting import Patch, also, breaks


@breaks("what_is_cancelled_is_under_way", CONNECTING)
def plant(patch: Patch) -> None:
    also(patch, Connecting, "cancel", lambda self: [ops.CancelConnect(number) for number in self.abandoned])
