"""What an echoed message costs a server: its CPU time, beside asyncio's and uvloop's, in one run.

Fifty connections, each with one message under way. The client spins, so that it is always there when the server has
answered: the server's waiting and waking is its own. CPU time is the kernel's own account of the server's process.
"""

from __future__ import annotations

import contextlib
import importlib.util
import select
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from .servers import SERVERS

CONNECTIONS = 50
SIZES = (64, 1024, 65536)


def report(rounds: int, seconds: float) -> None:
    """Print the figures."""
    if not Path("/proc/self/schedstat").exists():
        print("\necho: needs Linux's /proc/PID/schedstat")
        return
    names = [name for name in SERVERS if name != "uvloop" or importlib.util.find_spec("uvloop")]
    print(f"\necho, {CONNECTIONS} connections: server CPU a message, medians of {rounds} rounds")
    print(f"{'size':>8} " + "".join(f"{name:>14}" for name in names) + "   ratios of sansnet")
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(_server(name)) for name in names}
        for size in SIZES:
            costs: dict[str, list[float]] = {name: [] for name in names}
            for _ in range(rounds):  # interleaved: a slow moment of the machine meets all of them
                for name in names:
                    costs[name].append(_cost(*servers[name], size, seconds))
            _print_row(size, costs)


def _print_row(size: int, costs: dict[str, list[float]]) -> None:
    cells = "".join(f"{statistics.median(values):11.2f} µs" for values in costs.values())
    ratios = [f"{_ratio(costs['sansnet'], costs[name]):.2f} × {name}" for name in costs if name != "sansnet"]
    print(f"{size:>6} B {cells}   {', '.join(ratios)}")


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median([one / other for one, other in zip(ours, theirs, strict=True)])


@contextlib.contextmanager
def _server(name: str) -> Iterator[tuple[int, int]]:
    """A server in a process of its own: its process id and port."""
    command = [sys.executable, "-m", "benchmarks.servers", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.terminate()


def _cost(pid: int, port: int, size: int, seconds: float) -> float:
    """Microseconds of the server's CPU for one message."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
    try:
        _echo(connections, size, seconds / 5)  # warm up
        before = _cpu(pid)
        count = _echo(connections, size, seconds)
        return (_cpu(pid) - before) / count * 1e6
    finally:
        for connection in connections:
            connection.close()


def _echo(connections: list[socket.socket], size: int, seconds: float) -> int:
    """Keep one message under way on every connection for so long, then let the last ones come home; how many did."""
    message = memoryview(b"x" * size)
    by_number = {connection.fileno(): connection for connection in connections}
    unsent = dict.fromkeys(by_number, size)
    missing = dict.fromkeys(by_number, size)
    poll = select.epoll()
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    count, under_way, until = 0, len(by_number), time.monotonic() + seconds
    _send(by_number, unsent, message)
    while under_way:
        for number, _ in poll.poll(0):
            missing[number] -= len(by_number[number].recv(65536))
            if missing[number]:
                continue
            count += 1
            if time.monotonic() > until:
                under_way -= 1
            else:
                missing[number] = unsent[number] = size
                _send({number: by_number[number]}, unsent, message)
        _send({number: by_number[number] for number, left in unsent.items() if left}, unsent, message)
    poll.close()
    return count


def _send(connections: dict[int, socket.socket], unsent: dict[int, int], message: memoryview) -> None:
    for number, connection in connections.items():
        with contextlib.suppress(BlockingIOError):
            unsent[number] -= connection.send(message[len(message) - unsent[number] :])


def _cpu(pid: int) -> float:
    """Seconds that the process has been on a processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
