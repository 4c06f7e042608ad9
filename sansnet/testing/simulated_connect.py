"""Connecting, in a simulation: SYN, SYN and ACK, ACK, and what can become of each.

Each of the three goes the way of segments, and is lost where the way is cut. A SYN is sent again by who calls (`Dial`);
SYN and ACK by who is called (`Request`), for each SYN that comes meanwhile and, if something was lost, after a while.
Who calls is connected with SYN and ACK; who is called when something has come for them, be it the ACK or, if that was
lost, what was said next. So who says nothing may believe in a connection that the other has given up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

from ..state.endpoints import Endpoint
from ..state.faults import Fault
from .simulated_listen import Bound, SimulatedDoor
from .simulated_stream import RST, End

if TYPE_CHECKING:
    from .simulated_host import Host
    from .simulated_network import Network
    from .timeline import Timer

__all__ = ["Dial", "Request"]

_SYN_WAITS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Seconds until an unanswered SYN is sent again, and at last given up (Linux, tcp_syn_retries = 6)."""

_ANSWER_WAITS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds until SYN and ACK are sent again, and at last given up (Linux, tcp_synack_retries = 5)."""


@final
class Dial:
    """A connect that is under way: SYN, SYN and ACK, ACK."""

    __slots__ = (
        "_connected",
        "_crashes",
        "_done",
        "_host",
        "_local",
        "_network",
        "_patience",
        "_request",
        "_to",
        "_tries",
    )

    def __init__(self, network: Network, host: Host, to: Endpoint, done: Callable[[Any], None]) -> None:
        self._network: Final = network
        self._host: Final = host
        self._crashes: Final = host.crashes
        self._to: Final = to
        self._done: Callable[[Any], None] | None = done
        self._local: Endpoint | None = None
        self._tries = 0
        self._patience: Timer | None = None  # with the SYN that was sent last
        self._request: Request | None = None  # what the last SYN that arrived has made
        self._connected: End | None = None

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
            if self._local is not None and self._host.crashes == self._crashes:
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
            self._host.keep(ours)
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
        network, host = self._network, self._host
        if self._done is None or not host.up:
            return
        if not network.gets_through(host, target):
            return
        if self._request is not None and self._request.waits:
            self._request.answer()
            return
        faults = network.faults_between(host, target)
        door = target.door_at(self._to)
        if door is None or (faults.refused and network.happens("refused", faults.refused)):
            network.timeline.at(network.timeline.now + network.latency(faults), self._refused, target)
        elif door.is_full:
            network.fire("backlog_overflow")
        else:
            self._request = Request(network, self, door, *self._ends(target))
            self._request.answer()

    def _refused(self, target: Host) -> None:
        if self._network.gets_through(target, self._host):
            self._over(self._fault("ECONNREFUSED"))

    def is_for(self, ours: End) -> bool:
        """Is that what is waited for, or what it was connected with?"""
        return self._done is not None or (ours is self._connected and self._host.crashes == self._crashes)

    def answered(self, ours: End) -> None:
        """SYN and ACK are here: connected, if it wasn't before."""
        if self._done is not None:
            ours.own_port, self._local = self._local, None
            self._connected = ours
            self._host.keep(ours)
            self._network.note(ours.name, ours.peer.name, "connected")
            self._over(ours)

    def _ends(self, target: Host) -> tuple[End, End]:
        to = Endpoint(self._to.address, self._to.port, self._to.family)
        ours = End(self._network, self._host, self._local, to)  # kept by its host once it is connected
        theirs = End(self._network, target, to, self._local)
        ours.peer, theirs.peer = theirs, ours
        target.keep(theirs)
        return ours, theirs


@final
class Request:
    """A connection of which the listener knows, and not yet whether the one who calls does."""

    __slots__ = ("_dial", "_door", "_is_lost", "_network", "_ours", "_patience", "_theirs", "_tries", "waits")

    def __init__(self, network: Network, dial: Dial, door: SimulatedDoor, ours: End, theirs: End) -> None:
        self._network: Final = network
        self._dial: Final = dial
        self._door: Final = door
        self._ours: Final = ours
        self._theirs: Final = theirs
        self._tries = 0
        self._patience: Timer | None = None  # since something was lost
        self._is_lost = False  # given up, or forgotten by a host that died
        self.waits = True
        theirs.request = self
        door.expected += 1

    def answer(self) -> None:
        """Send SYN and ACK."""
        network = self._network
        when = network.timeline.now + network.latency(network.faults_of(self._theirs))
        network.timeline.at(when, self._answered)

    def _answered(self) -> None:
        """SYN and ACK are there. The ACK is on its way to the server, and what is said comes behind it."""
        network, ours = self._network, self._ours
        if not network.gets_through(self._theirs.host, ours.host):
            self._repeat()
        elif not self._dial.is_for(ours):
            self.drop()  # RST
        else:
            when = network.timeline.now + network.latency(network.faults_of(ours))
            ours.arrives = max(when, ours.arrives)
            network.timeline.at(when, self._acknowledged)
            self._dial.answered(ours)

    def _acknowledged(self) -> None:
        if not self._network.gets_through(self._ours.host, self._theirs.host):
            self._repeat()
        elif self._is_lost:
            self._network.carry(self._theirs, RST)
        else:
            self.complete()

    def _repeat(self) -> None:
        """Something was lost: send SYN and ACK again in a while, as long as there is hope."""
        if not self.waits or self._patience is not None:
            return
        if self._tries < len(_ANSWER_WAITS) and self._door.open:
            self._patience = self._network.timeline.timer(_ANSWER_WAITS[self._tries], self._again)
            self._tries += 1
        else:
            self.drop()

    def _again(self) -> None:
        self._patience = None
        if self._door.open:
            self.answer()
        else:
            self.drop()

    def complete(self) -> None:
        """The ACK has come, or what was sent behind it."""
        if self.waits:
            self._wait_no_more()
            self._door.arrive(self._theirs)

    def drop(self) -> None:
        """Nobody calls, or not for this: what comes for it from now on is answered with RST."""
        if self.waits:
            self._theirs.vanish()
            self._theirs.host.forget(self._theirs)

    def lose(self) -> None:
        """Its end is no more."""
        self._wait_no_more()
        self._is_lost = True

    def _wait_no_more(self) -> None:
        self.waits = False
        self._theirs.request = None
        self._door.expected -= 1
        if self._patience is not None:
            self._patience.cancel()
