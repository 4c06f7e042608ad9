"""Waiting for events in a task: `once()`, and what the awaitable methods of sockets and servers are made of.

Whatever waits here does so in one way: it listens, parks (`parking.py`), and when it goes on it looks at what is so
now. Nothing is taken from a socket before the last wait is over, so a task that is cancelled while it waits has taken
nothing, and leaves no listener behind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self, final

from .abort import AbortSignal
from .default import check_home
from .dispatch import exception_in
from .errors import AbortError, invalid_arg_type
from .events import Emitter
from .parking import Spot, new_spot

__all__ = ["Hearing", "once"]


async def once(emitter: Emitter, event: str, /, *, signal: AbortSignal | None = None) -> tuple[Any, ...]:
    """Wait for the next `event` of an emitter; what its listeners are given. It is listened to from the `await` on.

    An 'error' that comes first is raised (unless it is what is waited for). When `signal` aborts, an `AbortError` with
    its reason is raised.

    Raises TypeError (ERR_INVALID_ARG_TYPE) for what is no emitter, or no signal.
    https://nodejs.org/api/events.html#eventsonceemitter-name-options
    """
    if not isinstance(emitter, Emitter):
        raise invalid_arg_type("emitter", "an instance of Emitter", emitter)
    if signal is not None and not isinstance(signal, AbortSignal):
        raise invalid_arg_type("options.signal", "an instance of AbortSignal", signal)
    if signal is not None and signal.aborted:
        raise AbortError("", signal.reason)
    with Hearing(emitter, *dict.fromkeys((event, "error")), only_one=True) as hearing:
        if signal is not None:
            signal.add_listener(hearing.call_off)
        try:
            name, arguments = await hearing.next()
        finally:
            if signal is not None:
                signal.remove_listener(hearing.call_off)
    if name == event:
        return arguments
    if name == "error":
        raise exception_in(arguments)
    assert signal is not None
    raise AbortError("", signal.reason)


@final
class Hearing:
    """Listens to some events, for one task, until the end of its block.

    With `only_one` it stops to listen as soon as it has heard something, so that what comes right after that (an
    'error') is somebody else's to hear, or nobody's.

    It listens before everybody else: a listener that raises keeps those behind it from being called, and the task would
    wait for ever. Nothing changes for the others, since the task only goes on later.
    """

    __slots__ = ("_driver", "_emitter", "_heard", "_listeners", "_only_one", "_spot")

    def __init__(self, emitter: Emitter, /, *events: str, only_one: bool = False) -> None:
        self._driver: Final = getattr(emitter, "_driver", None)
        if self._driver is not None:
            check_home(self._driver, emitter)
        self._emitter: Final = emitter
        self._only_one: Final = only_one
        self._heard: Final[deque[tuple[str, tuple[Any, ...]]]] = deque()
        self._spot: Spot | None = None
        self._listeners: list[tuple[str, Callable[..., object]]] = [(event, self._listener(event)) for event in events]

    def __enter__(self) -> Self:
        for event, listener in self._listeners:
            self._emitter.prepend_listener(event, listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    async def next(self) -> tuple[str, tuple[Any, ...]]:
        """Wait for the next event, unless one was heard already: its name, and what it came with."""
        while not self._heard:
            self._spot = new_spot(self._driver)
            await self._spot.park()
        return self._heard.popleft()

    def call_off(self) -> None:
        """Let the task hear of an event without a name."""
        self._note("")

    def _listener(self, event: str) -> Callable[..., object]:
        return lambda *arguments: self._note(event, *arguments)

    def _note(self, event: str, *arguments: Any) -> None:
        if self._only_one:
            if self._heard:
                return
            self._stop()
        self._heard.append((event, arguments))
        if self._spot is not None:
            self._spot.wake()

    def _stop(self) -> None:
        listeners, self._listeners = self._listeners, []
        for event, listener in listeners:
            self._emitter.off(event, listener)
