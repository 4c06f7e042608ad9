"""Tests that are coroutines: a loop of each kind, with a limit of time, in which nothing goes unhandled unnoticed.

def test_something(tasks: Tasks) -> None:
    async def main() -> None: ...
    tasks.run(main())
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

import pytest

import sansnet
from sansnet import Server, Socket
from sansnet.drivers.asyncio import AsyncioDriver
from sansnet.events import Emitter
from tests.drivers.recorder import LOOPS
from tests.drivers.stepped import new_loop
from tests.loopback import PATIENCE, port_of

__all__ = ["ENDINGS", "Tasks", "events_of", "listeners_of", "own", "pair", "serve", "tasks", "turns"]

T = TypeVar("T")

ENDINGS = ("end", "prefinish", "finish", "error", "close")


class Tasks:
    """A loop, and what its exception handler was told."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
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


@pytest.fixture(params=LOOPS)
def tasks(request: pytest.FixtureRequest) -> Any:
    """Each kind of loop in turn. What nobody handled in it fails the test."""
    with asyncio.Runner(loop_factory=lambda: new_loop(request.param)) as runner:
        made = Tasks(runner)
        yield made
        assert made.unhandled == []


def own() -> AsyncioDriver:
    """The driver of the running loop."""
    driver = sansnet.default_driver()
    assert isinstance(driver, AsyncioDriver)
    return driver


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


async def turns(count: int = 5) -> None:
    """Let the loop turn: whatever was going to happen by itself has happened after that."""
    for _ in range(count):
        await asyncio.sleep(0)


def events_of(socket: Socket) -> list[str]:
    """The events that tell of the end, as they come; none of these makes data flow."""
    log: list[str] = []
    for event in ENDINGS:
        socket.on(event, lambda *_, event=event: log.append(event))
    return log


def listeners_of(emitter: Emitter) -> int:
    """How many listeners it has, of whatever kind."""
    return sum(len(emitter.listeners(event)) for event in emitter.event_names())
