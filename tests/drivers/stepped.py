"""The asyncio driver with the `step()` and `run()` of the selector driver, so that one suite can be run on both."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

from sansnet.drivers.asyncio import AsyncioDriver

__all__ = ["SteppedAsyncio", "new_loop", "stepped_asyncio"]


def new_loop(kind: str) -> asyncio.AbstractEventLoop:
    """A loop of one of `recorder.LOOPS`, on Windows asyncio's default one. Skips the test where there is no uvloop."""
    if kind == "uvloop":
        if importlib.util.find_spec("uvloop") is None:
            import pytest  # not above: programs that tests start use this as well

            pytest.skip("needs uvloop, which this system can't have or wasn't given (the extra 'uvloop')")
        import uvloop

        return uvloop.new_event_loop()
    loop: asyncio.AbstractEventLoop
    if sys.platform == "win32":
        loop = asyncio.ProactorEventLoop()
    else:
        loop = asyncio.SelectorEventLoop()
    loop.set_debug(kind == "asyncio debug")
    loop.slow_callback_duration = math.inf  # or debug mode says how slow the machine is
    return loop


class Stepped:
    """A driver that stops its loop as soon as that has called it. What listeners raise is raised from `step()`."""

    @property
    def alive(self) -> bool:
        raise NotImplementedError

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stepped = loop
        self._halted = True
        super().__init__(loop)  # type: ignore[call-arg]  # the driver's
        self._errors: list[BaseException] = []
        loop.set_exception_handler(self._handle)

    def _handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._errors.append(context["exception"])
        self._halt()

    def _halt(self) -> None:
        if not self._halted:  # uvloop would keep a second stop() for the next run
            self._halted = True
            self._stepped.stop()

    def step(self, timeout: float | None = None) -> bool:
        """Run the loop until it has called the driver, or until so many seconds have passed."""
        self._halted = False
        if timeout is None and not self.alive:
            timeout = 0
        stop = None
        if timeout == 0:
            self._stepped.call_soon(self._halt)
        elif timeout is not None:
            stop = self._stepped.call_later(timeout, self._halt)
        self._stepped.run_forever()
        if stop is not None:
            stop.cancel()
        errors, self._errors = self._errors, []
        if errors:
            raise errors[0] if len(errors) == 1 else BaseExceptionGroup("several", errors)
        return self.alive

    def run(self) -> None:
        """Step until nothing ref'd is left."""
        while self.step():
            pass


class SteppedAsyncio(Stepped, AsyncioDriver):
    """Over descriptors."""

    @property
    def alive(self) -> bool:
        return AsyncioDriver.alive.fget(self)  # type: ignore[attr-defined,no-any-return]  # a property

    def turn(self) -> None:
        super().turn()
        self._halt()

    def _call_in_turn(self, callback: Callable[[], None]) -> None:
        self._halt()
        super()._call_in_turn(callback)

    def next_timeout(self) -> float | None:
        """As `SelectorDriver.next_timeout()`, without the timers."""
        return 0.0 if self._due else None

    def fileno(self) -> int:
        """What the loop watches."""
        return self._reactor.fileno()


@contextlib.contextmanager
def stepped_asyncio(kind: str) -> Iterator[SteppedAsyncio]:
    """A driver over a loop of its own. Nothing is left open when the loop is closed."""
    loop = new_loop(kind)
    try:
        driver = SteppedAsyncio(loop)
        yield driver
    finally:
        loop.close()
    assert driver.closed
    assert not driver.handles
