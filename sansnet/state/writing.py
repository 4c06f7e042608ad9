"""The write half: what was written and is not sent yet, and whose callbacks wait for it.

Node's Writable, as far as a socket needs it. Chunks wait in the queue; when nothing is in flight they leave it
together, as one batch. `write()` answers False when, after the driver's answer, as much as the high-water mark is still
here; then 'drain' follows once all of it is gone.

What a listener writes is gathered, and leaves as one batch when it has returned, or begins something else. To its user
that is a cork() and an uncork() around his writes, but that write() answers what it would without: no more is gathered
than it says True to whether the driver takes all of it at once or nothing, which is less than the high-water mark. What
is more sends off what was gathered, and then itself. (A driver that fails at once is the exception: write() has said
True by then.)

A batch that the driver took at once is told in a tick, one that it took later at once (Node: afterWrite). The tokens of
finished batches wait in `done`, one entry for each WRITTEN turn that is due.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, final

from .effects import Effects, Payload, Step, Then, Tick, Token
from .faults import Fault
from .machine import Part
from .notices import Drain, Settled
from .phases import (
    FLIGHT_ASKED,
    FLIGHT_GATHERING,
    FLIGHT_NONE,
    FLIGHT_UNDERWAY,
    WRITE_NONE,
    WRITE_OPEN,
    Flight,
    Write,
)
from .queues import Queue, put, take

__all__ = ["Chunk", "WriteHalf"]


Chunk = tuple[Payload, int, Token]
"""A payload, what it counts against the high-water mark (bytes, or characters of a text), and its callback's token."""

MOST_GATHERED: Final = 64
"""Chunks; a batch is a tuple, and each that joins copies it. One gathering send of the system's takes as many."""


def _chunks(chunks: Any) -> object:
    return tuple((len(payload), size, token > 0) for payload, size, token in chunks)


def _tokens(tokens: Any) -> object:
    return tuple(token > 0 for token in tokens)


@final
class WriteHalf(Part):
    FIELDS = (
        "phase",
        "flight",
        "queue",
        "batch",
        "length",
        "unsent",
        "unsent_before",
        "high_water_mark",
        "max_buffered",
        "corked",
        "need_drain",
        "greeting",
        "done",
        "due",
        "failed",
        "enders",
        "end_waits",
        "answers",
        "bytes_written",
        "refused",
    )
    __slots__ = FIELDS
    QUEUES = ("queue", "done", "answers")
    KEY: ClassVar[dict[str, Callable[[Any], object]]] = {
        "queue": _chunks,
        "batch": _chunks,
        "done": lambda done: tuple(map(_tokens, done)),
        "failed": lambda failed: failed and (_tokens(failed[0]), failed[1].code),
        "enders": _tokens,
        "end_waits": lambda token: token if token is None else token > 0,
        "answers": lambda answers: tuple((token > 0, fault.code) for token, fault in answers),
    }
    NOT_KEY: ClassVar[dict[str, str]] = {
        "length": "the sum of the queue and the batch",
        "bytes_written": "counts up for ever; no behaviour depends on it",
        "refused": "is only taken off bytes_written",
    }

    def __init__(self, high_water_mark: int = 65536, *, max_buffered: int | None = None, writable: bool = True) -> None:
        self.phase: Write = WRITE_OPEN if writable else WRITE_NONE
        self.flight: Flight = FLIGHT_NONE
        self.queue: Queue[Chunk] = ()
        self.batch: tuple[Chunk, ...] = ()
        self.length: int = 0
        self.unsent: int = 0  # bytes of the batch that the driver still has
        self.unsent_before: int = 0  # the same when the idle timer last looked
        self.high_water_mark: int = high_water_mark
        self.max_buffered: int | None = max_buffered  # `length` never exceeds it
        self.corked: int = 0
        self.need_drain: bool = False  # write() answered False: 'drain' is owed
        self.greeting: bool = False  # the batch goes out between 'connect' and 'ready', and is told there
        self.done: Queue[tuple[Token, ...]] = ()
        self.due: int = 0  # WRITTEN turns that will come
        self.failed: tuple[tuple[Token, ...], Fault] | None = None  # a failed batch that is still to be told
        self.enders: tuple[Token, ...] = ()  # who waits for 'finish'
        self.end_waits: Token | None = None  # an end() waits for the answer to its own Send
        self.answers: Queue[tuple[Token, Fault]] = ()  # refused calls that are still to be told
        self.bytes_written: int = 0
        self.refused: int = 0  # bytes among them that are being refused

    @property
    def is_full(self) -> bool:
        return self.length >= self.high_water_mark and self.length > 0

    def overflow(self, size: int) -> Fault | None:
        """Why so much more can't be kept here, if it can't."""
        limit = self.max_buffered
        if limit is None or self.length + size <= limit:
            return None
        text = f"{self.length} buffered, and {size} more would exceed max_buffered, {limit}"
        return Fault("ERR_MAX_BUFFERED", text=text)

    # -- from the queue to the driver ------------------------------------------------------------------------

    def add(self, payload: Payload, size: int, token: Token) -> None:
        self.queue = put(self.queue, (payload, size, token))
        self.length += size
        self.bytes_written += len(payload)

    def pass_on(self, payload: Payload, size: int, token: Token) -> tuple[Payload, ...]:
        """The same as add(), form_batch() and ask(), when nothing is before it."""
        self.batch = ((payload, size, token),)
        self.length += size
        self.bytes_written += len(payload)
        self.flight = FLIGHT_ASKED
        return (payload,)

    def may_join(self, size: int) -> bool:
        """Will write() answer True to so much more, whatever the driver says to all that is gathered?"""
        return self.length + size < self.high_water_mark and len(self.batch) < MOST_GATHERED

    def gather(self, payload: Payload, size: int, token: Token) -> None:
        """Not where max_buffered is: what the driver takes at once isn't buffered, and it may be too much here."""
        self.batch += ((payload, size, token),)
        self.length += size
        self.bytes_written += len(payload)
        self.flight = FLIGHT_GATHERING

    def form_batch(self) -> None:
        self.batch = tuple(self.queue)
        self.queue = ()

    def ask(self) -> tuple[Payload, ...]:
        """The payloads of the batch, for Send."""
        self.flight = FLIGHT_ASKED
        batch = self.batch
        return (batch[0][0],) if len(batch) == 1 else tuple([chunk[0] for chunk in batch])

    def deferred(self, taken: int) -> None:
        self.flight = FLIGHT_UNDERWAY
        self.unsent_before = sum([len(chunk[0]) for chunk in self.batch])
        self.unsent = self.unsent_before - taken
        self.greeting = False
        self.mark()

    def mark(self) -> None:
        if self.is_full:
            self.need_drain = True

    def leave(self) -> tuple[Token, ...]:
        """The batch is no longer here, however it went; the tokens of its chunks."""
        batch, self.batch = self.batch, ()
        self.flight = FLIGHT_NONE
        self.unsent = 0
        if len(batch) == 1:  # as nearly always
            _, size, token = batch[0]
            self.length -= size
            return (token,) if token else ()
        tokens = []
        for _, size, token in batch:
            self.length -= size
            if token:
                tokens.append(token)
        return tuple(tokens)

    def fail(self, fault: Fault, at_once: bool) -> None:
        """The batch failed, and will be told so. What the driver never took was never written."""
        if at_once:
            self.bytes_written -= sum([len(chunk[0]) for chunk in self.batch])
        self.greeting = False
        self.failed = (self.leave(), fault)

    def sent(self, at_once: bool) -> Effects:
        tokens = self.leave()
        if not (tokens or self.need_drain or self.greeting):
            return []  # nobody waits for it
        if self.greeting:
            self.greeting = False
            self.done = put(self.done, tokens)
            return []
        self.done = put(self.done, tokens)
        self.due += 1
        return [Tick(Step.WRITTEN) if at_once else Then(Step.WRITTEN)]

    # -- what is told ----------------------------------------------------------------------------------------

    def tell_flushed(self, alive: bool) -> Effects:
        """The batch that went out with 'connect', unless it is still underway."""
        return self._tell_done(alive) if len(self.done) > self.due else []

    def tell_written(self, alive: bool) -> Effects:
        self.due -= 1
        return self._tell_done(alive)

    def _tell_done(self, alive: bool) -> Effects:
        out: Effects = []
        if self.need_drain and not self.length and alive and self.phase is WRITE_OPEN:
            self.need_drain = False
            out.append(Drain())
        tokens, self.done = take(self.done)
        out.extend([Settled(token) for token in tokens])
        return out

    def tell_failed(self) -> Effects:
        assert self.failed is not None, "a WRITE_FAILED turn comes for a failed batch"
        tokens, fault = self.failed
        self.failed = None
        return [Settled(token, fault) for token in tokens]

    def answer(self, token: Token, fault: Fault) -> Effects:
        """Refuse a call: its callback hears why, in a tick."""
        if not token:
            return []
        self.answers = put(self.answers, (token, fault))
        return [Tick(Step.ANSWER)]

    def tell_answer(self) -> Effects:
        (token, fault), self.answers = take(self.answers)
        return [Settled(token, fault)]

    def tell_refusal(self, fault: Fault) -> Effects:
        """The queued writes won't go out: the next of them that has a callback hears why. Nothing when all have."""
        while self.queue:
            (payload, size, token), self.queue = take(self.queue)
            self.length -= size
            self.refused += len(payload)
            if token:
                return [Settled(token, fault)]
        return []

    def take_off_refused(self) -> None:
        """Everybody has heard of it: what was refused was never written."""
        self.bytes_written -= self.refused
        self.refused = 0

    def tell_enders(self, fault: Fault) -> Effects:
        """There will be no 'finish': whoever waits for it hears why."""
        tokens, self.enders = self.enders, ()
        return [Settled(token, fault) for token in tokens]

    def tell_finish(self) -> Effects:
        out: Effects = [Settled(token) for token in self.enders]
        self.enders = ()
        return out
