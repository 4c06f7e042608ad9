"""Programs that tests run as processes of their own, because they change limits of the whole process.

    python -m tests.children starved 24     a server that has too few descriptors
    python -m tests.children crowded 10000  a server with very many connections that say nothing
    python -m tests.children crowd PORT 10000   those who connect to it

Each prints one JSON record a line, the first as soon as it is ready, and goes on when a line comes in.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

import sansnet
from sansnet import Socket
from tests.loopback import PATIENCE, Loopback, loopback, port_of


def tell(**record: Any) -> None:
    print(json.dumps(record), flush=True)


def wait_for_a_line() -> None:
    sys.stdin.readline()


def raise_limit(descriptors: int) -> None:
    """At least so many descriptors. Raises ValueError when the hard limit is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))


def starved(connections: int) -> None:
    """Accepts until there are no descriptors left, six times; then gives all of them back, and accepts the rest."""
    with loopback() as net:
        accepted: list[Socket] = []
        errors: list[str] = []
        failed_at: list[float] = []
        server = net.serve(accepted.append)
        server.on("error", lambda error: errors.append(f"{error.syscall} {error.code}"))
        server.on("error", lambda _error: failed_at.append(net.driver.now()))
        leave_descriptors_for(connections // 2)
        tell(port=port_of(server))
        turns = 0

        def starves() -> bool:
            nonlocal turns
            turns += 1
            return len(errors) == 6

        net.run_until(starves)
        server.close_all_connections()
        seen = len(accepted)
        net.run_until(lambda: len(accepted) == connections)
        tell(
            before=seen,
            accepted=len(accepted),
            errors=sorted(set(errors)),
            turns=turns,
            gaps=[later - earlier for earlier, later in itertools.pairwise(failed_at)],
            listening=server.listening,
        )


def leave_descriptors_for(count: int) -> None:
    lowest_free = os.dup(0)
    os.close(lowest_free)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + count, hard))


def crowded(connections: int) -> None:
    """Accepts all of them, and then still serves somebody who talks."""
    raise_limit(connections + 100)
    with loopback() as net:
        server = net.serve(lambda peer: peer.pipe(peer))
        server.close().listen(0, "127.0.0.1", connections)  # with a backlog that nobody has to come to twice
        net.run_until(lambda: server.listening)
        tell(port=port_of(server))
        net.run_until(lambda: server.connections == connections, seconds=2 * PATIENCE)
        cpu = cpu_seconds()
        echoed = echoes(net, port_of(server), 1000)
        tell(connections=connections, echoed=echoed, cpu=cpu_seconds() - cpu)
        net.run_until(lambda: server.connections == 0)
        server.close()
        net.run()
        tell(left=len(net.driver.handles))


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def echoes(net: Loopback, port: int, times: int) -> int:
    """So many words there and back, one after the other."""
    client = sansnet.connect(port, "127.0.0.1")
    count = 0

    def again(_word: bytes = b"") -> None:
        nonlocal count
        count += 1
        client.write("word") if count <= times else client.destroy()

    client.on("connect", again)
    client.on("data", again)
    net.run_until(lambda: client.destroyed)
    return count - 1


def crowd(port: int, connections: int) -> None:
    """Connects so often, and says nothing. Goes when a line comes in."""
    raise_limit(connections + 100)
    sockets = [socket.socket() for _ in range(connections)]
    for made in sockets:
        made.connect(("127.0.0.1", port))
    tell(connected=len(sockets))
    wait_for_a_line()
    for made in sockets:
        made.close()


PROGRAMS: Final[dict[str, Callable[..., None]]] = {"starved": starved, "crowded": crowded, "crowd": crowd}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*map(int, sys.argv[2:]))
