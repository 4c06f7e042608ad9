"""Listeners with no room: what else connects gets no answer. (On Linux; elsewhere there is more room.)"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator

__all__ = ["fill", "full_listener"]


@contextlib.contextmanager
def full_listener() -> Iterator[socket.socket]:
    """One on the loopback whose backlog is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, fill(listener):
        yield listener


def fill(listener: socket.socket) -> socket.socket:
    """Take the only place in the backlog of a listener, which is 0.

    Returns the caller. The listener has heard of it, which is a moment later than `connect()` returns.
    """
    caller = socket.create_connection(listener.getsockname())
    select.select([listener], [], [])
    return caller
