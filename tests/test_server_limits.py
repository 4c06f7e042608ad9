"""`Server` where the system's limits are: no descriptors left, and very many connections. In processes of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.loopback import PATIENCE, child_environment

if sys.platform == "win32":
    pytest.skip("Windows has no such limits", allow_module_level=True)

import resource

CROWD = 10_000


class Child:
    """A program of `tests.children`, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def hear(self) -> dict[str, Any]:
        """Its next record. A child that has died has none, and pytest-timeout ends the wait for one that hangs."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the child ended with {self._process.wait(PATIENCE)}"
        record: dict[str, Any] = json.loads(line)
        return record

    def go_on(self) -> None:
        """Send it the line that it waits for."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def ends_well(self) -> bool:
        return self._process.wait(PATIENCE) == 0


@contextmanager
def child(*arguments: object) -> Iterator[Child]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.children", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(dict(os.environ)),
    )
    with process:
        try:
            yield Child(process)
        finally:
            process.kill()


@pytest.mark.covers("O-11")
def test_no_descriptors_left() -> None:
    """It backs off, longer each time, and doesn't spin; as soon as there are some again, it accepts."""
    count = 40
    with child("starved", count) as server, ExitStack() as clients:
        port = server.hear()["port"]
        for _ in range(count):
            clients.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
        record = server.hear()
        assert server.ends_well()
    assert record["errors"] == ["accept EMFILE"]
    assert 0 < record["before"] < count
    assert (record["accepted"], record["listening"]) == (count, True)
    gaps = record["gaps"]
    assert all(gap >= 0.9 * 0.005 * 2**number for number, gap in enumerate(gaps)), gaps
    assert record["turns"] < 200, "one turn for each thing that happened, and not one more"


def test_ten_thousand_who_say_nothing() -> None:
    """All of them are there, cost nothing while they are silent, and leave nothing behind."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < CROWD + 100:
        pytest.skip(f"needs {CROWD + 100} descriptors; the hard limit here is {hard}")
    with child("crowded", CROWD) as server:
        port = server.hear()["port"]
        with child("crowd", port, CROWD) as crowd:
            assert crowd.hear() == {"connected": CROWD}
            record = server.hear()
            assert (record["connections"], record["echoed"]) == (CROWD, 1000)
            assert record["cpu"] < 5, "a thousand words there and back, however many others there are"
            crowd.go_on()
            assert crowd.ends_well()
        assert server.hear() == {"left": 0}
        assert server.ends_well()
