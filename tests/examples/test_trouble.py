"""Examples whose port is taken, or where nobody listens: a line that says so, and no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.examples.programs import LOCALHOST
from tests.loopback import PATIENCE, child_environment


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens already."""
    with socket.create_server((LOCALHOST, 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> Iterator[int]:
    """A port at which nobody listens, and nobody else will."""
    with socket.socket() as bound:
        bound.bind((LOCALHOST, 0))
        yield bound.getsockname()[1]


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


@pytest.mark.parametrize("name", ["http_client", "redis_client"])
def test_a_client_to_whom_nobody_listens(name: str, closed: int) -> None:
    error = said_by(f"examples.{name}", f"http://{LOCALHOST}:{closed}/" if name == "http_client" else closed)
    assert error == f"{name}: connect ECONNREFUSED {LOCALHOST}:{closed}\n"
