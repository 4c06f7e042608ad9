"""How the asyncio driver ends: with its loop, whoever closes that, and whatever is open then."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sansnet
from sansnet import Server, Socket
from sansnet.drivers.asyncio import AsyncioDriver
from tests.drivers.left_open import left_open
from tests.drivers.recorder import DRIVERS, LOOPS, driver_over, is_alive
from tests.drivers.stepped import new_loop
from tests.loopback import child_environment, complaints, port_of
from tests.tasks import own, pair, turns

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", LOOPS)
def test_the_end_of_the_loop_is_that_of_the_driver(kind: str) -> None:
    async def main() -> tuple[AsyncioDriver, list[Any]]:
        left = left_open()
        await turns(20)
        return own(), left

    with contextlib.closing(new_loop(kind)) as loop:
        driver, (_, client, _) = loop.run_until_complete(main())
        assert not driver.closed
    assert (driver.closed, driver.handles) == (True, {})
    assert client.fileno() == -1
    assert not is_alive(driver)
    with sansnet.using(driver):
        server = sansnet.create_server()
        for use in (Socket, lambda: server.listen(0), lambda: driver.call_later(0, asyncio.Event().set)):
            with pytest.raises(RuntimeError, match=r"the asyncio loop of .* is closed.*make new ones"):
                use()


@pytest.mark.parametrize("busy", [False, True])
def test_no_call_to_a_left_over_socket_is_lost_in_silence(busy: bool) -> None:
    """Whether something waited for the loop when it was closed, or not."""

    async def main() -> tuple[Server, Socket]:
        server = sansnet.create_server().listen(0, "127.0.0.1")
        await server.wait_listening()
        client = sansnet.connect(port_of(server), "127.0.0.1")
        await sansnet.once(client, "connect")
        if busy:
            client.write(bytes(1 << 24))
            client.pause()
            server.get_connections(print)
        return server, client

    with contextlib.closing(asyncio.SelectorEventLoop()) as loop:
        server, client = loop.run_until_complete(main())
    calls = (lambda: client.write("x"), client.pause, client.resume, client.end, client.destroy, server.close)
    for call in (*calls, *calls, lambda: server.get_connections(print)):
        with pytest.raises(RuntimeError, match=r"the asyncio loop of .* is closed"):
            call()


@pytest.mark.parametrize("kind", LOOPS)
def test_a_task_that_still_waits_in_idle_does_not_put_the_end_off(kind: str) -> None:
    async def main() -> tuple[AsyncioDriver, asyncio.Task[None]]:
        left_open()
        waiting = asyncio.create_task(own().idle())
        await turns(20)
        return own(), waiting

    with contextlib.closing(new_loop(kind)) as loop:
        loop.set_exception_handler(lambda _loop, _context: None)  # "Task was destroyed but it is pending!"
        driver, waiting = loop.run_until_complete(main())
    assert (driver.closed, driver.handles, driver.active) == (True, {}, 0)
    assert not waiting.done(), "there is no loop that could wake it"


@pytest.mark.parametrize("name", DRIVERS)
def test_a_handle_that_fails_to_close_does_not_keep_the_others_open(name: str) -> None:
    class Failing:
        def abandon(self) -> None:
            driver.handles.clear()
            raise LookupError

    with driver_over(name) as driver:
        handles = [driver.adopt(socket.socket()) for _ in range(2)]
        kept: dict[Any, None] = dict.fromkeys([handles[0], Failing(), handles[1]])
        driver.handles.clear()
        driver.handles.update(kept)
        with pytest.raises(LookupError):
            driver.close()
        assert [handle.fileno() for handle in handles] == [-1, -1]
        assert (driver.closed, driver.active) == (True, 0)


@pytest.mark.parametrize("kind", LOOPS)
def test_a_traceback_that_is_kept_does_not_put_the_end_off(kind: str) -> None:
    kept: list[BaseException] = []

    def fail() -> None:
        try:
            raise LookupError
        except LookupError as error:
            kept.append(error)

    async def main() -> AsyncioDriver:
        async with pair() as (client, peer):
            peer.on("end", fail)
            client.end()
            await sansnet.once(peer, "end")
        return own()

    with contextlib.closing(new_loop(kind)) as loop:
        driver = loop.run_until_complete(main())
    assert kept
    assert driver.closed


class Dropped(asyncio.SelectorEventLoop):
    """A loop that leaves its end to the collector.

    asyncio's closes itself, and fails (`ValueError: Invalid file descriptor: -1`) when the collector has finalised the
    sockets of its self-pipe before it, which are in the same cycle; the order of that is nobody's promise.
    """

    def __del__(self) -> None:
        pass


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of all that the loop takes with it
def test_a_loop_that_is_dropped_takes_its_driver_with_it() -> None:
    async def main() -> Callable[[], AsyncioDriver | None]:
        left_open(host="127.0.0.1")  # the thread of a lookup would hold the driver until it has its answer
        await turns(20)
        return weakref.ref(own())

    loop = Dropped()
    driver = loop.run_until_complete(main())
    del loop
    gc.collect()
    assert driver() is None


TEARDOWN = """
import asyncio, sys
from tests.drivers.stepped import new_loop
from tests.drivers.left_open import left_open
import sansnet

async def main(how):
    global left  # until the interpreter ends
    left = left_open()
    for _ in range(20):
        await asyncio.sleep(0)
    if how == "generator":
        async def chunks():
            try:
                async for chunk in left[1]:
                    yield chunk
            finally:
                left[1].end()
                await asyncio.sleep(0)
                print("finalised", left[1].destroyed)
        left.append(chunks())
        await anext(left[-1])
    if how == "raise":
        raise SystemExit("raised")
    if how == "task":
        async def wait():
            async with left[1]:
                await asyncio.get_running_loop().create_future()
        left.append(asyncio.create_task(wait()))
        await asyncio.sleep(0)

kind, how = sys.argv[1:]
if how == "close":
    loop = new_loop(kind)
    loop.run_until_complete(main(how))
    loop.close()
else:
    with asyncio.Runner(loop_factory=lambda: new_loop(kind)) as runner:
        runner.run(main(how))
print("over")
"""


@pytest.mark.parametrize("kind", LOOPS)
@pytest.mark.parametrize("how", ["return", "close", "raise", "task", "generator"])
def test_nothing_is_left_open_and_nothing_warns(kind: str, how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", TEARDOWN, kind, how],
        env=child_environment(dict(os.environ)),
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    told = {"raise": ("", ["raised"]), "generator": ("finalised True\nover\n", [])}
    assert (done.stdout, complaints(done.stderr)) == told.get(how, ("over\n", []))
