"""What the tests of the simulation let happen."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

import sansnet
from sansnet import Server, Socket
from sansnet.testing.faults import Faults
from sansnet.testing.simulation import Simulation


class Echo:
    """A server that says everything again, and clients that say so many lines, each after the last came back.

    What goes wrong is counted, and is nobody's fault.
    """

    def __init__(self, sim: Simulation, lines: int = 5, clients: int = 1, **options: Any) -> None:
        self.sim = sim
        self.lines = lines
        self.errors: Counter[str] = Counter()
        self.heard = b""
        self.closed = 0
        self.clients: list[Socket] = []
        self.peers: list[Socket] = []
        with sim.host("server", "10.0.0.1"):
            self.server: Server = sansnet.create_server(self._greet).on("error", self._note).listen(80)
        with sim.host("client", "10.0.0.2"):
            for number in range(clients):
                self.clients.append(self._call(number, options))

    def _note(self, error: Exception) -> None:
        self.errors[getattr(error, "code", type(error).__name__)] += 1

    def _greet(self, peer: Socket) -> None:
        self.peers.append(peer)
        peer.on("error", self._note)
        peer.on("data", peer.write)

    def _call(self, number: int, options: dict[str, Any]) -> Socket:
        client = sansnet.connect(**{"port": 80, "host": "server", **options})
        line = b"line %d\n" % number
        heard = b""

        def on_data(chunk: bytes) -> None:
            nonlocal heard
            heard += chunk
            self.heard += chunk
            if heard == line * self.lines:
                client.end()
            elif len(heard) % len(line) == 0:
                client.write(line)

        def on_close(_had_error: bool) -> None:
            self.closed += 1
            if self.closed == len(self.clients):
                with contextlib.suppress(RuntimeError):  # its host has crashed since
                    self.server.close()

        client.on("error", self._note).on("data", on_data).on("close", on_close)
        client.write(line)
        return client

    @property
    def whole(self) -> bool:
        """Has every line of a single client come back?"""
        return self.heard == b"line 0\n" * self.lines


def digest_of(seed: int, faults: Any = "drawn") -> str:
    """A program under this seed's weather, in one number."""
    with Simulation(seed, faults=faults) as sim:
        Echo(sim, lines=3, clients=2)
        sim.run(60)
        return sim.digest


def shaken(**faults: Any) -> Simulation:
    """A simulation in which this happens half of the time."""
    return Simulation(5, faults=Faults(**faults))
