"""Servers to be measured: python -m benchmarks.servers NAME ROLE [PATH]. Each prints where it listens, and serves.

Roles: "echo" sends back what comes; "respond" answers each request (one chunk) with a head and a body, in two writes;
"sink" reads and forgets; "source" writes blocks as fast as they are taken. Each is written the way its library's own
documentation would: the plain way, with its own means of backpressure. `servers.js` is the same for Node and Bun.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    import sansnet

HEAD: Final = b"h" * 64
BODY: Final = b"b" * 960
BLOCK: Final = b"x" * 65536
BACKLOG: Final = 511


def listening_socket(path: str | None) -> socket.socket:
    """On a port of the kernel's choice, or at a path."""
    if path is None:
        return socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    made = socket.socket(socket.AF_UNIX)
    made.bind(path)
    made.listen(BACKLOG)
    return made


def announce(listener: socket.socket) -> None:
    """Say where it listens."""
    where = listener.getsockname()
    print(where if isinstance(where, str) else where[1], flush=True)


# ------------------------------------------------------------------------------------------------------------- sansnet


def sansnet_server(role: str, listener: socket.socket) -> sansnet.Server:
    """A server of ours on whatever driver there is."""
    import sansnet

    def on_connection(connection: sansnet.Socket) -> None:
        connection.on("error", lambda _error: None)
        SANSNET_ROLES[role](connection)

    announce(listener)
    return sansnet.create_server(on_connection, no_delay=listener.family == socket.AF_INET).listen(listener)


def _respond(connection: sansnet.Socket) -> None:
    def on_data(_request: bytes) -> None:
        connection.write(HEAD)
        connection.write(BODY)

    connection.on("data", on_data)


def _pour(connection: sansnet.Socket) -> None:
    def go_on() -> None:
        while connection.write(BLOCK):
            pass

    connection.on("drain", go_on)
    go_on()


SANSNET_ROLES: Final[dict[str, Callable[[sansnet.Socket], object]]] = {
    "echo": lambda connection: connection.on("data", connection.write),
    "respond": _respond,
    "sink": lambda connection: connection.on("data", lambda _chunk: None),
    "source": _pour,
}


def serve_sansnet(role: str, listener: socket.socket) -> None:
    """On the selector driver."""
    import sansnet

    sansnet_server(role, listener)
    sansnet.run()


async def _sansnet_in_a_loop(role: str, listener: socket.socket) -> None:
    sansnet_server(role, listener)
    await asyncio.get_running_loop().create_future()


# ------------------------------------------------------------------------------------------------- asyncio and uvloop


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)


class _Echo(_Connection):
    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class _Respond(_Connection):
    def data_received(self, data: bytes) -> None:
        self.transport.write(HEAD)
        self.transport.write(BODY)


class _Source(_Connection):
    paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.resume_writing()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        while not self.paused and not self.transport.is_closing():  # one that is lost never pauses
            self.transport.write(BLOCK)


PROTOCOLS: Final[dict[str, Callable[[], asyncio.Protocol]]] = {
    "echo": _Echo,
    "respond": _Respond,
    "sink": _Connection,
    "source": _Source,
}


async def _protocol(role: str, listener: socket.socket) -> None:
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # that peers leave in the middle of a stream is no news
    loop, factory = asyncio.get_running_loop(), PROTOCOLS[role]
    if listener.family == socket.AF_INET:
        server = await loop.create_server(factory, sock=listener, backlog=BACKLOG)
    else:
        server = await loop.create_unix_server(factory, sock=listener, backlog=BACKLOG)
    announce(listener)
    await server.serve_forever()


# ---------------------------------------------------------------------------------------------------------------- trio


def serve_trio(role: str, listener: socket.socket) -> None:
    """A task a connection, over SocketStream."""
    import trio

    async def handle(stream: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            await roles[role](stream)

    async def echo(stream: trio.SocketStream) -> None:
        async for chunk in stream:
            await stream.send_all(chunk)

    async def respond(stream: trio.SocketStream) -> None:
        async for _request in stream:
            await stream.send_all(HEAD)
            await stream.send_all(BODY)

    async def sink(stream: trio.SocketStream) -> None:
        async for _chunk in stream:
            pass

    async def source(stream: trio.SocketStream) -> None:
        while True:
            await stream.send_all(BLOCK)

    roles = {"echo": echo, "respond": respond, "sink": sink, "source": source}

    async def main() -> None:
        theirs = trio.socket.from_stdlib_socket(listener)
        announce(listener)
        await trio.serve_listeners(handle, [trio.SocketListener(theirs)])

    trio.run(main)


# -------------------------------------------------------------------------------------------------------------- choice


def _on_uvloop(
    serve: Callable[[str, socket.socket], Coroutine[Any, Any, None]],
) -> Callable[[str, socket.socket], None]:
    def run(role: str, listener: socket.socket) -> None:
        import uvloop

        uvloop.run(serve(role, listener))

    return run


SERVERS: Final[dict[str, Callable[[str, socket.socket], None]]] = {
    "sansnet": serve_sansnet,
    "sansnet-asyncio": lambda role, listener: asyncio.run(_sansnet_in_a_loop(role, listener)),
    "sansnet-uvloop": _on_uvloop(_sansnet_in_a_loop),
    "asyncio": lambda role, listener: asyncio.run(_protocol(role, listener)),
    "uvloop": _on_uvloop(_protocol),
    "trio": serve_trio,
}

if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    SERVERS[sys.argv[1]](sys.argv[2], listening_socket(sys.argv[3] if sys.argv[3:] else None))
