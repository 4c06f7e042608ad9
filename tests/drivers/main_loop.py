"""The main loop of somebody's program, made into a `Reactor`; it can tell lies as well."""

from __future__ import annotations

import contextlib
import select
import time
from collections import deque
from collections.abc import Callable, Iterator

from sansnet.drivers.clock import Timer, TimerQueue
from sansnet.drivers.contract import Driver
from sansnet.drivers.readiness import ReadinessDriver
from sansnet.testing.conformance import Turn

__all__ = ["Callback", "MainLoop", "in_a_lying_loop", "in_a_main_loop"]

Callback = Callable[[], None]


class MainLoop:
    """The main loop of a small program, which asks select() between its frames, made into a `Reactor`."""

    def __init__(self) -> None:
        self.readable: dict[int, Callback] = {}
        self.writable: dict[int, Callback] = {}
        self.soon: deque[Callback] = deque()
        self.timers = TimerQueue()
        self.closed = False

    def watch_readable(self, fd: int, callback: Callback) -> None:
        self.readable[fd] = callback

    def unwatch_readable(self, fd: int) -> None:
        del self.readable[fd]

    def watch_writable(self, fd: int, callback: Callback) -> None:
        self.writable[fd] = callback

    def unwatch_writable(self, fd: int) -> None:
        del self.writable[fd]

    def call_soon(self, callback: Callback) -> None:
        self.soon.append(callback)

    def call_soon_threadsafe(self, callback: Callback) -> None:
        if self.closed:
            raise RuntimeError("closed")
        self.soon.append(callback)

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        return self.timers.add(self.now() + seconds, callback)

    def now(self) -> float:
        return time.monotonic()

    def frame(self) -> int:
        """What the program does sixty times a second. How often it has called back."""
        count, before = 0, self.timers.added
        while (callback := self.timers.take(self.now(), before)) is not None:
            callback()
            count += 1
        for _ in range(len(self.soon)):
            self.soon.popleft()()
            count += 1
        ready = select.select([*self.readable], [*self.writable], [], 0.001)
        for watched, fds in zip((self.readable, self.writable), ready[:2], strict=True):
            for fd in fds:
                if fd in watched:
                    watched[fd]()
                    count += 1
        return count

    def lie(self) -> None:
        """Say of everything that it is ready."""
        for watched in (self.readable, self.writable):
            for fd in list(watched):
                if fd in watched:
                    watched[fd]()


class _Driver(ReadinessDriver):
    """Keeps what listeners raise until the turn is over."""

    def __init__(self, loop: MainLoop) -> None:
        self.errors: list[BaseException] = []
        super().__init__(loop)

    def report(self, error: BaseException, source: object = None) -> None:
        self.errors.append(error)


def _turn(loop: MainLoop, driver: _Driver, lies: bool, seconds: float) -> None:
    end = driver.now() + (min(seconds, 0.005) if lies else seconds)  # a lie may have done all that was to be done
    if lies:
        loop.lie()
    while True:
        if loop.frame() or driver.errors or driver.now() >= end:
            break
    errors, driver.errors = driver.errors, []
    if errors:
        raise errors[0] if len(errors) == 1 else BaseExceptionGroup("several", errors)


@contextlib.contextmanager
def in_a_main_loop(lies: bool = False) -> Iterator[tuple[Driver, Turn]]:
    """A maker for the conformance kit. With `lies` the loop says of everything, each turn, that it is ready."""
    loop = MainLoop()
    driver = _Driver(loop)
    with contextlib.closing(driver):
        yield driver, lambda seconds: _turn(loop, driver, lies, seconds)


@contextlib.contextmanager
def in_a_lying_loop() -> Iterator[tuple[Driver, Turn]]:
    """The same in a loop whose word counts for nothing."""
    with in_a_main_loop(lies=True) as made:
        yield made
