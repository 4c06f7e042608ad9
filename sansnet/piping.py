"""`socket.pipe(destination)`: everything that arrives here is written there, at the pace that the destination takes."""

from __future__ import annotations

from typing import Any

__all__ = ["Pipe"]


class Pipe:
    """One pipe, from the moment it is made until it is stopped.

    The source is paused while a destination of its is full, and goes on when all of them are drained. When the source
    ends, the destination is ended; when either is closed, or the destination has finished, the pipe stops and leaves
    the other as it is (Node: readable.pipe).
    """

    __slots__ = ("_end", "_listeners", "_source", "_stopped", "destination", "waiting")

    def __init__(self, source: Any, destination: Any, end: bool) -> None:
        self.destination = destination
        self._source = source
        self._end = end
        self._stopped = False
        self.waiting = False  # for the destination's 'drain'
        self._listeners = (
            (source, "data", self._data),
            (source, "end", self.ended),
            (source, "close", self._gone),
            (destination, "drain", self._drained),
            (destination, "finish", self._gone),
            (destination, "close", self._gone),
        )
        for emitter, event, listener in self._listeners:
            emitter.on(event, listener)
        source.resume()

    def stop(self) -> None:
        """Take the listeners away. The source is paused if nobody else reads it, so that nothing is lost."""
        self._stopped = True
        for emitter, event, listener in self._listeners:
            emitter.off(event, listener)
        if self.waiting:
            self.waiting = False
            self._source.pipe_drained()
        if not self._source.listener_count("data"):
            self._source.pause()

    def _data(self, chunk: Any) -> None:
        if not self.destination.write(chunk):
            self.waiting = True
            self._source.pause()

    def _drained(self) -> None:
        if self.waiting:
            self.waiting = False
            self._source.pipe_drained()

    def ended(self) -> None:
        """Nothing more comes from the source. Called by it, too, when that was so before there was a pipe."""
        if self._stopped:
            return
        if self._end:
            self.destination.end()  # its 'finish' stops the pipe
        else:
            self._source.unpipe(self.destination)

    def _gone(self, *_: Any) -> None:
        self._source.unpipe(self.destination)
