"""A 'finish' is lost."""

from __future__ import annotations

from typing import Any

from sansnet import Socket
from sansnet.state import notices
from sansnet.state.effects import Notice

from .planting import Patch, around, now_and_then, seen_as


@seen_as("'close' before both ends were told")
def plant(patch: Patch) -> None:
    is_lost = now_and_then(10)

    def tell(original: Any, self: Socket, notice: Notice) -> None:
        if not (isinstance(notice, notices.Finished) and is_lost()):
            original(self, notice)

    around(patch, Socket, "on_notice", tell)
