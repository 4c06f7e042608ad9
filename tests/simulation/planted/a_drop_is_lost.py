"""A 'drop' is lost."""

from __future__ import annotations

from typing import Any

from sansnet import Server
from sansnet.state import notices
from sansnet.state.effects import Notice

from .planting import Patch, around, now_and_then, seen_as


@seen_as("neither 'connection' nor 'drop' was told")
def plant(patch: Patch) -> None:
    is_lost = now_and_then(2)

    def tell(original: Any, self: Server, notice: Notice) -> None:
        if not (isinstance(notice, notices.Dropped) and is_lost()):
            original(self, notice)

    around(patch, Server, "on_notice", tell)
