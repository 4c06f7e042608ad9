"""Examples whose port is taken, or where nobody listens: a line that says so, and no traceback."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.programs import LOCALHOST, running
from tests.loopback import PATIENCE, child_environment, held_port


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens already."""
    with socket.create_server((LOCALHOST, 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> Iterator[int]:
    """A port at which nobody listens, and nobody else will."""
    with held_port() as port:
        yield port


def said_by(*words: object) -> str:
    """What the example says on stderr; it ends with 1."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", *map(str, words)],
        env=child_environment(dict(os.environ)),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize("loop", ["selector", "asyncio", "trio"])
def test_a_chat_whose_port_is_taken(loop: str, taken: int) -> None:
    error = said_by("examples.chat", taken, loop)
    assert error == f"chat: listen EADDRINUSE: address already in use {LOCALHOST}:{taken}\n"


def test_an_http_server_whose_port_is_taken(taken: int) -> None:
    error = said_by("examples.http_server", taken)
    assert error == f"http_server: listen EADDRINUSE: address already in use {LOCALHOST}:{taken}\n"


SERVERS = ["echo_server", "get_connections", "idle_timeout", "listen_exclusive", "listen_signal", "proxy", "tasks"]


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_whose_port_is_taken(name: str) -> None:
    with contextlib.ExitStack() as stack:
        port = taken_everywhere(stack)
        error = said_by(f"examples.{name}", port)
    assert re.fullmatch(rf"{name}: listen EADDRINUSE: address already in use [0-9a-f.:\[\]]+:{port}\n", error)


def taken_everywhere(stack: contextlib.ExitStack) -> int:
    """A port at which somebody listens already, at every address of this machine."""
    if socket.has_dualstack_ipv6():
        server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    else:
        server = socket.create_server(("", 0))
    port: int = stack.enter_context(server).getsockname()[1]
    return port


@pytest.mark.skipif(not hasattr(socket, "send_fds"), reason="descriptors don't travel here")
def test_a_handover_whose_port_is_taken(taken: int, tmp_path: Path) -> None:
    path = tmp_path / "handover.sock"
    with running("handover_worker", path) as worker:
        worker.line()
        error = said_by("examples.handover", taken, path)
    assert error == f"handover: listen EADDRINUSE: address already in use {LOCALHOST}:{taken}\n"


@pytest.mark.skipif(not hasattr(socket, "send_fds"), reason="descriptors don't travel here")
def test_a_handover_to_nobody(tmp_path: Path) -> None:
    error = said_by("examples.handover", 0, tmp_path / "nobody.sock")
    assert error == "handover: [Errno 2] No such file or directory\n"


def test_a_port_that_is_none() -> None:
    error = said_by("examples.echo_server", 99999)
    assert error == "echo_server: options.port should be >= 0 and < 65536. Received type string ('99999').\n"


@pytest.mark.parametrize("name", ["echo_client", "keep_alive", "read_into_buffer"])
def test_a_plain_client_to_whom_nobody_listens(name: str, closed: int) -> None:
    error = said_by(f"examples.{name}", closed)
    assert error.startswith(f"{name}: connect ECONNREFUSED ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", ["http_client", "redis_client"])
def test_a_client_to_whom_nobody_listens(name: str, closed: int) -> None:
    error = said_by(f"examples.{name}", f"http://{LOCALHOST}:{closed}/" if name == "http_client" else closed)
    assert error == f"{name}: connect ECONNREFUSED {LOCALHOST}:{closed}\n"
