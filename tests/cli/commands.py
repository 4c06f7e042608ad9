"""`python -m sansnet` as tests run it: in processes of its own, each with an end to the wait for it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.loopback import PATIENCE, child_environment

__all__ = ["COUNTER", "EchoServer", "command", "echo_server", "run", "start", "trace_of"]

COUNTER: Final = """
from sansnet.state import Event
from sansnet.testing import Reached, always


@always(Reached)
def it_is_there(count, moment):
    return True


class Count:
    laws = (it_is_there,)
    def __init__(self, name): self.name = f"{__name__}.{name}"
    def __reduce__(self): return (type(self), (self.name.rpartition(".")[2],))
    def initial(self): return [0]
    def events(self, world): return [Event("add")]
    def step(self, world, event, see): return world + 1
    def key(self, world): return world
"""
"""A model of somebody else's, without an end: what is wrong with one is told in a few lines more."""

_TRACE_HEADING: Final = "    seconds  who     event                      state      what it says"
_TRACE_LINE: Final = re.compile(r" *\d+\.\d{6}  (\S+) +(\S+) +(\S+)(?: +(.*))?")


def command(*arguments: object, code: str | None = None) -> list[str]:
    """code: what calls `main()` in place of `python -m sansnet`, after something else."""
    program = ("-m", "sansnet") if code is None else ("-c", code)
    return [sys.executable, *program, *map(str, arguments)]


@contextmanager
def start(*arguments: object, code: str | None = None, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """The command, running, with pipes to it; killed when the block is over."""
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = child_environment(dict(os.environ))
    with subprocess.Popen(command(*arguments, code=code), env=environment, **{**streams, **options}) as process:
        try:
            yield process
        finally:
            process.kill()


def run(*arguments: object, data: bytes = b"", **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The command, from start to end, with `data` on its stdin."""
    environment = child_environment(dict(os.environ))
    streams: dict[str, Any] = {"capture_output": True, "input": data} if "stdin" not in options else {}
    return subprocess.run(
        command(*arguments), check=False, timeout=3 * PATIENCE, env=environment, **{**streams, **options}
    )


class EchoServer:
    """`sansnet echo`, listening."""

    def __init__(self, process: subprocess.Popen[bytes], place: str) -> None:
        self.process = process
        self.place = place
        """What it says of where it listens."""

    @property
    def port(self) -> int:
        return int(self.place.rpartition(":")[2])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Send it a signal. Its exit code, and what else it wrote to stdout and stderr."""
        self.process.send_signal(number)
        stdout, stderr = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, stdout.decode(), stderr.decode()


@contextmanager
def echo_server(*arguments: object, **options: Any) -> Iterator[EchoServer]:
    """`sansnet echo`, from its line on; on a port of the kernel's choice if nothing else is said."""
    with start("echo", *(arguments or ("--port", 0)), **options) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        said, _, place = line.rstrip("\n").partition(" on ")
        if said != "listening":
            process.kill()
            raise AssertionError(f"it said {line!r}, and {process.communicate()[1].decode()!r}")
        yield EchoServer(process, place)


def trace_of(stderr: str, name: str = "1") -> list[tuple[str, str, str]]:
    """The events of `name` in a trace, each with the state, and what it said."""
    heading, *rest = stderr.splitlines()
    assert heading == _TRACE_HEADING
    lines = [_TRACE_LINE.fullmatch(line) for line in rest]
    assert all(lines), stderr
    return [(line[2], line[3], line[4] or "") for line in lines if line is not None and line[1] == name]
