"""Ctrl-C between two turns of a loop instead of in the middle of one.

Python raises KeyboardInterrupt wherever the main thread happens to be, which may be between two steps that belong
together. While a loop runs we note the signal instead, and wake the loop, which leaves of its own accord.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interruptible"]


@contextmanager
def interruptible(wake_up_fd: Callable[[], int]) -> Iterator[Callable[[], bool]]:
    """For the length of the block SIGINT is noted: what is yielded says whether it was. KeyboardInterrupt comes after.

    A second one raises on the spot, since then something doesn't return. The system writes a byte to `wake_up_fd()` for
    each signal: a handler alone wouldn't do, since Python runs it only when the wait is over, and a signal that comes
    just before the wait begins doesn't cut it short.

    Off the main thread, and where the program handles SIGINT itself, nothing is changed.
    """
    noted = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal noted
        if noted:
            raise KeyboardInterrupt
        noted = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: False
        return
    wakes_before = signal.set_wakeup_fd(wake_up_fd(), warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: noted
    except BaseException as error:
        if noted and not isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.set_wakeup_fd(wakes_before)
    if noted:
        raise KeyboardInterrupt
