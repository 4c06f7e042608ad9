"""Python's own blocking sockets on the other side, on threads."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

import sansnet
from sansnet import Socket
from tests.loopback import HAS_PATHS, PATIENCE, Loopback, loopback, port_of

MIB = 1 << 20
PAYLOAD = os.urandom(4 * MIB)


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


def read_all(peer: socket.socket, size: int = 65536) -> bytes:
    return b"".join(iter(lambda: peer.recv(size), b""))


@pytest.fixture
def plain_echo() -> Iterator[int]:
    """The port of an echo server as it is in every textbook: a thread a connection, recv and sendall."""

    def serve(peer: socket.socket) -> None:
        with peer:
            while chunk := peer.recv(10_000):
                peer.sendall(chunk)

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return  # closed
            peer.settimeout(PATIENCE)
            threading.Thread(target=serve, args=(peer,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):  # Windows needs no shutdown to end an accept, and has none
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE)


def test_many_clients_at_once(net: Loopback) -> None:
    """Each sends its own bytes in pieces of its own sizes, ends its half, and gets back what it sent."""
    server = net.serve(lambda peer: peer.pipe(peer), allow_half_open=True)

    def one(seed: int) -> bool:
        sizes = random.Random(seed)
        payload = sizes.randbytes(300_000)
        with socket.create_connection(("127.0.0.1", port_of(server)), timeout=PATIENCE) as client:

            def send() -> None:
                position = 0
                while position < len(payload):
                    size = sizes.randint(1, 30_000)
                    client.sendall(payload[position : position + size])
                    position += size
                client.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send)
            sender.start()
            back = read_all(client, 1000)
            sender.join(PATIENCE)
        return back == payload

    def all_of_them() -> list[bool]:
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(one, range(16)))

    assert net.alongside(all_of_them) == [True] * 16
    net.run_until(lambda: server.connections == 0)


def test_our_client_and_a_plain_server(net: Loopback, plain_echo: int) -> None:
    client = sansnet.connect(plain_echo, "127.0.0.1")
    received = bytearray()
    client.on("data", received.extend)
    client.end(PAYLOAD)
    net.run()
    assert received == PAYLOAD


def test_lines(net: Loopback) -> None:
    """makefile() on the other side: one line there, one back."""
    server = net.serve(lambda peer: peer.set_encoding().on("data", lambda text: peer.write(text.upper())))

    def converse() -> list[str]:
        with (
            socket.create_connection(("127.0.0.1", port_of(server)), timeout=PATIENCE) as client,
            client.makefile("rw", encoding="utf-8", newline="\n") as file,
        ):
            answers = []
            for line in ("hello\n", "grüße\n", "€\n"):
                file.write(line)
                file.flush()
                answers.append(file.readline())
            return answers

    assert net.alongside(converse) == ["HELLO\n", "GRÜSSE\n", "€\n"]


def test_a_slow_reader_with_a_small_buffer(net: Loopback) -> None:
    """Drain after drain, and every byte in its place."""
    drains: list[None] = []

    def accept(peer: Socket) -> None:
        chunks = iter([PAYLOAD[start : start + 100_000] for start in range(0, len(PAYLOAD), 100_000)])

        def send() -> None:
            for chunk in chunks:
                if not peer.write(chunk):
                    return
            peer.end()

        peer.on("drain", send)
        peer.on("drain", lambda: drains.append(None))
        send()

    server = net.serve(accept)

    def read_slowly() -> bytes:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", port_of(server)))
            return hashlib.sha256(read_all(client, 3000)).digest()

    assert net.alongside(read_slowly) == hashlib.sha256(PAYLOAD).digest()
    assert drains


def test_a_socket_that_was_connected_elsewhere(net: Loopback) -> None:
    """One end of a pair is ours by way of `handle`, the other stays what it was."""
    mine, other = socket.socketpair()
    with other:
        other.settimeout(PATIENCE)
        ours = Socket(handle=mine, allow_half_open=True)
        ours.pipe(ours)

        def converse() -> bytes:
            other.sendall(b"hello")
            other.shutdown(socket.SHUT_WR)
            return read_all(other)

        assert net.alongside(converse) == b"hello"
        net.run()
        assert ours.destroyed


@pytest.mark.skipif(not HAS_PATHS, reason="no Unix domain sockets here")
def test_a_path(net: Loopback, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    server = sansnet.create_server(lambda peer: peer.pipe(peer), allow_half_open=True).listen(path)

    def converse() -> bytes:
        with socket.socket(socket.AF_UNIX) as client, ThreadPoolExecutor(1) as pool:
            client.settimeout(PATIENCE)
            client.connect(path)
            sending = pool.submit(client.sendall, PAYLOAD)
            sending.add_done_callback(lambda _: client.shutdown(socket.SHUT_WR))
            back = read_all(client)
            wait([sending], PATIENCE)
            return back

    assert net.alongside(converse) == PAYLOAD
    server.close()
    net.run()
