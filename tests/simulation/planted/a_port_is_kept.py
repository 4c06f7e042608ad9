"""The port of a connection isn't given back."""

from __future__ import annotations

from typing import Any

from sansnet.testing.simulated_host import Host

from .planting import Patch, around, now_and_then, seen_as


@seen_as("left at the end")
def plant(patch: Patch) -> None:
    is_kept = now_and_then(20)

    def release(original: Any, self: Host, endpoint: Any) -> None:
        if not is_kept():
            original(self, endpoint)

    around(patch, Host, "release", release)
