"""Tests that are coroutines: a host of each kind, with a limit of time, in which nothing goes unhandled unnoticed.

def test_something(tasks: Tasks) -> None:
    async def main() -> None: ...
    tasks.run(main())

What else a test needs of a host is here under one name for all: `start()`, `all_of()`, `time_limit()`, `flag()`.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Protocol, TypeVar, cast

import pytest
import trio

import sansnet
from sansnet import Server, Socket
from sansnet.drivers.asyncio import AsyncioDriver, driver_of
from sansnet.drivers.trio import open_driver
from sansnet.events import Emitter
from sansnet.hosts import running_trio
from tests.drivers.recorder import LOOPS
from tests.drivers.stepped import new_loop
from tests.jobs import AsyncioJob, Cancelled, Job, TrioJob, nursery_of_jobs
from tests.loopback import PATIENCE, UNDER_WINE, port_of

__all__ = [
    "ENDINGS",
    "AsyncioTasks",
    "Cancelled",
    "Job",
    "Tasks",
    "TrioTasks",
    "all_of",
    "asyncio_tasks",
    "events_of",
    "flag",
    "listeners_of",
    "own",
    "pair",
    "serve",
    "start",
    "tasks",
    "time_limit",
    "turns",
]

T = TypeVar("T")

ENDINGS = ("end", "prefinish", "finish", "error", "close")


# ---------------------------------------------------------------------------------------------------------------- hosts


class Tasks(Protocol):
    """A host."""

    kind: str

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main`, for so long at most."""


class AsyncioTasks:
    """A loop, and what its exception handler was told."""

    def __init__(self, runner: asyncio.Runner, kind: str) -> None:
        self.runner = runner
        self.kind = kind
        self.unhandled: list[dict[str, Any]] = []
        runner.get_loop().set_exception_handler(lambda _loop, context: self.unhandled.append(context))

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main`, for so long at most."""

        async def limited() -> T:
            async with asyncio.timeout(PATIENCE):
                return await main

        return self.runner.run(limited())

    def take_unhandled(self) -> list[BaseException]:
        """The exceptions that nobody handled; from now on they are forgotten."""
        taken, self.unhandled = self.unhandled, []
        return [context["exception"] for context in taken]


class TrioTasks:
    """A run of trio for each `run`, with a driver. What nobody handles comes out of it, in a group."""

    kind = "trio"

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main`, for so long at most; what it raises comes out as itself."""

        async def limited() -> Job[T]:
            with trio.fail_after(PATIENCE):
                async with open_driver(), nursery_of_jobs():
                    job = TrioJob(main)
                    await job.run()
            return job

        return trio.run(limited).result()


@pytest.fixture(params=[*LOOPS, "trio"])
def tasks(request: pytest.FixtureRequest) -> Any:
    """Each kind of host in turn. What nobody handled in it fails the test."""
    if request.param == "trio":
        if sys.platform == "win32":
            pytest.skip("on Windows sansnet has no driver for trio (and Wine can't run trio)")
        yield TrioTasks()
    else:
        yield from _asyncio_tasks(request.param)


@pytest.fixture(params=LOOPS)
def asyncio_tasks(request: pytest.FixtureRequest) -> Any:
    """Each kind of asyncio's loops in turn. What nobody handled in it fails the test."""
    yield from _asyncio_tasks(request.param)


def _asyncio_tasks(kind: str) -> Any:
    if kind == "asyncio debug" and UNDER_WINE:
        pytest.skip("in debug mode asyncio records where it was called from, which takes Wine up to 100 ms a time")
    with asyncio.Runner(loop_factory=lambda: new_loop(kind)) as runner:
        made = AsyncioTasks(runner, kind)
        yield made
        assert made.unhandled == []


def own() -> AsyncioDriver:
    """The driver of the running loop (on Windows it is of another class, which does for one in these tests)."""
    assert sansnet.default_driver() is driver_of(asyncio.get_running_loop())
    return cast(AsyncioDriver, sansnet.default_driver())


# ---------------------------------------------------------------------------------------------------------------- tasks


def start(coroutine: Coroutine[Any, Any, T]) -> Job[T]:
    """Start a task. It is cancelled at the end of the test, unless it is over."""
    return TrioJob(coroutine).start() if running_trio() else AsyncioJob(coroutine)


async def all_of(*coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run them at the same time, and wait for all; raises what the first of them (in this order) has raised."""
    jobs = [start(each) for each in coroutines]
    for job in jobs:
        await job.over()
    return [job.result() for job in jobs]


@contextlib.asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """Cancel the block after so long, and raise TimeoutError."""
    if running_trio():
        with trio.move_on_after(seconds) as scope:
            yield
        if scope.cancelled_caught:
            raise TimeoutError
    else:
        async with asyncio.timeout(seconds):
            yield


def flag() -> asyncio.Event | trio.Event:
    """An event of the host's."""
    return trio.Event() if running_trio() else asyncio.Event()


async def turns(count: int = 5) -> None:
    """Let the loop turn: whatever was going to happen by itself has happened after that."""
    if running_trio():
        for _ in range(8 * count):  # so many rounds it takes until the driver does what a thread asks
            await trio.lowlevel.checkpoint()
    else:
        for _ in range(count):
            await asyncio.sleep(0)


# -------------------------------------------------------------------------------------------------------------- sockets


@contextlib.asynccontextmanager
async def serve(listener: Any = None, **options: Any) -> AsyncIterator[Server]:
    """A server that listens on a port of the kernel's choice; in the end it is closed, with its connections."""
    server = sansnet.create_server(listener, **options).listen(0, "127.0.0.1")
    await server.wait_listening()
    try:
        yield server
    finally:
        server.close()
        server.close_all_connections()
        await server.wait_closed()


@contextlib.asynccontextmanager
async def pair(server_options: dict[str, Any] | None = None, **options: Any) -> AsyncIterator[tuple[Socket, Socket]]:
    """A client and its peer, both connected; in the end they are destroyed."""
    async with serve(**(server_options or {})) as server:
        client = sansnet.connect(port_of(server), "127.0.0.1", **options)
        (peer,) = await sansnet.once(server, "connection")
        if client.connecting:
            await sansnet.once(client, "connect")
        try:
            yield client, peer
        finally:
            client.destroy()


def events_of(socket: Socket) -> list[str]:
    """The events that tell of the end, as they come; none of these makes data flow."""
    log: list[str] = []
    for event in ENDINGS:
        socket.on(event, lambda *_, event=event: log.append(event))
    return log


def listeners_of(emitter: Emitter) -> int:
    """How many listeners it has, of whatever kind."""
    return sum(len(emitter.listeners(event)) for event in emitter.event_names())
