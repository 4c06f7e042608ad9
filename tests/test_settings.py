"""Settings of a socket as the kernel has them: TCP_NODELAY, keep-alive, the type of service."""

from __future__ import annotations

import os
import socket as system
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

import sansnet
from sansnet import Server, Socket
from tests.loopback import Loopback, loopback, port_of

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the names of the options, and their defaults, are Linux's"
)

NO_DELAY: Final = (system.IPPROTO_TCP, system.TCP_NODELAY)
KEEP_ALIVE: Final = (system.SOL_SOCKET, system.SO_KEEPALIVE)
KEEP_IDLE: Final = (system.IPPROTO_TCP, getattr(system, "TCP_KEEPIDLE", 0))
KEEP_INTERVAL: Final = (system.IPPROTO_TCP, getattr(system, "TCP_KEEPINTVL", 0))
KEEP_COUNT: Final = (system.IPPROTO_TCP, getattr(system, "TCP_KEEPCNT", 0))

Option = tuple[int, int]


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


def kernel(socket: Socket, *options: Option) -> tuple[int, ...]:
    """What the kernel says about the descriptor."""
    with system.socket(fileno=os.dup(socket.fileno())) as copy:
        return tuple(copy.getsockopt(*option) for option in options)


def meddle(socket: Socket, option: Option, value: int) -> None:
    """Set an option behind the socket's back, to see whether it is set again."""
    with system.socket(fileno=os.dup(socket.fileno())) as copy:
        copy.setsockopt(*option, value)


def defaults(*options: Option) -> tuple[int, ...]:
    with system.socket() as fresh:
        return tuple(fresh.getsockopt(*option) for option in options)


def opened(net: Loopback, socket: Socket, server: Server | None = None) -> Socket:
    socket.connect(port_of(server or net.serve()), "127.0.0.1")
    net.run_until(lambda: not socket.pending)
    return socket


# -------------------------------------------------------------------------------------------------- before a connection


@pytest.mark.covers("K-02", "K-06", "Socket.set_no_delay", "Socket.set_keep_alive")
def test_what_is_asked_for_before_a_connection_is_set_on_it(net: Loopback) -> None:
    socket = opened(net, Socket().set_no_delay().set_keep_alive(True, 7))
    assert kernel(socket, NO_DELAY, KEEP_ALIVE, KEEP_IDLE, KEEP_INTERVAL, KEEP_COUNT) == (1, 1, 7, 1, 10)


@pytest.mark.covers("K-02")
def test_so_is_what_is_asked_for_while_connecting(net: Loopback) -> None:
    server = net.serve()
    socket = sansnet.connect(port_of(server), "127.0.0.1").set_no_delay().set_keep_alive(True, 7)
    net.run_until(lambda: not socket.pending)
    assert kernel(socket, NO_DELAY, KEEP_ALIVE, KEEP_IDLE) == (1, 1, 7)


@pytest.mark.covers("K-02")
def test_what_was_not_asked_for_or_taken_back_is_the_systems_own(net: Loopback) -> None:
    options = (NO_DELAY, KEEP_ALIVE, KEEP_IDLE, KEEP_INTERVAL, KEEP_COUNT)
    socket = opened(net, Socket().set_no_delay().set_no_delay(False).set_keep_alive(True, 7).set_keep_alive())
    assert kernel(socket, *options) == defaults(*options)


@pytest.mark.covers("K-02", "M-01")
def test_a_new_life_has_them_as_well(net: Loopback) -> None:
    socket = opened(net, Socket(no_delay=True, keep_alive=True, keep_alive_initial_delay=7))
    socket.destroy()
    net.run_until(lambda: socket.pending)
    assert kernel(opened(net, socket), NO_DELAY, KEEP_ALIVE, KEEP_IDLE) == (1, 1, 7)


@pytest.mark.covers("K-04")
@pytest.mark.parametrize("make", [Socket, sansnet.connect])
def test_options_may_be_anything_that_is_true(net: Loopback, make: Callable[..., Socket]) -> None:
    target = {} if make is Socket else {"port": port_of(net.serve()), "host": "127.0.0.1"}
    socket = make(no_delay="yes", keep_alive=1, keep_alive_initial_delay=7, **target)
    if make is Socket:
        opened(net, socket)
    net.run_until(lambda: not socket.pending)
    assert kernel(socket, NO_DELAY, KEEP_ALIVE, KEEP_IDLE) == (1, 1, 7)


@pytest.mark.covers("K-04", "B-13")
def test_options_of_a_socket_say_nothing_when_it_connects(net: Loopback) -> None:
    socket = Socket()
    socket.connect(port=port_of(net.serve()), host="127.0.0.1", no_delay=True, keep_alive=True)  # type: ignore[call-overload]
    net.run_until(lambda: not socket.pending)
    assert kernel(socket, NO_DELAY, KEEP_ALIVE) == (0, 0)


# ------------------------------------------------------------------------------------------------------ on a connection


@pytest.mark.covers("K-01", "K-06")
def test_set_on_a_connection_and_taken_back(net: Loopback) -> None:
    client, peer = net.pair()
    client.set_no_delay().set_keep_alive(True, 9)
    assert kernel(client, NO_DELAY, KEEP_ALIVE, KEEP_IDLE) == (1, 1, 9)
    client.set_no_delay(False).set_keep_alive(False)
    assert kernel(client, NO_DELAY, KEEP_ALIVE) == (0, 0)
    net.close(client, peer)


@pytest.mark.covers("K-03")
def test_the_same_again_is_not_set_again(net: Loopback) -> None:
    client, peer = net.pair()
    client.set_no_delay().set_keep_alive(True, 5)
    meddle(client, NO_DELAY, 0)
    meddle(client, KEEP_IDLE, 50)
    client.set_no_delay().set_no_delay(True).set_keep_alive(True, 5).set_keep_alive(True, 5.999)
    assert kernel(client, NO_DELAY, KEEP_IDLE) == (0, 50)
    client.set_keep_alive(True, 6)
    assert kernel(client, KEEP_IDLE) == (6,)
    net.close(client, peer)


@pytest.mark.covers("K-03")
@pytest.mark.parametrize("delay", [0, -3, 0.9, float("nan"), None, "5", object()])
def test_what_is_no_delay_leaves_the_systems_own(net: Loopback, delay: Any) -> None:
    client, peer = net.pair()
    client.set_keep_alive(True, delay)
    assert kernel(client, KEEP_ALIVE, KEEP_IDLE) == (1, *defaults(KEEP_IDLE))
    net.close(client, peer)


@pytest.mark.covers("K-03", "A-10")
def test_a_negative_delay_among_the_options_is_none(net: Loopback) -> None:
    socket = opened(net, Socket(keep_alive=True, keep_alive_initial_delay=-5))
    assert kernel(socket, KEEP_ALIVE, KEEP_IDLE) == (1, *defaults(KEEP_IDLE))


@pytest.mark.covers("Z-05")
def test_interval_and_count_of_probes(net: Loopback) -> None:
    client, peer = net.pair()
    client.set_keep_alive(True, 5, 3, 4)
    assert kernel(client, KEEP_IDLE, KEEP_INTERVAL, KEEP_COUNT) == (5, 3, 4)
    client.set_keep_alive({"enable": True, "initial_delay": 6, "interval": 2.9, "count": 2})
    assert kernel(client, KEEP_IDLE, KEEP_INTERVAL, KEEP_COUNT) == (6, 2, 2)
    client.set_keep_alive(True, 6, interval="garbage", count=-1)  # type: ignore[arg-type]  # never raises
    assert kernel(client, KEEP_IDLE, KEEP_INTERVAL, KEEP_COUNT) == (6, 1, 10)
    net.close(client, peer)


# --------------------------------------------------------------------------------------------------------- of a server


@pytest.mark.covers("K-05", "K-06", "Server.no_delay", "Server.keep_alive", "Server.keep_alive_initial_delay")
def test_accepted_sockets_have_the_servers_settings_when_they_are_told_of(net: Loopback) -> None:
    seen: list[tuple[int, ...]] = []
    options = (NO_DELAY, KEEP_ALIVE, KEEP_IDLE, KEEP_INTERVAL, KEEP_COUNT)
    server = net.serve(
        lambda peer: seen.append(kernel(peer, *options)), no_delay=True, keep_alive=True, keep_alive_initial_delay=8.7
    )
    opened(net, Socket(), server)
    net.run_until(lambda: seen)
    assert seen == [(1, 1, 8, 1, 10)]


@pytest.mark.covers("K-05")
def test_what_the_server_has_set_is_not_set_again(net: Loopback) -> None:
    client, peer = net.pair({"no_delay": True, "keep_alive": True, "keep_alive_initial_delay": 8})
    meddle(peer, NO_DELAY, 0)
    meddle(peer, KEEP_IDLE, 50)
    peer.set_no_delay(True).set_keep_alive(True, 8)
    assert kernel(peer, NO_DELAY, KEEP_IDLE) == (0, 50)
    peer.set_keep_alive(True, 9)
    assert kernel(peer, KEEP_IDLE) == (9,)
    net.close(client, peer)


@pytest.mark.covers("K-06")
def test_a_port_can_be_had_again_at_once(net: Loopback) -> None:
    """SO_REUSEADDR: a connection of the server before lingers in TIME_WAIT, at its port."""
    accepted: list[Socket] = []
    server = net.serve(accepted.append)
    port = port_of(server)
    client = opened(net, Socket(), server)
    net.run_until(lambda: accepted)
    server.close()
    accepted[0].resume().end()  # who ends first lingers
    client.resume()
    net.run()
    again = sansnet.create_server().listen(port, "127.0.0.1")
    net.run_until(lambda: again.listening)
    again.close()
    with system.socket() as strict, pytest.raises(OSError, match="in use"):
        strict.bind(("127.0.0.1", port))  # without SO_REUSEADDR it can't be had


# ------------------------------------------------------------------------------------------------------ type of service


@pytest.mark.covers("K-07", "Socket.set_type_of_service", "Socket.get_type_of_service")
@pytest.mark.parametrize(
    ("host", "option"),
    [
        ("127.0.0.1", (system.IPPROTO_IP, system.IP_TOS)),
        ("::1", (system.IPPROTO_IPV6, getattr(system, "IPV6_TCLASS", 0))),
    ],
)
def test_type_of_service(net: Loopback, host: str, option: Option) -> None:
    """As an option, before a connection and on it; what was set last can be asked for when it is gone."""
    server = sansnet.create_server().listen(0, host)
    net.run_until(lambda: server.listening)
    socket = Socket(type_of_service=0x08)
    assert socket.get_type_of_service() == 0x08
    socket.set_type_of_service(0x10)
    assert socket.get_type_of_service() == 0x10
    socket.connect(port_of(server), host)
    with pytest.raises(OSError, match="EBADF") as caught:
        socket.get_type_of_service()
    assert getattr(caught.value, "code", None) == "EBADF"
    net.run_until(lambda: not socket.pending)
    assert (kernel(socket, option), socket.get_type_of_service()) == ((0x10,), 0x10)
    socket.set_type_of_service(0x20)
    assert kernel(socket, option) == (0x20,)
    socket.destroy()
    assert socket.get_type_of_service() == 0x20


@pytest.mark.covers("K-07")
@pytest.mark.parametrize(
    ("value", "error", "code"),
    [
        (256, ValueError, "ERR_OUT_OF_RANGE"),
        (-1, ValueError, "ERR_OUT_OF_RANGE"),
        (1.5, ValueError, "ERR_OUT_OF_RANGE"),
        (float("nan"), TypeError, "ERR_INVALID_ARG_TYPE"),
        ("16", TypeError, "ERR_INVALID_ARG_TYPE"),
        (None, TypeError, "ERR_INVALID_ARG_TYPE"),
        (True, TypeError, "ERR_INVALID_ARG_TYPE"),
    ],
)
def test_what_is_no_type_of_service(net: Loopback, value: Any, error: type[Exception], code: str) -> None:
    socket = Socket()
    with pytest.raises(error) as caught:
        socket.set_type_of_service(value)
    assert (getattr(caught.value, "code", None), socket.get_type_of_service()) == (code, 0)


@pytest.mark.covers("K-07")
@pytest.mark.parametrize(
    ("value", "error"), [(256, ValueError), (-1, ValueError), (1.5, ValueError), ("16", TypeError)]
)
def test_what_is_no_option_for_it(net: Loopback, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"options\.type_of_service"):
        Socket(type_of_service=value)
    assert Socket(type_of_service=None).get_type_of_service() == 0
