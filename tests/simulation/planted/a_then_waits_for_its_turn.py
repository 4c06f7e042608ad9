"""What has to go on in its place goes on in a tick."""

from __future__ import annotations

from typing import Any

from sansnet.pump import Pump
from sansnet.state.effects import Then, Tick

from .planting import Patch, around, seen_as


@seen_as("between 'connect' and 'ready'")
def plant(patch: Patch) -> None:
    def carry_out(original: Any, self: Pump, port: Any, effects: Any) -> None:
        original(self, port, [Tick(one.step) if isinstance(one, Then) else one for one in effects])

    around(patch, Pump, "_carry_out", carry_out)
