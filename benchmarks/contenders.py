"""The servers that are compared, each in a process of its own, and the generator that gives them work (load.c)."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from . import compiled
from .servers import SERVERS

__all__ = ["Account", "Server", "available", "idle_bytes", "serving", "work"]

ROOT: Final = Path(__file__).resolve().parent.parent
LOAD: Final = ROOT / "build" / "load"
BUN: Final = ROOT / "build" / "bun" / "node_modules" / "@oven" / "bun-linux-x64" / "bin" / "bun"
COMPILED: Final = ("sansnet", "sansnet-asyncio")
"""Those that are measured on the compiled build, too: NAME-compiled."""
BACKEND: Final = [sys.executable, "-m", "benchmarks.servers", "asyncio"]
"""What is behind the forwarders, the same for all."""
NEEDS: Final = {"sansnet-uvloop": "uvloop", "uvloop": "uvloop", "trio": "trio"}
PAGE: Final = 4096
PATIENCE: Final = 120
"""Seconds until the generator is taken to hang; it ends itself before that."""


class Server(NamedTuple):
    """One that runs."""

    pid: int
    where: str
    """A port of 127.0.0.1, or a path."""


class Account(NamedTuple):
    """What the generator tells of its work; times are seconds, but those of an exchange microseconds."""

    units: int
    bytes: int
    seconds: float
    cpu: float
    p50: float
    p99: float


@cache
def available() -> dict[str, list[str]]:
    """The commands of those that are here, by name; a word is printed about each that isn't, once."""
    commands = {}
    uncompiled = compiled.missing()
    if uncompiled:
        print(f"{', '.join(f'{name}-compiled' for name in COMPILED)} are left out: {uncompiled}")
    for name in SERVERS:
        if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
            print(f"{name} is left out: {NEEDS[name]} isn't installed")
        else:
            commands[name] = [sys.executable, "-m", "benchmarks.servers", name]
            if name in COMPILED and not uncompiled:
                commands[f"{name}-compiled"] = compiled.command("benchmarks.servers", name)
    script = str(ROOT / "benchmarks" / "servers.js")
    for name, binary in (("node", _node()), ("bun", BUN if BUN.exists() else "make build/bun would install it")):
        if isinstance(binary, str):
            print(f"{name} is left out: {binary}")
        else:
            commands[name] = [str(binary), script]
    return commands


def _node() -> Path | str:
    """The Node that the tests compare with, or why it can't be had."""
    from tests.node.oracle import NoNode, install

    try:
        return install()
    except NoNode as reason:
        return str(reason)


@contextlib.contextmanager
def serving(command: list[str], role: str, *, by_path: bool = False) -> Iterator[Server]:
    """A server in that role while the block runs."""
    with tempfile.TemporaryDirectory(prefix="sansnet-") as folder:
        line = [*command, role, *([f"{folder}/s"] if by_path else [])]
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            try:
                where = process.stdout.readline().strip()
                if not where:
                    raise RuntimeError(f"this server does not start: {shlex.join(line)}")
                yield Server(process.pid, where)
            finally:
                process.kill()  # with ten thousand connections open a farewell would take its time


def work(server: Server, mode: str, seconds: float, **options: int) -> Account:
    """Give it work of that mode, as load.c tells, for so long."""
    words = [f"{name}={value}" for name, value in options.items()]
    command = [str(LOAD), mode, server.where, f"pid={server.pid}", f"seconds={seconds}", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE)
    return Account(**json.loads(done.stdout))


def idle_bytes(server: Server, count: int) -> float:
    """What each of so many connections adds to the server's memory, after one exchange of 64 bytes."""
    before = _resident(server)
    command = [str(LOAD), "exchange", server.where, "connections=0", f"idle={count}", "hold=1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline(), "the generator has opened all"
        return (_resident(server) - before) / count


def _resident(server: Server) -> int:
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * PAGE
