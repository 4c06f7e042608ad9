"""Sockets of the readiness family, against plain sockets: sending, receiving, closing. Connecting is in test_readiness_connect."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import threading
from collections.abc import Iterator

import pytest

from sansnet.drivers import selector
from sansnet.drivers.contract import SocketHandle
from sansnet.drivers.polling import SelectorsPoller
from sansnet.drivers.selector import SelectorDriver
from sansnet.state.endpoints import Endpoint
from sansnet.state.faults import Fault
from tests.drivers.recorder import (
    Recorder,
    adopted_pair,
    attached,
    cut,
    is_quiet,
    open_descriptors,
    option,
    receive_all,
    settle,
    until,
)

MEGABYTE = bytes(range(256)) * 4096


@pytest.fixture(params=["own", "select"])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SelectorDriver]:
    if request.param == "select":
        monkeypatch.setattr(selector, "new_poller", lambda: SelectorsPoller(selectors.SelectSelector()))
    with SelectorDriver() as made:
        yield made


Trio = tuple[SocketHandle, Recorder, socket.socket]


@pytest.fixture
def trio(driver: SelectorDriver) -> Iterator[Trio]:
    """A handle, its recorder, and its peer."""
    made = adopted_pair(driver)
    yield made
    made[2].close()


def waits(driver: SelectorDriver) -> bool:
    """Whatever the poller: nothing is ready."""
    if driver.next_timeout() is not None:
        return False
    turns: list[None] = []
    timer = driver.call_later(0.02, lambda: turns.append(None))
    driver.step(10)  # comes back at once if anything is ready, else for the timer
    driver.step(0)
    timer.cancel()
    return bool(turns)


def slow(handle: SocketHandle, peer: socket.socket) -> None:
    """Make the buffers in between small, so that a send can't be done at once.

    Not too small: loopback's packets have 64 KiB, and less than that waits for an acknowledgement each time.
    """
    handle.set_no_delay(True)
    with socket.socket(fileno=os.dup(handle.fileno())) as view:
        view.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)


def reader(peer: socket.socket) -> tuple[threading.Thread, bytearray]:
    """A thread that reads to the end."""
    data = bytearray()
    thread = threading.Thread(target=lambda: data.extend(receive_all(peer)))
    thread.start()
    return thread, data


# ------------------------------------------------------------------------------------------------------------ reading


def test_what_arrives_is_received_and_then_the_end(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    assert recorder.log == []
    peer.sendall(b"hello")
    until(driver, recorder.has("received"))
    peer.sendall(b" world")
    peer.shutdown(socket.SHUT_WR)
    until(driver, recorder.has("eof"))
    assert recorder.data == b"hello world"
    assert recorder.names.count("eof") == 1
    assert set(recorder.names[:-1]) == {"received"}


def test_payloads_are_bytes_of_their_own(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    payloads: list[object] = []

    class Keeper(Recorder):
        def received(self, payload: object) -> None:
            payloads.append(payload)

    handle.attach(Keeper())
    handle.start_read()
    for text in (b"first", b"second"):
        peer.sendall(text)
        until(driver, lambda text=text: text in payloads)  # type: ignore[misc]
    assert payloads == [b"first", b"second"]
    assert {type(payload) for payload in payloads} == {bytes}


def test_a_megabyte_comes_in_bites_of_64_kib_at_most(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    thread = threading.Thread(target=lambda: (peer.sendall(MEGABYTE), peer.close()))
    thread.start()
    until(driver, recorder.has("eof"))
    thread.join()
    assert recorder.data == MEGABYTE
    assert max(count for name, *rest in recorder.log if name == "received" for count in rest) <= 65536


def test_a_connection_that_has_much_to_say_does_not_starve_another(driver: SelectorDriver) -> None:
    pairs = [adopted_pair(driver) for _ in range(3)]
    for handle, _, peer in pairs:
        with socket.socket(fileno=os.dup(handle.fileno())) as view:
            view.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        peer.setblocking(False)
        peer.send(MEGABYTE)
        handle.start_read()
    while not any(recorder.log for _, recorder, _ in pairs):
        driver.step(10)
    assert [len(recorder.log) for _, recorder, _ in pairs] == [1, 1, 1]
    for _, _, peer in pairs:
        peer.close()


def test_nothing_is_read_before_it_is_asked_for(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    peer.sendall(b"early")
    assert waits(driver)
    assert recorder.log == []
    handle.start_read()
    until(driver, recorder.has("received"))
    assert recorder.data == b"early"


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


def test_starting_and_stopping_twice_is_the_same_as_once(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    handle.start_read()
    peer.sendall(b"x")
    until(driver, recorder.has("received"))
    handle.stop_read()
    handle.stop_read()
    assert not driver.alive


def test_a_stop_from_inside_received_holds_the_rest_back(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    recorder.then["received"] = lambda _: handle.stop_read()
    peer.sendall(b"x" * 100_000)
    handle.start_read()
    until(driver, recorder.has("received"))
    settle(driver)
    assert recorder.names == ["received"]
    assert waits(driver)


def test_after_the_end_nothing_more_comes_of_reading(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    peer.shutdown(socket.SHUT_WR)
    until(driver, recorder.has("eof"))
    handle.stop_read()
    handle.start_read()
    settle(driver)
    assert recorder.names == ["eof"]
    assert waits(driver)
    assert not driver.alive
    assert handle.send((b"still sending",)) is None
    assert peer.recv(100) == b"still sending"


def test_a_reset_by_the_peer_is_a_read_that_failed(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    cut(peer)
    until(driver, recorder.has("read_failed"))
    assert recorder.log == [("read_failed", Fault("ECONNRESET", errno=errno.ECONNRESET, syscall="read"))]
    handle.start_read()
    assert waits(driver)
    assert not driver.alive
    assert recorder.names == ["read_failed"]


def test_a_reset_that_nobody_reads_does_not_spin(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    peer.sendall(b"x")
    until(driver, recorder.has("received"))
    handle.stop_read()
    cut(peer)
    settle(driver)
    assert waits(driver)
    assert recorder.names == ["received"]
    handle.close()
    until(driver, recorder.has("closed"))
    assert recorder.names == ["received", "closed"]


def test_a_hang_up_after_both_ends_does_not_spin(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    handle.shutdown()
    peer.close()
    until(driver, recorder.has("eof"))
    until(driver, recorder.has("shut_down"))
    settle(driver)
    assert waits(driver)


# ------------------------------------------------------------------------------------------------------------ sending


def test_what_the_system_takes_at_once_is_no_completion(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    assert handle.send((b"one",)) is None
    assert handle.send((b"", bytearray(b"two"), memoryview(b"three"), b"")) is None
    assert handle.send((b"",)) is None
    assert handle.send(()) is None
    settle(driver)
    assert recorder.log == []
    assert not driver.alive
    assert peer.recv(100) == b"onetwothree"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_large_payload_goes_out_as_the_peer_reads(driver: SelectorDriver, trio: Trio, kind: type) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    taken = handle.send((kind(MEGABYTE),))
    assert isinstance(taken, int)
    assert 0 < taken < len(MEGABYTE)
    assert driver.alive
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
    assert all(count > 0 for count in progress)
    assert len(MEGABYTE) > taken + sum(progress) > len(MEGABYTE) - (1 << 20)
    assert not driver.alive
    assert waits(driver)


@pytest.mark.parametrize("is_slow", [False, True])
def test_more_payloads_than_one_call_takes(driver: SelectorDriver, trio: Trio, is_slow: bool) -> None:
    handle, recorder, peer = trio
    if is_slow:
        slow(handle, peer)
    payloads = tuple(b"%d," % number * (number % 5) for number in range(10_000))  # some are empty
    assert os.sysconf("SC_IOV_MAX") < len(payloads)
    taken = handle.send(payloads)
    assert is_slow == isinstance(taken, int)
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


def test_without_sendmsg_it_is_the_same(
    driver: SelectorDriver, trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_one_send_follows_another_without_the_loop_losing_its_interest(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    left = [MEGABYTE] * 4

    def more() -> None:
        while left:
            if handle.send((left.pop(),)) is not None:
                return
        handle.shutdown()

    recorder.then["sent"] = more
    more()
    thread, data = reader(peer)
    until(driver, recorder.has("shut_down"), turns=100_000)
    thread.join()
    assert data == MEGABYTE * 4
    assert waits(driver)


def test_a_send_to_a_peer_that_is_gone_fails_at_once(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    cut(peer)
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
    assert not driver.alive
    assert waits(driver)


def test_a_full_queue_of_the_device_is_waited_for(
    driver: SelectorDriver, trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, recorder, peer = trio
    with monkeypatch.context() as patch:
        patch.setattr(
            socket.socket, "send", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOBUFS, "no room")), raising=False
        )
        assert handle.send((b"patience",)) == 0
        driver.step(0)
        assert recorder.log == []
    until(driver, recorder.has("sent"))
    assert peer.recv(100) == b"patience"


def test_reading_goes_on_while_a_send_is_in_flight(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    handle.start_read()
    assert isinstance(handle.send((MEGABYTE,)), int)
    peer.sendall(b"while you talk")
    until(driver, recorder.has("received"))
    assert recorder.data == b"while you talk"
    assert "sent" not in recorder.names


def test_only_one_send_at_a_time(trio: Trio) -> None:
    handle, _, peer = trio
    slow(handle, peer)
    assert isinstance(handle.send((MEGABYTE,)), int)
    with pytest.raises(AssertionError):
        handle.send((b"x",))


# ----------------------------------------------------------------------------------------------------------- shutdown


def test_a_shutdown_is_told_in_a_later_turn(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.shutdown()
    assert recorder.log == []
    assert driver.alive
    assert peer.recv(1) == b""  # though it was done at once
    driver.step(0)
    assert recorder.log == [("shut_down",)]
    assert not driver.alive


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


def descriptor_is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def test_close_gives_the_descriptor_back_at_once_and_is_told_later(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    handle.start_read()
    number = handle.fileno()
    handle.close()
    assert not descriptor_is_open(number)
    assert handle.fileno() == -1
    assert recorder.log == []
    assert driver.alive
    assert peer.recv(1) == b""
    driver.step(0)
    assert recorder.log == [("closed",)]
    assert not driver.alive


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
    assert not driver.alive


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
        case "sent" | "send_failed":
            slow(handle, peer)
            assert isinstance(handle.send((MEGABYTE,)), int)
            handle.shutdown()
            if completion == "send_failed":
                cut(peer)
            else:
                reader(peer)
    until(driver, recorder.has("closed"), turns=100_000)
    settle(driver)
    assert recorder.names.count(completion) == 1
    after = recorder.names[recorder.names.index(completion) + 1 :]
    assert after in (["closed"], ["shut_down", "closed"])
    assert not driver.alive


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


def test_nothing_leaks(driver: SelectorDriver) -> None:
    driver.call_soon_threadsafe(lambda: None)  # has the driver make what it wakes itself with
    driver.step(0)
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
    assert not driver.alive
    handle.start_read()
    assert driver.alive
    handle.stop_read()
    assert not driver.alive
    handle.start_read()
    peer.close()
    until(driver, recorder.has("eof"))
    assert not driver.alive


def test_a_handle_counts_while_it_sends(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    slow(handle, peer)
    handle.send((MEGABYTE,))
    assert driver.alive
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
    assert not driver.alive
    one.ref()
    one.ref()
    assert driver.alive
    one.unref()
    one.unref()
    assert not driver.alive
    two.start_read()
    assert driver.alive
    two.unref()
    assert not driver.alive
    one.ref()
    one.stop_read()
    assert driver.alive  # it still sends
    one.close()
    driver.run()
    two.ref()
    assert driver.alive
    two.close()
    driver.run()
    assert not driver.alive
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
        for source in (inside, datagrams, datagrams.fileno(), -1, 99_999):
            with pytest.raises(OSError) as caught:
                driver.adopt(source)
            assert caught.value.errno is not None
        assert descriptor_is_open(inside)
        assert datagrams.getsockname()
    os.close(inside)
    os.close(outside)
    with pytest.raises(TypeError):
        driver.adopt("socket")
    assert not driver.alive


# -------------------------------------------------------------------------------------------------- names and options


def test_names_of_both_ends(driver: SelectorDriver, trio: Trio) -> None:
    handle, recorder, peer = trio
    assert handle.local_name() == Endpoint(*peer.getpeername(), 4)
    assert handle.remote_name() == Endpoint(*peer.getsockname(), 4)
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


def test_an_idle_loop_is_quiet(driver: SelectorDriver, trio: Trio) -> None:
    trio[0].start_read()
    assert waits(driver)
    if isinstance(driver, SelectorDriver) and hasattr(driver, "fileno"):
        try:
            driver.fileno()
        except OSError:
            return
        assert is_quiet(driver)
