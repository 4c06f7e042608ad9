"""The way to a connection, seen by a user: races, time limits, and one object that connects again and again."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sansnet
from sansnet import AbortController, LookupOptions, NetExceptionGroup, NetTimeoutError, Socket
from tests.backlog import fill
from tests.loopback import Loopback, loopback, port_of, simulated_loopback
from tests.node import world

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 and full backlogs are Linux's")

EVENTS = ("connection_attempt", "connection_attempt_failed", "connection_attempt_timeout", "connect", "error", "close")
SOON = 0.01
LATER = 20.0


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


@pytest.fixture
def ports() -> Iterator[dict[str, int]]:
    with world.ports() as made:
        yield made


@contextlib.contextmanager
def listener(address: str, port: int) -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind((address, port))
        made.listen()
        yield made


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def answering(*addresses: str) -> Callable[..., None]:
    """A lookup function that finds these addresses."""

    def lookup(_host: str, options: LookupOptions, callback: Callable[..., object]) -> None:
        assert options.all
        callback(None, [(address, 4) for address in addresses])

    return lookup


def story_of(client: Socket) -> list[str]:
    """What it tells of its way to a connection: 'connection_attempt 127.0.0.1', 'error ETIMEDOUT', 'close True'."""
    story: list[str] = []

    def tell(event: str) -> Callable[..., None]:
        def listener(*args: Any) -> None:
            words = [getattr(args[i], "code", args[i]) for i in ((0, 3) if len(args) == 4 else (0,)) if args]
            story.append(" ".join([event, *map(str, words)]))

        return listener

    for event in EVENTS:
        client.on(event, tell(event))
    return story


@pytest.mark.covers("B-11")
def test_a_lookup_of_ones_own_is_given_family_and_hints_as_they_are(net: Loopback) -> None:
    given: list[tuple[object, object]] = []

    def lookup(_host: str, options: LookupOptions, callback: Callable[..., object]) -> None:
        given.append((options.family, options.hints))
        callback(None, [("127.0.0.1", 4)])

    server = net.serve()
    client = sansnet.connect(port_of(server), "name", lookup=lookup, family="x", hints=["y"])  # type: ignore[call-overload]
    net.run_until(lambda: not client.connecting)
    assert client.remote_address == "127.0.0.1"
    assert given == [("x", ["y"])]


# ---------------------------------------------------------------------------------------------------------- the race


@pytest.mark.covers("connect(auto_select_family)", "Socket.auto_select_family_attempted_addresses")
def test_the_second_one_overtakes_the_first(net: Loopback, ports: dict[str, int]) -> None:
    """The first attempt isn't cut off when its time is over; it is when the second has won."""
    port = ports["hanging"]
    with listener("127.0.0.2", port) as other:
        client = sansnet.connect(
            port,
            "name",
            lookup=answering("127.0.0.1", "127.0.0.2", "127.0.0.3"),
            auto_select_family="race",
            auto_select_family_attempt_timeout=SOON,
        )
        story = story_of(client)
        net.run_until(lambda: not client.connecting)
        assert story == ["connection_attempt 127.0.0.1", "connection_attempt 127.0.0.2", "connect"]
        assert client.auto_select_family_attempted_addresses == [f"127.0.0.1:{port}", f"127.0.0.2:{port}"]
        assert client.remote_address == "127.0.0.2"
        accepted, _ = other.accept()
        with accepted:
            client.end("hello")
            assert accepted.recv(100) == b"hello"
        net.run()
    assert story[3:] == ["close False"]


@pytest.mark.covers("connect(auto_select_family)")
def test_the_first_one_may_still_win(net: Loopback, ports: dict[str, int]) -> None:
    """It was slow, not dead: while the second one hangs as well, the first gets its answer."""
    with socket.socket() as slow:
        slow.bind(("127.0.0.2", ports["hanging"]))
        slow.listen(0)
        filler = fill(slow)
        client = sansnet.connect(
            ports["hanging"],
            "name",
            lookup=answering("127.0.0.2", "127.0.0.1"),
            auto_select_family="race",
            auto_select_family_attempt_timeout=SOON,
        )
        story = story_of(client)
        net.run_until(lambda: "connection_attempt 127.0.0.1" in story)
        assert client.connecting
        slow.accept()[0].close()
        filler.close()
        net.run_until(lambda: not client.connecting)
        assert client.remote_address == "127.0.0.2"
        assert story == ["connection_attempt 127.0.0.2", "connection_attempt 127.0.0.1", "connect"]
        net.close(client)


@pytest.mark.covers("connect(auto_select_family)")
def test_the_losers_are_closed(net: Loopback, ports: dict[str, int]) -> None:
    """After the race one descriptor more is open than before it."""
    with listener("127.0.0.2", ports["hanging"]):
        before = open_descriptors()
        client = sansnet.connect(
            ports["hanging"],
            "name",
            lookup=answering("127.0.0.1", "127.0.0.3", "127.0.0.2"),
            auto_select_family="race",
            auto_select_family_attempt_timeout=SOON,
        )
        net.run_until(lambda: client.ready_state == "open")
        net.turn(3)
        assert open_descriptors() == before + 1
        assert client.describe() == "link open; read open; write open"
        net.close(client)


@pytest.mark.covers("connect(auto_select_family)", "E-05")
def test_nobody_wins(net: Loopback, ports: dict[str, int]) -> None:
    client = sansnet.connect(
        ports["refusing"],
        "name",
        lookup=answering("127.0.0.1", "127.0.0.2"),
        auto_select_family="race",
        auto_select_family_attempt_timeout=LATER,
    )
    story = story_of(client)
    errors: list[NetExceptionGroup] = []
    client.on("error", errors.append)
    net.run()
    assert story == [
        "connection_attempt 127.0.0.1",
        "connection_attempt_failed 127.0.0.1 ECONNREFUSED",
        "connection_attempt 127.0.0.2",
        "connection_attempt_failed 127.0.0.2 ECONNREFUSED",
        "error ECONNREFUSED",
        "close True",
    ]
    [error] = errors
    assert isinstance(error, NetExceptionGroup)
    assert [getattr(each, "address", None) for each in error.errors] == ["127.0.0.1", "127.0.0.2"]


@pytest.mark.covers("E-02", "E-04")
def test_without_a_race_the_slow_one_is_cut_off(net: Loopback, ports: dict[str, int]) -> None:
    """Node's way, for comparison: its time is over, it is told so, and only then the next one is tried."""
    with listener("127.0.0.2", ports["hanging"]):
        client = sansnet.connect(
            ports["hanging"],
            "name",
            lookup=answering("127.0.0.1", "127.0.0.2"),
            auto_select_family_attempt_timeout=SOON,
        )
        story = story_of(client)
        net.run_until(lambda: not client.connecting)
        assert story == [
            "connection_attempt 127.0.0.1",
            "connection_attempt_timeout 127.0.0.1",
            "connection_attempt 127.0.0.2",
            "connect",
        ]
        net.close(client)


# -------------------------------------------------------------------------------------------------------- time limits


@pytest.mark.covers("connect(connect_timeout)")
def test_connecting_takes_too_long(net: Loopback, ports: dict[str, int]) -> None:
    client = sansnet.connect(ports["hanging"], "127.0.0.1", connect_timeout=SOON)
    story = story_of(client)
    errors: list[NetTimeoutError] = []
    client.on("error", errors.append)
    net.run()
    assert story == ["connection_attempt 127.0.0.1", "error ETIMEDOUT", "close True"]
    [error] = errors
    assert isinstance(error, TimeoutError)
    assert (error.code, error.syscall, error.address, error.port) == (
        "ETIMEDOUT",
        "connect",
        "127.0.0.1",
        ports["hanging"],
    )
    assert str(error) == f"connect ETIMEDOUT 127.0.0.1:{ports['hanging']}"
    assert error.errno is not None


@pytest.mark.covers("connect(connect_timeout)")
def test_the_limit_is_one_for_all_attempts(net: Loopback, ports: dict[str, int]) -> None:
    """Each attempt has time enough; both together haven't. What was under way is told to have been called off."""
    client = sansnet.connect(
        ports["hanging"],
        "name",
        lookup=answering("127.0.0.1", "127.0.0.2"),
        connect_timeout=SOON,
        auto_select_family_attempt_timeout=LATER,
    )
    story = story_of(client)
    net.run()
    assert story == [
        "connection_attempt 127.0.0.1",
        "error ETIMEDOUT",
        "connection_attempt_failed 127.0.0.1 ECANCELED",
        "close True",
    ]


@pytest.mark.covers("connect(connect_timeout)")
def test_the_limit_counts_the_lookup_too(net: Loopback) -> None:
    """Here nobody ever calls back, and what calls back later isn't heard."""
    late: list[Callable[..., object]] = []
    client = sansnet.connect(80, "name", lookup=lambda _host, _options, done: late.append(done), connect_timeout=SOON)
    story = story_of(client)
    net.run_until(lambda: story)
    late[0](None, [("127.0.0.1", 4)])
    net.run()
    assert story == ["error ETIMEDOUT", "close True"]


@pytest.mark.covers("connect(connect_timeout)")
def test_the_limit_is_over_when_there_is_a_connection() -> None:
    """By simulated time: a busy machine may need longer than that to connect."""
    with simulated_loopback() as net:
        server = net.serve()
        client = sansnet.connect(port_of(server), "127.0.0.1", connect_timeout=SOON)
        story = story_of(client)
        net.run_until(lambda: client.ready_state == "open")
        fired: list[None] = []
        net.driver.call_later(2 * SOON, lambda: fired.append(None))
        net.run_until(lambda: fired)
        assert story == ["connection_attempt 127.0.0.1", "connect"]
        server.close()
        net.close(client)


@pytest.mark.covers("connect(connect_timeout)")
def test_no_limit(net: Loopback, ports: dict[str, int]) -> None:
    """0 is none, as with `set_timeout`."""
    client = sansnet.connect(ports["hanging"], "127.0.0.1", connect_timeout=0)
    net.turn(3)
    assert client.connecting
    net.close(client)


# ----------------------------------------------------------------------------------------------------- again and again


@pytest.mark.covers("M-01", "M-02", "M-03", "Socket.connect")
def test_one_object_fifty_times(net: Loopback, ports: dict[str, int]) -> None:
    """Every other time it is refused. Each life begins at nothing, and listeners and settings outlast them all."""
    server = net.serve(lambda peer: peer.end("€"))
    client = Socket(no_delay=True).set_encoding("utf-8")
    client.set_timeout(LATER)
    story = story_of(client)
    texts: list[str] = []
    local_ports: list[int | None] = []
    client.on("data", texts.append)
    client.on("connect", lambda: local_ports.append(client.local_port))
    lives = 0

    def again(_had_error: bool | None = None) -> None:
        nonlocal lives
        if lives < 50:
            lives += 1
            client.connect(port_of(server) if lives % 2 else ports["refusing"], "127.0.0.1")
            assert (client.bytes_read, client.bytes_written, client.errored) == (0, 0, None)
            assert (client.ready_state, client.destroyed, client.timeout) == ("opening", False, LATER)

    client.on("close", again)
    again()
    net.run_until(lambda: len([event for event in story if event.startswith("close")]) == 50)
    attempt = "connection_attempt 127.0.0.1"
    good = [attempt, "connect", "close False"]
    bad = [attempt, "connection_attempt_failed 127.0.0.1 ECONNREFUSED", "error ECONNREFUSED", "close True"]
    assert story == [*good, *bad] * 25
    assert texts == ["€"] * 25
    assert None not in local_ports
    server.close()
    net.run()
    assert net.driver.handles == {}


@pytest.mark.covers("C-16")
def test_a_second_connect_is_told_what_it_was_about(net: Loopback, ports: dict[str, int]) -> None:
    client = sansnet.connect(ports["hanging"], "127.0.0.1")
    errors: list[OSError] = []
    client.on("error", errors.append)
    assert client.connect(ports["hanging"], "127.0.0.1") is client
    net.run()
    [error] = errors
    assert isinstance(error, BlockingIOError)
    assert (getattr(error, "code", ""), error.errno is not None) == ("EALREADY", True)


@pytest.mark.covers("A-07")
def test_the_modules_connect_goes_through_the_class(net: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def connect(self: Socket, *args: object, **options: object) -> Socket:
        calls.append((args, options))
        return self

    monkeypatch.setattr(Socket, "connect", connect)
    made = sansnet.create_connection(80, "127.0.0.1", no_delay=True, local_port=5)
    assert isinstance(made, Socket)
    assert calls == [((80, "127.0.0.1"), {"local_port": 5})]


@pytest.mark.covers("AbortController", "R-01")
def test_a_signal_ends_a_race(net: Loopback, ports: dict[str, int]) -> None:
    controller = AbortController()
    client = sansnet.connect(
        ports["hanging"],
        "name",
        lookup=answering("127.0.0.1", "127.0.0.1", "127.0.0.2"),
        auto_select_family="race",
        auto_select_family_attempt_timeout=LATER,
        signal=controller.signal,
    )
    story = story_of(client)
    net.run_until(lambda: story)
    controller.abort()
    net.run()
    assert story == [
        "connection_attempt 127.0.0.1",
        "error ABORT_ERR",
        "connection_attempt_failed 127.0.0.1 ECANCELED",
        "close True",
    ]
