"""Named pipes: talking, what both see of the end, and what must not leak.

Our own ends are sockets and servers, as programs use them. Where a peer has to do what none of ours would, it is made
of the system's calls.
"""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import sansnet
from sansnet import Socket
from tests.loopback import Loopback, log_of, loopback
from tests.windows.bench import beside, handles, needs_windows, new_name, pair, plain_server

if TYPE_CHECKING or sys.platform == "win32":
    import _winapi

pytestmark = needs_windows

MIB = 1 << 20


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


# ------------------------------------------------------------------------------------------------------------- talking


@pytest.mark.covers("Q-02", "Q-05", "Q-06", "Q-07")
@pytest.mark.parametrize("prefix", ["\\\\.\\pipe\\", "\\\\?\\pipe\\", "//./pipe/", "\\\\.\\PIPE\\"])
def test_a_client_and_a_server(net: Loopback, prefix: str) -> None:
    name = prefix + new_name().rpartition("\\")[2]
    heard: list[bytes] = []
    server = sansnet.create_server(lambda socket: socket.on("data", socket.write)).listen(name)
    assert server.listening
    assert server.address() == name
    client = sansnet.connect(name).on("data", heard.append)
    log = log_of(client)
    client.write("hello")
    net.run_until(lambda: b"".join(heard) == b"hello")
    assert log[:2] == ["connect", "ready"]
    client.set_no_delay(True).set_keep_alive(True, 5)  # which pipes don't have
    assert (client.remote_address, client.remote_port) == (None, None)
    client.destroy()
    server.close()
    net.run()


@pytest.mark.parametrize("size", [1, 65536, 65537, 3 * MIB])
def test_both_directions_at_once(net: Loopback, size: int) -> None:
    client, peer = pair(net)
    sent = {client: bytes(range(256)) * (size // 256) + b"x" * (size % 256)}
    sent[peer] = sent[client][::-1]
    heard: dict[Socket, bytearray] = {client: bytearray(), peer: bytearray()}
    for end in (client, peer):
        end.on("data", heard[end].extend)
        end.write(sent[end])
    net.run_until(lambda: len(heard[client]) == len(heard[peer]) == size)
    assert (bytes(heard[client]), bytes(heard[peer])) == (sent[peer], sent[client])
    net.close(client, peer)


def test_sixty_four_mebibytes_come_back(net: Loopback) -> None:
    client, peer = pair(net)
    peer.pipe(peer)
    chunk, left = bytes(range(256)) * 4096, [64]
    back, good = 0, True

    def send() -> None:
        while left[0]:
            left[0] -= 1
            if not client.write(chunk):
                client.once("drain", send)
                return

    def check(data: bytes) -> None:
        nonlocal back, good
        start = back % 256
        good = good and data == (bytes(range(256)) * (len(data) // 256 + 2))[start : start + len(data)]
        back += len(data)

    client.on("data", check)
    send()
    net.run_until(lambda: back == 64 * MIB, seconds=100)
    assert good
    net.close(client, peer)


def test_two_hundred_clients(net: Loopback) -> None:
    """More than the instances that wait: the others wait for one, and each has its answer."""
    name = new_name()
    server = sansnet.create_server(lambda socket: socket.on("data", socket.write)).listen(name)
    answers: dict[int, bytes] = {}

    def client(number: int) -> None:
        socket = sansnet.connect(name)
        socket.write(f"{number}")
        socket.on("data", lambda data: (answers.update({number: data}), socket.destroy()))

    for number in range(200):
        client(number)
    net.run_until(lambda: len(answers) == 200)
    assert answers == {number: f"{number}".encode() for number in range(200)}
    server.close()
    net.run()


def test_many_small_writes_keep_their_order(net: Loopback) -> None:
    client, peer = pair(net)
    heard = bytearray()
    peer.on("data", heard.extend)
    for number in range(2000):
        client.write(b"%d," % number)
    expected = b"".join(b"%d," % number for number in range(2000))
    net.run_until(lambda: len(heard) == len(expected))
    assert heard == expected
    net.close(client, peer)


# ------------------------------------------------------------------------------------------------------------- the end


def test_who_asks_and_ends_hears_the_answer(net: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sansnet.drivers.overlapped_pipe.QUIET", 1.0)  # this machine may be busy
    client, peer = pair(net)
    log, served = log_of(client), log_of(peer)
    peer.on("data", lambda data: peer.write(data.upper()))
    client.end("question")
    net.run()
    assert log == ["prefinish", "finish", "data(b'QUESTION')", "end", "close(False)"]
    assert served[:2] == ["data(b'question')", "end"]
    assert served[-1] == "close(False)"


def test_what_was_written_arrives_before_the_end(net: Loopback) -> None:
    client, peer = pair(net)
    heard = bytearray()
    peer.on("data", heard.extend)
    ended: list[None] = []
    peer.on("end", lambda: ended.append(None))
    client.resume().end(bytes(MIB))
    net.run_until(lambda: ended)
    assert len(heard) == MIB
    net.run()


def test_destroying_leaves_the_peer_what_is_in_the_pipe(net: Loopback) -> None:
    client, peer = pair(net)
    log = log_of(peer)
    client.write("last words")
    client.destroy()
    net.run()
    assert log[:2] == ["data(b'last words')", "end"]


def test_a_write_after_the_peers_end_fails(net: Loopback) -> None:
    client, peer = pair(net, allow_half_open=True)
    log = log_of(peer)
    client.destroy()
    net.run_until(lambda: "end" in log)
    peer.write("too late")
    net.run()
    assert log == ["end", "error(EPIPE)", "close(True)"]
    assert peer.errored is not None
    assert peer.errored.winerror in (109, 232)  # type: ignore[attr-defined]  # it is an OSError


def test_while_nobody_reads_an_end_that_has_ended_waits(net: Loopback) -> None:
    client, peer = pair(net, allow_half_open=True)
    log = log_of(peer)
    client.pause()
    client.end("question")
    net.run_until(lambda: client.writable_finished and "data(b'question')" in log)
    peer.write("answer")
    net.run_until(lambda: peer.buffer_size == 0)
    heard: list[bytes] = []
    client.on("data", heard.append).resume()
    net.run_until(lambda: client.closed)
    assert heard == [b"answer"]
    net.close(peer)


def test_the_server_s_end_is_the_client_s(net: Loopback) -> None:
    name = new_name()
    server = sansnet.create_server(lambda socket: socket.end("bye")).listen(name)
    log = log_of(sansnet.connect(name))
    net.run_until(lambda: "close(False)" in log)
    assert [entry for entry in log if entry not in ("prefinish", "finish")] == [
        "connect",
        "ready",
        "data(b'bye')",
        "end",
        "close(False)",
    ]
    server.close()
    net.run()


def test_a_peer_that_dies(net: Loopback) -> None:
    """A process that is killed: whatever it had in the pipe is read, then the pipe has ended."""
    name, accepted = new_name(), list[Socket]()
    server = sansnet.create_server(accepted.append).listen(name)
    script = (
        "import _winapi, sys, time\n"
        f"handle = _winapi.CreateFile({name!r}, 0xC0000000, 0, 0, 3, 0, 0)\n"
        "_winapi.WriteFile(handle, b'alive')\n"
        "_winapi.ReadFile(handle, 1)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.DEVNULL)
    try:
        net.run_until(lambda: accepted)
        log = log_of(accepted[0])
        net.run_until(lambda: log)
    finally:
        child.kill()
        child.wait()
    net.run_until(lambda: "end" in log)
    assert log[0] == "data(b'alive')"
    server.close()
    net.run()


# ---------------------------------------------------------------------------------------------------- reads in flight


def test_a_read_in_flight_when_the_socket_is_destroyed(net: Loopback) -> None:
    client, peer = pair(net)
    log = log_of(client)  # it reads
    net.turn(3)
    client.destroy()
    peer.destroy()
    net.run()
    assert log == ["close(False)"]


def test_a_driver_that_is_closed_waits_for_what_is_under_way() -> None:
    gc.collect()
    with loopback() as net:  # what is loaded and made once isn't counted
        net.close(*pair(net))
    gc.collect()
    before = handles()
    for _ in range(5):
        with loopback() as net:
            server = sansnet.create_server().listen(new_name())
            client, peer = pair(net)
            client.resume()
            peer.write(bytes(4 * MIB))
            sansnet.connect(new_name()).on("error", lambda error: None)
            bound = [sansnet.BoundSocket(path=new_name()), sansnet.BoundSocket()]
            net.turn(2)
            assert server.listening
        del server, client, peer, bound
        gc.collect()
    assert handles() <= before


def test_nothing_leaks() -> None:
    with loopback() as net:
        name = new_name()
        server = sansnet.create_server(lambda socket: socket.end("x")).listen(name)

        def once() -> None:
            client = sansnet.connect(name).resume()
            net.run_until(lambda: client.closed)

        once()
        gc.collect()
        before = handles()
        for _ in range(50):
            once()
        gc.collect()
        assert handles() <= before + 2
        server.close()
        net.run()


# ------------------------------------------------------------------------------------------------------------ messages


def test_a_server_of_messages_is_understood(net: Loopback) -> None:
    """Messages longer than a read, and empty ones, which aren't the end."""
    name = new_name()
    handle = plain_server(name, messages=True)

    def serve() -> bytes:
        with contextlib.suppress(OSError):  # ERROR_PIPE_CONNECTED: the client was faster
            _winapi.ConnectNamedPipe(handle)
        for message in (b"one", b"", bytes(100_000), b"two"):
            _winapi.WriteFile(handle, message)
        heard, _ = _winapi.ReadFile(handle, 100)
        _winapi.CloseHandle(handle)
        return heard

    heard = bytearray()
    with beside(serve) as results:
        client = sansnet.connect(name).on("data", heard.extend)
        net.run_until(lambda: len(heard) >= 100_006)
        client.write("thanks")
        net.run_until(lambda: client.closed)
    assert heard == b"one" + bytes(100_000) + b"two"
    assert results == [b"thanks"]
