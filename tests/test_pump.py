"""The pump's two rules, on a machine that does as the test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from sansnet.drivers.contract import Driver
from sansnet.pump import Port, Pump, pump_of
from sansnet.state.effects import Effect, Effects, Notice, Reply, Step, Taken, Then, Tick
from sansnet.state.notices import Drain, End, Finished, Resumed
from sansnet.state.ops import SHUTDOWN, START_READ


class Loop:
    """As much of a driver as the pump asks for."""

    def __init__(self) -> None:
        self.pump: Pump | None = None
        self.closed = False
        self.soon: list[Callable[[], None]] = []
        self.reported: list[BaseException] = []
        self.sources: list[object] = []

    def call_first(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def check(self) -> None:
        if self.closed:
            raise RuntimeError("closed")

    def report(self, error: BaseException, source: object = None) -> None:
        self.reported.append(error)
        self.sources.append(source)

    def turn(self) -> None:
        callbacks, self.soon = self.soon, []
        for callback in callbacks:
            callback()


class Listening:
    """Who owns the port. Its listeners are the script's."""

    def __init__(self, on_notice: Callable[[Notice], None]) -> None:
        self.on_notice = on_notice


class Script(Port[Any, Listening]):
    """A port and its machine: `turns` says what each step returns, `listeners` what is done about each notice."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.pump = pump_of(cast(Driver, self.loop))
        self.machine = self
        self.owner = Listening(self._tell)
        self.log: list[str] = []
        self.turns: dict[Step, Effects] = {}
        self.listeners: dict[type[Notice], Callable[[], object]] = {}

    def ticked(self, step: Step) -> Effects:
        self.log.append(step.name)
        return self.turns.get(step, [])

    def carry_out(self, effect: Effect) -> None:
        self.log.append(type(effect).__name__)

    def hand_over(self) -> None:
        self.log.append("hand over")
        self.pump.gathering = None

    def _tell(self, notice: Notice) -> None:
        self.log.append(type(notice).__name__)
        self.listeners.get(type(notice), lambda: None)()

    def ask(self, *effects: Effect) -> Reply | None:
        return self.pump.ask(self, list(effects))

    def report(self, *effects: Effect) -> None:
        self.pump.report(self, list(effects))


@pytest.fixture
def script() -> Script:
    return Script()


def test_a_driver_has_one_pump(script: Script) -> None:
    assert pump_of(cast(Driver, script.loop)) is script.pump


def test_what_a_user_asks_is_done_at_once_and_told_from_the_loop(script: Script) -> None:
    script.turns[Step.END] = [End()]
    script.ask(START_READ, Tick(Step.END), SHUTDOWN)
    assert script.log == ["StartRead", "Shutdown"]
    script.loop.turn()
    assert script.log == ["StartRead", "Shutdown", "END", "End"]


def test_the_loop_is_asked_to_come_once_for_many_ticks(script: Script) -> None:
    script.ask(Tick(Step.END))
    script.ask(Tick(Step.FINISH))
    assert len(script.loop.soon) == 1
    script.loop.turn()
    assert script.log == ["END", "FINISH"]
    assert not script.loop.soon


def test_a_reply_is_handed_back(script: Script) -> None:
    taken = Taken((b"x",))
    assert script.ask(taken) is taken
    assert script.ask(START_READ) is None


def test_then_goes_on_in_its_place_and_a_tick_waits(script: Script) -> None:
    script.turns = {Step.ENDED: [SHUTDOWN, Then(Step.FLOW)], Step.FLOW: [Drain()]}
    script.report(Tick(Step.FINISH), End(), Then(Step.ENDED), Resumed())
    assert script.log == ["End", "ENDED", "Shutdown", "FLOW", "Drain", "Resumed", "FINISH"]


def test_many_turns_in_a_row_need_no_stack(script: Script) -> None:
    """Each chunk of a long buffer is told by a Then of its own."""
    left = iter(range(10_000))
    script.turns = {Step.FLOW: []}

    def tell_one() -> None:
        script.turns[Step.FLOW] = [End(), Then(Step.FLOW)] if next(left, None) is not None else []

    script.listeners[End] = tell_one
    tell_one()
    script.report(Then(Step.FLOW), Drain())
    assert script.log.count("End") == 10_000
    assert script.log[-1] == "Drain"


def test_what_a_listener_asks_for_is_done_inside_and_told_after(script: Script) -> None:
    script.turns[Step.FINISH] = [Finished()]
    script.listeners[End] = lambda: script.ask(SHUTDOWN, Tick(Step.FINISH))
    script.report(End(), Drain())
    assert script.log == ["End", "Shutdown", "Drain", "FINISH", "Finished"]
    assert not script.loop.soon, "the loop is here already"


def test_a_listener_that_raises_loses_nothing(script: Script) -> None:
    error = ValueError("the user's")
    script.listeners[End] = _raiser(error)
    script.turns[Step.FINISH] = [Finished()]
    script.report(End(), Drain(), Tick(Step.FINISH))
    assert script.log == ["End", "Drain", "FINISH", "Finished"]
    assert script.loop.reported == [error]
    assert script.loop.sources == [script.owner]


def test_an_interrupt_goes_through_and_loses_nothing(script: Script) -> None:
    script.listeners[End] = _raiser(KeyboardInterrupt())
    script.turns = {Step.ENDED: [End(), Drain()], Step.FINISH: [Finished()]}
    with pytest.raises(KeyboardInterrupt):
        script.report(Tick(Step.FINISH), Then(Step.ENDED), Resumed())
    assert script.log == ["ENDED", "End"]
    script.loop.turn()
    assert script.log == ["ENDED", "End", "Drain", "Resumed", "FINISH", "Finished"]
    assert not script.loop.reported


def asks_of(script: Script) -> list[Callable[[], object]]:
    """What users may ask of a pump."""
    return [script.ask, lambda: script.ask(Tick(Step.END)), lambda: script.pump.defer(str, script.owner)]


def test_what_is_deferred_is_its_owner_s(script: Script) -> None:
    error = ValueError("the user's")
    script.pump.defer(_raiser(error), "another socket")
    script.loop.turn()
    assert (script.loop.reported, script.loop.sources) == ([error], ["another socket"])


def test_a_driver_that_is_closed_is_asked_for_nothing(script: Script) -> None:
    script.ask(Tick(Step.END))  # the loop will never come to this; what is asked for later must not wait behind it
    script.loop.closed = True
    for ask in asks_of(script):
        with pytest.raises(RuntimeError, match="closed"):
            ask()


def test_a_listener_that_closes_the_driver_is_the_last_to_hear_of_anything(script: Script) -> None:
    def close() -> None:
        script.loop.closed = True
        for ask in asks_of(script):
            with pytest.raises(RuntimeError, match="closed"):
                ask()

    script.listeners[End] = close
    script.report(Tick(Step.FINISH), End(), SHUTDOWN, Then(Step.ENDED), Drain())
    assert script.log == ["End"]
    assert (script.loop.reported, script.loop.soon) == ([], [])


def test_a_function_that_closes_the_driver_is_the_last_one_called(script: Script) -> None:
    def close() -> None:
        script.loop.closed = True

    script.pump.defer(close, script.owner)
    script.ask(Tick(Step.END))
    script.loop.turn()
    assert (script.log, script.loop.soon) == ([], [])


def test_an_interrupt_that_closed_the_driver_goes_through(script: Script) -> None:
    def close() -> None:
        script.loop.closed = True
        raise KeyboardInterrupt

    script.listeners[End] = close
    with pytest.raises(KeyboardInterrupt):
        script.report(Tick(Step.FINISH), End(), Drain())
    assert (script.log, script.loop.soon) == (["End"], [])


def _raiser(error: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail
