"""Drivers in wrong hands: on another thread, in the wrong loop, or with listeners that raise.

What is asked for at the wrong place is an exception that says where the right one is, and changes nothing. What a
listener raises is told with the name of its socket, and harms no other one.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sansnet
from sansnet import BoundSocket, Server, Socket
from sansnet.drivers.asyncio import AsyncioDriver, driver_of
from sansnet.drivers.contract import Driver
from sansnet.drivers.selector import SelectorDriver
from sansnet.drivers.trio import open_driver
from sansnet.testing import Simulation
from sansnet.testing.conformance import Turn
from tests.drivers.makers import MAKERS
from tests.drivers.recorder import DRIVERS, LOOPS, driver_over, until
from tests.drivers.stepped import new_loop
from tests.loopback import port_of
from tests.tasks import TrioTasks, serve

# ------------------------------------------------------------------------------------------------------------ threads

SOCKET_CALLS: dict[str, Callable[[Socket], object]] = {
    "write": lambda socket: socket.write("x"),
    "end": lambda socket: socket.end("x"),
    "destroy": lambda socket: socket.destroy(),
    "destroy_soon": lambda socket: socket.destroy_soon(),
    "reset_and_destroy": lambda socket: socket.reset_and_destroy(),
    "pause": lambda socket: socket.pause(),
    "resume": lambda socket: socket.resume(),
    "read": lambda socket: socket.read(),
    "cork": lambda socket: socket.cork(),
    "uncork": lambda socket: socket.uncork(),
    "set_encoding": lambda socket: socket.set_encoding("hex"),
    "set_timeout": lambda socket: socket.set_timeout(1),
    "set_no_delay": lambda socket: socket.set_no_delay(),
    "set_keep_alive": lambda socket: socket.set_keep_alive(True),
    "set_type_of_service": lambda socket: socket.set_type_of_service(8),
    "connect": lambda socket: socket.connect(1, "127.0.0.1"),
    "pipe": lambda socket: socket.pipe(socket),
    "unpipe": lambda socket: socket.unpipe(),
    "ref": lambda socket: socket.ref(),
    "unref": lambda socket: socket.unref(),
    "on data": lambda socket: socket.on("data", print),
    "once data": lambda socket: socket.once("data", print),
    "on readable": lambda socket: socket.prepend_listener("readable", print),
    "off readable": lambda socket: socket.off("readable", nothing),
    "off everything": lambda socket: socket.remove_all_listeners(),
    "allow_half_open": lambda socket: setattr(socket, "allow_half_open", True),
}
SERVER_CALLS: dict[str, Callable[[Server], object]] = {
    "listen": lambda server: server.listen(0, "127.0.0.1"),
    "close": lambda server: server.close(),
    "pause": lambda server: server.pause(),
    "resume": lambda server: server.resume(),
    "get_connections": lambda server: server.get_connections(print),
    "max_connections": lambda server: setattr(server, "max_connections", 1),
    "no_delay": lambda server: setattr(server, "no_delay", True),
    "ref": lambda server: server.ref(),
    "unref": lambda server: server.unref(),
}
DRIVER_CALLS: dict[str, Callable[[Driver, Callable[[], None]], object]] = {
    "call_soon": lambda driver, callback: driver.call_soon(callback),
    "call_first": lambda driver, callback: driver.call_first(callback),
    "call_later": lambda driver, callback: driver.call_later(0, callback),
    "call_later, kept": lambda driver, callback: driver.call_later(0, callback, ref=True),
}


def nothing() -> None:
    """A listener that is there from the start."""


def elsewhere(work: Callable[[], object]) -> BaseException | None:
    """What it raises on another thread."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0] if raised else None


def state_of(subject: Any, driver: Driver) -> tuple[object, ...]:
    """What a call at the wrong place has to leave as it was."""
    port = subject._port  # noqa: SLF001
    seen = [port.machine.freeze(), driver.active, driver.alive]  # type: ignore[attr-defined]  # all of them count
    seen += [(event, subject.listeners(event)) for event in subject.event_names()]
    if isinstance(subject, Socket):
        return *seen, subject._reffed, *subject._pipes  # noqa: SLF001
    return *seen, port._reffed, subject.no_delay  # noqa: SLF001


def refuse_elsewhere(work: Callable[[], object]) -> None:
    """On another thread it is a RuntimeError, which says what to do there."""
    error = elsewhere(work)
    assert isinstance(error, RuntimeError)
    assert "another thread" in str(error)
    assert "call_soon_threadsafe() is how to reach it from here" in str(error)


@pytest.mark.parametrize("name", DRIVERS)
def test_a_call_from_another_thread_changes_nothing_and_says_how_to_make_it(name: str) -> None:
    with driver_over(name) as driver, sansnet.using(driver):
        server = sansnet.create_server().listen(0, "127.0.0.1")
        until(driver, lambda: server.listening)
        client = sansnet.connect(port_of(server), "127.0.0.1")
        until(driver, lambda: server.connections and not client.connecting)
        client.on("readable", nothing).pipe(client)
        client.pause()
        until(driver, client.is_paused)
        asked: list[tuple[Any, dict[str, Callable[[Any], object]]]] = [(client, SOCKET_CALLS), (server, SERVER_CALLS)]
        for subject, calls in asked:
            before = state_of(subject, driver)
            for call in calls.values():
                refuse_elsewhere(functools.partial(call, subject))
                assert state_of(subject, driver) == before

        def destroy() -> None:
            client.destroy()

        elsewhere(lambda: driver.call_soon_threadsafe(destroy))
        until(driver, lambda: client.destroyed)
        server.close()


@pytest.mark.parametrize("call", DRIVER_CALLS)
@pytest.mark.parametrize("name", DRIVERS)
def test_a_callback_is_not_put_off_from_another_thread(name: str, call: str) -> None:
    called: list[None] = []
    with driver_over(name) as driver:
        done: list[None] = []
        driver.call_soon(lambda: done.append(None))
        until(driver, lambda: done and not driver.alive)
        refuse_elsewhere(lambda: DRIVER_CALLS[call](driver, lambda: called.append(None)))
        assert not driver.alive
        assert driver.active == 0
        driver.call_later(0.001, lambda: done.append(None))  # behind what was refused, had it been put off
        until(driver, lambda: len(done) == 2)
        assert called == []
        assert driver.active == 0


# -------------------------------------------------------------------------------------------- which driver, which loop


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_a_loop_of_asyncio_has_one_driver(kind: str) -> None:
    with contextlib.closing(new_loop(kind)) as loop:
        first = AsyncioDriver(loop)
        assert driver_of(loop) is first
        with pytest.raises(RuntimeError, match=r"has a driver; driver_of\(loop\) is that one, or close\(\) it before"):
            AsyncioDriver(loop)
        first.close()
        second = AsyncioDriver(loop)
        assert driver_of(loop) is second


def test_an_address_that_is_held_in_another_world_is_not_taken() -> None:
    with Simulation() as sim, SelectorDriver() as own:
        drivers: list[Any] = [own, sim.host("a").driver]
        for here, there in (drivers, drivers[::-1]):
            with sansnet.using(there):
                bound = BoundSocket(host="127.0.0.1")
            with sansnet.using(here), pytest.raises(RuntimeError, match="of another driver: make both on the same one"):
                Socket(handle=bound)
            bound.address()  # it is still held
            bound.close()


def test_an_address_may_be_held_before_there_is_a_loop() -> None:
    """On the thread's own driver, for a privileged port for instance."""
    bound = BoundSocket(host="127.0.0.1")
    where = bound.address()

    async def main() -> None:
        async with sansnet.create_server().listen(bound) as server:
            await server.wait_listening()
            assert server.address() == where

    asyncio.run(main())


# ------------------------------------------------------------------------------------------------ listeners that raise

WHERE = ("connection", "connect", "data", "end", "finish", "close", "written", "counted", "timeout", "error")


class Trouble(Exception):
    """What listeners raise here."""


@pytest.fixture(params=sorted(MAKERS))
def made(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Turn]]:
    with MAKERS[request.param]() as (driver, turn), sansnet.using(driver):
        yield driver, turn


def fail(*_: object) -> None:
    raise Trouble


def misbehave(where: str, server: Server, socket: Socket) -> object:
    """Let a listener of the one or the other raise. Whose listener it is."""
    match where:
        case "connection":
            server.on("connection", fail)
        case "counted":
            server.get_connections(fail)
        case "written":
            socket.write("x", fail)
        case "timeout":
            socket.set_timeout(0.001, fail)
        case "error":
            socket.destroy(Trouble())  # nobody listens
        case _:
            socket.on(where, fail)
    return server if where in ("connection", "counted") else socket


@pytest.mark.parametrize("where", WHERE)
def test_what_a_listener_raises_is_told_with_its_socket_and_harms_no_other(
    made: tuple[Any, Turn], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, turn = made
    reported: list[tuple[type[BaseException], object]] = []
    monkeypatch.setattr(driver, "report", lambda error, source=None: reported.append((type(error), source)))
    got: list[bytes] = []
    closed: list[str] = []

    def begin() -> None:
        bad = sansnet.connect(port_of(server), "127.0.0.1")
        good = sansnet.connect(port_of(server), "127.0.0.1")
        for name, socket in (("bad", bad), ("good", good)):
            socket.prepend_listener("close", functools.partial(note, name))
        bad.resume()
        sources.append(misbehave(where, server, bad))
        if where == "timeout":
            bad.prepend_once_listener("timeout", bad.end)
        else:
            bad.end("from the bad one")
        good.on("data", got.append)
        good.end("from the good one")

    def note(name: str, _had_error: bool) -> None:
        closed.append(name)

    sources: list[object] = []
    server = sansnet.create_server(lambda peer: peer.pipe(peer), allow_half_open=True)
    server.listen(0, "127.0.0.1", callback=begin)
    for _ in range(400):
        turn(0.01)
        if len(closed) == 2 and reported:
            break
    assert b"".join(got) == b"from the good one"
    assert sorted(closed) == ["bad", "good"]
    assert set(reported) == {(Trouble, sources[0])}
    server.close()


class Broken(Socket):
    """Of a user's class that has a bug."""

    __slots__ = ()

    def __repr__(self) -> str:
        raise LookupError


@pytest.mark.parametrize("name", [*(name for name in DRIVERS if name != "trio"), "broken"])
def test_the_exception_names_the_socket_where_it_surfaces(name: str) -> None:
    with driver_over("own" if name == "broken" else name) as made, sansnet.using(made):
        driver: Any = made
        socket = Broken() if name == "broken" else Socket()
        context: dict[str, Any] = {}
        socket.destroy(Trouble())
        if name in LOOPS:
            loop = driver._loop  # noqa: SLF001
            loop.set_exception_handler(lambda _loop, told: context.update(told))
            until(driver, lambda: context)
            assert context["emitter"] is socket
            told = context["message"]
        else:
            with pytest.raises(Trouble) as caught:
                until(driver, lambda: False)
            [told] = caught.value.__notes__
        kind = "<tests.drivers.test_misuse.Broken object" if name == "broken" else "<Socket link closed"
        assert told.startswith(f"Unhandled 'error', or exception in a listener, of {kind}")


def test_out_of_a_block_of_trio_it_comes_with_the_name() -> None:
    async def main() -> None:
        with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012
            async with open_driver(), serve() as server:
                server.get_connections(fail)
                await server.wait_closed()
        [error] = caught.value.exceptions
        assert error.__notes__ == [f"Unhandled 'error', or exception in a listener, of {shown[0]}"]

    shown = ["<Server listener listening; 0 connections>"]
    TrioTasks().run(main())
