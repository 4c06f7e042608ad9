"""What the tests on Windows share: names of pipes, a count of handles, and plain ends to talk to."""

from __future__ import annotations

import ctypes
import itertools
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

import sansnet
from sansnet import Socket
from tests.loopback import Loopback

if TYPE_CHECKING or sys.platform == "win32":
    import _winapi

__all__ = [
    "beside",
    "handles",
    "needs_windows",
    "new_name",
    "pair",
    "plain_client",
    "plain_server",
    "read_all",
]

_ctypes: Any = ctypes  # to type checkers elsewhere it has no such things

needs_windows: Final = pytest.mark.windows
"""Marks a test that needs Windows; see conftest.py."""

_ALL_HANDLES: Final = 64  # SystemExtendedHandleInformation: a number and a word, then entries of 40 bytes …
_HANDLE: Final = "@PNN"  # … that begin with these: object, process, handle
_TOO_SMALL: Final = 0xC0000004

_numbers: Final = itertools.count()


def new_name() -> str:
    """The name of a pipe that there isn't."""
    return rf"\\.\pipe\sansnet-test-{os.getpid()}-{next(_numbers)}"


def handles() -> int:
    """How many handles this process has.

    Counted in the list of all handles: `GetProcessHandleCount` is always 0 under Wine.
    """
    ask, size = _ctypes.WinDLL("ntdll").NtQuerySystemInformation, 1 << 16
    ask.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p)
    while True:
        table = ctypes.create_string_buffer(size)
        status = ask(_ALL_HANDLES, table, size, None) & 0xFFFFFFFF
        if status != _TOO_SMALL:
            break
        size *= 2
    assert status == 0, f"{status:#x}"
    (count,) = struct.unpack_from("@N", table)
    owners = [struct.unpack_from(_HANDLE, table, 16 + 40 * number)[1] for number in range(count)]
    ours = owners.count(os.getpid())
    assert ours, "no process is without any"
    return ours


def pair(net: Loopback, name: str | None = None, **options: Any) -> tuple[Socket, Socket]:
    """A client and its peer over a pipe; the server is closed."""
    accepted: list[Socket] = []
    where = name or new_name()
    server = sansnet.create_server(accepted.append, **options).listen(where)
    client = sansnet.connect(where, **options)
    net.run_until(lambda: accepted and client.ready_state == "open")
    server.close()
    return client, accepted[0]


def plain_server(name: str, *, messages: bool = False, instances: int = 255, access: int = 3) -> int:
    """An instance of a pipe that blocks; with `access` 1 one can only write to it."""
    kind = 0x4 | 0x2 if messages else 0
    return _winapi.CreateNamedPipe(name, access, kind, instances, 65536, 65536, 0, 0)


def plain_client(name: str) -> int:
    """A client's end that blocks."""
    return _winapi.CreateFile(name, 0xC0000000, 0, 0, 3, 0, 0)


def read_all(handle: int) -> bytes:
    """What a plain end reads until the end of the file."""
    chunks: list[bytes] = []
    while True:
        try:
            chunk, _ = _winapi.ReadFile(handle, 65536)
        except BrokenPipeError:
            return b"".join(chunks)
        chunks.append(chunk)


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
