"""Servers in tasks: `async for`, `async with`, and the waits that are methods."""

from __future__ import annotations

import contextlib
import errno
import sys
import threading
from unittest import mock

import pytest

import sansnet
from sansnet import NetRuntimeError, Server, Socket
from sansnet.awaited_server import BACKLOG
from tests.loopback import PATIENCE, port_of
from tests.tasks import Cancelled, Tasks, flag, listeners_of, serve, start, tasks, time_limit, turns

__all__ = ["tasks"]


async def connections(server: Server, count: int) -> list[Socket]:
    """So many clients, one after the other, all connected."""
    made = []
    for _ in range(count):
        made.append(client := sansnet.connect(port_of(server), "127.0.0.1"))
        await sansnet.once(client, "connect")
    return made


def close_all(clients: list[Socket]) -> None:
    for client in clients:
        client.destroy()


async def all_gone(clients: list[Socket]) -> None:
    """Destroy them, and wait for the end of each; how they died is not asked."""
    for client in clients:
        client.on("error", str).destroy()
    for client in clients:
        with contextlib.suppress(Exception):
            await client.wait_closed()


# ------------------------------------------------------------------------------------------------------------ iterating


@pytest.mark.covers("Server.__aiter__")
def test_each_connection_once_and_in_order(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            ports: list[int | None] = []
            connecting = start(connections(server, 5))
            async for peer in server:
                ports.append(peer.remote_port)
                if len(ports) == 5:
                    break
            clients = await connecting
            assert ports == [client.local_port for client in clients]
            await all_gone(clients)

    tasks.run(main())


def test_the_loop_ends_with_close(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            count = 0

            async def accept() -> None:
                nonlocal count
                async for peer in server:
                    count += 1
                    peer.resume()

            accepting = start(accept())
            clients = await connections(server, 3)
            while count < 3:
                await turns()
            server.close()
            await turns()
            assert not accepting.done(), "'close' is told when the last connection is gone"
            await all_gone(clients)
            await accepting
            assert count == 3
            assert listeners_of(server) == 0
            assert [peer async for peer in server] == [], "it was closed before"

    tasks.run(main())


def test_while_the_consumer_is_busy_a_few_are_accepted(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            peers = aiter(server)
            clients = await connections(server, BACKLOG + 5)
            await turns(20)
            assert server.connections == BACKLOG, "the others are with the system"
            for _ in range(BACKLOG - 1):
                await anext(peers)
            await turns(20)
            assert server.connections == BACKLOG
            for _ in range(6):
                await anext(peers)
            assert server.connections == BACKLOG + 5
            await all_gone(clients)

    tasks.run(main())


def test_a_cancelled_wait_loses_no_connection(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            peers, clients, got = aiter(server), [], []
            for number in range(20):
                waiting = start(anext(peers))
                await turns(1)
                clients += await connections(server, 1)
                await turns(number % 4)
                waiting.cancel()
                with contextlib.suppress(Cancelled):
                    got.append(await waiting)
            while len(got) < 20:
                got.append(await anext(peers))
            assert [peer.remote_port for peer in got] == [client.local_port for client in clients]
            await all_gone(clients)

    tasks.run(main())


def test_leaving_the_loop_closes_the_server(tasks: Tasks) -> None:
    """What it accepted for the loop, and the loop hasn't seen, is destroyed; what it has seen lives on."""

    async def main() -> None:
        async with serve() as server:
            connecting = start(connections(server, 3))
            seen: list[Socket] = []
            clients: list[Socket] = []
            async for peer in server:
                seen.append(peer)
                clients += await connecting
                while server.connections < 3:
                    await turns()
                break
            await turns(1)
            assert server.address() is None, "it doesn't listen"
            assert server.connections == 1
            assert not seen[0].destroyed
            assert listeners_of(server) == 0
            seen[0].end("still here")
            assert [chunk async for chunk in clients[0]] == [b"still here"]
            for client in clients[1:]:
                assert [chunk async for chunk in client] == []

    tasks.run(main())


def test_an_exception_leaves_the_loop_too(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            connecting = start(connections(server, 1))
            try:
                async for _ in server:
                    raise LookupError
            except LookupError:
                await turns(1)
                assert not server.listening
            await all_gone(await connecting)

    tasks.run(main())


def test_a_task_that_is_cancelled_leaves_it_too(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            try:
                async with time_limit(0.001):
                    async for _ in server:
                        pass
            except TimeoutError:
                await turns(1)
                assert not server.listening, "although the exception, and its traceback, are still there"

    tasks.run(main())


def test_a_kept_iterator_is_closed_by_hand(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            async with contextlib.aclosing(aiter(server)) as peers:
                assert server.address()
            assert server.address() is None
            with pytest.raises(StopAsyncIteration):
                await anext(peers)

    tasks.run(main())


def test_errors_of_its_sockets_are_not_unhandled(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            peers = aiter(server)
            [client] = await connections(server, 1)
            client.reset_and_destroy()
            while server.connections:
                await turns()  # it died before anybody has seen it
            peer = await anext(peers)
            with pytest.raises(ConnectionResetError):
                [chunk async for chunk in peer]

    tasks.run(main())


def test_why_it_does_not_listen_is_raised(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            other = sansnet.create_server().listen(port_of(server), "127.0.0.1")
            with pytest.raises(OSError, match="EADDRINUSE"):
                [peer async for peer in other]
        with pytest.raises(NetRuntimeError, match="Server is not running"):
            [peer async for peer in sansnet.create_server()]

    tasks.run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="there it isn't Python's sockets that accept")
def test_a_failure_to_accept_does_not_end_the_loop(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            peers = aiter(server)
            waiting = start(anext(peers))
            await turns()
            with mock.patch("socket.socket.accept", side_effect=OSError(errno.EMFILE, "too many")):
                client = sansnet.connect(port_of(server), "127.0.0.1")
                (error,) = await sansnet.once(server, "error")
                assert error.code == "EMFILE"
            peer = await waiting
            assert peer.remote_port == client.local_port
            await all_gone([client])

    tasks.run(main())


def test_two_tasks_are_one_too_many(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            peers = aiter(server)
            waiting = start(anext(peers))
            await turns()
            with pytest.raises(RuntimeError, match="another task"):
                await anext(peers)
            waiting.cancel()
            await turns()

    tasks.run(main())


# --------------------------------------------------------------------------------------------------------------- blocks


@pytest.mark.covers("Server.__aenter__", "O-10")
def test_a_block_closes_the_server_and_waits_for_its_connections(tasks: Tasks) -> None:
    async def main() -> None:
        log: list[str] = []
        async with sansnet.create_server().listen(0, "127.0.0.1") as server:
            server.on("close", lambda: log.append("close"))
            await server.wait_listening()
            clients = await connections(server, 2)
            while server.connections < 2:
                await turns()
            for each in clients:
                each.on("close", lambda _had_error: log.append("client"))
            sansnet.default_driver().call_later(0.001, lambda: close_all(clients))
        assert sorted(log[:2]) == ["client", "client"]
        assert log[2:] == ["close"]
        assert not server.listening

    tasks.run(main())


@pytest.mark.covers("O-10")
def test_a_block_around_a_server_that_does_not_listen(tasks: Tasks) -> None:
    async def main() -> None:
        log: list[str] = []
        async with sansnet.create_server() as server:
            server.on("close", lambda: log.append("close"))
        assert log == []
        async with server.listen(0):
            server.close()
        assert log == ["close"]

    tasks.run(main())


def test_a_block_that_raises_does_not_wait_for_its_peers(tasks: Tasks) -> None:
    async def main() -> None:
        clients: list[Socket] = []
        server = sansnet.create_server().listen(0)

        async def block() -> None:
            async with server:
                clients.extend(await connections(server, 2))
                while server.connections < 2:
                    await turns()
                raise LookupError

        with pytest.raises(LookupError):
            await block()
        assert server.connections == 0
        await all_gone(clients)

    tasks.run(main())


def test_nor_does_one_that_is_cancelled_while_it_waits(tasks: Tasks) -> None:
    async def main() -> None:
        clients: list[Socket] = []
        inside = flag()

        async def block() -> None:
            async with sansnet.create_server().listen(0, "127.0.0.1") as server:
                await server.wait_listening()
                clients.extend(await connections(server, 1))
                while not server.connections:
                    await turns()
                inside.set()

        task = start(block())
        await inside.wait()
        await turns()
        assert not task.done()
        task.cancel()
        await task.over()
        assert task.cancelled()
        await all_gone(clients)
        await sansnet.default_driver().idle()  # type: ignore[attr-defined]  # an asyncio driver has it

    tasks.run(main())


# ---------------------------------------------------------------------------------------------------------------- waits


@pytest.mark.covers("Server.wait_listening")
def test_wait_listening(tasks: Tasks) -> None:
    async def main() -> None:
        server = sansnet.create_server()
        with pytest.raises(NetRuntimeError) as caught:
            await server.wait_listening()
        assert caught.value.code == "ERR_SERVER_NOT_RUNNING"
        await server.listen(0, "localhost").wait_listening()
        assert server.listening
        await server.wait_listening()
        other = sansnet.create_server().listen(port_of(server), "127.0.0.1")
        with pytest.raises(OSError, match="EADDRINUSE"):
            await other.wait_listening()
        name_server = threading.Event()  # it doesn't answer
        with mock.patch("sansnet.drivers.resolver.find", side_effect=lambda *_: name_server.wait(PATIENCE)):
            waiting = start(other.listen(0, "a.name").wait_listening())
            await turns()
            other.close()
            with pytest.raises(NetRuntimeError):
                await waiting
            name_server.set()
        assert listeners_of(other) == 0
        await server.close().wait_closed()

    tasks.run(main())


def test_an_error_that_was_not_told_yet_is_waited_for(tasks: Tasks) -> None:
    """A port without a host is bound at once: the server isn't listening, and will say in a tick why."""

    async def main() -> None:
        async with serve() as server:
            other = sansnet.create_server().listen({"port": port_of(server)})
            if not other.listening:  # or the system lets ::, which it took, be another address
                with pytest.raises(OSError, match="EADDRINUSE"):
                    await other.wait_listening()
            other.close()

    tasks.run(main())


@pytest.mark.covers("Server.wait_closed")
def test_wait_closed(tasks: Tasks) -> None:
    async def main() -> None:
        log: list[str] = []
        server = sansnet.create_server()
        await server.wait_closed()
        server.on("close", lambda: log.append("close"))
        await server.listen(0).close().wait_closed()
        assert log == ["close"]
        await server.wait_closed()
        waiting = start(server.listen(0).wait_closed())
        await turns()
        assert not waiting.done()
        server.close()
        await waiting
        assert log == ["close", "close"]
        assert server.listener_count("close") == 1

    tasks.run(main())


def test_wait_listening_ends_with_close_although_connections_live(tasks: Tasks) -> None:
    """'close' is not told while they do."""

    async def main() -> None:
        async with serve() as server:
            clients = await connections(server, 1)
            while not server.connections:
                await turns()
            name_server = threading.Event()  # it doesn't answer
            with mock.patch("sansnet.drivers.resolver.find", side_effect=lambda *_: name_server.wait(PATIENCE)):
                waiting = start(server.close().listen(0, "a.name").wait_listening())
                await turns()
                server.close()
                with pytest.raises(NetRuntimeError, match="not running"):
                    await waiting
                name_server.set()
            await all_gone(clients)

    tasks.run(main())


def test_a_user_who_paused_the_server_resumes_it(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            peers = aiter(server)
            clients = await connections(server, BACKLOG + 2)
            await turns(20)
            server.pause()
            for _ in range(BACKLOG):
                await anext(peers)
            await turns(20)
            assert server.connections == BACKLOG
            server.resume()
            await anext(peers)
            await all_gone(clients)

    tasks.run(main())


def test_a_user_who_resumes_it_gets_one_more_at_a_time(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            peers = aiter(server)
            clients = await connections(server, BACKLOG + 5)
            await turns(20)
            server.resume()
            await turns(20)
            assert "paused" in server.describe(), "again"
            await peers.aclose()
            await all_gone(clients)

    tasks.run(main())


def test_two_iterations_are_one_too_many(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            peers = aiter(server)
            with pytest.raises(RuntimeError, match="another iteration"):
                aiter(server)
            await peers.aclose()
            assert [peer async for peer in server] == []

    tasks.run(main())
