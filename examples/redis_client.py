"""A client for Redis in tasks of asyncio: pipelining, publish and subscribe, and a connection that comes back.

python -m examples.redis_client [PORT [COMMAND [ARGUMENT...]]]      port 6379, command PING

`Redis` and `Subscription` are the parts to take along. Commands that are asked for in the same breath go out together
and are answered in order: `asyncio.gather(*(redis("INCR", "n") for _ in range(1000)))` costs one trip, not a thousand.

A connection that is lost is made again, with longer and longer pauses. Commands that wait for it go out then. Those
that were on their way fail, since nobody knows whether Redis has carried them out: whether to ask again is for those
who know what they mean.
"""

import asyncio
import contextlib
import functools
import sys
from collections import deque
from collections.abc import AsyncGenerator, Generator
from types import TracebackType
from typing import Any, Final, Self

from sansnet import NetError, Socket, connect, once

Value = Any
"""bytes, int, float, bool, None, a str (of a status), a list, dict or set of these, or a RedisError."""

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 2.0
"""Seconds between two attempts to connect; each pause is twice as long as the one before."""

LONGEST_LINE: Final = 65536
DEEPEST: Final = 32
BACKLOG: Final = 1000
"""Messages that wait for who has subscribed; then Redis has to wait, and at last gives him up."""


class RedisError(Exception):
    """Redis has refused a command."""


class Push(list[Value]):
    """What RESP3 tells without having been asked."""


# ------------------------------------------------------------------------------------------------------- the protocol


def encode(*arguments: object) -> bytes:
    """A command: an array of strings with their lengths, so that they may hold anything."""
    parts = [argument if isinstance(argument, bytes) else str(argument).encode() for argument in arguments]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


Reading = Generator[None, None, Value]
"""Reads a value; whenever there is not enough, it yields, and goes on when there is more."""


class Parser:
    """Makes values of RESP2 and RESP3 of chunks, however these are cut. Does no I/O."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0  # what is before it was read
        self._reading = self._value()

    def feed(self, chunk: bytes) -> list[Value]:
        """The values that are complete with this chunk. Raises ValueError for what is no RESP."""
        self._buffer += chunk
        values = []
        while True:
            try:
                next(self._reading)
            except StopIteration as done:
                values.append(done.value)
                self._reading = self._value()
            else:
                break
        del self._buffer[: self._at]
        self._at = 0
        return values

    def _value(self, depth: int = 0) -> Reading:
        line = yield from self._line()
        kind, rest = line[:1], line[1:]
        if kind in b"$=!*~>%" and kind:
            return (yield from self._sized(kind, int(rest), depth))
        match kind:
            case b"+":
                return rest.decode()
            case b"-":
                return RedisError(rest.decode())
            case b":" | b"(":
                return int(rest)
            case b",":
                return float(rest)
            case b"#":
                return rest == b"t"
            case b"_":
                return None
            case _:
                raise ValueError(f"no RESP: {line!r}")

    def _sized(self, kind: bytes, size: int, depth: int) -> Reading:
        """A string of so many bytes, or so many values."""
        if size < 0:
            return None
        if depth == DEEPEST:
            raise ValueError("no RESP that anybody would send: too many arrays in arrays")
        match kind:
            case b"$":
                return (yield from self._bytes(size))
            case b"=":
                return (yield from self._bytes(size))[4:]  # what kind of text it is
            case b"!":
                return RedisError((yield from self._bytes(size)).decode())
            case _:
                values = []
                for _ in range(2 * size if kind == b"%" else size):
                    values.append((yield from self._value(depth + 1)))  # noqa: PERF401  # it couldn't yield in there
        match kind:
            case b"%":
                return dict(zip(map(_frozen, values[::2]), values[1::2], strict=True))
            case b"~":
                return set(map(_frozen, values))
            case b">":
                return Push(values)
            case _:
                return values

    def _line(self) -> Generator[None, None, bytes]:
        while (end := self._buffer.find(b"\r\n", self._at)) < 0:
            if len(self._buffer) - self._at > LONGEST_LINE:
                raise ValueError("no RESP: a line without an end")
            yield
        line = bytes(self._buffer[self._at : end])
        self._at = end + 2
        return line

    def _bytes(self, size: int) -> Generator[None, None, bytes]:
        while len(self._buffer) < self._at + size + 2:
            yield
        with memoryview(self._buffer) as view:
            data = bytes(view[self._at : self._at + size])
        self._at += size + 2
        return data


def _frozen(value: Value) -> Value:
    """What can be in a set, or a key: a list as a tuple, a set as a frozenset, a dict as the tuple of its items."""
    match value:
        case list():
            return tuple(map(_frozen, value))
        case set():
            return frozenset(value)
        case dict():
            return tuple((key, _frozen(each)) for key, each in value.items())
        case _:
            return value


# ----------------------------------------------------------------------------------------------------- the connections


class Link:
    """A connection to Redis for the length of a block; when it is lost, another one takes its place.

    The block isn't entered without a connection: an error of the first attempt is raised.
    """

    def __init__(self, port: int = 6379, host: str = "127.0.0.1") -> None:
        self._port = port
        self._host = host
        self._socket: Socket | None = None  # while there is a connection
        self._running: asyncio.Task[None] | None = None
        self._pause = FIRST_PAUSE  # before the next attempt

    async def __aenter__(self) -> Self:
        socket = await self._dial()
        self._running = asyncio.create_task(self._run(socket))
        self._running.add_done_callback(functools.partial(self._over, socket))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._running is not None
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running

    async def _dial(self) -> Socket:
        socket = connect(self._port, self._host, no_delay=True)
        try:
            await once(socket, "connect")
        except BaseException:
            socket.destroy()
            raise
        return socket

    async def _run(self, socket: Socket | None) -> None:
        while True:
            with contextlib.suppress(NetError, ValueError):  # it is lost, or it was no Redis
                async with socket or await self._dial() as self._socket:
                    await self._talk(self._socket)
            socket = None
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    async def _talk(self, socket: Socket) -> None:
        parser = Parser()
        try:
            self._opened(socket)
            async for chunk in socket:
                for value in parser.feed(chunk):
                    await self._heard(value)
                    if not isinstance(value, RedisError):  # some take connections only to refuse them
                        self._pause = FIRST_PAUSE
        finally:
            self._socket = None
            self._lost()

    def _over(self, first: Socket, running: "asyncio.Task[None]") -> None:
        first.destroy()  # who is cancelled before his first step doesn't do it
        error = None if running.cancelled() else running.exception()
        self._ended("the client was closed" if error is None else f"the client has failed: {error!r}")

    def _opened(self, socket: Socket) -> None:
        """There is a connection, and nothing was said yet."""

    async def _heard(self, value: Value) -> None:
        """Redis has said something; nothing else is read until this returns. Raises ValueError if it makes no sense."""

    def _lost(self) -> None:
        """The connection is over."""

    def _ended(self, reason: str) -> None:
        """There won't be another connection."""


class Redis(Link):
    """A client: `async with Redis() as redis: await redis("SET", "key", "value")`.

    With `protocol=3` answers have the types of RESP3: dicts, sets, floats, booleans.
    """

    def __init__(self, port: int = 6379, host: str = "127.0.0.1", *, protocol: int = 2) -> None:
        super().__init__(port, host)
        self._hello = encode("HELLO", protocol) if protocol != 2 else b""
        self._answers: deque[asyncio.Future[Value]] = deque()  # of the commands that are on their way, in order
        self._waiting: list[tuple[bytes, asyncio.Future[Value]]] = []  # for a connection
        self._is_corked = False

    async def __call__(self, *arguments: object) -> Value:
        """What Redis answers to a command.

        Raises RedisError when it refuses, ConnectionError when the connection was lost before it answered, or the
        block is over.
        """
        if self._running is not None and self._running.done():
            raise ConnectionError("the client was closed")
        answer = asyncio.get_running_loop().create_future()
        command = encode(*arguments)
        if self._socket is None:
            self._waiting.append((command, answer))
        else:
            self._send(self._socket, command, answer)  # no need to wait for 'drain': we wait for the answer
        value = await answer
        if isinstance(value, RedisError):
            raise value
        return value

    def _send(self, socket: Socket, command: bytes, answer: "asyncio.Future[Value]") -> None:
        """What is sent until the loop turns goes out together."""
        if not self._is_corked:
            self._is_corked = True
            socket.cork()
            asyncio.get_running_loop().call_soon(self._uncork, socket)
        self._answers.append(answer)
        socket.write(command)

    def _uncork(self, socket: Socket) -> None:
        self._is_corked = False
        socket.uncork()

    def _opened(self, socket: Socket) -> None:
        if self._hello:
            unheard: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
            unheard.cancel()  # nobody waits for it
            self._send(socket, self._hello, unheard)
        waiting, self._waiting = self._waiting, []
        for command, answer in waiting:
            if not answer.done():  # who asked has given up
                self._send(socket, command, answer)

    async def _heard(self, value: Value) -> None:
        if isinstance(value, Push):
            return  # nobody has asked for it
        if not self._answers:
            raise ValueError(f"nobody has asked for {value!r}")
        answer = self._answers.popleft()
        if not answer.done():
            answer.set_result(value)

    def _lost(self) -> None:
        answers, self._answers = self._answers, deque()
        for answer in answers:
            _fail(answer, "the connection to Redis was lost")

    def _ended(self, reason: str) -> None:
        waiting, self._waiting = self._waiting, []
        for _, answer in waiting:
            _fail(answer, reason)


def _fail(answer: "asyncio.Future[Value]", reason: str) -> None:
    if not answer.done():
        answer.set_exception(ConnectionError(reason))


class Subscription(Link):
    """What is published on some channels: `async with Subscription("news") as messages: async for channel, data in …`.

    What is published while the connection is lost is lost, too: that is how Redis has it.
    """

    def __init__(self, *channels: str, port: int = 6379, host: str = "127.0.0.1") -> None:
        super().__init__(port, host)
        self._channels = channels
        self._missing = 0  # channels that Redis has not confirmed yet
        self._ready: asyncio.Future[Exception | None]  # what has come of it, for who enters the block
        self._messages: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue(BACKLOG)  # None wakes who waits in vain
        self._end: str | None = None  # why there won't be other messages

    async def __aenter__(self) -> Self:
        """Subscribe. From here on nothing is missed. Raises RedisError when Redis refuses."""
        self._ready = asyncio.get_running_loop().create_future()
        self._messages, self._end = asyncio.Queue(BACKLOG), None
        await super().__aenter__()
        try:
            if error := await self._ready:
                raise error
        except BaseException:  # the block isn't entered, so nobody will leave it
            await self.__aexit__(*sys.exc_info())
            raise
        return self

    async def __aiter__(self) -> AsyncGenerator[tuple[str, bytes], None]:
        """The messages; when the block is over, ConnectionError is raised behind the last of them."""
        while self._end is None or not self._messages.empty():
            if (message := await self._messages.get()) is None:
                break
            yield message
        self._messages.put_nowait(None)  # for others who wait
        raise ConnectionError(self._end)

    def _opened(self, socket: Socket) -> None:
        self._missing = len(self._channels)
        socket.write(encode("SUBSCRIBE", *self._channels))

    async def _heard(self, value: Value) -> None:
        match value:
            case [b"message", bytes(channel), bytes(data)]:
                await self._messages.put((channel.decode(), data))
            case [b"subscribe", *_]:
                self._missing -= 1
                if not self._missing:
                    self._settle(None)
            case RedisError():
                self._settle(value)
                raise ValueError(str(value))
            case _:
                pass

    def _ended(self, reason: str) -> None:
        self._end = reason
        self._settle(ConnectionError(reason))
        if self._messages.empty():
            self._messages.put_nowait(None)

    def _settle(self, outcome: Exception | None) -> None:
        if not self._ready.done():
            self._ready.set_result(outcome)


async def main(port: str = "6379", *command: str) -> None:
    async with Redis(int(port)) as redis:
        print(await redis(*(command or ("PING",))))


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except NetError as error:  # such as nobody there
        sys.exit(f"redis_client: {error}")
