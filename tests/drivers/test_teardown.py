"""Whole programs that end: nothing is left open, nothing warns, and a cancelled wait has taken nothing.

Each is a process of its own, in which every warning is an error: a socket that nobody closed, a coroutine that nobody
awaited, an exception that nobody retrieved. The one that is interrupted sends itself the signal: asyncio sets no
wake-up descriptor, so one from outside may come between its last look at signals and its wait, and never be noticed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drivers.stepped import new_loop
from tests.loopback import PATIENCE, child_environment, complaints

ROOT = Path(__file__).resolve().parents[2]

COMMON = """
import asyncio, contextlib, signal, sys
import sansnet

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born ignoring it
left = []  # until the interpreter ends

async def waits():
    '''A connection in the middle of everything, and each way to wait for it.'''
    server = sansnet.create_server(allow_half_open=True).listen(0, "127.0.0.1")
    other = sansnet.create_server().listen(0, "127.0.0.1")
    await server.wait_listening()
    await other.wait_listening()
    client = sansnet.connect(server.address().port, "127.0.0.1")
    (peer,) = await sansnet.once(server, "connection")
    client.write(bytes(1 << 24))
    left.extend([server, other, client, peer])

    async def chunks():
        async for chunk in client:
            raise AssertionError("nobody says anything")

    async def connections():
        async for connection in other:
            raise AssertionError("nobody comes")

    async def block():
        async with peer:
            await for_ever()

    return [
        client.drained, client.finished, client.wait_closed, server.wait_closed, sansnet.default_driver().idle,
        lambda: sansnet.once(client, "end"), chunks, connections, block,  # cancelled, these close what they are about
    ]
"""

ASYNCIO = """
async def for_ever():
    await asyncio.Event().wait()

async def main():
    tasks = [asyncio.ensure_future(each()) for each in await waits()]
    left.extend(tasks)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not any(task.done() for task in tasks), tasks
    match HOW:
        case "cancelled one by one":
            for task in tasks:
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled(), task
        case "a group that fails":
            async with asyncio.TaskGroup() as group:
                for each in await waits():
                    group.create_task(each())
                await asyncio.sleep(0)
                raise LookupError
        case "too late":
            async with asyncio.timeout(0.01):
                await asyncio.gather(*tasks)
        case "interrupted":
            asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
            await asyncio.gather(*tasks)
        case "the tasks are left":
            pass

try:
    RUN
except* LookupError:
    print("failed")
except* TimeoutError:
    print("too late")
except* KeyboardInterrupt:
    print("interrupted")
print("over")
"""

TRIO = """
import trio
from sansnet.drivers.trio import open_driver

for_ever = trio.sleep_forever

async def main():
    async with open_driver(), trio.open_nursery() as nursery:
        waiting = await waits()
        scopes = [trio.CancelScope() for _ in waiting]

        async def run(each, scope):
            with scope:
                await each()
            assert scope.cancelled_caught, each

        for each, scope in zip(waiting, scopes):
            nursery.start_soon(run, each, scope)
        for _ in range(50):
            await trio.lowlevel.checkpoint()
        match HOW:
            case "cancelled one by one":
                for scope in scopes:
                    scope.cancel()
                    for _ in range(10):
                        await trio.lowlevel.checkpoint()
            case "a group that fails":
                raise LookupError
            case "too late":
                with trio.fail_after(0.01):
                    await trio.sleep_forever()
            case "interrupted":
                trio.lowlevel.current_trio_token().run_sync_soon(signal.raise_signal, signal.SIGINT)
                await trio.sleep_forever()
            case "the tasks are left":
                nursery.cancel_scope.cancel()

try:
    trio.run(main)
except* LookupError:
    print("failed")
except* trio.TooSlowError:
    print("too late")
except* KeyboardInterrupt:
    print("interrupted")
print("over")
"""

RUNS = {
    "asyncio": "asyncio.run(main())",
    "asyncio debug": "asyncio.run(main(), debug=True)",
    "uvloop": "import uvloop; uvloop.run(main())",
}
SAID = {"a group that fails": "failed\n", "too late": "too late\n", "interrupted": "interrupted\n"}


@pytest.mark.parametrize("kind", [*RUNS, "trio"])
@pytest.mark.parametrize(
    "how", ["cancelled one by one", "a group that fails", "too late", "interrupted", "the tasks are left"]
)
def test_a_program_ends_with_everything_closed(kind: str, how: str) -> None:
    if kind == "uvloop":
        new_loop(kind).close()  # or there is none
    program = COMMON + f"HOW = {how!r}\n" + (TRIO if kind == "trio" else ASYNCIO.replace("RUN", RUNS[kind]))
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        env=child_environment(dict(os.environ)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert (stdout, complaints(stderr), process.returncode) == (SAID.get(how, "") + "over\n", [], 0)
