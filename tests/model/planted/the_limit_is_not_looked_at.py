"""The limit is not looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sansnet.state.effects import Effects
from sansnet.state.server import ServerMachine
from sansnet.testing.models import ACCEPTING

from .planting import Patch, around, breaks


@breaks("the_limit_is_kept", ACCEPTING)
def plant(patch: Patch) -> None:
    def accepted(original: Callable[..., Effects], self: ServerMachine, *args: Any) -> Effects:
        limit, self.max_connections = self.max_connections, None
        effects = original(self, *args)
        self.max_connections = limit
        return effects

    around(patch, ServerMachine, "accepted", accepted)
