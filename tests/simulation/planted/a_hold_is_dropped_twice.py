"""A handle gives back twice what kept its driver going."""

from __future__ import annotations

from typing import Any

from sansnet.drivers.completion_handle import CompletionHandle

from .planting import Patch, around, now_and_then, seen_as


@seen_as("waits for -")
def plant(patch: Patch) -> None:
    is_twice = now_and_then(20)

    def drop(original: Any, self: CompletionHandle) -> None:
        original(self)
        if is_twice():
            original(self)

    around(patch, CompletionHandle, "_drop", drop)
