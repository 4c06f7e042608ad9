"""The tick that was asked for last is taken first."""

from __future__ import annotations

from collections import deque
from typing import Any

from sansnet.pump import Pump

from .planting import Patch, around, seen_as


class _Backwards(deque[Any]):
    def popleft(self) -> Any:
        return self.pop()


@seen_as("an answer out of order")
def plant(patch: Patch) -> None:
    def begin(original: Any, self: Pump, *args: Any) -> None:
        original(self, *args)
        self._ticks = _Backwards()

    around(patch, Pump, "__init__", begin)
