"""The workload of simulation.py on simloop, which simulates asyncio's streams. Prints seeds a second of CPU time."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import simloop

LINE = b"a line of text\n"
LINES = 20


async def main() -> None:
    """Two hosts, twenty lines there and back, each awaited, and a clean close."""
    loop: Any = asyncio.get_running_loop()
    loop.net.set_defaults(latency=(0.001, 0.050))
    over: asyncio.Future[None] = loop.create_future()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()
        over.set_result(None)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("server", 8124)
        for _ in range(LINES):
            writer.write(LINE)
            line = await reader.readline()
            assert line == LINE, "every line came back"
        writer.close()
        await writer.wait_closed()

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(handle, port=8124)

    server = await loop.net.host("server").create_task(serve())
    await loop.net.host("client").create_task(client())
    await over
    server.close()
    await server.wait_closed()


def seeds_a_second(first: int, count: int) -> float:
    """After a few seeds to warm up."""
    _explore(first, 20)
    began = time.process_time()
    _explore(first, count)
    return count / (time.process_time() - began)


def _explore(first: int, count: int) -> None:
    failure = simloop.explore(main, range(first, first + count))
    assert failure is None, failure.render()


if __name__ == "__main__":
    print(seeds_a_second(int(sys.argv[1]), int(sys.argv[2])))
