"""Reading into a buffer of the user's, in the place of 'data' (Node: the `onread` option)."""

from __future__ import annotations

from typing import Any

from .errors import invalid_arg_type
from .options import OnRead

__all__ = ["BufferReader"]


class BufferReader:
    """Copies what arrives into the user's buffer, and tells the user.

    A function for a buffer is asked for one when a connection is to be made, and again after each chunk; what is no
    writable buffer is not taken, and the one before stays (Node does so too).
    """

    __slots__ = ("_buffer", "_on_read", "_view")

    def __init__(self, on_read: OnRead) -> None:
        self._on_read = on_read
        self._buffer: Any = bytearray(0)
        self._view = memoryview(self._buffer)

    def begin(self) -> None:
        """Get a buffer for a new connection.

        Raises TypeError (ERR_INVALID_ARG_TYPE) when there never was one: Node reads on, and gives its callback True for
        a buffer.
        """
        given = self._on_read.buffer
        self._set(given() if callable(given) else given)
        if not self.room:
            raise invalid_arg_type("on_read.buffer", "a function that returns a writable buffer", given)

    @property
    def room(self) -> int:
        """How many bytes the next chunk may have."""
        return self._view.nbytes

    def take(self, payload: bytes) -> bool:
        """Deliver a chunk. False: the user wants no more for now."""
        self._view[: len(payload)] = payload
        if self._on_read.callback(len(payload), self._buffer) is False:
            return False
        if callable(self._on_read.buffer):
            self._set(self._on_read.buffer())
        return True

    def _set(self, buffer: Any) -> None:
        try:
            view = memoryview(buffer).cast("B")
        except TypeError:
            return
        if not view.readonly and view.nbytes:
            self._buffer, self._view = buffer, view
