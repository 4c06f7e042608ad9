"""What signals do to commands.

A server is asked by SIGINT and SIGTERM to stop (`stopping`), of everything else they are the end (`terminable`).

Signals as data: to a server they arrive on a socket, and so from the loop, like everything else.

Python writes a byte for each signal to a descriptor of our choice (`signal.set_wakeup_fd`). Ours is one end of a pair
of sockets; the other end is one more socket of the loop. No handler of ours runs in the middle of something, no lock is
taken, and a signal that comes just before the loop goes to sleep wakes it.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Final, NoReturn

from .. import Socket

__all__ = ["SIGNALS", "Terminated", "stopping", "terminable"]

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
"""What asks a command to end."""


class Terminated(KeyboardInterrupt):
    """SIGTERM has come. What Ctrl-C may go through, and nobody takes for a failure, this may as well."""


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """For the length of the block SIGTERM raises Terminated, so that what is open is closed: files are not left half.

    The next one ends the process on the spot. Who handles SIGTERM, ignores it, or calls this off the main thread, is
    left alone.
    """

    def leave(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextlib.contextmanager
def stopping(stop: Callable[[], object]) -> Iterator[None]:
    """For the length of the block the first SIGINT or SIGTERM calls `stop()`, from the loop.

    The next one does what it always does, for whoever can't wait. A signal that is ignored stays ignored, as SIGINT is
    in what a shell script starts in the background. On the main thread only.
    """
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number, handler in handlers.items() if handler is not signal.SIG_IGN]

    def restore() -> None:
        for number in heard:
            signal.signal(number, handlers[number])

    def on_data(numbers: bytes) -> None:
        if not set(numbers).isdisjoint(heard):
            restore()
            stop()

    reader = Socket(handle=ours).unref().on("data", on_data)
    fd_before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        for number in heard:
            signal.signal(number, lambda *_: None)  # only what has a handler is written to the descriptor
        yield
    finally:
        restore()
        signal.set_wakeup_fd(fd_before)
        theirs.close()
        reader.destroy()
