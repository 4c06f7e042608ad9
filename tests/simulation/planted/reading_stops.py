"""After a read no other is issued, now and then."""

from __future__ import annotations

from typing import Any

from sansnet.drivers.completion_socket import CompletionSocket

from .planting import Patch, around, now_and_then, seen_as


@seen_as("it has been waiting for minutes for one who was closed")
def plant(patch: Patch) -> None:
    is_over = now_and_then(50)

    def read(original: Any, self: CompletionSocket) -> None:
        if not is_over():
            original(self)

    around(patch, CompletionSocket, "_read", read)
