"""What is told comes before what is done."""

from __future__ import annotations

from sansnet.state import socket
from sansnet.testing.models import REENTRANT

from .planting import Patch, breaks


@breaks("only_cancels_while_closing", REENTRANT)
def plant(patch: Patch) -> None:
    patch.setattr(socket, "_done_first", lambda now, out: [*out, *now])
