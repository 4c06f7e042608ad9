"""How should a socket be read: into a new buffer each time, or into one that is shared, with a copy out of it?

    python -m benchmarks.read_buffer

The drivers call `recv(65536)`, which allocates 64 KiB and shrinks them to what came. The alternative is `recv_into()` a
buffer that all reads share, and `bytes()` of the part that was filled. This prints, for payloads of several sizes, the
median nanoseconds of one read by either way, and what a payload that is kept costs beyond its own size.
"""

from __future__ import annotations

import platform
import socket
import statistics
import time
from collections.abc import Callable
from pathlib import Path

READ_SIZE = 65536
SIZES = (64, 512, 1024, 4096, 16384, 65536)
ROUNDS = 4000
KEPT, KEPT_SIZE = 30_000, 64

Read = Callable[[], bytes]


def connected() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection over loopback whose buffers hold any of the payloads; the second doesn't block."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = socket.create_connection(server.getsockname())
        receiver, _ = server.accept()
    sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for end in (sender, receiver):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    receiver.setblocking(False)
    return sender, receiver


def ways(receiver: socket.socket) -> dict[str, Read]:
    """The ways to read."""
    shared = bytearray(READ_SIZE)
    view = memoryview(shared)
    return {
        "recv": lambda: receiver.recv(READ_SIZE),
        "recv_into": lambda: bytes(view[: receiver.recv_into(shared)]),
    }


def nanoseconds_to_read(sender: socket.socket, read: Read, payload: bytes) -> int:
    """The time for one payload, without that of looking in vain."""
    sender.sendall(payload)
    total = count = 0
    while count < len(payload):
        start = time.perf_counter_ns()
        try:
            data = read()
        except BlockingIOError:
            continue
        total += time.perf_counter_ns() - start
        count += len(data)
    return total


def resident_bytes() -> int:
    """The memory that this process has, as the system counts it (Linux)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def bytes_kept(sender: socket.socket, read: Read) -> float:
    """What keeping one small payload costs, all told."""
    kept = []
    before = resident_bytes()
    for _ in range(KEPT):
        sender.sendall(bytes(KEPT_SIZE))
        kept.append(read())
    return (resident_bytes() - before) / len(kept)


def main() -> None:
    """Measure and print."""
    print(f"CPython {platform.python_version()}, median ns of {ROUNDS} reads each")
    sender, receiver = connected()
    both = ways(receiver)
    print(f"{'bytes':>8}" + "".join(f"{name:>12}" for name in both))
    for size in SIZES:
        payload = bytes(size)
        times: dict[str, list[int]] = {name: [] for name in both}
        for _ in range(ROUNDS):  # in turns, so that a noisy moment is everybody's
            for name, read in both.items():
                times[name].append(nanoseconds_to_read(sender, read, payload))
        print(f"{size:>8}" + "".join(f"{statistics.median(each):>12.0f}" for each in times.values()))
    if Path("/proc/self/statm").exists():
        costs = (f"{name} {bytes_kept(sender, read):.0f}" for name, read in both.items())
        print(f"memory for each of {KEPT} payloads of {KEPT_SIZE} bytes that are kept: {', '.join(costs)}")
    sender.close()
    receiver.close()


if __name__ == "__main__":
    main()
