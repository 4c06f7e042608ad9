"""Servers that listen on one another's socket, or pipe: a handle belongs to one port, so they share a door."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

import sansnet
from sansnet import Server, Socket
from sansnet.drivers.overlapped import OverlappedDriver
from tests.loopback import Loopback, loopback, port_of
from tests.windows.bench import needs_windows, new_name

pytestmark = needs_windows


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


def first_and_second(net: Loopback, kind: str) -> tuple[Server, Server, Any, list[list[Socket]]]:
    """Two servers, where they are, and what each has accepted."""
    accepted: list[list[Socket]] = [[], []]
    first = sansnet.create_server(accepted[0].append)
    where: Any = new_name() if kind == "pipe" else 0
    first.listen(where)
    second = sansnet.create_server(accepted[1].append).listen(first)
    assert first.listening
    assert second.listening
    return first, second, where or port_of(first), accepted


def connected(net: Loopback, where: Any, accepted: list[list[Socket]]) -> Socket:
    """A client that was accepted by one of them."""
    before = sum(map(len, accepted))
    client = sansnet.connect(where)
    net.run_until(lambda: client.ready_state == "open" and sum(map(len, accepted)) > before)
    return client


@pytest.mark.covers("N-21")
@pytest.mark.parametrize("kind", ["tcp", "pipe"])
def test_both_take_connections_in_turn(net: Loopback, kind: str) -> None:
    first, second, where, accepted = first_and_second(net, kind)
    assert second.address() == first.address()
    clients = [connected(net, where, accepted) for _ in range(4)]
    assert [len(taken) for taken in accepted] == [2, 2]
    first.close()
    second.close()
    net.close(*clients, *accepted[0], *accepted[1])


@pytest.mark.parametrize("kind", ["tcp", "pipe"])
@pytest.mark.parametrize("leaver", [0, 1])
def test_one_of_them_goes_on_alone(net: Loopback, kind: str, leaver: int) -> None:
    first, second, where, accepted = first_and_second(net, kind)
    closed: list[None] = []
    [first, second][leaver].close(lambda: closed.append(None))
    net.run_until(lambda: closed)
    clients = [connected(net, where, accepted) for _ in range(3)]
    assert len(accepted[1 - leaver]) == 3
    [second, first][leaver].close()
    net.close(*clients, *accepted[0], *accepted[1])
    errors: list[Any] = []
    sansnet.connect(where).on("error", lambda error: errors.append(error.code))
    net.run_until(lambda: errors)
    assert errors == ["ECONNREFUSED" if kind == "tcp" else "ENOENT"]


@pytest.mark.parametrize("kind", ["tcp", "pipe"])
def test_a_paused_one_leaves_them_to_the_other(net: Loopback, kind: str) -> None:
    first, second, where, accepted = first_and_second(net, kind)
    first.pause()
    clients = [sansnet.connect(where) for _ in range(5)]
    net.run_until(lambda: len(accepted[1]) == 4 and all(client.ready_state == "open" for client in clients))
    assert not accepted[0]
    first.resume()  # one was on its way to it
    net.run_until(lambda: accepted[0])
    first.close()
    second.close()
    net.close(*clients, *accepted[0], *accepted[1])


def test_a_server_of_another_loop_is_refused_and_unharmed(net: Loopback) -> None:
    """Its socket belongs to that loop's port."""
    with OverlappedDriver() as other:
        with sansnet.using(other):
            theirs = sansnet.create_server(lambda socket: socket.end("still here")).listen(0)
        errors: list[Any] = []
        ours = sansnet.create_server().on("error", errors.append).listen(theirs)
        net.run_until(lambda: errors)
        assert not ours.listening
        assert (errors[0].code, errors[0].syscall) == ("EINVAL", "listen")
        with socket.create_connection(("127.0.0.1", port_of(theirs))) as client:
            Loopback(other).run_until(lambda: theirs.connections)
            assert client.recv(100) == b"still here"


def test_a_socket_of_another_loop_is_refused_and_left_to_its_owner(net: Loopback) -> None:
    import _overlapped
    import _winapi

    port = _overlapped.CreateIoCompletionPort(_overlapped.INVALID_HANDLE_VALUE, 0, 0, 1)
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            _overlapped.CreateIoCompletionPort(listening.fileno(), port, 0, 0)
            with socket.create_connection(listening.getsockname()) as client:
                accepted, _ = listening.accept()
                with accepted:
                    _overlapped.CreateIoCompletionPort(client.fileno(), port, 0, 0)
                    with pytest.raises(TypeError, match="UNKNOWN"):
                        Socket(handle=client)
                    errors: list[Any] = []
                    sansnet.create_server().on("error", errors.append).listen(listening)
                    net.run_until(lambda: errors)
                    assert errors[0].code == "EINVAL"
                    client.send(b"x")
                    assert accepted.recv(1) == b"x"
            assert listening.fileno() != -1
    finally:
        _winapi.CloseHandle(port)
