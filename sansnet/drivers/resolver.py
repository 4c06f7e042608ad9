"""Names to addresses, on threads: getaddrinfo blocks for as long as the name server likes.

Why not a ThreadPoolExecutor: the interpreter joins its threads before it exits, so that one lookup that hangs (a name
server that is gone: thirty seconds and more) would hold up a program that is long done. Ours are daemon threads. They
start when there is something to look up and end when nothing waits, so that none sits idle, and a fork or an exit finds
nothing to trip over; starting one costs 60 µs, a lookup a multiple of that.

Four at a time for each driver, as libuv has them: a dead name server for one name shall not stop all the others, and a
thousand names shall not be a thousand threads.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, final

from ..state.endpoints import Found
from ..state.faults import Fault
from .faults import lookup_fault
from .system import endpoint_of

__all__ = ["Lookup", "Resolver", "find"]

MAX_THREADS: Final = 4

_FAMILIES: Final = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}

Answer = tuple[Found, ...] | Fault


def find(host: str, family: int, hints: int, every: bool) -> Answer:
    """Ask the system, and wait for its answer: the addresses in its order, each of them once. Never raises."""
    if "\0" in host:  # there the system's name ends, and another one would be looked up
        return Fault("ENOTFOUND", syscall="getaddrinfo", hostname=host)
    try:
        infos = socket.getaddrinfo(host, None, _FAMILIES[family], socket.SOCK_STREAM, 0, hints)
    except (OSError, UnicodeError) as error:
        return lookup_fault(error, host)
    except OverflowError:  # flags that are no C int
        return Fault("EAI_BADFLAGS", syscall="getaddrinfo", hostname=host)
    endpoints = map(endpoint_of, (info[4] for info in infos))
    answers = tuple(dict.fromkeys(Found(each.address, each.family) for each in endpoints if each is not None))
    if not answers:
        return Fault("ENOTFOUND", syscall="getaddrinfo", hostname=host)
    return answers if every else answers[:1]


@final
class Lookup:
    """One question. `cancel()` may be called at any time, on the loop's thread."""

    __slots__ = ("_resolver", "done", "question")

    def __init__(
        self, resolver: Resolver, question: tuple[str, int, int, bool], done: Callable[[Answer], None]
    ) -> None:
        self._resolver = resolver
        self.question: Final = question
        self.done: Callable[[Answer], None] | None = done

    def cancel(self) -> None:
        """Nobody waits any more. A thread that asks already can't be stopped; its answer is dropped."""
        if self.done is not None:
            self.done = None
            self._resolver.forget(self)


@final
class Resolver:
    """The lookups of one driver. `post` brings a callback from any thread to the loop's."""

    def __init__(self, post: Callable[[Callable[[], None]], None]) -> None:
        self._post: Final = post
        self._open: Final[dict[Lookup, None]] = {}
        self._lock: Final = threading.Lock()  # guards the two below, which the threads share
        self._waiting: Final[deque[Lookup]] = deque()
        self._threads = 0

    @property
    def busy(self) -> bool:
        """Does anyone still wait for an answer?"""
        return bool(self._open)

    def look_up(self, host: str, family: int, hints: int, every: bool, done: Callable[[Answer], None]) -> Lookup:
        """Ask; `done` is called on the loop's thread, once, unless the lookup was cancelled."""
        lookup = Lookup(self, (host, family, hints, every), done)
        self._open[lookup] = None
        with self._lock:
            self._waiting.append(lookup)
            if self._threads == MAX_THREADS:
                return lookup
            self._threads += 1
        try:
            threading.Thread(target=self._work, name="sansnet-lookup", daemon=True).start()
        except RuntimeError:  # the system has no thread to spare
            self._do_without_thread()
        return lookup

    def forget(self, lookup: Lookup) -> None:
        """Drop a lookup that nobody waits for."""
        self._open.pop(lookup, None)
        with self._lock:
            if lookup in self._waiting:
                self._waiting.remove(lookup)

    def close(self) -> None:
        """Drop all of them."""
        for lookup in list(self._open):
            lookup.cancel()

    def _do_without_thread(self) -> None:
        """Leave the questions to the threads there are; without any, they are all answered with a failure."""
        with self._lock:
            self._threads -= 1
            stranded = [] if self._threads else [self._waiting.popleft() for _ in range(len(self._waiting))]
        for lookup in stranded:
            fault = Fault("EAGAIN", errno=errno.EAGAIN, syscall="getaddrinfo", hostname=lookup.question[0])
            self._post(functools.partial(self._deliver, lookup, fault))

    def _work(self) -> None:
        """What a thread does: one question after the other."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads -= 1
                    return
                lookup = self._waiting.popleft()
            answer = find(*lookup.question)
            if lookup.done is not None:
                with contextlib.suppress(RuntimeError):  # the driver was closed while the system looked
                    self._post(functools.partial(self._deliver, lookup, answer))

    def _deliver(self, lookup: Lookup, answer: Answer) -> None:
        if lookup.done is not None:
            done, lookup.done = lookup.done, None
            del self._open[lookup]
            done(answer)
