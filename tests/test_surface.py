"""The public surface: every name that a user may rely on, and what each says before anything has happened."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import sansnet
from sansnet import BlockList, BoundSocket, Server, Socket, SocketAddress
from sansnet.options import LISTEN_OPTIONS, SERVER_OPTIONS, SOCKET_OPTIONS
from sansnet.testing.annotated import as_written
from tests.loopback import Loopback, loopback


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


def names(text: str) -> list[str]:
    return text.split()


MODULE = names("""
AbortController AbortSignal BlockList BoundSocket Server Socket SocketAddress connect create_connection create_server
default_driver get_default_auto_select_family get_default_auto_select_family_attempt_timeout is_ip is_ipv4 is_ipv6
once run
set_default_auto_select_family set_default_auto_select_family_attempt_timeout
""")

EMITTER = names("emit listener_count off on once prepend_listener remove_all_listeners")

FRESH_SOCKET: dict[str, Any] = {
    "allow_half_open": False,
    "auto_select_family_attempted_addresses": None,
    "buffer_size": None,
    "bytes_read": 0,
    "bytes_written": 0,
    "closed": False,
    "connecting": False,
    "destroyed": False,
    "errored": None,
    "local_address": None,
    "local_family": None,
    "local_port": None,
    "pending": True,
    "readable": True,
    "readable_encoding": None,
    "readable_ended": False,
    "readable_flowing": None,
    "readable_high_water_mark": 65536,
    "readable_length": 0,
    "ready_state": "open",
    "remote_address": None,
    "remote_family": None,
    "remote_port": None,
    "server": None,
    "timeout": None,
    "writable": True,
    "writable_corked": 0,
    "writable_ended": False,
    "writable_finished": False,
    "writable_high_water_mark": 65536,
    "writable_length": 0,
    "writable_need_drain": False,
}
SOCKET_METHODS = names("""
drained finished iterator wait_closed
address connect cork destroy destroy_soon end get_type_of_service is_paused pause pipe read ref reset_and_destroy resume
set_encoding set_keep_alive set_no_delay set_timeout set_type_of_service uncork unpipe unref write
""")

FRESH_SERVER: dict[str, Any] = {
    "allow_half_open": False,
    "block_list": None,
    "connections": 0,
    "drop_max_connection": False,
    "high_water_mark": 65536,
    "keep_alive": False,
    "keep_alive_initial_delay": 0,
    "listening": False,
    "max_connections": None,
    "no_delay": False,
    "pause_on_connect": False,
}
SERVER_METHODS = names(
    "address close close_all_connections get_connections listen ref unref wait_closed wait_listening"
)

BLOCK_LIST = names("""
add_address add_addresses add_cidr add_cidrs add_range add_subnet check clear from_json is_block_list remove_address
remove_cidr remove_range remove_subnet rules size to_json PRIVATE_RANGES
""")
BOUND_SOCKET = names("address close fd is_pipe")
SOCKET_ADDRESS = names("address family flowlabel port parse")


@pytest.mark.covers("A-01", "create_connection")
def test_the_module() -> None:
    assert set(MODULE) <= set(sansnet.__all__)
    assert sansnet.create_connection is sansnet.connect
    assert sorted(sansnet.__all__) == sansnet.__all__
    assert all(hasattr(sansnet, name) for name in sansnet.__all__)


@pytest.mark.covers("C-01", "A-13", "W-01", "L-02")
def test_a_fresh_socket(net: Loopback) -> None:
    fresh = Socket()
    assert {name: getattr(fresh, name) for name in FRESH_SOCKET} == FRESH_SOCKET
    assert (fresh.address(), fresh.is_paused(), fresh.get_type_of_service(), fresh.fileno()) == (None, False, 0, -1)
    assert [fresh.listener_count(event) for event in ("end", "connect", "data")] == [1, 0, 0]


@pytest.mark.covers("A-03", "L-04")
def test_a_fresh_server(net: Loopback) -> None:
    fresh = Server()
    assert {name: getattr(fresh, name) for name in FRESH_SERVER} == FRESH_SERVER
    assert fresh.address() is None
    assert type(sansnet.create_server()) is Server


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (Socket, [*SOCKET_METHODS, *EMITTER, *FRESH_SOCKET]),
        (Server, [*SERVER_METHODS, *EMITTER, *FRESH_SERVER]),
        (BlockList, BLOCK_LIST),
        (BoundSocket, BOUND_SOCKET),
        (SocketAddress, SOCKET_ADDRESS),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_every_member_is_there_and_told_about(kind: type, members: list[str]) -> None:
    missing = [name for name in members if not hasattr(kind, name)]
    silent = [
        name
        for name in members
        if callable(member := inspect.getattr_static(kind, name)) or isinstance(member, property | staticmethod)
        if not inspect.getdoc(as_written(member))
    ]
    assert (missing, silent) == ([], [])


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Socket, SOCKET_OPTIONS),
        (Server, SERVER_OPTIONS),
        (Server.listen, LISTEN_OPTIONS),
    ],
    ids=["Socket", "Server", "listen"],
)
def test_every_option_is_told_about(kind: Any, options: frozenset[str]) -> None:
    text = (inspect.getdoc(kind) or "") + (inspect.getdoc(kind.__init__) or "")
    assert sorted(name for name in options if name not in text) == []


@pytest.mark.covers("Socket.on", "Server.on")
def test_methods_that_can_be_chained(net: Loopback) -> None:
    """Those that Node's can."""
    socket, server = Socket(), Server()

    def nothing(*_: object) -> None: ...

    for made in (
        socket.on("data", nothing),
        socket.once("data", nothing),
        socket.prepend_listener("data", nothing),
        socket.off("data", nothing),
        socket.remove_all_listeners("data"),
        socket.pause(),
        socket.resume(),
        socket.set_encoding(),
        socket.set_keep_alive(),
        socket.set_no_delay(),
        socket.set_timeout(1),
        socket.set_type_of_service(0),
        socket.ref(),
        socket.unref(),
        socket.unpipe(),
        socket.end(),
        socket.destroy(),
        socket.reset_and_destroy(),
    ):
        assert made is socket
    for there in (server.on("close", nothing), server.listen(0), server.close(), server.ref(), server.unref()):
        assert there is server
    assert server.get_connections(nothing) is server
    net.run()
