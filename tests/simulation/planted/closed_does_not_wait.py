"""A handle is closed although something is in flight.

Nobody sees it: what comes for a handle that is closed is told to nobody, sooner or later.
"""

from __future__ import annotations

from typing import Any

from sansnet.drivers.completion_socket import CompletionSocket

from .planting import Patch, around, seen_as


@seen_as("")
def plant(patch: Patch) -> None:
    def end(original: Any, self: CompletionSocket) -> None:
        self._in_flight = 0
        original(self)

    around(patch, CompletionSocket, "_end", end)
