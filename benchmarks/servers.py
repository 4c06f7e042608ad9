"""Echo servers to be measured: python -m benchmarks.servers sansnet|asyncio|uvloop. Each prints its port and serves."""

from __future__ import annotations

import asyncio
import sys
from typing import cast


def serve_sansnet() -> None:
    """Sansnet's selector driver."""
    import sansnet

    def on_connection(socket: sansnet.Socket) -> None:
        socket.on("data", socket.write)
        socket.on("error", lambda _error: None)

    server = sansnet.create_server(on_connection, no_delay=True)
    server.listen(0, "127.0.0.1", lambda: _announce(cast(sansnet.AddressInfo, server.address()).port))
    sansnet.run()


class _Echo(asyncio.Protocol):
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


def serve_asyncio() -> None:
    """A Protocol on asyncio's own loop."""
    asyncio.run(_serve())


def serve_uvloop() -> None:
    """The same Protocol on uvloop."""
    import uvloop

    uvloop.run(_serve())


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Echo, "127.0.0.1", 0)
    _announce(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _announce(port: int) -> None:
    print(port, flush=True)


SERVERS = {"sansnet": serve_sansnet, "asyncio": serve_asyncio, "uvloop": serve_uvloop}

if __name__ == "__main__":
    SERVERS[sys.argv[1]]()
