"""A closed listener is waited for."""

from __future__ import annotations

from sansnet.state.server import ServerMachine
from sansnet.testing.models import LISTENING

from .planting import Patch, around, breaks


@breaks("close_leads_to_nothing", LISTENING)
def plant(patch: Patch) -> None:
    around(patch, ServerMachine, "listener_closed", lambda _, __, ___: [])
