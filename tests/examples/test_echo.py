"""The echo server of Node's page and its clients, with each other and with netcat and Node."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.examples.programs import LOCALHOST, peer, running, take
from tests.loopback import HAS_PATHS, PATIENCE, held_port

paths = pytest.mark.skipif(not HAS_PATHS, reason="no Unix domain sockets here")


def talk(*command: object, data: bytes) -> bytes:
    done = subprocess.run([*map(str, command)], input=data, capture_output=True, timeout=PATIENCE, check=True)
    return done.stdout


def test_netcat_talks_to_the_server(need_program: Callable[[str], str]) -> None:
    nc = need_program("nc.openbsd")
    with running("echo_server", 0) as server:
        port = server.port()
        assert talk(nc, "-N", "localhost", port, data=b"hi\n") == b"hello\r\nhi\n"
        assert server.lines(2) == ["client connected", "client disconnected"]


@paths
def test_netcat_talks_to_the_server_on_a_path(need_program: Callable[[str], str], tmp_path: Path) -> None:
    nc = need_program("nc.openbsd")
    path = tmp_path / "echo.sock"
    with running("echo_server", path) as server:
        assert server.line() == f"server bound: {path}"
        assert talk(nc, "-N", "-U", path, data=b"hi\n") == b"hello\r\nhi\n"
        assert server.lines(2) == ["client connected", "client disconnected"]


def test_the_client_talks_to_the_server() -> None:
    with running("echo_server", 0) as server, running("echo_client", server.port()) as client:
        # The answer and the greeting come in one piece or in two; with the first one the client leaves.
        said = client.rest()
        assert said[:2] == ["connected to server!", "hello"]
        assert said[2:] in (["disconnected from server"], ["world!", "disconnected from server"])
        assert server.lines(2) == ["client connected", "client disconnected"]


@paths
def test_the_client_connects_to_a_path(tmp_path: Path) -> None:
    path = tmp_path / "echo.sock"
    with running("echo_server", path) as server:
        server.line()
        with running("echo_client", path) as client:
            said = client.rest()
    assert said[:2] == ["connected to server!", "hello"]


NODES_ECHO_SERVER = """
const server = require('node:net').createServer((c) => c.pipe(c));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


def test_the_client_talks_to_node(need_program: Callable[[str], str]) -> None:
    command = [need_program("node"), "-e", NODES_ECHO_SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
        try:
            assert node.stdout is not None
            port = int(node.stdout.readline())
            with running("echo_client", port) as client:
                assert client.rest() == ["connected to server!", "world!", "disconnected from server"]
        finally:
            node.kill()


def test_the_buffer_is_used_again() -> None:
    """More than it holds goes through it, piece by piece."""
    text = "".join(f"line {number}\n" for number in range(2000))
    with socket.create_server((LOCALHOST, 0)) as listener, running("read_into_buffer", listener.getsockname()[1]) as it:
        listener.settimeout(PATIENCE)
        accepted, _ = listener.accept()
        with accepted:
            accepted.sendall(text.encode())
        assert it.rest() == text.splitlines()


def test_a_client_that_is_kept_alive() -> None:
    with running("echo_server", 0) as server, running("keep_alive", server.port()) as client:
        assert client.lines(2) == ["connected, and kept alive", "hello"]
        server.process.kill()
        assert client.rest() == ["closed"]


def test_a_proxy_in_between(need_program: Callable[[str], str]) -> None:
    """Both directions and both ends: what netcat sends before its FIN comes back after it."""
    nc = need_program("nc.openbsd")
    with running("echo_server", 0) as server, running("proxy", 0, server.port(), LOCALHOST) as proxy:
        assert talk(nc, "-N", LOCALHOST, proxy.port(), data=b"hi\n" * 100_000) == b"hello\r\n" + b"hi\n" * 100_000
        assert server.lines(2) == ["client connected", "client disconnected"]


def test_a_proxy_without_a_target() -> None:
    """Nobody listens there any more: the client is told so by the end of its connection, and the proxy lives on."""
    with held_port() as port, running("proxy", 0, port, LOCALHOST) as proxy:
        its_port = proxy.port()
        for _ in range(2):
            with peer(its_port) as client:
                assert take(client, 1) == b""
            assert proxy.line() == f"target: connect ECONNREFUSED {LOCALHOST}:{port}"
