"""Doors that several may accept at.

On Windows a socket belongs to one port, once, and so does its duplicate. So servers that listen on one another's socket
(`listen(server)`) share one door. It has at most one accept in flight, and what comes goes to who has waited the
longest. It is closed with the last of them.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

from ..state.endpoints import Endpoint
from ..state.faults import Fault
from .faults import canceled

if TYPE_CHECKING:
    from .proactor import Channel, Door

__all__ = ["DoorGroup", "SharedDoor"]


@final
class DoorGroup:
    """One door of the system, and those who share it."""

    __slots__ = ("_accepts", "_door", "_kept", "_members", "_waiting", "call_soon")

    def __init__(self, door: Door, call_soon: Callable[[Callable[[], None]], None]) -> None:
        self._door: Final = door
        self.call_soon: Final = call_soon
        self._members = 0
        self._waiting: Final[deque[SharedDoor]] = deque()
        self._kept: Final[deque[Channel]] = deque()  # came when those who waited had just gone
        self._accepts = False  # an accept is in flight

    @property
    def is_open(self) -> bool:
        """Does anybody share it (any more)?"""
        return self._members > 0

    def join(self) -> SharedDoor:
        """A share in it."""
        self._members += 1
        return SharedDoor(self)

    def wait(self, member: SharedDoor) -> None:
        """It wants the next connection."""
        self._waiting.append(member)
        if self._kept:
            self.call_soon(self._hand_over)
        else:
            self._accept()

    def leave(self, member: SharedDoor) -> None:
        """It wants nothing any more."""
        if member in self._waiting:
            self._waiting.remove(member)
        self._members -= 1
        if not self._members:
            self._door.close()
            while self._kept:
                self._kept.popleft().close(True)

    def _accept(self) -> None:
        if not self._accepts and self._waiting:
            self._accepts = True
            self._door.accept(self._has_accepted)

    def _has_accepted(self, answer: Channel | Fault) -> None:
        self._accepts = False
        if isinstance(answer, Fault):
            if self._waiting:
                self._answer(answer)
        elif self._members:
            self._kept.append(answer)
            self._hand_over()
        else:
            answer.close(True)

    def _hand_over(self) -> None:
        if self._kept and self._waiting:
            self._answer(self._kept.popleft())

    def _answer(self, answer: Channel | Fault) -> None:
        try:
            self._waiting.popleft().answer(answer)
        finally:  # an interrupt must not end the accepting of the others
            if self._kept:
                self.call_soon(self._hand_over)
            else:
                self._accept()

    def local_name(self) -> Endpoint | None:
        return self._door.local_name()

    def fileno(self) -> int:
        return self._door.fileno()


@final
class SharedDoor:
    """One's share in a door: `proactor.Door`."""

    __slots__ = ("_done", "_group")

    def __init__(self, group: DoorGroup) -> None:
        self._group: DoorGroup | None = group
        self._done: Callable[[Channel | Fault], None] | None = None

    def accept(self, done: Callable[[Channel | Fault], None]) -> None:
        assert self._group is not None
        self._done = done
        self._group.wait(self)

    def answer(self, answer: Channel | Fault) -> None:
        """That is the connection that it waited for, or why there is none."""
        done, self._done = self._done, None
        assert done is not None
        done(answer)

    def close(self) -> None:
        if self._group is None:
            return
        group, self._group = self._group, None
        group.leave(self)
        if self._done is not None:
            group.call_soon(functools.partial(self.answer, canceled("accept")))

    def local_name(self) -> Endpoint | None:
        return None if self._group is None else self._group.local_name()

    def fileno(self) -> int:
        return -1 if self._group is None else self._group.fileno()
