"""The Redis client at a real Redis server, which comes and goes; and its parser by itself."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.redis_client import Parser, Push, Redis, RedisError, Subscription, encode
from tests.examples.programs import LOCALHOST, running
from tests.examples.tasks import run
from tests.loopback import held_port

BIG = os.urandom(8 << 20)


class Server:
    """A Redis server of its own, without persistence, which can be killed and started again on the same port."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        self._command = [program, "--bind", LOCALHOST, "--port", str(port)]
        self._command += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port

    def start(self) -> None:
        """Returns when it takes connections."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if b"Ready to accept connections" in line:
                return
        raise AssertionError(f"Redis does not start: {said}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture
def server(need_program: Callable[[str], str], tmp_path: Path) -> Iterator[Server]:
    with held_port() as port:
        made = Server(need_program("redis-server"), tmp_path, port)
        made.start()
        try:
            yield made
        finally:
            made.kill()


@contextlib.asynccontextmanager
async def two(server: Server) -> AsyncIterator[tuple[Redis, Redis]]:
    """The client that is tested, and one that does things to it."""
    async with Redis(server.port) as redis, Redis(server.port) as admin:
        yield redis, admin


# -------------------------------------------------------------------------------------------------- commands and values


def test_ten_thousand_commands_in_one_breath(server: Server) -> None:
    async def main() -> None:
        async with Redis(server.port) as redis:
            assert await asyncio.gather(*(redis("INCR", "n") for _ in range(10_000))) == list(range(1, 10_001))
            told = (await redis("INFO", "stats")).decode()
            assert "total_commands_processed:1000" in told

    run(main())


def test_values_of_any_size_and_content(server: Server) -> None:
    async def main() -> None:
        async with Redis(server.port) as redis:
            await asyncio.gather(*(redis("SET", f"big{number}", BIG) for number in range(3)))
            answers = await asyncio.gather(*(redis("GET", f"big{number}") for number in range(3)), redis("GET", "none"))
            assert [hashlib.sha256(each).digest() for each in answers[:3]] == [hashlib.sha256(BIG).digest()] * 3
            assert answers[3] is None
            assert await redis("SET", "empty", b"") == "OK"
            assert await redis("GET", "empty") == b""

    run(main())


def test_what_is_refused_is_an_exception_of_its_own_command(server: Server) -> None:
    async def main() -> None:
        async with Redis(server.port) as redis:
            answers = await asyncio.gather(
                redis("SET", "k", 1), redis("LPUSH", "k", 2), redis("GET", "k"), return_exceptions=True
            )
            assert [answers[0], answers[2]] == ["OK", b"1"]
            assert isinstance(answers[1], RedisError)
            assert "WRONGTYPE" in str(answers[1])

    run(main())


def test_the_types_of_resp3(server: Server) -> None:
    async def main() -> None:
        async with Redis(server.port, protocol=3) as redis:
            await redis("HSET", "h", "a", 1, "b", 2)
            await redis("SADD", "s", "x")
            await redis("ZADD", "z", 1.5, "m")
            assert await redis("HGETALL", "h") == {b"a": b"1", b"b": b"2"}
            assert await redis("SMEMBERS", "s") == {b"x"}
            assert await redis("ZSCORE", "z", "m") == 1.5
            assert await redis("GET", "none") is None
            assert await redis("CLIENT", "TRACKING", "ON") == "OK"
            await redis("GET", "k")
            async with Redis(server.port) as other:
                await other("SET", "k", "new")  # the tracking client is told, in the middle of its answers
            assert await redis("PING") == "PONG"

    run(main())


# --------------------------------------------------------------------------------------------------- publish, subscribe


def test_what_is_published_is_heard_in_order(server: Server) -> None:
    async def main() -> None:
        async with Redis(server.port) as redis, Subscription("a", "b", port=server.port) as messages:
            sent = [("ab"[number % 2], b"%d" % number) for number in range(5000)]  # more than may wait
            sending = asyncio.gather(*(redis("PUBLISH", channel, data) for channel, data in sent))
            heard: list[tuple[str, bytes]] = []
            async with contextlib.aclosing(aiter(messages)) as stream:
                async for message in stream:
                    heard.append(message)
                    if len(heard) == len(sent):
                        break
            assert heard == sent
            assert set(await sending) == {1}

    run(main())


def test_a_subscription_comes_back(server: Server) -> None:
    async def main() -> None:
        async with Redis(server.port) as redis, Subscription("news", port=server.port) as messages:
            stream = aiter(messages)
            await redis("PUBLISH", "news", "one")
            assert await anext(stream) == ("news", b"one")
            assert await redis("CLIENT", "KILL", "TYPE", "pubsub") == 1
            while not await redis("PUBLISH", "news", "two"):  # nobody hears it yet
                await asyncio.sleep(0.01)
            assert await anext(stream) == ("news", b"two")
            await stream.aclose()

    run(main())


# ---------------------------------------------------------------------------------------------------- losing the server


def test_who_is_thrown_out_comes_back(server: Server) -> None:
    async def main() -> None:
        async with two(server) as (redis, admin):
            before = await redis("CLIENT", "ID")
            waiting = asyncio.create_task(redis("BLPOP", "nothing", 0))
            while b"blpop" not in await admin("CLIENT", "LIST", "ID", before):
                await asyncio.sleep(0)
            assert await admin("CLIENT", "KILL", "ID", before) == 1
            with pytest.raises(ConnectionError, match="was lost"):
                await waiting
            assert await redis("CLIENT", "ID") > before

    run(main())


def test_who_is_idle_is_thrown_out_and_comes_back(server: Server) -> None:
    async def main() -> None:
        async with two(server) as (redis, admin):
            before = await redis("CLIENT", "ID")
            assert await admin("CONFIG", "SET", "timeout", 1) == "OK"
            while await admin("CLIENT", "LIST", "ID", before):
                await asyncio.sleep(0.05)
            assert await admin("CONFIG", "SET", "timeout", 0) == "OK"
            assert await redis("CLIENT", "ID") > before

    run(main())


def test_the_server_dies_in_the_middle_and_is_there_again(server: Server) -> None:
    """Each command that was on its way has its answer or fails; those that come later wait for the new server."""

    async def main() -> None:
        async with Redis(server.port) as redis:
            commands = [*[("INCR", "n")] * 100, ("BLPOP", "nothing", 0), *[("SET", "big", BIG)] * 4]
            tasks = [asyncio.create_task(redis(*command)) for command in commands]
            assert await tasks[99] == 100
            server.kill()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
            assert answers[:100] == list(range(1, 101))
            assert [type(each) for each in answers[100:]] == [ConnectionError] * 5
            later = [asyncio.create_task(redis("PING")) for _ in range(10)]
            await asyncio.sleep(0)
            assert not any(each.done() for each in later)
            await asyncio.to_thread(server.start)
            assert await asyncio.gather(*later) == ["PONG"] * 10

    run(main())


def test_who_waits_in_vain_hears_of_the_end(server: Server) -> None:
    async def main() -> None:
        async with Redis(server.port) as redis:
            await redis("PING")
            server.kill()
            with pytest.raises(ConnectionError):
                await redis("PING")
            waiting = asyncio.create_task(redis("PING"))
            given_up = asyncio.create_task(redis("PING"))
            await asyncio.sleep(0)
            given_up.cancel()
        with pytest.raises(ConnectionError, match="was closed"):
            await waiting
        with pytest.raises(ConnectionRefusedError):
            async with Redis(server.port):
                raise AssertionError

    run(main())


def test_what_is_no_redis_is_left_again() -> None:
    """It says nonsense to the first; the second one says PONG."""

    async def main() -> None:
        with socket.create_server((LOCALHOST, 0)) as listener:
            listener.setblocking(False)
            loop = asyncio.get_running_loop()
            async with Redis(listener.getsockname()[1]) as redis:
                for answer in (b"HTTP/1.1 200 OK\r\n", b"+PONG\r\n"):
                    asking = asyncio.create_task(redis("PING"))
                    peer, _ = await loop.sock_accept(listener)
                    with peer:
                        assert await loop.sock_recv(peer, 100) == encode("PING")
                        await loop.sock_sendall(peer, answer)
                        if answer.startswith(b"+"):
                            assert await asking == "PONG"
                        else:
                            with pytest.raises(ConnectionError):
                                await asking

    run(main())


def test_from_the_command_line(server: Server) -> None:
    with running("redis_client", server.port, "ECHO", "hello") as program:
        assert program.rest() == ["b'hello'"]


# ----------------------------------------------------------------------------------------------------------- the parser

SAID = (
    b"+OK\r\n-ERR no\r\n:-42\r\n$5\r\nab\r\nc\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n*1\r\n:1\r\n+x\r\n"
    b"%1\r\n+a\r\n:1\r\n~2\r\n:1\r\n:2\r\n,1.5\r\n,inf\r\n#t\r\n#f\r\n_\r\n(12345678901234567890\r\n=5\r\ntxt:x\r\n"
    b">2\r\n+p\r\n:1\r\n!3\r\nERR\r\n"
)
MEANT: list[Any] = ["OK", "ERR no", -42, b"ab\r\nc", b"", None, None, [], [[1], "x"], {"a": 1}, {1, 2}, 1.5]
MEANT += [float("inf"), True, False, None, 12345678901234567890, b"x", Push(["p", 1]), "ERR"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(SAID)])
def test_how_it_is_cut_does_not_matter(size: int) -> None:
    parser = Parser()
    values = [value for start in range(0, len(SAID), size) for value in parser.feed(SAID[start : start + size])]
    assert [str(value) if isinstance(value, RedisError) else value for value in values] == MEANT
    assert isinstance(values[-2], Push)


def test_any_value_can_be_in_a_set_or_a_key() -> None:
    said = b"~3\r\n*1\r\n*0\r\n~1\r\n:1\r\n%1\r\n:1\r\n*0\r\n%1\r\n*1\r\n~0\r\n*0\r\n"
    assert Parser().feed(said) == [{((),), frozenset({1}), ((1, ()),)}, {(frozenset(),): []}]


@pytest.mark.parametrize("nonsense", [b"\r\n", b"?1\r\n", b":x\r\n", b"$x\r\n", b"x" * 100_000, b"*1\r\n" * 100])
def test_nonsense_is_a_value_error(nonsense: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Parser().feed(nonsense)
