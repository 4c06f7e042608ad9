"""What scenarios find in the system, the same for both sides: ports whose answer is known, and a folder."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from typing import Any

__all__ = ["folder", "ports"]


@contextlib.contextmanager
def ports() -> Iterator[dict[str, int]]:
    """"refusing": bound, and not listening. "hanging", "hanging6": a backlog that is full, so that nobody answers."""
    with contextlib.ExitStack() as stack:
        refusing = stack.enter_context(socket.socket())
        refusing.bind(("127.0.0.1", 0))
        found = {"refusing": refusing.getsockname()[1]}
        for name, family, host in (("hanging", socket.AF_INET, "127.0.0.1"), ("hanging6", socket.AF_INET6, "::1")):
            server = stack.enter_context(socket.socket(family))
            server.bind((host, 0))
            server.listen(0)
            found[name] = server.getsockname()[1]
            for _ in range(2):
                filler = stack.enter_context(socket.socket(family))
                filler.setblocking(False)
                filler.connect_ex((host, found[name]))
        yield found


@contextlib.contextmanager
def folder(known_ports: dict[str, int]) -> Iterator[dict[str, Any]]:
    """The world of one scenario on one side: an empty folder of its own."""
    with tempfile.TemporaryDirectory(prefix="sansnet-") as directory:
        yield {"ports": known_ports, "directory": directory}
