"""Pipes on a completion port: every order of asking, completing, cancelling and closing, up to a length.

What is asked of the channel is what `CompletionSocket` asks: one read and one write at a time, a shutdown when nothing
is being written, a close at any time. What may complete is whatever is in flight, in any order, with any of the results
that Windows has for it: done, the end, an error, aborted; after a cancel or a close, too, since those are only wishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pytest

from sansnet.drivers.overlapped_pipe import PipeChannel, PipeDoor
from sansnet.state.endpoints import Endpoint
from sansnet.state.faults import Fault
from tests.drivers.fake_port import ABORTED, BROKEN, FakeOverlapped, FakePort, FakeSystem, windows_error
from tests.drivers.orders import explore, replayed

NAME: Final = Endpoint(r"\\.\pipe\name", None, 0)


class Life:
    """A channel, and what it owes."""

    def __init__(self, at_once: bool) -> None:
        self.system = FakeSystem()
        self.port = FakePort(self.system, at_once)
        handle = self.system.open_pipe(NAME.address)
        self.port.attach(handle)
        self.channel = PipeChannel(self.port, self.system, handle, None, NAME)
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
                yield "read", self.read
            if self.asked["write"] == len(self.writes) and not self.asked["shut"] and self.asked["write"] < 2:
                yield "write", self._write
            if self.asked["write"] == len(self.writes) and not self.asked["shut"]:
                yield "shutdown", self._shutdown
            yield "close", self._close
        if self.port.soon:
            yield "a turn", self.port.turn
        for number, timer in enumerate(self.port.timers):
            if timer.callback is not None:
                yield f"silence {number}", timer.fire
        for number, flying in enumerate(self.system.flying):
            for name, result in self._results(flying):
                yield f"{flying.kind} {number} {name}", partial(self.port.packet, flying, result)

    def _results(self, flying: FakeOverlapped) -> Iterator[tuple[str, object]]:
        if not flying.pending:
            yield "packet", None
            return
        if flying.kind == "read":
            yield "bytes", b"x"
            yield "empty", b""
            yield "end", None
        else:
            yield "all", len(flying.what)
            yield "some", 1
            yield "broken", windows_error(BROKEN)
        if flying.cancelled or self.closed:
            yield "aborted", windows_error(ABORTED)

    # -- asking

    def read(self) -> None:
        self.asked["read"] += 1
        self.channel.read(10, self.reads.append)

    def _write(self) -> None:
        self.asked["write"] += 1
        answer = self.channel.write((b"ab", b"c"), self.writes.append)
        if type(answer) is not int:
            self.writes.append(answer)

    def _shutdown(self) -> None:
        self.asked["shut"] += 1
        self.channel.shutdown(self.shuts.append)

    def _close(self) -> None:
        self.closed = True
        self.before = len(self.reads), len(self.writes)
        self.channel.close(False)
        assert not self.system.open, "not given back at once"

    # -- the laws

    def check(self) -> None:
        assert len(self.reads) <= self.asked["read"], "a read completed twice"
        assert len(self.writes) <= self.asked["write"], "a write completed twice"
        assert len(self.shuts) <= self.asked["shut"], "a shutdown completed twice"
        assert all(answer != b"" for answer in self.reads), "an empty message is no payload"
        assert len([one for one in self.system.flying if one.kind == "read"]) <= 1
        if not any(self.writes):  # none has failed
            assert (b"abc" * self.asked["write"]).startswith(self.system.written), "not what was to be written"
            assert len(self.system.written) >= 3 * len(self.writes), "it is said to be written, and isn't"
        waiting = [timer for timer in self.port.timers if timer.callback is not None]
        assert len(waiting) <= 1
        if waiting:
            assert self.asked["shut"], "nobody has ended"
            assert self.asked["read"] > len(self.reads), "nobody listens"
            assert not self.closed
        if self.closed:
            after = [*self.reads[self.before[0] :], *self.writes[self.before[1] :]]
            assert all(isinstance(answer, Fault) and answer.code == "ECANCELED" for answer in after)
        elif not self.asked["shut"]:
            assert self.system.open, "closed by itself, without an end"

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
        assert not self.system.open
        assert not [timer for timer in self.port.timers if timer.callback is not None], "a timer is left"


@pytest.mark.parametrize("at_once", [False, True])
def test_every_order(at_once: bool) -> None:
    assert explore(partial(Life, at_once), 6) > 2000


# ----------------------------------------------------------------------------------------------- the end, step by step


def ended(life: Life) -> None:
    dict(life.steps())["shutdown"]()
    life.port.turn()
    assert life.shuts == [None]


def test_who_has_ended_hears_on_and_closes_after_a_silence() -> None:
    life = replayed(Life(at_once=False), ("read",))
    ended(life)
    assert life.system.open, "the answer may still come"
    for answer in (b"one", b"two"):
        life.port.packet(life.system.flying[0], answer)
        life.read()
    assert life.reads == [b"one", b"two"]
    assert [timer.callback is None for timer in life.port.timers] == [True, True, False]
    life.port.timers[-1].fire()
    assert not life.system.open
    life.port.packet(life.system.flying[0], windows_error(ABORTED))
    assert life.reads[-1] is None


def test_while_nobody_reads_the_silence_does_not_count() -> None:
    life = Life(at_once=False)
    ended(life)
    assert not life.port.timers
    life.read()
    assert len(life.port.timers) == 1


def test_if_the_peer_has_ended_there_is_nothing_to_wait_for() -> None:
    life = replayed(Life(at_once=False), ("read", "read 0 end"))
    assert life.system.open, "our half is open"
    ended(life)
    assert not life.system.open
    assert not life.port.timers


def test_when_the_peer_ends_too_the_pipe_is_closed_at_once() -> None:
    life = replayed(Life(at_once=False), ("read",))
    ended(life)
    life.port.packet(life.system.flying[0], None)
    assert life.reads == [None]
    assert not life.system.open
    assert life.port.timers[0].callback is None


def test_what_came_just_before_the_pipe_was_closed_is_heard() -> None:
    life = replayed(Life(at_once=False), ("read", "shutdown", "silence 0"))
    life.port.packet(life.system.flying[0], b"it came just before")
    life.read()
    life.port.turn()
    assert life.reads == [b"it came just before", None]


# --------------------------------------------------------------------------------------------------------------- doors


def door(wanted: int = 2) -> tuple[PipeDoor, FakePort, list[Any]]:
    system = FakeSystem()
    port = FakePort(system)
    made = PipeDoor(port, system, NAME, system.create_pipe(NAME.address, True, ""), wanted=wanted)
    accepted: list[Any] = []
    return made, port, accepted


def test_there_are_always_instances_that_wait() -> None:
    made, port, accepted = door(2)
    assert len(port.system.flying) == 2
    made.accept(accepted.append)
    port.packet(port.system.flying[0], b"")
    assert isinstance(accepted[0], PipeChannel)
    assert len(port.system.flying) == 2


def test_those_that_nobody_accepts_are_no_more_than_wanted() -> None:
    made, port, accepted = door(2)
    for _ in range(2):
        port.packet(port.system.flying[0], b"")
    assert not port.system.flying
    assert len(port.system.open) == 2
    made.accept(accepted.append)
    port.turn()
    assert len(accepted) == 1
    assert len(port.system.flying) == 1


def test_an_instance_that_can_not_be_made_is_an_accept_that_fails() -> None:
    made, port, accepted = door(1)
    port.system.refusal = windows_error(1450)
    made.accept(accepted.append)
    port.packet(port.system.flying[0], b"")
    assert isinstance(accepted[0], PipeChannel), "this one is there"
    made.accept(accepted.append)
    port.turn()
    assert isinstance(accepted[1], Fault)
    assert accepted[1].syscall == "accept"
    port.system.refusal = None
    made.accept(accepted.append)
    port.packet(port.system.flying[0], b"")
    assert isinstance(accepted[2], PipeChannel)


def test_a_client_that_came_and_went_is_passed_over() -> None:
    made, port, accepted = door(1)
    made.accept(accepted.append)
    port.packet(port.system.flying[0], windows_error(232))
    assert not accepted
    assert len(port.system.open) == 1
    port.packet(port.system.flying[0], b"")
    assert isinstance(accepted[0], PipeChannel)


@pytest.mark.parametrize("connected", range(3))
def test_closing_gives_everything_back_and_ends_the_accept(connected: int) -> None:
    made, port, accepted = door(3)
    for _ in range(connected):
        port.packet(port.system.flying[0], b"")
    made.close()
    made.close()
    assert not port.system.open
    if not connected:
        assert made.local_name() is None
    for flying in list(port.system.flying):
        port.packet(flying, windows_error(ABORTED))
    port.turn()
    assert not accepted
    assert not port.system.open


def test_an_accept_in_flight_ends_with_the_door() -> None:
    made, port, accepted = door()
    made.accept(accepted.append)
    made.close()
    assert not accepted, "not inside of close()"
    port.turn()
    assert accepted[0].code == "ECANCELED"
