"""Sockets in tasks: `async with`, and the waits that are methods."""

from __future__ import annotations

import gc

import pytest

import sansnet
from sansnet import NetConnectionError, NetConnectionResetError, Socket
from tests.loopback import log_of, port_of
from tests.tasks import ENDINGS, Tasks, all_of, events_of, flag, listeners_of, pair, serve, start, tasks, turns

__all__ = ["tasks"]

MIB = 1 << 20


# --------------------------------------------------------------------------------------------------------------- blocks


@pytest.mark.covers("Socket.__aenter__", "R-07")
def test_a_block_closes_the_socket_and_waits_for_close(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            log = events_of(client)
            async with client as same:
                assert same is client
                client.write("x")
            assert log == ["prefinish", "finish", "close"], "no 'error', which Node has here"
            assert listeners_of(client) == len(ENDINGS)
            async with client:  # once more does no harm
                pass
            assert [chunk async for chunk in peer] == [b"x"]
        async with Socket() as fresh:
            pass
        assert fresh.destroyed

    tasks.run(main())


def test_a_block_lets_all_go_out_that_was_written(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):

            async def send() -> None:
                async with client:
                    client.write(bytes(16 * MIB))

            sending = start(send())
            await turns()
            assert client.writable_length
            assert sum([len(chunk) async for chunk in peer]) == 16 * MIB
            await sending

    tasks.run(main())


def test_a_block_that_is_cancelled_does_not_wait_for_the_peer(tasks: Tasks) -> None:
    """Neither when it is cancelled inside nor while it waits for what was written to go out."""

    async def main() -> None:
        for inside in (True, False):
            async with pair() as (client, _):

                async def send(socket: Socket, waits: bool) -> None:
                    async with socket:
                        socket.write(bytes(16 * MIB))
                        if waits:
                            await flag().wait()

                sending = start(send(client, inside))
                await turns()
                assert client.writable_ended is not inside
                sending.cancel()
                await sending.over()
                assert sending.cancelled()
                assert client.destroyed

    tasks.run(main())


def test_a_block_that_has_nothing_to_send_does_not_wait_for_a_connection(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            async with sansnet.connect(port_of(server), "127.0.0.1") as client:
                log: list[str] = []
                client.on("connect", lambda: log.append("connect"))
            assert client.destroyed
            assert log == []

    tasks.run(main())


def test_a_block_raises_what_was_raised_in_it(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, _):
            with pytest.raises(LookupError):
                async with client:
                    raise LookupError
            assert client.destroyed

    tasks.run(main())


def test_in_a_block_no_error_is_unhandled(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer), peer:
            client.reset_and_destroy()
            while not peer.destroyed:
                await turns()
            assert isinstance(peer.errored, NetConnectionResetError)

    tasks.run(main())


# ---------------------------------------------------------------------------------------------------------------- waits


@pytest.mark.covers("Socket.drained")
def test_drained(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            await client.drained()
            assert not client.write(bytes(16 * MIB))
            waiting = start(client.drained())
            await turns()
            assert not waiting.done()
            peer.resume()
            await waiting
            assert client.writable_length == 0
            assert listeners_of(client) == 0
            client.end()
            await client.drained()

    tasks.run(main())


@pytest.mark.covers("Socket.finished")
def test_finished(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            waiting = start(client.finished())
            await turns()
            client.end(bytes(16 * MIB))
            await turns()
            assert not waiting.done()
            peer.resume()
            await waiting
            assert client.writable_finished
            await client.finished()
            await client.resume().wait_closed()
            await client.finished()  # it was told

    tasks.run(main())


@pytest.mark.parametrize("wait", ["drained", "finished"])
@pytest.mark.parametrize("how", ["reset", "destroy", "destroy before", "destroy with an error", "closed"])
def test_a_wait_ends_with_the_socket(tasks: Tasks, wait: str, how: str) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            client.write(bytes(16 * MIB))
            if how == "destroy before":
                client.destroy()
            if how == "closed":
                await client.destroy().wait_closed()
            waiting = start(getattr(client, wait)())
            await turns()
            if how == "reset":
                peer.reset_and_destroy()
            elif how == "destroy":
                client.destroy()
            elif how == "destroy with an error":
                client.destroy(LookupError())
            expected = {"reset": ConnectionError, "destroy with an error": LookupError}.get(how, NetConnectionError)
            with pytest.raises(expected) as caught:
                await waiting
            assert how in ("reset", "destroy with an error") or str(caught.value) == "Premature close"
            assert listeners_of(client) == 0

    tasks.run(main())


@pytest.mark.covers("Socket.wait_closed")
def test_wait_closed(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            waiting = start(client.wait_closed())
            peer.end()
            await all_of(client.resume().wait_closed(), peer.resume().wait_closed(), waiting.over())
            assert waiting.result() is None
            assert client.destroyed
            await client.wait_closed()
        async with pair() as (client, peer):
            waiting = start(client.wait_closed())
            await turns()
            peer.reset_and_destroy()
            for each in (waiting, client.wait_closed()):
                with pytest.raises(NetConnectionResetError):
                    await each

    tasks.run(main())


def test_a_wait_that_is_cancelled_leaves_nothing(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, _):
            client.write(bytes(16 * MIB))
            waits = [start(wait()) for wait in (client.drained, client.finished, client.wait_closed)]
            await turns()
            for wait in waits:
                wait.cancel()
            for wait in waits:
                await wait.over()
            assert all(wait.cancelled() for wait in waits)
            assert listeners_of(client) == 0

    tasks.run(main())


# ------------------------------------------------------------------------------------------------------- another life


@pytest.mark.parametrize("error", [None, LookupError("the old life's")])
def test_the_end_of_an_old_life_ends_no_wait_for_the_new_one(tasks: Tasks, error: Exception | None) -> None:
    async def main() -> None:
        async with serve(lambda peer: peer.resume()) as server:
            for wait in ("finished", "drained", "wait_closed", "__anext__"):
                client = sansnet.connect(port_of(server), "127.0.0.1").on("error", str)
                await sansnet.once(client, "connect")
                client.destroy(error).connect(port_of(server), "127.0.0.1")
                client.write(bytes(MIB)) if wait == "drained" else client.end("x")
                waiting = getattr(aiter(client) if wait == "__anext__" else client, wait)()
                if wait == "__anext__":
                    with pytest.raises(StopAsyncIteration):
                        await waiting
                else:
                    await waiting
                client.destroy()

    tasks.run(main())


@pytest.mark.parametrize("wait", ["wait_closed", "__anext__"])
def test_no_task_waits_for_a_life_that_was_replaced(tasks: Tasks, wait: str) -> None:
    """It ended before there was a connection: there is no 'close'."""

    async def main() -> None:
        async with serve() as server:
            client = Socket()
            waiting = start(getattr(aiter(client) if wait == "__anext__" else client, wait)())
            await turns()
            client.end().connect(port_of(server), "127.0.0.1")
            if wait == "wait_closed":
                await waiting
            else:
                with pytest.raises(NetConnectionError, match="Premature close"):
                    await waiting
            assert listeners_of(client) == 0
            client.destroy()

    tasks.run(main())


# ---------------------------------------------------------------------------------------------- what is as it always is


def test_events_come_in_the_same_order_as_without_tasks(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            peer.on("data", lambda _: peer.end("back"))
            log = log_of(client, "c", log_of(peer, "s"))
            client.end("there")
            await all_of(client.wait_closed(), peer.wait_closed())
            assert [entry for entry in log if entry.startswith("c")] == [
                *("c.prefinish", "c.finish", "c.data(b'back')", "c.end", "c.close(False)")
            ]
            assert log[-1] in ("c.close(False)", "s.close(False)")

    tasks.run(main())


def test_an_idle_timeout(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            client.set_timeout(0.001)
            await sansnet.once(client, "timeout")
            assert not client.destroyed
            client.destroy()
            await peer.resume().wait_closed()

    tasks.run(main())
    gc.collect()
