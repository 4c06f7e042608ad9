"""Ticks wait until the loop comes by, and what is reported meanwhile overtakes them.

Nobody sees it: they are what the loop does first, before it reports anything (`Driver.call_first`).
"""

from __future__ import annotations

from typing import Any

from sansnet.pump import Pump

from .planting import Patch, around, seen_as


@seen_as("")
def plant(patch: Patch) -> None:
    def report(_: Any, self: Pump, port: Any, effects: Any) -> None:
        self._carry_out(port, effects)
        if self._ticks:
            self._schedule()

    around(patch, Pump, "report", report)
