"""Coroutines on the simulated network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import trio

import sansnet
from sansnet import Socket
from sansnet.testing.faults import Faults
from sansnet.testing.simulation import Simulation
from sansnet.testing.tasks import Cancelled


async def ask(host: str, *lines: bytes) -> list[bytes]:
    """Each line, and what came back."""
    answers = []
    async with sansnet.connect(80, host) as socket:
        chunks = aiter(socket)
        for line in lines:
            socket.write(line)
            answers.append(await anext(chunks))
        socket.end()
        await socket.finished()
    return answers


def echo(sim: Simulation) -> None:
    with sim.host("server"):
        sansnet.create_server(lambda peer: peer.pipe(peer)).listen(80)


def test_a_client_in_a_task() -> None:
    with Simulation(faults=Faults(latency=(0.01, 0.1))) as sim:
        echo(sim)
        with sim.host("client"):
            assert sim.run_async(ask("server", b"one", b"two")) == [b"one", b"two"]
        assert 0 < sim.now < 2


def test_a_server_and_clients_in_tasks_tell_the_same_story_each_time() -> None:
    async def greet(peer: Socket) -> None:
        async for chunk in peer:
            peer.write(chunk)
            await peer.drained()

    async def serve(sim: Simulation) -> None:
        async with sansnet.create_server() as server:
            server.listen(80)
            async for peer in server:
                _ = sim.host("server").start(greet(peer))

    async def main(sim: Simulation) -> list[Any]:
        tasks = [sim.host(f"client {number}").start(ask("server", b"%d" % number)) for number in range(5)]
        return [await task for task in tasks]

    def played(seed: int) -> tuple[list[Any], str]:
        with Simulation(seed, faults=Faults(latency=(0.01, 0.1), partial_reads=0.1)) as sim:
            _ = sim.host("server").start(serve(sim))
            return sim.run_async(main(sim)), sim.digest

    answers, digest = played(3)
    assert answers == [[b"%d" % number] for number in range(5)]
    assert played(3) == (answers, digest)
    assert played(4)[1] != digest


def test_sleep_takes_virtual_time() -> None:
    with Simulation() as sim:
        sim.host("a")
        order: list[Any] = []

        async def napper(seconds: float) -> None:
            await sim.sleep(seconds)
            order.append((seconds, sim.now))

        async def main() -> str:
            tasks = [sim.host("a").start(napper(seconds)) for seconds in (3600, 1, 60)]
            for task in tasks:
                await task
            return "done"

        assert sim.run_async(main()) == "done"
        assert order == [(1, 1), (60, 60), (3600, 3600)]


def test_what_a_task_raises() -> None:
    async def fail() -> None:
        raise ValueError("so")

    async def watch(sim: Simulation) -> str:
        with pytest.raises(ValueError, match="so"):
            await sim.host("a").start(fail())
        task = sim.host("a").start(fail())
        with pytest.raises(RuntimeError, match="isn't done"):
            _ = task.result
        with pytest.raises(ValueError, match="so"):
            await task
        with pytest.raises(ValueError, match="so"):
            await task  # again
        return "watched"

    with Simulation() as sim:
        with pytest.raises(RuntimeError, match="no host"):
            sim.run_async(fail())
        sim.host("a")
        with pytest.raises(ValueError, match="so"):
            sim.run_async(fail())
        assert sim.run_async(watch(sim)) == "watched"
        _ = sim.host("a").start(fail())  # nobody looks
        with pytest.raises(ValueError, match="so"):
            sim.run()


def test_cancelling() -> None:
    log: list[str] = []

    async def wait(sim: Simulation) -> None:
        try:
            await sim.sleep(100)
        finally:
            log.append("cleaned up")

    async def main(sim: Simulation) -> None:
        task = sim.host("a").start(wait(sim))
        await sim.sleep(1)
        task.cancel()
        task.cancel()
        with pytest.raises(Cancelled):
            await task
        task.cancel()
        before = sim.host("a").start(wait(sim))
        before.cancel()  # it never began
        with pytest.raises(Cancelled):
            await before

    with Simulation() as sim:
        sim.host("a")
        sim.run_async(main(sim))
        assert log == ["cleaned up"]
        assert sim.now == 1


def test_a_task_that_nothing_can_wake() -> None:
    async def wait() -> None:
        await sansnet.once(sansnet.create_server(), "listening")

    async def wait_long(sim: Simulation) -> None:
        await sim.sleep(100)

    with Simulation() as sim:
        sim.host("a")
        with pytest.raises(RuntimeError, match="never come"):
            sim.run_async(wait())
        with pytest.raises(TimeoutError, match="after 5 s"):
            sim.run_async(wait_long(sim), seconds=5)
        assert sim.now == 5


def test_a_task_dies_with_its_host_and_is_cleaned_up_at_the_end() -> None:
    log: list[str] = []

    async def wait(sim: Simulation) -> None:
        try:
            await sim.sleep(1)
            log.append("woke up")
        finally:
            log.append("cleaned up")

    with Simulation() as sim:
        _ = sim.host("a").start(wait(sim))
        sim.run(0.5)
        sim.host("a").crash()
        sim.host("a").restart()
        sim.run(10)
        assert log == []
    assert log == ["cleaned up"]


def test_a_task_of_a_simulation_waits_for_no_other_kind_of_thing() -> None:
    async def main() -> None:
        await asyncio.sleep(0)

    with Simulation() as sim:
        sim.host("a")
        with pytest.raises(RuntimeError, match="can wait for sansnet, "):
            sim.run_async(main())


def test_what_needs_another_loop_is_told_that_there_is_none() -> None:
    with Simulation() as sim:
        sim.host("a")
        for sleep in (asyncio.sleep, trio.sleep):
            with pytest.raises(RuntimeError) as raised:
                sim.run_async(sleep(1))
            told = "a task of a simulation can wait for sansnet, sim.sleep() and other tasks, not for what belongs to "
            assert raised.value.__notes__[0].startswith(told)


def test_one_that_is_woken_before_it_parks_or_twice() -> None:
    """Both happen: a listener calls at once; two events come in one turn."""
    with Simulation() as sim:
        echo(sim)
        with sim.host("client"):

            async def main() -> list[str]:
                log: list[str] = []
                async with sansnet.connect(80, "server") as socket:
                    await sansnet.once(socket, "connect")
                    log.append("connected")
                    socket.write(b"x")
                    socket.write(b"y")
                    log.append(str(await sansnet.once(socket, "data")))
                    await sim.sleep(1)
                    log.append(f"{sim.now:.1f}")
                return log

            assert sim.run_async(main()) == ["connected", "(b'x',)", "1.0"]


# ------------------------------------------------------------------------------------- in a task of another kind


COUNT = 8


def hosted() -> tuple[Simulation, list[Any]]:
    """A simulation, and all of it that can be awaited, each as a function that begins to."""
    sim = Simulation()
    with sim.host("a"):
        server = sansnet.create_server().listen(80)
        sim.run(0.1)
        client = sansnet.connect(80, "a")
        sim.run(0.1)
    task = sim.host("a").start(sim.sleep(9))

    async def connections() -> None:
        async for _ in server:
            pass

    async def chunks() -> None:
        async for _ in client:
            pass

    async def done() -> None:
        await task

    awaitables = [
        lambda: sim.sleep(1),
        done,
        connections,
        chunks,
        client.finished,
        client.wait_closed,
        server.wait_closed,
        lambda: sansnet.once(client, "end"),
    ]
    assert len(awaitables) == COUNT
    return sim, awaitables


@pytest.mark.parametrize("number", range(COUNT))
def test_what_another_loop_would_wait_for_for_ever_is_refused(number: int) -> None:
    sim, awaitables = hosted()

    async def main() -> None:
        await asyncio.wait_for(awaitables[number](), 5)

    with (
        sim,
        pytest.raises(RuntimeError, match=r"of its own simulation, and this is none of its tasks; start"),
    ):
        asyncio.run(main())


@pytest.mark.parametrize("number", range(COUNT))
def test_what_another_simulation_would_wait_for_for_ever_is_refused(number: int) -> None:
    sim, awaitables = hosted()
    with sim, Simulation() as other:
        other.host("b")
        with pytest.raises(RuntimeError, match="this is a task of another simulation"):
            other.run_async(awaitables[number]())


def test_what_was_refused_leaves_no_trace() -> None:
    """The task goes on, and what it raises is still told to whoever runs it."""
    with Simulation() as sim:

        async def fail() -> None:
            await sim.sleep(1)
            raise ValueError("so")

        task = sim.host("a").start(fail())

        async def main() -> None:
            await task

        with pytest.raises(RuntimeError, match="none of its tasks"):
            asyncio.run(main())
        with pytest.raises(ValueError, match="so"):
            sim.run(2)


def test_a_function_is_no_coroutine() -> None:
    async def main() -> None: ...

    with Simulation() as sim:
        sim.host("a")
        with pytest.raises(TypeError, match=r"a coroutine, such as main\(\), not of the function: call it"):
            sim.run_async(main)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="not of 7"):
            _ = sim.host("a").start(7)  # type: ignore[arg-type]
        sim.run()
