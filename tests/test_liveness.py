"""What keeps `run()` going: whatever the operating system could still report. `ref()` and `unref()`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sansnet
from sansnet import Server, Socket
from tests.backlog import full_listener
from tests.loopback import Loopback, each_network, log_of, port_of, system_only

MIB = 1 << 20


@each_network
def net(request: pytest.FixtureRequest) -> Iterator[Loopback]:
    with request.param() as made:
        yield made


@pytest.fixture
def server(net: Loopback) -> Server:
    """It listens, and keeps nothing alive; nor do its sockets, which read nothing."""
    return net.serve(pause_on_connect=True, allow_half_open=True).unref()


def opened(net: Loopback, server: Server, **options: Any) -> Socket:
    socket = sansnet.connect(port_of(server), "127.0.0.1", **options)
    net.run_until(lambda: socket.ready_state != "opening" and server.connections)
    return socket


def is_alive(net: Loopback) -> bool:
    """Is it so, also when the loop has turned and nothing has happened?"""
    before = bool(net.driver.alive)
    assert net.step() == before
    assert net.driver.alive == before
    return before


# --------------------------------------------------------------------------------------------------------------- keeps


@pytest.mark.covers("K-09")
def test_a_server_that_listens(net: Loopback) -> None:
    server = net.serve()
    assert is_alive(net)
    server.close()
    net.run()


@pytest.mark.covers("K-09")
def test_a_connection_on_its_way(net: Loopback, server: Server) -> None:
    socket = sansnet.connect(port_of(server), "127.0.0.1")
    socket.on("connect", socket.pause)
    assert net.driver.alive
    net.run()
    assert socket.ready_state == "open"


@pytest.mark.covers("K-09")
def test_a_lookup_of_our_own(net: Loopback, server: Server) -> None:
    told: list[str] = []
    socket = sansnet.connect(port_of(server), "localhost", family=4)
    socket.on("lookup", lambda *_: told.append("lookup"))
    socket.on("connect", socket.pause)
    assert net.driver.alive
    net.run()
    assert (told, socket.ready_state) == (["lookup"], "open")


@pytest.mark.covers("K-09")
def test_a_socket_that_reads(net: Loopback, server: Server) -> None:
    socket = opened(net, server)
    assert is_alive(net)
    net.close(socket)


@pytest.mark.covers("K-09")
def test_a_socket_that_still_reads_although_it_is_paused(net: Loopback, server: Server) -> None:
    """pause() holds 'data' back; what arrives is read until the buffer is full (as in Node, whose process stays)."""
    socket = opened(net, server)
    socket.pause()
    assert is_alive(net)
    net.close(socket)


@pytest.mark.covers("K-09")
def test_a_write_that_is_not_finished(net: Loopback) -> None:
    accepted: list[Socket] = []
    server = net.serve(accepted.append, pause_on_connect=True).unref()
    socket = Socket()
    socket.on("connect", socket.pause)
    socket.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: accepted)
    net.run()
    written: list[object] = []
    socket.write(bytes(16 * MIB), callback=written.append)
    assert is_alive(net)
    accepted[0].unref().resume()
    net.run()
    assert written == [None]
    assert not socket.destroyed


@pytest.mark.covers("K-09")
def test_a_shutdown_and_a_close(net: Loopback, server: Server) -> None:
    socket = Socket()
    socket.on("connect", socket.pause)
    socket.connect(port_of(server), "127.0.0.1")
    net.run()
    log = log_of(socket)
    socket.pause().end()
    assert net.driver.alive
    net.run()
    assert "finish" in log
    socket.destroy()
    assert net.driver.alive
    net.run()
    assert log[-1] == "close(False)"


# --------------------------------------------------------------------------------------------------------- doesn't keep


@pytest.mark.covers("K-09", "J-11")
def test_a_socket_that_was_never_connected_and_its_timer(net: Loopback) -> None:
    socket = Socket().set_timeout(3600)
    assert not is_alive(net)
    socket.cork()
    socket.pause().resume()
    net.run()


@pytest.mark.covers("J-11")
def test_an_idle_timer_of_an_open_socket(net: Loopback, server: Server) -> None:
    socket = opened(net, server).unref().set_timeout(3600)
    assert not is_alive(net)
    net.close(socket)


@pytest.mark.covers("K-09", "C-23")
@pytest.mark.parametrize("when", ["before connect()", "while connecting", "in connect"])
def test_a_socket_that_was_paused_before_it_read(net: Loopback, server: Server, when: str) -> None:
    socket = Socket()
    if when == "before connect()":
        socket.pause()
    if when == "in connect":
        socket.on("connect", socket.pause)
    socket.connect(port_of(server), "127.0.0.1")
    if when == "while connecting":
        socket.pause()
    net.run()
    assert (socket.ready_state, socket.is_paused()) == ("open", True)


@pytest.mark.covers("K-09", "I-15")
def test_a_socket_that_was_accepted_paused(net: Loopback) -> None:
    accepted: list[Socket] = []
    server = net.serve(accepted.append, pause_on_connect=True)
    client = sansnet.connect(port_of(server), "127.0.0.1").unref()
    net.run_until(lambda: accepted and not client.pending)
    server.close()
    net.run()
    accepted[0].resume()
    assert is_alive(net)
    net.close(client, *accepted)


@pytest.mark.covers("K-09")
def test_a_socket_past_the_end_of_file(net: Loopback) -> None:
    client, peer = net.pair(allow_half_open=True)
    client.resume()
    peer.pause().end()
    peer.unref()
    net.run_until(lambda: client.readable_ended)
    net.run()
    assert client.ready_state == "writeOnly"
    net.close(client, peer)


@pytest.mark.covers("K-09")
def test_a_socket_whose_buffer_is_full(net: Loopback) -> None:
    client, peer = net.pair(high_water_mark=10)
    peer.unref().write("more than ten bytes")
    net.run_until(lambda: client.readable_length > 10)
    assert not is_alive(net)
    client.read()
    assert is_alive(net)
    net.close(client, peer)


@pytest.mark.covers("K-09")
def test_a_lookup_of_the_users_own(net: Loopback) -> None:
    """Nobody but the user knows when it answers: whoever does that keeps something alive."""
    answers: list[Callable[..., object]] = []
    socket = sansnet.connect(80, "a.name", lookup=lambda _host, _options, callback: answers.append(callback))
    net.run()
    assert (socket.connecting, len(answers)) == (True, 1)
    net.close(socket)


# ---------------------------------------------------------------------------------------------------------- ref, unref


@pytest.mark.covers("K-08", "K-09", "Socket.unref")
@system_only
def test_unref_right_after_connect(net: Loopback) -> None:
    with full_listener() as listener:
        socket = sansnet.connect(listener.getsockname()[1], "127.0.0.1").unref()
        net.run()
        assert socket.connecting
        socket.ref()
        assert is_alive(net)
        net.close(socket)


@pytest.mark.covers("K-08", "Socket.ref", "Socket.unref")
def test_unref_before_connect_is_remembered_and_ref_undoes_it(net: Loopback, server: Server) -> None:
    socket = Socket()
    assert socket.unref() is socket
    socket.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: not socket.pending)
    assert not is_alive(net)
    assert socket.ref() is socket
    assert is_alive(net)
    net.close(socket)


@pytest.mark.covers("K-08", "M-01")
def test_a_new_life_is_as_little_alive_as_the_old_one(net: Loopback, server: Server) -> None:
    socket = opened(net, server).unref()
    socket.destroy()
    net.run_until(lambda: not net.driver.alive)
    socket.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: not socket.pending)
    assert not is_alive(net)
    net.close(socket)


@pytest.mark.covers("K-08", "Server.ref", "Server.unref")
def test_unref_of_a_server_before_it_listens(net: Loopback) -> None:
    server = sansnet.create_server()
    assert server.unref() is server
    server.listen(0)
    net.run()
    assert server.listening
    assert server.ref() is server
    assert is_alive(net)
    server.unref()
    assert not is_alive(net)
    server.ref().close()
    net.run()


# -------------------------------------------------------------------------------------------------------------- timers


def test_a_timer_of_the_user_s_keeps_it_alive_if_it_is_to(net: Loopback) -> None:
    """As `setTimeout()` does in Node."""
    fired: list[str] = []
    net.driver.call_later(0, lambda: fired.append("not waited for"))
    assert net.driver.active == 0
    net.driver.call_later(0.001, lambda: fired.append("waited for"), ref=True)
    assert net.driver.active == 1
    net.run()
    assert "waited for" in fired
    assert net.driver.active == 0


def test_a_timer_that_is_cancelled_keeps_nothing_alive(net: Loopback) -> None:
    timer = net.driver.call_later(60, lambda: None, ref=True)
    for _ in range(2):
        timer.cancel()
        assert net.driver.active == 0
    early = net.driver.call_later(0, lambda: None, ref=True)
    net.run()
    early.cancel()
    assert net.driver.active == 0
