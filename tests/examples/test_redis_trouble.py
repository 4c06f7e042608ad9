"""The Redis client at servers that are none, or none that would have it: nobody waits for ever, nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from examples import redis_client
from examples.redis_client import Redis, RedisError, Subscription, encode
from tests.examples.programs import LOCALHOST
from tests.examples.tasks import run

SUBSCRIBED = b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"


class Peer:
    """A plain listener, whose connections say what they are told to."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.port: int = listener.getsockname()[1]

    async def accept(self) -> socket.socket:
        return (await asyncio.get_running_loop().sock_accept(self._listener))[0]

    async def hear(self, connection: socket.socket) -> bytes:
        return await asyncio.get_running_loop().sock_recv(connection, 1000)

    async def says(self, what: bytes) -> bytes:
        """To the next connection; what was heard from that, when it's over."""
        with await self.accept() as connection:
            await asyncio.get_running_loop().sock_sendall(connection, what)
            heard = b""
            with contextlib.suppress(ConnectionResetError):
                while chunk := await self.hear(connection):
                    heard += chunk
            return heard


@contextlib.asynccontextmanager
async def peer() -> AsyncIterator[Peer]:
    with socket.create_server((LOCALHOST, 0)) as listener:
        listener.setblocking(False)
        yield Peer(listener)


@pytest.mark.parametrize("nonsense", [b"-ERR max number of clients reached\r\n", b"+OK\r\n"])
def test_who_answers_without_being_asked_is_left(nonsense: bytes) -> None:
    async def main() -> None:
        async with peer() as there, Redis(there.port) as redis:
            assert await there.says(nonsense) == b""
            asking = asyncio.create_task(redis("PING"))
            with await there.accept() as connection:
                assert await there.hear(connection) == encode("PING")
                connection.sendall(b"+PONG\r\n")
                assert await asking == "PONG"

    run(main())


@pytest.mark.parametrize(
    "value", [b"*3\r\n$7\r\nmessage\r\n:1\r\n:2\r\n", b"*3\r\n$7\r\nmessage\r\n$1\r\n\xff\r\n_\r\n"]
)
def test_what_is_no_message_is_none(value: bytes) -> None:
    async def main() -> None:
        async with peer() as there:
            entering = asyncio.create_task(one_message(there.port))
            with await there.accept() as connection:
                assert await there.hear(connection) == encode("SUBSCRIBE", "news")
                connection.sendall(SUBSCRIBED + value + encode("message", "news", "x"))
                assert await entering == ("news", b"x")

    run(main())


async def one_message(port: int) -> tuple[str, bytes]:
    async with Subscription("news", port=port) as messages, contextlib.aclosing(aiter(messages)) as stream:
        return await anext(stream)


def test_a_fault_of_the_reader_fails_what_waits_and_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(self: redis_client.Parser, chunk: bytes) -> list[Any]:
        raise LookupError(chunk)

    monkeypatch.setattr(redis_client.Parser, "feed", faulty)

    async def main() -> None:
        async with peer() as there:
            redis = await Redis(there.port).__aenter__()
            asking = asyncio.create_task(redis("PING"))
            await there.says(b"+PONG\r\n")
            with pytest.raises(ConnectionError, match="was lost"):
                await asking
            with pytest.raises(ConnectionError, match="was closed"):
                await redis("PING")
            with pytest.raises(LookupError):
                await redis.__aexit__(None, None, None)
            entering = asyncio.create_task(one_message(there.port))
            await there.says(SUBSCRIBED)
            with pytest.raises(LookupError):
                await entering

    run(main())


def test_after_the_block_nothing_waits() -> None:
    async def main() -> None:
        async with peer() as there:
            async with Redis(there.port) as redis:
                pass
            with pytest.raises(ConnectionError, match="was closed"):
                await redis("PING")
            assert await there.says(b"") == b""  # it is hung up, though its task never had a turn
            entering = asyncio.create_task(Subscription("news", port=there.port).__aenter__())
            with await there.accept() as connection:
                connection.sendall(SUBSCRIBED)
                messages = await entering
                streams = [aiter(messages) for _ in range(2)]
                waiting = [asyncio.create_task(anext(stream)) for stream in streams]
                await asyncio.sleep(0)
                await messages.__aexit__(None, None, None)
                for outcome in await asyncio.gather(*waiting, return_exceptions=True):
                    assert isinstance(outcome, ConnectionError)

    run(main())


def test_a_version_that_is_lost_before_it_is_agreed_is_nobody_s_error() -> None:
    async def main() -> None:
        async with peer() as there, Redis(there.port, protocol=3):
            with await there.accept() as connection:
                assert await there.hear(connection) == encode("HELLO", 3)
            (await there.accept()).close()

    run(main())


def test_a_subscription_that_is_refused_says_so() -> None:
    async def main() -> None:
        async with peer() as there:
            entering = asyncio.create_task(one_message(there.port))
            assert await there.says(b"-NOAUTH Authentication required.\r\n") == encode("SUBSCRIBE", "news")
            with pytest.raises(RedisError, match="NOAUTH"):
                await entering

    run(main())


def test_a_subscription_that_is_given_up_leaves_nothing() -> None:
    async def main() -> None:
        async with peer() as there:
            entering = asyncio.create_task(one_message(there.port))
            with await there.accept() as connection:
                assert await there.hear(connection) == encode("SUBSCRIBE", "news")
                entering.cancel()
                assert await there.hear(connection) == b""
            with pytest.raises(asyncio.CancelledError):
                await entering

    run(main())


def test_the_pauses_grow_until_there_is_a_good_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", pause)

    async def main() -> None:
        async with peer() as there, Redis(there.port) as redis:
            for _ in range(3):
                await there.says(b"-ERR max number of clients reached\r\n")
            asking = asyncio.create_task(redis("PING"))
            with await there.accept() as connection:
                await there.hear(connection)
                connection.sendall(b"+PONG\r\n")
                assert await asking == "PONG"
            (await there.accept()).close()
        first = redis_client.FIRST_PAUSE
        assert pauses[:4] == [first, 2 * first, 4 * first, first]

    run(main())
