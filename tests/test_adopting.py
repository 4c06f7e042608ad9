"""Sockets around a connection that somebody else has made: `Socket(fd=…)` and `Socket(handle=…)`."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator

import pytest

import sansnet
from sansnet import NetTypeError, OnRead, Socket
from tests.loopback import Loopback, log_of, loopback, port_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="descriptors are POSIX's here")


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


WAYS: list[Callable[[socket.socket], Socket]] = [
    lambda ours: Socket(handle=ours),
    lambda ours: Socket({"handle": ours}),
    lambda ours: Socket(fd=ours.detach()),
    lambda ours: Socket(ours.detach()),
]


@pytest.mark.covers("A-08", "A-14")
@pytest.mark.parametrize("way", WAYS, ids=["handle", "mapping", "fd", "number"])
def test_a_connection_is_adopted(
    net: Loopback, pair: tuple[socket.socket, socket.socket], way: Callable[[socket.socket], Socket]
) -> None:
    """It is open at once, without 'connect', and belongs to the socket alone from then on."""
    ours, theirs = pair
    adopted = way(ours)
    assert (adopted.ready_state, adopted.pending, adopted.connecting, ours.fileno()) == ("open", False, False, -1)
    log = log_of(adopted)
    theirs.sendall(b"question")
    adopted.write("answer")
    net.run_until(lambda: "data(b'question')" in log)
    assert theirs.recv(100) == b"answer"
    theirs.shutdown(socket.SHUT_WR)
    net.run()
    assert log == ["data(b'question')", "end", "prefinish", "finish", "close(False)"]
    assert theirs.recv(100) == b""


@pytest.mark.covers("A-14")
def test_a_handle_that_is_none(net: Loopback) -> None:
    with pytest.raises(NetTypeError, match=r'The "handle" argument must be an object with fileno\(\)\.') as refused:
        Socket(handle=object())  # type: ignore[arg-type]
    assert refused.value.code == "ERR_INVALID_ARG_TYPE"
    with pytest.raises(NetTypeError, match="Unsupported fd type: UNKNOWN"):
        Socket(handle=sansnet.create_server())


@pytest.mark.covers("Socket.on_read", "A-14")
def test_an_adopted_connection_is_read_into_a_buffer(net: Loopback, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    got: list[bytes] = []
    buffer = bytearray(3)
    Socket(handle=ours, on_read=OnRead(buffer, lambda count, filled: got.append(bytes(filled[:count]))))
    theirs.sendall(b"abcdefgh")
    theirs.close()
    net.run()
    assert got == [b"abc", b"def", b"gh"]


@pytest.mark.covers("Server.pause_on_connect", "Socket.resume", "I-15", "Socket.fileno")
def test_a_paused_connection_is_handed_over(net: Loopback) -> None:
    """Whoever gets the descriptor reads all of it: the one who accepted the connection has read nothing."""
    accepted: list[Socket] = []
    server = net.serve(accepted.append, pause_on_connect=True)
    with socket.create_connection(("127.0.0.1", port_of(server))) as client:
        client.sendall(b"before ")
        net.run_until(lambda: accepted)
        net.turn(5)
        [first] = accepted
        assert (first.is_paused(), first.bytes_read, first.readable_length) == (True, 0, 0)
        second = Socket(fd=os.dup(first.fileno()))
        log = log_of(first)
        first.destroy()
        server.close()
        got = bytearray()
        second.on("data", got.extend)
        net.run_until(lambda: log)
        client.sendall(b"after")
        client.shutdown(socket.SHUT_WR)
        net.run_until(lambda: second.readable_ended)
    net.run()
    assert (bytes(got), log) == (b"before after", ["close(False)"])


def test_a_socket_that_is_not_connected_is_what_connect_connects(net: Loopback) -> None:
    ports: list[int | None] = []
    server = net.serve(lambda peer: ports.append(peer.remote_port))
    own = socket.socket()
    own.bind(("127.0.0.1", 0))
    port = own.getsockname()[1]
    client = Socket(handle=own)
    assert (client.pending, client.local_port) == (False, port)
    assert not net.driver.alive or server.listening, "nothing is reported on it"
    client.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: ports)
    assert ports == [port]
    server.close()
    net.close(client)


def test_a_path_s_socket_that_is_not_connected_connects_to_paths_only(net: Loopback) -> None:
    client = Socket(handle=socket.socket(socket.AF_UNIX))
    with pytest.raises(TypeError, match=r"options\.path"):
        client.connect(80)
    log = log_of(client)
    client.connect("/no/such/path")
    net.run()
    assert log == ["error(ENOENT)", "close(True)"]


def test_a_socket_that_listens_can_not_be_connected(net: Loopback) -> None:
    own = socket.create_server(("127.0.0.1", 0))
    client = Socket(handle=own)
    log = log_of(client)
    client.connect(80, "127.0.0.1")
    net.run()
    assert log[-1] == "close(True)"
    assert log[0].startswith("error(")


def cut_off(sent: bytes = b"") -> socket.socket:
    """A connection whose peer has sent that much, and RST."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    peer.sendall(sent)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    return ours


@pytest.mark.parametrize("sent", [b"", b"hello"])
def test_a_connection_that_was_cut_off_is_no_unconnected_socket(net: Loopback, sent: bytes) -> None:
    """It has no peer any more, but something to tell."""
    adopted = Socket(handle=cut_off(sent))
    log = log_of(adopted)
    net.run()
    assert log == [*(["data(b'hello')"] if sent else []), "error(ECONNRESET)", "close(True)"]
