"""The sockets of the completion family: each obligation of the contract, over a system that the test plays by hand."""

from __future__ import annotations

import pytest

from sansnet.state.endpoints import Endpoint
from sansnet.state.faults import Fault
from tests.drivers.fake_proactor import FakeBound, FakeChannel, FakeProactor, RecordingDriver, opened
from tests.drivers.recorder import attached, is_alive

THERE = Endpoint("10.0.0.1", 80, 4)
RESET = Fault("ECONNRESET", errno=104, syscall="read")


@pytest.fixture
def system() -> FakeProactor:
    return FakeProactor()


@pytest.fixture
def driver(system: FakeProactor) -> RecordingDriver:
    return RecordingDriver(system)


# ----------------------------------------------------------------------------------------------------------- connecting


def test_an_attempt_that_wins(driver: RecordingDriver, system: FakeProactor) -> None:
    handle = driver.socket()
    recorder = attached(handle)
    assert not is_alive(driver)
    handle.connect(1, THERE)
    assert is_alive(driver)
    assert (handle.local_name(), handle.fileno()) == (None, -1)
    system.last("connect").complete(FakeChannel())
    assert recorder.log == [("connected", 1)]
    assert handle.fileno() == 7
    assert not is_alive(driver)  # it doesn't read


def test_an_attempt_that_fails(driver: RecordingDriver, system: FakeProactor) -> None:
    handle = driver.socket()
    recorder = attached(handle)
    handle.connect(1, THERE)
    fault = Fault("ECONNREFUSED", syscall="connect")
    system.last("connect").complete(fault)
    assert recorder.log == [("attempt_failed", 1, fault)]
    assert not is_alive(driver)


def test_an_attempt_that_wins_just_as_it_is_cancelled_is_given_back(
    driver: RecordingDriver, system: FakeProactor
) -> None:
    handle = driver.socket()
    recorder = attached(handle)
    handle.connect(1, THERE)
    handle.cancel_connect(1)
    operation = system.last("connect")
    assert operation.cancelled
    assert recorder.log == []  # it is reported when it is over
    assert is_alive(driver)
    won = FakeChannel()
    operation.complete(won)
    assert won.closed is False
    assert recorder.names == ["attempt_failed"]
    fault = recorder.fault("attempt_failed")
    assert (fault.code, fault.syscall, fault.address, fault.port) == ("ECANCELED", "connect", "10.0.0.1", 80)
    assert not is_alive(driver)


def test_an_attempt_is_cancelled_by_what_runs_before_its_report(driver: RecordingDriver, system: FakeProactor) -> None:
    """Obligation 9, and `connected` never after `cancel_connect`."""
    handle = driver.socket()
    recorder = attached(handle)
    handle.connect(1, THERE)
    driver.call_first(lambda: handle.cancel_connect(1))
    won = FakeChannel()
    system.last("connect").complete(won)
    assert won.closed is False
    assert recorder.fault("attempt_failed").code == "ECANCELED"


def test_of_two_attempts_the_loser_is_cancelled(driver: RecordingDriver, system: FakeProactor) -> None:
    handle = driver.socket()
    recorder = attached(handle)
    recorder.then["connected"] = lambda attempt: handle.cancel_connect(3 - attempt)
    handle.connect(1, THERE)
    handle.connect(2, THERE)
    one, two = system.operations
    won, lost = FakeChannel(), FakeChannel()
    two.complete(won)
    one.complete(lost)
    assert recorder.names == ["connected", "attempt_failed"]
    assert (won.closed, lost.closed) == (None, False)


def test_a_local_address_is_bound_at_once_and_used_up(driver: RecordingDriver, system: FakeProactor) -> None:
    handle = driver.socket()
    attached(handle)
    assert handle.bind_local(1, 4, "127.0.0.1", 0) is None
    [bound] = system.bounds
    handle.connect(1, THERE)
    assert system.last("connect").what == (THERE, bound)
    assert not bound.is_closed
    handle.close()
    assert not bound.is_closed  # it is the operation's now


def test_a_local_address_is_given_back_when_it_is_not_used(driver: RecordingDriver, system: FakeProactor) -> None:
    handle = driver.socket()
    recorder = attached(handle)
    assert handle.bind_local(1, 6, None, None) is None
    handle.cancel_connect(1)
    assert system.bounds[0].is_closed
    handle.close()
    assert recorder.log == []
    system.turn()
    assert recorder.names == ["attempt_failed", "closed"]
    assert not is_alive(driver)


def test_a_local_address_that_cannot_be_had(driver: RecordingDriver, system: FakeProactor) -> None:
    handle = driver.socket()
    system.refusal = Fault("EADDRNOTAVAIL", syscall="bind")
    assert handle.bind_local(1, 4, "10.9.9.9", 0) is system.refusal
    system.refusal = None
    assert handle.bind_local(1, 0, None, None) is None  # a path has no such thing
    too_large = handle.bind_local(1, 4, None, 70000)
    assert isinstance(too_large, Fault)
    assert too_large.code == "EADDRINUSE"
    assert system.bounds == []


def test_a_bound_socket_connects_from_where_it_is(driver: RecordingDriver, system: FakeProactor) -> None:
    bound = FakeBound()
    handle = driver.adopt(bound)
    attached(handle)
    assert (handle.local_name(), handle.fileno()) == (bound.local_name(), 8)
    handle.connect(1, THERE)
    assert system.last("connect").what == (THERE, bound)


def test_a_bound_socket_that_is_closed(driver: RecordingDriver, system: FakeProactor) -> None:
    bound = FakeBound()
    handle = driver.adopt(bound)
    recorder = attached(handle)
    handle.close()
    assert bound.is_closed
    system.turn()
    assert recorder.names == ["closed"]


# -------------------------------------------------------------------------------------------------------------- reading


def test_one_read_after_the_other(driver: RecordingDriver) -> None:
    handle, recorder, channel = opened(driver)
    handle.limit_read(100)
    handle.start_read()
    handle.start_read()
    assert is_alive(driver)
    channel.flying["read"].complete(b"one")
    handle.limit_read(10**9)
    channel.flying["read"].complete(b"two")
    assert recorder.data == b"onetwo"
    channel.flying["read"].complete(None)
    assert recorder.names == ["received", "received", "eof"]
    assert channel.sizes == [100, 100, 65536]
    assert not is_alive(driver)
    handle.start_read()  # there is nothing after the end
    assert not channel.is_flying("read")


@pytest.mark.parametrize("answer", [b"late", None, RESET], ids=["data", "eof", "fault"])
def test_a_wish_to_stop_lets_one_more_come(driver: RecordingDriver, answer: bytes | Fault | None) -> None:
    """Obligation 2."""
    handle, recorder, channel = opened(driver)
    handle.start_read()
    handle.stop_read()
    assert not is_alive(driver)
    channel.flying["read"].complete(answer)
    assert len(recorder.log) == 1
    assert not channel.is_flying("read")


def test_to_stop_and_to_start_again_keeps_the_read_in_flight(driver: RecordingDriver) -> None:
    handle, recorder, channel = opened(driver)
    handle.start_read()
    read = channel.flying["read"]
    handle.stop_read()
    handle.start_read()
    assert channel.flying["read"] is read
    assert is_alive(driver)
    read.complete(b"x")
    assert channel.is_flying("read")
    assert recorder.names == ["received"]


def test_the_sink_stops_and_starts_again_while_it_is_told(driver: RecordingDriver) -> None:
    handle, recorder, channel = opened(driver)

    def again(_count: int) -> None:
        handle.stop_read()
        handle.start_read()

    recorder.then["received"] = again
    handle.start_read()
    channel.flying["read"].complete(b"x")
    channel.flying["read"].complete(b"y")  # there is one in flight, not two
    assert recorder.data == b"xy"


@pytest.mark.parametrize("act", ["stop_read", "close", "start_read"])
def test_the_sink_changes_its_mind_while_it_is_told(driver: RecordingDriver, system: FakeProactor, act: str) -> None:
    handle, recorder, channel = opened(driver)
    recorder.then["received"] = lambda _: getattr(handle, act)()
    handle.start_read()
    channel.flying["read"].complete(b"x")
    assert channel.is_flying("read") is (act == "start_read")
    system.turn()
    assert recorder.names == ["received", *(["closed"] if act == "close" else [])]


def test_a_read_that_fails(driver: RecordingDriver) -> None:
    handle, recorder, channel = opened(driver)
    handle.start_read()
    channel.flying["read"].complete(RESET)
    assert recorder.log == [("read_failed", RESET)]
    assert not is_alive(driver)


def test_what_a_read_brings_after_close_is_not_told(driver: RecordingDriver, system: FakeProactor) -> None:
    handle, recorder, channel = opened(driver)
    handle.start_read()
    handle.close()
    assert channel.closed is False  # at once
    system.turn()
    assert recorder.log == []  # the read is still in flight
    assert is_alive(driver)
    channel.flying["read"].complete(b"late")
    assert recorder.names == ["closed"]
    assert not is_alive(driver)


# -------------------------------------------------------------------------------------------------------------- sending


@pytest.mark.parametrize("answer", [None, Fault("EPIPE", syscall="write")], ids=["all", "fault"])
def test_a_write_that_is_over_at_once(driver: RecordingDriver, answer: Fault | None) -> None:
    handle, recorder, _ = opened(driver, answer)
    assert handle.send((b"x",)) is answer
    assert recorder.log == []
    assert not is_alive(driver)


@pytest.mark.parametrize("fault", [None, Fault("EPIPE", syscall="write")], ids=["sent", "fault"])
def test_a_write_that_takes_time(driver: RecordingDriver, fault: Fault | None) -> None:
    handle, recorder, channel = opened(driver, 2)
    assert handle.send((b"abc",)) == 2
    assert is_alive(driver)
    channel.flying["write"].complete(fault)
    assert recorder.log == ([("sent",)] if fault is None else [("send_failed", fault)])
    assert not is_alive(driver)


def test_fin_waits_for_what_was_written_before(driver: RecordingDriver) -> None:
    handle, recorder, channel = opened(driver, 0)
    handle.send((b"abc",))
    handle.shutdown()
    assert not channel.is_flying("shutdown")
    channel.flying["write"].complete(None)
    assert recorder.names == ["sent"]
    assert is_alive(driver)
    channel.flying["shutdown"].complete(None)
    assert recorder.names == ["sent", "shut_down"]
    assert not is_alive(driver)


def test_a_shutdown_that_fails(driver: RecordingDriver) -> None:
    handle, recorder, channel = opened(driver)
    handle.shutdown()
    fault = Fault("EIO", syscall="shutdown")
    channel.flying["shutdown"].complete(fault)
    assert recorder.log == [("shutdown_failed", fault)]


def test_without_a_channel_a_shutdown_is_over_in_a_later_turn(driver: RecordingDriver, system: FakeProactor) -> None:
    handle = driver.socket()
    recorder = attached(handle)
    handle.shutdown()
    assert recorder.log == []
    handle.close()
    system.turn()
    assert recorder.names == ["shut_down", "closed"]
    answer = handle.send((b"x",))
    assert isinstance(answer, Fault)
    assert answer.code == "ECANCELED"


# -------------------------------------------------------------------------------------------------------------- closing


@pytest.mark.parametrize("reset", [False, True])
def test_closing_with_nothing_in_flight(driver: RecordingDriver, system: FakeProactor, reset: bool) -> None:
    handle, recorder, channel = opened(driver)
    (handle.reset if reset else handle.close)()
    handle.close()
    assert channel.closed is reset
    assert (handle.fileno(), handle.local_name(), handle.remote_name()) == (-1, None, None)
    assert recorder.log == []  # in a later turn (obligation 6)
    assert is_alive(driver)
    system.turn()
    assert recorder.names == ["closed"]
    assert not is_alive(driver)
    assert not driver.handles


def test_closing_waits_for_everything_in_flight(driver: RecordingDriver, system: FakeProactor) -> None:
    """Obligation 3, with a shutdown that has not begun."""
    handle, recorder, channel = opened(driver, 0)
    handle.start_read()
    handle.send((b"abc",))
    handle.shutdown()
    handle.close()
    system.turn()
    assert recorder.names == ["shutdown_failed"]
    assert recorder.fault("shutdown_failed").code == "ECANCELED"
    channel.flying["read"].complete(Fault("ECANCELED"))
    assert "closed" not in recorder.names
    channel.flying["write"].complete(Fault("ECANCELED"))
    assert recorder.names == ["shutdown_failed", "send_failed", "closed"]
    assert not is_alive(driver)


def test_the_put_off_report_of_a_shutdown_comes_before_closed(driver: RecordingDriver, system: FakeProactor) -> None:
    """Also when the write in flight ends before it."""
    handle, recorder, channel = opened(driver, 0)
    handle.send((b"abc",))
    handle.shutdown()
    handle.close()
    channel.flying["write"].complete(Fault("ECANCELED"))
    assert recorder.names == ["send_failed"]
    system.turn()
    assert recorder.names == ["send_failed", "shutdown_failed", "closed"]


def test_bytes_that_went_although_it_was_closed_are_no_success(driver: RecordingDriver, system: FakeProactor) -> None:
    handle, recorder, channel = opened(driver, 0)
    handle.send((b"abc",))
    handle.close()
    channel.flying["write"].complete(None)
    assert recorder.names == ["send_failed", "closed"]


def test_closing_while_attempts_are_in_flight(driver: RecordingDriver, system: FakeProactor) -> None:
    handle = driver.socket()
    recorder = attached(handle)
    handle.connect(1, THERE)
    handle.connect(2, THERE)
    handle.close()
    one, two = system.operations
    assert one.cancelled
    assert two.cancelled
    lost = FakeChannel()
    one.complete(lost)
    assert lost.closed is False
    assert recorder.names == ["attempt_failed"]
    two.complete(Fault("ECONNREFUSED"))
    assert recorder.names == ["attempt_failed", "attempt_failed", "closed"]
    assert {entry[-1].code for entry in recorder.log[:2]} == {"ECANCELED"}


@pytest.mark.parametrize("kind", ["read", "write", "shutdown"])
def test_closing_in_what_runs_before_a_completion(driver: RecordingDriver, system: FakeProactor, kind: str) -> None:
    handle, recorder, channel = opened(driver, 0)
    {"read": handle.start_read, "write": lambda: handle.send((b"x",)), "shutdown": handle.shutdown}[kind]()
    driver.call_first(handle.close)
    channel.flying[kind].complete(b"x" if kind == "read" else None)
    told = {"read": [], "write": ["send_failed"], "shutdown": ["shut_down"]}[kind]
    assert recorder.names == told
    system.turn()
    system.turn()
    assert recorder.names == [*told, "closed"]  # in a later turn, and once
