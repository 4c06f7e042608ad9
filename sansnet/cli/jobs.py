"""Processes that share the work of a command."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

__all__ = ["worker_pool"]


@contextmanager
def worker_pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """So many. Ctrl-C ends them at once and silently, whatever they are at; a terminal sends it to all of them.

    SIGTERM, which comes to us alone, does so too.
    """
    with ProcessPoolExecutor(count, initializer=_begin) as pool:
        try:
            yield pool
        except KeyboardInterrupt:
            _end(pool)
            raise


def _begin() -> None:
    """In a new process: the one who is interrupted is the other, and nothing of it is to be unwound here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end(pool: ProcessPoolExecutor) -> None:
    """Wait for nothing that is under way, and don't be interrupted in that."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    hook, threading.excepthook = threading.excepthook, lambda _: None
    try:  # Python 3.11's thread of the pool stumbles over what was cancelled when a process has died
        for child in multiprocessing.active_children():
            child.kill()
        pool.shutdown()
    finally:
        threading.excepthook = hook
        signal.signal(signal.SIGINT, before)
