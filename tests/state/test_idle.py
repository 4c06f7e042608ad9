"""The idle time: what starts it anew, what doesn't, and what happens when it is over (nothing but being told)."""

from __future__ import annotations

from typing import Any

import pytest

from sansnet.state import Fault, Found, Misuse, Route, Timer
from sansnet.state.notices import Idle, Settled
from sansnet.state.ops import Send
from tests.state.loop import CLOSING, FRESH, OPEN, OPENING, PEER, TCP, Sock


def opened(**options: Any) -> Sock:
    """Connected, with an idle time of 5 seconds; nothing was touched since."""
    sock = Sock.opened(**options)
    sock.ask("set_timeout", 5.0)
    assert sock.timers == {Timer.IDLE: 5.0}
    return sock


def touches(sock: Sock) -> int:
    """How often the idle time started anew since the last look."""
    count, sock.touches = sock.touches, 0
    return count


def test_a_timeout_is_armed_where_the_socket_is() -> None:
    """J-09, J-13: never connected, connecting, or open."""
    for sock, state in ((Sock(), FRESH), (Sock.opened(), OPEN)):
        sock.ask("set_timeout", 5.0)
        assert sock.timers == {Timer.IDLE: 5.0}
        sock.fire(Timer.IDLE)
        assert sock.heard() == [Idle()]
        assert sock.look() == state
    sock = Sock()
    sock.ask("set_timeout", 5.0)
    sock.ask("connect", TCP)
    sock.fire(Timer.IDLE)
    assert sock.heard()[-1] == Idle()
    assert sock.look() == OPENING


def test_a_new_timeout_replaces_the_old_and_zero_takes_it_away() -> None:
    """J-04."""
    sock = opened()
    sock.ask("set_timeout", 2.0)
    assert sock.timers == {Timer.IDLE: 2.0}
    sock.ask("set_timeout", 0)
    assert sock.timers == {}
    sock.ask("set_timeout", 0)
    sock.receive(b"a")
    assert (sock.timers, touches(sock)) == ({}, 0)


def test_a_destroyed_socket_has_no_timeout() -> None:
    """J-05, J-07."""
    sock = opened()
    sock.destroy()
    assert sock.timers == {}
    sock.ask("set_timeout", 3.0)
    assert sock.timers == {}
    assert sock.machine.idle_seconds == 5.0
    with pytest.raises(Misuse, match="timer_fired"):
        sock.report("timer_fired", Timer.IDLE)


@pytest.mark.covers("J-06")
def test_it_is_told_once_until_something_moves_again() -> None:
    """J-06, J-07."""
    sock = opened()
    sock.fire(Timer.IDLE)
    assert sock.heard() == [Idle()]
    assert sock.timers == {}
    assert sock.look() == OPEN
    sock.receive(b"a")
    assert sock.timers == {Timer.IDLE: 5.0}
    sock.fire(Timer.IDLE)
    assert sock.heard() == [Idle()]


@pytest.mark.covers("J-08")
def test_connecting_is_activity() -> None:
    """J-08: connect(), the lookup's answer, connected."""
    sock = Sock()
    sock.ask("set_timeout", 5.0)
    sock.ask("connect", Route(host="example", port=80))
    assert touches(sock) == 1
    sock.report("looked_up", (PEER,))
    assert touches(sock) == 1
    sock.report("connected", 0)
    assert touches(sock) == 1


@pytest.mark.covers("J-06")
def test_a_timer_that_has_fired_is_armed_again_by_activity() -> None:
    """J-06."""
    sock = Sock()
    sock.ask("set_timeout", 5.0)
    sock.fire(Timer.IDLE)
    sock.ask("connect", TCP)
    assert sock.timers == {Timer.IDLE: 5.0}


@pytest.mark.covers("J-08")
def test_reading_is_activity() -> None:
    """J-08: data and the end of file."""
    sock = opened()
    sock.receive(b"a")
    assert touches(sock) == 1
    sock.report("received", "", 1)
    assert touches(sock) == 1
    sock.report("eof")
    assert touches(sock) == 1


@pytest.mark.covers("J-08")
def test_starting_a_write_and_finishing_it_is_activity() -> None:
    """J-08."""
    sock = opened()
    sock.sends.append(0)
    sock.write(b"abc")
    assert touches(sock) == 1
    sock.write(b"behind it")
    sock.report("progressed", 1)
    assert touches(sock) == 0
    sock.report("sent", False)
    assert touches(sock) == 2, "the one is done, the next begins"


def test_a_write_that_was_taken_at_once_is_one_activity() -> None:
    """J-08."""
    sock = opened()
    sock.write(b"abc")
    sock.run()
    assert touches(sock) == 1


@pytest.mark.covers("J-08")
def test_what_the_user_alone_does_is_no_activity() -> None:
    """J-08: waiting writes, pause(), options."""
    sock = Sock()
    sock.ask("set_timeout", 5.0)
    sock.ask("connect", TCP)
    sock.run()
    touches(sock)
    sock.write(b"abc")
    sock.ask("pause")
    sock.ask("resume")
    sock.ask("set_no_delay", True)
    sock.ask("set_keep_alive", True, 5, 1, 10)
    sock.run()
    assert touches(sock) == 0
    sock.report("connected", 0)
    touches(sock)
    sock.end()
    assert touches(sock) == 0


def test_an_attempt_that_fails_is_no_activity() -> None:
    """J-08, E-12."""
    sock = Sock()
    sock.ask("set_timeout", 5.0)
    sock.ask("connect", Route(host="example", port=80, select=True))
    sock.report("looked_up", (PEER, Found("::1", 6)))
    touches(sock)
    sock.report("attempt_failed", 0, Fault("ECONNREFUSED"))
    assert touches(sock) == 0


@pytest.mark.covers("J-10")
def test_a_write_that_stands_still_is_given_one_more_period() -> None:
    """J-10: 'timeout' after about two."""
    sock = opened()
    sock.sends.append(1)
    sock.write(b"abc", 1)
    sock.fire(Timer.IDLE)
    assert sock.heard() == []
    assert sock.timers == {Timer.IDLE: 5.0}
    sock.fire(Timer.IDLE)
    assert sock.heard() == [Idle()]
    assert sock.timers == {}


@pytest.mark.covers("J-10")
def test_a_write_that_moves_is_not_idle() -> None:
    """J-10: as long as the queue shrinks."""
    sock = opened()
    sock.sends.append(1)
    sock.write(b"abcdef", 1)
    for _ in range(3):
        sock.report("progressed", 1)
        sock.fire(Timer.IDLE)
        assert sock.heard() == []
    sock.fire(Timer.IDLE)
    assert sock.heard() == [Idle()]
    sock.report("sent", False)
    assert sock.heard() == [Settled(1)]
    assert sock.timers == {Timer.IDLE: 5.0}


def test_a_write_that_is_done_is_not_waited_for() -> None:
    """J-10."""
    sock = opened()
    sock.sends.append(1)
    sock.write(b"abc")
    sock.report("sent", False)
    sock.fire(Timer.IDLE)
    assert sock.heard() == [Idle()]


@pytest.mark.covers("J-12")
def test_a_new_life_keeps_the_time_and_connect_arms_it() -> None:
    """J-12."""
    sock = opened()
    sock.destroy()
    heir = Sock(sock.machine.successor())
    assert heir.timers == {}
    heir.ask("connect", TCP)
    assert heir.timers == {Timer.IDLE: 5.0}
    assert sock.look() == CLOSING


def test_only_a_timer_that_runs_can_fire() -> None:
    sock = Sock.opened()
    for timer in Timer:
        with pytest.raises(Misuse, match="timer_fired"):
            sock.report("timer_fired", timer)
    assert sock.look() == OPEN
    assert sock.asked() == []
    sock.write(b"a")
    assert sock.asked() == [Send((b"a",))]
