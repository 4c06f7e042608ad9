"""What a read brings to a closed handle is reported.

Nobody sees it: a simulated connection that is closed takes its read back, so there is nothing to report.
"""

from __future__ import annotations

from typing import Any

from sansnet.drivers.completion_socket import CompletionSocket

from .planting import Patch, around, seen_as


@seen_as("")
def plant(patch: Patch) -> None:
    def has_read(original: Any, self: CompletionSocket, answer: Any) -> None:
        if self._closed and isinstance(answer, bytes) and not self._driver.closed:
            self._sink.received(answer)
        original(self, answer)

    around(patch, CompletionSocket, "_has_read", has_read)
