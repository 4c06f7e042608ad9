"""Section A: the module and its constructors, where there is nothing in Node to compare with, or nothing to be seen.

What can be played on both sides is in `tests/node/scenarios`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sansnet
from sansnet import NetError, Server, Socket
from tests.loopback import Loopback, loopback, not_under_wine, option_of, port_of

NODES_NAMES = """
BlockList BoundSocket SocketAddress connect create_connection create_server is_ip is_ipv4 is_ipv6 Server Socket
get_default_auto_select_family set_default_auto_select_family
get_default_auto_select_family_attempt_timeout set_default_auto_select_family_attempt_timeout
"""


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


@pytest.mark.covers("A-01")
def test_the_module_has_nodes_names() -> None:
    assert set(NODES_NAMES.split()) <= set(sansnet.__all__)
    assert all(hasattr(sansnet, name) for name in sansnet.__all__)
    assert sansnet.create_connection is sansnet.connect


@pytest.mark.covers("A-03")
def test_a_server_has_no_limit_until_one_is_set() -> None:
    server = sansnet.create_server()
    assert server.max_connections is None
    server.max_connections = 5
    assert server.max_connections == 5
    assert not hasattr(server, "close_idle_connections")  # of Node's http only


@pytest.mark.covers("A-04")
def test_what_is_told_of_a_socket_and_of_a_server(net: Loopback) -> None:
    client, peer = net.pair({"allow_half_open": True})
    assert (client.connecting, client.allow_half_open, client.server) == (False, False, None)
    assert peer.allow_half_open
    assert isinstance(peer.server, Server)
    with pytest.raises(AttributeError):
        client.connecting = True  # type: ignore[misc]
    net.close(client, peer)


@pytest.mark.covers("A-07", "connect", "create_connection")
@pytest.mark.parametrize("name", ["connect", "create_connection"])
def test_connect_goes_through_the_method(monkeypatch: pytest.MonkeyPatch, net: Loopback, name: str) -> None:
    calls: list[tuple[object, ...]] = []

    def patched(self: Socket, *args: object, **options: object) -> Socket:
        calls.append((args, options))
        return self

    monkeypatch.setattr(Socket, "connect", patched)
    made = getattr(sansnet, name)(80, "::1", no_delay=True, family=6)
    assert isinstance(made, Socket)
    assert calls == [((80, "::1"), {"family": 6})]


@pytest.mark.covers("A-08", "Socket")
@pytest.mark.parametrize("way", ["a number", "a keyword", "a mapping"])
def test_a_socket_around_a_descriptor(net: Loopback, way: str) -> None:
    ours, theirs = socket.socketpair()
    fd = ours.detach()
    made = Socket(fd) if way == "a number" else Socket(fd=fd) if way == "a keyword" else Socket({"fd": fd})
    assert (made.pending, made.ready_state) == (False, "open")
    made.end("hello")
    assert theirs.recv(9) == b"hello"
    theirs.close()
    made.resume()
    net.run()


@pytest.mark.covers("A-10")
@pytest.mark.parametrize("make", [Socket, sansnet.create_server])
def test_the_users_mapping_stays_as_it_was(net: Loopback, make: Any) -> None:
    options = {"keep_alive_initial_delay": -2.5, "allow_half_open": 1}
    make(options)
    assert options == {"keep_alive_initial_delay": -2.5, "allow_half_open": 1}


@pytest.mark.covers("A-10")
@not_under_wine("it has no TCP_KEEPIDLE")
@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="the system doesn't tell its delay under this name")
def test_a_delay_below_0_leaves_the_systems(net: Loopback) -> None:
    plain, plain_peer = net.pair(keep_alive=True)
    client, peer = net.pair(keep_alive=True, keep_alive_initial_delay=-5)
    other, other_peer = net.pair(keep_alive=True, keep_alive_initial_delay=5)
    of_the_system, none, five = (
        option_of(one, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) for one in (plain, client, other)
    )
    assert (none, five) == (of_the_system, 5)
    net.close(plain, plain_peer, client, peer, other, other_peer)


@pytest.mark.covers("A-12", "A-23")
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (Socket, "emit_close"),
        (Socket, "auto_destroy"),
        (Socket, "decode_strings"),
        (sansnet.create_server, "capture_rejections"),
    ],
)
def test_options_of_nodes_streams_are_unknown(net: Loopback, make: Any, name: str) -> None:
    with pytest.raises(TypeError, match=name):
        make(**{name: True})


@pytest.mark.covers("A-14")
def test_a_descriptor_of_something_else(net: Loopback, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with open(tmp_path / "file", "wb") as file, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        for source, kind in ((file.fileno(), "FILE"), (file, "FILE"), (reading, "PIPE"), (datagrams, "UDP")):
            with pytest.raises(TypeError) as caught:
                Socket(handle=source)
            assert str(caught.value) == f"Unsupported fd type: {kind}"
            assert getattr(caught.value, "code", "") == "ERR_INVALID_FD_TYPE"
        file.write(b"still open")
        assert datagrams.fileno() >= 0
    os.write(writing, b"x")
    os.close(reading)
    os.close(writing)


@pytest.mark.covers("A-14")
@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals of that kind here")
def test_a_descriptor_of_a_terminal(net: Loopback) -> None:
    pair = os.openpty()
    with pytest.raises(NetError, match="Unsupported fd type: TTY"):
        Socket(fd=pair[1])
    for one in pair:
        os.close(one)


@pytest.mark.covers("A-14")
@pytest.mark.parametrize("fd", [-1, 1.5])
def test_a_number_that_is_no_descriptor(net: Loopback, fd: float) -> None:
    with pytest.raises(ValueError, match='"fd" is out of range') as caught:
        Socket(fd=fd)  # type: ignore[arg-type]
    assert getattr(caught.value, "code", "") == "ERR_OUT_OF_RANGE"


@pytest.mark.covers("A-17")
def test_a_socket_without_any_half(net: Loopback) -> None:
    made = [Socket(readable=readable, writable=writable) for readable in (True, False) for writable in (True, False)]
    assert [one.ready_state for one in made] == ["open", "readOnly", "writeOnly", "closed"]
    assert [(one.writable_ended, one.writable_finished) for one in made] == [(False, False), (True, True)] * 2


@pytest.mark.covers("A-18", "Socket.timeout")
def test_a_timeout_that_can_not_be_is_told_before_anything_begins(net: Loopback) -> None:
    server = net.serve()
    for timeout, kind in (("7", TypeError), (-1, ValueError)):
        with pytest.raises(kind):
            sansnet.connect(port_of(server), "127.0.0.1", timeout=timeout)  # type: ignore[arg-type]
    net.turn(3)
    assert server.connections == 0
    assert Socket(timeout=7).timeout is None
    client = sansnet.connect(port_of(server), "127.0.0.1", timeout=7)
    assert client.timeout == 7
    server.close()
    net.close(client)


@pytest.mark.covers("A-20")
def test_the_marks_of_accepted_sockets(net: Loopback) -> None:
    client, peer = net.pair({"high_water_mark": 7})
    assert (peer.readable_high_water_mark, peer.writable_high_water_mark) == (7, 7)
    assert (client.readable_high_water_mark, client.writable_high_water_mark) == (65536, 65536)
    net.close(client, peer)


@pytest.mark.covers("A-21", "Server.keep_alive_initial_delay")
@not_under_wine("it has no TCP_KEEPIDLE")
@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="the system doesn't tell its delay under this name")
def test_the_delay_of_a_server_is_whole_seconds(net: Loopback) -> None:
    client, peer = net.pair({"keep_alive": True, "keep_alive_initial_delay": 2.5})
    assert option_of(peer, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 2
    assert option_of(client, socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
    net.close(client, peer)


@pytest.mark.covers("B-13")
def test_options_of_the_constructor_do_not_reach_the_system_from_connect(net: Loopback) -> None:
    server = net.serve()
    clients = [Socket().connect(port_of(server), "127.0.0.1", no_delay=True, keep_alive=True)]  # type: ignore[call-overload]
    clients += [sansnet.connect(port_of(server), "127.0.0.1", no_delay=True, keep_alive=True)]
    net.run_until(lambda: all(client.ready_state == "open" for client in clients))
    server.close()
    for name, level in ((socket.TCP_NODELAY, socket.IPPROTO_TCP), (socket.SO_KEEPALIVE, socket.SOL_SOCKET)):
        assert [bool(option_of(client, level, name)) for client in clients] == [False, True]
    net.close(*clients)


@pytest.mark.covers("X-05", "Socket.set_no_delay", "Socket.set_keep_alive", "Socket.set_type_of_service")
def test_options_are_with_the_system_before_connect_is_told(net: Loopback) -> None:
    server = net.serve()
    client = Socket(no_delay=True)
    client.set_keep_alive(True, 7)
    client.set_type_of_service(0x10)
    found: list[int] = []
    for level, name in (
        (socket.IPPROTO_TCP, socket.TCP_NODELAY),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        (socket.IPPROTO_IP, socket.IP_TOS),
    ):
        client.on("connect", lambda level=level, name=name: found.append(option_of(client, level, name)))
    client.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: len(found) == 3)
    assert (bool(found[0]), bool(found[1]), found[2]) == (True, True, 0x10)
    server.close()
    net.close(client)


@pytest.mark.covers("A-14")
def test_an_object_that_has_closed_its_descriptor(net: Loopback) -> None:
    with socket.socket() as closed:
        pass
    with pytest.raises(NetError, match="Unsupported fd type: UNKNOWN"):
        Socket(handle=closed)
