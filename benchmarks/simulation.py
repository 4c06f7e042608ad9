"""What the simulated network costs: programs (seeds) a second, and how much faster than real time an idle one goes.

Beside it simloop, on the same workload: two hosts, twenty lines echoed one by one, a clean close. It needs a Python of
its own (3.12 or newer), which `tools/bench_peers.sh` makes in build/simloop; both then run on that one, in processes
that take turns: python -m benchmarks.simulation (or simulation_peer) FIRST COUNT prints seeds a second of CPU time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import sansnet
from sansnet import Socket
from sansnet.testing.faults import Faults
from sansnet.testing.simulation import Simulation

from .tables import Table

ROOT = Path(__file__).resolve().parent.parent
PEERS_PYTHON = ROOT / "build" / "simloop" / "bin" / "python"
LINES = 20
SEEDS = 300
IDLE = 100_000
"""Seconds of virtual time."""

WEATHER = Faults(latency=(0.001, 0.050))


def measure(rounds: int) -> list[Table]:
    """Seeds a second beside simloop's, if it is at hand, and virtual seconds a second."""
    rates = Table("simulation", f"Two hosts, {LINES} lines echoed one by one, closed, hashed", "seeds/s", "simloop")
    speeds = Table("idling", "A connection that times out every second", "× real time")
    with_peer = PEERS_PYTHON.exists()
    if not with_peer:
        print("simloop is left out: tools/bench_peers.sh would install it, given a Python >= 3.12")
    for number in range(rounds):
        first = number * SEEDS
        if with_peer:
            rates.add("in that Python", "sansnet", _in_peers_python("benchmarks.simulation", first))
            rates.add("in that Python", "simloop", _in_peers_python("benchmarks.simulation_peer", first))
        rates.add("in this Python", "sansnet", seeds_a_second(first, SEEDS))
        speeds.add("in this Python", "sansnet", IDLE / _timed(partial(idle, IDLE)))
    return [rates, speeds]


def _in_peers_python(module: str, first: int) -> float:
    command = [str(PEERS_PYTHON), "-m", module, str(first), str(SEEDS)]
    return float(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)


def seeds_a_second(first: int, count: int) -> float:
    """Seconds of CPU, since others may run; after a few seeds to warm up."""
    _echo_all(range(first, first + 20))
    return count / _timed(partial(_echo_all, range(first, first + count)))


def _echo_all(seeds: range) -> None:
    for seed in seeds:
        echo(seed)


def echo(seed: int) -> str:
    """Twenty lines there and back, each awaited, and a clean close. The digest of what happened."""
    left = LINES
    with Simulation(seed, faults=WEATHER) as sim:

        def on_data(_chunk: object) -> None:
            nonlocal left
            left -= 1
            if left:
                client.write(b"a line of text\n")
            else:
                client.end()

        with sim.host("server"):
            server = sansnet.create_server(_greet).listen(8124)
        with sim.host("client"):
            client = sansnet.connect(8124, "server")
            client.on("data", on_data)
            client.on("close", lambda _had_error: server.close())
            client.write(b"a line of text\n")
        sim.run()
        assert not left, "every line came back"
        return sim.digest


def _greet(socket: Socket) -> None:
    socket.on("data", socket.write)


def idle(seconds: float) -> int:
    """A connection on which nobody says a word, with a timeout of a second; how often it was told."""
    count = 0

    def on_timeout() -> None:
        nonlocal count
        count += 1
        client.set_timeout(1)

    with Simulation() as sim:
        with sim.host("server"):
            sansnet.create_server(_greet).listen(8124)
        with sim.host("client"):
            client = sansnet.connect(8124, "server")
            client.on("timeout", on_timeout).set_timeout(1)
        sim.run(seconds)
    return count


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    print(seeds_a_second(int(sys.argv[1]), int(sys.argv[2])))
