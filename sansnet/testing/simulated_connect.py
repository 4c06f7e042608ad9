"""Connecting, in a simulation: SYN, SYN and ACK, ACK, and what can become of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

from ..state.endpoints import Endpoint
from ..state.faults import Fault
from .simulated_listen import Bound, SimulatedDoor
from .simulated_stream import End

if TYPE_CHECKING:
    from .simulated_host import Host
    from .simulated_network import Network
    from .timeline import Timer

__all__ = ["Dial"]

_SYN_WAITS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Seconds until an unanswered SYN is sent again, and at last given up (Linux, tcp_syn_retries = 6)."""


@final
class Dial:
    """A connect that is under way: SYN, SYN and ACK, ACK."""

    __slots__ = ("_done", "_host", "_local", "_network", "_patience", "_to", "_tries")

    def __init__(self, network: Network, host: Host, to: Endpoint, done: Callable[[Any], None]) -> None:
        self._network: Final = network
        self._host: Final = host
        self._to: Final = to
        self._done: Callable[[Any], None] | None = done
        self._local: Endpoint | None = None
        self._tries = 0
        self._patience: Timer | None = None  # with the SYN that was sent last

    def begin(self, local: Bound | None) -> None:
        """Take a port, and send SYN."""
        self._network.note(self._host.name, "connect", self._to.address, self._to.port)
        if self._to.port is None:
            self._local = local.endpoint if local is not None else None
            self._network.timeline.soon(self._reach_path)
            return
        own = self._host.own_end(self._to, local)
        if isinstance(own, Fault):
            self._network.timeline.soon(lambda: self._over(own))
            return
        self._local = own
        self._send_syn()

    def cancel(self) -> None:
        if self._done is not None:
            self._network.timeline.soon(lambda: self._over(self._fault("ECANCELED")))

    def _fault(self, code: str) -> Fault:
        return Fault(code, syscall="connect", address=self._to.address, port=self._to.port)

    def _over(self, answer: End | Fault) -> None:
        if self._patience is not None:
            self._patience.cancel()
        done, self._done = self._done, None
        if done is None:
            if isinstance(answer, End):
                answer.close(True)
            return
        if isinstance(answer, Fault):
            self._network.note(self._host.name, "failed", answer.code)
            if self._local is not None:
                self._host.release(self._local)
        self._host.run(done, answer)

    def _reach_path(self) -> None:
        door = self._host.at_path(self._to.address)
        if isinstance(door, str):
            self._over(self._fault(door))
        elif door.is_full:
            self._over(self._fault("EAGAIN"))
        else:
            ours, theirs = self._ends(self._host)
            door.arrive(theirs)
            self._over(ours)

    def _target(self) -> Host | None:
        if self._to.address in ("127.0.0.1", "::1"):
            return self._host
        return self._network.addresses.get(self._to.address)

    def _send_syn(self) -> None:
        if self._done is None:
            return
        if self._tries == len(_SYN_WAITS):
            self._over(self._fault("ETIMEDOUT"))
            return
        network, target = self._network, self._target()
        wait = _SYN_WAITS[self._tries]
        self._tries += 1
        faults = network.faults if target is None else network.faults_between(self._host, target)
        lost = self._tries == 1 and faults.black_hole and network.happens("black_hole", faults.black_hole)
        if lost:
            self._tries = len(_SYN_WAITS)
            wait = sum(_SYN_WAITS)
        elif target is not None:
            if not (faults.loss and network.happens("loss", faults.loss)):
                network.timeline.at(network.timeline.now + network.latency(faults), self._syn_arrives, target)
        self._patience = network.timeline.timer(wait, self._send_syn)

    def _syn_arrives(self, target: Host) -> None:
        network = self._network
        if self._done is None or not self._host.up:
            return
        if target is not self._host and not network.reach(self._host, target):
            network.fire("partition" if target.up else "crash")
            return
        faults = network.faults_between(self._host, target)
        door = target.door_at(self._to)
        back = network.timeline.now + network.latency(faults)
        if door is None or (faults.refused and network.happens("refused", faults.refused)):
            network.timeline.at(back, self._over, self._fault("ECONNREFUSED"))
        elif door.is_full:
            network.fire("backlog_overflow")
        else:
            ours, theirs = self._ends(target)
            door.expected += 1
            network.timeline.at(back, self._answered, ours, theirs, door)

    def _answered(self, ours: End, theirs: End, door: SimulatedDoor) -> None:
        """SYN and ACK are here: connected. The ACK is on its way to the server, and what we send comes behind it."""
        network = self._network
        if self._done is None or not self._host.up:
            door.expected -= 1
            theirs.close(False)
            self._host.forget(ours)
            return
        network.note(ours.name, theirs.name, "connected")
        ours.arrives = network.timeline.now + network.latency(network.faults_of(ours))
        network.timeline.at(ours.arrives, door.complete, theirs)
        ours.own_port, self._local = self._local, None
        self._over(ours)

    def _ends(self, target: Host) -> tuple[End, End]:
        to = Endpoint(self._to.address, self._to.port, self._to.family)
        ours = self._host.end(self._local, to)
        theirs = target.end(to, self._local)
        ours.peer, theirs.peer = theirs, ours
        return ours, theirs
