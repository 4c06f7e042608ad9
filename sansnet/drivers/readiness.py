"""The readiness family: what the driver contract asks for, over non-blocking sockets and any loop that can watch them.

To put sansnet into a loop of your own (Qt, Tk, GLib, a game's), write the methods of `Reactor` for it, and make a
`ReadinessDriver` of that. Everything else is here: the sockets are in `readiness_socket`, `readiness_connect`
and `readiness_bound`, the listeners in `readiness_listener`, the lookups in `resolver`.

Theory of operation
-------------------
A reactor says "something may have changed"; the handles turn that into completions. They trust no such word: a socket
that isn't ready after all answers EAGAIN, and nothing happens. So a reactor may call back once too often.

Completions that are known inside an op (a refused connect, a shutdown, a close) wait in the driver's own queue until
the loop comes to it; that queue asks the reactor for one call however many wait. It is in order, and that is what makes
`closed()` come last: it joins the queue when everything else that the handle had to say is already in it.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import math
import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from ..state.endpoints import Endpoint, Found, ListenPlan
from ..state.faults import Fault
from .kept_timer import KeptTimer
from .naming import name_source
from .readiness_bound import ReadinessBound, open_bound
from .readiness_listener import open_listener
from .readiness_socket import ReadinessSocket
from .resolver import Resolver
from .system import kind_of, take_over

if TYPE_CHECKING:
    from .contract import BoundHandle, Cancellable, ListenerHandle, ListenerSink, SocketHandle
    from .readiness_handle import ReadinessHandle

__all__ = ["Reactor", "ReadinessDriver"]


class Reactor(Protocol):
    """A loop, as far as a `ReadinessDriver` needs it. Only `call_soon_threadsafe` is called from other threads."""

    def watch_readable(self, fd: int, callback: Callable[[], None], /) -> None:
        """Call back in every turn in which `fd` has something to read, has ended or has failed (level-triggered).

        Until `unwatch_readable(fd)`, which always comes before the descriptor is closed.
        """

    def unwatch_readable(self, fd: int, /) -> None:
        """Call back no more, not even in this turn."""

    def watch_writable(self, fd: int, callback: Callable[[], None], /) -> None:
        """The same for a descriptor that takes bytes, or has failed."""

    def unwatch_writable(self, fd: int, /) -> None: ...

    def call_soon(self, callback: Callable[[], None], /) -> object:
        """Call back in a later turn."""

    def call_soon_threadsafe(self, callback: Callable[[], None], /) -> object:
        """The same from any thread; wakes the loop. RuntimeError when the loop is closed."""

    def call_later(self, seconds: float, callback: Callable[[], None], /) -> Cancellable: ...

    def now(self) -> float:
        """Seconds on the clock that `call_later` goes by."""


class ReadinessDriver:
    """`contract.Driver` over a reactor."""

    def __init__(self, reactor: Reactor) -> None:
        self.pump: Any = None
        self.reactor: Final = reactor
        self.active = 0
        """How many reasons the ref'd handles have to be waited for, all together."""
        self.handles: Final[dict[ReadinessHandle, None]] = {}
        """Those that hold a descriptor, in the order they came to it."""
        self._soon: Final[deque[Callable[[], None]]] = deque()
        # On their way from other threads. Each by a key of its own, and never looked for: what two threads may do here
        # at once has to be one step of a dict's.
        self._posted: Final[dict[object, None]] = {}
        self._asked = False  # is a call of _run_soon under way?
        self._resolver: Final = Resolver(self.call_soon_threadsafe)
        self.first: Callable[[], None] | None = None
        """What is to be run before anything else is called back (`call_first`)."""
        self.closed = False

    # -- the loop ----------------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Is a ref'd handle, a lookup or a callback that was put off still going to do something?"""
        return self.active > 0 or bool(self._soon or self._posted) or self._resolver.busy

    def now(self) -> float:
        """Seconds on the reactor's clock."""
        return self.reactor.now()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back from the loop, in a later turn, in the order of asking."""
        self.check()
        self._soon.append(callback)
        if not self._asked:
            self._asked = True
            self.reactor.call_soon(self._run_soon)

    def call_first(self, callback: Callable[[], None]) -> None:
        """Call back from the loop before it calls back anything else."""
        self.call_soon(self.run_first)
        self.first = callback

    def run_first(self) -> None:
        """Do so; every callback of the family begins with this."""
        callback, self.first = self.first, None
        if callback is not None:
            self._call(callback)

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        """Call back from the loop; may be called on any thread."""
        key = object()
        self._posted[key] = None
        try:
            if not self.closed:  # asked after the key is in: close() either finds it there, or is found out here
                self.reactor.call_soon_threadsafe(functools.partial(self._run_posted, key, callback))
                return
        except RuntimeError as error:
            self._posted.pop(key, None)
            raise self.complaint() from error
        self._posted.pop(key, None)
        raise self.complaint()

    def call_later(self, seconds: float, callback: Callable[[], None], *, ref: bool = False) -> Cancellable:
        """Call back from the loop once `seconds` have passed. With `ref` it keeps the driver alive until then.

        Raises ValueError when `seconds` is NaN.
        """
        self.check()
        if math.isnan(seconds):  # it is neither before nor after any other: a heap of timers would lose its order
            raise ValueError("a timer needs a number of seconds, not NaN")
        if ref:
            return KeptTimer(self, seconds, callback)
        timer = _Timer(self, callback)
        timer.reactors = self.reactor.call_later(seconds, timer.fire)
        return timer

    def report(self, error: BaseException, source: object = None) -> None:
        """Where uncaught exceptions go. A driver for a loop that has a better place for them overrides this."""
        name_source(error, source)
        sys.excepthook(type(error), error, error.__traceback__)

    def _run_soon(self) -> None:
        """Call those that wait now; those that they put off wait for the next turn."""
        self._asked = False
        try:
            for _ in range(len(self._soon)):
                self.run_first()
                if self._soon:  # a callback may have closed the driver
                    self._call(self._soon.popleft())
        finally:  # a KeyboardInterrupt must not cost the others their turn
            if self._soon and not self._asked:
                self._asked = True
                self.reactor.call_soon(self._run_soon)

    def _run_posted(self, key: object, callback: Callable[[], None]) -> None:
        self._posted.pop(key, None)
        self._call_in_turn(callback)

    def _call_in_turn(self, callback: Callable[[], None]) -> None:
        if self.closed:
            return
        try:
            self.run_first()
        except BaseException:  # an interrupt must not cost it its turn
            if not self.closed:
                self.call_soon(callback)
            raise
        if not self.closed:  # by what ran first
            self._call(callback)

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as error:
            self.report(error)

    # -- the sockets -------------------------------------------------------------------------------------------------

    def socket(self) -> SocketHandle:
        """A handle that has no socket yet; `connect` makes one."""
        self.check()
        return ReadinessSocket(self)

    def adopt(self, source: object) -> SocketHandle:
        """A handle for a socket that exists: a descriptor, or an object with `fileno()`.

        The handle owns it from now on. An object with `detach()` has to give its descriptor up; of one without, the
        handle gets a duplicate. A socket that isn't connected yet is the one that the first `connect` uses.

        Raises OSError, as the contract says, when it is no stream socket; then nothing was taken.
        """
        self.check()
        if isinstance(source, ReadinessBound):
            made, path = source.release()
            return ReadinessSocket(self, made, made_path=path)
        try:
            return ReadinessSocket(self, take_over(source))
        except (OSError, TypeError, ValueError):
            raise OSError(errno.EINVAL, kind_of(source)) from None

    def bind(self, endpoint: Endpoint, ipv6_only: bool, reuse_port: bool) -> BoundHandle | Fault:
        """A socket that is bound at `endpoint`, for `adopt` or `listen`. A fault says why not (syscall 'bind')."""
        self.check()
        return open_bound(self, endpoint, ipv6_only, reuse_port)

    def listen(self, endpoint: Endpoint | None, plan: ListenPlan, sink: ListenerSink) -> ListenerHandle | Fault:
        """Bind and listen at `endpoint`; at `plan.handle` if there is none. A fault says why not (syscall 'listen')."""
        self.check()
        return open_listener(self, endpoint, plan, sink)

    def resolve(
        self, host: str, family: int, hints: int, every: bool, done: Callable[[tuple[Found, ...] | Fault], None]
    ) -> Cancellable:
        """Look `host` up off the loop's thread; `done` is called from the loop, once, unless it was cancelled."""
        self.check()
        return self._resolver.look_up(host, family, hints, every, done)

    # -- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close every handle that is left and say nothing. Whoever uses the driver now gets a RuntimeError."""
        if self.closed:
            return
        if self.pump is not None:
            self.pump.hand_over()
        self.closed = True
        self.first = None
        self._soon.clear()
        self._posted.clear()
        try:
            with contextlib.ExitStack() as ends:  # it goes on to the next whatever one of them raises
                ends.callback(self._resolver.close)
                for handle in reversed(self.handles):
                    ends.callback(handle.abandon)
        finally:
            self.active = 0

    def check(self) -> None:
        """Raise RuntimeError where the driver can't be used."""
        if self.closed:
            raise self.complaint()

    def complaint(self) -> RuntimeError:
        return RuntimeError(f"this {type(self).__name__} is closed")


@final
class _Timer:
    """A timer of the reactor's. What runs first when it fires may cancel it still, and then it isn't heard."""

    __slots__ = ("_callback", "_driver", "reactors")

    reactors: Cancellable

    def __init__(self, driver: ReadinessDriver, callback: Callable[[], None]) -> None:
        self._driver: Final = driver
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Never call back, and let go at once of what the callback refers to."""
        if self._callback is not None:
            self._callback = None
            self.reactors.cancel()

    def fire(self) -> None:
        """The time has come."""
        self._driver._call_in_turn(self._call)

    def _call(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()
