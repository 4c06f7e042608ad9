"""Tasks of asyncio and of trio with one face, that of asyncio's: each can be awaited, asked, and cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Generator
from contextvars import ContextVar
from typing import Any, Generic, Protocol, Self, TypeVar

import trio

__all__ = ["AsyncioJob", "Cancelled", "Job", "TrioJob", "nursery_of_jobs"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_nursery: ContextVar[trio.Nursery] = ContextVar("nursery")


class Cancelled(Exception):
    """The job that was waited for has been cancelled."""


class Job(Protocol[T_co]):
    """A task."""

    def done(self) -> bool: ...

    def cancel(self) -> object: ...

    def cancelled(self) -> bool: ...

    async def over(self) -> None:
        """Wait until it is done, in whatever way."""

    def result(self) -> T_co:
        """What it has returned. Raises what it has raised, or Cancelled."""

    def __await__(self) -> Generator[Any, Any, T_co]: ...


class AsyncioJob(Generic[T]):
    """A task of asyncio."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._task = asyncio.create_task(coroutine)
        self.done = self._task.done
        self.cancel = self._task.cancel
        self.cancelled = self._task.cancelled

    async def over(self) -> None:
        await asyncio.wait([self._task])

    def result(self) -> T:
        if self._task.cancelled():
            raise Cancelled
        return self._task.result()

    def __await__(self) -> Generator[Any, Any, T]:
        yield from self.over().__await__()
        return self.result()


class TrioJob(Generic[T]):
    """A task in the nursery of the test, in a cancel scope of its own."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._scope = trio.CancelScope()
        self._over = trio.Event()
        self._values: list[T] = []
        self._error: Exception | None = None

    def start(self) -> Self:
        _nursery.get().start_soon(self.run)
        return self

    async def run(self) -> None:
        try:
            with self._scope:
                self._values.append(await self._coroutine)
        except Exception as error:
            self._error = error
        finally:
            self._over.set()

    def done(self) -> bool:
        return self._over.is_set()

    def cancel(self) -> None:
        self._scope.cancel()

    def cancelled(self) -> bool:
        return self._scope.cancelled_caught

    async def over(self) -> None:
        await self._over.wait()

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        if not self._values:
            raise Cancelled
        return self._values[0]

    def __await__(self) -> Generator[Any, Any, T]:
        yield from self.over().__await__()
        return self.result()


@contextlib.asynccontextmanager
async def nursery_of_jobs() -> AsyncIterator[None]:
    """Where jobs run that are started in this block; what is not over at its end is cancelled."""
    async with trio.open_nursery() as nursery:
        token = _nursery.set(nursery)
        try:
            yield
        finally:
            _nursery.reset(token)
            nursery.cancel_scope.cancel()
