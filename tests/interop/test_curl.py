"""curl on the other side of a tiny HTTP/1.0 server: a request, a response, and the end of the connection."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import sansnet
from sansnet import Socket
from tests.loopback import PATIENCE, Loopback, loopback, port_of

BODY = os.urandom(8 << 20)


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


@pytest.fixture
def curl(need_program: Callable[[str], str]) -> list[str]:
    return [
        need_program("curl"),
        "--silent",
        "--show-error",
        "--http1.0",
        "--noproxy",
        "*",
        "--max-time",
        str(PATIENCE),
    ]


class Exchange:
    """One request and its response: GET and HEAD of BODY, PUT of something whose hash comes back."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._head = b""
        self._left = 0
        self._digest = hashlib.sha256()
        socket.on("data", self._read_head)

    def _read_head(self, chunk: bytes) -> None:
        self._head += chunk
        head, blank, rest = self._head.partition(b"\r\n\r\n")
        if blank:
            method, *_ = head.split()
            if method in (b"GET", b"HEAD"):
                self._answer(BODY, with_body=method == b"GET")
            else:
                self._socket.off("data", self._read_head).on("data", self._read_body)
                [length] = [
                    line.split(b":")[1] for line in head.lower().splitlines() if line.startswith(b"content-length")
                ]
                self._left = int(length)
                self._read_body(rest)

    def _read_body(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._left -= len(chunk)
        if not self._left:
            self._answer(self._digest.hexdigest().encode(), with_body=True)

    def _answer(self, body: bytes, *, with_body: bool) -> None:
        self._socket.write(f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n")
        self._socket.end(body if with_body else b"")


def fetch(net: Loopback, curl: list[str], *arguments: str) -> bytes:
    """What curl prints; it must have nothing to complain about."""
    done = net.alongside(
        lambda: subprocess.run([*curl, *arguments], capture_output=True, timeout=PATIENCE, check=False)
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def test_get(net: Loopback, curl: list[str]) -> None:
    server = net.serve(Exchange)
    assert fetch(net, curl, f"http://127.0.0.1:{port_of(server)}/") == BODY
    net.run_until(lambda: server.connections == 0)


def test_head(net: Loopback, curl: list[str]) -> None:
    server = net.serve(Exchange)
    head = fetch(net, curl, "--head", f"http://127.0.0.1:{port_of(server)}/")
    assert b"\r\nContent-Length: 8388608\r\n" in head


def test_put(net: Loopback, curl: list[str], tmp_path: Path) -> None:
    """It sends the body at the pace at which we read."""
    source = tmp_path / "body"
    source.write_bytes(BODY)
    server = net.serve(Exchange)
    answer = fetch(net, curl, "--upload-file", str(source), f"http://127.0.0.1:{port_of(server)}/")
    assert answer == hashlib.sha256(BODY).hexdigest().encode()


def test_on_a_path(net: Loopback, curl: list[str], tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    server = sansnet.create_server(Exchange).listen(path)
    assert fetch(net, curl, "--unix-socket", path, "http://localhost/") == BODY
    server.close()
    net.run()
