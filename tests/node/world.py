"""What scenarios find in the system, the same for both sides: ports whose answer is known, and a folder."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from typing import Any

from tests.backlog import full_listener

__all__ = ["folder", "ports"]


@contextlib.contextmanager
def ports() -> Iterator[dict[str, int]]:
    """By name. "refusing" is bound, and not listening; "hanging" has a backlog that is full, so that nobody answers.

    "spare" can be bound, and nobody else is given it: it is kept on an address that no scenario uses.
    """
    with contextlib.ExitStack() as stack:
        refusing = stack.enter_context(socket.socket())
        refusing.bind(("127.0.0.1", 0))
        hanging = stack.enter_context(full_listener())
        spare = stack.enter_context(socket.socket())
        spare.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        spare.bind(("127.0.0.9", 0))
        yield {
            name: one.getsockname()[1] for name, one in (("refusing", refusing), ("hanging", hanging), ("spare", spare))
        }


@contextlib.contextmanager
def folder(known_ports: dict[str, int]) -> Iterator[dict[str, Any]]:
    """The world of one scenario on one side: an empty folder of its own."""
    with tempfile.TemporaryDirectory(prefix="sansnet-") as directory:
        yield {"ports": known_ports, "directory": directory}
