"""Sockets and servers in tasks."""

from __future__ import annotations

from typing import Any, assert_type

from sansnet import AbortSignal, Server, Socket, call_later, connect, create_server, once


async def serve(signal: AbortSignal) -> None:
    async with create_server().listen(0, "127.0.0.1") as server:
        assert_type(server, Server)
        await server.wait_listening()
        async for socket in server:
            assert_type(socket, Socket)
            await echo(socket)
        assert_type(await once(server, "connection", signal=signal), tuple[Any, ...])
    await server.wait_closed()


async def echo(socket: Socket) -> None:
    async with socket:
        async for chunk in socket:
            socket.write(chunk)
            await socket.drained()
        socket.end()
        await socket.finished()
    await socket.wait_closed()


async def look(port: int) -> bytes:
    socket = connect(port, "127.0.0.1")
    await once(socket, "connect")
    async for chunk in socket.iterator(destroy_on_return=False):
        if isinstance(chunk, bytes):
            return chunk
    return b""


def later(socket: Socket) -> None:
    timer = call_later(1.5, socket.resume)
    call_later(0, print, "now", 5)
    timer.cancel()
