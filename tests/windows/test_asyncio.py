"""In asyncio's default loop on Windows: sockets and pipes beside its own, which are talked to both ways."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import Any

import pytest

import sansnet
from sansnet import Socket
from sansnet.drivers.asyncio_overlapped import AsyncioOverlappedDriver
from tests.loopback import port_of
from tests.windows.bench import handles, needs_windows, new_name

pytestmark = needs_windows

MIB = 1 << 20


class Protocol(asyncio.Protocol):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.lost = asyncio.get_running_loop().create_future()
        self.made = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.made.set_result(None)

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set_result(error)


def proactor() -> Any:
    """The loop that runs, which has pipes."""
    return asyncio.get_running_loop()


async def read_until(socket: Socket, size: int) -> bytes:
    heard = bytearray()
    async for chunk in socket.iterator(destroy_on_return=False):
        heard += chunk
        if len(heard) >= size:
            break
    return bytes(heard)


def test_tcp_and_pipes_in_the_loop() -> None:
    async def main() -> None:
        assert type(sansnet.default_driver()) is AsyncioOverlappedDriver
        for where in (0, new_name()):
            async with sansnet.create_server(lambda socket: socket.pipe(socket)).listen(where) as server:
                await server.wait_listening()
                target = where or port_of(server)
                async with sansnet.connect(target) as client:
                    client.write(bytes(MIB))
                    assert await read_until(client, MIB) == bytes(MIB)
                    client.destroy()
        await sansnet.default_driver().idle()  # type: ignore[attr-defined]

    asyncio.run(main(), debug=True)


def test_our_client_and_asyncio_s_server() -> None:
    """Whose pipes are of messages."""

    async def main() -> None:
        name, served = new_name(), list[Protocol]()

        def factory() -> Protocol:
            served.append(Protocol())
            return served[-1]

        [server] = await proactor().start_serving_pipe(factory, name)
        client = sansnet.connect(name)
        await sansnet.once(client, "connect")
        client.write(bytes(MIB))
        while not served or len(served[0].heard) < MIB:
            await asyncio.sleep(0)
        served[0].transport.write(bytes(100_000))
        assert len(await read_until(client, 100_000)) == 100_000
        served[0].transport.close()
        await sansnet.once(client.resume(), "end")
        server.close()

    asyncio.run(main())


def test_asyncio_s_client_and_our_server() -> None:
    async def main() -> None:
        name, accepted = new_name(), list[Socket]()
        server = sansnet.create_server(accepted.append).listen(name)
        _, protocol = await proactor().create_pipe_connection(Protocol, name)
        await protocol.made
        protocol.transport.write(bytes(MIB))
        while not accepted:
            await asyncio.sleep(0)
        assert await read_until(accepted[0], MIB) == bytes(MIB)
        accepted[0].end(bytes(100_000))
        accepted[0].resume()
        await protocol.lost
        assert protocol.heard == bytes(100_000)
        server.close()

    asyncio.run(main())


def test_the_end_of_the_loop_is_that_of_the_driver() -> None:
    async def main() -> tuple[Any, Any]:
        name = new_name()
        left: list[Any] = [
            sansnet.create_server().listen(name),
            sansnet.connect(name).resume(),
            sansnet.create_server().listen(0),
        ]
        await sansnet.once(left[1], "connect")
        left[1].write(bytes(MIB))
        return sansnet.default_driver(), left

    def once() -> None:
        driver, left = asyncio.run(main())
        assert driver.closed
        assert not driver.handles
        assert left[1].fileno() == -1
        with sansnet.using(driver), pytest.raises(RuntimeError, match=r"the asyncio loop of .* is closed"):
            Socket()

    once()
    gc.collect()
    before = handles()
    for _ in range(5):
        once()
        gc.collect()
    assert handles() <= before


def test_what_listeners_raise_goes_to_the_loop() -> None:
    async def main() -> list[Any]:
        seen: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))
        sansnet.connect(new_name())
        await sansnet.default_driver().idle()  # type: ignore[attr-defined]
        return seen

    [context] = asyncio.run(main())
    assert context["exception"].code == "ENOENT"
    assert isinstance(context["emitter"], Socket)


def test_the_selector_loop_is_refused() -> None:
    """It watches sockets, by select(), and that has nothing that could be watched."""

    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"sansnet can't run in a .*SelectorEventLoop"):
            sansnet.connect(80)

    if sys.platform == "win32":
        loop = asyncio.SelectorEventLoop()
        loop.run_until_complete(main())
        loop.close()
