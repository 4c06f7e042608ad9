"""What goes wrong around a `Socket`, over the real driver: listeners that raise, peers that misbehave.

The marks in brackets are the numbers of Node's observed behaviours.
"""

from __future__ import annotations

import contextlib
import errno
import random
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sansnet
from sansnet import NetBrokenPipeError, NetConnectionError, Socket
from tests.loopback import PATIENCE, Loopback, each_network, log_of, system_only

MIB = 1 << 20
SECRET = bytes(range(256)) * 256


@each_network
def net(request: pytest.FixtureRequest) -> Iterator[Loopback]:
    with request.param() as made:
        yield made


# ------------------------------------------------------------------------------------------ exceptions out of listeners


def test_what_a_listener_raises_comes_out_of_the_loop(net: Loopback) -> None:
    """[C-21] And costs nobody anything: the socket lives on, the others are told."""
    client, peer = net.pair()
    heard: list[bytes] = []
    peer.once("data", lambda _chunk: 1 / 0)
    peer.on("data", heard.append)
    client.write("first")
    with pytest.raises(ZeroDivisionError):
        net.run_until(lambda: False, seconds=10)
    assert peer.ready_state == "open"
    client.resume().end("second")
    net.run()
    assert b"".join(heard).endswith(b"second")
    assert peer.destroyed


def test_the_queue_is_finished_first(net: Loopback) -> None:
    client, peer = net.pair()
    log = log_of(client)
    client.prepend_listener("end", lambda: 1 / 0)
    peer.resume()
    client.end(callback=lambda _error: log.append("ended"))
    with pytest.raises(ZeroDivisionError):
        net.run()
    net.run()
    assert log == ["prefinish", "ended", "finish", "close(False)"]


def test_several_in_one_turn_are_a_group(net: Loopback) -> None:
    client, peer = net.pair()
    failures = [ValueError("first"), KeyError("second"), OSError("third")]

    def raiser(error: Exception) -> Any:
        def raise_it(_none: None) -> None:
            raise error

        return raise_it

    client.cork()
    for failure in failures:
        client.write("x", callback=raiser(failure))
    client.uncork()
    with pytest.raises(ExceptionGroup) as caught:
        net.run_until(lambda: False, seconds=10)
    assert list(caught.value.exceptions) == failures
    assert client.ready_state == "open"
    net.close(client, peer)


def test_an_error_that_nobody_listens_to_is_raised(net: Loopback) -> None:
    """[C-20] 'close' follows all the same."""
    socket = sansnet.connect(net.free_port(), "127.0.0.1")
    closed: list[bool] = []
    socket.on("close", closed.append)
    with pytest.raises(NetConnectionError, match="connect ECONNREFUSED"):
        net.run()
    net.run()
    assert closed == [True]
    assert socket.destroyed


def test_an_interrupt_comes_out_at_once_and_costs_nothing(net: Loopback) -> None:
    client, peer = net.pair()

    def interrupted(_none: None) -> None:
        raise KeyboardInterrupt

    log: list[str] = []
    client.on("finish", lambda: log.append("finish"))
    client.write("x", callback=interrupted)
    peer.resume()
    client.resume().end(callback=lambda _none: log.append("ended"))
    with pytest.raises(KeyboardInterrupt):
        net.run()
    net.run()
    assert log == ["ended", "finish"]
    assert client.destroyed


# ------------------------------------------------------------------------------------------------- peers that misbehave


@pytest.fixture
def stranger(net: Loopback) -> Iterator[tuple[Socket, socket.socket]]:
    """A client of ours, and the plain socket at the other end, which answers to nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = sansnet.connect(listener.getsockname()[1], "127.0.0.1")
        listener.settimeout(PATIENCE)
        net.run_until(lambda: client.ready_state == "open")
        other, _ = listener.accept()
        with other:
            other.settimeout(PATIENCE)
            yield client, other


Stranger = tuple[Socket, socket.socket]


def reset(other: socket.socket) -> None:
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    other.close()


@system_only
def test_garbage(net: Loopback, stranger: Stranger) -> None:
    """Whatever it is, it arrives; as text, what is none of it becomes U+FFFD, in the same places however it is cut."""
    client, other = stranger
    garbage = random.Random(1).randbytes(200_000)
    text: list[str] = []
    client.set_encoding("utf-8").on("data", text.append)

    def send_in_pieces() -> None:
        for start in range(0, len(garbage), 777):
            other.sendall(garbage[start : start + 777])

    net.alongside(send_in_pieces)
    other.close()
    net.run()
    assert "".join(text) == garbage.decode("utf-8", "replace")
    assert client.bytes_read == len(garbage)


@system_only
def test_reset_while_we_write(net: Loopback, stranger: Stranger) -> None:
    """Each callback learns; then the error, then close."""
    client, other = stranger
    log = log_of(client)
    fates: list[str | None] = []
    for _ in range(64):
        client.write(bytes(MIB), callback=lambda error: fates.append(error and error.code))
    client.end(callback=lambda error: fates.append(error and error.code))
    net.run_until(lambda: not client.writable_need_drain or client.writable_length)
    reset(other)
    net.run()
    assert len(fates) == 65
    assert fates == sorted(fates, key=bool), "after the first that failed none was sent"
    assert set(fates) <= {None, "ECANCELED", "ECONNRESET", "EPIPE"}
    assert fates[-1] is not None
    assert log[-2:] in (["error(ECONNRESET)", "close(True)"], ["error(EPIPE)", "close(True)"])


@pytest.mark.covers("G-21")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells the writer of the reset: ECONNRESET or ECONNABORTED")
@system_only
def test_a_peer_that_is_gone(net: Loopback, stranger: Stranger) -> None:
    """[G-21] The first write is answered with a reset, and the next one fails."""
    client, other = stranger
    client.allow_half_open = True
    fates: list[Exception | None] = []
    log = log_of(client)
    other.close()
    net.run_until(lambda: "end" in log)
    assert client.write("into the void", callback=fates.append)
    net.run_until(lambda: fates)
    net.run_until(lambda: client.write("again", callback=fates.append) is False)
    net.run()
    assert fates[0] is None
    assert isinstance(fates[-1], NetBrokenPipeError)
    assert (str(fates[-1]), fates[-1].syscall, fates[-1].errno) == ("write EPIPE", "write", errno.EPIPE)
    assert log == ["end", "error(EPIPE)", "close(True)"]


@system_only
def test_a_peer_that_never_reads(net: Loopback, stranger: Stranger) -> None:
    """What it doesn't take waits, in our queue and no further; giving up on it is at once, and tells everyone."""
    client, _ = stranger
    fates: list[str | None] = []
    while client.write(bytes(MIB), callback=lambda error: fates.append(error and error.code)):
        pass
    waiting = client.writable_length
    net.turn(100)
    assert client.writable_length == waiting > 0
    client.destroy()
    net.run()
    assert fates[-1] == "ECANCELED"
    assert client.writable_length == 0


@pytest.mark.covers("F-16", "Z-07")
@system_only
def test_a_peer_that_says_and_resets(net: Loopback, stranger: Stranger) -> None:
    """[F-16] What it said may be lost with it; no more than once, and 'close' comes."""
    client, other = stranger
    log = log_of(client)
    other.sendall(b"goodbye")
    reset(other)
    net.run()
    assert log[-1].startswith("close(")
    assert log.count("data(b'goodbye')") <= 1
    assert [entry for entry in log if entry.startswith("error")] in ([], ["error(ECONNRESET)"])


Fate = Callable[[socket.socket], object]
FATES: dict[str, Fate] = {"closes": socket.socket.close, "resets": reset, "ends": lambda s: s.shutdown(socket.SHUT_WR)}


@pytest.mark.parametrize("taken", [0, 1, 70_000, 5_000_000])
@pytest.mark.parametrize("fate", FATES)
@system_only
def test_written_before_end_is_delivered_or_everyone_learns(
    net: Loopback, stranger: Stranger, fate: str, taken: int
) -> None:
    """Whatever a peer does after so many bytes: each callback comes once, in order, and no failure is kept quiet."""
    client, other = stranger
    received = bytearray()
    fates: list[tuple[int, str | None]] = []
    ended: list[str | None] = []
    log = log_of(client)

    def read_some() -> None:
        with contextlib.suppress(OSError):  # it is we who reset it
            while len(received) < taken and (chunk := other.recv(min(65536, taken - len(received)))):
                received.extend(chunk)
            FATES[fate](other)
            while chunk := other.recv(65536):
                received.extend(chunk)

    for number in range(100):
        client.write(SECRET, callback=lambda error, number=number: fates.append((number, error and error.code)))
    client.end(callback=lambda error: ended.append(error and error.code))
    net.alongside(read_some)
    net.run_until(lambda: log and log[-1].startswith("close"))
    assert [number for number, _ in fates] == list(range(100))
    assert len(ended) == 1
    assert (SECRET * 100).startswith(received)
    failed = [code for _, code in fates if code is not None]
    assert ("finish" in log) == (ended == [None])
    assert not failed or ended != [None], "a write that failed, and an end that didn't"
    if fate == "ends":
        assert (len(received), failed, ended) == (100 * len(SECRET), [], [None])


# -------------------------------------------------------------------------------------------------------- max_buffered


@pytest.mark.parametrize("side", ["client", "server"])
@pytest.mark.covers("Socket(max_buffered)", "Server(max_buffered)", "NetBufferError")
def test_a_peer_that_never_reads_costs_no_more_than_the_limit(net: Loopback, side: str) -> None:
    """Beyond Node: a write that would exceed the limit destroys the socket, and every callback says so."""
    limit = {"max_buffered": MIB}
    client, accepted = net.pair(limit if side == "server" else {}, **(limit if side == "client" else {}))
    writer, reader = (accepted, client) if side == "server" else (client, accepted)
    reader.pause()
    log = log_of(writer)
    told: list[Exception | None] = []
    written, held = 0, 0
    while not writer.destroyed:
        writer.write(bytes(MIB // 4), callback=told.append)
        written += 1
        held = max(held, writer.writable_length)
    net.run_until(lambda: len(told) == written and "close(True)" in log)
    assert held <= MIB
    assert written > 4, "a limit on what waits, not on what is written"
    assert "error(ERR_MAX_BUFFERED)" in log
    last = told[-1]
    assert isinstance(last, sansnet.NetBufferError)
    assert isinstance(last, BufferError)
    assert str(last) == f"{MIB} buffered, and {MIB // 4} more would exceed max_buffered, {MIB}"
    net.close(reader)


def test_a_limit_that_is_none() -> None:
    value: Any
    for value, code in ((-1, "ERR_OUT_OF_RANGE"), (0.5, "ERR_OUT_OF_RANGE"), ("1", "ERR_INVALID_ARG_TYPE")):
        for make in (Socket, sansnet.create_server):
            with pytest.raises((TypeError, ValueError), match=r"options\.max_buffered") as raised:
                make(max_buffered=value)
            assert getattr(raised.value, "code", None) == code
