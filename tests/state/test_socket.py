"""The socket as a whole: the six rules of what follows from the joint state, its laws, its settings, its lives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sansnet.state import Event, Fault, Misuse, Notice, SocketMachine, Step
from sansnet.state.effects import Then, Tick
from sansnet.state.notices import Closed, Connected, End, Failed, Finished, Prefinish, Ready, Resumed, Settled
from sansnet.state.ops import (
    CLOSE,
    SHUTDOWN,
    START_READ,
    STOP_READ,
    Connect,
    Send,
    SetKeepAlive,
    SetNoDelay,
    SetTypeOfService,
)
from tests.state.loop import (
    BEFORE_CONNECTION,
    CANCELED,
    CLOSED,
    CLOSING,
    FRESH,
    OPEN,
    OPENING,
    PEER,
    TCP,
    Sock,
)

KEEP_ALIVE = SetKeepAlive(True, 5, 1, 10)


def connecting() -> Sock:
    sock = Sock()
    sock.ask("connect", TCP)
    sock.run()
    assert sock.look() == OPENING
    sock.asked()
    sock.heard()
    return sock


# -- rule 1: queued bytes leave together, one batch at a time ----------------------------------------------------


def test_rule_1_open_bytes_go_to_the_driver_one_batch_at_a_time() -> None:
    sock = Sock.opened()
    sock.sends.append(0)
    for payload in (b"a", b"b", b"c"):
        sock.write(payload)
    assert sock.asked() == [Send((b"a",))]
    sock.report("sent", False)
    assert sock.asked() == [Send((b"b", b"c"))]


def test_rule_1_connecting_bytes_wait_for_the_connection() -> None:
    sock = connecting()
    sock.write(b"a")
    assert sock.asked() == []
    assert sock.machine.errored is None
    sock.report("connected", 0)
    assert sock.asked() == [Send((b"a",)), START_READ]


def test_rule_1_on_a_socket_that_was_never_asked_to_connect_bytes_fail() -> None:
    sock = Sock()
    sock.write(b"a")
    assert sock.machine.errored == Fault("ERR_SOCKET_CLOSED")
    assert not sock.machine.writing.queue


def test_rule_1_corked_bytes_stay() -> None:
    sock = Sock.opened()
    sock.ask("cork")
    sock.write(b"a")
    assert sock.asked() == []
    assert sock.machine.writing.queue


def test_rule_1_after_an_error_bytes_stay() -> None:
    sock = Sock.opened()
    sock.sends.append(Fault("EPIPE"))
    sock.write(b"a")
    sock.write(b"b")
    assert sock.asked() == [Send((b"a",))]


# -- rule 2: ending, with nothing left to send: FIN --------------------------------------------------------------


def test_rule_2_open_fin_goes_to_the_driver_when_nothing_is_left() -> None:
    sock = Sock.opened()
    sock.sends.append(0)
    sock.write(b"a")
    sock.end()
    assert sock.asked() == [Send((b"a",))]
    sock.report("sent", False)
    assert sock.asked() == [SHUTDOWN]
    assert sock.look() == "open open shutting: readOnly, readable"


def test_rule_2_connecting_fin_waits_for_the_connection() -> None:
    sock = connecting()
    sock.end()
    assert sock.asked() == []
    assert sock.look() == "connecting open ending: opening, connecting pending readable"


def test_rule_2_never_connected_there_is_no_fin_and_finish_follows() -> None:
    sock = Sock()
    sock.end()
    assert sock.asked() == []
    sock.run()
    assert sock.heard() == [Prefinish(), Finished()]


# -- rule 3: the source runs exactly while the read half wants it ------------------------------------------------


def test_rule_3_the_source_starts_and_stops() -> None:
    sock = Sock.opened(read_high_water_mark=2)
    sock.receive(b"ab")
    assert sock.asked() == [STOP_READ]
    sock.read()
    assert sock.asked() == [START_READ]
    sock.report("eof")
    assert STOP_READ not in sock.asked(), "it has stopped by itself"


def test_rule_3_there_is_no_source_without_a_connection() -> None:
    sock = connecting()
    sock.ask("resume")
    sock.run()
    assert sock.asked() == []
    sock.destroy()
    sock.ask("resume")
    sock.run()
    assert START_READ not in sock.asked()


# -- rule 4: no half-open ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allow_half_open", "asked"), [(False, [SHUTDOWN]), (True, [])], ids=["not half-open", "half-open"]
)
def test_rule_4_once_end_was_told_our_half_ends_a_tick_later(allow_half_open: bool, asked: list[object]) -> None:
    sock = Sock.opened(allow_half_open=allow_half_open)
    ticked: list[str] = []
    sock.when(End, lambda: sock.later(lambda: ticked.append(sock.look())))
    sock.report("eof")
    assert ticked == ["open over open: writeOnly, writable"]
    assert sock.asked() == asked


def test_rule_4_it_ends_once() -> None:
    """What else happens until the tick doesn't ask for another."""
    machine = SocketMachine()
    machine.adopt(False, False)
    machine.eof()
    machine.ticked(Step.END)
    assert machine.ticked(Step.ENDED) == [Tick(Step.AUTO_END)]
    assert machine.uncork() == []


def test_rule_4_a_half_that_ends_already_is_left_alone() -> None:
    machine = SocketMachine()
    machine.adopt(False, False)
    machine.end()
    machine.eof()
    machine.ticked(Step.END)
    assert machine.ticked(Step.ENDED) == []


# -- rule 5: both halves over: destroy ---------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["end", "eof"])
def test_rule_5_the_later_of_both_ends_destroys(first: str) -> None:
    sock = Sock.opened(allow_half_open=True)
    if first == "end":
        sock.end()
        sock.report("shut_down")
        assert sock.look() == "open open over: readOnly, readable"
        sock.report("eof")
    else:
        sock.report("eof")
        assert sock.look() == "open over open: writeOnly, writable"
        sock.end()
        sock.report("shut_down")
    assert sock.look() == "closing over over: closed, pending destroyed"
    assert sock.asked() == [SHUTDOWN, CLOSE]


def test_rule_5_after_destroy_soon_our_half_alone_is_enough() -> None:
    sock = Sock.opened()
    sock.ask("destroy_soon")
    sock.report("shut_down")
    assert sock.look() == "closing open over: closed, pending destroyed"


def test_rule_5_a_socket_that_never_connected_stays() -> None:
    """H-05: also one without halves."""
    sock = Sock()
    sock.end()
    sock.run()
    assert sock.look() == "idle open over: readOnly, pending readable"
    bare = Sock(readable=False, writable=False)
    bare.ask("uncork")
    assert bare.look() == "idle none none: closed, pending"


def test_rule_5_a_connection_without_halves_is_of_no_use() -> None:
    """A-17."""
    sock = Sock(readable=False, writable=False)
    sock.ask("adopt", False, False)
    assert sock.asked() == [CLOSE]
    assert sock.machine.destroyed


# -- rule 6: closing, closed, nothing in flight: 'close' ---------------------------------------------------------


def test_rule_6_close_waits_for_the_handle() -> None:
    sock = Sock.opened()
    sock.destroy()
    sock.run()
    assert (sock.heard(), sock.look()) == ([], CLOSING)
    sock.report("closed")
    assert (sock.heard(), sock.look()) == ([Closed(False)], CLOSED)


def test_rule_6_close_waits_for_what_is_in_flight() -> None:
    """The attempt, the write, the FIN: whatever comes last."""
    attempt = connecting()
    attempt.destroy()
    attempt.report("closed")
    write = Sock.opened()
    write.sends.append(0)
    write.write(b"a")
    write.destroy()
    write.report("closed")
    fin = Sock.opened()
    fin.end()
    fin.destroy()
    fin.report("closed")
    assert [sock.machine.in_flight for sock in (attempt, write, fin)] == [True, True, True]
    assert [sock.heard() for sock in (attempt, write, fin)] == [[], [], []]
    attempt.report("attempt_failed", 0, CANCELED)
    write.report("sent", False)
    fin.report("shut_down")
    assert [sock.machine.in_flight for sock in (attempt, write, fin)] == [False, False, False]
    assert [sock.heard() for sock in (attempt, write, fin)] == [[Closed(False)]] * 3


def test_rule_6_writes_that_waited_for_a_connection_hear_of_it_after_close() -> None:
    sock = connecting()
    sock.write(b"a", 1)
    sock.destroy()
    sock.report("closed")
    sock.report("attempt_failed", 0, CANCELED)
    assert sock.heard() == [Closed(False), Settled(1, BEFORE_CONNECTION)]


# -- a life ------------------------------------------------------------------------------------------------------


def test_after_close_only_refused_calls_are_told() -> None:
    """H-23, G-20."""
    sock = Sock.opened()
    sock.ask("resume")
    sock.ask("pause")
    sock.destroy()
    machine = sock.machine.clone()
    machine.closed()
    for step in (Step.RESUME, Step.PAUSE, Step.FLOW, Step.READABLE, Step.END, Step.TEARDOWN):
        assert machine.clone().ticked(step) == []
    machine.write(b"late", 4, 1)
    [settled] = machine.ticked(Step.ANSWER)
    assert isinstance(settled, Settled)


def test_an_accepted_socket_is_open_and_hears_of_no_connect() -> None:
    """P-01: its options are set at once."""
    sock = Sock()
    sock.ask("set_no_delay", True)
    sock.ask("adopt", False, False)
    sock.run()
    assert sock.look() == OPEN
    assert sock.heard() == []
    assert set(sock.asked()) == {SetNoDelay(True), START_READ}


def test_what_is_open_is_not_adopted() -> None:
    sock = Sock.opened()
    before = sock.machine.freeze()
    with pytest.raises(Misuse, match="EISCONN"):
        sock.ask("adopt", False, False)
    assert sock.machine.freeze() == before


def test_a_new_life_starts_anew_and_repeats_it_all() -> None:
    """M-01, M-02: counters at 0, the same events; again and again, also after errors."""
    sock = Sock()
    for _ in range(3):
        assert sock.look() == FRESH
        assert (sock.machine.reading.bytes_read, sock.machine.writing.bytes_written) == (0, 0)
        sock.ask("connect", TCP)
        sock.run()
        sock.report("connected", 0)
        assert sock.heard()[1:] == [Connected(), Ready()]
        sock.receive(b"abc")
        sock.write(b"de")
        sock.run()
        sock.destroy(Fault("EOWN"))
        sock.report("closed")
        assert sock.heard() == [Failed(Fault("EOWN")), Closed(True)]
        sock = Sock(sock.machine.successor())


def test_a_new_life_keeps_what_belongs_to_the_user() -> None:
    """M-01, J-12: options, the idle time, who reads."""
    old = Sock(allow_half_open=True, read_high_water_mark=7, write_high_water_mark=8)
    old.ask("set_timeout", 5.0)
    old.ask("set_no_delay", True)
    old.ask("set_keep_alive", True, 5, 1, 10)
    old.ask("set_type_of_service", 16)
    old.ask("pause")
    heir = old.machine.successor()
    assert (heir.allow_half_open, heir.idle_seconds) == (True, 5.0)
    assert (heir.reading.high_water_mark, heir.writing.high_water_mark) == (7, 8)
    assert heir.reading.is_paused
    new = Sock(heir)
    new.ask("connect", TCP)
    new.run()
    new.report("connected", 0)
    assert new.asked() == [Connect(0, TCP.endpoint(PEER)), SetNoDelay(True), KEEP_ALIVE, SetTypeOfService(16)]


@pytest.mark.parametrize(("readable", "writable"), [(True, False), (False, True)])
def test_a_new_life_has_the_same_halves(readable: bool, writable: bool) -> None:
    heir = SocketMachine(readable=readable, writable=writable).successor()
    assert (heir.readable, heir.writable) == (readable, writable)


def test_a_new_life_goes_on_in_readable_mode() -> None:
    old = Sock()
    old.ask("listen_readable", True, False)
    new = Sock(old.machine.successor())
    new.ask("adopt", False, False)
    new.receive(b"a")
    assert [type(notice).__name__ for notice in new.heard()] == ["Readable"]
    assert new.look() == OPEN


def test_a_new_life_flows_if_the_old_one_did() -> None:
    old = Sock()
    old.ask("resume")
    old.run()
    assert old.heard() == [Resumed()]
    new = Sock(old.machine.successor())
    new.ask("adopt", False, False)
    new.receive(b"a")
    assert [type(notice).__name__ for notice in new.heard()] == ["Data"]


# -- settings ----------------------------------------------------------------------------------------------------


def test_settings_are_applied_at_once_on_an_open_socket() -> None:
    """K-02, K-03: the same again is not repeated."""
    sock = Sock.opened()
    for _ in range(2):
        sock.ask("set_no_delay", True)
        sock.ask("set_keep_alive", True, 5, 1, 10)
    sock.ask("set_type_of_service", 16)
    assert sock.asked() == [SetNoDelay(True), KEEP_ALIVE, SetTypeOfService(16)]
    sock.ask("set_no_delay", False)
    sock.ask("set_keep_alive", True, 6, 1, 10)
    sock.ask("set_keep_alive", False, 6, 1, 10)
    assert sock.asked() == [SetNoDelay(False), SetKeepAlive(True, 6, 1, 10), SetKeepAlive(False, 6, 1, 10)]


def test_settings_are_remembered_until_connected() -> None:
    """K-02: the default is not applied at all."""
    sock = Sock()
    sock.ask("set_no_delay", False)
    sock.ask("set_keep_alive", False, 5, 1, 10)
    sock.ask("adopt", False, False)
    assert sock.asked() == [START_READ]
    other = connecting()
    other.ask("set_no_delay", True)
    other.ask("set_keep_alive", True, 5, 1, 10)
    other.ask("set_type_of_service", 16)
    assert other.asked() == []
    other.report("connected", 0)
    assert other.asked() == [SetNoDelay(True), KEEP_ALIVE, SetTypeOfService(16), START_READ]


def test_a_setting_that_was_taken_back_is_not_applied() -> None:
    """K-02: false is not applied at all."""
    sock = Sock()
    sock.ask("set_no_delay", True)
    sock.ask("set_no_delay", False)
    sock.ask("set_keep_alive", True, 5, 1, 10)
    sock.ask("set_keep_alive", False, 5, 1, 10)
    sock.ask("adopt", False, False)
    assert sock.asked() == [START_READ]


# -- laws --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Sock, connecting, Sock.opened], ids=["fresh", "connecting", "open"])
@pytest.mark.parametrize(
    "event",
    [
        Event("write", (b"abc", 3, 1)),
        Event("end", (1,)),
        Event("end", (1, b"abc", 3)),
        Event("cork"),
        Event("uncork"),
        Event("pause"),
        Event("resume"),
        Event("hold"),
        Event("listen_readable", (True, False)),
        Event("read", (None,)),
        Event("recode", ((),)),
        Event("set_timeout", (1.0,)),
        Event("destroy", (Fault("EOWN"),)),
        Event("destroy_soon"),
    ],
    ids=str,
)
def test_what_the_user_asks_tells_nothing(make: Callable[[], Sock], event: Event) -> None:
    """X-01: no notice, and no turn that would run at once."""
    assert not [effect for effect in make().machine.feed(event) if isinstance(effect, Notice | Then)]


def test_the_turns_of_a_machine_are_its_own() -> None:
    with pytest.raises(KeyError):
        SocketMachine().ticked(Step.BIND)
