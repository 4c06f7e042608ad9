"""A chat server in callback style, for whatever loop there is: what one says, all others hear.

python -m examples.chat [PORT [LOOP [POLICY]]]    port 8124; loop selector, asyncio, uvloop or trio; policy drop or wait

Join with `nc localhost 8124`. A line is said to all; `/name NAME`, `/who` and `/quit` are for the server.

Somebody who doesn't read makes the server keep what he should have heard. The policy `drop` throws him out when that
is too much; `wait` stops to listen to everybody until he has caught up, or nothing has moved for a while.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import Literal

from sansnet import Server, Socket, create_server, default_driver, run

SLOWEST = 64 * 1024
"""Bytes that may wait for somebody who doesn't read; they fill our memory, not his."""

PATIENCE = 10.0
"""Seconds in which he has to take something, when the others wait for him."""

LONGEST = 4096
"""Bytes of a line."""

Policy = Literal["drop", "wait"]


class Chat:
    """Who is there, and what is said."""

    def __init__(self, policy: Policy = "drop") -> None:
        self._policy = policy
        self._members: dict[str, Socket] = {}
        self._slow: dict[Socket, None] = {}  # those that the others wait for
        self._joined = 0

    def join(self, socket: Socket) -> None:
        """Somebody has connected."""
        self._joined += 1
        while (name := f"guest{self._joined}") in self._members:  # somebody has called himself so
            self._joined += 1
        Member(self, socket, name)

    def enter(self, name: str, socket: Socket) -> None:
        socket.write(f"you are {name}, with {len(self._members)} others\n")
        self._members[name] = socket
        if self._slow:
            socket.pause()
        self.tell(f"* {name} joined", socket)

    def leave(self, name: str, socket: Socket) -> None:
        if self._members.get(name) is socket:
            del self._members[name]
            self._caught_up(socket)
            self.tell(f"* {name} left")

    def rename(self, old: str, new: str) -> str:
        """The name that is the member's from now on: the old one, if the new one is no name, or somebody else's."""
        if not (new.isalnum() and new.isascii() and len(new) <= 16) or new in self._members:
            self._members[old].write("* you can't have that name\n")
            return old
        self._members[new] = self._members.pop(old)
        self.tell(f"* {old} is {new} now")
        return new

    def names(self) -> list[str]:
        return sorted(self._members)

    def tell(self, text: str, except_for: Socket | None = None) -> None:
        log(text)
        line = f"{text}\n".encode()
        for member in list(self._members.values()):
            if member is except_for or not member.writable or member.write(line):
                continue
            if self._policy == "wait":
                self._wait_for(member)
            elif member.writable_length > SLOWEST:
                member.destroy()

    def _wait_for(self, member: Socket) -> None:
        if member not in self._slow:
            self._slow[member] = None
            member.set_timeout(PATIENCE, member.destroy)
            member.once("drain", lambda: self._caught_up(member))
            for each in self._members.values():
                each.pause()

    def _caught_up(self, member: Socket) -> None:
        if member in self._slow:
            del self._slow[member]
            member.set_timeout(0, member.destroy)
            if not self._slow:
                for each in self._members.values():
                    each.resume()


class Member:
    """One of them: lines out of chunks, and what they mean."""

    def __init__(self, chat: Chat, socket: Socket, name: str) -> None:
        self._chat = chat
        self._socket = socket
        self._name = name
        chat.enter(name, socket)
        socket.on("data", Lines(self._hear, self._flood).feed)
        socket.on("error", lambda error: log(f"{self._name}: {error}"))
        socket.on("close", lambda _had_error: chat.leave(self._name, socket))

    def _hear(self, line: str) -> None:
        match line.split():
            case ["/name", name]:
                self._name = self._chat.rename(self._name, name)
            case ["/who"]:
                self._socket.write(f"* {', '.join(self._chat.names())}\n")
            case ["/quit"]:
                self._socket.end("* goodbye\n")
            case _ if not self._socket.writable_ended:
                self._chat.tell(f"{self._name}: {line}", self._socket)
            case _:
                pass

    def _flood(self) -> None:
        self._socket.end("* that is too long a line\n")
        self._socket.destroy_soon()


class Lines:
    """Makes lines of chunks: TCP has no messages, only bytes."""

    def __init__(self, on_line: Callable[[str], object], on_flood: Callable[[], object]) -> None:
        self._on_line = on_line
        self._on_flood = on_flood
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if len(line) > LONGEST:
                self._on_flood()
                return
            text = line.decode(errors="replace")
            self._on_line("".join(char for char in text if char.isprintable()))  # nobody moves another's cursor
        if len(self._rest) > LONGEST:
            self._on_flood()


def log(text: str) -> None:
    """Print it. What standard output has no sign for is escaped: nobody ends the server with a snowman."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


# ------------------------------------------------------------------------------- here, and only here, the loops differ


def open_chat(port: int | str, policy: Policy = "drop", host: str = "127.0.0.1") -> Server:
    """A chat in the loop that runs here. What goes wrong, such as a port in use, is said, and then it isn't open."""
    server = create_server(Chat(policy).join, keep_alive=True, keep_alive_initial_delay=60)
    server.on("error", lambda error: print(f"chat: {error}", file=sys.stderr))
    return server.listen(port, host, callback=lambda: print("chat bound:", server.address()))


async def in_asyncio(port: str, policy: Policy) -> None:
    open_chat(port, policy)
    await default_driver().idle()  # type: ignore[attr-defined]  # the loop's driver has it


async def in_trio(port: str, policy: Policy) -> None:
    from sansnet.drivers.trio import open_driver

    async with open_driver() as driver:
        open_chat(port, policy)
        await driver.idle()


def main(port: str = "8124", loop: str = "selector", policy: Policy = "drop") -> None:
    match loop:
        case "selector":
            open_chat(port, policy)
            run()
        case "asyncio":
            asyncio.run(in_asyncio(port, policy))
        case "uvloop":
            import uvloop

            uvloop.run(in_asyncio(port, policy))
        case "trio":
            import trio

            trio.run(in_trio, port, policy)
        case _:
            sys.exit(f"no loop {loop!r}: selector, asyncio, uvloop or trio")
    sys.exit(1)  # it could not be opened; one that is open goes on until somebody kills it


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]  # a policy is what is given
