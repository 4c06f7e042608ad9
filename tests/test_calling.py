"""Functions of the user's may take fewer arguments than they are offered."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sansnet
from sansnet.calling import fitted
from sansnet.events import Emitter
from tests.loopback import Loopback, loopback


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


class Listening:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def nothing(self) -> None:
        self.heard.append("called")

    def one(self, first: object) -> None:
        self.heard.append(first)

    @classmethod
    def of_the_class(cls) -> None: ...

    @staticmethod
    def of_nobody() -> None: ...

    def __call__(self, first: object, second: object) -> None:
        self.heard.append((first, second))


def test_the_first_arguments_are_those_that_come() -> None:
    listening, heard = Listening(), list[Any]()
    fitted(lambda: heard.append("none"), 2)(1, 2)
    fitted(lambda first: heard.extend([first]), 2)(1, 2)
    fitted(listening.nothing, 2)(1, 2)
    fitted(listening.one, 2)(1, 2)
    fitted(listening.of_the_class, 2)(1, 2)
    fitted(listening.of_nobody, 2)(1, 2)
    assert heard == ["none", 1]
    assert listening.heard == ["called", 1]


def test_who_takes_them_all_is_called_directly() -> None:
    listening = Listening()
    everything: list[Callable[..., object]] = [
        lambda first, second: None,
        lambda first, second=None: None,
        lambda *args: None,
        lambda first, *args: None,
        listening,  # isn't known to take fewer
        functools.partial(print, end=""),
        print,
        [].append,
        dict,
    ]
    assert all(fitted(function, 2) is function for function in everything)


def test_a_listener_that_takes_fewer_can_be_found_and_taken_off() -> None:
    emitter, heard = Emitter(), list[str]()

    def stop() -> None:
        heard.append("close")

    emitter.on("close", stop).once("close", stop).prepend_listener("error", stop)
    assert emitter.listeners("close") == [stop, stop]
    emitter.emit("close", True)
    emitter.emit("error", ValueError())
    emitter.off("close", stop).off("error", stop)
    assert emitter.event_names() == []
    assert heard == ["close"] * 3


def test_an_event_of_one_s_own_has_the_arguments_that_it_has() -> None:
    """Only of our own events it is known what they offer; of any other a listener that doesn't fit is a mistake."""
    emitter = Emitter().on("mine", lambda: None)
    with pytest.raises(TypeError):
        emitter.emit("mine", 1)


def test_what_a_node_programmer_writes(net: Loopback) -> None:
    log: list[str] = []
    server = net.serve(lambda: log.append("connection")).on("connection", lambda socket: socket.resume())
    client = sansnet.connect(server.address().port, "127.0.0.1")  # type: ignore[union-attr]
    client.on("close", lambda: log.append("close"))
    client.write("hello", callback=lambda: log.append("written"))
    client.end(callback=lambda: log.append("ended"))
    net.run_until(lambda: "connection" in log)
    server.get_connections(lambda: log.append("counted"))
    server.close(lambda: log.append("closed"))
    net.run()
    assert sorted(log) == ["close", "closed", "connection", "counted", "ended", "written"]
