"""TCP on a completion port: every order of asking, completing, cancelling and closing, up to a length.

As for pipes (`test_overlapped_pipe`): whatever is in flight may complete in any order, with any of the results that
Windows has for it, also after it was cancelled or its socket was closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, cast

import pytest

from sansnet.drivers.overlapped_tcp import TcpChannel, TcpDial, TcpDoor
from sansnet.state.endpoints import Endpoint
from sansnet.state.faults import Fault
from tests.drivers.fake_port import ABORTED, GONE, FakeOverlapped, FakePort, FakeSocket, FakeSystem, windows_error
from tests.drivers.orders import explore, replayed

THERE: Final = Endpoint("10.0.0.1", 80, 4)
REFUSED: Final = 1225
RESET: Final = 10054


class System:
    """Fake sockets in the place of the system's; a life gets a new one."""

    def __init__(self) -> None:
        self.current = FakeSystem()

    def open_socket(self, family: int) -> FakeSocket:
        return self.current.open_socket(family)

    def port(self, at_once: bool = False) -> FakePort:
        self.current = FakeSystem()
        return FakePort(self.current, at_once)


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    made = System()
    monkeypatch.setattr("sansnet.drivers.system.open_socket", made.open_socket)
    return made


# ------------------------------------------------------------------------------------------------------------ channels


class ChannelLife:
    """A connection, and what it owes."""

    def __init__(self, system: System, at_once: bool) -> None:
        self.port = system.port(at_once)
        self.system = system.current
        self.socket = self.system.open_socket(4)
        self.port.attach(self.socket.fileno())
        self.channel = TcpChannel(self.port, cast(Any, self.socket))
        self.reads: list[Any] = []
        self.writes: list[Any] = []
        self.shuts: list[Any] = []
        self.asked = {"read": 0, "write": 0, "shut": 0}
        self.closed = False
        self.before = 0, 0  # answers, when it was closed

    # -- what may be done

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        if not self.closed:
            over = any(not isinstance(answer, bytes) for answer in self.reads)
            if self.asked["read"] == len(self.reads) and not over:
                yield "read", self._read
            if self.asked["write"] == len(self.writes) and not self.asked["shut"] and self.asked["write"] < 2:
                for room in (0, 2, 3):
                    yield f"write, room for {room}", partial(self._write, room)
            if self.asked["write"] == len(self.writes) and not self.asked["shut"]:
                yield "shutdown", self._shutdown
            yield "close", self._close
        if self.port.soon:
            yield "a turn", self.port.turn
        for number, flying in enumerate(self.system.flying):
            for name, result in self._results(flying):
                yield f"{flying.kind} {number} {name}", partial(self.port.packet, flying, result)

    def _results(self, flying: FakeOverlapped) -> Iterator[tuple[str, object]]:
        if not flying.pending:
            yield "packet", None
            return
        if flying.kind == "read":
            yield "bytes", b"x"
            yield "end", b""
        else:
            yield "all", len(flying.what)
            if len(flying.what) > 1:
                yield "some", 1
        yield "reset", windows_error(RESET)
        if flying.cancelled or self.closed:
            yield "aborted", windows_error(ABORTED)

    # -- asking

    def _read(self) -> None:
        self.asked["read"] += 1
        self.channel.read(10, self.reads.append)

    def _write(self, room: int) -> None:
        self.asked["write"] += 1
        self.socket.room = room
        answer = self.channel.write((b"ab", b"c"), self.writes.append)
        self.socket.room = 0  # the buffer is full from now on
        if type(answer) is int:
            assert answer == (0 if room == 0 else room)
        else:
            self.writes.append(answer)

    def _shutdown(self) -> None:
        self.asked["shut"] += 1
        self.channel.shutdown(self.shuts.append)
        assert self.socket.is_shut

    def _close(self) -> None:
        self.closed = True
        self.before = len(self.reads), len(self.writes)
        self.channel.close(False)
        assert not self.system.open, "not given back at once"

    # -- the laws

    def check(self) -> None:
        assert len(self.reads) <= self.asked["read"], "a read completed twice"
        assert len(self.writes) <= self.asked["write"], "a write completed twice"
        assert all(answer != b"" for answer in self.reads), "the end is no payload"
        assert len([one for one in self.system.flying if one.kind == "read"]) <= 1
        assert len([one for one in self.system.flying if one.kind == "write" and one.pending]) <= 1
        assert bool(self.system.open) != self.closed
        if not any(self.writes):  # none has failed
            assert (b"abc" * self.asked["write"]).startswith(self.system.written), "not what was to be written"
            assert len(self.system.written) >= 3 * len(self.writes), "it is said to be written, and isn't"
        if self.closed:
            after = [*self.reads[self.before[0] :], *self.writes[self.before[1] :]]
            assert all(isinstance(answer, Fault) and answer.code == "ECANCELED" for answer in after)

    def finish(self) -> None:
        """Close, let everything come, and see that each operation had its one completion."""
        if not self.closed:
            self._close()
            self.check()
        while self.port.soon or self.system.flying:
            self.port.turn()
            for flying in list(self.system.flying):
                self.port.packet(flying, windows_error(ABORTED))
            self.check()
        assert len(self.reads) == self.asked["read"]
        assert len(self.writes) == self.asked["write"]
        assert len(self.shuts) == self.asked["shut"]


@pytest.mark.parametrize("at_once", [False, True])
def test_every_order_of_a_connection(system: System, at_once: bool) -> None:
    assert explore(partial(ChannelLife, system, at_once), 5) > 2000


# ---------------------------------------------------------------------------------------------------------- connecting


class DialLife:
    """An attempt to connect."""

    def __init__(self, system: System, refuses: str) -> None:
        self.port = system.port()
        self.system = system.current
        if refuses:
            self.system.refuses.add(refuses)
        self.told: list[Any] = []
        self.dial = TcpDial(self.port, THERE, self.told.append)
        self.dial.begin(None)
        assert not self.told, "told inside of begin()"
        self.cancelled = False

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        yield "cancel", self._cancel  # also afterwards, and again
        if self.port.soon:
            yield "a turn", self.port.turn
        for flying in self.system.flying:
            yield "wins", partial(self.port.packet, flying, b"")
            yield "refused", partial(self.port.packet, flying, windows_error(REFUSED))
            if flying.cancelled or self.cancelled:
                yield "aborted", partial(self.port.packet, flying, windows_error(ABORTED))

    def _cancel(self) -> None:
        before = len(self.told)
        self.cancelled = self.cancelled or not before
        self.dial.cancel()
        assert len(self.told) == before, "told inside of cancel()"

    def check(self) -> None:
        assert len(self.told) <= 1, "told twice"
        if self.cancelled:
            assert not self.system.open, "its socket is open"
            assert all(answer.code == "ECANCELED" for answer in self.told)
        for answer in self.told:
            assert bool(self.system.open) == isinstance(answer, TcpChannel)

    def finish(self) -> None:
        for flying in list(self.system.flying):
            self.port.packet(flying, windows_error(REFUSED))
        self.port.turn()
        self.check()
        assert len(self.told) == 1


@pytest.mark.parametrize("refuses", ["", "socket", "attach", "connect", "option"])
def test_every_order_of_an_attempt(system: System, refuses: str) -> None:
    assert explore(partial(DialLife, system, refuses), 5) > 5


@pytest.mark.parametrize(("refuses", "wins"), [("", True), ("option", False)])
def test_an_attempt_that_wins_has_a_socket_that_knows_it(system: System, refuses: str, wins: bool) -> None:
    life = replayed(DialLife(system, refuses), ("wins",))
    assert isinstance(life.told[0], TcpChannel) == wins


# ----------------------------------------------------------------------------------------------------------- accepting


class DoorLife:
    """A socket that listens."""

    def __init__(self, system: System) -> None:
        self.port = system.port()
        self.system = system.current
        listening: Any = self.system.open_socket(4)
        self.port.attach(listening.fileno())
        self.door = TcpDoor(self.port, listening)
        self.asked = 0
        self.told: list[Any] = []
        self.closed = False

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        if not self.closed:
            if self.asked == len(self.told):
                for refuses in ("", "socket", "accept"):
                    yield f"accept {refuses}", partial(self._accept, refuses)
            yield "close", self._close
        if self.port.soon:
            yield "a turn", self.port.turn
        for flying in self.system.flying:
            yield "connection", partial(self.port.packet, flying, b"")
            yield "connection that can't be had", partial(self._packet_refused, flying)
            yield "came and went", partial(self.port.packet, flying, windows_error(GONE))
            yield "failure", partial(self.port.packet, flying, windows_error(1450))
            if self.closed:
                yield "aborted", partial(self.port.packet, flying, windows_error(ABORTED))

    def _accept(self, refuses: str) -> None:
        self.asked += 1
        self.system.refuses = {refuses}
        self.door.accept(self.told.append)
        self.system.refuses = set()
        assert len(self.told) < self.asked, "told inside of accept()"

    def _packet_refused(self, flying: FakeOverlapped) -> None:
        self.system.refuses = {"attach"}
        self.port.packet(flying, b"")
        self.system.refuses = set()

    def _close(self) -> None:
        self.closed = True
        before = len(self.told)
        self.door.close()
        assert len(self.told) == before, "told inside of close()"

    def check(self) -> None:
        assert len(self.told) <= self.asked, "told twice"
        assert len(self.system.flying) <= 1, "two accepts in flight"
        given = {answer.fileno() for answer in self.told if isinstance(answer, TcpChannel)}
        ours = self.system.open.keys() - given
        assert given <= self.system.open.keys()
        if self.closed:
            assert not ours, "a socket is left"
        else:
            under_way = bool(self.system.flying or self.port.soon)
            assert 1 <= len(ours) <= 1 + under_way, "the one that listens, and the one that comes"

    def finish(self) -> None:
        if not self.closed:
            self._close()
            self.check()
        for flying in list(self.system.flying):
            self.port.packet(flying, windows_error(ABORTED))
        self.port.turn()
        self.check()
        assert len(self.told) == self.asked


def test_every_order_of_a_door(system: System) -> None:
    assert explore(partial(DoorLife, system), 7) > 2000


def test_a_client_that_came_and_went_is_passed_over(system: System) -> None:
    life = replayed(DoorLife(system), ("accept ", "came and went", "connection"))
    assert [type(answer) for answer in life.told] == [TcpChannel]
