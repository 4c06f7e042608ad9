"""The programs of `examples/` as a reader would start them, and plain peers for them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.loopback import PATIENCE, child_environment

__all__ = ["FOLDER", "LOCALHOST", "Program", "peer", "running", "take"]

FOLDER: Final = Path(__file__).resolve().parents[2] / "examples"
LOCALHOST: Final = "127.0.0.1"


class Program:
    """An example that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        """The next line that it prints. Blocks."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            assert self.process.stderr is not None
            raise AssertionError(f"it ended with {self.process.wait(PATIENCE)}: {self.process.stderr.read()}")
        return line.rstrip("\n")

    def lines(self, count: int) -> list[str]:
        """The next lines."""
        return [self.line() for _ in range(count)]

    def port(self) -> int:
        """The port in the next line, which says where the program listens."""
        return int(self.line().rpartition("port=")[2].rstrip(")"))

    def rest(self) -> list[str]:
        """What else it prints until it ends, which it is expected to do well and by itself. Blocks."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        # communicate() would miss what was read along with an earlier line
        stdout, stderr = self.process.stdout.read(), self.process.stderr.read()
        assert (self.process.wait(PATIENCE), stderr) == (0, "")
        return stdout.splitlines()


@contextmanager
def running(name: str, *arguments: object) -> Iterator[Program]:
    """The example `name`, which is killed when the block is over."""
    command = [sys.executable, "-u", "-W", "error", "-m", f"examples.{name}", *map(str, arguments)]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = child_environment(dict(os.environ))
    with subprocess.Popen(command, text=True, env=environment, **pipes) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


@contextmanager
def peer(port: int, host: str = LOCALHOST) -> Iterator[socket.socket]:
    """A plain socket that is connected to that port, and doesn't wait for ever."""
    with socket.create_connection((host, port), timeout=PATIENCE) as connected:
        yield connected


def take(connected: socket.socket, length: int) -> bytes:
    """So many bytes from a plain socket, or what comes before its end."""
    received = b""
    while len(received) < length and (chunk := connected.recv(length - len(received))):
        received += chunk
    return received
