"""The back off is too short."""

from __future__ import annotations

from sansnet.state import server
from sansnet.testing.models import ACCEPTING

from .planting import Patch, breaks


@breaks("the_back_off_is_armed_once", ACCEPTING)
def plant(patch: Patch) -> None:
    patch.setattr(server, "_LONGEST_BACK_OFF", 0.001)
