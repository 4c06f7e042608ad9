"""What other threads, and signals, may do to the selector's loop."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from sansnet.drivers import selector_reactor
from sansnet.drivers.polling import Waker
from sansnet.drivers.selector import SelectorDriver
from tests.drivers.recorder import POLLERS, adopted_pair, driver_over, is_alive, settle, until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=POLLERS)
def driver(request: pytest.FixtureRequest) -> Iterator[SelectorDriver]:
    with driver_over(request.param) as made:
        yield made


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
    assert is_alive(driver)
    driver.run()
    assert done == ["done"]
    assert not is_alive(driver)


def test_the_wake_up_itself_does_not(driver: SelectorDriver) -> None:
    driver.call_soon_threadsafe(lambda: None)
    settle(driver)
    assert not driver.step()


def test_a_signal_handler_may_wake_the_loop_while_it_learns_to_be_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    made: list[Waker] = []
    driver = SelectorDriver()

    def make(owner: object) -> Waker:
        if not made:
            made.append(Waker(owner))  # so that the next one isn't interrupted
            driver.call_soon_threadsafe(lambda: done.append("the handler's"))
        made.append(Waker(owner))
        return made[-1]

    monkeypatch.setattr(selector_reactor, "Waker", make)
    with driver:
        driver.call_soon_threadsafe(lambda: done.append("the program's"))
        driver.run()
        assert done == ["the handler's", "the program's"]
        assert made[1].fileno() != -1
        assert made[2].fileno() == -1  # it came too late
    assert made[1].fileno() == -1
    made[0].close()


@pytest.mark.interpreted("compiled code can't be interrupted at its lines")
@pytest.mark.parametrize("line", range(4))
def test_a_signal_handler_may_wake_the_loop_at_any_line_of_making_room_for_a_descriptor(line: int) -> None:
    fcntl = pytest.importorskip("fcntl")
    heard: list[str] = []
    lines, driver = 0, SelectorDriver()

    def interrupted(frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal lines
        if frame.f_code.co_name != "_make_room":
            return None
        if event == "line":
            if lines == line:
                driver.call_soon_threadsafe(lambda: heard.append("the handler's"))
            lines += 1
        return interrupted

    with driver, contextlib.ExitStack() as stack:
        ends = [stack.enter_context(end) for end in socket.socketpair()]
        high = fcntl.fcntl(ends[0], fcntl.F_DUPFD, 500)  # the waker's come to lie below it
        stack.callback(os.close, high)
        ends[1].send(b"x")
        before = sys.gettrace()
        sys.settrace(interrupted)
        try:
            driver.reactor.watch_readable(high, lambda: heard.append("the program's"))
        finally:
            sys.settrace(before)
        driver.step(0)
        driver.step(0)
        driver.reactor.unwatch_readable(high)
    assert lines > line, "it was interrupted there"
    assert {"the handler's", "the program's"} <= set(heard)


def test_a_driver_that_is_closed_at_that_moment_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Waker] = []
    driver = SelectorDriver()

    def make(owner: object) -> Waker:
        driver.close()
        made.append(Waker(owner))
        return made[-1]

    monkeypatch.setattr(selector_reactor, "Waker", make)
    with pytest.raises(RuntimeError, match="closed"):
        driver.call_soon_threadsafe(print)
    assert made[0].fileno() == -1


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


# ------------------------------------------------------------------------------------------------------------- Ctrl-C

PRELUDE = """
import signal, sys, time
from sansnet.drivers.selector import SelectorDriver
from tests.drivers.recorder import is_alive, listener
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born ignoring it
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
    assert output == ("['listener', 'the one after it']\n['listener', 'the one after it', 'next turn']\n"), errors


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
    assert output == 'LookupError("a listener\'s")\n', errors


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
