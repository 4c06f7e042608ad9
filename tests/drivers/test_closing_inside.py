"""A driver that is closed from inside: by a listener in the middle of a turn, or while another thread calls.

What a driver owes then is nothing at all: no report, no callback, and no exception but that which says that it is over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sansnet
from sansnet import Socket
from sansnet.drivers.readiness import ReadinessDriver
from sansnet.drivers.selector import SelectorDriver
from sansnet.testing.conformance import Turn
from tests.drivers.main_loop import MainLoop
from tests.drivers.makers import MAKERS
from tests.drivers.recorder import is_alive
from tests.loopback import port_of

WHEN = ("connection", "connect", "data", "end", "finish", "close", "written", "counted", "called")


@pytest.fixture(params=sorted(MAKERS))
def made(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Turn]]:
    """A driver of each kind that new sockets are made on, and a turn of its loop."""
    with MAKERS[request.param]() as (driver, turn), sansnet.using(driver):
        yield driver, turn


class Conversation:
    """A server and two clients that say and hear whatever there is; `log` has it all, by event."""

    def __init__(self, react: Callable[[str, Any], None]) -> None:
        self.log: list[str] = []
        self._react = react
        self.server = sansnet.create_server(self._accept).listen(0, "127.0.0.1", callback=self._start)

    def _start(self) -> None:
        """Connect twice, so that there is always somebody else who has something to hear."""
        for _ in range(2):
            client = sansnet.connect(port_of(self.server), "127.0.0.1")
            self._watch(client)
            client.write("hello", self._note("written", client))
            client.end(bytes(1 << 20))
        self.server.get_connections(self._note("counted"))
        sansnet.call_later(0, self._note("called"))

    def _accept(self, peer: Socket) -> None:
        self._watch(peer)
        self._note("connection", peer)()

    def _watch(self, socket: Socket) -> None:
        for event in ("connect", "data", "end", "finish", "close"):
            socket.on(event, self._note(event, socket))

    def _note(self, event: str, of: Any = None) -> Callable[..., None]:
        def note(*_: object) -> None:
            self.log.append(event)
            self._react(event, of or self.server)

        return note


@pytest.mark.parametrize("when", WHEN)
def test_nothing_is_told_after_a_listener_has_closed_the_driver(made: tuple[Any, Turn], when: str) -> None:
    driver, turn = made
    complaints: list[str] = []

    def react(event: str, of: Any) -> None:
        if event == when:
            driver.close()
            for ask in (of.close if of is talk.server else of.destroy, lambda: driver.call_soon(print)):
                with pytest.raises(RuntimeError) as caught:
                    ask()
                complaints.append(str(caught.value))

    talk = Conversation(react)
    for _ in range(2000):
        turn(1)
        if driver.closed:
            break
    for _ in range(5):
        with contextlib.suppress(RuntimeError):  # not all have turns when they are closed
            turn(0)
    assert driver.closed
    assert talk.log.count(when) == 1, "it was told to the next one as well"
    assert talk.log[-1] == when, f"{talk.log[-1]!r} came after that"
    assert len(complaints) == 2
    assert all("closed" in text for text in complaints)
    assert (driver.handles, is_alive(driver)) == ({}, False)


# --------------------------------------------------------------------------- another thread calls while it is closed


class ClosedMeanwhile(MainLoop):
    """A loop whose driver is closed when another thread is in the middle of its call: before, or after it was heard."""

    def __init__(self, before: bool, refuses: bool) -> None:
        super().__init__()
        self.close: Callable[[], None] = lambda: None
        self._before = before
        self._refuses = refuses

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        if self._before:
            self.close()
        if self._refuses:
            raise RuntimeError("Event loop is closed")
        super().call_soon_threadsafe(callback)
        self.close()


@pytest.mark.parametrize("before", [False, True])
def test_a_driver_that_is_closed_while_a_thread_calls(before: bool) -> None:
    loop = ClosedMeanwhile(before, refuses=False)
    driver = ReadinessDriver(loop)
    loop.close = driver.close
    driver.call_soon_threadsafe(lambda: pytest.fail("it was closed before"))
    assert not driver.alive
    loop.frame()


@pytest.mark.parametrize("before", [False, True])
def test_a_loop_that_is_closed_while_a_thread_calls(before: bool) -> None:
    """It is told so in our words, whoever noticed first."""
    loop = ClosedMeanwhile(before, refuses=True)
    driver = ReadinessDriver(loop)
    loop.close = driver.close
    with pytest.raises(RuntimeError, match="this ReadinessDriver is closed") as caught:
        driver.call_soon_threadsafe(print)
    assert str(caught.value.__cause__) == "Event loop is closed"
    assert not driver.alive


def test_what_comes_to_a_closed_driver_is_not_left_lying_about() -> None:
    driver = ReadinessDriver(MainLoop())
    driver.close()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="closed"):
            driver.call_soon_threadsafe(print)
    assert not driver.alive


def test_one_function_may_be_posted_many_times() -> None:
    """Functions that are equal are still two calls."""
    heard: list[int] = []

    class Equal:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("nobody needs to compare them")

        __hash__ = None  # type: ignore[assignment]

        def __call__(self) -> None:
            heard.append(1)

    loop = MainLoop()
    driver, call = ReadinessDriver(loop), Equal()
    for _ in range(3):
        driver.call_soon_threadsafe(call)
    assert driver.alive
    loop.frame()
    assert (len(heard), driver.alive) == (3, False)
    driver.close()


def test_the_selector_s_own_way_says_so_too() -> None:
    driver = SelectorDriver()
    driver.close()
    with pytest.raises(RuntimeError, match="this SelectorDriver is closed"):
        driver.call_soon_threadsafe(print)
