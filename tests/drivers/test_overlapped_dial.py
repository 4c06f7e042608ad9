"""Connecting to pipes, and waiting for one: every order of asking, giving up, and what the thread brings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pytest

from sansnet.drivers.overlapped_dial import PipeDial, PipeQueue
from sansnet.drivers.overlapped_pipe import PipeChannel
from sansnet.state.endpoints import Endpoint
from sansnet.state.faults import Fault
from tests.drivers.fake_port import BUSY, IN_VAIN, NOT_FOUND, FakePort, FakeSystem, windows_error
from tests.drivers.orders import explore, replayed

NAME: Final = Endpoint(r"\\.\pipe\name", None, 0)

OUTCOMES: Final = {"open": None, "busy": BUSY, "gone": NOT_FOUND}


class Threads:
    """In the place of `threading.Thread`: they run when the test says so."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []
        self.exhausted = False

    def __call__(self, *, target: Callable[..., None], args: tuple[Any, ...], name: str, daemon: bool) -> Threads:
        assert daemon, "a program can end while somebody waits"
        self._next = partial(target, *args)
        return self

    def start(self) -> None:
        if self.exhausted:
            raise RuntimeError("can't start new thread")
        self.work.append(self._next)


class Life:
    """Two who want to connect to the same pipe."""

    def __init__(self, threads: Threads) -> None:
        self.threads = threads
        threads.work.clear()
        self.system = FakeSystem()
        self.port = FakePort(self.system)
        self.queue = PipeQueue(self.port, self.system)
        self.told: list[list[Any]] = [[], []]
        self.dials = [PipeDial(self.queue, NAME, told.append) for told in self.told]
        self.begun = [False, False]
        self.cancelled = [False, False]
        self.closed = False

    # -- what may be done

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        if self.closed:
            return
        for number, dial in enumerate(self.dials):
            if not self.begun[number]:
                for outcome in OUTCOMES:
                    yield f"begin {number} {outcome}", partial(self._begin, number, outcome)
            if not self.cancelled[number] and not self.told[number]:
                yield f"cancel {number}", partial(self._cancel, number, dial)
        for outcome in OUTCOMES:
            if self.threads.work:
                yield f"the thread: {outcome}", partial(self._work, outcome)
        if self.port.soon:
            yield "a turn", self.port.turn
        for number, timer in enumerate(self.port.timers):
            if timer.callback is not None:
                yield f"patience {number}", timer.fire
        yield "close", self._close

    def _say(self, outcome: str) -> None:
        number = OUTCOMES[outcome]
        self.system.refusal = None if number is None else windows_error(number)

    def _begin(self, number: int, outcome: str) -> None:
        self.begun[number] = True
        self._say(outcome)
        self.dials[number].begin()

    def _cancel(self, number: int, dial: PipeDial) -> None:
        self.cancelled[number] = True
        dial.cancel()
        assert not self.told[number], "told inside of cancel()"

    def _work(self, outcome: str) -> None:
        self._say(outcome)
        self.threads.work.pop(0)()

    def _close(self) -> None:
        self.closed = True
        self.queue.close()
        self.port.soon.clear()  # as a loop does that is closed

    # -- the laws

    def check(self) -> None:
        assert all(len(told) <= 1 for told in self.told), "told twice"
        assert len(self.threads.work) <= 1, "one thread for a name will do"
        given = {answer.fileno() for told in self.told for answer in told if isinstance(answer, PipeChannel)}
        assert given <= self.system.open.keys()
        assert len(self.system.open) - len(given) <= 1, "a pipe that nobody wants is open"
        waiting = [number for number in range(2) if self.begun[number] and not self.told[number]]
        if waiting and not self.closed:
            assert self.threads.work or self.port.soon, "nobody works for who waits"
        patient = [timer for timer in self.port.timers if timer.callback is not None]
        if not self.closed:
            assert len(patient) <= len(waiting), "the patience of somebody who was told"

    def finish(self) -> None:
        """Let everything come to its end. Nobody waits for ever, and no handle is left."""
        if not self.closed:
            for number in range(2):
                if not self.begun[number]:
                    self._begin(number, "open")
            while self.threads.work or self.port.soon:
                if self.threads.work:
                    self._work("open")
                self.port.turn()
                self.check()
            assert all(self.told), "not told"
        while self.threads.work:
            self._work("open")
        given = {answer.fileno() for told in self.told for answer in told if isinstance(answer, PipeChannel)}
        assert self.system.open.keys() == given, "a handle is left"


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Threads:
    made = Threads()
    monkeypatch.setattr(threading, "Thread", made)
    return made


def test_every_order(threads: Threads) -> None:
    assert explore(partial(Life, threads), 5) > 3000


def test_who_waits_is_served_in_the_order_of_asking(threads: Threads) -> None:
    life = replayed(Life(threads), ("begin 1 busy", "begin 0 busy", "the thread: open", "a turn"))
    assert [len(told) for told in life.told] == [0, 1]
    replayed(life, ("the thread: open", "a turn"))
    assert [len(told) for told in life.told] == [1, 1]


def test_an_instance_for_somebody_who_has_gone_is_for_the_next(threads: Threads) -> None:
    life = replayed(Life(threads), ("begin 0 busy", "begin 1 busy", "cancel 0", "the thread: open", "a turn"))
    [fault] = life.told[0]
    assert fault.code == "ECANCELED"
    [channel] = life.told[1]
    assert isinstance(channel, PipeChannel)


def test_a_server_that_goes_is_told_to_each_in_turn(threads: Threads) -> None:
    steps = ("begin 0 busy", "begin 1 busy", *("the thread: gone", "a turn") * 2)
    life = replayed(Life(threads), steps)
    assert [fault.cause for [fault] in life.told] == [NOT_FOUND, NOT_FOUND]


def test_who_has_waited_long_enough_gives_up(threads: Threads) -> None:
    life = replayed(Life(threads), ("begin 0 busy", "the thread: busy", "a turn", "patience 0"))
    [fault] = life.told[0]
    assert (fault.code, fault.syscall, fault.address) == ("ETIMEDOUT", "connect", NAME.address)


def test_a_wait_in_vain_is_no_failure(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    """But what the server says then is."""

    def in_vain(*_: object) -> None:
        raise windows_error(IN_VAIN)

    life = replayed(Life(threads), ("begin 0 busy",))
    monkeypatch.setattr(life.system, "wait_for_pipe", in_vain)
    replayed(life, ("the thread: busy", "a turn"))
    assert life.told[0] == []
    assert life.threads.work
    replayed(life, ("the thread: gone", "a turn"))
    assert [fault.cause for fault in life.told[0]] == [NOT_FOUND]


def test_without_a_thread_to_spare_it_fails(threads: Threads) -> None:
    life = Life(threads)
    threads.exhausted = True
    replayed(life, ("begin 0 busy", "a turn"))
    assert [fault.code for fault in life.told[0]] == ["EAGAIN"]


def test_a_pipe_that_the_port_refuses_is_given_back(threads: Threads) -> None:
    life = Life(threads)
    life.system.refuses.add("attach")
    replayed(life, ("begin 0 open",))
    [fault] = life.told[0]
    assert isinstance(fault, Fault)
    assert not life.system.open


@pytest.mark.parametrize("name", [r"\\elsewhere\pipe\name", r"//elsewhere/pipe/name"])
def test_the_pipe_of_another_machine_is_opened_on_the_thread(threads: Threads, name: str) -> None:
    life = Life(threads)
    told: list[Any] = []
    PipeDial(life.queue, Endpoint(name, None, 0), told.append).begin()
    assert not life.system.open
    life.threads.work.pop(0)()
    life.port.turn()
    assert isinstance(told[0], PipeChannel)


def test_who_is_called_off_before_it_began_opens_nothing(threads: Threads) -> None:
    life = replayed(Life(threads), ("cancel 0", "a turn", "begin 0 open"))
    assert not life.system.open
    assert [fault.code for fault in life.told[0]] == ["ECANCELED"]
