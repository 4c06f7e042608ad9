"""A deferred send is told."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state.effects import Effects, Step, Tick
from sansnet.state.queues import put
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import WRITING

from .planting import Patch, around, breaks


@breaks("success_means_sent", WRITING)
def plant(patch: Patch) -> None:
    def deferred(original: Callable[..., Effects], self: SocketMachine, taken: int) -> Effects:
        original(self, taken)
        self.writing.done = put(self.writing.done, tuple(chunk[2] for chunk in self.writing.batch))
        self.writing.due += 1
        return [Tick(Step.WRITTEN)]

    around(patch, SocketMachine, "send_deferred", deferred)
