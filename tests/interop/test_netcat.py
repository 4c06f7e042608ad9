"""Netcat (OpenBSD's, as Debian has it) on the other side: as a client and as a server, on TCP and on a path."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

import sansnet
from sansnet import Socket
from tests.cli.commands import run
from tests.loopback import PATIENCE, Loopback, log_of, loopback, port_of

PAYLOAD = os.urandom(4 << 20)


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


@pytest.fixture
def nc(need_program: Callable[[str], str]) -> str:
    return need_program("nc.openbsd")


def talk(nc: str, *arguments: object, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Netcat as a client, which sends `data` and then (-N) its FIN. Blocks."""
    return subprocess.run([nc, *map(str, arguments)], input=data, capture_output=True, timeout=PATIENCE, check=False)


class Listener:
    """Netcat as a server for one connection, between two files: what it sends, and what it gets."""

    def __init__(self, process: subprocess.Popen[bytes], place: str, got: IO[bytes]) -> None:
        self.process = process
        self.place = place
        self._got = got

    @property
    def port(self) -> int:
        return int(self.place.split()[-1])

    def received(self) -> bytes:
        """What came in, until it ended. Blocks."""
        assert self.process.wait(PATIENCE) == 0
        self._got.seek(0)
        return self._got.read()


@contextmanager
def listening(nc: str, *arguments: object, data: bytes = b"") -> Iterator[Listener]:
    """Netcat listens. It sends `data` to whom it accepts, and with -N its FIN after that."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as got:
        given.write(data)
        given.seek(0)
        command = [nc, "-l", "-v", "-n", *map(str, arguments)]
        with subprocess.Popen(command, stdin=given, stdout=got, stderr=subprocess.PIPE) as process:
            try:
                yield Listener(process, place_of(process), got)
            finally:
                process.kill()


def place_of(process: subprocess.Popen[bytes]) -> str:
    """Where it says that it listens; of a path it first says that it is bound."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(b"Listening on "):
            return line.decode()
    raise AssertionError("netcat doesn't listen")


def read_into(socket: Socket) -> bytearray:
    received = bytearray()
    socket.on("data", received.extend)
    return received


# ------------------------------------------------------------------------------------------------- netcat is the client


def test_echo_to_netcat(net: Loopback, nc: str) -> None:
    """It gets back what it sent, after it has ended its half."""
    server = net.serve(lambda peer: peer.pipe(peer), allow_half_open=True)
    done = net.alongside(lambda: talk(nc, "-N", "127.0.0.1", port_of(server), data=PAYLOAD))
    assert (done.returncode, done.stdout == PAYLOAD) == (0, True)
    net.run_until(lambda: server.connections == 0)


def test_echo_to_netcat_on_a_path(net: Loopback, nc: str, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    server = sansnet.create_server(lambda peer: peer.pipe(peer), allow_half_open=True).listen(path)
    done = net.alongside(lambda: talk(nc, "-N", "-U", path, data=PAYLOAD))
    assert (done.returncode, done.stdout == PAYLOAD) == (0, True)
    server.close()


def test_netcat_is_sent_something_and_the_end(net: Loopback, nc: str) -> None:
    logs: list[list[str]] = []

    def accept(peer: Socket) -> None:
        logs.append(log_of(peer))
        peer.end(PAYLOAD)

    server = net.serve(accept)
    done = net.alongside(lambda: talk(nc, "-N", "127.0.0.1", port_of(server)))
    assert (done.returncode, done.stdout == PAYLOAD) == (0, True)
    net.run_until(lambda: logs[0][-1] == "close(False)")
    assert sorted(logs[0]) == ["close(False)", "end", "finish", "prefinish"]


def test_netcat_looks_whether_somebody_listens(net: Loopback, nc: str) -> None:
    server = net.serve()
    assert net.alongside(lambda: talk(nc, "-z", "127.0.0.1", port_of(server))).returncode == 0
    closed = net.free_port()
    assert net.alongside(lambda: talk(nc, "-z", "127.0.0.1", closed)).returncode == 1


# ------------------------------------------------------------------------------------------------- netcat is the server


def test_to_netcat_and_back(net: Loopback, nc: str) -> None:
    with listening(nc, "-N", "127.0.0.1", 0, data=PAYLOAD) as server:
        client = sansnet.connect(server.port, "127.0.0.1", allow_half_open=True)
        log = log_of(client)
        received = read_into(client)
        client.write(PAYLOAD)
        client.on("end", client.end)  # not before: it leaves when we have ended, whatever it still has to say
        assert net.alongside(server.received) == PAYLOAD
        net.run()
    assert received == PAYLOAD
    assert log[-1] == "close(False)"


def test_to_netcat_on_a_path(net: Loopback, nc: str, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with listening(nc, "-N", "-U", path, data=b"hello") as server:
        client = sansnet.connect(path, allow_half_open=True)
        received = read_into(client)
        client.write(PAYLOAD)
        client.on("end", client.end)
        assert net.alongside(server.received) == PAYLOAD
        net.run()
    assert received == b"hello"


def test_netcat_is_killed(net: Loopback, nc: str) -> None:
    with listening(nc, "127.0.0.1", 0, data=b"hello") as server:
        client = sansnet.connect(server.port, "127.0.0.1")
        log = log_of(client)
        net.run_until(lambda: "data(b'hello')" in log)
        server.process.kill()
        net.run()
    assert log == ["connect", "ready", "data(b'hello')", "end", "prefinish", "finish", "close(False)"]


def test_the_command_sends_a_file_to_who_has_ended_already(nc: str, tmp_path: Path) -> None:
    """`connect < file`, to a netcat that has nothing to say: all of the file arrives."""
    source = tmp_path / "file"
    source.write_bytes(PAYLOAD)
    with listening(nc, "-N", "127.0.0.1", 0) as server, source.open("rb") as stdin:
        done = run("connect", "127.0.0.1", server.port, stdin=stdin, capture_output=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert server.received() == PAYLOAD
