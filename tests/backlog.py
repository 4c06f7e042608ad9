"""Listeners with no room: what else connects gets no answer. (On Linux; elsewhere there is more room.)"""

from __future__ import annotations

import select
import socket

__all__ = ["fill"]


def fill(listener: socket.socket) -> socket.socket:
    """Take the only place in the backlog of a listener, which is 0.

    Returns the caller. The listener has heard of it, which is a moment later than `connect()` returns.
    """
    caller = socket.create_connection(listener.getsockname())
    select.select([listener], [], [])
    return caller
