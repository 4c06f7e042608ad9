"""A write that the system takes in part is done, they say."""

from __future__ import annotations

from typing import Any

from sansnet.drivers.completion_socket import CompletionSocket

from .planting import Patch, around, seen_as


@seen_as("nothing was asked that this answers")
def plant(patch: Patch) -> None:
    def send(original: Any, self: CompletionSocket, payloads: Any) -> Any:
        answer = original(self, payloads)
        if type(answer) is int:
            self._report_soon(self._sink.sent)
            patch.setattr(type(self), "_has_written", lambda self, _fault: self._drop(), raising=True)
        return answer

    around(patch, CompletionSocket, "send", send)
