"""`--trace`: a heading, and one line for each event in the life of a socket or a server.

        seconds  who     event                      state      what it says
       0.000312  server  listening                  listening  127.0.0.1:8124
       1.204518  1       connection                 open       from 127.0.0.1:53412
       1.205027  1       data                       open       5 B

The seconds count from where the trace began; the state is `ready_state` at that moment.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable
from typing import Any, Final, TextIO

from .. import AddressInfo, Server, Socket
from .words import place, reason, size

__all__ = ["Trace"]


class Trace:
    """Writes what it sees. It listens to 'error' as well, so that none is raised for want of a listener."""

    def __init__(self, out: TextIO | None) -> None:
        self._out = out
        self._began = time.monotonic()
        self._write("seconds", "who", "event", "state", "what it says")

    def watch_socket(self, name: str, socket: Socket) -> None:
        """Follow a socket. Its data flows from now on, as it does for everyone who listens to 'data'."""
        for event in _OF_SOCKETS:
            socket.on(event, functools.partial(self._socket_event, name, socket, event))

    def watch_server(self, server: Server) -> None:
        """Follow a server, and from the first on each connection that it accepts: 1, 2, 3, …"""
        count = 0

        def connection(socket: Socket) -> None:
            nonlocal count
            count += 1
            peer = _peer_of(socket)
            self.line(str(count), "connection", socket.ready_state, f"from {peer}" if peer else "")
            self.watch_socket(str(count), socket)

        server.on("connection", connection)
        for event in _OF_SERVERS:
            server.on(event, functools.partial(self._server_event, server, event))

    def line(self, name: str, event: str, state: str, detail: str) -> None:
        """Write one line."""
        self._write(f"{time.monotonic() - self._began:.6f}", name, event, state, detail)

    def _write(self, passed: str, name: str, event: str, state: str, detail: str) -> None:
        """In columns. That nobody reads it any more is no reason to stop."""
        if self._out is not None:
            with contextlib.suppress(OSError):
                print(f"{passed:>11}  {name:6}  {event:25}  {state:9}  {detail}".rstrip(), file=self._out, flush=True)

    def _socket_event(self, name: str, socket: Socket, event: str, *args: Any) -> None:
        tell = _OF_SOCKETS[event]
        self.line(name, event, socket.ready_state, "" if tell is None else tell(socket, *args))

    def _server_event(self, server: Server, event: str, *args: Any) -> None:
        self.line("server", event, "listening" if server.listening else "closed", _OF_SERVERS[event](server, *args))


def _peer_of(socket: Socket) -> str:
    address, family, port = socket.remote_address, socket.remote_family, socket.remote_port
    return place(AddressInfo(address, family, port)) if address and family and port else ""


def _looked_up(_: Socket, error: Exception | None, address: str | None, _family: int | None, host: str) -> str:
    return f"{host}: {reason(error) if error else address}"


def _attempt(_: Socket, address: str, port: int | None, family: int | None, *error: Exception) -> str:
    there = address if port is None else place(AddressInfo(address, "IPv6" if family == 6 else "IPv4", port))
    return ": ".join([there, *map(reason, error)])


_OF_SOCKETS: Final[dict[str, Callable[..., str] | None]] = {
    "lookup": _looked_up,
    "connection_attempt": _attempt,
    "connection_attempt_failed": _attempt,
    "connection_attempt_timeout": _attempt,
    "connect": lambda socket: f"to {peer}" if (peer := _peer_of(socket)) else "",
    "ready": None,
    "data": lambda _, chunk: size(len(chunk)),
    "pause": None,
    "resume": None,
    "drain": None,
    "timeout": lambda socket: f"idle for {socket.timeout:g} s",
    "end": lambda socket: f"{size(socket.bytes_read)} read",
    "finish": lambda socket: f"{size(socket.bytes_written)} written",
    "error": lambda _, error: reason(error),
    "close": lambda _, had_error: "after an error" if had_error else "",
}

_OF_SERVERS: Final[dict[str, Callable[..., str]]] = {
    "listening": lambda server: place(server.address()),
    "drop": lambda _, info: f"{info.remote_address} port {info.remote_port}" if info else "",
    "error": lambda _, error: reason(error),
    "close": lambda _: "",
}
