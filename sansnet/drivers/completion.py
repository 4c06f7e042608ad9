"""The completion family: what the driver contract asks for, over operations that the system finishes by itself.

On such a system (Windows, with its completion ports; the simulated network) one doesn't wait until a socket is ready:
one issues a read, a write, an accept, and hears later what became of it. This file turns that into the contract's ops
and reports; a `Proactor` is all that a new system has to bring. The sockets are in `completion_socket`, the listeners
in `completion_listener`.

Theory of operation
-------------------
Reading is one read after the other. `stop_read()` lets the one in flight be: what it brings is the "one more" that the
contract allows (obligation 2). A handle that is closed gives its channel back at once, which ends what is in flight
there; `closed()` is reported after the last completion (obligation 3).

Each completion begins with `begin()`, since what was to run first may take back what has just been done. A driver that
was closed hears its completions out, and reports none.
"""

from __future__ import annotations

import contextlib
import functools
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

from ..state.endpoints import Endpoint, Found, ListenPlan
from ..state.faults import Fault
from .completion_listener import CompletionListener
from .completion_socket import CompletionSocket
from .kept_timer import KeptTimer
from .naming import name_source

if TYPE_CHECKING:
    from .completion_handle import CompletionHandle
    from .contract import BoundHandle, Cancellable, ListenerHandle, ListenerSink, SocketHandle
    from .proactor import Proactor

__all__ = ["CompletionDriver"]


class CompletionDriver:
    """`contract.Driver` over a proactor."""

    def __init__(self, proactor: Proactor) -> None:
        self.pump: Any = None
        self.proactor: Final = proactor
        self.active = 0
        """How many reasons the ref'd handles have to be waited for, all together."""
        self.handles: Final[dict[CompletionHandle, None]] = {}
        self.first: Callable[[], None] | None = None
        """What is to be run before anything else is called back (`call_first`)."""
        self._waiting = 0  # callbacks that were put off, and lookups
        self._posted: Final[dict[object, None]] = {}  # on their way from other threads, each by a key of its own
        self.closed = False

    # -- the loop

    @property
    def alive(self) -> bool:
        """Is a ref'd handle, a lookup or a callback that was put off still going to do something?"""
        return self.active > 0 or self._waiting > 0 or bool(self._posted)

    def now(self) -> float:
        return self.proactor.now()

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.check()
        self._waiting += 1
        self.proactor.call_soon(functools.partial(self._run_soon, callback))

    def call_first(self, callback: Callable[[], None]) -> None:
        self.call_soon(self.run_first)
        self.first = callback

    def run_first(self) -> None:
        """Do so, unless it was done already."""
        callback, self.first = self.first, None
        if callback is not None and not self.closed:
            self._call(callback)

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        key = object()
        self._posted[key] = None
        try:
            if not self.closed:  # asked after the key is in: close() either finds it there, or is found out here
                self.proactor.call_soon_threadsafe(functools.partial(self._run_posted, key, callback))
                return
        except RuntimeError:
            self._posted.pop(key, None)
            raise
        self._posted.pop(key, None)
        raise self.complaint()

    def call_later(self, seconds: float, callback: Callable[[], None], *, ref: bool = False) -> Cancellable:
        self.check()
        if math.isnan(seconds):
            raise ValueError("a timer needs a number of seconds, not NaN")
        if ref:
            return KeptTimer(self, seconds, callback)
        return _Call(self, seconds, callback)

    def report(self, error: BaseException, source: object = None) -> None:
        """Where uncaught exceptions go. A driver for a loop that has a better place for them overrides this."""
        name_source(error, source)
        sys.excepthook(type(error), error, error.__traceback__)

    def _run_soon(self, callback: Callable[[], None]) -> None:
        if not self.closed:
            self._waiting -= 1
        self._call_in_turn(callback)

    def _run_posted(self, key: object, callback: Callable[[], None]) -> None:
        self._posted.pop(key, None)
        self._call_in_turn(callback)

    def _call_in_turn(self, callback: Callable[[], None]) -> None:
        if self.begin():
            self._call(callback)

    def begin(self) -> bool:
        """Whatever is called back from the loop begins with this. Is there still somebody to tell?

        An interrupt in what runs first is raised from the loop in a later turn: what has completed is told only once.
        """
        if self.first is not None:
            try:
                self.run_first()
            except BaseException as error:
                if self.closed:
                    raise
                self.proactor.call_soon(functools.partial(_raise, error))
        return not self.closed  # by what ran first, or long ago

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as error:
            self.report(error)

    # -- the sockets

    def socket(self) -> SocketHandle:
        self.check()
        return CompletionSocket(self)

    def adopt(self, source: object) -> SocketHandle:
        self.check()
        channel, bound = self.proactor.adopt(source)
        return CompletionSocket(self, channel, bound)

    def bind(self, endpoint: Endpoint, ipv6_only: bool, reuse_port: bool) -> BoundHandle | Fault:
        self.check()
        return self.proactor.bind(endpoint, ipv6_only, reuse_port)

    def listen(self, endpoint: Endpoint | None, plan: ListenPlan, sink: ListenerSink) -> ListenerHandle | Fault:
        self.check()
        answer = self.proactor.listen(endpoint, plan)
        return answer if isinstance(answer, Fault) else CompletionListener(self, answer, sink)

    def resolve(
        self, host: str, family: int, hints: int, every: bool, done: Callable[[tuple[Found, ...] | Fault], None]
    ) -> Cancellable:
        self.check()
        return _Lookup(self, host, family, hints, every, done)

    def lookup_begun(self, begun: int) -> None:
        """So many more lookups will answer, or fewer."""
        self._waiting += begun

    # -- the end

    def close(self) -> None:
        """Close every handle that is left and say nothing. Whoever uses the driver now gets a RuntimeError."""
        if self.closed:
            return
        if self.pump is not None:
            self.pump.hand_over()
        self.closed = True
        self.first = None
        try:
            with contextlib.ExitStack() as ends:  # it goes on to the next whatever one of them raises
                for handle in reversed(self.handles):
                    ends.callback(handle.abandon)
        finally:
            self.handles.clear()  # one that failed has nothing to report either
            self._posted.clear()
            self.active = self._waiting = 0
            self.first = None

    def check(self) -> None:
        """Raise RuntimeError where the driver can't be used."""
        if self.closed:
            raise self.complaint()

    def complaint(self) -> RuntimeError:
        return RuntimeError(f"this {type(self).__name__} is closed")


def _raise(error: BaseException) -> None:
    raise error


@final
class _Call:
    """A callback for later. What runs first when its time has come may still cancel it."""

    __slots__ = ("_callback", "_driver", "_operation")

    def __init__(self, driver: CompletionDriver, seconds: float, callback: Callable[[], None]) -> None:
        self._driver: Final = driver
        self._callback: Callable[[], None] | None = callback
        self._operation: Final = driver.proactor.call_later(seconds, self._due)

    def cancel(self) -> None:
        self._callback = None
        self._operation.cancel()

    def _due(self) -> None:
        if self._driver.begin() and self._callback is not None:
            self._driver._call(self._callback)


@final
class _Lookup:
    """A lookup that counts for `alive` until it has answered or was cancelled."""

    __slots__ = ("_done", "_driver", "_operation")

    def __init__(
        self,
        driver: CompletionDriver,
        host: str,
        family: int,
        hints: int,
        every: bool,
        done: Callable[[tuple[Found, ...] | Fault], None],
    ) -> None:
        self._driver: Final = driver
        self._done: Callable[[tuple[Found, ...] | Fault], None] | None = done
        driver.lookup_begun(1)
        self._operation: Final = driver.proactor.resolve(host, family, hints, every, self._answered)

    def cancel(self) -> None:
        if self._done is not None:
            self._done = None
            if not self._driver.closed:
                self._driver.lookup_begun(-1)
            self._operation.cancel()

    def _answered(self, answer: tuple[Found, ...] | Fault) -> None:
        if not self._driver.begin():
            return
        done, self._done = self._done, None
        if done is not None:
            self._driver.lookup_begun(-1)
            done(answer)
