"""`once()`, and how tasks park: in asyncio's loops, and in one of this file's own that does nothing by chance."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

import pytest

import sansnet
from sansnet import AbortController, AbortError, AbortSignal, NetRuntimeError, NetTypeError, Server
from sansnet.drivers.selector import SelectorDriver
from sansnet.events import Emitter
from sansnet.parking import Spot, new_spot, parking_at
from tests.loopback import Loopback, loopback, port_of
from tests.tasks import AsyncioTasks, Tasks, asyncio_tasks, serve, start, tasks, turns

__all__ = ["asyncio_tasks", "tasks"]

T = TypeVar("T")

# ----------------------------------------------------------------------------------------------------------------- once


@pytest.mark.covers("once")
def test_it_gives_what_the_listeners_are_given(tasks: Tasks) -> None:
    async def main() -> None:
        emitter = Emitter()
        waiting = start(sansnet.once(emitter, "event"))
        await turns()
        emitter.emit("another")
        emitter.emit("event", 1, "two")
        emitter.emit("event", "too late")
        assert await waiting == (1, "two")
        assert emitter.event_names() == []

    tasks.run(main())


def test_an_error_before_it_is_raised(tasks: Tasks) -> None:
    async def main() -> None:
        emitter = Emitter()
        waiting = start(sansnet.once(emitter, "event"))
        await turns()
        emitter.emit("error", LookupError("the user's"))
        with pytest.raises(LookupError, match="the user's"):
            await waiting
        assert emitter.event_names() == []
        waiting = start(sansnet.once(emitter, "event"))
        await turns()
        emitter.emit("error", "nothing that could be raised")
        with pytest.raises(NetRuntimeError, match="nothing that could be raised"):
            await waiting

    tasks.run(main())


def test_an_error_can_be_waited_for(tasks: Tasks) -> None:
    async def main() -> None:
        emitter = Emitter()
        waiting = start(sansnet.once(emitter, "error"))
        await turns()
        emitter.emit("error", error := LookupError())
        assert await waiting == (error,)

    tasks.run(main())


def test_an_error_after_it_is_not_swallowed(tasks: Tasks) -> None:
    async def main() -> None:
        emitter = Emitter()
        waiting = start(sansnet.once(emitter, "event"))
        await turns()
        emitter.emit("event")
        with pytest.raises(LookupError):
            emitter.emit("error", LookupError())  # the task has not gone on yet, and doesn't listen any more
        assert await waiting == ()

    tasks.run(main())


def test_a_task_that_is_cancelled_leaves_no_listener(tasks: Tasks) -> None:
    async def main() -> None:
        emitter, controller = Emitter(), AbortController()
        waiting = start(sansnet.once(emitter, "event", signal=controller.signal))
        await turns()
        assert emitter.event_names() == ["event", "error"]
        assert controller.signal.listener_count() == 1
        waiting.cancel()
        await turns()
        assert waiting.cancelled()
        assert emitter.event_names() == []
        assert controller.signal.listener_count() == 0
        emitter.emit("event")

    tasks.run(main())


def test_cancelled_just_when_it_was_woken(tasks: Tasks) -> None:
    async def main() -> None:
        emitter = Emitter()
        waiting = start(sansnet.once(emitter, "event"))
        await turns()
        emitter.emit("event")
        waiting.cancel()
        await turns()
        assert waiting.cancelled() is (tasks.kind != "trio"), "trio cancels nobody who goes on already"
        assert emitter.event_names() == []

    tasks.run(main())


def test_woken_just_when_it_was_cancelled(tasks: Tasks) -> None:
    async def main() -> None:
        emitter = Emitter()
        waiting = start(sansnet.once(emitter, "event"))
        await turns()
        waiting.cancel()
        emitter.emit("event")
        await turns()
        assert waiting.cancelled()

    tasks.run(main())


def test_a_signal_ends_the_wait(tasks: Tasks) -> None:
    async def main() -> None:
        emitter, controller = Emitter(), AbortController()
        waiting = start(sansnet.once(emitter, "event", signal=controller.signal))
        await turns()
        controller.abort(reason := LookupError("enough"))
        emitter.emit("event")
        with pytest.raises(AbortError, match="The operation was aborted") as caught:
            await waiting
        assert (caught.value.code, caught.value.__cause__) == ("ABORT_ERR", reason)
        assert emitter.event_names() == []
        with pytest.raises(AbortError) as caught:
            await sansnet.once(emitter, "event", signal=controller.signal)
        assert caught.value.reason is reason

    tasks.run(main())


def test_a_signal_that_is_too_late_does_nothing(tasks: Tasks) -> None:
    async def main() -> None:
        emitter, controller = Emitter(), AbortController()
        waiting = start(sansnet.once(emitter, "event", signal=controller.signal))
        await turns()
        emitter.emit("event", "in time")
        controller.abort()
        assert await waiting == ("in time",)
        assert controller.signal.listener_count() == 0

    tasks.run(main())


def test_a_time_limit(tasks: Tasks) -> None:
    async def main() -> None:
        with pytest.raises(AbortError) as caught:
            await sansnet.once(Emitter(), "event", signal=AbortSignal.timeout(0.001))
        assert isinstance(caught.value.reason, TimeoutError)

    tasks.run(main())


@pytest.mark.parametrize(
    ("emitter", "keywords", "named"), [("text", {}, "emitter"), (Emitter(), {"signal": "text"}, r"options\.signal")]
)
def test_what_is_none_is_refused(tasks: Tasks, emitter: Any, keywords: Any, named: str) -> None:
    with pytest.raises(NetTypeError, match=named) as caught:
        tasks.run(sansnet.once(emitter, "event", **keywords))
    assert caught.value.code == "ERR_INVALID_ARG_TYPE"


def test_a_server_that_begins_to_listen(tasks: Tasks) -> None:
    async def main() -> None:
        server = sansnet.create_server().listen(0, "127.0.0.1")
        assert await sansnet.once(server, "listening") == ()
        other = sansnet.create_server().listen(port_of(server), "127.0.0.1")
        with pytest.raises(OSError, match="EADDRINUSE"):
            await sansnet.once(other, "listening")
        server.close()

    tasks.run(main())


# -------------------------------------------------------------------------------------------------------------- parking


def test_outside_of_a_loop_there_is_nowhere_to_park() -> None:
    with pytest.raises(RuntimeError, match="in a task of asyncio or trio"):
        new_spot()


def test_who_was_woken_already_does_not_wait(tasks: Tasks) -> None:
    async def main() -> None:
        spot = new_spot()
        spot.wake()
        spot.wake()
        with pytest.raises(StopIteration):
            spot.park().send(None)

    tasks.run(main())


class Step:
    """Where a task of `Steps` parks: it is in a list, and runs when its turn comes."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._task = steps.running
        self._woken = False

    def wake(self) -> None:
        if not self._woken:
            self._woken = True
            self._steps.ready.append(self._task)

    @coroutine
    def _wait(self) -> Generator[None, None, None]:
        yield

    async def park(self) -> None:
        await self._wait()


class Steps:
    """Runs coroutines on the selector driver, one step of one of them at a time: a runner that knows no asyncio."""

    def __init__(self, driver: SelectorDriver) -> None:
        self.driver = driver
        self.ready: list[Coroutine[Any, Any, Any]] = []
        self.results: dict[Coroutine[Any, Any, Any], Any] = {}
        self.running: Coroutine[Any, Any, Any] = None  # type: ignore[assignment]  # until one does

    def spot(self) -> Spot:
        return Step(self)

    def run(self, *mains: Coroutine[Any, Any, T]) -> list[T]:
        self.ready.extend(mains)
        with parking_at(self.spot):
            while len(self.results) < len(mains):
                while self.ready:
                    self._step(self.ready.pop(0))
                assert len(self.results) == len(mains) or self.driver.step() or self.ready, "all wait, and for nothing"
        return [self.results[main] for main in mains]

    def _step(self, task: Coroutine[Any, Any, Any]) -> None:
        self.running = task
        try:
            task.send(None)
        except StopIteration as done:
            self.results[task] = done.value


@pytest.fixture
def net() -> Any:
    with loopback() as made:
        yield made


def test_any_runner_will_do(net: Loopback) -> None:
    async def serve(server: Server) -> int:
        count = 0
        async for peer in server:
            async with peer:
                async for chunk in peer:
                    peer.write(chunk.upper())
                    count += 1
            server.close()
        return count

    async def talk(server: Server) -> list[bytes]:
        await server.wait_listening()
        async with sansnet.connect(port_of(server), "127.0.0.1") as client:
            await sansnet.once(client, "connect")
            client.end("hello")
            await client.finished()
            return [chunk async for chunk in client]

    server = sansnet.create_server().listen(0, "127.0.0.1")
    assert Steps(net.driver).run(serve(server), talk(server)) == [1, [b"HELLO"]]
    net.run()


def test_a_listener_that_raises_keeps_no_task_waiting(asyncio_tasks: AsyncioTasks) -> None:
    """It keeps the listeners behind it from being called; a task was there later, and hears all the same."""

    def fail(*_: object) -> None:
        raise LookupError

    async def main() -> None:
        async with serve(fail) as server:
            peers = aiter(server)
            client = sansnet.connect(port_of(server), "127.0.0.1").on("connect", fail).on("close", fail)
            await sansnet.once(client, "connect")
            peer = await anext(peers)
            peer.on("readable", fail).on("end", fail)
            chunks = aiter(peer)
            reading = start(anext(chunks))
            await turns()
            client.write("x")
            assert await reading == b"x"
            async with client:
                waiting = start(client.wait_closed())
                await turns()
            await waiting
            assert [chunk async for chunk in chunks] == []
        assert {type(error) for error in asyncio_tasks.take_unhandled()} == {LookupError}

    asyncio_tasks.run(main())
