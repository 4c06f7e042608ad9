"""Attempts to connect: how they end, how they are given up, how they race."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sansnet.drivers.contract import SocketHandle
from sansnet.drivers.selector import SelectorDriver
from sansnet.state.endpoints import Endpoint
from sansnet.state.faults import Fault
from tests.drivers.recorder import (
    DRIVERS,
    LOOPBACK,
    Recorder,
    attached,
    black_hole,
    cut,
    descriptor_is_open,
    driver_over,
    endpoint_of,
    is_alive,
    open_descriptors,
    settle,
    talk,
    until,
    waits,
)
from tests.loopback import held_port

CANCELED = errno.ECANCELED


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Iterator[SelectorDriver]:
    with driver_over(request.param) as made:
        yield made


@pytest.fixture
def handle(driver: SelectorDriver) -> SocketHandle:
    return driver.socket()


@pytest.fixture
def recorder(handle: SocketHandle) -> Recorder:
    return attached(handle)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server((LOOPBACK, 0)) as made:
        yield made


@pytest.fixture
def closed() -> Iterator[Endpoint]:
    with held_port() as port:
        yield Endpoint(LOOPBACK, port, 4)


@pytest.fixture
def nowhere() -> Iterator[Endpoint]:
    with black_hole() as endpoint:
        yield endpoint


# ----------------------------------------------------------------------------------------------------------- connecting


def test_a_connection_is_made(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, server: socket.socket
) -> None:
    handle.connect(7, endpoint_of(server))
    assert recorder.log == []
    assert is_alive(driver)
    assert handle.fileno() == -1
    assert handle.remote_name() is None
    until(driver, recorder.has("connected"))
    assert recorder.log == [("connected", 7)]
    assert not is_alive(driver)
    assert waits(driver)
    assert handle.remote_name() == endpoint_of(server)
    talk(driver, handle, recorder, server)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
@pytest.mark.parametrize("address", ["::1", "::1%lo", "::1%1"])
def test_a_connection_over_ipv6(driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, address: str) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
        handle.connect(1, Endpoint(address, port, 6))
        until(driver, recorder.has("connected"))
        assert handle.remote_name() == Endpoint("::1", port, 6)
        talk(driver, handle, recorder, server)


def test_a_connection_by_path(driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, tmp_path: Path) -> None:
    path = str(tmp_path / "söcket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        handle.connect(1, Endpoint(path, None, 0))
        assert recorder.log == []  # though it is connected already
        until(driver, recorder.has("connected"))
        assert handle.remote_name() == Endpoint(path, None, 0)
        assert handle.local_name() is None
        talk(driver, handle, recorder, server)


@pytest.mark.parametrize("name", ["\0sansnet", "\0sansnet\0with\0more", "\0" + "x" * 107])
def test_a_connection_by_abstract_name(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, name: str
) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name.encode())
        server.listen()
        handle.connect(1, Endpoint(name, None, 0))
        until(driver, recorder.has("connected"))
        assert handle.remote_name() == Endpoint(name, None, 0)
        talk(driver, handle, recorder, server)


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        (Endpoint("255.255.255.255", 80, 4), "EACCES ENETUNREACH"),
        (Endpoint(LOOPBACK, 0, 4), "ECONNREFUSED EADDRNOTAVAIL"),
        (Endpoint("localhost", 80, 4), "EINVAL"),  # a name would be looked up, and the loop would wait for it
        (Endpoint("", 80, 4), "EINVAL"),
        (Endpoint("::1", 80, 4), "EINVAL"),
        (Endpoint("localhost", 80, 6), "EINVAL"),
        (Endpoint("127.0.0.1", 80, 6), "EINVAL"),
        (Endpoint("fe80::1%no-such-interface", 80, 6), "EINVAL ENODEV ENXIO"),
        (Endpoint("", None, 0), "EINVAL"),
        (Endpoint("a\0b", None, 0), "EINVAL"),
        (Endpoint("/tmp/" + "x" * 200, None, 0), "EINVAL"),
        (Endpoint("\0" + "x" * 108, None, 0), "EINVAL"),
        (Endpoint("\ud800", None, 0), "EINVAL"),
        (Endpoint("/no/such/directory", None, 0), "ENOENT"),
        (Endpoint(__file__, None, 0), "ECONNREFUSED"),
    ],
)
def test_what_cannot_even_be_tried_is_refused_in_a_later_turn(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, endpoint: Endpoint, code: str
) -> None:
    handle.connect(1, endpoint)
    assert recorder.log == []
    assert is_alive(driver)
    until(driver, recorder.has("attempt_failed"))
    fault = recorder.fault("attempt_failed")
    assert fault.code in code.split()
    assert fault.errno > 0
    assert (fault.syscall, fault.address, fault.port) == ("connect", endpoint.address, endpoint.port)
    assert not is_alive(driver)


def test_a_unix_socket_with_a_full_backlog_says_eagain(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, tmp_path: Path
) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as first:
        server.bind(path)
        server.listen(0)
        first.connect(path)
        handle.connect(1, Endpoint(path, None, 0))
        until(driver, recorder.has("attempt_failed"))
        assert recorder.fault("attempt_failed") == Fault("EAGAIN", errno=errno.EAGAIN, syscall="connect", address=path)


def test_no_descriptor_left_is_a_failed_attempt(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> socket.socket:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr("sansnet.drivers.system.socket.socket", refuse)
        handle.connect(1, Endpoint(LOOPBACK, 9, 4))
    until(driver, recorder.has("attempt_failed"))
    assert recorder.fault("attempt_failed") == Fault(
        "EMFILE", errno=errno.EMFILE, syscall="connect", address=LOOPBACK, port=9
    )


def test_a_connection_that_was_reset_before_it_was_seen_has_an_end(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, server: socket.socket
) -> None:
    handle.connect(1, endpoint_of(server))
    cut(server.accept()[0])
    until(driver, lambda: recorder.log)
    [(name, *_)] = recorder.log
    if name == "connected":
        handle.start_read()
        until(driver, recorder.has("read_failed"))
    else:
        assert recorder.fault("attempt_failed").code == "ECONNRESET"
    assert not is_alive(driver)


# ----------------------------------------------------------------------------------------------------------- giving up


def test_an_attempt_that_is_given_up_fails_and_its_socket_is_closed(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, nowhere: Endpoint
) -> None:
    before = open_descriptors()
    handle.connect(1, nowhere)
    settle(driver)
    assert recorder.log == []
    assert is_alive(driver)
    handle.cancel_connect(1)
    assert open_descriptors() == before
    assert recorder.log == []
    settle(driver)
    fault = Fault("ECANCELED", errno=CANCELED, syscall="connect", address=LOOPBACK, port=nowhere.port)
    assert recorder.log == [("attempt_failed", 1, fault)]
    assert not is_alive(driver)
    handle.cancel_connect(1)
    settle(driver)
    assert len(recorder.log) == 1


def by_path(tmp_path: Path) -> tuple[socket.socket, Endpoint]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    server.listen()
    server.settimeout(10)
    return server, Endpoint(str(tmp_path / "socket"), None, 0)


def test_an_attempt_that_has_won_unheard_can_still_be_given_up(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, tmp_path: Path
) -> None:
    server, endpoint = by_path(tmp_path)
    handle.connect(1, endpoint)  # a path is connected at once
    handle.cancel_connect(1)
    settle(driver)
    assert recorder.log == [
        ("attempt_failed", 1, Fault("ECANCELED", errno=CANCELED, syscall="connect", address=endpoint.address))
    ]
    with server, server.accept()[0] as peer:
        assert peer.recv(1) == b""


def test_an_attempt_that_has_just_won_can_be_given_up(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, server: socket.socket
) -> None:
    handle.connect(1, endpoint_of(server))
    until(driver, recorder.has("connected"))
    number = handle.fileno()
    handle.cancel_connect(1)
    assert not descriptor_is_open(number)
    assert handle.fileno() == -1
    settle(driver)
    assert recorder.names == ["connected", "attempt_failed"]
    fault = Fault("ECANCELED", errno=CANCELED, syscall="connect", address=LOOPBACK, port=endpoint_of(server).port)
    assert recorder.fault("attempt_failed") == fault
    handle.cancel_connect(1)
    handle.connect(2, endpoint_of(server))
    until(driver, lambda: recorder.names.count("connected") == 2)
    server.accept()[0].close()
    talk(driver, handle, recorder, server)


def test_closing_gives_every_attempt_up(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, nowhere: Endpoint, tmp_path: Path
) -> None:
    before = open_descriptors()
    server, endpoint = by_path(tmp_path)
    handle.connect(1, nowhere)
    handle.connect(2, endpoint)
    assert handle.bind_local(3, 4, LOOPBACK, None) is None
    handle.close()
    server.close()
    assert open_descriptors() == before
    driver.run()
    assert [entry[:2] for entry in recorder.log] == [("attempt_failed", 1), ("attempt_failed", 2), ("closed",)]
    assert {entry[2].code for entry in recorder.log[:2]} == {"ECANCELED"}
    assert not is_alive(driver)


# -------------------------------------------------------------------------------------------------------------- racing


def test_attempts_race_and_the_loser_is_given_up(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, nowhere: Endpoint, server: socket.socket
) -> None:
    recorder.then["connected"] = lambda _: handle.cancel_connect(1)
    handle.connect(1, nowhere)
    handle.connect(2, endpoint_of(server))
    until(driver, recorder.has("attempt_failed"))
    assert [entry[:2] for entry in recorder.log] == [("connected", 2), ("attempt_failed", 1)]
    talk(driver, handle, recorder, server)


def test_a_handle_counts_once_for_each_attempt(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, nowhere: Endpoint
) -> None:
    handle.connect(1, nowhere)
    handle.connect(2, nowhere)
    handle.unref()
    assert not is_alive(driver)
    handle.ref()
    handle.cancel_connect(1)
    driver.step(0)
    assert is_alive(driver)
    handle.cancel_connect(2)
    driver.run()
    assert recorder.names == ["attempt_failed"] * 2


def test_an_unref_d_attempt_does_not_keep_the_driver_alive(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, nowhere: Endpoint
) -> None:
    handle.unref()
    handle.connect(1, nowhere)
    driver.run()
    assert recorder.log == []


# ------------------------------------------------------------------------------------------------------------- closing


@pytest.mark.parametrize("end", ["close", "reset"])
def test_nothing_leaks(
    driver: SelectorDriver, server: socket.socket, nowhere: Endpoint, closed: Endpoint, end: str
) -> None:
    driver.run()  # has it make what it wakes itself with
    before = open_descriptors()

    def attempt(*acts: Callable[[SocketHandle], object]) -> None:
        handle = driver.socket()
        recorder = attached(handle)
        for act in acts:
            act(handle)
            driver.step(0)
        getattr(handle, end)()
        driver.run()
        assert recorder.names[-1] == "closed"
        assert open_descriptors() == before

    attempt(lambda handle: handle.connect(1, endpoint_of(server)))
    attempt(lambda handle: handle.connect(1, closed))
    attempt(lambda handle: handle.connect(1, nowhere), lambda handle: handle.connect(2, endpoint_of(server)))
    attempt(lambda handle: handle.bind_local(1, 4, None, None))
    attempt(lambda handle: handle.bind_local(1, 4, LOOPBACK, None), lambda handle: handle.connect(1, nowhere))
