"""Tasks of a simulation: coroutines that wait for sockets, and for virtual time. No asyncio; always the same order.

A task goes on from the simulation's loop, on its host, in the order in which what it waited for came. What it can wait
for is all of sansnet that is awaitable, `Simulation.sleep()`, and other tasks.
"""

from __future__ import annotations

import contextlib
import contextvars
import inspect
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, final

from ..default import using
from ..parking import has_parking, new_spot, parking_at

if TYPE_CHECKING:
    from .simulated_host import Host
    from .simulated_network import Network

__all__ = ["Cancelled", "Spot", "Task", "check_coroutine", "check_task"]

T = TypeVar("T")


_running: Final[contextvars.ContextVar[Task[Any] | None]] = contextvars.ContextVar("sansnet_task", default=None)


def check_task(network: Network, what: str) -> None:
    """Raise RuntimeError unless a task of the simulation with that network runs, or one of a runner of the user's own.

    Nothing of a simulation can wake a task of asyncio or trio, or one of another simulation: it would wait for ever.
    """
    task = _running.get()
    if task is None:
        here = "this is none of its tasks"
        is_known = has_parking()
    else:
        here = "this is a task of another simulation"
        is_known = task._host._network is network
    if not is_known:
        raise RuntimeError(
            f"{what} can be awaited in a task of its own simulation, and {here}; "
            "start the coroutine with sim.run_async(…), or with sim.host(…).start(…)"
        )


def check_coroutine(coroutine: object) -> None:
    """Raise TypeError for what is no coroutine."""
    if not inspect.iscoroutine(coroutine):
        kind = "the function: call it" if inspect.iscoroutinefunction(coroutine) else f"{coroutine!r:.80}"
        raise TypeError(f"a task is made of a coroutine, such as main(), not of {kind}")


class Cancelled(BaseException):
    """Raised in a task where it waits when it is cancelled, and from who awaits a task that was."""


@final
class Spot:
    """Where a task waits: `parking.Spot`."""

    __slots__ = ("_task", "woken")

    def __init__(self, task: Task[Any]) -> None:
        self._task: Final = task
        self.woken = False

    async def park(self) -> None:
        """Wait for `wake()`."""
        if not self.woken:
            await _Parked(self)

    def wake(self) -> None:
        """Let the task go on, soon."""
        self.woken = True
        self._task.go_on(self)


@final
class _Parked:
    """The one thing that a task of a simulation may yield."""

    __slots__ = ("spot",)

    def __init__(self, spot: Spot) -> None:
        self.spot: Final = spot

    def __await__(self) -> Generator[_Parked, None, None]:
        yield self


@final
class Task(Generic[T]):
    """A coroutine that runs on a host. `await task` for what it returns, or raises.

    What it raises when nobody awaits it is raised from the simulation's `run()`.
    """

    __slots__ = (
        "_cancels",
        "_context",
        "_coroutine",
        "_driver",
        "_error",
        "_host",
        "_result",
        "_spot",
        "_watchers",
        "done",
        "is_awaited",
    )

    def __init__(self, host: Host, coroutine: Coroutine[Any, Any, T]) -> None:
        self._host: Final = host
        self._driver: Final = host.driver
        self._coroutine: Final = coroutine
        self._spot: Spot | None = None  # where it waits, once it does
        self._cancels = False
        self._watchers: list[Callable[[], None]] = []
        self._result: T
        self._error: BaseException | None = None
        self.done = False
        self.is_awaited = False
        """Will somebody look at `result`?"""
        with using(host.driver), parking_at(self._new_spot):
            self._context: Final = contextvars.copy_context()
        self._context.run(_running.set, self)
        host.call_soon(self._step)

    @property
    def result(self) -> T:
        """What it returned; what it raised is raised. Raises RuntimeError while it isn't done."""
        if not self.done:
            raise RuntimeError("the task isn't done")
        if self._error is not None:
            raise self._error
        return self._result

    def cancel(self) -> None:
        """Raise `Cancelled` in it where it waits, soon; nothing if it is done."""
        if not self.done and not self._cancels:
            self._cancels = True
            self._spot = None
            self._host.call_soon(self._step)

    def __await__(self) -> Generator[Any, None, T]:
        """Wait until it is done. Raises RuntimeError where it isn't, and no task of its simulation runs."""
        if not self.done:
            check_task(self._host._network, "a task of a simulation")
        self.is_awaited = True
        if not self.done:
            spot = new_spot()
            self._watchers.append(spot.wake)
            yield from spot.park().__await__()
        return self.result

    def go_on(self, spot: Spot) -> None:
        """What it waited for has come, if it still waits there."""
        if self._spot is spot:
            self._spot = None
            self._host.call_soon(self._step)

    def close(self) -> None:
        """The simulation is over: let the coroutine clean up, and forget it."""
        if not self.done:
            self.done = True
            with contextlib.suppress(BaseException):
                self._context.run(self._coroutine.close)

    def _new_spot(self) -> Spot:
        return Spot(self)

    def _step(self) -> None:
        if self.done or self._driver.closed:  # its host has died, and the task with it
            return
        cancels, self._cancels = self._cancels, False
        try:
            if cancels:
                parked = self._context.run(self._coroutine.throw, Cancelled())
            else:
                parked = self._context.run(self._coroutine.send, None)
            while type(parked) is not _Parked:
                parked = self._context.run(self._coroutine.throw, RuntimeError(_FOREIGN.format(repr(parked))))
            self._park(parked.spot)
        except StopIteration as stop:
            self._result = stop.value
            self._over()
        except (Exception, Cancelled) as error:
            if str(error) in _LOOPLESS:
                error.add_note(_FOREIGN.format("what belongs to another loop"))
            self._error = error
            self._over()

    def _park(self, spot: Spot) -> None:
        self._spot = spot
        if spot.woken or self._cancels:
            self.go_on(spot)

    def _over(self) -> None:
        self.done = True
        if self._error is not None and not self.is_awaited and not isinstance(self._error, Cancelled):
            self._host.driver.report(self._error)
        for watcher in self._watchers:
            watcher()


_FOREIGN: Final = "a task of a simulation can wait for sansnet, sim.sleep() and other tasks, not for {}"
_LOOPLESS: Final = ("no running event loop", "must be called from async context")
"""What asyncio and trio say where neither of them runs."""
