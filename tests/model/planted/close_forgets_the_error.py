"""Close forgets the error."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state import notices as n
from sansnet.state.effects import Effects
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import LIFECYCLE

from .planting import Patch, around, breaks


@breaks("close_tells_of_the_error", LIFECYCLE)
def plant(patch: Patch) -> None:
    def closed(original: Callable[..., Effects], self: SocketMachine) -> Effects:
        return [n.Closed(False) if isinstance(effect, n.Closed) else effect for effect in original(self)]

    around(patch, SocketMachine, "closed", closed)
