"""Members of the public surface that no other test is about."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

import sansnet
from sansnet import AddressInfo, BlockList, NetTimeoutError, Socket, SocketAddress
from sansnet.drivers.selector import SelectorDriver
from sansnet.testing.conformance_system import duplicate
from tests.backlog import full_listener
from tests.loopback import Loopback, log_of, loopback, port_of


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


# ---------------------------------------------------------------------------------------------------------- the module


@pytest.mark.covers("create_connection")
def test_connect_has_two_names() -> None:
    assert sansnet.create_connection is sansnet.connect


@pytest.mark.covers("default_driver", "using")
def test_using_says_where_new_sockets_are_made() -> None:
    before = sansnet.default_driver()
    with SelectorDriver() as outer, SelectorDriver() as inner:
        with sansnet.using(outer) as given:
            assert given is outer is sansnet.default_driver()
            with sansnet.using(inner):
                assert sansnet.default_driver() is inner
            assert sansnet.default_driver() is outer
        with pytest.raises(ZeroDivisionError), sansnet.using(outer):
            raise ZeroDivisionError
    assert sansnet.default_driver() is before


@pytest.mark.covers("default_driver", "run")
def test_each_thread_has_a_driver_and_runs_its_own() -> None:
    """`run()` comes back when all is closed, and there is a driver again for whoever goes on."""
    log: list[str] = []
    drivers: list[object] = []

    def work() -> None:
        drivers.append(sansnet.default_driver())
        server = sansnet.create_server(lambda peer: peer.end("hello")).listen(0)
        client = sansnet.connect(port_of(server), "127.0.0.1")
        log_of(client, into=log)
        client.on("close", lambda _had_error: server.close())
        sansnet.run()
        drivers.append(sansnet.default_driver())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert log == ["connect", "ready", "data(b'hello')", "end", "prefinish", "finish", "close(False)"]
    first, second = drivers
    assert first is second is not sansnet.default_driver()


@pytest.mark.covers("AddressInfo", "Socket.address", "Server.address")
def test_an_address_is_a_tuple_with_names(net: Loopback) -> None:
    server = net.serve()
    address = server.address()
    assert isinstance(address, AddressInfo)
    assert address == ("127.0.0.1", "IPv4", address.port)
    assert address._fields == ("address", "family", "port")
    assert address.port > 0


# ---------------------------------------------------------------------------------------------------------- the socket


@pytest.mark.covers("connect(connect_timeout)")
def test_connecting_has_a_limit(net: Loopback) -> None:
    """A backlog that is full: nobody answers, and nobody refuses."""
    with full_listener() as listener:
        client = sansnet.connect(listener.getsockname()[1], "127.0.0.1", connect_timeout=0.01)
        log = log_of(client)
        net.run()
    assert log == ["error(ETIMEDOUT)", "close(True)"]
    assert isinstance(client.errored, NetTimeoutError)


@pytest.mark.covers("Socket.fileno")
def test_the_descriptor_is_there_while_the_connection_is(net: Loopback) -> None:
    assert Socket().fileno() == -1
    client, peer = net.pair()
    with socket.socket(fileno=duplicate(client.fileno())) as other:
        assert other.getsockname()[1] == client.local_port
    net.close(client, peer)
    assert client.fileno() == -1


@pytest.mark.covers("Socket.describe", "Server.describe")
def test_everything_says_why_it_is_where_it_is(net: Loopback) -> None:
    server = sansnet.create_server()
    before = server.describe()
    server.listen(0)
    assert "listening" in server.describe() != before
    client = Socket()
    assert client.describe() == "link idle; read open; write open"
    client.connect(port_of(server), "127.0.0.1")
    assert client.describe().startswith("link connecting;")
    assert repr(client) == f"<Socket {client.describe()}>"
    assert repr(server) == f"<Server {server.describe()}>"
    client.destroy()
    assert client.describe().startswith("link closing;")


@pytest.mark.covers("Emitter.prepend_listener", "Emitter.prepend_once_listener")
def test_listeners_before_those_that_are_there(net: Loopback) -> None:
    client = Socket()
    log: list[str] = []
    client.on("close", lambda *_: log.append("on"))
    client.prepend_listener("close", lambda *_: log.append("first"))
    client.prepend_once_listener("close", lambda *_: log.append("once"))
    for _ in range(2):
        client.emit("close")
    assert log == ["once", "first", "on", "first", "on"]


@pytest.mark.covers("SocketAddress.number")
def test_what_an_address_counts_for() -> None:
    assert SocketAddress(address="::2", family="ipv6").number == 2
    assert SocketAddress(address="::ffff:1.2.3.4", family="ipv6").number == SocketAddress(address="1.2.3.4").number


# ---------------------------------------------------------------------------------------------------------- the server


@pytest.mark.covers(
    "Server.allow_half_open",
    "Server.block_list",
    "Server.high_water_mark",
    "Server.keep_alive",
    "Server.keep_alive_initial_delay",
    "Server.max_buffered",
    "Server.no_delay",
    "Server.pause_on_connect",
)
def test_options_of_a_server_are_attributes() -> None:
    server = sansnet.create_server(keep_alive_initial_delay=2.5)
    names = ("allow_half_open", "pause_on_connect", "no_delay", "keep_alive")
    assert [getattr(server, name) for name in names] == [False] * 4
    assert (server.keep_alive_initial_delay, server.high_water_mark, server.block_list) == (2, 65536, None)
    for name in names:
        setattr(server, name, 1)
        assert getattr(server, name) is True
    assert server.max_buffered is None
    server.max_buffered = 10
    assert server.max_buffered == 10
    blocked = BlockList()
    server.keep_alive_initial_delay, server.high_water_mark, server.block_list = 7.9, 0, blocked
    assert (server.keep_alive_initial_delay, server.high_water_mark) == (7, 0)
    assert server.block_list is blocked


@pytest.mark.covers("Server.block_list", "Server.high_water_mark", "Server.pause_on_connect")
def test_such_attributes_count_for_what_is_accepted_later(net: Loopback) -> None:
    accepted: list[Socket] = []
    server = net.serve(accepted.append)
    server.pause_on_connect, server.high_water_mark = True, 5
    clients = [sansnet.connect(port_of(server), "127.0.0.1")]
    net.run_until(lambda: accepted)
    assert accepted[0].is_paused()
    assert accepted[0].readable_high_water_mark == accepted[0].writable_high_water_mark == 5
    blocked = BlockList()
    blocked.add_address("127.0.0.1")
    server.block_list = blocked
    turned_away = sansnet.connect(port_of(server), "127.0.0.1")
    log = log_of(turned_away)
    net.run_until(lambda: log[-1:] == ["close(False)"])
    assert len(accepted) == 1
    server.close()
    net.close(*clients, *accepted)


@pytest.mark.covers("Server.pause", "Server.resume")
def test_a_server_that_pauses(net: Loopback) -> None:
    """Who comes meanwhile waits in the system's backlog."""
    server = net.serve()
    server.pause()
    client = sansnet.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: client.ready_state == "open")
    net.turn(20)
    assert server.connections == 0
    server.resume()
    net.run_until(lambda: server.connections == 1)
