"""The asyncio driver, as far as it differs from others: which loop has which, where exceptions go, and how it ends.

What all readiness drivers have in common is tested on it by test_readiness_*.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import sansnet
from sansnet import Socket
from sansnet.drivers.asyncio import AsyncioDriver, driver_of
from sansnet.drivers.selector import SelectorDriver
from tests.drivers.recorder import adopted_pair, arrives, cut
from tests.drivers.stepped import new_loop
from tests.loopback import PATIENCE, child_environment, port_of
from tests.tasks import AsyncioTasks, own, pair, serve, turns
from tests.tasks import asyncio_tasks as tasks

__all__ = ["tasks"]

ROOT = Path(__file__).resolve().parents[2]


# ------------------------------------------------------------------------------------------------- which loop has which


def test_each_loop_has_one(tasks: AsyncioTasks) -> None:
    async def main() -> AsyncioDriver:
        assert driver_of(asyncio.get_running_loop()) is own()
        return own()

    driver = tasks.run(main())
    assert tasks.run(main()) is driver, "the loop was run again, and is the same"
    with asyncio.Runner() as runner:
        assert runner.run(main()) is not driver
    assert isinstance(sansnet.default_driver(), SelectorDriver), "no loop is running here"


def test_another_one_can_be_chosen(tasks: AsyncioTasks) -> None:
    async def main() -> None:
        with SelectorDriver() as driver, sansnet.using(driver):
            assert sansnet.default_driver() is driver

    tasks.run(main())


def test_a_closed_one_is_replaced(tasks: AsyncioTasks) -> None:
    async def main() -> None:
        first = own()
        first.close()
        assert own() is not first
        with pytest.raises(RuntimeError, match="this AsyncioDriver is closed"):
            first.socket()
        async with pair() as (client, peer):
            client.end("works")
            assert [chunk async for chunk in peer] == [b"works"]

    tasks.run(main())


def test_asyncio_is_not_imported_for_those_who_do_without() -> None:
    program = "import sys, sansnet; sansnet.default_driver(); assert 'asyncio' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, env=child_environment(dict(os.environ)))


def test_run_is_not_for_a_task(tasks: AsyncioTasks) -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"await default_driver\(\)\.idle\(\)"):
            sansnet.run()

    tasks.run(main())


class Deaf(asyncio.SelectorEventLoop):
    """As the loop that is the default on Windows."""

    def add_reader(self, *_: Any) -> None:  # type: ignore[override]
        raise NotImplementedError


def test_a_loop_that_can_watch_nothing_is_refused() -> None:
    with contextlib.closing(Deaf()) as loop, pytest.raises(RuntimeError, match="sansnet can't run in a Deaf"):
        AsyncioDriver(loop)
    with pytest.raises(RuntimeError, match="closed"):
        AsyncioDriver(loop)


def test_on_another_thread_it_says_what_to_do(tasks: AsyncioTasks) -> None:
    async def main() -> None:
        driver, complaints = own(), list[str]()

        def elsewhere() -> None:
            for use in (driver.socket, lambda: driver.call_soon(lambda: None)):
                try:
                    use()
                except RuntimeError as error:
                    complaints.append(str(error))
            driver.call_soon_threadsafe(heard.set)

        heard = asyncio.Event()
        driver.socket()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        await heard.wait()
        thread.join()
        assert len(complaints) == 2
        assert all("call_soon_threadsafe()" in text for text in complaints)

    tasks.run(main())


def test_a_loop_may_move_to_another_thread() -> None:
    with contextlib.closing(new_loop("asyncio")) as loop:

        async def talk() -> None:
            async with pair() as (client, peer):
                client.end("hello")
                assert [chunk async for chunk in peer] == [b"hello"]

        loop.run_until_complete(talk())
        thread = threading.Thread(target=lambda: loop.run_until_complete(talk()))
        thread.start()
        thread.join()
        loop.run_until_complete(talk())


# ---------------------------------------------------------------------------------------------- exceptions and contexts


def test_what_a_listener_raises_goes_to_the_exception_handler(tasks: AsyncioTasks) -> None:
    async def main() -> Socket:
        async with pair() as (client, peer):
            heard = asyncio.Event()

            def fail(_chunk: bytes) -> None:
                heard.set()
                raise LookupError("the user's")

            peer.on("data", fail)
            client.write("x")
            await heard.wait()
            client.end("y")
            await sansnet.once(peer, "end")
            return peer

    peer = tasks.run(main())
    messages = [context["message"] for context in tasks.unhandled]
    assert [context["emitter"] for context in tasks.unhandled] == [peer, peer]
    assert all(
        text.startswith("Unhandled 'error', or exception in a listener, of <Socket link open;") for text in messages
    )
    assert [str(error) for error in tasks.take_unhandled()] == ["the user's", "the user's"]


def test_an_error_that_nobody_listens_to_goes_there_too(tasks: AsyncioTasks) -> None:
    async def main() -> None:
        async with serve() as server:
            port = port_of(server)
        client = sansnet.connect(port, "127.0.0.1")
        assert await sansnet.once(client, "connection_attempt_failed")
        await own().idle()
        assert client.destroyed

    tasks.run(main())
    [error] = tasks.take_unhandled()
    assert isinstance(error, ConnectionRefusedError)


def test_an_interrupt_ends_the_loop_and_loses_nothing(tasks: AsyncioTasks) -> None:
    order: list[str] = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        driver = own()
        driver.call_soon(lambda: order.append("not lost"))
        driver.call_first(interrupt)
        await asyncio.get_running_loop().create_future()

    loop = tasks.runner.get_loop()
    waiting = loop.create_task(main())
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(waiting)
    loop.run_until_complete(turns())
    assert order == ["not lost"]


def test_listeners_run_in_an_empty_context(tasks: AsyncioTasks) -> None:
    variable = contextvars.ContextVar("variable", default="unset")

    async def main() -> None:
        variable.set("the task's")
        seen: list[str] = []
        async with pair() as (client, peer):
            for event in ("data", "end", "finish", "timeout", "pause"):
                peer.on(event, lambda *_: seen.append(variable.get()))
            peer.set_timeout(0.001)
            await sansnet.once(peer, "timeout")
            peer.pause()
            await sansnet.once(peer, "pause")
            peer.resume()
            client.end("x")
            await peer.wait_closed()
        assert len(seen) >= 5  # 'timeout' perhaps more than once
        assert set(seen) == {"unset"}

    tasks.run(main())


def test_a_task_that_was_woken_comes_before_what_was_put_off_after(tasks: AsyncioTasks) -> None:
    async def main() -> None:
        order: list[str] = []
        woken = asyncio.Event()
        driver = own()

        def wake() -> None:
            woken.set()
            driver.call_soon(lambda: order.append("put off"))

        driver.call_soon(wake)
        driver.call_soon(lambda: None)
        await woken.wait()
        order.append("task")
        await turns()
        assert order == ["task", "put off"]

    tasks.run(main())


def test_what_arrived_before_a_reset_is_read(tasks: AsyncioTasks) -> None:
    """uvloop itself gives a descriptor up that has failed, after one callback: that must not be ours."""

    async def main() -> None:
        driver = own()
        handle, recorder, peer = adopted_pair(driver)  # type: ignore[arg-type]  # any driver will do
        peer.sendall(bytes(50_000))
        arrives(handle, 50_000)  # or the reset takes with it what is on its way
        cut(peer)
        over = asyncio.Event()
        recorder.then["eof"] = recorder.then["read_failed"] = lambda *_: over.set()
        handle.start_read()
        await over.wait()
        assert len(recorder.data) == 50_000
        handle.close()
        await driver.idle()

    tasks.run(main())


# ----------------------------------------------------------------------------------------------------------------- idle


def test_idle_returns_when_nothing_is_left(tasks: AsyncioTasks) -> None:
    async def main() -> list[bytes]:
        driver = own()
        await driver.idle()
        got: list[bytes] = []
        server = sansnet.create_server(lambda peer: peer.pipe(peer)).listen(0)
        client = sansnet.connect(port_of(server), "127.0.0.1")
        client.on("data", got.append)
        client.on("close", lambda _had_error: server.close())
        client.end("hello")
        await asyncio.gather(driver.idle(), driver.idle())
        assert not driver.alive
        assert not driver.handles
        return got

    assert tasks.run(main()) == [b"hello"]


def test_idle_does_not_wait_for_what_is_not_refd(tasks: AsyncioTasks) -> None:
    async def main() -> None:
        driver = own()
        server = sansnet.create_server().listen(0)
        await sansnet.once(server, "listening")
        waiting = asyncio.create_task(driver.idle())
        await turns()
        assert not waiting.done()
        server.unref()
        await waiting
        assert server.listening
        server.close()

    tasks.run(main())


def test_idle_waits_for_timers_that_are_refd(tasks: AsyncioTasks) -> None:
    async def main() -> None:
        driver, fired = own(), list[str]()
        driver.call_later(60, lambda: fired.append("not waited for"))
        driver.call_later(0.001, lambda: fired.append("waited for"), ref=True)
        await driver.idle()
        assert fired == ["waited for"]

    tasks.run(main())


def test_idle_waits_for_lookups(tasks: AsyncioTasks) -> None:
    async def main() -> None:
        driver = own()
        answers: list[Any] = []
        driver.resolve("127.0.0.1", 0, 0, True, answers.append)
        await driver.idle()
        assert answers
        name_server = threading.Event()  # it doesn't answer
        with mock.patch("sansnet.drivers.resolver.find", side_effect=lambda *_: name_server.wait(PATIENCE)):
            lookup = driver.resolve("a.name", 0, 0, True, answers.append)
            waiting = asyncio.create_task(driver.idle())
            await turns()
            assert not waiting.done()
            lookup.cancel()
            await waiting
        name_server.set()
        assert len(answers) == 1

    tasks.run(main())


def test_idle_can_be_cancelled_and_ends_with_the_driver(tasks: AsyncioTasks) -> None:
    async def main() -> None:
        driver = own()
        sansnet.create_server().listen(0)
        first, second = asyncio.create_task(driver.idle()), asyncio.create_task(driver.idle())
        await turns()
        first.cancel()
        await turns()
        assert first.cancelled()
        assert not second.done()
        driver.close()
        await second

    tasks.run(main())


@pytest.mark.parametrize("way", ["call_soon", "call_soon_threadsafe"])
def test_idle_returns_after_an_interrupt_in_the_last_callback(tasks: AsyncioTasks, way: str) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        getattr(own(), way)(interrupt)
        await own().idle()

    loop = tasks.runner.get_loop()
    waiting = loop.create_task(main())
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    loop.run_until_complete(asyncio.wait_for(waiting, PATIENCE))


def test_idle_is_for_tasks_of_its_own_loop(tasks: AsyncioTasks) -> None:
    async def main() -> AsyncioDriver:
        return own()

    driver = tasks.run(main())
    with asyncio.Runner() as runner, pytest.raises(RuntimeError, match="another loop"):
        runner.run(driver.idle())


# ------------------------------------------------------------------------------------------------- beside asyncio's own


def test_beside_the_streams_of_asyncio(tasks: AsyncioTasks) -> None:
    """Both in one loop: asyncio's client at a server of ours, and a socket of ours at asyncio's server."""

    async def talk(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"ping" * 100_000)
        writer.write_eof()
        back = await reader.read()
        writer.close()
        await writer.wait_closed()
        return back

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        async with serve(lambda peer: peer.pipe(peer), allow_half_open=True) as server:
            assert await talk(port_of(server)) == b"ping" * 100_000
        theirs = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with theirs, sansnet.connect(theirs.sockets[0].getsockname()[1], "127.0.0.1") as client:
            client.end("ping" * 100_000)
            assert b"".join([chunk async for chunk in client]) == b"PING" * 100_000

    tasks.run(main())


def test_a_transport_lends_its_socket(tasks: AsyncioTasks) -> None:
    """One end of a socket pair is asyncio's, the other ours."""

    async def main() -> None:
        mine, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=theirs)
        async with Socket(handle=mine) as ours:
            writer.write(b"hello")
            assert await anext(aiter(ours.iterator(destroy_on_return=False))) == b"hello"
            ours.end("bye")
            assert await reader.read() == b"bye"
            writer.close()
            await writer.wait_closed()

    tasks.run(main())


# --------------------------------------------------------------------------------------------- made somewhere else


def test_what_was_made_outside_of_the_loop_says_so(tasks: AsyncioTasks) -> None:
    """Nobody would turn its driver: it would hang, and nothing would say why."""
    server, socket = sansnet.create_server(), sansnet.Socket()
    listening = sansnet.create_server().listen(0)

    async def main() -> None:
        complaint = pytest.raises(RuntimeError, match="was made outside of the loop that runs here")
        with complaint:
            server.listen(0)
        with complaint:
            socket.connect(80)
        with complaint:
            await sansnet.once(listening, "connection")
        with complaint:
            aiter(listening)
        with complaint:
            aiter(socket)

    tasks.run(main())
    listening.close()
    sansnet.run()
