"""Processes that share the work of a command."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from .signals import SIGNALS

__all__ = ["worker_pool"]


@contextmanager
def worker_pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """So many. Ctrl-C ends them at once and silently, whatever they are at; a terminal sends it to all of them.

    SIGTERM, which comes to us alone, does so too.
    """
    with ProcessPoolExecutor(count, initializer=_begin) as pool:
        try:
            with _held_back():
                pool.submit(int)  # where processes are forked, the first task starts them all
            yield pool
        except KeyboardInterrupt:
            _end(pool)
            raise


@contextmanager
def _held_back() -> Iterator[None]:
    """For the length of the block signals wait, and in a process that is forked in it until it begins.

    Till then it would do with them what we do: raise. A pool that breaks sends SIGTERM to those that have just started.
    """
    if sys.platform == "win32":
        yield
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """In a new process: the one who is interrupted is the other, and nothing of it is to be unwound here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


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
