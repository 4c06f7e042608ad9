"""The last batch is told first."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state.effects import Effects
from sansnet.state.writing import WriteHalf
from sansnet.testing.models import WRITING

from .planting import Patch, around, breaks


@breaks("success_is_told_in_order", WRITING)
def plant(patch: Patch) -> None:
    def tell_written(original: Callable[[WriteHalf, bool], Effects], self: WriteHalf, alive: bool) -> Effects:
        if self.done:
            self.done.rotate(1)
        return original(self, alive)

    around(patch, WriteHalf, "tell_written", tell_written)
