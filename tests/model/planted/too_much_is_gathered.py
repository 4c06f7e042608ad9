"""Too much is gathered."""

from __future__ import annotations

from sansnet.state.writing import WriteHalf
from sansnet.testing.models import GATHERING

from .planting import Patch, breaks


@breaks("gathering_changes_no_answer", GATHERING)
def plant(patch: Patch) -> None:
    patch.setattr(WriteHalf, "may_join", lambda _self, _size: True)
