"""A shutdown doesn't wait for the write that is in flight.

Nobody sees it: the machine doesn't ask for a shutdown while a write is in flight.
"""

from __future__ import annotations

from typing import Any

from sansnet.drivers.completion_socket import CompletionSocket

from .planting import Patch, around, seen_as


@seen_as("")
def plant(patch: Patch) -> None:
    def shutdown(original: Any, self: CompletionSocket) -> None:
        self._writing = False
        original(self)

    around(patch, CompletionSocket, "shutdown", shutdown)
