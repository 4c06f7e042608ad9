"""A slow attempt goes on."""

from __future__ import annotations

from sansnet.state import ops
from sansnet.state.connecting import Connecting
from sansnet.testing.models import CONNECTING

from .planting import Patch, breaks, less


@breaks("attempts_go_one_by_one", CONNECTING)
def plant(patch: Patch) -> None:
    less(patch, Connecting, "attempt_timed_out", ops.CancelConnect)
