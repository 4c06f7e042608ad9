"""A handle that is done still keeps its driver going."""

from __future__ import annotations

from typing import Any

from sansnet.drivers.completion_handle import CompletionHandle

from .planting import Patch, around, now_and_then, seen_as


@seen_as("left at the end")
def plant(patch: Patch) -> None:
    is_kept = now_and_then(20)

    def drop(original: Any, self: CompletionHandle) -> None:
        if not is_kept():
            original(self)

    around(patch, CompletionHandle, "_drop", drop)
