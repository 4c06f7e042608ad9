"""Which driver a bare `connect()` or `create_server()` uses, and how to run it."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import warnings
from typing import TYPE_CHECKING

from .drivers.chosen import chosen, using
from .drivers.contract import Driver
from .drivers.selector import SelectorDriver
from .hosts import running_asyncio, running_trio

if TYPE_CHECKING:
    from .drivers.asyncio import LoopDriver
    from .drivers.overlapped import OverlappedDriver

__all__ = ["check_home", "default_driver", "own_driver", "run", "using"]

_own = threading.local()


def default_driver() -> Driver:
    """The driver that new sockets and servers are made on.

    That of the enclosing `using(...)` or trio's `open_driver()`, else that of the running asyncio loop, else the
    thread's own: a `SelectorDriver`, on Windows an `OverlappedDriver`. The latter two are made when they are first
    asked for; a loop's ends with the loop.

    Raises RuntimeError in a task of trio outside of such a block: there is no driver that would end with the task.
    """
    return chosen.get() or _loop_driver() or _thread_driver()


def run() -> None:
    """Run the thread's own driver until nothing ref'd is left to wait for (Node's end of the process).

    What a listener raises, and an 'error' that nobody listens to, is raised from here once its turn is over; what has
    not happened yet happens when `run()` is called again. Ctrl-C ends it with KeyboardInterrupt, between two turns.

    What is still open when the process ends is closed then. A program that never ran what it made is told so by a
    ResourceWarning (`python -X dev` shows it).

    Raises RuntimeError inside a running asyncio or trio loop, which it would bring to a stop; there, await the driver's
    `idle()`.
    """
    if host := _host():
        raise RuntimeError(f"run() would stop the {host} loop that runs here; await default_driver().idle() instead")
    _thread_driver().run()


def check_home(driver: Driver, owner: object) -> None:
    """Raise RuntimeError for what was made outside of the loop that runs here: nobody would ever turn its driver."""
    if driver is getattr(_own, "driver", None) and _host() is not None:
        text = f"this {type(owner).__name__} was made outside of the loop that runs here; make it in one of its tasks"
        raise RuntimeError(text)


def _host() -> str | None:
    """The loop of somebody else's that runs here, by name."""
    if running_trio() is not None:
        return "trio"
    return None if running_asyncio() is None else "asyncio"


def _loop_driver() -> LoopDriver | None:
    if running_trio() is not None:
        raise RuntimeError(
            "no driver is open in this task of trio; use sansnet inside of "
            "'async with sansnet.drivers.trio.open_driver():'"
        )
    loop = running_asyncio()
    if loop is None:
        return None
    from .drivers.asyncio import driver_of  # noqa: PLC0415  # it imports asyncio, which most programs do without

    return driver_of(loop)


def own_driver() -> SelectorDriver | OverlappedDriver:
    """A new driver with a loop of its own, of the kind that suits the system: on Windows it has pipes, too."""
    if sys.platform == "win32":
        from .drivers.overlapped import OverlappedDriver  # noqa: PLC0415  # nobody else needs it

        return OverlappedDriver()
    else:
        return SelectorDriver()


def _thread_driver() -> SelectorDriver | OverlappedDriver:
    driver: SelectorDriver | OverlappedDriver | None = getattr(_own, "driver", None)
    if driver is None:
        atexit.unregister(_look_back)  # one call will do for whatever threads there are
        atexit.register(_look_back)
    if driver is None or driver.closed:
        driver = _own.driver = own_driver()
        _own.process = os.getpid()
    return driver


def _look_back() -> None:
    """The process ends: say so if `run()` was forgotten, and close what is left, as the end of a loop does.

    Nobody forgot anything if an exception came before it. In a child that was forked it is the parent's to close.
    """
    driver: SelectorDriver | OverlappedDriver | None = getattr(_own, "driver", None)
    if driver is None or driver.closed or _own.process != os.getpid():
        return
    try:
        if driver.alive and not driver.has_turned and not hasattr(sys, "last_value"):
            text = "sansnet.run() was never called: its servers and sockets have done nothing"
            warnings.warn(text, ResourceWarning, stacklevel=2, source=driver)
    finally:
        driver.close()
