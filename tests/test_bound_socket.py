"""`BoundSocket`: who owns the address when. What Node does with one is in tests/node/scenarios/binding.py."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import sansnet
from sansnet import AddressInfo, BoundSocket, Socket
from sansnet.testing.conformance_system import is_open
from tests.loopback import HAS_PATHS, Loopback, each_network, loopback, port_of, system_only

needs_paths = pytest.mark.skipif(not HAS_PATHS, reason="Unix domain sockets")
ADOPTED = "The bound socket has already been adopted by a server or socket"


@each_network
def net(request: pytest.FixtureRequest) -> Iterator[Loopback]:
    with request.param() as made:
        yield made


@pytest.mark.covers(
    "Z-06", "BoundSocket.address", "BoundSocket.fd", "BoundSocket.fileno", "BoundSocket.is_pipe", "BoundSocket.close"
)
@system_only
def test_it_holds_an_address_until_it_is_closed(net: Loopback) -> None:
    bound = BoundSocket(host="127.0.0.1")
    address = bound.address()
    assert isinstance(address, AddressInfo)
    assert (address.address, address.family) == ("127.0.0.1", "IPv4")
    assert not bound.is_pipe
    number = bound.fd()
    assert bound.fileno() == number
    with socket.socket() as other, pytest.raises(OSError, match=str(errno.EADDRINUSE)):
        other.bind(("127.0.0.1", address.port))
    assert not net.driver.alive, "the system will report nothing on it"
    bound.close()
    assert not is_open(number)
    for method in (bound.address, bound.fd, bound.fileno, bound.close):
        with pytest.raises(RuntimeError) as raised:
            method()
        assert (str(raised.value), getattr(raised.value, "code", "")) == (ADOPTED, "ERR_SOCKET_HANDLE_ADOPTED")


@pytest.mark.covers("BoundSocket.__enter__")
def test_with_closes_what_nobody_took_over(net: Loopback) -> None:
    with BoundSocket() as bound:
        number = bound.fd()
    assert not is_open(number)
    with BoundSocket(host="127.0.0.1") as bound:
        server = sansnet.create_server().listen(bound)
    assert server.listening
    server.close()


@pytest.mark.covers("BoundSocket", "Server.fileno")
def test_a_server_takes_it_over_with_its_port_and_its_descriptor(net: Loopback) -> None:
    bound = BoundSocket(host="127.0.0.1")
    address, number = bound.address(), bound.fd()
    server = sansnet.create_server(lambda peer: peer.end("hello")).listen(handle=bound)
    assert (server.address(), server.fileno()) == (address, number)
    client = sansnet.connect(port_of(server), "127.0.0.1")
    heard: list[bytes] = []
    client.on("data", heard.append)
    net.run_until(lambda: client.destroyed)
    assert b"".join(heard) == b"hello"
    server.close()
    net.run()
    assert server.fileno() == -1
    for adopt in (lambda: Socket(handle=bound), lambda: sansnet.create_server().listen(bound)):
        with pytest.raises(RuntimeError, match="adopted"):
            adopt()


def test_a_client_connects_from_it(net: Loopback) -> None:
    bound = BoundSocket(host="127.0.0.1")
    address = bound.address()
    ports: list[int | None] = []
    server = net.serve(lambda peer: ports.append(peer.remote_port))
    client = Socket(handle=bound)
    assert client.address() == address
    client.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: ports)
    assert isinstance(address, AddressInfo)
    assert ports == [address.port]
    client.destroy()
    net.run_until(lambda: not server.connections)
    client.connect(port_of(server), "127.0.0.1")  # another life has an address of its own
    net.run_until(lambda: len(ports) == 2)
    assert ports[1] != address.port
    client.destroy()
    server.close()


@system_only
def test_a_failed_server_leaves_it_as_it_was(net: Loopback) -> None:
    """Bad arguments are found before anything changes hands."""
    with BoundSocket() as bound:
        for bad in ({"backlog": "many"}, {"signal": 5}):
            with pytest.raises(TypeError):
                sansnet.create_server().listen(handle=bound, **bad)
        with pytest.raises(TypeError):
            Socket(handle=bound, signal=5)  # type: ignore[arg-type]
        assert bound.fd() > 0


@needs_paths
def test_a_path_is_removed_with_it(net: Loopback, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    bound = BoundSocket(path=tmp_path / "socket")
    assert bound.address() == path
    bound.close()
    assert not os.path.exists(path)
    with pytest.raises(OSError, match="bind EADDRINUSE") as raised, BoundSocket(path=path), BoundSocket(path=path):
        pass
    assert raised.value.errno == errno.EADDRINUSE
    assert not os.path.exists(path)


@needs_paths
@system_only
def test_a_path_is_removed_with_the_client_that_took_it_over(net: Loopback, tmp_path: Path) -> None:
    path = str(tmp_path / "client")
    server = sansnet.create_server().listen(str(tmp_path / "server"))
    client = Socket(handle=BoundSocket(path=path))
    assert (client.local_address, client.address()) == (path, path)
    client.connect(str(tmp_path / "server"))
    net.run_until(lambda: server.connections)
    assert os.path.exists(path)
    client.destroy()
    net.run_until(lambda: not server.connections)
    assert not os.path.exists(path)
    server.close()


@needs_paths
def test_what_connects_elsewhere_than_it_was_bound_for_is_refused(net: Loopback, tmp_path: Path) -> None:
    client = Socket(handle=BoundSocket(host="127.0.0.1"))
    with pytest.raises(ValueError, match="path cannot be used with a bound socket that has none"):
        client.connect(str(tmp_path / "socket"))
    assert not client.connecting
    client.destroy()


def test_what_is_no_option() -> None:
    with pytest.raises(
        TypeError, match=r"BoundSocket\(\) got an unexpected keyword argument 'hosts'. Did you mean 'host'"
    ):
        BoundSocket(hosts="127.0.0.1")  # type: ignore[call-arg]


def test_a_driver_that_is_closed_closes_it() -> None:
    with loopback():
        bound = BoundSocket()
        number = bound.fd()
    assert not is_open(number)
    bound.close()


@needs_paths
@system_only
def test_a_stranger_s_file_is_left_alone(net: Loopback, tmp_path: Path) -> None:
    """`link/..` is where the link leads, not what it is written next to."""
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real" / "inner")
    stranger = tmp_path / "socket"
    stranger.write_text("a stranger's")
    bound = BoundSocket(path=str(tmp_path / "link" / ".." / "socket"))
    assert (tmp_path / "real" / "socket").exists()
    bound.close()
    assert stranger.exists()
    assert not (tmp_path / "real" / "socket").exists()


@needs_paths
@system_only
def test_a_path_is_removed_before_its_number_can_be_a_stranger_s(net: Loopback, tmp_path: Path) -> None:
    """As long as the socket is open no other file can have its number; so the file goes first."""
    path = tmp_path / "client"
    client = Socket(handle=BoundSocket(path=str(path)))
    seen: list[bool] = []
    client.on("error", lambda: None)
    client.on("connection_attempt_failed", lambda: seen.append(path.exists()))
    client.connect(str(tmp_path / "nobody"))
    net.run()
    assert seen == [False]


@system_only
def test_a_call_that_raises_takes_nothing_over(net: Loopback) -> None:
    bound = BoundSocket(host="127.0.0.1")
    with loopback() as other:
        server = sansnet.create_server()
        other.driver.close()
        with pytest.raises(RuntimeError, match="closed"):
            Socket(handle=bound)
        with pytest.raises(RuntimeError, match="closed"):
            server.listen(bound)
    assert is_open(bound.fd())
    bound.close()


def test_a_lookup_that_raises_leaves_it_bound(net: Loopback) -> None:
    client = Socket(handle=BoundSocket(host="127.0.0.1"))
    port = client.local_port
    with pytest.raises(ZeroDivisionError):
        client.connect(port=80, host="a.name", lookup=lambda *_: 1 / 0)
    assert (client.local_port, client.pending) == (port, False)
    ports: list[int | None] = []
    server = net.serve(lambda peer: ports.append(peer.remote_port))
    client.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: ports)
    assert ports == [port]
    server.close()
    net.close(client)


def test_ended_before_it_is_connected_it_goes_to_the_next_life(net: Loopback) -> None:
    """It would be nobody's otherwise, and never be closed."""
    client = Socket(handle=BoundSocket(host="127.0.0.1")).end()
    port = client.local_port
    ports: list[int | None] = []
    server = net.serve(lambda peer: ports.append(peer.remote_port))
    client.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: ports)
    assert ports == [port]
    server.close()
    net.close(client)
    assert net.driver.handles == {}
