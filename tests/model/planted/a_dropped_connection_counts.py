"""A dropped connection counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sansnet.state import notices as n
from sansnet.state.effects import Effects
from sansnet.state.server import ServerMachine
from sansnet.testing.models import ACCEPTING

from .planting import Patch, around, breaks


@breaks("connections_are_counted", ACCEPTING)
def plant(patch: Patch) -> None:
    def accepted(original: Callable[..., Effects], self: ServerMachine, *args: Any) -> Effects:
        effects = original(self, *args)
        self.connections += any(isinstance(effect, n.Dropped) for effect in effects)
        return effects

    around(patch, ServerMachine, "accepted", accepted)
