"""Hold only says that it stops."""

from __future__ import annotations

from sansnet.state import ops
from sansnet.state.socket import SocketMachine
from sansnet.testing.models import READING

from .planting import Patch, breaks, less


@breaks("the_machine_knows_its_driver", READING)
def plant(patch: Patch) -> None:
    less(patch, SocketMachine, "hold", ops.StopRead)
