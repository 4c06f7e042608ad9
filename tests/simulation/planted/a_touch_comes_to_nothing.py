"""The idle timer isn't pushed back by what comes."""

from __future__ import annotations

from sansnet.alarm import Alarm

from .planting import Patch, around, seen_as


@seen_as("'timeout' too early")
def plant(patch: Patch) -> None:
    around(patch, Alarm, "touch", lambda _original, _self: None)
