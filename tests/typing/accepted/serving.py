"""`create_server()`, `Server.listen()` and what else servers do."""

from __future__ import annotations

import pathlib
import socket as stdlib
from typing import Any, assert_type

from sansnet import AbortSignal, AddressInfo, BlockList, BoundSocket, Server, Socket, create_server
from sansnet.signatures import BoundSocketOptions, ListenOptions, ServerOptions


def listener() -> None: ...


def on_connection(socket: Socket) -> None:
    print(assert_type(socket.server, Server | None))


async def on_connection_later(socket: Socket) -> None: ...


def made(block_list: BlockList) -> None:
    assert_type(create_server(), Server)
    create_server(on_connection)
    create_server(on_connection_later)
    create_server(lambda socket: socket.pipe(socket))
    create_server(None, allow_half_open=True)
    create_server({"pause_on_connect": True}, no_delay=True)
    options: ServerOptions = {"high_water_mark": 1024, "block_list": None}
    create_server(options)
    create_server(options, on_connection)
    Server({}, lambda socket: print(socket.bytes_read))
    create_server(listener=on_connection)
    Server(
        on_connection,
        allow_half_open=True,
        pause_on_connect=True,
        no_delay=True,
        keep_alive=True,
        keep_alive_initial_delay=2.5,
        high_water_mark=1024,
        block_list=block_list,
    )


def listening(server: Server, folder: pathlib.Path, bound: stdlib.socket, other: Server) -> None:
    assert_type(server.listen(), Server)
    server.listen(listener)
    server.listen(None)
    server.listen(8124)
    server.listen("8124", "::1", 511, listener)
    server.listen(8124, "::1", listener)
    server.listen(8124, 511)
    server.listen(8124, 511, listener)
    server.listen(8124, listener)
    server.listen(8124, lambda: print(server.address()))
    server.listen("/tmp/socket")
    server.listen(folder / "socket", 511, listener)
    server.listen(bound)
    server.listen(other, listener)
    server.listen(8124, host="::1", callback=listener, backlog=5, exclusive=True, ipv6_only=True, reuse_port=True)
    server.listen(path=folder, readable_all=True, writable_all=True)
    server.listen(port=8124, signal=AbortSignal.timeout(10))
    server.listen(fd=3)
    server.listen(handle=bound, callback=None)
    server.listen({"port": 8124, "host": "::1"}, listener)
    options: ListenOptions = {"path": "/tmp/socket", "backlog": 5}
    server.listen(options)


def bound_before() -> None:
    options: BoundSocketOptions = {"path": "/tmp/socket"}
    with BoundSocket(port=0, host="::1", ipv6_only=True, reuse_port=False) as bound, BoundSocket(options) as other:
        assert_type(bound.address(), AddressInfo | str | None)
        print(assert_type(bound.fd(), int), bound.fileno(), assert_type(bound.is_pipe, bool))
        create_server(max_buffered=1 << 20).listen(bound).listen(handle=other)
        Socket(handle=bound, max_buffered=None).connect(8124)
        other.close()


def asked(server: Server) -> None:
    assert_type(server.address(), AddressInfo | str | None)
    if isinstance(address := server.address(), AddressInfo):
        host, family, port = address
        print(host, family == "IPv6", port + 1, address.address, address.family, address.port)
    print(assert_type(server.listening, bool), assert_type(server.connections, int), server.describe(), server.fileno())
    server.get_connections(lambda error, count: print(error, count + 1))
    server.get_connections(listener)


def changed(server: Server, block_list: BlockList) -> None:
    server.max_connections = 5
    server.max_connections = None
    server.drop_max_connection = True
    server.allow_half_open = server.pause_on_connect = server.no_delay = server.keep_alive = True
    server.keep_alive_initial_delay = 1.5
    server.max_buffered = 1 << 20
    server.high_water_mark = assert_type(server.high_water_mark, int) + 1
    server.block_list = block_list
    server.block_list = None
    print(assert_type(server.keep_alive_initial_delay, float))


def over(server: Server, **anything: Any) -> None:
    assert_type(server.ref().unref().pause().resume(), Server)
    server.close(lambda error: print(error), timeout=2.5)
    server.close(listener).close()
    server.close_all_connections()
    create_server(**anything).listen(**anything)
