"""A state machine for Hypothesis: two hosts, connections between them, and rules that do what users and cables do.

    class TestProtocol(SimulatedConnections.TestCase):
        ...

    class Protocol(SimulatedConnections):
        def greet(self, peer):          # the server's side
            ...

        @rule(...)
        def ask(self, ...): ...

Its law, checked after every rule and at the end: what one end is told is a prefix of what the other has written, and
all of it if the connection ended well; each life ends in one 'close', once everything is closed. Needs the extra
`testing`.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

import sansnet

from ..socket import Socket
from .simulation import Simulation
from .strategies import fault_plans, server_options, socket_options

__all__ = ["Side", "SimulatedConnections"]


class Side:
    """One end of a connection, and all that is known of it."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.other: Side | None = None
        self.written = bytearray()
        self.heard = bytearray()
        self.ended = False
        self.closes = 0
        self.errors: list[BaseException] = []
        socket.on("data", self.heard.extend)
        socket.on("end", self._on_end)
        socket.on("close", self._on_close)
        socket.on("error", self.errors.append)

    def write(self, data: bytes) -> None:
        """Write, if it may."""
        if self.socket.writable:
            self.written += data
            self.socket.write(data)

    def _on_end(self) -> None:
        self.ended = True

    def _on_close(self, *_had_error: object) -> None:
        self.closes += 1


class SimulatedConnections(RuleBasedStateMachine):
    """Derive from this, and add rules; or use it as it is."""

    ends: Bundle[Any] = Bundle("ends")
    most = 4
    """So many connections at most."""

    def __init__(self) -> None:
        super().__init__()
        self.sim = Simulation()
        self.sides: list[Side] = []
        self._dialled: dict[int, Side] = {}
        self._is_cut = False

    # -- what to override

    def greet(self, side: Side) -> None:
        """A connection was accepted. Does nothing."""

    # -- the rules

    @initialize(seed=st.integers(0, 1 << 32), faults=fault_plans(severity=0.2), options=server_options())
    def begin(self, seed: int, faults: Any, options: dict[str, Any]) -> None:
        """The network, and a server."""
        self.sim = Simulation(seed, faults=faults)
        with self.sim.host("server"):
            self.server = sansnet.create_server(self._accept, **options).on("error", lambda _: None).listen(80)
        self.sim.host("client")

    @rule(target=ends, options=socket_options())
    def connect(self, options: dict[str, Any]) -> Any:
        """A client calls."""
        if len(self.sides) >= 2 * self.most:
            return multiple()
        with self.sim.host("client"):
            side = Side(sansnet.connect(port=80, host="server", **options))
        self.sides.append(side)
        side.socket.on("connect", lambda: self._dialled.update({side.socket.local_port or 0: side}))
        return side

    @rule(side=ends, data=st.binary(max_size=5000), from_peer=st.booleans())
    def write(self, side: Side, data: bytes, from_peer: bool) -> None:
        """One end writes."""
        (side.other or side if from_peer else side).write(data)

    @rule(side=ends, from_peer=st.booleans())
    def end(self, side: Side, from_peer: bool) -> None:
        """One end ends."""
        (side.other or side if from_peer else side).socket.end()

    @rule(side=ends)
    def pause(self, side: Side) -> None:
        """A client reads no more for a while."""
        side.socket.pause()

    @rule(side=ends)
    def resume(self, side: Side) -> None:
        """It goes on."""
        side.socket.resume()

    @rule(side=consumes(ends), reset=st.booleans())
    def leave(self, side: Side, reset: bool) -> None:
        """A client goes without a word, or with RST."""
        if reset and side.socket.ready_state != "closed":
            side.socket.reset_and_destroy()
        else:
            side.socket.destroy()

    @rule()
    def cut_or_heal(self) -> None:
        """The cable is pulled, or plugged in again."""
        (self.sim.heal if self._is_cut else self.sim.cut)("client", "server")
        self._is_cut = not self._is_cut

    @rule(seconds=st.floats(0, 20))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.sim.run(seconds)

    # -- the law

    @invariant()
    def what_is_heard_was_written(self) -> None:
        """In order, from the beginning, and nothing else; all of it before 'end'."""
        for side in self.sides:
            if side.other is not None:
                whole = bytes(side.other.written)
                assert whole.startswith(bytes(side.heard)), "something was heard that wasn't written"
                if side.ended and not side.other.errors:
                    assert side.heard == whole or side.other.socket.destroyed, "'end' came before all of it"
            assert side.closes <= 1, "'close' came twice"

    def teardown(self) -> None:
        """Let everything end, and look once more. Whatever happens, the simulation is closed."""
        with self.sim:
            if "client" not in self.sim.hosts:
                return
            if self._is_cut:
                self.sim.heal("client", "server")
            self.server.close()
            for _ in range(2):  # who was accepted in the meantime is the second
                for side in list(self.sides):
                    side.socket.destroy()
                self.sim.run(1000)
            self.what_is_heard_was_written()
            assert all(side.closes == 1 for side in self.sides), "a life without a 'close'"
            assert self.server.connections == 0

    def _accept(self, socket: Socket) -> None:
        side = Side(socket)
        self.sides.append(side)
        other = self._dialled.get(socket.remote_port or 0)
        if other is not None:
            side.other, other.other = other, side
        self.greet(side)
