"""Error is told twice."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state import notices as n
from sansnet.state.effects import Effects, Step
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import LIFECYCLE

from .planting import Patch, breaks, turn


@breaks("error_is_told_once", LIFECYCLE)
def plant(patch: Patch) -> None:
    def twice(original: Callable[..., Effects], self: SocketMachine) -> Effects:
        return [*([n.Failed(self.told_error)] if self.told_error else []), *original(self)]

    turn(patch, Step.TEARDOWN, twice)
