"""What work costs a server: its CPU time a unit, beside the others', in one run; and how much is done in a second.

The generator (load.c) spins, so that it is always there when the server has answered: the server's waiting and waking
is its own. CPU time is the kernel's own account of the server's process. All servers run all the time, and take turns
within each round, so that a slow moment of the machine meets all of them.
"""

from __future__ import annotations

import contextlib
from typing import Final, NamedTuple

from .contenders import BACKEND, Account, Server, available, idle_bytes, serving, work
from .tables import Table

__all__ = ["NAMES", "measure", "memory"]

BASE: Final = "sansnet"
MANY: Final = 10_000
IDLE_FIRST: Final = 64
"""Connections that a server has had before its memory is looked at: what all of them share is no matter of each."""


class Load(NamedTuple):
    """A row: a server's role, and the generator's work."""

    name: str
    role: str
    mode: str
    options: dict[str, int]
    by_path: bool = False
    longer: int = 1
    """So many times as long a turn: all connections should have theirs several times in it."""
    backend: str = ""
    """The role of the server that is forwarded to."""


class Kind(NamedTuple):
    """Rows that belong together."""

    title: str
    unit: str
    loads: tuple[Load, ...]


def _echo(name: str, *, by_path: bool = False, longer: int = 1, **options: int) -> Load:
    return Load(name, "echo", "exchange", options, by_path, longer)


KINDS: Final = {
    "echo": Kind(
        "messages echoed, 50 connections with one under way on each",
        "message",
        (
            _echo("64 B", size=64),
            _echo("1 KiB", size=1024),
            _echo("64 KiB", size=65536),
            _echo("1 KiB, Unix path", by_path=True, size=1024),
        ),
    ),
    "respond": Kind(
        "64 B answered with 1 KiB in two writes, 50 connections",
        "request",
        (Load("64 B → 1 KiB", "respond", "exchange", {"size": 64, "reply": 1024}),),
    ),
    "stream": Kind(
        "streams, 10 connections",
        "64 KiB",
        (
            Load("sink", "sink", "sink", {"connections": 10}),
            Load("source", "source", "source", {"connections": 10}),
            Load("sink, Unix path", "sink", "sink", {"connections": 10}, by_path=True),
            Load("source, Unix path", "source", "source", {"connections": 10}, by_path=True),
        ),
    ),
    "forward": Kind(
        "passed on to another server, 10 connections; the CPU time is the forwarder's alone",
        "64 KiB",
        (
            Load("to a sink", "forward", "sink", {"connections": 10}, backend="sink"),
            Load(
                "to an echo server and back", "forward", "exchange", {"connections": 10, "size": 65536}, backend="echo"
            ),
        ),
    ),
    "accept": Kind(
        "connections accepted, 64 B echoed, closed; 20 at a time",
        "connection",
        (Load("accept, 64 B, close", "echo", "churn", {"connections": 20}),),
    ),
    "latency": Kind("one connection, 64 B there and back", "message", (_echo("ping-pong", connections=1, size=64),)),
    "scale": Kind(
        "64 B echoed, by the number of connections",
        "message",
        (
            _echo("10", connections=10),
            _echo("50", connections=50),
            _echo("100", connections=100),
            _echo("1,000", connections=1000),
            _echo("10,000", longer=4, connections=MANY),
            _echo("10,000 idle + 50", connections=50, idle=MANY),
        ),
    ),
}
NAMES: Final = tuple(KINDS)


def measure(name: str, rounds: int, seconds: float, only: list[str] | None = None) -> list[Table]:
    """The tables of a kind: what a unit costs, and how many there are in a second; or the time that one takes.

    `only`: measure these contenders, not all that are here.
    """
    kind = KINDS[name]
    cost = Table(name, f"Server CPU, µs for each {kind.unit}: {kind.title}", "µs CPU", BASE)
    rate = Table(f"{name}-rate", f"Done in a second, by the wall: {kind.title}", "1/s", BASE)
    time = Table(f"{name}-time", f"µs by the wall: {kind.title}", "µs", BASE)
    commands = {key: value for key, value in available().items() if only is None or key in only}
    for load in kind.loads:
        with contextlib.ExitStack() as stack:
            role = load.role
            if load.backend:
                role += f":{stack.enter_context(serving(BACKEND, load.backend)).where}"
            servers = {
                key: stack.enter_context(serving(value, role, by_path=load.by_path)) for key, value in commands.items()
            }
            _one_round(servers, load, seconds / 10)  # until its first end of file, asyncio's every read maps new pages
            for _ in range(rounds):
                for key, account in _one_round(servers, load, seconds).items():
                    cost.add(load.name, key, account.cpu / account.units * 1e6)
                    rate.add(load.name, key, account.units / account.seconds)
                    time.add(f"{load.name}, p50", key, account.p50)
                    time.add(f"{load.name}, p99", key, account.p99)
    return [cost, time] if name == "latency" else [cost, rate]


def _one_round(servers: dict[str, Server], load: Load, seconds: float) -> dict[str, Account]:
    return {key: work(server, load.mode, seconds * load.longer, **load.options) for key, server in servers.items()}


def memory(rounds: int, only: list[str] | None = None) -> Table:
    """What a connection that does nothing holds of the server's memory."""
    table = Table("memory", f"Memory of an idle connection, {MANY:,} of them, after 64 B echoed", "bytes", BASE)
    for _ in range(rounds):
        for key, command in available().items():
            if only is None or key in only:
                with serving(command, "echo") as server:
                    idle_bytes(server, IDLE_FIRST)
                    table.add("idle", key, idle_bytes(server, MANY))
    return table
