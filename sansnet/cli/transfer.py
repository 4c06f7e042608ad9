"""One connection to an echo server that sends a payload, reads it back, and keeps account of both."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from .. import Socket
from .words import reason, size

__all__ = ["Break", "Transfer"]

Say = Callable[[str], None]


class Break:
    """A slow reader, slow by design: after so many bytes it pauses for so many seconds. `later` is the loop's timer."""

    def __init__(self, after: int, seconds: float, later: Callable[[float, Callable[[], None]], object]) -> None:
        self.after = after
        self.seconds = seconds
        self._later = later
        self._taken = 0

    def read(self, socket: Socket, count: int) -> None:
        """`count` bytes were read from `socket`: take a break if it is time."""
        self._taken += count
        if self._taken >= self.after:
            self._taken = 0
            socket.pause()
            self._later(self.seconds, lambda: self._go_on(socket))

    def _go_on(self, socket: Socket) -> None:
        socket.resume()


class Transfer:
    """Sends `chunks` when connected, each as soon as the socket wants more, and then ends its half.

    `at` is told how many bytes have come back, `say` what happens in the connection's life.
    """

    def __init__(
        self,
        target: dict[str, Any],
        chunks: Iterator[bytes],
        *,
        reader: Break | None = None,
        at: Callable[[int], None] | None = None,
        say: Say | None = None,
    ) -> None:
        self.error = ""
        """What went wrong, if anything did."""
        self.is_over = False
        self.received = 0
        self.sent = 0
        self.drains = 0
        self._began = time.monotonic()
        self.seconds = 0.0
        self._chunks = chunks
        self._digests = hashlib.sha256(), hashlib.sha256()
        self._reader = reader
        self._at = at
        self._say = say
        self.socket = Socket(allow_half_open=True)
        self.socket.on("connect", self._send)
        self.socket.on("drain", self._drained)
        self.socket.on("data", self._take)
        self.socket.on("finish", lambda: self._tell("'finish': all bytes are with the system, and the FIN"))
        self.socket.on("end", lambda: self._tell("'end': the peer has sent all of it, and its FIN"))
        self.socket.on("error", self._failed)
        self.socket.on("close", self._closed)
        self.socket.connect(**target)

    @property
    def is_intact(self) -> bool:
        """Did everything come back, and nothing else?"""
        sent, received = self._digests
        return self.is_over and not self.error and sent.digest() == received.digest() and self.sent == self.received

    def _send(self) -> None:
        for chunk in self._chunks:
            self.sent += len(chunk)
            self._digests[0].update(chunk)
            if not self.socket.write(chunk):
                if not self.drains:
                    self._tell(f"write() says False: {size(self.socket.writable_length)} wait for the peer to read")
                return
        self.socket.end()
        self._tell(
            f"end(): our half is ended; of {size(self.sent)}, {size(self.sent - self.received)} are to come back"
        )

    def _drained(self) -> None:
        self.drains += 1
        if self.drains == 1:
            self._tell("'drain': go on (told once; the others are counted)")
        self._send()

    def _take(self, chunk: bytes) -> None:
        self.received += len(chunk)
        self._digests[1].update(chunk)
        if self._at is not None:
            self._at(self.received)
        if self._reader is not None:
            self._reader.read(self.socket, len(chunk))

    def _failed(self, error: Exception) -> None:
        self.error = reason(error)

    def _closed(self, _had_error: bool | None) -> None:
        self.is_over = True
        self.seconds = time.monotonic() - self._began
        self._tell("'close'")

    def _tell(self, what: str) -> None:
        if self._say is not None:
            self._say(f"   {time.monotonic() - self._began:7.3f} s  {self.socket.ready_state:9}  {what}")
