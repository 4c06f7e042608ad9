"""stdin and stdout as sockets, so that they can be piped.

A loop can watch sockets. It can't watch a regular file (epoll refuses), nor a console on Windows, and to make a
terminal non-blocking would make it so for every other program on it. So a thread of its own reads stdin, another writes
stdout, blocking as they were born to, and a pair of sockets joins each thread to the loop. All that backpressure needs
is in the sockets already: whoever is too fast waits, and what is under way stays below a few hundred KiB.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import sys
import threading
from typing import Final

from .. import Socket

__all__ = ["StandardInput", "StandardOutput"]

_CHUNK: Final = 65536


class _Stream:
    """The socket, and the thread at its other end. The thread is a daemon: it may wait for ever for a keyboard."""

    def __init__(self, fd: int | None) -> None:
        """Begin; `fd` is None where the stream was closed before we were started, and the number is another's."""
        self.error: OSError | None = None
        """Why the stream failed. Set before the socket ends."""
        ours, theirs = socket.socketpair()
        self.socket = Socket(handle=ours)
        self.socket.on("error", lambda _error: None)  # the thread has given up, and `error` says why
        threading.Thread(target=self._run, args=(fd, theirs), name=type(self).__name__, daemon=True).start()

    def _run(self, fd: int | None, end: socket.socket) -> None:
        with end:
            try:
                self._move(fd, end)
            except OSError as error:
                self.error = error

    def _move(self, fd: int | None, end: socket.socket) -> None:
        raise NotImplementedError


class StandardInput(_Stream):
    """What comes from stdin can be read from `socket`, which ends where stdin ends. A closed stdin is an empty one."""

    def __init__(self) -> None:
        super().__init__(0 if sys.stdin is not None else None)

    def _move(self, fd: int | None, end: socket.socket) -> None:
        if fd is None:
            return
        while chunk := _read(fd):
            try:
                end.sendall(chunk)
            except OSError:
                return  # nobody wants it any more


class StandardOutput(_Stream):
    """What is written to `socket` goes to stdout. 'close' comes when all of it is there, or when that failed."""

    def __init__(self) -> None:
        super().__init__(1 if sys.stdout is not None else None)

    def _move(self, fd: int | None, end: socket.socket) -> None:
        while chunk := end.recv(_CHUNK):
            if fd is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            _write(fd, memoryview(chunk))


def _read(fd: int) -> bytes:
    while True:
        with contextlib.suppress(BlockingIOError):
            return os.read(fd, _CHUNK)
        select.select([fd], [], [])  # somebody else has made it non-blocking


def _write(fd: int, rest: memoryview) -> None:
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            select.select([], [fd], [])
