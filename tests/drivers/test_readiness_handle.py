"""A socket that is connected: how it ends, what it counts for, how it is adopted, what it is called."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from sansnet.drivers.selector import SelectorDriver
from sansnet.state.faults import Fault
from tests.drivers.recorder import (
    DRIVERS,
    MEGABYTE,
    Trio,
    adopted_pair,
    cut,
    driver_over,
    is_alive,
    open_descriptors,
    option,
    settle,
    slow,
    until,
    v4,
)


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Iterator[SelectorDriver]:
    with driver_over(request.param) as made:
        yield made


@pytest.fixture
def trio(driver: SelectorDriver) -> Iterator[Trio]:
    made = adopted_pair(driver)
    yield made
    made[2].close()


# ----------------------------------------------------------------------------------------------------------- shutdown


def test_a_shutdown_that_the_system_refuses_is_a_fault(
    driver: SelectorDriver, trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, recorder, _ = trio

    def refuse(*args: object) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(socket.socket, "shutdown", refuse, raising=False)
    handle.shutdown()
    until(driver, recorder.has("shutdown_failed"))
    assert recorder.log == [("shutdown_failed", Fault("EIO", errno=errno.EIO, syscall="shutdown"))]


# ------------------------------------------------------------------------------------------------------------ closing


def test_what_is_in_flight_is_cancelled_before_closed(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    handle.start_read()
    assert isinstance(handle.send((MEGABYTE,)), int)
    handle.shutdown()
    handle.close()
    settle(driver)
    assert recorder.log == [
        ("send_failed", Fault("ECANCELED", errno=errno.ECANCELED, syscall="write")),
        ("shutdown_failed", Fault("ECANCELED", errno=errno.ECANCELED, syscall="shutdown")),
        ("closed",),
    ]
    assert not is_alive(driver)


def test_a_descriptor_that_somebody_else_has_closed_is_closed_all_the_same(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, _ = trio
    handle.start_read()
    os.close(handle.fileno())
    handle.close()
    assert handle.fileno() == -1
    driver.run()
    assert recorder.names == ["closed"]


def test_nothing_leaks(driver: SelectorDriver) -> None:
    driver.run()  # has it make what it wakes itself with
    before = open_descriptors()
    for act in ("close", "reset"):
        handle, recorder, peer = adopted_pair(driver)
        slow(handle, peer)
        handle.start_read()
        handle.send((MEGABYTE,))
        assert open_descriptors() > before
        getattr(handle, act)()
        peer.close()
        driver.run()
        assert recorder.names[-1] == "closed"
        assert open_descriptors() == before


# ----------------------------------------------------------------------------------------------------------- liveness


def test_only_ref_d_handles_count(driver: SelectorDriver) -> None:
    (one, _, peer), (two, _, other) = adopted_pair(driver), adopted_pair(driver)
    slow(one, peer)
    one.unref()
    one.start_read()
    one.send((MEGABYTE,))
    assert not is_alive(driver)
    one.ref()
    one.ref()
    assert is_alive(driver)
    one.unref()
    one.unref()
    assert not is_alive(driver)
    two.start_read()
    assert is_alive(driver)
    two.unref()
    assert not is_alive(driver)
    one.ref()
    one.stop_read()
    assert is_alive(driver)  # it still sends
    one.close()
    driver.run()
    two.ref()
    assert is_alive(driver)
    two.close()
    driver.run()
    assert not is_alive(driver)
    peer.close()
    other.close()


# ------------------------------------------------------------------------------------------------------------ adoption


# -------------------------------------------------------------------------------------------------- names and options


def test_names_of_both_ends(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    assert handle.local_name() == v4(peer.getpeername())
    assert handle.remote_name() == v4(peer.getsockname())
    handle.start_read()
    cut(peer)
    until(driver, recorder.has("read_failed"))
    assert handle.remote_name() is not None  # once known it stays known


def test_a_handle_without_a_socket_has_no_names(driver: SelectorDriver) -> None:
    handle = driver.socket()
    assert handle.local_name() is None
    assert handle.remote_name() is None
    assert handle.fileno() == -1


def test_unix_sockets_without_a_name_have_none(driver: SelectorDriver) -> None:
    mine, theirs = socket.socketpair()
    handle = driver.adopt(mine)
    assert handle.local_name() is None
    assert handle.remote_name() is None
    theirs.close()


def test_a_peer_that_went_before_it_was_asked_for_has_no_name(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    cut(peer)
    until(driver, recorder.has("read_failed"))
    assert handle.remote_name() is None
    assert handle.local_name() is not None


def test_a_name_that_the_system_will_not_tell_is_none(trio: Trio, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: socket.socket) -> None:
        raise OSError(errno.ENOTCONN, "no name")

    monkeypatch.setattr(socket.socket, "getsockname", refuse, raising=False)
    monkeypatch.setattr(socket.socket, "getpeername", refuse, raising=False)
    assert trio[0].local_name() is None
    assert trio[0].remote_name() is None


def test_options_reach_the_system(trio: Trio) -> None:
    handle = trio[0]
    for on in (True, False):
        handle.set_no_delay(on)
        assert bool(option(handle, socket.IPPROTO_TCP, socket.TCP_NODELAY)) == on
    idle = option(handle, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
    handle.set_keep_alive(True, 0, 7, 3)
    assert option(handle, socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert option(handle, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == idle
    assert option(handle, socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 7
    assert option(handle, socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
    handle.set_keep_alive(True, 42, 0, 0)
    assert option(handle, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 42
    assert option(handle, socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 7
    handle.set_keep_alive(True, 2**40, 2**40, 2**40)  # no system has that; nothing happens
    handle.set_keep_alive(False, 0, 0, 0)
    assert option(handle, socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0


def test_type_of_service(driver: SelectorDriver, trio: Trio) -> None:
    handle = trio[0]
    assert handle.get_type_of_service() == 0
    handle.set_type_of_service(0x10)
    assert handle.get_type_of_service() == 0x10
    assert option(handle, socket.IPPROTO_IP, socket.IP_TOS) == 0x10
    assert driver.socket().get_type_of_service() == Fault("EBADF", errno=errno.EBADF, syscall="getTypeOfService")


def test_a_unix_socket_ignores_what_it_cannot_have(driver: SelectorDriver) -> None:
    mine, theirs = socket.socketpair()
    handle = driver.adopt(mine)
    handle.set_no_delay(True)
    handle.set_keep_alive(True, 10, 10, 10)
    handle.set_type_of_service(0x10)
    assert handle.get_type_of_service() == 0
    theirs.close()


def test_options_of_a_handle_without_a_socket_are_left_alone(driver: SelectorDriver) -> None:
    handle = driver.socket()
    handle.set_no_delay(True)
    handle.set_keep_alive(True, 10, 10, 10)
    handle.set_type_of_service(0x10)
