"""The trio driver with the `step()` and `run()` of the selector driver, so that one suite can be run on both.

trio runs as a guest: this file is the host's loop, which goes on only while somebody is in `step()`.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator
from typing import Any

import trio

from sansnet.drivers.chosen import using
from sansnet.drivers.trio import TrioDriver
from tests.loopback import PATIENCE

__all__ = ["SteppedTrio", "stepped_trio"]


class SteppedTrio(TrioDriver):
    """Rests only in `step()`, and does one turn there. What listeners raise is raised from there."""

    def __init__(self, scope: trio.CancelScope) -> None:
        super().__init__(scope)
        self.run_host: Callable[[Callable[[], object]], None] = lambda _: None
        self._go = trio.Event()
        self._limit = 0.0
        self.rests = False

    async def _rest(self) -> None:
        self.rests = True
        await self._go.wait()
        self._go = trio.Event()
        if not self.closed:
            with trio.move_on_after(self._limit):
                await super()._rest()

    def report(self, error: BaseException, source: object = None) -> None:
        self._errors.append(error)

    def step(self, timeout: float | None = None) -> bool:
        """Let the driver rest for so many seconds at most, and then do a turn."""
        self._limit = PATIENCE if timeout is None else timeout
        if timeout is None and not self.alive:
            self._limit = 0.0
        self.rests = False
        self._go.set()
        self.run_host(lambda: self.rests or self.closed)
        errors = list(self._errors)
        self._errors.clear()
        if errors:
            raise errors[0] if len(errors) == 1 else BaseExceptionGroup("several", errors)
        return self.alive

    def run(self) -> None:
        """Step until nothing ref'd is left."""
        while self.step():
            pass

    def next_timeout(self) -> float | None:
        """As `SelectorDriver.next_timeout()`, without the timers."""
        return 0.0 if self._soon or self._posted else None

    def fileno(self) -> int:
        """What trio watches."""
        return self._reactor.fileno()

    def close(self) -> None:
        super().close()
        self._go.set()


@contextlib.contextmanager
def stepped_trio() -> Iterator[SteppedTrio]:
    """A driver in a run of its own. Nothing is left open when the run is over."""
    calls: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
    made: list[SteppedTrio] = []
    ended: list[Any] = []

    def run_host(over: Callable[[], object]) -> None:
        while not over():
            calls.get(timeout=PATIENCE)()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            driver = SteppedTrio(nursery.cancel_scope)
            driver.run_host = run_host
            with using(driver):
                nursery.start_soon(driver.serve)
            made.append(driver)

    trio.lowlevel.start_guest_run(main, run_sync_soon_threadsafe=calls.put, done_callback=ended.append)
    run_host(lambda: made and made[0].rests)
    [driver] = made
    try:
        yield driver
    finally:
        driver.close()
        run_host(lambda: ended)
    ended[0].unwrap()
    assert not driver.handles
