"""An echo server and its client as asyncio tasks: `async with`, `async for`, and waiting for an event by name.

python -m examples.tasks [PORT]    port 8124; it ends when the client has its answer
"""

import asyncio
import sys

from sansnet import AddressInfo, NetError, Server, Socket, connect, create_server, once

HOST = "127.0.0.1"


async def echo(socket: Socket) -> None:
    async with socket:
        async for chunk in socket:
            socket.write(chunk)
            await socket.drained()


async def serve(server: Server) -> None:
    async with asyncio.TaskGroup() as group:
        async for socket in server:
            group.create_task(echo(socket))


async def ask(port: int, question: str) -> str:
    async with connect(port, HOST) as socket:
        await once(socket, "connect")
        socket.set_encoding("utf-8").end(question)
        return "".join([str(chunk) async for chunk in socket])


async def main(port: str = "8124") -> None:
    async with create_server(allow_half_open=True).listen(port, HOST) as server:
        await server.wait_listening()
        where = server.address()
        assert isinstance(where, AddressInfo)
        print("listening:", where)
        serving = asyncio.create_task(serve(server))
        print("answer:", await ask(where.port, "hello from a task"))
        server.close()
        await serving


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except NetError as error:  # such as a port in use
        sys.exit(f"tasks: {error}")
