"""What the tests on Windows share: names of pipes, a count of handles, and plain ends to talk to."""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

__all__ = ["UNDER_WINE", "beside", "handles", "needs_windows", "new_name", "not_under_wine"]

_ctypes: Any = ctypes  # to type checkers elsewhere it has no such things

needs_windows: Final = pytest.mark.skipif(sys.platform != "win32", reason="needs Windows, or `make test-windows`")

UNDER_WINE: Final = sys.platform == "win32" and hasattr(_ctypes.WinDLL("ntdll"), "wine_get_version")

_numbers: Final = itertools.count()


def not_under_wine(reason: str) -> pytest.MarkDecorator:
    """Marks a test that needs a real Windows; the reason says what Wine does otherwise."""
    return pytest.mark.skipif(UNDER_WINE, reason=f"Wine differs from Windows: {reason}")


def new_name() -> str:
    """The name of a pipe that there isn't."""
    return rf"\\.\pipe\sansnet-test-{os.getpid()}-{next(_numbers)}"


def handles() -> int:
    """How many handles this process has."""
    count = ctypes.c_uint32()
    kernel = _ctypes.WinDLL("kernel32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    assert kernel.GetProcessHandleCount(ctypes.c_void_p(kernel.GetCurrentProcess()), ctypes.byref(count))
    return count.value


@contextmanager
def beside(work: Callable[[], Any]) -> Iterator[list[Any]]:
    """Do `work` on a thread during the block. What it returned is in the list when the block is over, or is raised."""
    results: list[Any] = []
    errors: list[BaseException] = []

    def do() -> None:
        try:
            results.append(work())
        except BaseException as error:  # it belongs to the test
            errors.append(error)

    thread = threading.Thread(target=do)
    thread.start()
    try:
        yield results
    finally:
        thread.join(60)
    assert not thread.is_alive(), "the other side has not come to an end"
    if errors:
        raise errors[0]
