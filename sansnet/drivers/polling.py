"""What the selector loop asks the system with: which descriptors are ready, and how to be woken while it waits."""

from __future__ import annotations

import contextlib
import select
import selectors
import socket
import sys
import weakref
from typing import Final, Protocol, final

__all__ = ["READABLE", "WRITABLE", "Poller", "Waker", "new_poller"]

READABLE: Final = 1  # as EPOLLIN
WRITABLE: Final = 4  # as EPOLLOUT


class Poller(Protocol):
    """Level-triggered."""

    reads: int
    """The events that concern who watches a descriptor as readable; errors and hang-ups are among them."""
    writes: int
    """The same for writable."""
    sees_changes: bool
    """Does `poll` take notice of what another thread changes while it waits?"""

    def change(self, fd: int, old: int, new: int) -> None:
        """Watch for `new` (a sum of READABLE and WRITABLE) instead of `old`."""

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        """Wait for at most so many seconds; descriptors and their events."""

    def fileno(self) -> int:
        """A descriptor that is readable when `poll` has something to say. Raises OSError if there is none."""

    def close(self) -> None: ...


@final
class SelectorsPoller:
    """Over whatever the `selectors` module thinks is best."""

    reads: int = selectors.EVENT_READ
    writes: int = selectors.EVENT_WRITE

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        self._selector: Final = selector or selectors.DefaultSelector()
        self.sees_changes = hasattr(self._selector, "fileno")  # the system keeps the list

    def change(self, fd: int, old: int, new: int) -> None:
        """Watch for `new` instead of `old`."""
        events = (selectors.EVENT_READ if new & READABLE else 0) | (selectors.EVENT_WRITE if new & WRITABLE else 0)
        if not old:
            self._selector.register(fd, events)
        elif new:
            self._selector.modify(fd, events)
        else:
            self._selector.unregister(fd)

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        """Wait for at most so many seconds."""
        return [(key.fd, events) for key, events in self._selector.select(timeout)]

    def fileno(self) -> int:
        """The selector's own descriptor. select() and poll() have none."""
        fileno = getattr(self._selector, "fileno", None)
        if fileno is None:
            raise OSError(f"{type(self._selector).__name__} has no descriptor")
        return int(fileno())

    def close(self) -> None:
        """Give it back to the system."""
        self._selector.close()


if sys.platform == "linux":

    @final
    class EpollPoller:
        """Over epoll itself: `selectors` makes an object of each event, which is a tenth of an echo's time."""

        reads: int = ~select.EPOLLOUT
        writes: int = ~select.EPOLLIN
        sees_changes: bool = True

        def __init__(self) -> None:
            self._epoll: Final = select.epoll()
            self.fileno: Final = self._epoll.fileno
            self.close: Final = self._epoll.close
            self.poll: Final = self._epoll.poll

        def change(self, fd: int, old: int, new: int) -> None:
            """Watch for `new` instead of `old`."""
            if not old:
                self._epoll.register(fd, new)
            elif new:
                self._epoll.modify(fd, new)
            else:
                try:
                    self._epoll.unregister(fd)
                except OSError:  # somebody else closed it, and the system has forgotten it already
                    return

    def new_poller() -> Poller:
        """The best that this system has."""
        return EpollPoller()

else:

    def new_poller() -> Poller:
        """The best that this system has."""
        return SelectorsPoller()


@final
class Waker:
    """A pair of sockets: what is written to the one wakes the loop, which watches the other.

    Not an eventfd: `signal.set_wakeup_fd` writes single bytes. No lock, and no "is awake already" that would need one:
    a signal handler may call `wake()` in the middle of `drain()`, and would wait for itself for ever. The pair is
    closed when its `owner` is collected, and at the interpreter's exit, so that a loop that nobody closed doesn't
    complain of the sockets it made for itself.
    """

    __slots__ = ("_reader", "_writer", "close")

    def __init__(self, owner: object) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self.close: Final = weakref.finalize(owner, _close, self._reader, self._writer)

    @property
    def signal_fd(self) -> int:
        """For `signal.set_wakeup_fd`."""
        return self._writer.fileno()

    def fileno(self) -> int:
        """What the loop watches."""
        return self._reader.fileno()

    def wake(self) -> None:
        """Let the poll that waits, or the next one, return at once. May be called on any thread."""
        with contextlib.suppress(OSError):  # full, so it is awake; or closed, so nobody sleeps
            self._writer.send(b"\0")

    def drain(self) -> None:
        """Take notice. What comes after this wakes the loop anew."""
        with contextlib.suppress(OSError):
            while self._reader.recv(4096):
                pass


def _close(reader: socket.socket, writer: socket.socket) -> None:
    reader.close()
    writer.close()
