"""The same chat, in the same words, in every loop and on a network that doesn't exist."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pytest
import trio

import sansnet
from examples import chat
from examples.chat import LONGEST, PATIENCE, SLOWEST, Policy, open_chat
from sansnet import Server, Socket
from sansnet.drivers.selector import SelectorDriver
from sansnet.drivers.trio import open_driver
from sansnet.testing import Simulation
from tests.drivers.stepped import new_loop
from tests.examples.programs import peer, running, take
from tests.loopback import PATIENCE as ENOUGH
from tests.loopback import port_of

LOOPS = ("selector", "asyncio", "uvloop", "trio", "simulation")


# -------------------------------------------------------------------------------------------- a conversation, and loops


class Guest:
    """Somebody at the other end: what he has heard, and whether he is gone."""

    def __init__(self, table: Table) -> None:
        self.socket = table.connect()
        self.heard = ""
        self.lines = 0  # that were heard
        self.gone = False
        self._table = table
        self.socket.set_encoding("utf-8").on("data", self._hear)
        self.socket.on("drain", table.go_on)
        self.socket.on("error", lambda _: None)
        self.socket.on("close", self._go)

    def say(self, *lines: str) -> None:
        self.socket.write("".join(f"{line}\n" for line in lines))

    def _hear(self, text: str) -> None:
        self.heard = (self.heard + text)[-4 * LONGEST :]
        self.lines += text.count("\n")
        self._table.go_on()

    def _go(self, _had_error: bool) -> None:
        self.gone = True
        self._table.go_on()

    def has(self, *lines: str) -> Callable[[], bool]:
        """Was all of that heard, in that order? Then it is forgotten."""

        def look() -> bool:
            if any(line not in self.heard.splitlines() for line in lines):
                return False
            assert [line for line in self.heard.splitlines() if line in lines] == [*lines]
            self.heard = ""
            return True

        return look


Script = Iterator[Callable[[], object]]
"""What is said, and between that, what has to be true before it goes on."""


class Table:
    """A chat, and a script that is played at it."""

    def __init__(self, script: Callable[[Table], Script], policy: Policy) -> None:
        self.server: Server
        self.connect: Callable[[], Socket]
        self.policy = policy
        self._script = script(self)
        self._until: Callable[[], object] = lambda: True
        self._goes_on = False
        self.over = False

    def begin(self) -> None:
        self.server = open_chat(0, self.policy)
        self.server.once("listening", self.go_on)
        self.connect = lambda: sansnet.connect(port_of(self.server), "127.0.0.1")

    def go_on(self, *_: object) -> None:
        if self._goes_on or self.over:
            return
        self._goes_on = True
        while self._until():
            try:
                self._until = next(self._script)
            except StopIteration:
                self.over = True
                self.server.close()
                self.server.close_all_connections()
                break
        self._goes_on = False


def play(loop: str, script: Callable[[Table], Script], policy: Policy = "drop") -> None:
    """In that loop, until all is said and nothing is left."""
    table = Table(script, policy)

    async def in_asyncio() -> None:
        async with asyncio.timeout(ENOUGH):
            table.begin()
            await sansnet.default_driver().idle()  # type: ignore[attr-defined]

    async def in_trio() -> None:
        with trio.fail_after(ENOUGH):
            async with open_driver() as driver:
                table.begin()
                await driver.idle()

    match loop:
        case "selector":
            with SelectorDriver() as driver, sansnet.using(driver):
                table.begin()
                driver.run()
        case "trio":
            trio.run(in_trio)
        case "simulation":
            in_simulation(table)
        case _:
            with asyncio.Runner(loop_factory=lambda: new_loop(loop)) as runner:
                runner.run(in_asyncio())
    assert table.over, "nothing more happens, and the script waits"


def in_simulation(table: Table) -> None:
    with Simulation() as sim:
        with sim.host("server"):
            table.server = open_chat(8124, table.policy, "0.0.0.0")

        def connect() -> Socket:
            with sim.host("guests"):
                return sansnet.connect(8124, "server")

        table.connect = connect
        table.server.once("listening", table.go_on)
        sim.run()


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(chat, "print", lambda *_: None, raising=False)  # it would be megabytes
    return str(request.param)


# --------------------------------------------------------------------------------------------------------- what is said


def an_evening(table: Table) -> Script:
    ann = Guest(table)
    yield ann.has("you are guest1, with 0 others")
    bob = Guest(table)
    yield bob.has("you are guest2, with 1 others")
    yield ann.has("* guest2 joined")
    ann.say("/name ann")
    yield bob.has("* guest1 is ann now")
    bob.say("/name ann", "/name b b", "/name \N{GREEK SMALL LETTER BETA}", "/name bob", "/who", "hello ann")
    yield ann.has("* guest2 is bob now", "bob: hello ann")
    yield lambda: bob.heard.endswith("* ann, bob\n")
    assert bob.heard.count("* you can't have that name") == 2  # taken, and no name; "/name b b" is something to say
    bob.socket.write(b"in ")
    bob.socket.write("two pieces, \N{GREEK SMALL LETTER BETA}\x1b[2J\r\nand ".encode())
    bob.socket.write(b"\xff\n")
    yield ann.has("bob: in two pieces, \N{GREEK SMALL LETTER BETA}[2J", "bob: and \N{REPLACEMENT CHARACTER}")
    bob.say("/quit", "not heard")
    yield ann.has("* bob left")
    assert bob.heard.endswith("* goodbye\n")
    mallory = Guest(table)
    yield ann.has("* guest3 joined")
    mallory.socket.write("x" * (2 * LONGEST))
    yield ann.has("* guest3 left")
    yield lambda: mallory.gone
    carol = Guest(table)
    yield carol.has("you are guest4, with 1 others")
    ann.socket.reset_and_destroy()
    yield carol.has("* ann left")


def test_an_evening(loop: str) -> None:
    play(loop, an_evening)


def a_guest_s_name_is_taken(table: Table) -> Script:
    ann = Guest(table)
    yield ann.has("you are guest1, with 0 others")
    ann.say("/name guest2")
    yield ann.has("* guest1 is guest2 now")
    bob = Guest(table)
    yield bob.has("you are guest3, with 1 others")
    bob.socket.end()
    yield ann.has("* guest3 joined", "* guest3 left")
    ann.socket.end()
    yield lambda: ann.gone
    carol = Guest(table)
    yield carol.has("you are guest4, with 0 others")


def test_nobody_gets_the_name_that_another_has_given_himself(loop: str) -> None:
    play(loop, a_guest_s_name_is_taken)


LINE = "x" * (LONGEST - 1)
MANY = 4000  # lines: more than the system's buffers hold


def flood(guest: Guest) -> Script:
    """Say very much, no faster than the chat listens."""
    for _ in range(MANY // 8):
        yield lambda: not guest.socket.writable_need_drain
        guest.say(*[LINE] * 8)


def waiting(table: Table) -> int:
    """The most that waits for one of them in the server."""
    return max(each.writable_length for each in table.server._sockets)  # noqa: SLF001


def one_does_not_read(table: Table) -> Script:
    ann, slow, bob = Guest(table), Guest(table), Guest(table)
    yield lambda: all("you are" in each.heard for each in (ann, slow, bob))
    slow.socket.pause()
    for number, until in enumerate(flood(ann)):
        yield until
        yield lambda number=number: bob.lines >= 8 * number  # type: ignore[misc]
        assert waiting(table) < SLOWEST + 2 * LONGEST
    yield lambda: bob.lines >= MANY
    yield lambda: " left\n" in ann.heard
    assert table.server.connections == 2
    slow.socket.destroy()


def test_who_does_not_read_is_thrown_out_and_the_others_hear_all(loop: str) -> None:
    play(loop, one_does_not_read)


def all_wait_for_one(table: Table) -> Script:
    ann, slow = Guest(table), Guest(table)
    yield lambda: all("you are" in each.heard for each in (ann, slow))
    slow.socket.pause()
    for until in flood(ann):
        if ann.socket.writable_need_drain and slow.socket.is_paused():
            slow.socket.resume()  # the chat has stopped to listen, and so has the system
        assert waiting(table) < 4 * SLOWEST
        yield until
    yield lambda: slow.lines >= MANY
    assert table.server.connections == 2


def test_the_others_wait_for_who_does_not_read(loop: str) -> None:
    play(loop, all_wait_for_one, "wait")


def all_wait_in_vain(table: Table) -> Script:
    ann, slow = Guest(table), Guest(table)
    yield lambda: all("you are" in each.heard for each in (ann, slow))
    slow.socket.pause()
    yield from flood(ann)
    yield lambda: " left\n" in ann.heard
    slow.socket.destroy()


def test_but_not_for_ever(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if loop != "simulation":  # there time costs nothing
        monkeypatch.setattr(chat, "PATIENCE", PATIENCE / 100)
    play(loop, all_wait_in_vain, "wait")


# --------------------------------------------------------------------------------------------------------- as a program


@pytest.mark.parametrize("loop_name", [name for name in LOOPS if name != "simulation"])
def test_as_a_program(loop_name: str) -> None:
    if loop_name == "uvloop":
        new_loop("uvloop").close()  # or there is none
    with running("chat", 0, loop_name) as server:
        port = server.port()
        with peer(port) as ann, peer(port) as bob:
            assert take(ann, 30) == b"you are guest1, with 0 others\n"
            assert take(bob, 30) == b"you are guest2, with 1 others\n"
            ann.sendall(b"hi\n")
            assert take(bob, 11) == b"guest1: hi\n"
        assert server.lines(3) == ["* guest1 joined", "* guest2 joined", "guest1: hi"]


def test_a_chat_goes_on_without_who_floods_it() -> None:
    with running("chat", 0) as server:
        port = server.port()
        with peer(port) as ann, peer(port) as mallory:
            take(ann, 30)
            take(mallory, 30)
            with contextlib.suppress(OSError):  # it may be gone before all of that is sent
                mallory.sendall(bytes(1 << 20))
            assert b"* guest2 left\n" in take(ann, 16 + 14)


def test_what_the_terminal_cannot_show_is_escaped_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with running("chat", 0) as server:
        port = server.port()
        with peer(port) as ann, peer(port) as bob:
            take(ann, 30)
            take(bob, 30)
            said = "\N{SNOWMAN}\n".encode()
            ann.sendall(said)
            assert take(bob, 11) == b"guest1: " + said[:3]
        assert server.lines(3)[2] == r"guest1: \u2603"


def test_a_loop_that_is_none() -> None:
    with running("chat", 0, "hoop") as program:
        _, stderr = program.process.communicate(timeout=ENOUGH)
        assert (program.process.returncode, stderr) == (1, "no loop 'hoop': selector, asyncio, uvloop or trio\n")
