"""A socket that is connected: reading and sending, against plain sockets."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from sansnet.drivers.selector import SelectorDriver
from sansnet.state.faults import Fault
from tests.drivers.recorder import (
    COUNTING,
    DRIVERS,
    MEGABYTE,
    Trio,
    adopted_pair,
    arrives,
    cut,
    driver_over,
    is_alive,
    reader,
    receive_all,
    settle,
    slow,
    until,
    waits,
)

KEEPS_SENDMSG = pytest.mark.interpreted("sets a constant of a module: what is compiled has taken it in")


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Iterator[SelectorDriver]:
    with driver_over(request.param) as made:
        yield made


@pytest.fixture
def trio(driver: SelectorDriver) -> Iterator[Trio]:
    made = adopted_pair(driver)
    yield made
    made[2].close()


# ------------------------------------------------------------------------------------------------------------ reading


def test_a_megabyte_comes_in_bites_of_64_kib_at_most(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    thread = threading.Thread(target=peer.sendall, args=(MEGABYTE,))
    thread.start()
    until(driver, lambda: len(recorder.data) == len(MEGABYTE))
    thread.join()
    assert recorder.data == MEGABYTE
    assert max(count for name, *rest in recorder.log if name == "received" for count in rest) <= 65536


def test_the_bites_can_be_made_smaller(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    sizes = iter([3, 0, 1_000_000])
    recorder.then["received"] = lambda _: handle.limit_read(next(sizes, 9))
    handle.limit_read(5)
    handle.start_read()
    peer.sendall(b"hello, world")
    until(driver, lambda: len(recorder.data) == 12)
    assert recorder.log == [("received", 5), ("received", 3), ("received", 1), ("received", 3)]
    assert recorder.data == b"hello, world"


@pytest.mark.parametrize("driver", COUNTING, indirect=True)
def test_a_connection_that_has_much_to_say_does_not_starve_another(driver: SelectorDriver) -> None:
    pairs = [adopted_pair(driver) for _ in range(3)]
    for handle, _, peer in pairs:
        with socket.socket(fileno=os.dup(handle.fileno())) as view:
            view.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        peer.setblocking(False)
        peer.send(MEGABYTE)
        arrives(handle)
        handle.start_read()
    while not any(recorder.log for _, recorder, _ in pairs):
        driver.step(10)
    assert [len(recorder.log) for _, recorder, _ in pairs] == [1, 1, 1]
    for _, _, peer in pairs:
        peer.close()


def test_a_stop_is_obeyed_and_does_not_spin(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    handle.stop_read()
    peer.sendall(b"held back")
    settle(driver)
    assert waits(driver)
    assert recorder.log == []
    handle.start_read()
    until(driver, recorder.has("received"))
    handle.stop_read()
    handle.start_read()
    peer.sendall(b", and more")
    until(driver, lambda: recorder.data == b"held back, and more")


def test_a_stop_from_inside_received_holds_the_rest_back(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    recorder.then["received"] = lambda _: handle.stop_read()
    peer.sendall(b"x" * 100_000)
    handle.start_read()
    until(driver, recorder.has("received"))
    settle(driver)
    assert recorder.names == ["received"]
    assert waits(driver)


# ------------------------------------------------------------------------------------------------------------ sending


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_large_payload_goes_out_as_the_peer_reads(driver: SelectorDriver, trio: Trio, kind: type) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    taken = handle.send((kind(MEGABYTE),))
    assert isinstance(taken, int)
    assert 0 < taken < len(MEGABYTE)
    assert is_alive(driver)
    settle(driver)
    assert "sent" not in recorder.names
    recorder.then["sent"] = handle.shutdown
    thread, data = reader(peer)
    until(driver, recorder.has("sent"), turns=100_000)
    assert data == MEGABYTE[: len(data)]
    until(driver, recorder.has("shut_down"))
    thread.join()
    assert data == MEGABYTE
    assert recorder.names[-2:] == ["sent", "shut_down"]
    assert recorder.names.count("sent") == 1
    progress = [entry[1] for entry in recorder.log if entry[0] == "progressed"]
    assert progress
    assert min(progress) > 0
    assert len(MEGABYTE) > taken + sum(progress) > len(MEGABYTE) - (1 << 20)
    assert not is_alive(driver)
    assert waits(driver)


@pytest.mark.parametrize("size", [1, 20])
def test_more_payloads_than_one_call_takes(driver: SelectorDriver, trio: Trio, size: int) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    payloads = tuple(b"%d," % number * (number % 3) * size for number in range(10_000))  # some are empty
    assert os.sysconf("SC_IOV_MAX") < len(payloads)
    taken = handle.send(payloads)
    assert (size > 1) == isinstance(taken, int)
    recorder.then["sent"] = handle.shutdown
    if taken is None:
        handle.shutdown()
    thread, data = reader(peer)
    until(driver, recorder.has("shut_down"), turns=100_000)
    thread.join()
    assert data == b"".join(payloads)


def test_many_large_payloads_keep_their_order(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    payloads = tuple(bytes([number]) * 70_001 for number in range(20))
    assert isinstance(handle.send(payloads), int)
    recorder.then["sent"] = handle.shutdown
    thread, data = reader(peer)
    until(driver, recorder.has("shut_down"), turns=100_000)
    thread.join()
    assert data == b"".join(payloads)


@KEEPS_SENDMSG
def test_without_sendmsg_it_is_the_same(driver: SelectorDriver, trio: Trio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sansnet.drivers.readiness_socket._SENDMSG", None)
    handle, recorder, peer = trio
    slow(handle, peer)
    payloads = (b"start", b"", *(bytes([number]) * 70_001 for number in range(20)), b"", b"end")
    taken = handle.send(payloads)
    assert isinstance(taken, int)
    assert taken > len(b"start")
    recorder.then["sent"] = handle.shutdown
    thread, data = reader(peer)
    until(driver, recorder.has("shut_down"), turns=100_000)
    thread.join()
    assert data == b"".join(payloads)


@KEEPS_SENDMSG
@pytest.mark.parametrize("gathers", [True, False])
def test_a_socket_that_is_full_between_two_calls(
    driver: SelectorDriver, trio: Trio, monkeypatch: pytest.MonkeyPatch, gathers: bool
) -> None:
    handle, recorder, peer = trio
    payloads = tuple(b"%d," % number for number in range(2 * os.sysconf("SC_IOV_MAX")))
    calls: list[int] = []

    def send(connection: socket.socket, what: object) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise BlockingIOError(errno.EAGAIN, "full")
        return original(connection, what)

    if gathers:
        original: Callable[..., int] = socket.socket.sendmsg
        monkeypatch.setattr("sansnet.drivers.readiness_socket._SENDMSG", send)
    else:
        original = socket.socket.send
        monkeypatch.setattr("sansnet.drivers.readiness_socket._SENDMSG", None)
        monkeypatch.setattr(socket.socket, "send", send, raising=False)
    taken = handle.send(payloads)
    assert isinstance(taken, int)
    assert taken > 0
    recorder.then["sent"] = handle.shutdown
    until(driver, recorder.has("shut_down"))
    assert receive_all(peer) == b"".join(payloads)


def test_a_send_to_a_full_socket_takes_nothing_at_first(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    assert isinstance(handle.send((MEGABYTE,)), int)
    peer.setblocking(False)
    recorder.then["sent"] = lambda: taken.append(handle.send((MEGABYTE, b"!")))
    taken: list[int | Fault | None] = []
    received = bytearray()
    while not taken:
        driver.step(0)
        try:
            received += peer.recv(1000)
        except BlockingIOError:
            continue
    assert taken[0] is not None
    recorder.then["sent"] = handle.shutdown
    peer.setblocking(True)
    thread, data = reader(peer)
    until(driver, recorder.has("shut_down"), turns=100_000)
    thread.join()
    assert received + data == MEGABYTE * 2 + b"!"


def test_a_send_to_a_peer_that_is_gone_fails_at_once(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    cut(peer)
    arrives(handle)
    faults = [handle.send((b"x",)), handle.send((b"x", b"y"))]
    assert faults[0] == Fault("ECONNRESET", errno=errno.ECONNRESET, syscall="write")
    assert faults[1] == Fault("EPIPE", errno=errno.EPIPE, syscall="write")
    settle(driver)
    assert recorder.log == []


def test_a_send_in_flight_fails_when_the_peer_goes(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    assert isinstance(handle.send((MEGABYTE,)), int)
    cut(peer)
    until(driver, recorder.has("send_failed"))
    fault = recorder.fault("send_failed")
    assert (fault.code, fault.syscall) == ("ECONNRESET", "write")
    assert not is_alive(driver)
    assert waits(driver)


def test_a_full_queue_of_the_device_is_waited_for(
    driver: SelectorDriver, trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, recorder, peer = trio
    send = socket.socket.send

    def refuse(sender: socket.socket, data: bytes) -> int:
        if sender.fileno() == handle.fileno():  # and not one that the loop wakes itself with
            raise OSError(errno.ENOBUFS, "no room")
        return send(sender, data)

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "send", refuse, raising=False)
        assert handle.send((b"patience",)) == 0
        driver.step(0)
        assert recorder.log == []
    until(driver, recorder.has("sent"))
    assert peer.recv(100) == b"patience"


@pytest.mark.parametrize("driver", COUNTING, indirect=True)
def test_an_interrupt_that_goes_through_sent_leaves_nothing_spinning(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    assert isinstance(handle.send((MEGABYTE,)), int)

    def interrupt() -> None:
        raise KeyboardInterrupt

    recorder.then["sent"] = interrupt
    thread, _ = reader(peer)
    with pytest.raises(KeyboardInterrupt):
        until(driver, recorder.has("never"), turns=100_000)
    handle.shutdown()
    thread.join()
    settle(driver)
    assert waits(driver)


def test_only_one_send_at_a_time(trio: Trio) -> None:
    handle, _, peer = trio
    slow(handle, peer)
    assert isinstance(handle.send((MEGABYTE,)), int)
    with pytest.raises(AssertionError):
        handle.send((b"x",))
