"""asyncio's streams on the other side, in a loop of their own on another thread."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import sansnet
from sansnet import Socket
from tests.loopback import HAS_PATHS, PATIENCE, Loopback, log_of, loopback, port_of

MIB = 1 << 20
CHUNK = os.urandom(MIB)
CHUNKS = 16
DIGEST = hashlib.sha256(CHUNK * CHUNKS).digest()


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


async def send(writer: asyncio.StreamWriter) -> None:
    for _ in range(CHUNKS):
        writer.write(CHUNK)
        await writer.drain()
    writer.write_eof()


async def digest_of(reader: asyncio.StreamReader) -> bytes:
    digest = hashlib.sha256()
    while part := await reader.read(65536):
        digest.update(part)
    return digest.digest()


async def send_and_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Both at once; the hash of what came back, until the other side ended."""
    async with asyncio.timeout(PATIENCE):
        _, digest = await asyncio.gather(send(writer), digest_of(reader))
        writer.close()
        await writer.wait_closed()
        return digest


class AsyncioEcho:
    """An echo server on asyncio's streams, on a thread. Half-open: it answers after the end, too."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self.port = 0

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._echo, "127.0.0.1", 0)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            self._started.set()
            await self._stop.wait()

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
        writer.write_eof()
        writer.close()
        await writer.wait_closed()

    def __enter__(self) -> AsyncioEcho:
        self._thread.start()
        assert self._started.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        self._loop.close()


class Sender:
    """Sends the chunks at the pace of 'drain', and hashes what comes back."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._left = CHUNKS
        self.digest = hashlib.sha256()
        socket.on("data", self.digest.update)
        socket.on("drain", self.send)

    def send(self) -> None:
        while self._left:
            self._left -= 1
            if not self._socket.write(CHUNK):
                return
        self._socket.end()


def test_an_asyncio_client(net: Loopback) -> None:
    """It ends its half with write_eof(), and reads on until all is back."""
    logs: list[list[str]] = []

    def accept(peer: Socket) -> None:
        peer.pipe(peer)
        logs.append(log := [])
        for event in ("end", "finish", "error", "close"):
            peer.on(event, lambda *_, event=event: log.append(event))

    server = net.serve(accept, allow_half_open=True)

    async def talk() -> bytes:
        return await send_and_read(*await asyncio.open_connection("127.0.0.1", port_of(server)))

    assert net.alongside(lambda: asyncio.run(talk())) == DIGEST
    net.run_until(lambda: server.connections == 0)
    net.run_until(lambda: logs == [["end", "finish", "close"]])


@pytest.mark.skipif(not HAS_PATHS, reason="no Unix domain sockets here")
def test_an_asyncio_client_on_a_path(net: Loopback, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    server = sansnet.create_server(lambda peer: peer.pipe(peer), allow_half_open=True).listen(path)

    async def talk() -> bytes:
        return await send_and_read(*await asyncio.open_unix_connection(path))

    assert net.alongside(lambda: asyncio.run(talk())) == DIGEST
    server.close()
    net.run()


def test_an_asyncio_server(net: Loopback) -> None:
    with AsyncioEcho() as echo:
        client = sansnet.connect(echo.port, "127.0.0.1")
        sender = Sender(client)
        sender.send()
        net.run()
        assert sender.digest.digest() == DIGEST


def test_many_at_once(net: Loopback) -> None:
    server = net.serve(lambda peer: peer.pipe(peer), allow_half_open=True)

    async def one(number: int) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        writer.write(word := f"number {number}".encode())
        writer.write_eof()
        back = await reader.read()
        writer.close()
        await writer.wait_closed()
        return back == word

    async def all_of_them() -> list[bool]:
        async with asyncio.timeout(PATIENCE):
            return await asyncio.gather(*map(one, range(200)))

    assert net.alongside(lambda: asyncio.run(all_of_them())) == [True] * 200
    net.run_until(lambda: server.connections == 0)


def test_asyncio_aborts(net: Loopback) -> None:
    """transport.abort() with bytes that it has not sent: what we see is an end or a reset, and then close."""
    logs: list[list[str]] = []
    server = net.serve(lambda peer: logs.append(log_of(peer.pause())))

    async def abort() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        writer.write(CHUNK)
        writer.transport.abort()

    net.alongside(lambda: asyncio.run(abort()))
    net.run_until(lambda: bool(logs))
    server.close_all_connections()
    server.close()
    net.run()
    assert logs[0][-1] in ("close(False)", "close(True)")
