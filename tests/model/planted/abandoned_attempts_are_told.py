"""Abandoned attempts are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sansnet.state import notices as n
from sansnet.state.connecting import Connecting
from sansnet.state.effects import Effects
from sansnet.testing.models import CONNECTING

from .planting import Patch, around, breaks


@breaks("attempts_precede_connect", CONNECTING)
def plant(patch: Patch) -> None:
    def failed(original: Callable[..., Effects], self: Connecting, number: int, fault: Any) -> Effects:
        abandoned = number in self.abandoned
        told = original(self, number, fault)
        return [n.AttemptFailed(self._endpoint(number), fault)] if abandoned else told

    around(patch, Connecting, "attempt_failed", failed)
