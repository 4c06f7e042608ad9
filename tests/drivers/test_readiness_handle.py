"""A socket that is connected: how it ends, what it counts for, how it is adopted, what it is called."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from sansnet.drivers.selector import SelectorDriver
from sansnet.state.faults import Fault
from tests.drivers.recorder import (
    DRIVERS,
    MEGABYTE,
    Trio,
    adopted_pair,
    attached,
    cut,
    descriptor_is_open,
    driver_over,
    is_alive,
    open_descriptors,
    option,
    reader,
    receive_all,
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


def test_a_shutdown_is_told_in_a_later_turn(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.shutdown()
    assert recorder.log == []
    assert is_alive(driver)
    assert peer.recv(1) == b""  # though it was done at once
    driver.step(0)
    assert recorder.log == [("shut_down",)]
    assert not is_alive(driver)


def test_a_shutdown_waits_for_what_is_being_sent(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    assert isinstance(handle.send((MEGABYTE,)), int)
    handle.shutdown()
    settle(driver)
    assert "shut_down" not in recorder.names
    thread, data = reader(peer)
    until(driver, recorder.has("shut_down"), turns=100_000)
    thread.join()
    assert data == MEGABYTE
    assert recorder.names[-2:] == ["sent", "shut_down"]


def test_a_connection_that_is_gone_counts_as_shut(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    cut(peer)
    until(driver, recorder.has("read_failed"))
    handle.shutdown()
    until(driver, recorder.has("shut_down"))
    assert recorder.names == ["read_failed", "shut_down"]


def test_so_does_one_that_never_was(driver: SelectorDriver) -> None:
    handle = driver.socket()
    recorder = attached(handle)
    handle.shutdown()
    driver.run()
    assert recorder.names == ["shut_down"]


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


def test_close_gives_the_descriptor_back_at_once_and_is_told_later(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    number = handle.fileno()
    handle.close()
    assert not descriptor_is_open(number)
    assert handle.fileno() == -1
    assert recorder.log == []
    assert is_alive(driver)
    assert peer.recv(1) == b""
    driver.step(0)
    assert recorder.log == [("closed",)]
    assert not is_alive(driver)


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


def test_a_shutdown_that_was_done_is_told_before_closed(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, _ = trio
    handle.shutdown()
    handle.close()
    settle(driver)
    assert recorder.names == ["shut_down", "closed"]


def test_after_closed_comes_nothing(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    peer.sendall(b"unheard")
    handle.close()
    handle.close()
    handle.reset()
    handle.start_read()
    handle.stop_read()
    handle.set_no_delay(True)
    handle.set_keep_alive(True, 1, 1, 1)
    handle.set_type_of_service(16)
    assert handle.send((b"x",)) == Fault("ECANCELED", errno=errno.ECANCELED, syscall="write")
    settle(driver)
    assert recorder.names == ["closed"]
    assert handle.local_name() is None


def test_a_handle_that_never_had_a_socket_closes_as_well(driver: SelectorDriver) -> None:
    handle = driver.socket()
    recorder = attached(handle)
    handle.close()
    assert recorder.log == []
    driver.run()
    assert recorder.names == ["closed"]


@pytest.mark.parametrize("completion", ["received", "eof", "sent", "read_failed", "send_failed"])
def test_a_completion_may_close_the_handle(driver: SelectorDriver, trio: Trio, completion: str) -> None:
    handle, recorder, peer = trio
    recorder.then[completion] = lambda *_: handle.close()
    threads: list[threading.Thread] = []
    match completion:
        case "received":
            handle.start_read()
            peer.sendall(b"x" * 200_000)
        case "eof":
            handle.start_read()
            peer.shutdown(socket.SHUT_WR)
        case "read_failed":
            handle.start_read()
            cut(peer)
        case _:
            slow(handle, peer)
            assert isinstance(handle.send((MEGABYTE,)), int)
            handle.shutdown()
            if completion == "send_failed":
                cut(peer)
            else:
                threads.append(reader(peer)[0])
    until(driver, recorder.has("closed"), turns=100_000)
    settle(driver)
    assert recorder.names.count(completion) == 1
    after = recorder.names[recorder.names.index(completion) + 1 :]
    assert after in (["closed"], ["shut_down", "closed"])
    assert not is_alive(driver)
    for thread in threads:
        thread.join()


def test_reset_cuts_the_connection(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.reset()
    assert handle.fileno() == -1
    with pytest.raises(ConnectionResetError):
        peer.recv(1)
    assert recorder.log == []
    driver.run()
    assert recorder.names == ["closed"]


def test_reset_throws_away_what_was_being_sent(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    assert isinstance(handle.send((MEGABYTE,)), int)
    handle.reset()
    with pytest.raises(ConnectionResetError):
        receive_all(peer)
    driver.run()
    assert recorder.names == ["send_failed", "closed"]


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


def test_a_handle_counts_while_it_reads(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    assert not is_alive(driver)
    handle.start_read()
    assert is_alive(driver)
    handle.stop_read()
    assert not is_alive(driver)
    handle.start_read()
    peer.close()
    until(driver, recorder.has("eof"))
    assert not is_alive(driver)


def test_a_handle_counts_while_it_sends(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    handle.send((MEGABYTE,))
    assert is_alive(driver)
    thread, _ = reader(peer)
    driver.run()
    assert recorder.names[-1] == "sent"
    handle.close()
    thread.join()


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


def test_a_socket_that_is_adopted_is_given_up_by_its_owner(driver: SelectorDriver) -> None:
    mine, theirs = socket.socketpair()
    number = mine.fileno()
    handle = driver.adopt(mine)
    assert mine.fileno() == -1
    assert handle.fileno() == number
    mine.close()
    recorder = attached(handle)
    handle.start_read()
    theirs.sendall(b"x")
    until(driver, recorder.has("received"))
    theirs.close()


def test_a_bare_descriptor_can_be_adopted(driver: SelectorDriver) -> None:
    mine, theirs = socket.socketpair()
    handle = driver.adopt(mine.detach())
    recorder = attached(handle)
    assert handle.send((b"x",)) is None
    assert theirs.recv(1) == b"x"
    theirs.close()
    handle.start_read()
    until(driver, recorder.has("eof"))


def test_of_an_owner_that_cannot_let_go_a_duplicate_is_taken(driver: SelectorDriver) -> None:
    class Owner:
        def __init__(self, owned: socket.socket) -> None:
            self.owned = owned

        def fileno(self) -> int:
            return self.owned.fileno()

    mine, theirs = socket.socketpair()
    handle = driver.adopt(Owner(mine))
    assert handle.fileno() not in (-1, mine.fileno())
    mine.close()
    assert handle.send((b"x",)) is None
    assert theirs.recv(1) == b"x"
    theirs.close()


def test_what_is_no_stream_socket_is_refused_and_left_alone(driver: SelectorDriver) -> None:
    inside, outside = os.pipe()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        kinds = {inside: "PIPE", datagrams: "UDP", datagrams.fileno(): "UDP", -1: "UNKNOWN", 99_999: "UNKNOWN"}
        for source, kind in kinds.items():
            with pytest.raises(OSError, match=f" {kind}$"):
                driver.adopt(source)
        assert descriptor_is_open(inside)
        assert datagrams.getsockname()
    os.close(inside)
    os.close(outside)
    with pytest.raises(OSError, match=r" UNKNOWN$"):
        driver.adopt("socket")
    assert not is_alive(driver)


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
