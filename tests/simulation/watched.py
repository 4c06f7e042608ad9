"""What can be told of a socket or a server that keeps the laws: all that it says is held against them as it comes.

The laws of `sansnet.testing.invariants` look into machines. These look at what listeners are told, and at nothing else,
so they hold the facade, the pump and the driver to account as well. Each is one `assert`, with its sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from sansnet import Server, Socket
from sansnet.testing import Simulation
from sansnet.testing.ghosts import tape

__all__ = ["EVENTS", "Life", "WatchedServer", "WatchedSocket"]

EVENTS: Final = (
    "lookup",
    "connection_attempt",
    "connection_attempt_failed",
    "connection_attempt_timeout",
    "connect",
    "ready",
    "end",
    "drain",
    "prefinish",
    "finish",
    "timeout",
    "error",
    "close",
)
ONCE: Final = frozenset(["connect", "ready", "end", "prefinish", "finish", "error", "close"])
BEFORE_CONNECT: Final = frozenset(EVENTS[:4])
UNTIL_READY: Final = frozenset(["ready", "drain"])  # what waited for the connection may be gone by then
AFTER_CONNECT: Final = frozenset(["ready", "data", "end", "drain"])
PATIENCE: Final = 300.0
"""The longest timeout. Whatever happened to the network in the first minute is over by then."""

STATES: Final = frozenset(["opening", "open", "readOnly", "writeOnly", "closed"])


class Life:
    """One life of a socket, from connect() or 'connection' to 'close': what was said, what was heard."""

    def __init__(self, is_accepted: bool) -> None:
        self.is_accepted = is_accepted
        self.told: set[str] = set()
        self.heard = bytearray()
        self.written = bytearray()
        self.connected = 0.0  # when
        self.acted = 0.0  # when something was said, or may have been, or it was closed
        self.owed: list[int] = []  # callbacks of write() and end(), by age
        self.calls = 0
        self.owes_drain = False
        self.is_paused = False
        self.is_lost = False  # with its host
        self.is_given_up = False  # somebody has destroyed it, or is about to
        self.address: str | None = None  # the client's, which both ends know …
        self.port: int | None = None  # … as they know this; None for paths
        self.arrived = 0  # bytes of which is known when they came, or that this was a while ago
        self.idle_until: float | None = None  # no 'timeout' before
        self.other: Life | None = None  # the other end, once it is known
        self.is_echoed = False  # whoever is at the other end says the same again
        self.repeats = False  # what it writes is what it hears, as a pipe has it …
        self.repeated: int | None = None  # … so much of it, if somebody has ended it meanwhile

    @property
    def owes_ready(self) -> bool:
        """'connect' was told, and 'ready' is next."""
        return "connect" in self.told and "ready" not in self.told

    @property
    def is_over(self) -> bool:
        """Is nothing more to come?"""
        return self.is_lost or "close" in self.told

    @property
    def said(self) -> bytes:
        """All that it has written."""
        return bytes(self.heard[: self.repeated] if self.repeats else self.written)


class WatchedSocket:
    """A socket, and one life after the other. Use it through this, so that what it is asked for is known."""

    def __init__(self, sim: Simulation, socket: Socket, name: str, counted: Counter[str], *, accepted: bool) -> None:
        self.sim = sim
        self.socket = socket
        self.name = name
        self.lives = [Life(accepted)]
        self.counted = counted
        for event in EVENTS:
            socket.on(event, partial(self._told, event))

    @property
    def life(self) -> Life:
        return self.lives[-1]

    def listen_to_data(self) -> None:
        """Let it flow."""
        self.socket.on("data", self.heard)

    def take(self) -> None:
        """Take by read() what there is."""
        while isinstance(chunk := self.socket.read(), bytes):
            self.heard(chunk)

    # -- what the user asks for

    def say(self, count: int) -> bool:
        """Write the next bytes of its tape."""
        return self.write(tape(len(self.life.written), count))

    def write(self, data: bytes) -> bool:
        life, is_taken = self.life, self.socket.writable
        life.acted = self.sim.now
        if is_taken:
            life.written += data
        answer = self.socket.write(data, callback=self._owing(life))
        if not answer and is_taken and self.socket.writable:
            life.owes_drain = True
        return answer

    def end(self) -> None:
        self.socket.end(callback=self._owing(self.life))

    def destroy(self, error: Exception | None = None) -> None:
        self.life.is_given_up = True
        self.socket.destroy(error)

    def destroy_soon(self) -> None:
        self.life.is_given_up = True
        self.socket.destroy_soon()

    def reset(self) -> None:
        """With RST, where there is such a thing."""
        self.life.is_given_up = True
        try:
            self.socket.reset_and_destroy()
        except TypeError:  # a path has no reset
            self.socket.destroy()

    def pause(self) -> None:
        self.life.is_paused = True
        self.socket.pause()

    def resume(self) -> None:
        self.life.is_paused = False
        self.life.arrived = self.socket.bytes_read
        self.socket.resume()

    def set_timeout(self, seconds: float) -> None:
        self.socket.set_timeout(seconds)
        self._is_busy(self.life)

    def _is_busy(self, life: Life) -> None:
        """Something was asked for, or has come: for so long it isn't idle."""
        wait = self.socket.timeout
        life.idle_until = self.sim.now + wait if wait else None

    def begin_again(self, connect: Callable[[], object]) -> None:
        """Another life of the same socket."""
        assert self.life.is_over
        self.lives.append(Life(False))
        self._is_busy(self.life)
        connect()

    # -- what it is told

    def _told(self, event: str, *args: Any) -> None:
        life = self.life
        self.counted[event] += 1
        self.law(not life.is_lost, f"{event!r} on a host that is dead")
        self.law("close" not in life.told, f"{event!r} after 'close'")
        self.law(event not in ONCE or event not in life.told, f"{event!r} twice")
        is_connected = life.is_accepted or "connect" in life.told
        self.law(event in UNTIL_READY or not life.owes_ready, f"{event!r} between 'connect' and 'ready'")
        self.law(is_connected or event not in AFTER_CONNECT, f"{event!r} before 'connect'")
        self.law(event not in BEFORE_CONNECT or not is_connected, f"{event!r} after 'connect'")
        self.law(self.socket.ready_state in STATES, "ready_state is none of the five")
        check = _CHECKS.get(event)
        if check is not None:
            check(self, life, *args)
        life.told.add(event)

    def heard(self, chunk: bytes) -> None:
        """Data came."""
        life = self.life
        self.counted["data"] += 1
        self.law(bool(chunk), "'data' of nothing")
        self.law(not life.is_lost and not life.told & {"close", "end"}, "'data' after the last of it")
        self.law(life.is_accepted or "ready" in life.told, "'data' before 'ready'")
        self.law(not life.is_paused, "'data' while paused")
        life.heard += chunk
        life.acted = self.sim.now  # it may have answered, as a pipe does
        if self.socket.bytes_read > life.arrived:
            life.arrived = self.socket.bytes_read
            self._is_busy(life)
        if life.is_echoed:
            self.law(life.written.startswith(life.heard), "the echo is not what was written")

    def at_connect(self, life: Life) -> None:
        life.connected = self.sim.now
        self.law(not life.is_accepted, "'connect' of an accepted socket")
        self.law(not self.socket.connecting and not self.socket.pending, "connecting at 'connect'")

    def at_end(self, life: Life) -> None:
        self.law(self.socket.readable_length == 0, "'end' before buffered data")
        self.law(self.socket.bytes_read == len(life.heard), "'end' before all that arrived was told")

    def at_drain(self, life: Life) -> None:
        self.law(life.owes_drain or life.repeats, "'drain' without a write() that answered False")
        self.law(self.socket.writable_length == 0, "'drain' before all is gone")
        self.law(not self.socket.writable_ended and not self.socket.destroyed, "'drain' after the last write")
        life.owes_drain = False

    def at_finish(self, life: Life) -> None:
        self.law(self.socket.writable_length == 0, "'finish' before all is gone")
        self.law("prefinish" in life.told, "'finish' without 'prefinish'")
        self.law(not life.owed, "'finish' before the callbacks of what was written and ended")
        life.repeated = self.socket.bytes_written

    def at_timeout(self, life: Life) -> None:
        self.law(life.idle_until is not None and self.sim.now >= life.idle_until - 1e-9, "'timeout' too early")
        is_waiting = life.port is not None and "end" not in life.told and not life.is_paused
        if self.socket.timeout == PATIENCE and is_waiting:
            self._look_why_nothing_came(life)

    def _look_why_nothing_came(self, life: Life) -> None:
        """All ways have been open for minutes: what was said is here, unless a host died."""
        other = life.other
        if any(host.crashes for host in self.sim.hosts.values()):
            return
        if other is not None and other.acted < self.sim.now - PATIENCE / 2:
            self.law(not other.is_over, "it has been waiting for minutes for one who was closed")
            self.law(other.said == bytes(life.heard), "it has heard nothing for minutes of what was said")

    def at_close(self, life: Life, had_error: bool | None) -> None:
        life.acted = self.sim.now
        self.law(had_error is None or had_error == ("error" in life.told), "'close' is wrong about the error")
        self.law(self.socket.destroyed and self.socket.ready_state == "closed", "'close' of what is not closed")
        self.law(not self.socket.writable and not self.socket.readable, "usable at 'close'")
        has_ended = life.told >= {"end", "finish"}
        self.law(life.is_given_up or "error" in life.told or has_ended, "'close' before both ends were told")

    def _owing(self, life: Life) -> Callable[..., None]:
        """A callback that is owed from now on."""
        life.calls += 1
        life.owed.append(life.calls)
        return partial(self._called, life, life.calls)

    def _called(self, life: Life, number: int, error: BaseException | None = None) -> None:
        self.counted["callback"] += 1
        self.law(number in life.owed, "a callback twice")
        self.law(not life.is_lost, "a callback on a host that is dead")
        if error is None:
            self.law(life.owed[0] == number, "success out of order")
            self.law("close" not in life.told, "success after 'close'")
            is_still_owed = life.owes_drain and life is self.life and self.socket.writable
            self.law(not is_still_owed or self.socket.writable_length > 0, "all is gone, and no 'drain'")
        life.owed.remove(number)

    def law(self, holds: bool, sentence: str) -> None:
        assert holds, f"{self.name}, life {len(self.lives)}: {sentence}; {self.socket.describe()}"

    # -- in the end

    def check(self) -> None:
        """Nothing more will come: did everything?"""
        for life in self.lives:
            self.law(life.is_over, "a life without 'close'")
            self.law(life.is_lost or not life.owed, "a callback was never called")
            other = life.other
            if other is not None:
                self.law(other.said.startswith(life.heard), "it heard what was never said")
                if "end" in life.told and "finish" in other.told:
                    self.law(other.said == bytes(life.heard), "'end' came before all that was said")


_CHECKS: Final[dict[str, Callable[..., None]]] = {
    "connect": WatchedSocket.at_connect,
    "end": WatchedSocket.at_end,
    "drain": WatchedSocket.at_drain,
    "finish": WatchedSocket.at_finish,
    "timeout": WatchedSocket.at_timeout,
    "close": WatchedSocket.at_close,
}


class WatchedServer:
    """A server, and those whom it has accepted."""

    def __init__(self, server: Server, name: str, counted: Counter[str]) -> None:
        self.server = server
        self.name = name
        self.counted = counted
        self.accepted: list[WatchedSocket] = []
        self.is_lost = False  # with its host
        self.listens = self.announced = self.closes = 0
        self.asked_to_close = 0
        self.asked = self.answered = 0  # get_connections()
        for event in ("listening", "drop", "close", "error"):
            server.on(event, partial(self._told, event))

    @property
    def is_over(self) -> bool:
        return self.is_lost or (not self.server.listening and self.server.connections == 0)

    def listen(self, *args: Any, **options: Any) -> None:
        self.listens += 1
        self.server.listen(*args, **options)

    def close(self, **options: Any) -> None:
        if self.server.listening:
            self.asked_to_close += 1
            if "timeout" in options:
                self._give_up()
            self.server.close(**options)

    def close_all_connections(self) -> None:
        self._give_up()
        self.server.close_all_connections()

    def _give_up(self) -> None:
        """Those who are there will be destroyed, if they aren't closed before."""
        for one in self.accepted:
            one.life.is_given_up = True

    def ask(self) -> None:
        """Let it count its connections, twice."""
        for _ in range(2):
            self.asked += 1
            self.server.get_connections(partial(self._answer, self.asked, self.server.connections))

    def _answer(self, number: int, expected: int, _error: None, count: int) -> None:
        """Functions wait for a tick of their own, which come in order, and before anything is heard of the network."""
        self.counted["server answer"] += 1
        self.answered += 1
        self.law(self.answered == number, "an answer out of order")
        self.law(count == expected, "an answer to another question")

    def accept(self, socket: WatchedSocket) -> None:
        """'connection' was told."""
        self.accepted.append(socket)
        self._told("connection", socket)
        self.ask()
        socket.socket.on("close", lambda _: self.count())

    def count(self) -> None:
        """The count is that of the connections that are not destroyed; one that is may count until it is given back."""
        living = sum(not one.socket.destroyed for one in self.accepted)
        unclosed = sum(not one.life.is_over for one in self.accepted)
        count = self.server.connections
        self.law(living <= count <= unclosed, f"{count} connections, of {living} to {unclosed}")
        limit = self.server.max_connections
        self.law(limit is None or count <= limit, "more than max_connections")

    def _told(self, event: str, *_args: Any) -> None:
        self.counted[f"server {event}"] += 1
        self.law(not self.is_lost, f"{event!r} on a host that is dead")
        if event in ("connection", "drop"):
            self.count()
            self.law(self.answered == self.asked, f"{event!r} before what had to be answered")
        if event == "listening":
            self.announced += 1
            self.law(self.announced <= self.listens and self.server.listening, "'listening' of no listener")
        elif event == "drop":
            self.law(self.server.connections == self.server.max_connections, "'drop' below max_connections")
        elif event == "close":
            self.closes += 1
            self.law(self.closes <= self.asked_to_close, "'close' that nobody asked for")
            self.law(self.server.connections == 0, "'close' before the last connection is gone")
            self.law(all(one.socket.destroyed for one in self.accepted), "'close' before its last connection")

    def law(self, holds: bool, sentence: str) -> None:
        assert holds, f"{self.name}: {sentence}; {self.server.describe()}"

    def check(self) -> None:
        """Nothing more will come: did everything?"""
        if not self.is_lost:
            self.count()
            self.law(self.server.connections == 0, "connections are left")
            self.law(not self.server.listening, "it listens still")
            self.law(self.announced == self.listens, f"{self.listens} listen(), {self.announced} 'listening'")
            self.law(self.answered == self.asked, f"asked {self.asked} times, answered {self.answered} times")
            self.law(self.closes == self.asked_to_close, f"{self.asked_to_close} close(), {self.closes} 'close'")
