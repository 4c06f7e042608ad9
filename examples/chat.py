"""A chat server in callback style: what one says, all others hear.

python -m examples.chat [PORT]      port 8124; join with `nc localhost 8124`
"""

import sys
from collections.abc import Callable

from sansnet import Socket, create_server, run

SLOWEST = 64 * 1024
"""Bytes that may wait for somebody who doesn't read; then they have to go, since it is our memory that they fill."""

LONGEST = 4096
"""Bytes of a line."""


class Chat:
    def __init__(self) -> None:
        self._members: dict[Socket, str] = {}
        self._joined = 0

    def join(self, socket: Socket) -> None:
        """Somebody has connected."""
        self._joined += 1
        name = f"guest{self._joined}"
        socket.write(f"you are {name}, with {len(self._members)} others\n")
        self._members[socket] = name
        self._tell(f"* {name} joined", except_for=socket)
        lines = Lines(lambda line: self._tell(f"{name}: {line}", except_for=socket), socket.destroy)
        socket.on("data", lines.feed)
        socket.on("error", lambda error: print(f"{name}: {error}"))
        socket.on("close", lambda _had_error: self._leave(socket))

    def _leave(self, socket: Socket) -> None:
        name = self._members.pop(socket)
        self._tell(f"* {name} left")

    def _tell(self, text: str, except_for: Socket | None = None) -> None:
        print(text)
        for member in self._members:
            if member is not except_for and member.writable:
                member.write(f"{text}\n")
                if member.writable_length > SLOWEST:
                    member.destroy()


class Lines:
    """Makes lines of chunks: TCP has no messages, only bytes."""

    def __init__(self, on_line: Callable[[str], object], on_flood: Callable[[], object]) -> None:
        self._on_line = on_line
        self._on_flood = on_flood
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._on_line(line.rstrip(b"\r").decode(errors="replace"))
        if len(self._rest) > LONGEST:
            self._on_flood()


def main(port: str = "8124") -> None:
    server = create_server(Chat().join)
    server.listen(port, callback=lambda: print("chat bound:", server.address()))
    run()


if __name__ == "__main__":
    main(*sys.argv[1:])
