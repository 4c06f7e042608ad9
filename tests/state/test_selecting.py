"""Several addresses: the families take turns, an attempt has limited time, the first to connect wins."""

from __future__ import annotations

import pytest

from sansnet.state import Endpoint, Fault, Found, Misuse, Route, Timer
from sansnet.state.notices import (
    AttemptFailed,
    AttemptStarted,
    AttemptTimedOut,
    Closed,
    Connected,
    Failed,
    Idle,
    LookedUp,
    Ready,
)
from sansnet.state.ops import CLOSE, START_READ, BindLocal, CancelConnect, Connect
from tests.state.loop import CLOSED, CLOSING, OPEN, OPENING, Sock

V4, V6, THIRD = Found("127.0.0.1", 4), Found("::1", 6), Found("127.0.0.2", 4)
ROUTE = Route(host="example", port=80, select=True, attempt_seconds=0.25)
RACE = Route(host="example", port=80, select=True, attempt_seconds=0.25, race=True)
CANCELED = Fault("ECANCELED", syscall="connect")
BLOCKED = Fault("ERR_IP_BLOCKED")


def endpoint(found: Found) -> Endpoint:
    return Endpoint(found.address, 80, found.family)


def refused(found: Found) -> Fault:
    return Fault("ECONNREFUSED", syscall="connect", address=found.address, port=80)


def timed_out(found: Found) -> Fault:
    return Fault("ETIMEDOUT", syscall="connect", address=found.address, port=80)


def answered(*found: Found, route: Route = ROUTE) -> Sock:
    """The lookup has answered, and what follows was told."""
    sock = Sock()
    sock.ask("connect", route)
    sock.run()
    sock.asked()
    sock.report("looked_up", found)
    return sock


def selecting(*found: Found, route: Route = ROUTE) -> Sock:
    """The first attempt is made."""
    sock = answered(*found, route=route)
    assert sock.look() == OPENING
    sock.asked()
    sock.heard()
    return sock


# -- which, and in which order -----------------------------------------------------------------------------------


def test_every_answer_is_told_before_the_first_attempt() -> None:
    """D-07: 'lookup' once an answer."""
    sock = answered(V4, V6)
    assert sock.heard() == [
        LookedUp(None, "127.0.0.1", 4, "example"),
        LookedUp(None, "::1", 6, "example"),
        AttemptStarted(endpoint(V4)),
    ]
    assert sock.asked() == [Connect(0, endpoint(V4))]
    assert sock.look() == OPENING


def order_of(*found: Found) -> list[str]:
    """The addresses, in the order of the attempts: all of them are refused."""
    sock = answered(*found)
    while not sock.machine.destroyed:
        [number] = sock.machine.connecting.flying
        sock.report("attempt_failed", number, CANCELED)
    return [notice.endpoint.address for notice in sock.heard() if isinstance(notice, AttemptStarted)]


@pytest.mark.parametrize(
    ("found", "order"),
    [
        ("4a 4b 4c 6a 6b", "4a 6a 4b 6b 4c"),
        ("6a 6b 4a", "6a 4a 6b"),
        ("4a 6a 6b 6c", "4a 6a 6b 6c"),
        ("4a 4b", "4a 4b"),
        ("6a 4a", "6a 4a"),
    ],
)
def test_the_families_take_turns_the_first_answers_first(found: str, order: str) -> None:
    """E-01: the order within a family stays."""
    assert order_of(*(Found(name, int(name[0])) for name in found.split())) == order.split()


def test_an_answer_is_tried_once_and_an_invalid_one_never() -> None:
    """D-07, E-01: they are told; the first valid one decides which family goes first."""
    invalid = Found("nonsense", 4, Fault("ERR_INVALID_IP_ADDRESS"))
    assert order_of(invalid, V6, V4, V6, V4) == ["::1", "127.0.0.1"]
    sock = answered(invalid, V6, V4, V6)
    assert [type(notice) for notice in sock.heard()] == [*[LookedUp] * 4, AttemptStarted]


def test_one_valid_answer_is_no_choice() -> None:
    """D-10: nothing is recorded, no timer runs, the error is plain."""
    sock = selecting(Found("nonsense", 4, Fault("ERR_INVALID_IP_ADDRESS")), V4, V4)
    assert sock.timers == {}
    assert sock.machine.connecting.attempted == ()
    sock.report("attempt_failed", 0, refused(V4))
    assert sock.heard() == [AttemptFailed(endpoint(V4), refused(V4)), Failed(refused(V4))]
    assert sock.look() == CLOSING


def test_without_a_valid_answer_the_first_one_decides() -> None:
    """D-08."""
    first, second = Fault("ERR_INVALID_ADDRESS_FAMILY"), Fault("ERR_INVALID_IP_ADDRESS")
    sock = answered(Found("127.0.0.1", 5, first), Found("x", 4, second))
    assert sock.heard()[2:] == [Failed(first)]
    assert sock.look() == CLOSING


def test_destroyed_in_a_lookup_the_other_answers_are_not_told() -> None:
    """C-15, D-12: with several answers nothing more is told."""
    sock = Sock()
    sock.ask("connect", ROUTE)
    sock.when(LookedUp, sock.destroy)
    sock.report("looked_up", (V4, V6))
    assert sock.heard() == [LookedUp(None, "127.0.0.1", 4, "example")]
    sock.report("closed")
    assert sock.heard() == [Closed(False)]


def test_without_a_choice_only_the_first_answer_counts() -> None:
    """E-08: a driver that knows more answers than were asked for may give them."""
    sock = answered(V4, V6, route=Route(host="example", port=80))
    assert sock.heard() == [LookedUp(None, "127.0.0.1", 4, "example"), AttemptStarted(endpoint(V4))]
    assert sock.timers == {}
    sock.report("attempt_failed", 0, refused(V4))
    assert sock.heard() == [AttemptFailed(endpoint(V4), refused(V4)), Failed(refused(V4))]


# -- one after the other -----------------------------------------------------------------------------------------


def test_a_failed_attempt_is_followed_by_the_next() -> None:
    """E-03, E-06: at once, on a socket that still connects; nothing of it is an error when a later one wins."""
    sock = selecting(V4, V6)
    assert sock.timers == {Timer.ATTEMPT: 0.25}
    seen = sock.watch(AttemptFailed)
    sock.report("attempt_failed", 0, refused(V4))
    assert seen == [OPENING]
    assert sock.heard() == [AttemptFailed(endpoint(V4), refused(V4)), AttemptStarted(endpoint(V6))]
    assert sock.asked() == [Connect(1, endpoint(V6))]
    assert sock.timers == {}
    sock.report("connected", 1)
    assert sock.heard() == [Connected(), Ready()]
    assert sock.look() == OPEN


def test_an_attempt_whose_time_is_over_is_given_up_for_the_next() -> None:
    """E-02: closed, told, and the next one begins; the last has no timer."""
    sock = selecting(V4, V6)
    seen = sock.watch(AttemptTimedOut)
    sock.fire(Timer.ATTEMPT)
    assert seen == [OPENING]
    assert sock.heard() == [AttemptTimedOut(endpoint(V4)), AttemptStarted(endpoint(V6))]
    assert sock.asked() == [CancelConnect(0), Connect(1, endpoint(V6))]
    assert sock.timers == {}
    sock.report("attempt_failed", 0, CANCELED)
    assert (sock.heard(), sock.look()) == ([], OPENING)
    sock.report("connected", 1)
    assert sock.look() == OPEN


def test_what_was_attempted_is_on_record() -> None:
    """E-04: grows with each attempt, IPv6 without brackets; the last one is the connected one."""
    sock = selecting(V4, V6, THIRD)
    record = [sock.machine.connecting.attempted]
    sock.report("attempt_failed", 0, refused(V4))
    record.append(sock.machine.connecting.attempted)
    sock.report("connected", 1)
    record.append(sock.machine.connecting.attempted)
    assert record == [("127.0.0.1:80",), ("127.0.0.1:80", "::1:80"), ("127.0.0.1:80", "::1:80")]
    assert sock.timers == {}


def test_all_failed_the_error_has_all_of_them() -> None:
    """E-05: in the order of the attempts, under the code of the first."""
    sock = selecting(V4, V6, THIRD)
    sock.fire(Timer.ATTEMPT)
    sock.report("attempt_failed", 0, CANCELED)
    sock.report("attempt_failed", 1, refused(V6))
    sock.report("attempt_failed", 2, refused(THIRD))
    whole = Fault("ETIMEDOUT", errors=(timed_out(V4), refused(V6), refused(THIRD)))
    assert sock.heard()[-1] == Failed(whole)
    assert sock.look() == CLOSING
    sock.report("closed")
    assert sock.heard() == [Closed(True)]
    assert sock.look() == CLOSED


def test_destroyed_during_one_of_several_attempts_it_is_told_as_cancelled() -> None:
    """E-07: after destroy() and before 'close'; there is no error."""
    cancelled = Fault("ECANCELED", syscall="connect", address="127.0.0.1", port=80)
    sock = selecting(V4, V6)
    sock.destroy()
    assert sock.asked() == [CancelConnect(0), CLOSE]
    assert sock.timers == {}
    sock.report("closed")
    sock.report("attempt_failed", 0, cancelled)
    assert sock.heard() == [AttemptFailed(endpoint(V4), cancelled), Closed(False)]
    assert sock.look() == CLOSED


def test_destroyed_after_an_attempt_was_given_up_nothing_more_is_told_of_that_one() -> None:
    """E-07: only the one that was awaited is told."""
    sock = selecting(V4, V6)
    sock.when(AttemptTimedOut, sock.destroy)
    sock.fire(Timer.ATTEMPT)
    assert sock.heard() == [AttemptTimedOut(endpoint(V4))]
    assert sock.asked() == [CancelConnect(0), CLOSE]
    sock.report("closed")
    assert sock.look() == CLOSING
    sock.report("attempt_failed", 0, CANCELED)
    assert sock.heard() == [Closed(False)]


@pytest.mark.covers("E-09")
def test_a_late_success_of_an_attempt_that_was_given_up_is_misuse() -> None:
    """E-09: the driver has closed it, so it can't have won."""
    sock = selecting(V4, V6)
    sock.fire(Timer.ATTEMPT)
    with pytest.raises(Misuse, match="connected"):
        sock.report("connected", 0)
    assert sock.look() == OPENING


def test_each_attempt_binds_the_wildcard_of_its_family() -> None:
    """E-11: a bind that fails is collected, without an attempt event."""
    sock = Sock()
    in_use = Fault("EADDRINUSE", syscall="bind")
    sock.binds.append(in_use)
    sock.ask("connect", Route(host="example", port=80, select=True, local_port=8080))
    sock.asked()
    sock.report("looked_up", (V4, V6))
    assert sock.asked() == [BindLocal(0, 4, None, 8080), BindLocal(1, 6, None, 8080), Connect(1, endpoint(V6))]
    assert sock.heard()[2:] == [AttemptStarted(endpoint(V6))]
    sock.report("attempt_failed", 1, refused(V6))
    assert sock.heard()[-1] == Failed(Fault("EADDRINUSE", errors=(in_use, refused(V6))))
    assert sock.machine.connecting.attempted == ("::1:80",)


def test_the_idle_time_goes_on_beside_the_time_of_an_attempt() -> None:
    """E-12, J-09."""
    sock = Sock()
    sock.ask("set_timeout", 1)
    sock.ask("connect", ROUTE)
    sock.report("looked_up", (V4, V6))
    assert sock.timers == {Timer.IDLE: 1, Timer.ATTEMPT: 0.25}
    sock.heard()
    sock.fire(Timer.IDLE)
    assert sock.heard() == [Idle()]
    sock.fire(Timer.ATTEMPT)
    assert sock.timers == {}
    assert sock.look() == OPENING


# -- blocked -----------------------------------------------------------------------------------------------------


def test_the_only_address_is_blocked() -> None:
    """E-13: the attempt is told, then the error."""
    sock = Sock()
    sock.ask("connect", Route(known=Found("127.0.0.1", 4, BLOCKED, blocked=True), port=80))
    sock.run()
    assert sock.heard() == [AttemptStarted(endpoint(V4)), Failed(BLOCKED)]
    assert sock.asked() == [CLOSE]
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_one_of_several_addresses_is_blocked() -> None:
    """E-13: it fails without an attempt, and isn't on record."""
    sock = answered(Found("127.0.0.1", 4, BLOCKED, blocked=True), V6)
    assert sock.heard()[2:] == [AttemptFailed(endpoint(V4), BLOCKED), AttemptStarted(endpoint(V6))]
    assert sock.machine.connecting.attempted == ("::1:80",)
    assert sock.timers == {}
    sock.report("connected", 1)
    assert sock.look() == OPEN


def test_all_addresses_are_blocked() -> None:
    """E-13: all of them, under the code of the first."""
    sock = answered(Found("127.0.0.1", 4, BLOCKED, blocked=True), Found("::1", 6, BLOCKED, blocked=True))
    assert sock.heard()[-1] == Failed(Fault("ERR_IP_BLOCKED", errors=(BLOCKED, BLOCKED)))
    assert sock.asked() == [CLOSE]
    assert sock.look() == CLOSING


# -- racing ------------------------------------------------------------------------------------------------------


def test_racing_an_attempt_whose_time_is_over_goes_on_beside_the_next() -> None:
    sock = selecting(V4, V6, THIRD, route=RACE)
    sock.fire(Timer.ATTEMPT)
    assert sock.heard() == [AttemptStarted(endpoint(V6))]
    assert sock.asked() == [Connect(1, endpoint(V6))]
    assert sock.timers == {Timer.ATTEMPT: 0.25}
    assert sock.look() == OPENING


def test_racing_the_first_to_connect_wins_and_the_others_are_cancelled() -> None:
    sock = selecting(V4, V6, THIRD, route=RACE)
    sock.fire(Timer.ATTEMPT)
    sock.fire(Timer.ATTEMPT)
    sock.asked()
    sock.heard()
    sock.report("connected", 1)
    assert sock.asked() == [CancelConnect(0), CancelConnect(2), START_READ]
    assert sock.heard() == [Connected(), Ready()]
    sock.report("attempt_failed", 0, CANCELED)
    sock.report("attempt_failed", 2, CANCELED)
    assert (sock.heard(), sock.look()) == ([], OPEN)


def test_racing_close_waits_for_every_loser() -> None:
    sock = selecting(V4, V6, route=RACE)
    sock.fire(Timer.ATTEMPT)
    sock.report("connected", 1)
    sock.heard()
    sock.destroy()
    sock.report("closed")
    assert sock.look() == CLOSING
    sock.report("attempt_failed", 0, CANCELED)
    assert (sock.heard(), sock.look()) == ([Closed(False)], CLOSED)


def test_racing_the_failure_of_one_leaves_the_others_in_the_race() -> None:
    sock = selecting(V4, V6, route=RACE)
    sock.fire(Timer.ATTEMPT)
    sock.heard()
    sock.report("attempt_failed", 0, refused(V4))
    assert sock.heard() == [AttemptFailed(endpoint(V4), refused(V4))]
    assert sock.look() == OPENING
    sock.report("attempt_failed", 1, refused(V6))
    whole = Fault("ECONNREFUSED", errors=(refused(V4), refused(V6)))
    assert sock.heard() == [AttemptFailed(endpoint(V6), refused(V6)), Failed(whole)]
    assert sock.look() == CLOSING


def test_racing_a_failure_brings_the_next_attempt_on_early() -> None:
    sock = selecting(V4, V6, route=RACE)
    sock.report("attempt_failed", 0, refused(V4))
    assert sock.asked() == [Connect(1, endpoint(V6))]
    assert sock.timers == {}
