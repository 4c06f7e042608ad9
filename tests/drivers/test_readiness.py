"""The readiness driver over reactors that are not ours: one that tells lies, and one that is somebody's main loop."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from sansnet.drivers.contract import Driver
from sansnet.drivers.readiness import Reactor, ReadinessDriver
from sansnet.state.endpoints import Endpoint, Found, ListenPlan
from sansnet.state.faults import Fault
from tests.drivers.main_loop import Callback, MainLoop
from tests.drivers.recorder import LOOPBACK, MEGABYTE, Recorder, attached, black_hole, is_alive, port_of, reader


@pytest.fixture
def loop() -> MainLoop:
    return MainLoop()


@pytest.fixture
def driver(loop: MainLoop) -> Iterator[ReadinessDriver]:
    as_reactor: Reactor = loop
    with contextlib.closing(ReadinessDriver(as_reactor)) as made:
        yield made


def until(loop: MainLoop, condition: Callable[[], object]) -> None:
    for _ in range(20_000):
        if condition():
            return
        loop.frame()
    raise AssertionError("it did not come to that")


# ----------------------------------------------------------------------------------------------- a loop that tells lies


def test_a_false_alarm_harms_nothing(loop: MainLoop, driver: ReadinessDriver) -> None:
    heard = Recorder()
    listener = driver.listen(Endpoint(LOOPBACK, 0, 4), ListenPlan(), heard)
    assert not isinstance(listener, Fault)
    listener.start_accept()
    client = driver.socket()
    recorder = attached(client)
    loop.lie()
    client.connect(1, Endpoint(LOOPBACK, port_of(listener), 4))
    until(loop, recorder.has("connected"))
    until(loop, heard.has("accepted"))
    client.start_read()
    loop.lie()
    assert recorder.names == ["connected"]
    assert heard.names == ["accepted"]
    payload = MEGABYTE * 16
    assert isinstance(client.send((payload,)), int)
    loop.lie()  # at most what still fits goes out
    loop.lie()
    loop.lie()
    assert "sent" not in recorder.names
    assert "send_failed" not in recorder.names


def test_a_false_alarm_does_not_connect(loop: MainLoop, driver: ReadinessDriver) -> None:
    with black_hole() as nowhere:
        client = driver.socket()
        recorder = attached(client)
        client.connect(1, nowhere)
        for _ in range(3):
            loop.lie()
            loop.frame()
        assert recorder.log == []
        assert is_alive(driver)


# ------------------------------------------------------------------------------------------------- somebody's main loop


def test_a_main_loop_of_six_methods_is_enough(loop: MainLoop, driver: ReadinessDriver) -> None:
    as_contract: Driver = driver
    heard = Recorder()
    listener = as_contract.listen(Endpoint(LOOPBACK, 0, 4), ListenPlan(), heard)
    assert not isinstance(listener, Fault)
    listener.start_accept()
    client = driver.socket()
    recorder = attached(client)
    client.connect(1, Endpoint(LOOPBACK, port_of(listener), 4))
    until(loop, lambda: heard.connections and recorder.log)
    server = heard.connections[0]
    attached(server).then["received"] = lambda _: None
    served = Recorder()
    server.attach(served)
    served.then["eof"] = server.shutdown
    server.start_read()
    client.start_read()
    if client.send((MEGABYTE, b"!")) is None:
        client.shutdown()
    recorder.then["sent"] = client.shutdown
    until(loop, served.has("shut_down"))
    until(loop, recorder.has("eof"))
    assert served.data == MEGABYTE + b"!"
    for handle in (client, server, listener):
        handle.close()
    until(loop, lambda: not is_alive(driver))
    assert recorder.names[-1] == served.names[-1] == "closed"
    assert heard.names[-1] == "listener_closed"
    assert loop.readable == loop.writable == {}


def test_a_send_can_be_called_off_before_it_goes_on(loop: MainLoop, driver: ReadinessDriver) -> None:
    mine, theirs = socket.socketpair()
    handle = driver.adopt(mine)
    recorder = attached(handle)
    assert isinstance(handle.send((MEGABYTE, MEGABYTE)), int)
    theirs.recv(1 << 20)  # now it could
    driver.call_first(handle.close)
    loop.lie()
    assert recorder.log == []
    loop.frame()
    loop.frame()
    assert recorder.names == ["send_failed", "closed"]
    theirs.close()


def test_what_runs_first_may_cancel_the_timer_that_fires(loop: MainLoop, driver: ReadinessDriver) -> None:
    fired: list[str] = []
    timer = driver.call_later(0, lambda: fired.append("cancelled"))
    driver.call_later(0, lambda: fired.append("not cancelled"))
    driver.call_first(timer.cancel)
    until(loop, lambda: fired)
    timer.cancel()
    assert fired == ["not cancelled"]


def test_an_interrupt_in_first_costs_nothing_its_turn(loop: MainLoop, driver: ReadinessDriver) -> None:
    called: list[str] = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    for put_off in (driver.call_soon_threadsafe, lambda callback: driver.call_later(0, callback)):
        driver.first = interrupt
        put_off(lambda: called.append("called"))
        with pytest.raises(KeyboardInterrupt):
            until(loop, lambda: called)
        until(loop, lambda: called)
        called.clear()
    assert not is_alive(driver)


def test_first_is_before_callbacks_timers_and_threads(loop: MainLoop, driver: ReadinessDriver) -> None:
    order: list[str] = []

    def callback(name: str) -> Callback:
        def called() -> None:
            order.append(name)
            driver.call_first(lambda: order.append(f"first after {name}"))

        return called

    names = ["timer a", "timer b", "soon a", "soon b", "posted a", "posted b"]
    ways: dict[str, Callable[[Callback], object]] = {
        "timer": lambda callback: driver.call_later(0, callback),
        "soon": driver.call_soon,
        "posted": driver.call_soon_threadsafe,
    }
    for name in names:
        ways[name.split()[0]](callback(name))
    until(loop, lambda: len(order) == 2 * len(names))
    assert order == [entry for name in names for entry in (name, f"first after {name}")]


def test_callbacks_share_one_call_of_the_loop_and_keep_their_order(loop: MainLoop, driver: ReadinessDriver) -> None:
    order: list[int] = []
    for number in range(100):
        driver.call_soon(lambda number=number: order.append(number))  # type: ignore[misc]
    assert len(loop.soon) == 1
    assert is_alive(driver)
    loop.frame()
    assert order == list(range(100))
    assert not is_alive(driver)
    assert not loop.soon


def test_what_is_put_off_in_a_callback_is_for_a_later_turn(loop: MainLoop, driver: ReadinessDriver) -> None:
    order: list[str] = []
    driver.call_soon(lambda: driver.call_soon(lambda: order.append("later")))
    driver.call_soon(lambda: order.append("now"))
    loop.frame()
    assert order == ["now"]
    assert is_alive(driver)
    loop.frame()
    assert order == ["now", "later"]
    assert not is_alive(driver)


def test_an_exception_goes_where_the_program_s_exceptions_go(
    loop: MainLoop, driver: ReadinessDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[object, ...]] = []
    monkeypatch.setattr(sys, "excepthook", lambda *args: seen.append(args))
    order: list[str] = []
    error = LookupError("a listener's")

    def fail() -> None:
        raise error

    driver.call_soon(fail)
    driver.call_soon_threadsafe(fail)
    driver.call_soon(lambda: order.append("not lost"))
    loop.frame()
    assert order == ["not lost"]
    assert [(kind, value) for kind, value, _ in seen] == [(LookupError, error)] * 2


def test_an_interrupt_goes_through_and_loses_nothing(loop: MainLoop, driver: ReadinessDriver) -> None:
    order: list[str] = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    driver.call_soon(interrupt)
    driver.call_soon(lambda: order.append("not lost"))
    with pytest.raises(KeyboardInterrupt):
        loop.frame()
    loop.frame()
    assert order == ["not lost"]


def test_timers_are_the_loop_s(loop: MainLoop, driver: ReadinessDriver) -> None:
    order: list[str] = []
    driver.call_later(1000, lambda: order.append("late")).cancel()
    driver.call_later(0, lambda: order.append("timer"))
    assert not is_alive(driver)
    until(loop, lambda: order)
    assert order == ["timer"]
    assert driver.now() == pytest.approx(time.monotonic(), abs=60)


def test_threads_and_lookups(loop: MainLoop, driver: ReadinessDriver) -> None:
    answers: list[object] = []
    driver.resolve("127.0.0.1", 0, 0, True, answers.append)
    assert is_alive(driver)
    until(loop, lambda: answers)
    assert answers == [(Found(LOOPBACK, 4),)]
    assert not is_alive(driver)


def test_a_loop_that_is_closed_is_not_waited_for(loop: MainLoop, driver: ReadinessDriver) -> None:
    loop.closed = True
    with pytest.raises(RuntimeError):
        driver.call_soon_threadsafe(lambda: None)
    assert not is_alive(driver)


def test_a_closed_driver_is_quiet(loop: MainLoop, driver: ReadinessDriver) -> None:
    order: list[str] = []
    driver.call_soon(lambda: order.append("soon"))
    driver.call_soon_threadsafe(lambda: order.append("posted"))
    driver.close()
    driver.close()
    assert not is_alive(driver)
    loop.frame()
    assert order == []
    with pytest.raises(RuntimeError, match="ReadinessDriver is closed"):
        driver.call_soon(lambda: None)
    with pytest.raises(RuntimeError, match="ReadinessDriver is closed"):
        driver.call_soon_threadsafe(lambda: None)
    with pytest.raises(RuntimeError, match="ReadinessDriver is closed"):
        driver.call_later(0, lambda: None)
    with pytest.raises(RuntimeError, match="ReadinessDriver is closed"):
        driver.socket()


def test_a_callback_may_close_the_driver(loop: MainLoop, driver: ReadinessDriver) -> None:
    order: list[str] = []
    driver.call_soon(driver.close)
    driver.call_soon(lambda: order.append("too late"))
    loop.frame()
    loop.frame()
    assert order == []


def test_a_send_that_the_peer_reads_slowly_ends_over_any_loop(loop: MainLoop, driver: ReadinessDriver) -> None:
    mine, theirs = socket.socketpair()
    handle = driver.adopt(mine)
    recorder = attached(handle)
    recorder.then["sent"] = handle.close
    assert isinstance(handle.send((MEGABYTE, MEGABYTE)), int)
    thread, data = reader(theirs)
    until(loop, recorder.has("closed"))
    thread.join()
    theirs.close()
    assert data == MEGABYTE * 2
    assert "send_failed" not in recorder.names
    assert handle.send((b"x",)) == Fault("ECANCELED", errno=errno.ECANCELED, syscall="write")
