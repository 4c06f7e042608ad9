"""End callbacks are kept."""

from __future__ import annotations

from sansnet.state import notices as n
from sansnet.state.writing import WriteHalf
from sansnet.testing.models import HALVES

from .planting import Patch, around, breaks


@breaks("callbacks_are_called_once", HALVES)
def plant(patch: Patch) -> None:
    around(patch, WriteHalf, "tell_finish", lambda _, self: [n.Settled(token) for token in self.enders])
