"""`OnRead`: reading into a buffer of one's own."""

from __future__ import annotations

import array
from collections.abc import Iterator
from typing import Any

import pytest

import sansnet
from sansnet import BoundSocket, OnRead, Socket
from tests.loopback import Loopback, log_of, loopback, port_of


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


class Filled:
    """What was read, chunk by chunk; it answers as it is told, and otherwise nothing."""

    def __init__(self, *answers: object) -> None:
        self.chunks: list[bytes] = []
        self.buffers: list[Any] = []
        self._answers = list(answers)

    def __call__(self, count: int, buffer: Any) -> object:
        self.chunks.append(bytes(memoryview(buffer).cast("B")[:count]))
        self.buffers.append(buffer)
        return self._answers.pop(0) if self._answers else None


def reader(net: Loopback, payload: bytes, on_read: OnRead, **options: Any) -> Socket:
    """A client whose peer sends `payload` and ends."""
    accepted: list[Socket] = []
    server = net.serve(lambda peer: accepted.append(peer.end(payload)))
    client = sansnet.connect(port_of(server), "127.0.0.1", on_read=on_read, **options)
    net.run_until(lambda: accepted and client.ready_state != "opening")  # what waits to be accepted would be reset
    server.close()
    return client


@pytest.mark.covers("I-10", "Socket.on_read")
def test_a_buffer_that_is_used_again(net: Loopback) -> None:
    buffer = bytearray(3)
    filled = Filled()
    client = reader(net, b"abcdefgh", OnRead(buffer, filled))
    log = log_of(client)
    net.run()
    assert filled.chunks == [b"abc", b"def", b"gh"]
    assert all(given is buffer for given in filled.buffers)
    assert client.bytes_read == 8
    assert "data" not in "".join(log)
    assert [event for event in log if event != "finish"][-3:] == ["end", "prefinish", "close(False)"]


@pytest.mark.covers("Socket.on_read")
@pytest.mark.parametrize("buffer", [array.array("I", [0]), memoryview(bytearray(8))[2:6]], ids=["words", "a view"])
def test_any_buffer_that_can_be_filled(net: Loopback, buffer: Any) -> None:
    filled = Filled()
    reader(net, b"abcdefgh", OnRead(buffer, filled))
    net.run()
    assert filled.chunks == [b"abcd", b"efgh"]
    assert all(given is buffer for given in filled.buffers)


@pytest.mark.covers("I-13")
def test_a_function_makes_the_buffers(net: Loopback) -> None:
    """One when the socket is made, and another after each chunk; what is none isn't taken, and the one before stays."""
    made: list[Any] = [bytearray(2), bytearray(3), b"no buffer", None, bytearray(1)]
    buffers = iter(made)
    filled = Filled()
    reader(net, b"abcdefghijk", OnRead(lambda: next(buffers, bytearray(9)), filled))
    net.run()
    assert filled.chunks == [b"ab", b"cde", b"fgh", b"ijk"]
    assert [filled.buffers.index(given) for given in filled.buffers] == [0, 1, 1, 1]
    assert filled.buffers[0] is made[0]
    assert filled.buffers[1] is made[1]


@pytest.mark.covers("I-12")
@pytest.mark.parametrize("go_on", ["resume", "read"])
def test_false_stops_reading(net: Loopback, go_on: str) -> None:
    """Exactly False does; then the peer's end isn't seen either, until reading goes on."""
    filled = Filled(0, None, False)
    client = reader(net, b"abcd", OnRead(bytearray(1), filled))
    net.run_until(lambda: len(filled.chunks) == 3)
    net.turn(5)
    assert filled.chunks == [b"a", b"b", b"c"]
    assert (client.is_paused(), client.readable_ended) == (False, False)
    getattr(client, go_on)()
    net.run()
    assert (filled.chunks[3:], client.readable_ended) == ([b"d"], True)


@pytest.mark.covers("Socket.on_read")
def test_a_callback_that_raises_loses_nothing(net: Loopback) -> None:
    chunks: list[bytes] = []

    def fill(count: int, buffer: bytearray) -> None:
        chunks.append(bytes(buffer[:count]))
        if len(chunks) == 1:
            raise LookupError("mine")

    client = reader(net, b"abcdef", OnRead(bytearray(3), fill))
    with pytest.raises(LookupError, match="mine"):
        net.run()
    net.run()
    assert (chunks, client.destroyed) == ([b"abc", b"def"], True)


@pytest.mark.covers("Socket.on_read", "Z-06")
def test_a_bound_socket_reads_into_a_buffer_too(net: Loopback) -> None:
    filled = Filled()
    server = net.serve(lambda peer: peer.end(b"abcdefgh"))
    client = Socket(handle=BoundSocket(host="127.0.0.1"), on_read=OnRead(bytearray(3), filled))
    client.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: client.destroyed)
    assert filled.chunks == [b"abc", b"def", b"gh"]


@pytest.mark.covers("Socket.on_read", "M-01")
def test_the_buffer_is_kept_for_the_next_connection(net: Loopback) -> None:
    filled = Filled()
    client = reader(net, b"abcd", OnRead(bytearray(3), filled))
    net.run()
    server = net.serve(lambda peer: peer.end(b"efgh"))
    client.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: client.destroyed)
    assert filled.chunks == [b"abc", b"d", b"efg", b"h"]
