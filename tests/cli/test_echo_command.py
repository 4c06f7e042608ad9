"""`python -m sansnet echo`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sansnet.cli import main
from tests.cli.commands import EchoServer, echo_server, run, trace_of
from tests.loopback import HAS_PATHS, PATIENCE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's here")
paths = pytest.mark.skipif(not HAS_PATHS, reason="no Unix domain sockets here")

PAYLOAD = os.urandom(1 << 20)


@pytest.fixture(scope="module")
def server() -> Iterator[EchoServer]:
    with echo_server() as made:
        yield made


def client_of(server: EchoServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def read_all(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65536), b""))


def test_one_line_with_the_real_port(server: EchoServer) -> None:
    assert server.place == f"127.0.0.1:{server.port}"
    assert server.port > 0


def test_there_and_back(server: EchoServer) -> None:
    with client_of(server) as client:
        for word in (b"one", b"two"):
            client.sendall(word)
            assert client.recv(100) == word


def test_who_ends_gets_everything_back_and_then_the_end(server: EchoServer) -> None:
    with client_of(server) as client:
        client.sendall(b"x")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"x"
    with client_of(server) as client:
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""


def test_who_does_not_read_is_not_read_from(server: EchoServer) -> None:
    """What it takes is bounded; what it took comes back, every byte, and then the end."""
    with client_of(server) as client:
        sent = 0
        client.settimeout(0.5)  # so long nothing moves: everything on the way is full
        with contextlib.suppress(TimeoutError):
            while sent < 64 << 20:
                sent += client.send(PAYLOAD[sent % len(PAYLOAD) :])
        assert sent < 64 << 20
        client.settimeout(PATIENCE)
        back = bytearray()
        while len(back) < sent:
            back += client.recv(65536)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""
    assert back == (PAYLOAD * (sent // len(PAYLOAD) + 1))[:sent]


def test_who_resets_harms_nobody(server: EchoServer) -> None:
    with client_of(server) as other, client_of(server) as client:
        client.sendall(b"lost")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        other.sendall(b"still here?")
        assert other.recv(100) == b"still here?"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(number: signal.Signals) -> None:
    """Exit code 0, and not a word; the connections that there are end with it."""
    with echo_server() as server, client_of(server) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        assert server.stop(number) == (0, "", "")
        assert client.recv(1) == b""


def test_a_signal_while_it_is_busy() -> None:
    with echo_server() as server, client_of(server) as client:
        client.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            while True:
                client.send(PAYLOAD)
        assert server.stop() == (0, "", "")


def test_what_is_ignored_stays_ignored() -> None:
    """As SIGINT is in what a shell starts in the background. SIGTERM ends it, then as well."""
    with echo_server("--port", 0, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) as server:
        server.process.send_signal(signal.SIGINT)
        with client_of(server) as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
        assert server.stop() == (0, "", "")


@paths
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_path(tmp_path: Path, number: signal.Signals) -> None:
    """It is there while the server is, and no longer."""
    path = tmp_path / "echo.sock"
    with echo_server("--path", path) as server, socket.socket(socket.AF_UNIX) as client:
        assert server.place == str(path)
        client.settimeout(PATIENCE)
        client.connect(str(path))
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"hello"
        assert path.is_socket()
        assert server.stop(number)[0] == 0
        assert not path.exists()


def test_another_host() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with echo_server("--host", "::1", "--port", 0) as server:
        assert server.place == f"[::1]:{server.port}"
        with socket.create_connection(("::1", server.port), timeout=PATIENCE) as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"


def test_the_trace() -> None:
    """One line for each event: when, who, what, in which state, and what it says."""
    with echo_server("--port", 0, "--trace") as server:
        began = time.monotonic()
        with client_of(server) as client:
            client.sendall(b"hello")
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == b"hello"
            peer = client.getsockname()[1]
        status, _, stderr = server.stop()
        took = time.monotonic() - began
    assert status == 0
    assert trace_of(stderr) == [
        ("connection", "open", f"from 127.0.0.1:{peer}"),
        ("resume", "open", ""),
        ("data", "open", "5 B"),
        ("end", "writeOnly", "5 B read"),
        ("finish", "closed", "5 B written"),
        ("close", "closed", ""),
    ]
    assert trace_of(stderr, "server") == [
        ("listening", "listening", f"127.0.0.1:{server.port}"),
        ("close", "closed", ""),
    ]
    times = [float(line.split()[0]) for line in stderr.splitlines()[1:]]
    assert times == sorted(times)
    assert times[-1] - times[1] <= took


def test_a_port_that_is_taken(server: EchoServer) -> None:
    done = run("echo", "--port", server.port)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == (f"sansnet: listen EADDRINUSE: address already in use 127.0.0.1:{server.port}\n")


@paths
def test_a_path_that_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine", encoding="utf-8")
    done = run("echo", "--path", path)
    assert done.returncode == 1
    assert b"EADDRINUSE" in done.stderr
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--port", "x"], "argument --port: 'x' is no port: a number from 0 to 65535"),
        (["--port", "65536"], "argument --port: '65536' is no port"),
        (["--port", "-1"], "argument --port: '-1' is no port"),
        (["--port", "1", "--path", "p"], "not allowed with argument"),
        (["--host", "h", "--path", "p"], "argument --host: not allowed with argument --path"),
        (["--path", ""], "argument --path: a path can't be empty"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_bad_arguments(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["echo", *arguments])
    said = capsys.readouterr()
    assert (left.value.code, said.out) == (4, "")
    assert complaint in said.err


@pytest.mark.parametrize("command", ["echo", "connect", "demo"])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: sansnet {command} ")


def test_help_of_the_module() -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"usage: python -m sansnet [-h] [--version] COMMAND")


def test_no_command() -> None:
    done = run()
    assert done.returncode == 4
    assert b"the following arguments are required: COMMAND" in done.stderr
