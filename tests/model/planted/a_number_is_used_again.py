"""A number is used again."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state.connecting import Connecting
from sansnet.state.effects import Effects
from sansnet.testing.models import CONNECTING

from .planting import Patch, around, breaks


@breaks("attempts_are_numbered", CONNECTING)
def plant(patch: Patch) -> None:
    def dial(original: Callable[..., Effects], self: Connecting) -> Effects:
        effects = original(self)
        self.next = 0
        return effects

    around(patch, Connecting, "dial", dial)
