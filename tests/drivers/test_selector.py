from __future__ import annotations

import contextlib
import gc
import os
import select
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sansnet.drivers.contract import Driver
from sansnet.drivers.polling import new_poller
from sansnet.drivers.selector import SelectorDriver
from sansnet.state.endpoints import Endpoint
from tests.drivers.recorder import (
    POLLERS,
    adopted_pair,
    arrives,
    attached,
    driver_over,
    is_alive,
    listener,
    open_descriptors,
    settle,
    until,
    waits,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=POLLERS)
def driver(request: pytest.FixtureRequest) -> Iterator[SelectorDriver]:
    with driver_over(request.param) as made:
        yield made


# ------------------------------------------------------------------------------------------------------------- turns


def test_it_is_a_driver() -> None:
    with SelectorDriver() as driver:
        as_contract: Driver = driver
        assert as_contract.pump is None
        assert not as_contract.alive
        assert not driver.step()


def test_a_turn_is_timers_then_what_was_put_off_then_events(driver: SelectorDriver) -> None:
    handle, recorder, peer = adopted_pair(driver)
    order: list[str] = []
    recorder.then["received"] = lambda _: order.append("event")
    handle.start_read()
    peer.sendall(b"x")
    arrives(handle)
    driver.call_soon(lambda: order.append("soon"))
    driver.call_later(0, lambda: order.append("timer"))
    driver.step(0)
    assert order == ["timer", "soon", "event"]
    peer.close()


def test_what_is_put_off_in_a_turn_is_for_the_next_one(driver: SelectorDriver) -> None:
    order: list[str] = []

    def put_off(name: str) -> Callable[[], None]:
        def callback() -> None:
            order.append(name)
            driver.call_soon(lambda: order.append(f"{name}, later"))
            driver.call_later(0, lambda: order.append(f"{name}, next timers"))

        return callback

    driver.call_soon(put_off("soon"))
    driver.call_later(0, put_off("timer"))
    driver.step(0)
    assert order == ["timer", "soon"]
    driver.step(0)
    assert order[2:] == ["timer, next timers", "soon, next timers", "timer, later", "soon, later"]


def test_callbacks_come_in_the_order_of_asking(driver: SelectorDriver) -> None:
    order: list[int] = []
    for number in range(10):
        driver.call_soon(lambda number=number: order.append(number))  # type: ignore[misc]
    assert order == []
    driver.step()
    assert order == list(range(10))


def test_a_timer_ends_the_wait_and_is_never_early(driver: SelectorDriver) -> None:
    handle, _, peer = adopted_pair(driver)
    handle.start_read()
    fired: list[float] = []
    due = driver.now() + 0.02
    driver.call_later(0.02, lambda: fired.append(driver.now()))
    until(driver, lambda: fired, turns=5)
    assert fired[0] >= due
    peer.close()


def test_a_timer_can_be_called_off(driver: SelectorDriver) -> None:
    fired: list[str] = []
    timer = driver.call_later(0, lambda: fired.append("called off"))
    driver.call_later(0, lambda: fired.append("kept"))
    timer.cancel()
    settle(driver)
    timer.cancel()
    assert fired == ["kept"]


def test_a_timer_of_long_ago_or_of_never_is_no_trouble(driver: SelectorDriver) -> None:
    fired: list[str] = []
    driver.call_later(float("inf"), lambda: fired.append("never"))
    driver.call_later(1e300, lambda: fired.append("hardly ever"))
    driver.call_later(-5, lambda: fired.append("long ago"))
    driver.step(0.001)
    driver.step(0.001)
    assert fired == ["long ago"]


def test_a_step_waits_no_longer_than_it_may(driver: SelectorDriver) -> None:
    handle, _, peer = adopted_pair(driver)
    handle.start_read()
    driver.call_later(3600, lambda: None)
    before = time.monotonic()
    assert driver.step(0)
    assert driver.step(0.01)
    assert driver.step(-1)
    assert time.monotonic() - before < 60
    peer.close()


def test_without_anything_ref_d_a_step_does_not_wait_but_still_turns(driver: SelectorDriver) -> None:
    handle, recorder, peer = adopted_pair(driver)
    handle.start_read()
    handle.unref()
    driver.call_later(3600, lambda: None)
    assert not driver.step()  # would wait an hour
    peer.sendall(b"x")
    assert not driver.step(10)
    assert recorder.data == b"x"
    peer.close()


# ---------------------------------------------------------------------------------------------------------- liveness


def test_a_callback_that_was_put_off_is_worth_waiting_for_a_timer_is_not(driver: SelectorDriver) -> None:
    fired: list[str] = []
    driver.call_later(3600, lambda: fired.append("timer"))
    assert not is_alive(driver)
    driver.call_soon(lambda: fired.append("soon"))
    assert is_alive(driver)
    driver.run()
    assert fired == ["soon"]
    assert not is_alive(driver)


def test_run_ends_when_the_last_handle_is_through(driver: SelectorDriver) -> None:
    handle, recorder, peer = adopted_pair(driver)
    handle.start_read()
    recorder.then["eof"] = handle.close
    peer.sendall(b"to the end")
    peer.close()
    driver.run()
    assert recorder.names[-2:] == ["eof", "closed"]
    assert recorder.data == b"to the end"


def test_run_with_nothing_to_do_returns(driver: SelectorDriver) -> None:
    driver.run()
    assert not driver.step()


# -------------------------------------------------------------------------------------------------------- exceptions


def raising(error: BaseException) -> Callable[[], None]:
    def callback() -> None:
        raise error

    return callback


def test_one_exception_is_raised_as_itself_once_the_turn_is_over(driver: SelectorDriver) -> None:
    done: list[str] = []
    driver.call_soon(raising(LookupError("a listener's")))
    driver.call_soon(lambda: done.append("soon"))
    with pytest.raises(LookupError, match="a listener's"):
        driver.step()
    assert done == ["soon"]
    assert not driver.step()


def test_several_exceptions_are_a_group_in_their_order(driver: SelectorDriver) -> None:
    handle, recorder, peer = adopted_pair(driver)
    handle.start_read()
    recorder.then["received"] = lambda _: raising(KeyError("event"))()
    peer.sendall(b"x")
    arrives(handle)
    driver.call_later(0, raising(IndexError("timer")))
    driver.call_soon(raising(OSError("soon")))
    driver.call_soon(lambda: driver.report(ValueError("reported")))
    with pytest.raises(ExceptionGroup) as caught:
        driver.step()
    assert [type(error) for error in caught.value.exceptions] == [IndexError, OSError, ValueError, KeyError]
    peer.close()


def test_run_raises_what_was_reported_and_goes_on_when_called_again(driver: SelectorDriver) -> None:
    done: list[str] = []
    driver.call_soon(lambda: driver.call_soon(lambda: done.append("second turn")))
    driver.call_soon(raising(LookupError()))
    with pytest.raises(LookupError):
        driver.run()
    assert done == []
    driver.run()
    assert done == ["second turn"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_comes_out_at_once_and_loses_no_callback(
    driver: SelectorDriver, kind: type[BaseException]
) -> None:
    handle, recorder, peer = adopted_pair(driver)
    handle.start_read()
    peer.sendall(b"x")
    arrives(handle)
    done: list[str] = []
    driver.call_later(0, raising(kind()))
    driver.call_later(0, lambda: done.append("timer"))
    driver.call_soon(raising(kind()))
    driver.call_soon(lambda: done.append("soon"))
    with pytest.raises(kind):
        driver.step()
    assert done == []
    with pytest.raises(kind):
        driver.step()
    assert done == ["timer"]
    driver.step()
    assert done == ["timer", "soon"]
    assert recorder.data == b"x"
    peer.close()


# ------------------------------------------------------------------------------------------------------ use and misuse


def test_a_callback_cannot_turn_the_loop(driver: SelectorDriver) -> None:
    refused: list[str] = []

    def turn(act: Callable[[], object]) -> None:
        with pytest.raises(RuntimeError, match="callback") as caught:
            act()
        refused.append(str(caught.value))

    driver.call_soon(lambda: turn(driver.step))
    driver.call_later(0, lambda: turn(driver.run))
    driver.step()
    assert len(refused) == 2
    assert not driver.step()


def test_a_closed_driver_says_so(driver: SelectorDriver) -> None:
    idle = driver.socket()
    driver.close()
    driver.close()
    assert driver.closed
    assert not is_alive(driver)
    uses: list[Callable[[], object]] = [
        driver.step,
        driver.run,
        driver.socket,
        driver.fileno,
        driver.next_timeout,
        lambda: driver.adopt(0),
        lambda: driver.resolve("localhost", 0, 0, True, print),
        lambda: driver.call_soon(print),
        lambda: driver.call_soon_threadsafe(print),
        lambda: driver.call_later(1, print),
        lambda: idle.connect(1, Endpoint("127.0.0.1", 1, 4)),
        lambda: idle.bind_local(1, 4, None, None),
    ]
    for use in uses:
        with pytest.raises(RuntimeError, match="SelectorDriver is closed"):
            use()
    idle.close()


@pytest.mark.parametrize("poller", POLLERS)
def test_closing_a_driver_closes_all_it_has_and_leaks_nothing(poller: str) -> None:
    gc.collect()
    before = open_descriptors()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with driver_over(poller) as made:
            handle, recorder, peer = adopted_pair(made)
            handle.start_read()
            server, accepted = listener(made)
            client = made.socket()
            attached(client)
            name = server.local_name()
            assert name is not None
            client.connect(1, name)
            made.call_soon_threadsafe(lambda: None)
            until(made, accepted.has("accepted"))
            handle.send((b"x" * 10_000_000,))
            made.call_soon(recorder.closed)
        assert handle.fileno() == server.fileno() == client.fileno() == -1
        handle.close()
        server.close()
        server.stop_accept()
        handle.stop_read()
        handle.start_read()
        handle.reset()
        assert handle.local_name() is None
        assert "closed" not in recorder.names
        peer.close()
        del made, handle, recorder, server, client
        gc.collect()
    assert open_descriptors() == before


def test_a_callback_may_close_the_driver(driver: SelectorDriver) -> None:
    done: list[str] = []
    driver.call_soon(driver.close)
    driver.call_soon(lambda: done.append("too late"))
    assert not driver.step()
    assert done == []


def test_an_event_s_callback_may_close_the_driver(driver: SelectorDriver) -> None:
    pairs = [adopted_pair(driver) for _ in range(3)]
    for handle, recorder, peer in pairs:
        handle.start_read()
        recorder.then["received"] = lambda _: driver.close()
        peer.sendall(b"x")
    assert not driver.step()
    assert sum(len(recorder.log) for _, recorder, _ in pairs) == 1
    for _, _, peer in pairs:
        peer.close()


def test_a_driver_that_nobody_closes_complains_of_nothing() -> None:
    gc.collect()  # what others have left
    before = open_descriptors()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        driver = SelectorDriver()
        driver.call_soon_threadsafe(lambda: None)
        driver.step()
        del driver
        gc.collect()
    assert open_descriptors() == before


def test_nor_at_the_interpreter_s_exit() -> None:
    script = "from sansnet.drivers.selector import SelectorDriver as D; d = D(); d.call_soon_threadsafe(print); d.run()"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


# -------------------------------------------------------------------------------------------------- in another's loop


def test_the_descriptor_tells_a_foreign_loop_when_to_step() -> None:
    with SelectorDriver() as driver, select.epoll() as foreign:
        handle, recorder, peer = adopted_pair(driver)
        handle.start_read()
        foreign.register(driver.fileno(), select.EPOLLIN)
        assert foreign.poll(0) == []
        for number in range(3):
            peer.sendall(b"x")
            assert foreign.poll(10)
            driver.step(0)
            assert recorder.names == ["received"] * (number + 1)
            assert foreign.poll(0) == []
        driver.call_soon_threadsafe(recorder.closed)
        assert foreign.poll(10)
        driver.step(0)
        assert recorder.names[-1] == "closed"
        peer.close()


def test_next_timeout_tells_what_the_descriptor_cannot(driver: SelectorDriver) -> None:
    assert driver.next_timeout() is None
    timer = driver.call_later(1000, lambda: None)
    left = driver.next_timeout()
    assert left is not None
    assert 900 < left <= 1000
    driver.call_later(0, lambda: None)
    assert driver.next_timeout() == 0
    driver.step(0)
    driver.call_soon(lambda: None)
    assert driver.next_timeout() == 0
    timer.cancel()
    driver.step(0)
    assert driver.next_timeout() is None


def test_a_selector_without_a_descriptor_says_so() -> None:
    with driver_over("select") as driver, pytest.raises(OSError, match="SelectSelector"):
        driver.fileno()
    with contextlib.closing(new_poller()) as poller:
        assert poller.fileno() >= 0


# ------------------------------------------------------------------------------------------------------------- events


def test_an_event_for_a_descriptor_that_is_somebody_else_s_by_now_reaches_nobody(driver: SelectorDriver) -> None:
    pairs = [adopted_pair(driver) for _ in range(2)]
    newcomers: list[socket.socket] = []

    def replace(closer: int) -> None:
        """Close the other handle, and let a new one have its descriptor, in the middle of the events' turn."""
        other = pairs[1 - closer][0]
        if other.fileno() != -1 and not newcomers:
            number = other.fileno()
            other.close()
            mine, theirs = socket.socketpair()
            if theirs.fileno() == number:
                mine, theirs = theirs, mine
            if mine.fileno() != number:
                os.dup2(mine.fileno(), number)
                mine.close()
                mine = socket.socket(fileno=number)
            newcomers.append(theirs)
            handle = driver.adopt(mine)
            assert handle.fileno() == number
            records.append(attached(handle))
            handle.start_read()

    records = [recorder for _, recorder, _ in pairs]
    for index, (handle, recorder, peer) in enumerate(pairs):
        recorder.then["received"] = lambda _, index=index: replace(index)
        handle.start_read()
        peer.sendall(b"x")
    driver.step(10)
    settle(driver)
    assert [recorder.names for recorder in records] in (
        [["received"], ["closed"], []],
        [["closed"], ["received"], []],
    )
    newcomers[0].sendall(b"hello")
    until(driver, lambda: records[2].data == b"hello")
    for thing in (newcomers[0], *(peer for _, _, peer in pairs)):
        thing.close()


def test_what_is_no_descriptor_is_refused_and_concerns_nobody(driver: SelectorDriver) -> None:
    handle, recorder, peer = adopted_pair(driver)
    handle.start_read()
    for watch in (driver.reactor.watch_readable, driver.reactor.watch_writable):
        with pytest.raises(ValueError, match="-1 is no descriptor"):
            watch(-1, lambda: None)
    for unwatch in (driver.reactor.unwatch_readable, driver.reactor.unwatch_writable):
        unwatch(-1)
        unwatch(1 << 20)
    peer.sendall(b"x")
    until(driver, lambda: recorder.data == b"x")
    peer.close()


def test_a_thousand_descriptors_are_all_heard() -> None:
    with SelectorDriver() as driver:
        trios = [adopted_pair(driver) for _ in range(1100)]  # more than one poll reports
        for handle, _, peer in trios:
            handle.start_read()
            peer.sendall(b"x")
        until(driver, lambda: all(recorder.data for _, recorder, _ in trios), turns=5)
        assert waits(driver)
        for _, _, peer in trios:
            peer.close()
