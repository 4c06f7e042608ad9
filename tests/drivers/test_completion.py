"""The completion family's listeners and its loop, over a system that the test plays by hand."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import pytest

from sansnet.drivers.completion import CompletionDriver
from sansnet.drivers.contract import Driver
from sansnet.state.endpoints import Endpoint, Found, ListenPlan
from sansnet.state.faults import Fault
from tests.drivers.fake_proactor import FakeBound, FakeChannel, FakeProactor, RecordingDriver, opened
from tests.drivers.recorder import Recorder, attached, is_alive

THERE = Endpoint("10.0.0.1", 80, 4)
RESET = Fault("ECONNRESET", errno=104, syscall="read")


@pytest.fixture
def system() -> FakeProactor:
    return FakeProactor()


@pytest.fixture
def driver(system: FakeProactor) -> RecordingDriver:
    return RecordingDriver(system)


def listening(driver: CompletionDriver) -> tuple[Recorder, Callable[[], None], Callable[[], None], Callable[[], None]]:
    """A listener: its recorder, and its start_accept, stop_accept and close."""
    recorder = Recorder()
    handle = driver.listen(THERE, ListenPlan(), recorder)
    assert not isinstance(handle, Fault)
    return recorder, handle.start_accept, handle.stop_accept, handle.close


# ------------------------------------------------------------------------------------------------------------ listening


def test_one_accept_after_the_other(driver: RecordingDriver, system: FakeProactor) -> None:
    recorder, start, stop, _ = listening(driver)
    [door] = system.doors
    assert is_alive(driver)
    assert not door.accepts
    start()
    start()
    door.complete(FakeChannel())
    door.complete(FakeChannel())
    door.complete(Fault("EMFILE", syscall="accept"))
    assert recorder.names == ["accepted", "accepted", "accept_failed"]
    stop()
    door.complete(Fault("EMFILE", syscall="accept"))
    assert recorder.names[-1] == "accept_failed"
    assert len(recorder.names) == 3
    assert not door.accepts
    start()
    assert door.accepts


def test_who_comes_while_nobody_accepts_waits(driver: RecordingDriver, system: FakeProactor) -> None:
    recorder, start, stop, close = listening(driver)
    [door] = system.doors
    start()
    stop()
    one, other = FakeChannel(), FakeChannel()
    door.complete(one)
    assert (recorder.log, door.accepts) == ([], False)
    start()
    assert recorder.log == []  # from the loop only
    stop()
    system.turn()
    assert recorder.log == []  # it has changed its mind
    start()
    start()
    system.turn()
    assert recorder.names == ["accepted"]
    assert door.accepts
    stop()
    door.complete(other)
    close()
    assert (one.closed, other.closed) == (None, True)
    system.turn()
    assert recorder.names == ["accepted", "listener_closed"]


def test_to_stop_accepting_and_to_go_on_keeps_the_accept_in_flight(
    driver: RecordingDriver, system: FakeProactor
) -> None:
    _, start, stop, _ = listening(driver)
    start()
    first = system.doors[0].accepting
    stop()
    start()
    assert system.doors[0].accepting is first
    assert is_alive(driver)


def test_closing_a_listener_that_does_not_accept(driver: RecordingDriver, system: FakeProactor) -> None:
    recorder, _, _, close = listening(driver)
    close()
    close()
    assert system.doors[0].is_closed  # the port is free at once
    assert recorder.log == []
    system.turn()
    assert recorder.names == ["listener_closed"]
    assert not is_alive(driver)


def test_closing_a_listener_while_it_accepts(driver: RecordingDriver, system: FakeProactor) -> None:
    recorder, start, _, close = listening(driver)
    start()
    close()
    [door] = system.doors
    assert door.is_closed
    system.turn()
    assert recorder.log == []
    late = FakeChannel()
    door.complete(late)
    assert late.closed is not None
    assert recorder.names == ["listener_closed"]
    assert not driver.handles


def test_closing_a_listener_in_what_runs_before_an_accept(driver: RecordingDriver, system: FakeProactor) -> None:
    recorder, start, _, close = listening(driver)
    start()
    driver.call_first(close)
    late = FakeChannel()
    system.doors[0].complete(late)
    system.turn()
    assert late.closed is not None
    assert recorder.names == ["listener_closed"]


def test_a_listener_that_closes_when_it_is_told(driver: RecordingDriver, system: FakeProactor) -> None:
    recorder, start, _, close = listening(driver)
    recorder.then["accepted"] = lambda _: close()
    start()
    system.doors[0].complete(FakeChannel())
    system.turn()
    assert recorder.names == ["accepted", "listener_closed"]


def test_no_listening_there(driver: RecordingDriver, system: FakeProactor) -> None:
    system.refusal = Fault("EADDRINUSE", syscall="listen")
    assert driver.listen(THERE, ListenPlan(), Recorder()) is system.refusal
    assert not is_alive(driver)
    assert driver.bind(THERE, False, False) is system.refusal


# ------------------------------------------------------------------------------------------------ the loop, and its end


def test_call_first_comes_before_everything_else(driver: RecordingDriver, system: FakeProactor) -> None:
    order: list[str] = []

    def first(name: str) -> None:
        driver.call_first(lambda: order.append(f"first before {name}"))

    def called(name: str, then: str) -> None:
        order.append(name)
        first(then)

    driver.call_soon(lambda: called("soon", then="timer"))
    driver.call_later(1, lambda: called("timer", then="thread"))
    driver.call_soon_threadsafe(lambda: order.append("thread"))
    first("soon")
    assert is_alive(driver)
    system.turn(1)
    system.last("timer").complete(None)
    system.turn()
    assert order == ["first before soon", "soon", "first before timer", "timer", "first before thread", "thread"]
    system.turn()
    assert not is_alive(driver)


def test_call_first_alone_is_called(driver: RecordingDriver, system: FakeProactor) -> None:
    called: list[None] = []
    driver.call_first(lambda: called.append(None))
    assert is_alive(driver)
    system.turn()
    system.turn()
    assert called == [None]
    assert not is_alive(driver)


def test_a_timer_does_not_keep_it_alive_and_can_be_taken_back_in_the_last_moment(
    driver: RecordingDriver, system: FakeProactor
) -> None:
    called: list[str] = []
    timer = driver.call_later(1, lambda: called.append("timer"))
    assert not is_alive(driver)
    driver.call_first(timer.cancel)
    system.last("timer").complete(None)
    assert (called, driver.reported) == ([], [])
    timer.cancel()


def test_what_a_callback_raises_is_reported(driver: RecordingDriver, system: FakeProactor) -> None:
    driver.call_soon(lambda: 1 / 0)  # type: ignore[arg-type]
    system.turn()
    assert [type(error) for error in driver.reported] == [ZeroDivisionError]


def test_without_a_better_place_it_goes_to_the_excepthook(
    system: FakeProactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooked: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda *args: hooked.append(args[1]))
    error = RuntimeError("x")
    CompletionDriver(system).report(error)
    assert hooked == [error]


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_lookup_keeps_it_alive_until_it_has_answered(
    driver: RecordingDriver, system: FakeProactor, cancelled: bool
) -> None:
    answers: list[object] = []
    found = (Found("10.0.0.1", 4),)
    lookup = driver.resolve("a.name", 0, 0, True, answers.append)
    assert is_alive(driver)
    if cancelled:
        driver.call_first(lookup.cancel)
    system.last("resolve").complete(found)
    lookup.cancel()
    system.turn()
    assert answers == ([] if cancelled else [found])
    assert not is_alive(driver)


def test_ref_and_unref(driver: RecordingDriver) -> None:
    handle, _, channel = opened(driver)
    handle.start_read()
    handle.unref()
    handle.unref()
    assert not is_alive(driver)
    channel.flying["read"].complete(b"x")
    assert not is_alive(driver)
    handle.ref()
    handle.ref()
    assert is_alive(driver)
    handle.stop_read()
    assert not is_alive(driver)


def test_settings_go_to_the_channel(driver: RecordingDriver) -> None:
    handle, _, channel = opened(driver)
    fresh = driver.socket()
    for one in (handle, fresh):
        one.set_no_delay(True)
        one.set_keep_alive(True, 1, 2, 3)
        one.set_type_of_service(16)
    assert channel.settings == [("no_delay", True), ("keep_alive", True, 1, 2, 3), ("type_of_service", 16)]
    assert handle.get_type_of_service() == 16
    answer = fresh.get_type_of_service()
    assert isinstance(answer, Fault)
    assert answer.code == "EBADF"


def test_closing_the_driver_gives_all_back_and_says_nothing(driver: RecordingDriver, system: FakeProactor) -> None:
    handle, recorder, channel = opened(driver, 0)
    handle.start_read()
    handle.send((b"x",))
    handle.shutdown()
    dialling = driver.socket()
    dialled = attached(dialling)
    dialling.connect(1, THERE)
    bound = FakeBound()
    attached(driver.adopt(bound))
    listener, start, _, _ = listening(driver)
    start()
    answers: list[object] = []
    lookup = driver.resolve("a.name", 0, 0, True, answers.append)
    timed: list[None] = []
    driver.call_later(1, lambda: timed.append(None))
    driver.call_soon(lambda: timed.append(None))
    driver.call_first(lambda: timed.append(None))
    driver.close()
    driver.close()
    assert not is_alive(driver)
    assert channel.closed is False
    assert bound.is_closed
    assert system.doors[0].is_closed
    assert system.last("connect").cancelled
    late, later = FakeChannel(), FakeChannel()
    for operation in (*channel.flying.values(), system.last("timer")):
        operation.complete(None)
    system.last("resolve").complete(Fault("ENOTFOUND"))
    lookup.cancel()
    system.last("connect").complete(late)
    system.doors[0].complete(later)
    system.turn()
    assert (late.closed, later.closed) == (False, True)
    assert recorder.log == dialled.log == listener.log == answers == timed == []
    assert not is_alive(driver)


def test_a_handle_that_fails_to_close_does_not_keep_the_others_open(
    driver: RecordingDriver, system: FakeProactor
) -> None:
    channels = [opened(driver)[2] for _ in range(3)]
    channels[1].closed = False  # so that to give it back once more fails
    with pytest.raises(AssertionError, match="given back twice"):
        driver.close()
    assert [channel.closed for channel in channels] == [False, False, False]
    assert (driver.closed, driver.handles, is_alive(driver)) == (True, {}, False)


@pytest.mark.parametrize("ref", [False, True])
def test_a_timer_of_no_number_of_seconds_is_refused(driver: RecordingDriver, system: FakeProactor, ref: bool) -> None:
    with pytest.raises(ValueError, match="NaN"):
        driver.call_later(math.nan, print, ref=ref)
    assert (system.operations, is_alive(driver)) == ([], False)


def test_a_connection_that_comes_just_as_the_driver_is_closed(driver: RecordingDriver, system: FakeProactor) -> None:
    handle = driver.socket()
    recorder = attached(handle)
    handle.connect(1, THERE)
    driver.call_first(driver.close)
    won = FakeChannel()
    system.last("connect").complete(won)
    assert won.closed is False
    assert recorder.log == []


@pytest.mark.parametrize(
    "use",
    [
        lambda driver: driver.socket(),
        lambda driver: driver.adopt(FakeChannel()),
        lambda driver: driver.bind(THERE, False, False),
        lambda driver: driver.listen(THERE, ListenPlan(), Recorder()),
        lambda driver: driver.resolve("a", 0, 0, True, print),
        lambda driver: driver.call_soon(print),
        lambda driver: driver.call_first(print),
        lambda driver: driver.call_later(1, print),
        lambda driver: driver.call_soon_threadsafe(print),
    ],
    ids=["socket", "adopt", "bind", "listen", "resolve", "soon", "first", "later", "threadsafe"],
)
def test_a_closed_driver_cannot_be_used(driver: RecordingDriver, use: Callable[[Driver], object]) -> None:
    driver.close()
    with pytest.raises(RuntimeError, match="this RecordingDriver is closed"):
        use(driver)
    assert driver.now() == 5.0
