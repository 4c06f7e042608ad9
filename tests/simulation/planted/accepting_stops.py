"""After an accept no other is issued, now and then."""

from __future__ import annotations

from typing import Any

from sansnet.drivers.completion_listener import CompletionListener

from .planting import Patch, around, now_and_then, seen_as


@seen_as("nobody has accepted it for half a minute")
def plant(patch: Patch) -> None:
    is_over = now_and_then(20)

    def go_on(original: Any, self: CompletionListener) -> None:
        if not is_over():
            original(self)

    around(patch, CompletionListener, "_go_on", go_on)
