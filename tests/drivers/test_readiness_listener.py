"""Listeners of the readiness family."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sansnet.drivers.readiness_listener import MOST_AT_ONCE
from sansnet.drivers.selector import SelectorDriver
from sansnet.state.endpoints import Endpoint, ListenPlan
from sansnet.state.faults import Fault
from tests.drivers.recorder import (
    COUNTING,
    DRIVERS,
    LOOPBACK,
    Recorder,
    attached,
    call,
    driver_over,
    is_alive,
    listener,
    open_descriptors,
    option,
    port_of,
    refusal,
    settle,
    until,
    v4,
    waits,
)

needs_ipv6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Iterator[SelectorDriver]:
    with driver_over(request.param) as made:
        yield made


# ---------------------------------------------------------------------------------------------------------- listening


def test_an_address_that_is_taken(driver: SelectorDriver) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        assert refusal(driver, Endpoint(LOOPBACK, port, 4)) == Fault(
            "EADDRINUSE", errno=errno.EADDRINUSE, syscall="listen", address=LOOPBACK, port=port
        )


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        (Endpoint("192.0.2.1", 0, 4), "EADDRNOTAVAIL"),
        (Endpoint("2001:db8::1", 0, 6), "EADDRNOTAVAIL"),
        (Endpoint("localhost", 0, 4), "EINVAL"),
        (Endpoint("::1", 0, 4), "EINVAL"),
        (Endpoint("127.0.0.1", 0, 6), "EINVAL"),
    ],
)
def test_an_address_that_is_not_ours(driver: SelectorDriver, endpoint: Endpoint, code: str) -> None:
    fault = refusal(driver, endpoint)
    assert (fault.code, fault.address, fault.port) == (code, endpoint.address, None)


@pytest.mark.covers("N-22")
@needs_ipv6
@pytest.mark.parametrize("only", [False, True])
def test_the_ipv6_wildcard_serves_both_families_unless_told_otherwise(driver: SelectorDriver, only: bool) -> None:
    handle, recorder = listener(driver, Endpoint("::", 0, 6), ipv6_only=only)
    assert bool(option(handle, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)) == only
    with call(port_of(handle), host="::1"):
        until(driver, recorder.has("accepted"))
    if only:
        with pytest.raises(ConnectionRefusedError):
            call(port_of(handle))
        return
    with call(port_of(handle)):
        until(driver, lambda: len(recorder.connections) == 2)
    peer = recorder.connections[1].remote_name()
    assert peer is not None
    assert (peer.address, peer.family) == ("::ffff:127.0.0.1", 6)
    recorder.connections[1].set_type_of_service(0x10)
    assert recorder.connections[1].get_type_of_service() == 0x10
    assert option(recorder.connections[1], socket.IPPROTO_IP, socket.IP_TOS) == 0x10


@pytest.mark.covers("N-23")
def test_a_port_can_be_shared_if_both_agree(driver: SelectorDriver) -> None:
    one, _ = listener(driver, reuse_port=True)
    endpoint = Endpoint(LOOPBACK, port_of(one), 4)
    assert isinstance(driver.listen(endpoint, ListenPlan(), Recorder()), Fault)
    two, _ = listener(driver, endpoint, reuse_port=True)
    assert port_of(two) == port_of(one)


def test_where_ports_cannot_be_shared_that_is_a_fault(driver: SelectorDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_REUSEPORT")
    assert refusal(driver, Endpoint(LOOPBACK, 0, 4), reuse_port=True).code == "ENOTSUP"


def test_the_backlog_is_the_system_s_affair(driver: SelectorDriver) -> None:
    for backlog in (0, 1, 2**40):
        handle, _ = listener(driver, backlog=backlog)
        assert port_of(handle)


# ----------------------------------------------------------------------------------------------------------- accepting


def test_connections_are_handles_that_do_nothing_yet(driver: SelectorDriver) -> None:
    handle, recorder = listener(driver)
    with call(port_of(handle)) as clients:
        until(driver, recorder.has("accepted"))
        [connection] = recorder.connections
        assert not os.get_inheritable(connection.fileno())
        assert not os.get_blocking(connection.fileno())
        assert connection.local_name() == handle.local_name()
        heard = attached(connection)
        connection.start_read()
        clients.close()
        until(driver, heard.has("eof"))
        connection.close()
        until(driver, heard.has("closed"))


def test_a_peer_s_name_is_known_even_if_it_is_gone(driver: SelectorDriver) -> None:
    handle, recorder = listener(driver)
    with socket.create_connection((LOOPBACK, port_of(handle))) as client:
        name = v4(client.getsockname())
        until(driver, recorder.has("accepted"))
    heard = attached(recorder.connections[0])
    recorder.connections[0].start_read()
    until(driver, heard.has("eof"))
    assert recorder.connections[0].remote_name() == name


def test_connections_wait_until_accepting_starts(driver: SelectorDriver) -> None:
    recorder = Recorder()
    handle = driver.listen(Endpoint(LOOPBACK, 0, 4), ListenPlan(), recorder)
    assert not isinstance(handle, Fault)
    with call(port_of(handle), 3):
        assert is_alive(driver), "it listens"
        assert waits(driver)
        assert recorder.log == []
        handle.start_accept()
        handle.start_accept()
        assert is_alive(driver)
        until(driver, lambda: len(recorder.connections) == 3)
        handle.stop_accept()
        handle.stop_accept()
        assert is_alive(driver)
        with call(port_of(handle)):
            assert waits(driver)
        assert len(recorder.connections) == 3


@pytest.mark.parametrize("driver", COUNTING, indirect=True)
def test_connections_are_taken_in_batches(driver: SelectorDriver) -> None:
    handle, recorder = listener(driver)
    count = MOST_AT_ONCE + 10
    with call(port_of(handle), count):
        while not recorder.log:
            driver.step(10)
        assert len(recorder.connections) == MOST_AT_ONCE
        driver.step(10)
        assert len(recorder.connections) == count
        assert waits(driver)


def test_accept_goes_on_after_a_failure_unless_it_is_stopped(
    driver: SelectorDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, recorder = listener(driver)
    failures = iter([OSError(errno.ECONNABORTED, "aborted"), BlockingIOError(errno.EAGAIN, "nobody")])
    accept = socket.socket.accept

    def failing(self: socket.socket) -> object:
        error = next(failures, None)
        if error is not None:
            raise error
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", failing)
    with call(port_of(handle)):
        until(driver, recorder.has("accepted"))
    assert recorder.names == ["accept_failed", "accepted"]
    assert recorder.fault("accept_failed") == Fault("ECONNABORTED", errno=errno.ECONNABORTED, syscall="accept")


@contextlib.contextmanager
def no_descriptors_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("driver", COUNTING, indirect=True)
def test_without_descriptors_accepting_fails_and_does_not_spin_once_it_is_stopped(driver: SelectorDriver) -> None:
    handle, recorder = listener(driver)
    driver.call_soon_threadsafe(lambda: None)
    settle(driver)
    recorder.then["accept_failed"] = lambda _: handle.stop_accept()
    with call(port_of(handle), 3):
        with no_descriptors_left():
            until(driver, recorder.has("accept_failed"))
            assert recorder.log == [("accept_failed", Fault("EMFILE", errno=errno.EMFILE, syscall="accept"))]
            assert waits(driver)
            handle.start_accept()
            driver.step(10)
            assert recorder.names == ["accept_failed"] * 2  # once a turn, and no more
            assert waits(driver)
        handle.start_accept()
        until(driver, lambda: len(recorder.connections) == 3)


# ------------------------------------------------------------------------------------------------------------- closing


def test_nothing_leaks(driver: SelectorDriver, tmp_path: Path) -> None:
    driver.run()  # has it make what it wakes itself with
    before = open_descriptors()
    for endpoint in (Endpoint(LOOPBACK, 0, 4), Endpoint(str(tmp_path / "socket"), None, 0)):
        handle, recorder = listener(driver, endpoint)
        with socket.socket(socket.AF_UNIX if endpoint.is_path else socket.AF_INET) as client:
            client.connect(endpoint.address if endpoint.is_path else (LOOPBACK, port_of(handle)))
            until(driver, recorder.has("accepted"))
            recorder.connections[0].close()
        handle.close()
        driver.run()
    assert open_descriptors() == before
