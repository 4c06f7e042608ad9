"""How a block of the trio driver ends: by itself, by a crash, by cancellation; and what it leaves, which is nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio

import sansnet
from sansnet import Socket
from sansnet.drivers.trio import TrioDriver, open_driver
from tests.drivers.left_open import left_open
from tests.drivers.recorder import is_alive, open_descriptors
from tests.loopback import PATIENCE, child_environment, held_port, port_of
from tests.tasks import pair, turns

ROOT = Path(__file__).resolve().parents[2]


def run(main: Callable[[], Any]) -> Any:
    """Run it in trio, for so long at most."""

    async def limited() -> Any:
        with trio.fail_after(PATIENCE):
            return await main()

    return trio.run(limited)


def raiser(error: BaseException) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


async def group_of(block: Callable[[], Awaitable[object]]) -> BaseExceptionGroup[BaseException]:
    """What comes out of a block."""
    with pytest.raises(BaseExceptionGroup) as caught:
        await block()
    return caught.value


# ---------------------------------------------------------------------------------------------------------- leaving it


@pytest.mark.parametrize("how", ["return", "raise", "cancel", "crash", "close"])
def test_leaving_the_block_closes_what_is_open(how: str) -> None:
    drivers: list[TrioDriver] = []
    left: list[Any] = []

    async def block() -> None:
        async with open_driver() as driver:
            drivers.append(driver)
            left.extend(left_open())
            await turns(20)
            assert driver.handles
            match how:
                case "raise":
                    raise LookupError
                case "cancel":
                    await trio.sleep_forever()
                case "crash":
                    driver.call_soon(raiser(LookupError()))
                    await trio.sleep_forever()
                case "close":
                    driver.close()
                case _:
                    pass

    async def main() -> None:
        before = open_descriptors()
        if how in ("raise", "crash"):
            group = await group_of(block)
            assert [type(error) for error in group.exceptions] == [LookupError]
        elif how == "cancel":
            with trio.move_on_after(0.01) as scope:
                await block()
            assert scope.cancelled_caught
        else:
            await block()
        assert open_descriptors() == before

    run(main)
    [driver] = drivers
    assert (driver.closed, driver.handles, is_alive(driver)) == (True, {}, False)
    assert left[1].fileno() == -1


def test_the_block_ends_also_when_a_socket_will_not_be_closed() -> None:
    class Failing:
        def abandon(self) -> None:
            raise LookupError

    async def block() -> None:
        async with open_driver() as driver:
            await turns()  # until it sleeps
            failing: Any = Failing()
            driver.handles[failing] = None

    async def main() -> None:
        before = open_descriptors()
        group = await group_of(block)
        assert group.subgroup(LookupError)
        assert open_descriptors() == before

    run(main)


def test_what_is_cancelled_can_still_say_goodbye() -> None:
    async def main() -> None:
        got: list[bytes] = []
        ended = trio.Event()
        with trio.CancelScope() as scope:
            async with open_driver(), pair() as (client, peer):
                peer.on("data", got.append).on("end", ended.set)
                scope.cancel()
                try:
                    await trio.sleep_forever()
                finally:
                    with trio.CancelScope(shield=True):
                        client.end("goodbye")
                        await client.finished()
                        await ended.wait()
        assert got == [b"goodbye"]

    run(main)


def test_blocks_of_sockets_end_with_a_cancelled_block() -> None:
    """`async with` and `async for` are cancelled as well, and close what they hold."""

    async def main() -> None:
        seen: list[Socket] = []

        async def hold() -> None:
            async with sansnet.create_server().listen(0, "127.0.0.1") as server:
                await server.wait_listening()
                async with sansnet.connect(port_of(server), "127.0.0.1") as client:
                    seen.append(client)
                    async for peer in server:
                        async with peer:
                            seen.append(peer)
                            async for _ in client:
                                pass

        async with open_driver() as driver:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(hold)
                while len(seen) < 2:
                    await turns()
                nursery.cancel_scope.cancel()
            assert all(each.destroyed for each in seen)
            await driver.idle()
            assert not driver.handles

    run(main)


# ------------------------------------------------------------------------------------------------------------- crashes


def test_what_a_listener_raises_cancels_the_block_when_all_is_told() -> None:
    async def main() -> None:
        order: list[str] = []
        error = LookupError("the user's")

        async def block() -> None:
            async with open_driver(), pair() as (client, peer):
                peer.on("end", raiser(error)).on("end", lambda: order.append("not reached"))
                peer.on("data", lambda _: order.append("data"))
                client.on("finish", lambda: order.append("finish"))
                peer.on("close", lambda _had_error: order.append("close"))
                client.end("x")
                try:
                    await trio.sleep_forever()
                finally:
                    order.append("cancelled")
                    with trio.CancelScope(shield=True):
                        await client.resume().wait_closed()
                        await peer.wait_closed()

        group = await group_of(block)
        assert group.exceptions == (error,)
        assert [entry for entry in order if entry != "finish"] == ["data", "cancelled", "close"]

    run(main)


def test_several_come_out_in_the_order_they_came() -> None:
    async def main() -> None:
        errors = [LookupError(), ValueError(), KeyError()]
        order: list[str] = []

        async def block() -> None:
            async with open_driver() as driver:
                for error in errors:
                    driver.call_soon(raiser(error))
                driver.call_soon(lambda: order.append("not lost"))
                await trio.sleep_forever()

        group = await group_of(block)
        [inner] = group.exceptions
        assert isinstance(inner, ExceptionGroup)
        assert inner.exceptions == tuple(errors)
        assert order == ["not lost"]

    run(main)


def test_an_error_that_nobody_listens_to_comes_out() -> None:
    async def main() -> None:
        clients: list[Socket] = []

        async def block() -> None:
            with held_port() as port:
                async with open_driver():
                    clients.append(sansnet.connect(port, "127.0.0.1"))
                    await trio.sleep_forever()

        group = await group_of(block)
        [error] = group.exceptions
        assert isinstance(error, ConnectionRefusedError)
        assert clients[0].destroyed

    run(main)


def test_the_error_of_a_task_and_that_of_a_listener_come_out_together() -> None:
    async def main() -> None:
        async def crash() -> None:
            raise ValueError

        async def block() -> None:
            async with open_driver(), trio.open_nursery() as nursery, pair() as (client, peer):
                peer.on("close", raiser(LookupError()))
                nursery.start_soon(crash)
                try:
                    await trio.sleep_forever()
                finally:
                    client.destroy()
                    with trio.CancelScope(shield=True):
                        await peer.resume().wait_closed()

        group = await group_of(block)
        assert group.subgroup(ValueError)
        assert LookupError in map(type, group.exceptions)

    run(main)


def test_an_exit_comes_out_and_loses_nothing() -> None:
    async def main() -> None:
        order: list[str] = []

        async def block() -> None:
            async with open_driver() as driver:
                driver.call_soon(raiser(SystemExit(3)))
                driver.call_soon(lambda: order.append("not lost"))
                try:
                    await trio.sleep_forever()
                finally:
                    with trio.CancelScope(shield=True):
                        await turns()

        group = await group_of(block)
        assert [type(error) for error in group.exceptions] == [SystemExit]
        assert order == ["not lost"]

    run(main)


def test_ctrl_c_strikes_the_main_task_and_no_listener() -> None:
    order: list[str] = []

    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)
        order.append("the listener goes on")

    async def main() -> None:
        async with open_driver() as driver:
            driver.call_soon(interrupt)
            driver.call_soon(lambda: order.append("so does the turn"))
            try:
                await trio.sleep_forever()
            except KeyboardInterrupt:
                order.append("the main task")
                raise

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
            trio.run(main)
    finally:
        signal.signal(signal.SIGINT, before)
    assert order == ["the listener goes on", "so does the turn", "the main task"]


# --------------------------------------------------------------------------------------------------- nothing is left

TEARDOWN = """
import sys, trio
from tests.drivers.left_open import left_open
from sansnet.drivers.trio import open_driver

async def chunks(client):
    try:
        async for chunk in client:
            yield chunk
    finally:
        print("finalised", client.destroyed)

async def wait(client):
    async with client:
        await trio.sleep_forever()

async def main(how):
    global left  # until the interpreter ends
    async with open_driver() as driver, trio.open_nursery() as nursery:
        left = left_open()
        for _ in range(40):
            await trio.lowlevel.checkpoint()
        match how:
            case "raise":
                raise SystemExit("raised")
            case "task":
                nursery.start_soon(wait, left[1])
                await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
            case "listener":
                driver.call_soon(lambda: 1 / 0)
                await trio.sleep_forever()
            case "generator":
                left.append(chunks(left[1]))
                await anext(left[-1])

how = sys.argv[1]
try:
    trio.run(main, how)
except* ZeroDivisionError:
    print("by zero")
except* SystemExit as group:
    print(group.exceptions)
print("over")
"""


@pytest.mark.parametrize("how", ["return", "raise", "task", "listener", "generator"])
def test_nothing_is_left_open_and_nothing_warns(how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", TEARDOWN, how],
        env=child_environment(dict(os.environ)),
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    told = {"listener": "by zero\n", "generator": "finalised True\n", "raise": "(BaseExceptionGroup("}
    assert done.stderr == ""
    assert done.stdout.startswith(told.get(how, ""))
    assert done.stdout.endswith("over\n")
