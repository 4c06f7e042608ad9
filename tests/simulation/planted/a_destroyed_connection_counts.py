"""A connection that is given back still counts."""

from __future__ import annotations

from typing import Any

from sansnet import Socket

from .planting import Patch, around, now_and_then, seen_as


@seen_as("connections, of")
def plant(patch: Patch) -> None:
    is_lost = now_and_then(10)

    def released(original: Any, self: Socket) -> None:
        if not is_lost():
            original(self)

    around(patch, Socket, "on_released", released)
