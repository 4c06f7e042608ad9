from __future__ import annotations

import contextlib
import gc
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sansnet.drivers import selector
from sansnet.drivers.contract import Driver
from sansnet.drivers.polling import SelectorsPoller, new_poller
from sansnet.drivers.selector import SelectorDriver
from sansnet.state.endpoints import Endpoint
from tests.drivers.recorder import adopted_pair, attached, is_quiet, listener, open_descriptors, settle, until

ROOT = Path(__file__).resolve().parents[2]
POLLERS: dict[str, Callable[[], selectors.BaseSelector]] = {
    "default": selectors.DefaultSelector,
    "select": selectors.SelectSelector,
}


@pytest.fixture(params=["own", *POLLERS])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SelectorDriver]:
    """A driver over each kind of poller."""
    if request.param in POLLERS:
        monkeypatch.setattr(selector, "new_poller", lambda: SelectorsPoller(POLLERS[request.param]()))
    with SelectorDriver() as made:
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
    driver.call_soon(lambda: order.append("soon"))
    driver.call_later(0, lambda: order.append("timer"))
    driver.step(0)
    assert order == ["timer", "soon", "event"]
    peer.close()


def test_what_is_put_off_in_a_turn_is_for_the_next_one(driver: SelectorDriver) -> None:
    order: list[str] = []

    def put_off(name: str) -> Callable[[], None]:
        return lambda: (order.append(name), driver.call_soon(lambda: order.append(f"{name}, later")))[0]

    driver.call_soon(put_off("soon"))
    driver.call_later(0, put_off("timer"))
    driver.call_later(0, lambda: driver.call_later(0, lambda: order.append("timer of a timer")) and None)
    driver.step(0)
    assert order == ["timer", "soon"]
    driver.step(0)
    assert order == ["timer", "soon", "timer of a timer", "timer, later", "soon, later"]


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
    assert not driver.alive
    driver.call_soon(lambda: fired.append("soon"))
    assert driver.alive
    driver.run()
    assert fired == ["soon"]
    assert not driver.alive


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
def test_an_interrupt_comes_out_at_once_and_loses_no_callback(driver: SelectorDriver, kind: type[BaseException]) -> None:
    handle, recorder, peer = adopted_pair(driver)
    handle.start_read()
    peer.sendall(b"x")
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


# ----------------------------------------------------------------------------------------------------------- threads


def test_another_thread_wakes_a_loop_that_waits(driver: SelectorDriver) -> None:
    handle, _, peer = adopted_pair(driver)
    handle.start_read()
    seen: list[int] = []

    def from_outside() -> None:
        driver.call_soon_threadsafe(lambda: seen.append(threading.get_ident()))

    driver.call_soon(threading.Thread(target=from_outside).start)
    while not seen:
        driver.step()  # would wait for ever
    assert seen == [threading.get_ident()]
    settle(driver)
    assert driver.next_timeout() is None
    peer.close()


def test_many_threads_are_all_heard_each_in_its_order(driver: SelectorDriver) -> None:
    heard: list[tuple[int, int]] = []

    def from_outside(thread: int) -> None:
        for number in range(200):
            driver.call_soon_threadsafe(lambda number=number: heard.append((thread, number)))  # type: ignore[misc]

    threads = [threading.Thread(target=from_outside, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    until(driver, lambda: len(heard) == 800, turns=100_000)
    for thread in threads:
        thread.join()
    for number in range(4):
        assert [entry for entry in heard if entry[0] == number] == [(number, each) for each in range(200)]


def test_a_callback_from_another_thread_keeps_the_driver_alive(driver: SelectorDriver) -> None:
    done: list[str] = []
    driver.call_soon_threadsafe(lambda: done.append("done"))
    assert driver.alive
    driver.run()
    assert done == ["done"]
    assert not driver.alive


def test_the_wake_up_itself_does_not(driver: SelectorDriver) -> None:
    driver.call_soon_threadsafe(lambda: None)
    settle(driver)
    assert not driver.step()


def test_another_thread_is_told_to_use_call_soon_threadsafe(driver: SelectorDriver) -> None:
    driver.step()
    errors: list[RuntimeError] = []

    def from_outside() -> None:
        for act in (driver.step, driver.run, driver.socket, driver.fileno, lambda: driver.adopt(0)):
            with pytest.raises(RuntimeError) as caught:
                act()
            errors.append(caught.value)

    thread = threading.Thread(target=from_outside)
    thread.start()
    thread.join()
    assert len(errors) == 5
    assert all("call_soon_threadsafe" in str(error) for error in errors)


def test_a_driver_belongs_to_the_thread_that_uses_it_first(driver: SelectorDriver) -> None:
    done: list[str] = []

    def use() -> None:
        driver.call_soon(lambda: done.append("done"))
        driver.run()

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert done == ["done"]
    with pytest.raises(RuntimeError):
        driver.step()


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
    assert not driver.alive
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


def test_closing_a_driver_closes_all_it_has_and_leaks_nothing(
    monkeypatch: pytest.MonkeyPatch, driver: SelectorDriver
) -> None:
    driver.close()
    before = open_descriptors()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with SelectorDriver() as made:
            handle, recorder, peer = adopted_pair(made)
            handle.start_read()
            server, accepted = listener(made)
            client = made.socket()
            attached(client)
            name = server.local_name()
            assert name is not None
            client.connect(1, name)
            made.call_soon_threadsafe(lambda: None)
            until(made, lambda: accepted.connections)
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
        del made, handle, recorder, server, accepted, client
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
        [sys.executable, "-X", "dev", "-W", "error", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
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
        driver.call_soon_threadsafe(lambda: recorder.closed())
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


def test_a_selector_without_a_descriptor_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selector, "new_poller", lambda: SelectorsPoller(selectors.SelectSelector()))
    with SelectorDriver() as driver, pytest.raises(OSError, match="SelectSelector"):
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


def test_a_thousand_descriptors_are_all_heard() -> None:
    with SelectorDriver() as driver:
        trios = [adopted_pair(driver) for _ in range(1100)]  # more than one poll reports
        for handle, _, peer in trios:
            handle.start_read()
            peer.sendall(b"x")
        until(driver, lambda: all(recorder.data for _, recorder, _ in trios), turns=5)
        assert is_quiet(driver)
        for _, _, peer in trios:
            peer.close()


# ------------------------------------------------------------------------------------------------------------- Ctrl-C

PRELUDE = """
import signal, sys, time
from sansnet.drivers.selector import SelectorDriver
from tests.drivers.recorder import listener
driver = SelectorDriver()
server, recorder = listener(driver)
def ready(): print("ready", flush=True)
"""


@pytest.fixture
def program() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts Python on a script, and returns once that has printed 'ready'."""
    with contextlib.ExitStack() as stack:

        def start(script: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", PRELUDE + script]
            started = stack.enter_context(
                subprocess.Popen(
                    command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
                )
            )
            stack.callback(started.kill)
            assert started.stdout is not None
            assert started.stdout.readline() == "ready\n"
            return started

        yield start


def finish(running: subprocess.Popen[str]) -> tuple[str, str]:
    """What it prints from here on. (`communicate()` would miss what was read along with the first line.)"""
    assert running.stdout is not None
    assert running.stderr is not None
    return running.stdout.read(), running.stderr.read()


def test_ctrl_c_ends_a_run_that_waits(program: Callable[[str], subprocess.Popen[str]]) -> None:
    running = program("""
driver.call_soon(ready)
before = signal.set_wakeup_fd(-1)
try:
    driver.run()
except KeyboardInterrupt:
    print("interrupted", signal.getsignal(signal.SIGINT) is signal.default_int_handler,
          signal.set_wakeup_fd(-1) == before, recorder.names)
try:
    driver.call_later(0, lambda: signal.raise_signal(signal.SIGINT))
    driver.run()
except KeyboardInterrupt:
    print("again")
server.close()
driver.run()
print(recorder.names)
""")
    running.send_signal(signal.SIGINT)
    output, errors = finish(running)
    assert output == "interrupted True True []\nagain\n['listener_closed']\n", errors


def test_ctrl_c_lets_the_turn_come_to_its_end(program: Callable[[str], subprocess.Popen[str]]) -> None:
    running = program("""
ready()
done = []
def listener():
    signal.raise_signal(signal.SIGINT)
    done.append("listener")
driver.call_soon(listener)
driver.call_soon(lambda: done.append("the one after it"))
driver.call_soon(lambda: driver.call_soon(lambda: done.append("next turn")))
try:
    driver.run()
except KeyboardInterrupt:
    print(done)
driver.step(0)
print(done)
""")
    output, errors = finish(running)
    assert output == (
        "['listener', 'the one after it']\n['listener', 'the one after it', 'next turn']\n"
    ), errors


def test_a_second_ctrl_c_interrupts_a_listener_that_does_not_return(
    program: Callable[[str], subprocess.Popen[str]],
) -> None:
    running = program("""
def busy():
    while True:
        signal.raise_signal(signal.SIGINT)
        signals.append(1)
signals = []
ready()
driver.call_soon(busy)
driver.call_soon(lambda: print("not lost"))
try:
    driver.run()
except KeyboardInterrupt:
    print("interrupted after", len(signals), signal.getsignal(signal.SIGINT) is signal.default_int_handler)
driver.step(0)
""")
    output, errors = finish(running)
    assert output == "interrupted after 1 True\nnot lost\n", errors


def test_ctrl_c_takes_precedence_over_what_a_listener_raised(program: Callable[[str], subprocess.Popen[str]]) -> None:
    running = program("""
def both():
    signal.raise_signal(signal.SIGINT)
    raise LookupError("a listener's")
ready()
driver.call_soon(both)
try:
    driver.run()
except KeyboardInterrupt as error:
    print(repr(error.__cause__))
""")
    output, errors = finish(running)
    assert output == "LookupError(\"a listener's\")\n", errors


def test_a_program_s_own_handler_is_left_alone(program: Callable[[str], subprocess.Popen[str]]) -> None:
    running = program("""
def own(number, frame):
    print("own")
    driver.call_soon_threadsafe(server.close)
signal.signal(signal.SIGINT, own)
driver.call_soon_threadsafe(ready)
driver.run()
print(recorder.names, signal.getsignal(signal.SIGINT) is own)
""")
    running.send_signal(signal.SIGINT)
    output, errors = finish(running)
    assert output == "own\n['listener_closed'] True\n", errors


def test_off_the_main_thread_signals_are_none_of_the_loop_s_business(driver: SelectorDriver) -> None:
    handler = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def use() -> None:
        driver.call_soon(lambda: seen.append(signal.getsignal(signal.SIGINT)))
        driver.run()

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert seen == [handler]
