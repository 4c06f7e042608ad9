"""An HTTP/1.1 client on h11: keep-alive, chunked bodies both ways, and no upload that the server doesn't want.

python -m examples.http_client URL [FILE]      GET, or PUT of a file ('-': standard input); needs h11 (the extra 'http')

`Connection` is the part to take along: requests one after the other over one socket. Bodies are asynchronous iterators
in both directions, at the pace of whoever is slower; that of a request goes out before the answer is read.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import h11

from sansnet import NetError, connect

PATIENCE = 30.0
"""Seconds without a byte in either direction."""

HESITATION = 1.0
"""Seconds in which a server may say whether it wants a body."""

Body = AsyncIterator[bytes]


class Response:
    """The head of an answer. Its body is read once, and before the next request."""

    def __init__(self, head: h11.Response, body: Body) -> None:
        self.status = head.status_code
        self.headers = {name.decode().lower(): value.decode("latin-1") for name, value in head.headers}
        self.body = body

    async def read(self) -> bytes:
        """All of the body at once."""
        return b"".join([part async for part in self.body])


class Connection:
    """A connection to an HTTP server, for the length of a block.

    What is awaited raises the socket's error, or h11.RemoteProtocolError for what is no HTTP.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host if port == 80 else f"{host}:{port}"
        self._socket = connect(port, host, no_delay=True, timeout=PATIENCE)
        self._socket.once("timeout", lambda: self._socket.destroy(TimeoutError(f"{host} says nothing")))
        self._chunks = self._socket.iterator(destroy_on_return=False)
        self._http = h11.Connection(h11.CLIENT)

    async def __aenter__(self) -> Self:
        await self._socket.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._socket.__aexit__(kind, error, traceback)

    async def request(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: Body | None = None
    ) -> Response:
        """Ask, and return as soon as the head of the answer is there. A body goes out chunked, if the server wants it.

        Raises h11.LocalProtocolError when the server has said that this connection is over, or the body of the last
        answer wasn't read.
        """
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
        fields = {"Host": self._host, **(headers or {})}
        if body is not None:
            fields["Expect"] = "100-continue"
            if "Content-Length" not in fields:
                fields["Transfer-Encoding"] = "chunked"
        await self._send(h11.Request(method=method, target=target, headers=list(fields.items())))
        event = await self._permission() if body is not None else None
        if not isinstance(event, h11.Response):
            async for part in body or nothing():
                await self._send(h11.Data(data=part))
            await self._send(h11.EndOfMessage())
        while not isinstance(event, h11.Response):
            event = await self._next()
            if event is h11.PAUSED:  # h11 would say so for ever, and nobody else would get a turn
                raise h11.RemoteProtocolError("the server has gone over to another protocol")
        return Response(event, self._body())

    async def _permission(self) -> object:
        """What the server says to an upload before it is made; some say nothing."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HESITATION):
                return await self._next()  # cancelled, it has taken nothing
        return None

    async def _body(self) -> Body:
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    async def _next(self) -> object:
        """h11's next event; what it needs for that is read."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await anext(self._chunks, b""))
        return event

    async def _send(self, event: h11.Event) -> None:
        if data := self._http.send(event):
            self._socket.write(data)
            await self._socket.drained()


async def nothing() -> Body:
    for part in list[bytes]():
        yield part


async def chunks_of(path: str) -> Body:
    with contextlib.nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as file:
        while part := await asyncio.to_thread(file.read, 65536):
            yield part


async def main(url: str = "http://127.0.0.1:8080/", path: str | None = None) -> None:
    where = urlsplit(url)
    target = (where.path or "/") + (f"?{where.query}" if where.query else "")
    async with Connection(where.hostname or "localhost", where.port or 80) as connection:
        body = None if path is None else chunks_of(path)
        response = await connection.request("GET" if path is None else "PUT", target, body=body)
        print(response.status, response.headers, file=sys.stderr)
        async for part in response.body:
            sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except NetError as error:  # such as nobody there
        sys.exit(f"http_client: {error}")
