"""Other people's loops for the conformance kit, over the adapters of `examples/`: Tk's (without display), Qt's, GLib's.

A module of a toolkit is imported by the maker that needs it: none of them is on every machine.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from sansnet.drivers.contract import Driver
from sansnet.drivers.readiness import ReadinessDriver
from sansnet.testing.conformance import Turn

__all__ = ["glib", "qt", "tk"]


class _Counted:
    """A reactor that knows how often it has called back, so that a turn can end."""

    def __init__(self, reactor: Any, errors: list[BaseException]) -> None:
        self.reactor = reactor
        self.errors = errors
        self.count = 0
        self.now = reactor.now
        self.unwatch_readable = reactor.unwatch_readable
        self.unwatch_writable = reactor.unwatch_writable

    def _counted(self, callback: Callable[[], None]) -> Callable[[], None]:
        def called() -> None:
            self.count += 1
            try:
                callback()
            except Exception as error:  # a toolkit would print it
                self.errors.append(error)

        return called

    def watch_readable(self, fd: int, callback: Callable[[], None]) -> None:
        self.reactor.watch_readable(fd, self._counted(callback))

    def watch_writable(self, fd: int, callback: Callable[[], None]) -> None:
        self.reactor.watch_writable(fd, self._counted(callback))

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.reactor.call_soon(self._counted(callback))

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        self.reactor.call_soon_threadsafe(self._counted(callback))

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Any:
        return self.reactor.call_later(seconds, self._counted(callback))


class _Driver(ReadinessDriver):
    """Over a loop that can do one thing at a time: `go(wait)` does it, and says whether there was one.

    `alarm(seconds)` ends a wait: what it returns is called when the alarm isn't needed any more.
    """

    def __init__(self, reactor: Any, go: Callable[[bool], object], alarm: Callable[[float], Callable[[], object]]):
        self.errors: list[BaseException] = []
        self.counted = _Counted(reactor, self.errors)
        self.go = go
        self.alarm = alarm
        super().__init__(self.counted)

    def report(self, error: BaseException, source: object = None) -> None:
        self.errors.append(error)

    def turn(self, seconds: float) -> None:
        before, end = self.counted.count, self.now() + seconds
        while self.go(False) and self.counted.count < before + 100:
            pass  # toolkits have affairs of their own
        if seconds and self.counted.count == before:
            called_off = self.alarm(seconds)
            while self.counted.count == before and self.now() < end:
                self.go(True)
            called_off()
        errors = self.errors.copy()
        self.errors.clear()
        if errors:
            raise errors[0] if len(errors) == 1 else BaseExceptionGroup("several", errors)


@contextlib.contextmanager
def tk() -> Iterator[tuple[Driver, Turn]]:
    """Tcl's event loop, which is Tk's: a window isn't needed."""
    import tkinter

    from examples.in_tk import TkReactor

    root = tkinter.Tcl()

    def alarm(seconds: float) -> Callable[[], object]:
        name = root.after(int(seconds * 1000) + 1, int)
        return lambda: root.after_cancel(name)

    driver = _Driver(TkReactor(root), lambda wait: root.tk.dooneevent(0 if wait else 2), alarm)
    with contextlib.closing(driver):
        yield driver, driver.turn


@contextlib.contextmanager
def qt() -> Iterator[tuple[Driver, Turn]]:
    """Qt's event loop."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer

    from examples.in_qt import QtReactor

    application = QCoreApplication.instance() or QCoreApplication([])
    flags = QEventLoop.ProcessEventsFlag

    def go(wait: bool) -> bool:
        application.processEvents(flags.AllEvents | flags.WaitForMoreEvents if wait else flags.AllEvents)
        return False

    def alarm(seconds: float) -> Callable[[], object]:
        timer = QTimer()
        timer.setSingleShot(True)
        timer.start(int(seconds * 1000) + 1)
        return timer.stop

    driver = _Driver(QtReactor(), go, alarm)
    with contextlib.closing(driver):
        yield driver, driver.turn


@contextlib.contextmanager
def glib() -> Iterator[tuple[Driver, Turn]]:
    """GLib's default main context."""
    from examples.in_glib import GLibReactor, GLibTimer

    from gi.repository import GLib  # isort: skip

    context = GLib.MainContext.default()

    def alarm(seconds: float) -> Callable[[], object]:
        return GLibTimer(seconds, lambda: None).cancel

    driver = _Driver(GLibReactor(), context.iteration, alarm)
    with contextlib.closing(driver):
        yield driver, driver.turn
