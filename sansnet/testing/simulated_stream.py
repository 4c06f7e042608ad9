"""A simulated TCP connection: two ends, and what is on its way between them.

What is modelled, since programs depend on it: bytes arrive in order, in other pieces than they were written in; a
window bounds what is on its way or unread, so that a writer has to wait for a slow reader; FIN ends one direction, in
order, RST breaks both; closing with unread bytes is RST, and so is what arrives at a closed end; who is cut off hears
nothing at all, until his own segments go unanswered for too long, be they data or the question whether there is room
again. What an end is told of a broken connection is what Linux tells: the reason once, then the end of the file, or
EPIPE. A path's connection (a Unix domain socket) has no weather, and knows at once that its peer is closed.

What isn't: segments and their headers, congestion control, reordering (TCP hides it), urgent data, simultaneous open.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

from ..drivers.faults import canceled
from ..drivers.overlapped_pipe import QUIET
from ..state.effects import Payload
from ..state.endpoints import Endpoint
from ..state.faults import Fault

if TYPE_CHECKING:
    from .simulated_connect import Request
    from .simulated_host import Host
    from .simulated_network import Network
    from .timeline import Timer

__all__ = ["FIN", "RST", "End", "Segment"]


@final
class _Mark:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: Final = name

    def __str__(self) -> str:
        return self.name


FIN: Final = _Mark("FIN")
RST: Final = _Mark("RST")
Segment = bytes | _Mark

_ERRNO: Final = {"ECONNRESET": 104, "EPIPE": 32, "ETIMEDOUT": 110}


@final
class End:
    """One end of a connection: `drivers.proactor.Channel`."""

    __slots__ = (
        "_crashes",
        "arrives",
        "broken",
        "closed",
        "ended",
        "ending",
        "error",
        "flying",
        "free_at",
        "held",
        "host",
        "inbox",
        "is_forgotten",
        "is_path",
        "local",
        "name",
        "network",
        "own_port",
        "peer",
        "quiet",
        "reading",
        "remote",
        "request",
        "sendings",
        "service",
        "shut",
        "unacked",
        "unheard",
        "unread",
        "waiting",
        "writing",
    )

    peer: End

    def __init__(self, network: Network, host: Host, local: Endpoint | None, remote: Endpoint | None) -> None:
        self.network: Final = network
        self.host: Final = host
        self.local = local
        self.remote = remote
        self.own_port: Endpoint | None = None  # to be given back when it is closed
        self.name: Final = network.name_end(host)
        self.inbox: deque[bytes] = deque()  # what arrived and was not read
        self.unread = 0  # bytes of it
        self.ended = False  # FIN arrived
        self.broken = False  # RST arrived, or the peer is gone …
        self.error: str | None = None  # … and this is why, until somebody was told
        self.is_path: Final = local is None or local.port is None
        self.shut = False  # FIN was sent
        self.ending = False  # a pipe without half-close was ended, and waits for a silence
        self.quiet: Timer | None = None
        self.closed = False
        self.reading: tuple[int, Callable[[bytes | Fault | None], None]] | None = None
        self.writing: Callable[[Fault | None], None] | None = None
        self.waiting = b""  # what the write in flight has left
        self.unacked = 0  # bytes that were sent and not read
        self.free_at = 0.0  # when the line has carried what it was given
        self.arrives = 0.0  # when the last segment arrives: no later one comes before it
        self.flying: deque[Segment] = deque()  # segments on their way, in order …
        self.sendings = 0  # … and how often all of them were held up
        self.held: deque[Segment] | None = None  # segments that can't get through now, in order
        self.unheard = False  # there is room again, and that can't get through to us
        self.request: Request | None = None  # it is ours, but who called may not know yet
        self._crashes: Final = host.crashes
        self.is_forgotten = False  # given up before it was whole, or by a host that died
        self.service = 0

    # -- the channel

    def read(self, size: int, done: Callable[[bytes | Fault | None], None]) -> None:
        self.reading = size, done
        if self.inbox or self.ended or self.broken:
            self.network.timeline.soon(self._go_on_reading)
        elif self.ending:
            self._wait_for_quiet()

    def write(self, payloads: tuple[Payload, ...], done: Callable[[Fault | None], None]) -> int | Fault | None:
        if self.broken or (self.is_path and self.peer.closed):
            return self._fault("write")
        gathered = bytes(payloads[0]) if len(payloads) == 1 else b"".join(payloads)
        room = self._room(len(gathered))
        if len(gathered) <= room:
            self._send(gathered)
            return None
        self.waiting = gathered
        self.writing = done
        self._fill(room)
        if self._window_left():
            self.network.wait_a_while(self, self.go_on_writing)  # it wasn't the window that stopped us
        else:
            self.network.probe(self)
        return room

    def shutdown(self, done: Callable[[Fault | None], None]) -> None:
        if not self.shut and not self.broken:
            if self.is_path and self.network.faults.no_half_close:
                self._end_pipe()
            else:
                self.shut = True
                self.network.carry(self, FIN)
        self.network.timeline.soon(self.host.in_context(done, None))

    # -- the end of a pipe that has no half-close (`drivers.overlapped_pipe` has the policy)

    def _end_pipe(self) -> None:
        self.network.fired["no_half_close"] += 1
        self.ending = True
        if self.ended:
            self._disconnect()
        elif self.reading is not None:
            self._wait_for_quiet()

    def _wait_for_quiet(self) -> None:
        self._stop_waiting()
        self.quiet = self.network.timeline.timer(QUIET, self._disconnect)

    def _stop_waiting(self) -> None:
        if self.quiet is not None:
            self.quiet.cancel()
            self.quiet = None

    def _disconnect(self) -> None:
        """Who ends hears no more either."""
        self._stop_waiting()
        if not self.shut and not self.broken and not self.closed:
            self.shut = self.ended = True
            self.network.carry(self, FIN)
            self.network.timeline.soon(self._go_on_reading)

    def _cancel(self) -> None:
        if self.reading is not None:
            _, read = self.reading
            self.reading = None
            self.network.timeline.soon(self.host.in_context(read, canceled("read")))
        if self.writing is not None:
            wrote, self.writing = self.writing, None
            self.waiting = b""
            self.network.timeline.soon(self.host.in_context(wrote, canceled("write")))

    def close(self, reset: bool) -> None:
        if self.closed:
            return
        self.closed = True
        self._stop_waiting()
        self._cancel()
        if not self.broken and (reset or self.unread):
            self.network.carry(self, RST)
        elif not self.broken and not self.shut:
            self.shut = True
            self.network.carry(self, FIN)
        self.host.forget(self)

    def vanish(self) -> None:
        """It is forgotten, or its host is dead: nothing more is said or heard here."""
        self.closed = self.broken = self.is_forgotten = True
        self._stop_waiting()
        self.reading = self.writing = None
        # What it had to say is lost, but not that the connection is broken: whoever asks again would be told so.
        self.held = deque([RST]) if self.held is not None and RST in self.held else None
        if self.request is not None:
            self.request.lose()

    @property
    def is_dead(self) -> bool:
        """Will nothing be sent again? The host has died since this was closed.

        What is forgotten says nothing of its own any more, only RST to what comes, which is sent again, and so is that.
        """
        return not self.is_forgotten and self.host.crashes != self._crashes

    def local_name(self) -> Endpoint | None:
        return self.local

    def remote_name(self) -> Endpoint | None:
        return self.remote

    def fileno(self) -> int:
        return -1

    def set_no_delay(self, on: bool) -> None: ...

    def set_keep_alive(self, on: bool, delay: int, interval: int, count: int) -> None: ...

    def set_type_of_service(self, value: int) -> None:
        self.service = value

    def get_type_of_service(self) -> int:
        return self.service

    @property
    def is_stuck(self) -> bool:
        """Does it wait for room in the window, and for nothing else? All that was sent has arrived, and isn't read."""
        return self.writing is not None and not self.flying and self.held is None and not self._window_left()

    # -- sending

    def _window_left(self) -> int:
        return max(0, self.network.faults_of(self).window - self.unacked)

    def _room(self, size: int) -> int:
        network = self.network
        faults = network.faults_of(self) if network.links else network.faults
        room = faults.window - self.unacked
        room = max(room, 0)  # the weather has changed
        if not faults.is_choppy:
            return room
        if faults.spurious and size and self.network.happens("spurious", faults.spurious):
            return 0
        if faults.partial_writes and size > 1 and self.network.happens("partial_writes", faults.partial_writes):
            return min(room, int(self.network.share("partial_writes") * size))
        return room

    def _send(self, payload: bytes) -> None:
        if payload:
            self.unacked += len(payload)
            self.network.carry(self, payload)

    def _fill(self, room: int) -> None:
        """Send as much of what waits as there is room for."""
        waiting = self.waiting
        self.waiting = waiting[room:]
        self._send(waiting[:room])

    def go_on_writing(self) -> None:
        """The peer has read something: there is room again."""
        if self.writing is None:
            return
        self._fill(self._window_left())
        if not self.waiting:
            done, self.writing = self.writing, None
            self.host.run(done, None)

    # -- what arrives

    def receive(self, payload: bytes) -> None:
        """Bytes of the peer's are here."""
        if self.request is not None:
            self.request.complete()
        if self.closed or self.broken:
            self.network.carry(self, RST)
        elif self._goes_through(len(payload)):
            assert self.reading is not None
            self._stop_waiting()
            done, self.reading = self.reading[1], None  # the short way of what is below
            self._acknowledge(len(payload))
            self.host.run(done, payload)
        else:
            self.inbox.append(payload)
            self.unread += len(payload)
            if self.reading is not None:
                self._go_on_reading()

    def _goes_through(self, size: int) -> bool:
        """The most common case: somebody waits for just that, and nothing came before it."""
        if self.inbox or self.reading is None or size > self.reading[0]:
            return False
        network = self.network
        return not (network.faults_of(self) if network.links else network.faults).is_choppy

    def arrive(self, mark: Segment) -> None:
        """FIN or RST of the peer's is here. What comes behind an RST is for nobody, or it would hide the RST."""
        if self.closed or self.broken:
            if mark is FIN and self.is_forgotten:
                self.network.carry(self, RST)  # or whoever says no more would never hear of it
            return
        if self.request is not None:
            (self.request.complete if mark is FIN else self.request.drop)()
        if mark is FIN:
            self.ended = True
            if self.is_path and self.network.faults.no_half_close:
                self.broken = True  # there is nobody to write to either
            if self.reading is not None:
                self._go_on_reading()
        else:
            self.break_off("EPIPE" if self.ended else "ECONNRESET")

    def break_off(self, error: str) -> None:
        """The connection is broken. Who reads is told first, since he may know what to do about it."""
        if self.broken or self.closed:
            return
        self.broken = True
        self.error = error
        if self.reading is not None:
            self._go_on_reading()
        if self.writing is not None:
            done, self.writing = self.writing, None
            self.waiting = b""
            self.host.run(done, self._fault("write"))

    def _fault(self, syscall: str) -> Fault:
        """What is told of a broken connection; the reason, if nobody was told it yet."""
        code, self.error = self.error or "EPIPE", None
        return Fault(code, errno=_ERRNO[code], syscall=syscall)

    def _go_on_reading(self) -> None:
        if self.reading is None:
            return
        size, done = self.reading
        self._stop_waiting()
        if self.inbox:
            self.reading = None
            payload = self._take(size)
            self.unread -= len(payload)
            self._acknowledge(len(payload))
            self.host.run(done, payload)
        elif self.ended or (self.broken and self.error is None):
            self.reading = None
            self.host.run(done, None)
        elif self.broken:
            self.reading = None
            self.host.run(done, self._fault("read"))

    def _take(self, size: int) -> bytes:
        """As a system does: all that is there, up to `size`, whatever the pieces it came in."""
        inbox = self.inbox
        faults = self.network.faults_of(self)
        if faults.partial_reads and self.unread > 1 and self.network.happens("partial_reads", faults.partial_reads):
            size = min(size, 1 + int(self.network.share("partial_reads") * (self.unread - 1)))
        if len(inbox) == 1 and len(inbox[0]) <= size:
            return inbox.popleft()
        whole = b"".join(inbox)
        inbox.clear()
        if len(whole) > size:
            inbox.append(whole[size:])
        return whole[:size]

    def _acknowledge(self, count: int) -> None:
        peer = self.peer
        peer.unacked -= count
        if peer.writing is not None:
            self.network.acknowledge(self)
