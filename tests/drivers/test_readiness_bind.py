"""Attempts to connect from an address that was asked for, or with a socket that was."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

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
    driver_over,
    endpoint_of,
    open_descriptors,
    until,
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


# ------------------------------------------------------------------------------------------------------- local address


def test_an_attempt_comes_from_the_address_that_was_asked_for(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, server: socket.socket
) -> None:
    with held_port() as port:
        assert handle.bind_local(1, 4, "127.0.0.2", port) is None
    handle.connect(1, endpoint_of(server))
    until(driver, recorder.has("connected"))
    assert handle.local_name() == Endpoint("127.0.0.2", port, 4)
    peer, name = server.accept()
    assert name == ("127.0.0.2", port)
    peer.close()


def test_a_port_that_is_taken(handle: SocketHandle, server: socket.socket) -> None:
    port = endpoint_of(server).port
    assert handle.bind_local(1, 4, LOOPBACK, port) == Fault(
        "EADDRINUSE", errno=errno.EADDRINUSE, syscall="bind", address=LOOPBACK, port=port
    )


def test_the_last_port_that_there_is(handle: SocketHandle) -> None:
    assert handle.bind_local(1, 4, "127.0.0.3", 65535) is None


def test_a_port_that_there_is_not(handle: SocketHandle) -> None:
    assert handle.bind_local(1, 4, None, 70_000) == Fault(
        "EADDRINUSE", errno=errno.EADDRINUSE, syscall="bind", address="0.0.0.0", port=70_000
    )


@pytest.mark.parametrize(
    ("family", "address", "code"),
    [
        (4, "192.0.2.1", "EADDRNOTAVAIL"),
        (6, "2001:db8::1", "EADDRNOTAVAIL"),
        (4, "::1", "EINVAL"),
        (6, "127.0.0.1", "EINVAL"),
        (4, "localhost", "EINVAL"),
    ],
)
def test_an_address_that_is_not_ours(handle: SocketHandle, family: int, address: str, code: str) -> None:
    before = open_descriptors()
    fault = handle.bind_local(1, family, address, None)
    assert fault == Fault(code, errno=getattr(errno, code), syscall="bind", address=address)
    assert open_descriptors() == before


@pytest.mark.parametrize(
    ("address", "port", "named"), [(LOOPBACK, True, LOOPBACK), (LOOPBACK, False, None), (None, True, "0.0.0.0")]
)
def test_a_failed_attempt_names_where_it_came_from_if_a_local_port_was_asked_for(
    driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, address: str | None, port: bool, named: str | None
) -> None:
    with held_port() as ours, held_port() as theirs:
        local = ours if port else None
        assert handle.bind_local(1, 4, address, local) is None
        handle.connect(1, Endpoint(LOOPBACK, theirs, 4))
        until(driver, recorder.has("attempt_failed"))
    fault = recorder.fault("attempt_failed")
    assert (fault.local_address, fault.local_port) == (named, local)


def test_a_path_is_never_bound(handle: SocketHandle) -> None:
    before = open_descriptors()
    assert handle.bind_local(1, 0, LOOPBACK, 1) is None
    assert open_descriptors() == before
