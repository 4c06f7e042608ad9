"""`Socket` as a stream, over the real driver: writing, reading, and the time in which nothing moves.

The marks in brackets are the numbers of Node's observed behaviours.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sansnet
from sansnet import Socket
from tests.loopback import Loopback, each_network, log_of, port_of

MIB = 1 << 20


@each_network
def net(request: pytest.FixtureRequest) -> Iterator[Loopback]:
    with request.param() as made:
        yield made


def has_read(socket: Socket, count: int) -> Callable[[], bool]:
    return lambda: socket.bytes_read == count


# -------------------------------------------------------------------------------------------------------------- writing


def test_what_the_system_takes_at_once_is_true(net: Loopback) -> None:
    """[G-10] The answer is given after the system had its chance."""
    client, peer = net.pair()
    assert client.write(bytes(30_000))
    assert client.writable_length == 0
    assert client.bytes_written == 30_000
    net.close(client, peer)


def test_backpressure_ends_with_one_drain(net: Loopback) -> None:
    """[G-11, G-13]"""
    client, peer = net.pair()
    log = log_of(client)
    peer.pause()
    count = 0
    while client.write(bytes(MIB)):
        count += 1
    assert 0 < client.writable_length <= MIB
    assert not client.write(bytes(MIB))
    net.turn(10)
    assert "drain" not in log
    peer.resume()
    net.run_until(lambda: "drain" in log)
    assert client.writable_length == 0
    net.run_until(lambda: peer.bytes_read == (count + 2) * MIB)
    assert log.count("drain") == 1
    net.close(client, peer)


@pytest.mark.covers("G-15")
def test_cork_sends_together(net: Loopback) -> None:
    """[G-15]"""
    client, peer = net.pair()
    log = log_of(peer)
    client.cork()
    client.cork()
    for word in ("all ", "of ", "it"):
        client.write(word)
    client.uncork()
    net.turn(10)
    assert (client.writable_corked, client.writable_length, log) == (1, 9, [])
    client.uncork()
    net.run_until(lambda: log)
    assert log == ["data(b'all of it')"]
    net.close(client, peer)


@pytest.mark.covers("G-15")
def test_end_uncorks(net: Loopback) -> None:
    client, peer = net.pair()
    log = log_of(peer)
    client.cork()
    client.write("a")
    client.resume().end("b")
    net.run()
    assert "".join(log).startswith("data(b'ab')end")


@pytest.mark.covers("G-01", "G-02", "G-04")
@pytest.mark.parametrize(
    ("data", "encoding", "sent"),
    [
        ("é€", None, b"\xc3\xa9\xe2\x82\xac"),
        ("é", "latin1", b"\xe9"),
        ("616263", "hex", b"abc"),
        ("YWJj", "base64", b"abc"),
        (b"bytes", None, b"bytes"),
        (bytearray(b"array"), None, b"array"),
        (memoryview(b"a view")[2:], None, b"view"),
        (array.array("H", [1, 2]), None, array.array("H", [1, 2]).tobytes()),
        ("", None, b""),
    ],
)
def test_what_can_be_written(net: Loopback, data: Any, encoding: str | None, sent: bytes) -> None:
    """[G-01, G-02, G-04]"""
    client, peer = net.pair()
    received = bytearray()
    answers: list[object] = []
    peer.on("data", received.extend)
    assert client.write(data, encoding, answers.append)
    client.resume().end()
    net.run()
    assert (bytes(received), client.bytes_written, answers) == (sent, len(sent), [None])


def test_a_buffer_may_be_used_again_after_write(net: Loopback) -> None:
    client, peer = net.pair()
    received = bytearray()
    peer.on("data", received.extend)
    buffer = bytearray(b"first")
    client.cork()
    client.write(buffer)
    buffer[:] = b"other"
    client.uncork()
    net.run_until(lambda: received)
    assert received == b"first"
    net.close(client, peer)


@pytest.mark.covers("G-01")
@pytest.mark.parametrize(
    ("data", "code"), [(None, "ERR_STREAM_NULL_VALUES"), (5, "ERR_INVALID_ARG_TYPE"), ([1], "ERR_INVALID_ARG_TYPE")]
)
def test_what_cannot_be_written(net: Loopback, data: Any, code: str) -> None:
    """[G-01] It raises at once, and the socket lives on."""
    client, peer = net.pair()
    with pytest.raises(TypeError) as caught:
        client.write(data)
    assert getattr(caught.value, "code", None) == code
    assert client.ready_state == "open"
    net.close(client, peer)


def test_written_before_there_is_a_connection(net: Loopback) -> None:
    """[G-06, C-22] It waits; end() does, too."""
    received: list[bytes] = []
    server = net.serve(lambda peer: peer.on("data", received.append))
    client = sansnet.connect(port_of(server), "127.0.0.1")
    log = log_of(client)
    assert client.write("early")
    assert (client.writable_length, client.bytes_written, client.buffer_size) == (5, 5, 5)
    client.end()
    assert client.ready_state == "opening"
    net.run_until(lambda: client.destroyed)
    assert received == [b"early"]
    assert log[:4] == ["connect", "ready", "prefinish", "finish"]


def test_written_to_nowhere(net: Loopback) -> None:
    """[G-05] Nobody ever asked for a connection."""
    socket = Socket()
    log = log_of(socket)
    answers: list[Any] = []
    assert socket.write("x", callback=answers.append) is False
    net.run()
    assert [error.code for error in answers] == ["ERR_SOCKET_CLOSED"]
    assert log == ["error(ERR_SOCKET_CLOSED)", "close(None)"]


def test_write_after_end(net: Loopback) -> None:
    """[G-18] An error; but what was written before still arrives."""
    client, peer = net.pair()
    log = log_of(client)
    heard = log_of(peer)
    answers: list[Any] = []
    client.end("before")
    assert client.write("after", callback=answers.append) is False
    assert client.ready_state == "closed"
    net.run()
    assert [error.code for error in answers] == ["ERR_STREAM_WRITE_AFTER_END"]
    assert log == ["error(ERR_STREAM_WRITE_AFTER_END)", "close(True)"]
    assert heard[0] == "data(b'before')"


def test_write_after_destroy_is_only_answered(net: Loopback) -> None:
    """[G-20, F-13] As often as one likes: a callback each time, never an 'error'."""
    client, peer = net.pair()
    log = log_of(client)
    answers: list[Any] = []
    client.destroy()
    for _ in range(3):
        assert client.write("x", callback=answers.append) is False
    client.end("x", callback=answers.append)
    net.run()
    assert [error.code for error in answers] == ["ERR_STREAM_DESTROYED"] * 4
    assert log == ["close(False)"]
    assert peer.destroyed


# -------------------------------------------------------------------------------------------------------------- reading


def test_pause_and_resume(net: Loopback) -> None:
    """[I-03] Nothing is told while paused, nothing is lost, and the order holds."""
    client, peer = net.pair()
    log = log_of(peer)
    peer.pause()
    for number in range(5):
        client.write(str(number))
    client.resume().end()
    net.run_until(lambda: peer.bytes_read == 5)
    net.turn(10)
    assert (log, peer.is_paused(), peer.readable_flowing) == ([], True, False)
    peer.resume()
    net.run()
    assert "".join(log).replace("')data(b'", "") == "data(b'01234')endprefinishfinishclose(False)"


def test_pause_in_a_listener_holds_the_rest_back(net: Loopback) -> None:
    client, peer = net.pair()
    chunks: list[bytes] = []
    peer.pause()
    peer.on("data", chunks.append)
    peer.on("data", lambda _chunk: peer.pause())
    for number in range(3):
        client.write(str(number))
        net.run_until(has_read(peer, number + 1))
    for told in range(3):
        net.turn(5)
        assert len(chunks) == told
        peer.resume()
    net.run_until(lambda: len(chunks) == 3)
    assert chunks == [b"0", b"1", b"2"]
    net.close(client, peer)


@pytest.mark.covers("I-03", "C-24")
def test_a_paused_reader_makes_the_writer_wait(net: Loopback) -> None:
    """[C-24] No more than a chunk above the high-water mark is taken from the system."""
    client, peer = net.pair()
    peer.pause()
    while client.write(bytes(MIB)):
        pass
    net.run_until(lambda: peer.readable_length)
    net.turn(200)
    assert 0 < peer.readable_length <= 2 * peer.readable_high_water_mark
    assert client.writable_length > 0
    net.close(client, peer)


def test_characters_are_put_together(net: Loopback) -> None:
    """[I-02] Over packets; and what the end cuts off is U+FFFD."""
    client, peer = net.pair()
    log = log_of(peer.set_encoding("utf-8"))
    for count, byte in enumerate("€".encode() + b"\xe2", start=1):
        client.write(bytes([byte]))
        net.run_until(has_read(peer, count))
    client.resume().end()
    net.run()
    assert log[:3] == ["data('€')", "data('\ufffd')", "end"]


def test_reading_by_hand(net: Loopback) -> None:
    """[I-04]"""
    client, peer = net.pair()
    taken: list[Any] = []

    def take() -> None:
        while (chunk := peer.read(3)) is not None:
            taken.append(chunk)

    peer.on("readable", take)
    client.resume().end("abcdefgh")
    net.run()
    assert taken == [b"abc", b"def", b"gh"]
    assert peer.readable_ended
    assert peer.destroyed


def test_pipe_to_itself_is_echo(net: Loopback) -> None:
    """[I-08]"""
    payload = bytes(range(256)) * 4096
    server = net.serve(lambda peer: peer.pipe(peer), allow_half_open=True)
    received = bytearray()
    client = sansnet.connect(port_of(server), "127.0.0.1")
    client.on("data", received.extend)
    client.end(payload)
    net.run_until(lambda: client.destroyed)
    assert received == payload


@pytest.mark.covers("I-08", "Socket.pipe")
def test_a_pipe_goes_at_the_pace_of_its_destination(net: Loopback) -> None:
    """The source stalls, and with it who writes to it, until the destination is drained."""
    (left, source), (destination, right) = net.pair(), net.pair()
    right.pause()
    assert source.pipe(destination) is destination
    payload = bytes(range(256)) * (MIB // 8)
    left.end(payload)
    net.run_until(lambda: destination.writable_need_drain and left.writable_length)
    net.turn(50)
    stalled = source.bytes_read
    assert (source.is_paused(), stalled < len(payload)) == (True, True)
    received = bytearray()
    right.on("data", received.extend)
    right.resume()
    net.run_until(lambda: right.destroyed)
    net.run()
    assert received == payload
    assert (source.destroyed, destination.destroyed, left.destroyed) == (True, True, True)


@pytest.mark.covers("I-13")
def test_a_function_for_a_buffer_is_asked_when_a_connection_is_to_be_made(net: Loopback) -> None:
    """And again after each chunk, which no buffer is too small for."""
    made: list[bytearray] = []
    read: list[tuple[bytes, bool]] = []

    def make() -> bytearray:
        made.append(bytearray(3))
        return made[-1]

    def on_read(count: int, buffer: bytearray) -> None:
        read.append((bytes(buffer[:count]), buffer is made[-1]))

    socket = Socket(on_read=sansnet.OnRead(make, on_read))
    assert made == []
    server = net.serve(lambda peer: peer.end("abcd"))
    for life in (1, 2):
        made.clear()
        socket.connect(port_of(server), "127.0.0.1")
        assert len(made) == 1
        net.run_until(lambda: socket.destroyed)
        assert len(made) == 3
        assert read == [(b"abc", True), (b"d", True)] * life


@pytest.mark.covers("I-13")
def test_without_a_buffer_there_is_no_connection(net: Loopback) -> None:
    """It raises, and nothing has changed; who has a buffer the next time may try again."""
    buffers: list[Any] = [bytearray(3), b"no buffer"]
    read: list[bytes] = []
    on_read = sansnet.OnRead(buffers.pop, lambda count, buffer: read.append(bytes(buffer[:count])))
    server = net.serve(lambda peer: peer.end("ab"))
    socket = Socket(on_read=on_read)
    with pytest.raises(TypeError, match=r"on_read\.buffer") as caught:
        socket.connect(port_of(server), "127.0.0.1", lambda: None)
    assert getattr(caught.value, "code", None) == "ERR_INVALID_ARG_TYPE"
    assert (socket.ready_state, socket.connecting, socket.listener_count("connect")) == ("open", False, 0)
    buffers[1:] = [b"another one that can't be written to"]
    buffers.reverse()
    socket.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: socket.destroyed)
    assert read == [b"ab"]


# --------------------------------------------------------------------------------------------------------- idle timeout


def test_idle(net: Loopback) -> None:
    """[J-06, J-07] Told once for each idle time; nothing changes."""
    client, peer = net.pair()
    peer.resume()
    log = log_of(client)
    client.set_timeout(0.02)
    net.run_until(lambda: log == ["timeout"])
    assert client.ready_state == "open"
    client.write("something moves")
    net.run_until(lambda: log == ["timeout", "timeout"])
    net.close(client, peer)


@pytest.mark.covers("J-04")
def test_idle_callback_is_told_once_and_taken_off_with_zero(net: Loopback) -> None:
    """[J-04]"""
    client, peer = net.pair()
    told: list[None] = []

    def callback() -> None:
        told.append(None)

    client.set_timeout(10, callback)
    assert client.listener_count("timeout") == 1
    client.set_timeout(0, callback)
    assert client.listener_count("timeout") == 0
    client.set_timeout(0.01, callback)
    net.run_until(lambda: told)
    assert client.listener_count("timeout") == 0
    assert client.timeout == 0.01
    net.close(client, peer)


@pytest.mark.covers("J-11")
def test_an_idle_timer_keeps_nothing_alive(net: Loopback) -> None:
    """[J-11]"""
    Socket().set_timeout(3600)
    net.run(seconds=5)


@pytest.mark.covers("J-01")
@pytest.mark.parametrize(("seconds", "error"), [("1", TypeError), (None, TypeError), (-1, ValueError)])
def test_what_is_no_time(net: Loopback, seconds: Any, error: type[Exception]) -> None:
    """[J-01]"""
    with pytest.raises(error):
        Socket().set_timeout(seconds)


@pytest.mark.covers("I-04", "Socket.read")
def test_what_read_takes_is_told_to_listeners_of_data_before_end(net: Loopback) -> None:
    client, peer = net.pair()
    log = log_of(client)
    client.on("readable", lambda: log.append(f"read {client.read()!r}"))
    peer.end("last")
    net.run_until(lambda: client.destroyed)
    assert [entry for entry in log if entry.startswith(("read b", "data", "end"))] == [
        "read b'last'",
        "data(b'last')",
        "end",
    ]
