"""`AbortController` and `AbortSignal`: one word that ends many things at once.

A signal is given to sockets and servers as an option, and aborts once or never. Those that it was given to listen to it
until they are closed, so that a signal that lives long keeps nothing alive that is over.

The same goes for `AbortSignal.any()`: such a signal doesn't have to be told when one of its sources aborts, since it
can look when it is asked. It listens to them only while somebody listens to it.

Reference: https://nodejs.org/api/globals.html#class-abortcontroller
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, final

from .errors import AbortError, NetTimeoutError, invalid_arg_type, out_of_range

__all__ = ["AbortController", "AbortListener", "AbortSignal", "Schedule"]

AbortListener = Callable[[], object]

Schedule = Callable[[float, Callable[[], None]], object]
"""Calls a function back after so many seconds: a driver's `call_later`."""

_counter: Final = itertools.count()


class _Abort(NamedTuple):
    number: int  # counts all aborts there ever were, and so tells which of two came first
    reason: object


@final
class AbortSignal:
    """Whether it is over, and why. Made by `AbortController`, `timeout()` and `any()`."""

    __slots__ = ("_abort", "_listeners", "_sources")

    def __init__(self) -> None:
        self._abort: _Abort | None = None
        self._listeners: dict[AbortListener, None] = {}
        self._sources: tuple[AbortSignal, ...] = ()  # of any(); none of them has sources itself

    @property
    def aborted(self) -> bool:
        """Is it over?"""
        return self._settle() is not None

    @property
    def reason(self) -> object:
        """What was given to `abort()`, an exception unless the caller had other ideas; None before that."""
        abort = self._settle()
        return None if abort is None else abort.reason

    @staticmethod
    def timeout(seconds: float, *, schedule: Schedule | None = None) -> AbortSignal:
        """A signal that aborts by itself after so many seconds, with a `TimeoutError` for its reason.

        The time is that of the driver which new sockets are made on, unless `schedule` is another one's `call_later`.
        Waiting for it doesn't keep `run()` going.

        Raises ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE for what is no time to wait.
        """
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise invalid_arg_type("seconds", "of type number", seconds)
        if not 0 <= seconds < math.inf:
            raise out_of_range("seconds", "a non-negative finite number", seconds)
        if schedule is None:
            from .default import default_driver  # noqa: PLC0415  # signals are of use without any driver

            schedule = default_driver().call_later
        signal = AbortSignal()
        reason = NetTimeoutError("The operation was aborted due to timeout", "TIMEOUT_ERR")
        schedule(seconds, lambda: signal._end(reason))
        return signal

    @staticmethod
    def any(signals: Iterable[AbortSignal]) -> AbortSignal:
        """A signal that aborts as soon as one of `signals` does, or has, and for the same reason.

        Raises ERR_INVALID_ARG_TYPE for what isn't an iterable of signals.
        """
        if not isinstance(signals, Iterable):
            raise invalid_arg_type("signals", "an iterable of AbortSignal", signals)
        sources: dict[AbortSignal, None] = {}
        for index, signal in enumerate(signals):
            if not isinstance(signal, AbortSignal):
                raise invalid_arg_type(f"signals[{index}]", "an instance of AbortSignal", signal)
            sources.update(dict.fromkeys(signal._sources or (signal,)))
        joint = AbortSignal()
        joint._sources = tuple(sources)
        return joint

    def add_listener(self, listener: AbortListener, /) -> None:
        """Call `listener()` from within the `abort()` to come. One that is there already is not called twice.

        If the signal has aborted, nothing happens, now or later: look at `aborted` first.
        """
        if not callable(listener):
            raise invalid_arg_type("listener", "of type function", listener)
        if self.aborted:
            return
        if not self._listeners:
            for source in self._sources:
                source.add_listener(self._tell)
        self._listeners[listener] = None

    def remove_listener(self, listener: AbortListener, /) -> None:
        """Don't call `listener()` any more, even if others are being called right now."""
        if listener in self._listeners:
            del self._listeners[listener]
            if not self._listeners:
                self._leave_sources()

    def listener_count(self) -> int:
        """How many wait for the abort. None do after it."""
        return len(self._listeners)

    def __repr__(self) -> str:
        return f"AbortSignal(aborted={self.aborted})"

    def _end(self, reason: object) -> None:
        if self._settle() is None:
            self._abort = _Abort(next(_counter), reason)
            self._tell()

    def _settle(self) -> _Abort | None:
        if self._abort is None:
            aborts = [source._abort for source in self._sources if source._abort is not None]
            self._abort = min(aborts, default=None, key=_number)
        return self._abort

    def _tell(self) -> None:
        """Call every listener, whatever one of them raises; that comes out at the end, as a group if it is several."""
        self._leave_sources()
        errors: list[BaseException] = []
        for listener in list(self._listeners):
            if listener in self._listeners:
                del self._listeners[listener]
                try:
                    listener()
                except BaseException as error:  # an interrupt too: no listener may be forgotten for it
                    errors.append(error)
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise BaseExceptionGroup("listeners of an AbortSignal", errors)

    def _leave_sources(self) -> None:
        for source in self._sources:
            source.remove_listener(self._tell)


@final
class AbortController:
    """Has a `signal`, and is the only one who can abort it."""

    __slots__ = ("_signal",)

    def __init__(self) -> None:
        self._signal: Final = AbortSignal()

    @property
    def signal(self) -> AbortSignal:
        """What to hand out."""
        return self._signal

    def abort(self, reason: object = None) -> None:
        """Abort the signal: its listeners are called before this returns. Only the first call does anything.

        `reason` is an `AbortError` if none is given. What the listeners raise is raised, once all were called.
        """
        self._signal._end(AbortError("This operation was aborted") if reason is None else reason)


def _number(abort: _Abort) -> int:
    return abort.number
