"""The loop around the completion port: interrupts, threads, exceptions, and its end."""

from __future__ import annotations

import _thread
import threading

import pytest

import sansnet
from sansnet.drivers.overlapped import OverlappedDriver
from tests.loopback import loopback
from tests.windows.bench import needs_windows

pytestmark = needs_windows


def test_it_is_the_default() -> None:
    assert isinstance(sansnet.default_driver(), OverlappedDriver)


def test_ctrl_c_ends_run_while_it_waits() -> None:
    """From another thread, as Windows has it; the listener that runs comes to its end."""
    with loopback() as net:
        net.serve()
        driver = net.driver
        interrupt = threading.Thread(target=_thread.interrupt_main)
        driver.call_soon(interrupt.start)
        with pytest.raises(KeyboardInterrupt):
            driver.run()
        interrupt.join()
        assert driver.alive


def test_an_interrupt_in_a_listener_costs_the_others_nothing() -> None:
    with loopback() as net:
        log: list[int] = []

        def stop() -> None:
            raise KeyboardInterrupt

        net.driver.call_soon(stop)
        net.driver.call_soon(lambda: log.append(1))
        with pytest.raises(KeyboardInterrupt):
            net.driver.step(0)
        net.turn(2)
        assert log == [1]


def test_what_is_closed_can_not_be_used() -> None:
    with OverlappedDriver() as driver:
        pass
    assert not driver.alive
    for use in (driver.socket, lambda: driver.call_soon_threadsafe(print), driver.step, driver.fileno):
        with pytest.raises(RuntimeError, match="this OverlappedDriver is closed"):
            use()


def test_it_has_no_descriptor() -> None:
    with OverlappedDriver() as driver, pytest.raises(OSError, match="no descriptor"):
        driver.fileno()


def test_another_thread_is_told_that_it_is_wrong() -> None:
    with OverlappedDriver() as driver:
        driver.check()
        told: list[str] = []

        def use() -> None:
            try:
                driver.socket()
            except RuntimeError as error:
                told.append(str(error))

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        assert "is used on another thread" in told[0]
