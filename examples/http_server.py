"""An HTTP/1.1 server on h11: keep-alive, pipelining, chunked bodies, 100-continue, HEAD, and 400 for nonsense.

python -m examples.http_server [PORT [IDLE_SECONDS]]      port 8080, 5 seconds; needs h11 (the extra 'http')

Try `curl localhost:8080/`, `curl -T FILE localhost:8080/echo`, `curl -T FILE localhost:8080/sha256`. Ctrl-C or SIGTERM
lets it finish the answers that it has begun, and ends it.

h11 knows the protocol and does no I/O, sansnet knows sockets: what is left to write is the way between them. A
connection is a task, which never reads ahead of what it answers, nor writes ahead of what the client reads. So no
client makes it hold more than a few chunks, and one that is too slow for `IDLE_SECONDS` is not waited for.
"""

import asyncio
import contextlib
import hashlib
import signal
import sys
import traceback
from collections.abc import AsyncIterator
from typing import NamedTuple

import h11

from sansnet import NetError, Server, Socket, call_later, create_server

MOST_DIGITS = 15
"""Of the number of zeros that somebody may ask for."""

GRACE = 5.0
"""Seconds that the connections have to come to their end when the server is stopped."""

Body = AsyncIterator[bytes]
Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """What a handler makes of a request."""

    status: int
    headers: Headers
    body: Body


def answer_to(request: h11.Request, body: Body) -> Answer:
    """The handler. What it doesn't read of the request's body, nobody has to send."""
    method, path = request.method.decode(), request.target.decode().partition("?")[0]
    if method in ("GET", "HEAD") and path == "/":
        return Answer(200, [("Content-Type", "text/plain"), ("Content-Length", "6")], only(b"hello\n"))
    if method in ("GET", "HEAD") and path.startswith("/zeros/"):
        count = path.removeprefix("/zeros/")
        if count.isdecimal() and len(count) <= MOST_DIGITS:
            return Answer(200, [("Content-Length", count)], zeros(int(count)))
    if method in ("POST", "PUT") and path == "/echo":
        return Answer(200, [], body)  # nobody knows how long it is: chunked, and as it comes
    if method in ("POST", "PUT") and path == "/sha256":
        return Answer(200, [("Content-Type", "text/plain")], digest_of(body))
    return Answer(404, [("Content-Length", "10")], only(b"not found\n"))


async def only(text: bytes) -> Body:
    yield text


async def zeros(count: int) -> Body:
    for start in range(0, count, 65536):
        yield bytes(min(65536, count - start))


async def digest_of(body: Body) -> Body:
    digest = hashlib.sha256()
    async for part in body:
        digest.update(part)
    yield digest.hexdigest().encode() + b"\n"


class Exchange:
    """One connection: requests and answers, one after the other."""

    def __init__(self, socket: Socket, idle: float) -> None:
        self._socket = socket.set_timeout(idle, socket.destroy)
        self._idle = idle
        self._chunks = socket.iterator(destroy_on_return=False)
        self._http = h11.Connection(h11.SERVER)
        self._is_last = False

    async def serve(self) -> None:
        """Answer until the client has enough, is silent for too long, or talks nonsense."""
        async with self._socket:
            try:
                while isinstance(request := await self._next(), h11.Request):
                    await self._respond(request, answer_to(request, self._body()))
                    if self._is_last or h11.DONE not in (self._http.our_state, self._http.their_state):
                        break
                    self._http.start_next_cycle()
            except h11.RemoteProtocolError as error:
                await self._refuse(error)
            await self._hang_up()

    def finish(self) -> None:
        """End the connection behind the answer that is under way, or now if there is none."""
        self._is_last = True
        if self._http.their_state is h11.IDLE:
            self._socket.end()

    async def _next(self) -> object:
        """h11's next event. What it needs for that is read, and no more."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await anext(self._chunks, b""))  # b"" is the end, as of recv()
        return event

    async def _body(self) -> Body:
        """The body of the request; who reads it has said 100 Continue."""
        while self._http.their_state is h11.SEND_BODY and isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    async def _respond(self, request: h11.Request, answer: Answer) -> None:
        first = await anext(answer.body, b"")  # before the head: by now we know whether the request's body is wanted
        self._is_last |= self._http.they_are_waiting_for_100_continue
        headers = [*answer.headers, ("Connection", "close")] if self._is_last else answer.headers
        await self._send(h11.Response(status_code=answer.status, headers=headers))
        if request.method != b"HEAD":
            await self._send(h11.Data(data=first))
            async for part in answer.body:
                await self._send(h11.Data(data=part))
        await self._send(h11.EndOfMessage())
        if not self._is_last:
            async for _ in self._body():  # nobody wanted it, and the next request is behind it
                pass

    async def _send(self, event: h11.Event) -> None:
        """Send it, and wait if the client is slower than we are: that concerns nobody else."""
        if data := self._http.send(event):
            self._socket.write(data)
            await self._socket.drained()

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        """400, or what h11 would rather say; unless an answer has begun, which can't be taken back."""
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            text = f"{error}\n".encode()
            headers = [("Content-Length", str(len(text))), ("Connection", "close")]
            for event in (h11.Response(status_code=error.error_status_hint, headers=headers), h11.Data(data=text)):
                await self._send(event)

    async def _hang_up(self) -> None:
        """End our half, and give the client time to read: who closes with unread bytes resets the connection."""
        self._socket.end()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._idle):
                async for _ in self._chunks:
                    pass


class Service:
    """A server, and the exchanges at it."""

    def __init__(self, server: Server, idle: float) -> None:
        self._server = server
        self._idle = idle
        self._exchanges: dict[Exchange, None] = {}

    async def run(self) -> None:
        """Give each connection a task, until the server is closed and the last of them is gone."""
        async with asyncio.TaskGroup() as tasks:
            async for socket in self._server:
                tasks.create_task(self._attend(Exchange(socket, self._idle)))

    async def _attend(self, exchange: Exchange) -> None:
        self._exchanges[exchange] = None
        try:
            await exchange.serve()
        except NetError:
            pass  # the connection is gone, and that's the client's affair
        except Exception:  # a fault of ours, which ends this connection and not all the others
            traceback.print_exc()
        finally:
            del self._exchanges[exchange]

    def stop(self) -> None:
        """Take no more connections, and see the others off."""
        if self._server.listening:
            self._server.close()
            for exchange in self._exchanges:
                exchange.finish()
            call_later(GRACE, self._server.close_all_connections)


async def main(port: str = "8080", idle: str = "5") -> None:
    async with create_server(allow_half_open=True, no_delay=True).listen(port, "127.0.0.1") as server:
        await server.wait_listening()
        service = Service(server, float(idle))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, service.stop)
        print("server bound:", server.address())
        await service.run()


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except NetError as error:  # such as a port in use
        sys.exit(f"http_server: {error}")
