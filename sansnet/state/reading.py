"""The read half: what has arrived and was not told yet, and who may move it on.

Node's Readable, as far as a socket needs it. Data that arrives while the half is *flowing* and nothing waits is told at
once; otherwise it is buffered. `resume()` lets it flow from the next tick on, chunk by chunk, so that a listener can
pause between two. A reader in 'readable' mode takes it with `read()` instead.

The source (the driver's reading) is wanted while less than the high-water mark is buffered, paused or not: a pause
holds back what the user is told, and the full buffer then holds back the peer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Final, final

from .effects import Effects, Payload, Step, Taken, Then, Tick
from .machine import Part, move, shape
from .notices import Data, End, Paused, Readable, Resumed
from .phases import (
    FLOW_FLOWING,
    FLOW_PAUSED,
    FLOW_UNSET,
    READ_ENDED,
    READ_EOF,
    READ_NONE,
    READ_OPEN,
    READ_OVER,
    Flow,
    Read,
)
from .queues import Queue, put, put_back, take

__all__ = ["ReadHalf"]

_LARGEST_MARK: Final = 1 << 30


@final
class ReadHalf(Part):
    FIELDS = (
        "phase",
        "flow",
        "chunks",
        "length",
        "high_water_mark",
        "direct",
        "started",
        "held",
        "source",
        "lingering",
        "paused",
        "resuming",
        "ending",
        "listening",
        "wanted",
        "announced",
        "bytes_read",
    )
    __slots__ = FIELDS
    QUEUES = ("chunks",)
    KEY: ClassVar[dict[str, Callable[[Any], object]]] = {"chunks": shape}
    NOT_KEY: ClassVar[dict[str, str]] = {
        "length": "the sum of the chunks",
        "bytes_read": "counts up for ever; no behaviour depends on it",
    }

    def __init__(self, high_water_mark: int = 65536, *, readable: bool = True) -> None:
        self.phase: Read = READ_OPEN if readable else READ_NONE
        self.flow: Flow = FLOW_UNSET
        self.chunks: Queue[Payload] = ()
        self.length: int = 0
        self.high_water_mark: int = high_water_mark
        self.direct: bool = False  # the user reads into a buffer (Node's onread): told as it comes, whatever the flow
        self.started: bool = False  # may the source run at all? Not before 'ready', nor in a socket accepted paused
        self.held: bool = False  # the user's buffer callback said stop: no source, and nothing is told
        self.source: bool = False  # StartRead is in force
        self.lingering: bool = False  # it was in force: one more report may come
        self.paused: bool = False  # pause() was the last word, also in 'readable' mode
        self.resuming: bool = False  # Tick(RESUME) waits
        self.ending: bool = False  # Tick(END) waits
        self.listening: bool = False  # somebody listens to 'readable'
        self.wanted: bool = False  # 'readable' mode: the reader found too little, tell it of more
        self.announced: bool = False  # Tick(READABLE) waits
        self.bytes_read: int = 0

    # -- derived ---------------------------------------------------------------------------------------------

    @property
    def wants_source(self) -> bool:
        return (
            self.phase is READ_OPEN
            and self.started
            and not self.held
            and (self.length < self.high_water_mark or not self.length)
        )

    @property
    def is_paused(self) -> bool:
        return self.paused or self.flow is FLOW_PAUSED

    # -- what arrives ----------------------------------------------------------------------------------------

    def received(self, payload: Payload) -> Effects:
        if not len(payload):
            return []  # a decoder kept it all: half a character
        if (self.flow is FLOW_FLOWING or self.direct) and not self.length and not self.held:
            return [Data(payload)]
        self.chunks = put(self.chunks, payload)
        self.length += len(payload)
        return self._announce() if self.wanted else []

    def eof(self) -> Effects:
        self.phase = move(self.phase, READ_EOF)
        if self.listening:
            self.wanted = False
            return [Readable(), Then(Step.EOF)]
        return self.eof_told()

    def eof_told(self) -> Effects:
        return [] if self.length else self._end()

    # -- what the user asks ----------------------------------------------------------------------------------

    def pause(self) -> Effects:
        self.paused = True
        self.held = self.direct
        if self.flow is FLOW_PAUSED:
            return []
        self.flow = move(self.flow, FLOW_PAUSED)
        return [Tick(Step.PAUSE)]

    def resume(self) -> Effects:
        self.paused = False
        self.held = False
        if self.flow is FLOW_FLOWING:
            return [Tick(Step.FLOW)] if self.direct and self.chunks else []
        self._flow(FLOW_PAUSED if self.listening else FLOW_FLOWING)
        if self.resuming:
            return []
        self.resuming = True
        return [Tick(Step.RESUME)]

    def hold_back(self) -> None:
        """Accepted paused: nothing is read before resume() or read(), and nobody hears a 'pause'."""
        self._flow(FLOW_PAUSED)

    def hold(self) -> Effects:
        self.held = True
        return []

    def listen(self, on: bool, data: bool) -> Effects:
        """'readable' listeners came (`on`) or the last one went; `data`: are there 'data' listeners?"""
        if on == self.listening:
            return []
        self.listening = on
        if on:
            self.wanted = self.phase is READ_OPEN
            self.started = True
            self._flow(FLOW_PAUSED)
            return self._announce() if self.length else []
        self.wanted = False
        if self.resuming and not self.paused:
            self._flow(FLOW_FLOWING)
            return []
        if data:
            return self.resume()
        self._flow(FLOW_UNSET)
        return []

    def read(self, size: int | None) -> Effects:
        """Take `size` from the buffer; with None the whole of it, or the first chunk while flowing.

        Takes nothing when less is there, unless the peer has ended: then what is left. A size above the high-water mark
        raises the mark, or it could never be had.
        """
        self.held = False
        self.started = True
        if size is not None and size > self.high_water_mark:
            self.high_water_mark = min(_LARGEST_MARK, 1 << (size - 1).bit_length())
        out: Effects = []
        count = self._available(size)
        if count:
            out.append(Taken(self._take(count)))
        ended = self.phase is not READ_OPEN
        if self.listening and not ended and (not count or not self.length):
            self.wanted = self.length <= self.high_water_mark
        if ended and not self.length and (not count or size != count):
            out.extend(self._end())
        return out

    def recode(self, payloads: tuple[Payload, ...]) -> Effects:
        """The buffered chunks in another form (a decoder was set): the same data, perhaps of other lengths."""
        self.chunks = deque(payload for payload in payloads if len(payload)) or ()
        self.length = sum(shape(self.chunks))
        return []

    # -- turns -----------------------------------------------------------------------------------------------

    def tell_pause(self) -> Effects:
        return [Paused()]

    def tell_resume(self) -> Effects:
        self.resuming = False
        self.started = True
        return [Resumed(), Then(Step.FLOW)]

    def tell_chunk(self) -> Effects:
        if self.flow is not FLOW_FLOWING or self.held:
            return []
        if not self.chunks:
            return self._end()
        (payload,) = self._take(len(self.chunks[0]))
        out: Effects = [] if self.length or self.phase is READ_OPEN else self._end()
        return [*out, Data(payload), Then(Step.FLOW)]

    def tell_readable(self) -> Effects:
        self.announced = False
        if not self.listening or not (self.length or self.phase is READ_EOF):
            return []
        self.wanted = self.phase is READ_OPEN and self.length <= self.high_water_mark
        return [Readable()]

    def tell_end(self) -> Effects:
        self.ending = False
        if self.phase is not READ_EOF or self.length:
            return []
        self.phase = move(self.phase, READ_ENDED)
        return [End(), Then(Step.ENDED)]

    def end_told(self) -> None:
        self.phase = move(self.phase, READ_OVER)

    # -- helpers ---------------------------------------------------------------------------------------------

    def _available(self, size: int | None) -> int:
        if size is None:
            return len(self.chunks[0]) if self.flow is FLOW_FLOWING and self.chunks else self.length
        if size <= self.length:
            return size
        return 0 if self.phase is READ_OPEN else self.length

    def _take(self, count: int) -> tuple[Payload, ...]:
        self.length -= count
        taken = []
        while count:
            chunk, self.chunks = take(self.chunks)
            if len(chunk) > count:
                self.chunks = put_back(self.chunks, chunk[count:])
                chunk = chunk[:count]
            count -= len(chunk)
            taken.append(chunk)
        return tuple(taken)

    def _announce(self) -> Effects:
        self.wanted = False
        if self.announced:
            return []
        self.announced = True
        return [Tick(Step.READABLE)]

    def _end(self) -> Effects:
        if self.ending or self.phase is not READ_EOF:
            return []
        self.ending = True
        return [Tick(Step.END)]

    def _flow(self, flow: Flow) -> None:
        if self.flow is not flow:
            self.flow = move(self.flow, flow)
