"""What the simulated network costs: programs (seeds) a second, and how much faster than real time an idle one goes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import sansnet
from sansnet import Socket
from sansnet.testing.faults import Faults
from sansnet.testing.simulation import Simulation

LINES = 20
SEEDS = 300
IDLE = 100_000
"""Seconds of virtual time."""

WEATHER = Faults(latency=(0.001, 0.050))


def report(rounds: int) -> None:
    """Print the figures."""
    rates, speeds = [], []
    for number in range(rounds):
        rates.append(SEEDS / _timed(partial(_echo_all, range(number * SEEDS, (number + 1) * SEEDS))))
        speeds.append(IDLE / _timed(partial(idle, IDLE)))
    print(f"\nsimulation, medians of {rounds} rounds")
    print(f"two hosts, {LINES} lines echoed one by one, closed, hashed: {statistics.median(rates):,.0f} seeds/s")
    print(f"a connection that times out every second: {statistics.median(speeds):,.0f} × real time")


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
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
