"""Servers to be measured: python -m benchmarks.servers NAME ROLE [PATH]. Each prints where it listens, and serves.

Roles: "echo" sends back what comes; "respond" answers each request (one chunk) with a head and a body, in two writes;
"sink" reads and forgets; "source" writes blocks as fast as they are taken; "forward:PORT" connects to that port, and
passes on what comes from either side. Each is written the way its library's own documentation would: the plain way,
with its own means of backpressure. `servers.js` is the same for Node and Bun.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

if TYPE_CHECKING:
    import sansnet

HEAD: Final = b"h" * 64
BODY: Final = b"b" * 960
BLOCK: Final = b"x" * 65536
BACKLOG: Final = 511


class Job(NamedTuple):
    """What a server shall do."""

    role: str
    listener: socket.socket
    to: int
    """The port that is forwarded to; otherwise 0."""


def job(role: str, path: str | None = None) -> Job:
    """The job of a role as the command line has it."""
    name, _, port = role.partition(":")
    return Job(name, listening_socket(path), int(port or 0))


def listening_socket(path: str | None) -> socket.socket:
    """On a port of the kernel's choice, or at a path."""
    if path is None:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio looks at the protocol,
        made.bind(("127.0.0.1", 0))  # and lets small writes wait for one another where it isn't named
    else:
        made = socket.socket(socket.AF_UNIX)
        made.bind(path)
    made.listen(BACKLOG)
    return made


def announce(listener: socket.socket) -> None:
    """Say where it listens."""
    where = listener.getsockname()
    print(where if isinstance(where, str) else where[1], flush=True)


# ------------------------------------------------------------------------------------------------------------- sansnet


def sansnet_server(job: Job) -> sansnet.Server:
    """A server of ours on whatever driver there is."""
    import sansnet

    serve = SANSNET_ROLES[job.role]

    def on_connection(connection: sansnet.Socket) -> None:
        connection.on("error", lambda _error: None)
        serve(connection, job.to)

    announce(job.listener)
    return sansnet.create_server(on_connection, no_delay=job.listener.family == socket.AF_INET).listen(job.listener)


def _respond(connection: sansnet.Socket, _to: int) -> None:
    def on_data(_request: bytes) -> None:
        connection.write(HEAD)
        connection.write(BODY)

    connection.on("data", on_data)


def _pour(connection: sansnet.Socket, _to: int) -> None:
    def go_on() -> None:
        while connection.write(BLOCK):
            pass

    connection.on("drain", go_on)
    go_on()


def _forward(connection: sansnet.Socket, to: int) -> None:
    import sansnet

    target = sansnet.connect(to, "127.0.0.1", no_delay=True)
    target.on("error", lambda _error: None)
    connection.pipe(target)
    target.pipe(connection)
    connection.on("close", lambda _had_error: target.destroy())
    target.on("close", lambda _had_error: connection.destroy())


SANSNET_ROLES: Final[dict[str, Callable[[sansnet.Socket, int], object]]] = {
    "echo": lambda connection, _to: connection.on("data", connection.write),
    "respond": _respond,
    "sink": lambda connection, _to: connection.on("data", lambda _chunk: None),
    "source": _pour,
    "forward": _forward,
}


def serve_sansnet(job: Job) -> None:
    """On the selector driver."""
    import sansnet

    sansnet_server(job)
    sansnet.run()


async def _sansnet_in_a_loop(job: Job) -> None:
    sansnet_server(job)
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


class _Passing(_Connection):
    """One side of what is forwarded. The other's reading is paused while this one has too much to write."""

    def __init__(self) -> None:
        self.other: _Passing | None = None

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        if self.other is not None:
            self.other.other = None
            self.other.transport.close()


class _Forward(_Passing):
    """The side of a client; what it says before there is another side waits. (uvloop can't pause a beginning.)"""

    def __init__(self, to: int) -> None:
        super().__init__()
        self.to = to
        self.early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.connecting = asyncio.ensure_future(self.connect())

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self.early.append(data)
        else:
            self.other.transport.write(data)

    async def connect(self) -> None:
        _, target = await asyncio.get_running_loop().create_connection(_Passing, "127.0.0.1", self.to)
        if self.transport.is_closing():
            target.transport.close()
            return
        self.other, target.other = target, self
        target.transport.writelines(self.early)
        self.early.clear()


PROTOCOLS: Final[dict[str, Callable[[int], asyncio.Protocol]]] = {
    "echo": lambda _to: _Echo(),
    "respond": lambda _to: _Respond(),
    "sink": lambda _to: _Connection(),
    "source": lambda _to: _Source(),
    "forward": _Forward,
}


async def _protocol(job: Job) -> None:
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # that peers leave in the middle of a stream is no news
    loop, listener, factory = asyncio.get_running_loop(), job.listener, partial(PROTOCOLS[job.role], job.to)
    if listener.family == socket.AF_INET:
        server = await loop.create_server(factory, sock=listener, backlog=BACKLOG)
    else:
        server = await loop.create_unix_server(factory, sock=listener, backlog=BACKLOG)
    announce(listener)
    await server.serve_forever()


# ---------------------------------------------------------------------------------------------------------------- trio


def serve_trio(job: Job) -> None:
    """A task a connection, over SocketStream."""
    import trio

    async def handle(stream: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            await roles[job.role](stream)

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

    async def forward(stream: trio.SocketStream) -> None:
        target = await trio.open_tcp_stream("127.0.0.1", job.to)
        async with target, trio.open_nursery() as nursery:
            nursery.start_soon(pump, stream, target)
            await pump(target, stream)
            nursery.cancel_scope.cancel()

    async def pump(source: trio.SocketStream, destination: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            async for chunk in source:
                await destination.send_all(chunk)
            await destination.send_eof()

    roles = {"echo": echo, "respond": respond, "sink": sink, "source": source, "forward": forward}

    async def main() -> None:
        theirs = trio.socket.from_stdlib_socket(job.listener)
        announce(job.listener)
        await trio.serve_listeners(handle, [trio.SocketListener(theirs)])

    trio.run(main)


# -------------------------------------------------------------------------------------------------------------- choice


def _on_uvloop(serve: Callable[[Job], Coroutine[Any, Any, None]]) -> Callable[[Job], None]:
    def run(job: Job) -> None:
        import uvloop

        uvloop.run(serve(job))

    return run


SERVERS: Final[dict[str, Callable[[Job], None]]] = {
    "sansnet": serve_sansnet,
    "sansnet-asyncio": lambda job: asyncio.run(_sansnet_in_a_loop(job)),
    "sansnet-uvloop": _on_uvloop(_sansnet_in_a_loop),
    "asyncio": lambda job: asyncio.run(_protocol(job)),
    "uvloop": _on_uvloop(_protocol),
    "trio": serve_trio,
}

if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    SERVERS[sys.argv[1]](job(*sys.argv[2:]))
