"""The trio driver, as far as it differs from others: who uses it, how time passes, and what tasks can rely on.

What all readiness drivers have in common is tested on it by test_readiness_*.py.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import os
import queue
import select
import selectors
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
import trio
import trio.testing

import sansnet
from sansnet import Server, Socket
from sansnet.drivers import selector_reactor
from sansnet.drivers.asyncio import AsyncioDriver
from sansnet.drivers.polling import SelectorsPoller
from sansnet.drivers.selector import SelectorDriver
from sansnet.drivers.trio import TrioDriver, open_driver
from tests.loopback import PATIENCE, child_environment, port_of
from tests.tasks import pair, serve, turns


def run(main: Callable[[], Any], clock: trio.abc.Clock | None = None) -> Any:
    """Run it in trio, for so long at most by the wall clock's time."""

    async def limited() -> Any:
        with trio.fail_after(PATIENCE if clock is None else 1e9):
            return await main()

    return trio.run(limited, clock=clock)


# ----------------------------------------------------------------------------------------------------------- who has it


def test_it_is_used_in_its_block_and_in_tasks_that_are_started_there() -> None:
    async def main() -> None:
        seen: list[object] = []

        async def look() -> None:
            seen.append(sansnet.default_driver())

        async with trio.open_nursery() as outer, open_driver() as driver, trio.open_nursery() as inner:
            inner.start_soon(look)
            outer.start_soon(look)
            await look()
            driver.call_soon(lambda: inner.start_soon(look))  # a listener may start tasks
            await turns()
        assert seen == [driver] * 4

    run(main)


def test_the_nearest_one_is_used() -> None:
    async def main() -> None:
        with SelectorDriver() as other, sansnet.using(other):
            async with open_driver() as first:
                assert sansnet.default_driver() is first
                async with open_driver() as second:
                    assert sansnet.default_driver() is second
                    with sansnet.using(other):
                        assert sansnet.default_driver() is other
                assert sansnet.default_driver() is first
            assert sansnet.default_driver() is other

    run(main)


def test_without_a_block_it_says_what_to_do() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"async with sansnet\.drivers\.trio\.open_driver\(\)"):
            sansnet.connect(1)

    run(main)
    assert isinstance(sansnet.default_driver(), SelectorDriver), "trio doesn't run here"


def test_what_was_made_outside_of_trio_says_so() -> None:
    server, socket = sansnet.create_server(), Socket()

    async def main() -> None:
        async with open_driver():
            for wait in (server.wait_listening, socket.wait_closed):
                with pytest.raises(RuntimeError, match="was made outside of the loop that runs here"):
                    await wait()

    run(main)


def test_run_is_not_for_a_task() -> None:
    async def main() -> None:
        async with open_driver():
            with pytest.raises(RuntimeError, match=r"the trio loop .* await default_driver\(\)\.idle\(\)"):
                sansnet.run()

    run(main)


def test_after_the_block_it_says_so() -> None:
    async def main() -> None:
        async with open_driver() as driver:
            server = sansnet.create_server().listen(0)
            driver.close()  # once more does no harm
        uses = (
            driver.socket,
            lambda: driver.call_soon(print),
            lambda: driver.call_soon_threadsafe(print),
            server.close,
        )
        for use in uses:
            with pytest.raises(RuntimeError, match=r"closed.* inside of 'async with open_driver\(\):'"):
                use()
        await driver.idle()

    run(main)


def test_a_task_that_outlives_the_block_is_not_left_in_the_dark() -> None:
    """It can't be woken; but what it does next raises."""

    async def main() -> None:
        left = trio.Event()
        complaints: list[RuntimeError] = []

        async def outlive(client: Socket) -> None:
            try:
                async with client:
                    await left.wait()
            except RuntimeError as error:
                complaints.append(error)

        async with trio.open_nursery() as nursery:
            async with open_driver(), pair() as (client, _):
                nursery.start_soon(outlive, client)
                await turns()
            left.set()
        assert len(complaints) == 1

    run(main)


def test_on_another_thread_it_says_what_to_do() -> None:
    async def main() -> None:
        async with open_driver() as driver:
            for use in (driver.socket, lambda: driver.call_soon(print), driver.close):
                with pytest.raises(RuntimeError, match=r"call_soon_threadsafe\(\)"):
                    await trio.to_thread.run_sync(use)
            heard = trio.Event()
            await trio.to_thread.run_sync(driver.call_soon_threadsafe, heard.set)
            await heard.wait()

    run(main)


def test_trio_is_not_imported_for_those_who_do_without() -> None:
    program = "import sys, sansnet; sansnet.default_driver(); assert 'trio' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, env=child_environment(dict(os.environ)))


@pytest.mark.parametrize("lacks", ["poller", "descriptor"])
def test_a_system_where_nothing_can_be_watched_is_refused(lacks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the exception itself, which is in no group: there is no nursery yet."""
    if lacks == "poller":
        monkeypatch.setattr(selector_reactor, "new_poller", lambda: SelectorsPoller(selectors.SelectSelector()))
    else:
        monkeypatch.setattr(selector_reactor.SelectorReactor, "fileno", mock.Mock(side_effect=OSError("no descriptor")))

    async def main() -> None:
        with pytest.raises(RuntimeError, match="can't run in trio on this system"):
            async with open_driver():
                raise AssertionError

    run(main)


def test_trio_as_a_guest_in_asyncio() -> None:
    """Tasks of both run on one thread, and each finds its own."""
    drivers: list[object] = []

    async def guest() -> None:
        async with open_driver(), pair() as (client, peer):
            drivers.append(sansnet.default_driver())
            client.end("hello")
            assert [chunk async for chunk in peer] == [b"hello"]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[Any] = loop.create_future()
        trio.lowlevel.start_guest_run(
            guest, run_sync_soon_threadsafe=loop.call_soon_threadsafe, done_callback=over.set_result
        )
        drivers.append(sansnet.default_driver())
        async with pair() as (client, peer):
            client.end("hello")
            assert [chunk async for chunk in peer] == [b"hello"]
        (await over).unwrap()

    asyncio.run(main())
    assert [type(driver) for driver in drivers] == [AsyncioDriver, TrioDriver]


# ------------------------------------------------------------------------------------------------------ tasks and turns


def test_listeners_run_in_the_context_of_the_block() -> None:
    variable = contextvars.ContextVar("variable", default="unset")

    async def main() -> None:
        variable.set("outside")
        seen: list[str] = []
        async with open_driver(), pair() as (client, peer):
            variable.set("the task's")
            peer.on("data", lambda _: seen.append(variable.get()))
            client.end("x")
            await sansnet.once(peer, "end")
        assert seen == ["outside"]

    run(main)


def test_a_task_that_was_woken_comes_before_what_was_put_off_after() -> None:
    """So does a task which that one starts. trio itself knows no order, and makes a point of it."""

    async def main() -> None:
        async with open_driver() as driver, trio.open_nursery() as nursery:
            for _ in range(20):
                order: list[str] = []
                woken = trio.Event()

                async def note(entry: str, order: list[str] = order) -> None:
                    order.append(entry)

                def wake(woken: trio.Event = woken, order: list[str] = order) -> None:
                    woken.set()
                    driver.call_soon(lambda: order.append("put off"))

                driver.call_soon(wake)
                await woken.wait()
                nursery.start_soon(note, "started")
                await note("task")
                await turns()
                assert order == ["task", "started", "put off"]

    run(main)


def test_a_task_may_be_started_to_accept_what_connects_right_after() -> None:
    async def accept(server: Server, got: list[Socket]) -> None:
        async for peer in server:
            got.append(peer)
            server.close()

    async def main() -> None:
        for _ in range(20):
            got: list[Socket] = []
            async with open_driver(), serve() as server, trio.open_nursery() as nursery:
                nursery.start_soon(accept, server, got)
                async with sansnet.connect(port_of(server), "127.0.0.1") as client:
                    while not got:
                        await turns()
                    assert client.local_port == got[0].remote_port

    run(main)


def test_beside_the_streams_of_trio() -> None:
    """Both in one run: trio's client at a server of ours, and a socket of ours at trio's server."""

    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            data = b"".join([chunk async for chunk in stream])
            await stream.send_all(data.upper())

    async def main() -> None:
        async with open_driver():
            async with serve(lambda peer: peer.pipe(peer), allow_half_open=True) as server:
                stream = await trio.open_tcp_stream("127.0.0.1", port_of(server))
                await stream.send_all(b"ping" * 10_000)
                await stream.send_eof()
                assert b"".join([chunk async for chunk in stream]) == b"ping" * 10_000
                await stream.aclose()
            async with trio.open_nursery() as nursery:
                [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
                nursery.start_soon(trio.serve_listeners, answer, [listener])
                port = listener.socket.getsockname()[1]
                async with sansnet.connect(port, "127.0.0.1", allow_half_open=True) as client:
                    client.end("ping" * 10_000)
                    assert b"".join([chunk async for chunk in client]) == b"PING" * 10_000
                nursery.cancel_scope.cancel()

    run(main)


# ----------------------------------------------------------------------------------------------------------------- idle


def test_idle_returns_when_nothing_is_left() -> None:
    async def main() -> None:
        async with open_driver() as driver:
            await driver.idle()
            got: list[bytes] = []
            server = sansnet.create_server(lambda peer: peer.pipe(peer)).listen(0)
            client = sansnet.connect(port_of(server), "localhost")
            client.on("data", got.append)
            client.on("close", lambda _had_error: server.close())
            client.end("hello")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(driver.idle)
                nursery.start_soon(driver.idle)
            assert not driver.alive
            assert not driver.handles
            assert got == [b"hello"]

    run(main)


@pytest.mark.parametrize(
    "how", ["unref", "close the server", "close the driver", "cancel the lookup", "cancel the timer"]
)
def test_idle_hears_of_what_tasks_do(how: str) -> None:
    name_server = threading.Event()  # it doesn't answer

    async def main() -> None:
        async with open_driver() as driver, trio.open_nursery() as nursery:
            ends: dict[str, Callable[[], object]] = {}
            if how == "cancel the timer":
                ends[how] = driver.call_later(1000, print, ref=True).cancel
            elif how == "cancel the lookup":
                ends[how] = driver.resolve("a.name", 0, 0, True, print).cancel
            else:
                server = sansnet.create_server().listen(0, "127.0.0.1")
                ends = {"unref": server.unref, "close the server": server.close, "close the driver": driver.close}
            over = trio.Event()

            async def wait() -> None:
                await driver.idle()
                over.set()

            nursery.start_soon(wait)
            await turns()
            assert not over.is_set()
            ends[how]()
            await over.wait()

    with mock.patch("sansnet.drivers.resolver.find", side_effect=lambda *_: name_server.wait(PATIENCE)):
        run(main)
    name_server.set()


def test_idle_can_be_cancelled() -> None:
    async def main() -> None:
        async with open_driver() as driver:
            sansnet.create_server().listen(0)
            with trio.move_on_after(0) as scope:
                await driver.idle()
            assert scope.cancelled_caught
            with trio.move_on_after(0.001) as scope:
                await driver.idle()
            assert scope.cancelled_caught

    run(main)


# ----------------------------------------------------------------------------------------------------------------- time


def jumping() -> trio.testing.MockClock:
    """A clock that jumps to the next deadline when all tasks wait."""
    return trio.testing.MockClock(autojump_threshold=0)


def test_timers_go_by_the_clock_of_trio() -> None:
    async def main() -> list[float]:
        async with open_driver() as driver:
            start, fired = trio.current_time(), list[float]()

            def fire() -> None:
                fired.append(trio.current_time() - start)

            for seconds in (86_400, 5, 3600):
                driver.call_later(seconds, fire, ref=True)
            driver.call_later(1, fire).cancel()
            await trio.sleep(1)  # now the driver sleeps; what comes now is due before it would wake
            driver.call_later(1, fire, ref=True)
            await driver.idle()
            return fired

    assert run(main, jumping()) == [2, 5, 3600, 86_400]


def test_an_idle_timeout_in_no_time() -> None:
    clock = trio.testing.MockClock()

    async def main() -> list[float]:
        times: list[float] = []
        async with open_driver(), pair() as (client, peer):
            clock.autojump_threshold = 0  # not before: it would jump while they connect
            start = trio.current_time()
            client.set_timeout(3600)
            client.on("timeout", lambda: times.append(trio.current_time() - start))
            await trio.sleep(1800)
            peer.write("still here")
            select.select([client.fileno()], [], [])  # the clock wouldn't wait for what is on its way
            client.resume()
            await sansnet.once(client, "timeout")
            clock.autojump_threshold = math.inf
        return times

    assert run(main, clock) == [5400]


def test_time_stands_still_while_there_is_something_to_do() -> None:
    """A megabyte goes from the one to the other, and no timer of the test's gets a chance."""

    async def main() -> None:
        async with open_driver(), pair() as (client, peer):
            client.end(bytes(1 << 20))
            with trio.fail_after(1):
                size = sum([len(chunk) async for chunk in peer])
            assert size == 1 << 20
            assert trio.current_time() < 1

    run(main, trio.testing.MockClock(autojump_threshold=1))  # so long the machine may stall


def test_the_clock_that_stands_still() -> None:
    """Without autojump the test moves it."""

    async def main() -> None:
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, trio.testing.MockClock)
        async with open_driver() as driver:
            fired: list[str] = []
            driver.call_later(10, lambda: fired.append("timer"))
            await turns(20)
            assert fired == []
            clock.jump(9.5)
            await turns()
            assert fired == []
            clock.jump(0.5)
            await turns()
            assert fired == ["timer"]

    run(main, trio.testing.MockClock())


# ------------------------------------------------------------------------------------------------------------- threads


def test_callbacks_of_other_threads_come_in_order() -> None:
    async def main() -> None:
        async with open_driver() as driver:
            got: queue.SimpleQueue[int] = queue.SimpleQueue()

            def send() -> None:
                for number in range(100):
                    driver.call_soon_threadsafe(lambda number=number: got.put(number))  # type: ignore[misc]

            await trio.to_thread.run_sync(send)
            await driver.idle()
            assert [got.get_nowait() for _ in range(100)] == [*range(100)]

    run(main)


def test_a_thread_that_comes_too_late_hears_so() -> None:
    async def main() -> TrioDriver:
        async with open_driver() as driver:
            return driver

    driver: TrioDriver = run(main)
    with pytest.raises(RuntimeError, match="closed"):
        driver.call_soon_threadsafe(print)
