"""The back off goes on after close."""

from __future__ import annotations

from sansnet.state.effects import Disarm
from sansnet.state.server import ServerMachine
from sansnet.testing.models import ACCEPTING

from .planting import Patch, breaks, less


@breaks("the_server_knows_its_driver", ACCEPTING)
def plant(patch: Patch) -> None:
    less(patch, ServerMachine, "close", Disarm)
