"""Who closes with unread bytes sends a FIN, as if the other had been heard out.

Nobody sees it: which bytes the system had, and the program had not read, can't be told from outside.
"""

from __future__ import annotations

from typing import Any

from sansnet.testing.simulated_stream import End

from .planting import Patch, around, seen_as


@seen_as("")
def plant(patch: Patch) -> None:
    def close(original: Any, self: End, reset: bool) -> None:
        self.unread = 0
        original(self, reset)

    around(patch, End, "close", close)
