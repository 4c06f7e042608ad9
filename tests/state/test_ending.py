"""Ending: FIN, half-open or not, and the way from both ends to 'close'."""

from __future__ import annotations

from typing import Any

import pytest

from sansnet.state import Fault
from sansnet.state.notices import Closed, End, Failed, Finished, Prefinish, Settled
from sansnet.state.ops import CLOSE, SHUTDOWN, Send
from tests.state.loop import (
    AFTER_END,
    ALREADY_FINISHED,
    CANCELED,
    END_DESTROYED,
    ENDED_BY_PEER,
    OPEN,
    SOCKET_CLOSED,
    TCP,
    UNIX,
    Sock,
)

SHUTTING = "open open shutting: readOnly, readable"
FINISHED = "open open over: readOnly, readable"
IN_END = "open ended open: writeOnly, writable"
HALF_OPEN = "open over open: writeOnly, writable"


def finished(**options: Any) -> Sock:
    """Our half is over, the peer's is open."""
    sock = Sock.opened(**options)
    sock.end()
    sock.report("shut_down")
    assert sock.look() == FINISHED
    sock.asked()
    sock.heard()
    return sock


# -- our own end -------------------------------------------------------------------------------------------------


def test_with_nothing_to_send_end_asks_for_fin_at_once() -> None:
    """H-01, X-07: not writable and 'readOnly' at once."""
    sock = Sock.opened()
    sock.end()
    assert sock.asked() == [SHUTDOWN]
    assert sock.heard() == []
    assert sock.look() == SHUTTING


def test_fin_handed_over_then_prefinish_then_a_tick_later_the_callbacks_and_finish() -> None:
    """X-07, H-02, H-04: the callbacks in the order of the calls; 'prefinish' comes once."""
    sock = Sock.opened()
    sock.end(1)
    sock.end(2)
    order: list[str] = []
    sock.when(Prefinish, lambda: sock.later(lambda: order.append("tick")))
    sock.when(Settled, lambda: order.append("callback"))
    sock.report("shut_down")
    assert sock.heard() == [Prefinish(), Settled(1), Settled(2), Finished()]
    assert order == ["tick", "callback"]
    assert sock.look() == FINISHED


def test_the_peers_end_after_ours_closes() -> None:
    """X-07, H-10: 'end', then destroyed as soon as its listeners have returned, 'close' (false) a turn later."""
    sock = finished()
    seen = sock.watch(End)
    sock.report("eof")
    assert seen == ["open ended over: closed"]
    assert sock.heard() == [End()]
    assert sock.asked() == [CLOSE]
    assert sock.look() == "closing over over: closed, pending destroyed"
    sock.report("closed")
    assert sock.heard() == [Closed(False)]
    assert sock.look() == "closed over over: closed, pending destroyed"


@pytest.mark.parametrize("when", ["in 'finish'", "after 'finish'"])
def test_ended_again_once_finished_the_callback_hears_so(when: str) -> None:
    """H-04: ERR_STREAM_ALREADY_FINISHED, without an error."""
    sock = Sock.opened()
    sock.end()
    if when == "in 'finish'":
        sock.when(Finished, lambda: sock.end(1))
        sock.report("shut_down")
    else:
        sock.report("shut_down")
        sock.end(1)
    sock.run()
    assert sock.heard() == [Prefinish(), Finished(), Settled(1, ALREADY_FINISHED)]
    assert sock.look() == FINISHED


def test_a_fin_that_fails_is_an_error() -> None:
    """X-07: the callbacks of end() hear of it first."""
    broken = Fault("ENOTCONN", syscall="shutdown")
    sock = Sock.opened()
    sock.end(1)
    sock.report("shutdown_failed", broken)
    assert sock.heard() == [Settled(1, broken), Failed(broken)]
    assert sock.asked() == [SHUTDOWN, CLOSE]
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


# -- without a connection ----------------------------------------------------------------------------------------


def test_a_socket_that_was_never_connected_finishes() -> None:
    """H-05, H-15: 'prefinish', callback, 'finish'; it is not destroyed, there is no 'close'."""
    sock = Sock()
    sock.end(1)
    assert sock.look() == "idle open shut: readOnly, pending readable"
    sock.run()
    assert sock.heard() == [Prefinish(), Settled(1), Finished()]
    assert sock.asked() == []
    assert sock.look() == "idle open over: readOnly, pending readable"


def test_a_socket_that_was_never_connected_and_is_destroyed_does_not_finish() -> None:
    """H-23, H-24, X-03."""
    sock = Sock()
    sock.end(1)
    sock.destroy()
    sock.run()
    assert sock.heard() == [Settled(1, END_DESTROYED), Closed(None)]


def test_data_that_was_ended_before_connect_is_lost() -> None:
    """H-06, G-05: ERR_SOCKET_CLOSED, 'close' (true)."""
    sock = Sock()
    sock.end(1, b"data")
    sock.ask("connect", TCP)
    sock.run()
    assert sock.heard() == [Settled(1, SOCKET_CLOSED), Failed(SOCKET_CLOSED)]
    assert sock.asked() == [CLOSE]
    assert sock.look() == "closing open open: closed, pending destroyed"
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


# -- no half-open ------------------------------------------------------------------------------------------------


def test_the_peers_end_ends_our_half_a_tick_later() -> None:
    """X-06, X-11, H-08: 'end', a tick later FIN, its completion, 'prefinish', 'finish', destroyed, 'close' (false)."""
    sock = Sock.opened()
    ticks: list[str] = []
    sock.when(End, lambda: sock.later(lambda: ticks.append(sock.look())))
    seen = sock.watch(End)
    sock.report("eof")
    assert seen == [IN_END]
    assert ticks == [HALF_OPEN]
    assert sock.heard() == [End()]
    assert sock.asked() == [SHUTDOWN]
    assert sock.look() == "open over shutting: closed"
    sock.report("shut_down")
    assert sock.heard() == [Prefinish(), Finished()]
    assert sock.asked() == [CLOSE]
    sock.report("closed")
    assert sock.heard() == [Closed(False)]


def test_in_finish_the_socket_is_not_destroyed_and_a_tick_later_it_is() -> None:
    """H-08, H-10."""
    sock = Sock.opened()
    sock.report("eof")
    destroyed: list[bool] = []
    sock.when(Finished, lambda: sock.later(lambda: destroyed.append(sock.machine.destroyed)))
    seen = sock.watch(Finished)
    sock.report("shut_down")
    assert seen == ["open over finished: closed"]
    assert destroyed == [True]


@pytest.mark.parametrize("when", ["in 'end'", "in a tick of 'end'"])
def test_a_write_in_end_is_sent_before_fin(when: str) -> None:
    """H-07."""
    sock = Sock.opened()
    answers: list[bool] = []

    def answer() -> None:
        answers.append(sock.write(b"last", 1))

    sock.when(End, answer if when == "in 'end'" else lambda: sock.later(answer))
    sock.report("eof")
    assert answers == [True]
    assert sock.asked() == [Send((b"last",)), SHUTDOWN]
    assert sock.heard() == [End(), Settled(1)]
    assert sock.look() == "open over shutting: closed"


def test_ended_in_end_there_is_no_second_end() -> None:
    """X-06, H-24: the listener was first."""
    sock = Sock.opened()
    sock.when(End, lambda: sock.end(1))
    sock.report("eof")
    sock.report("shut_down")
    assert sock.asked() == [SHUTDOWN, CLOSE]
    assert sock.heard() == [End(), Prefinish(), Settled(1), Finished()]


def test_ended_in_a_tick_of_end_there_is_no_second_end() -> None:
    """X-06: our own end finds it done."""
    sock = Sock.opened()
    sock.when(End, lambda: sock.later(lambda: sock.end(1)))
    sock.report("eof")
    assert sock.asked() == [SHUTDOWN]
    assert sock.look() == "open over shutting: closed"


def test_destroyed_in_end_nothing_finishes() -> None:
    """H-23, H-25, P-09."""
    sock = Sock.opened()
    sock.when(End, sock.destroy)
    sock.report("eof")
    assert sock.asked() == [CLOSE]
    sock.report("closed")
    assert sock.heard() == [End(), Closed(False)]


@pytest.mark.parametrize("when", ["in 'prefinish'", "in a tick before 'finish'"])
def test_destroyed_before_finish_the_callback_hears_so(when: str) -> None:
    """H-23, F-05."""
    sock = Sock.opened()
    sock.end(1)
    sock.when(Prefinish, sock.destroy if when == "in 'prefinish'" else lambda: sock.later(sock.destroy))
    sock.report("shut_down")
    assert sock.heard() == [Prefinish(), Settled(1, END_DESTROYED)]
    sock.report("closed")
    assert sock.heard() == [Closed(False)]


def test_a_path_follows_the_same_rules() -> None:
    """H-22."""
    sock = Sock.opened(UNIX)
    sock.report("eof")
    sock.report("shut_down")
    sock.report("closed")
    assert sock.heard() == [End(), Prefinish(), Finished(), Closed(False)]
    assert sock.asked() == [SHUTDOWN, CLOSE]


# -- half-open ---------------------------------------------------------------------------------------------------


def test_half_open_our_half_stays() -> None:
    """H-09: until end() or destroy()."""
    sock = Sock.opened(allow_half_open=True)
    sock.report("eof")
    assert (sock.asked(), sock.look()) == ([], HALF_OPEN)
    assert sock.write(b"more")
    sock.end()
    assert sock.asked() == [Send((b"more",)), SHUTDOWN]
    sock.report("shut_down")
    sock.report("closed")
    assert sock.heard() == [End(), Prefinish(), Finished(), Closed(False)]
    assert sock.look() == "closed over over: closed, pending destroyed"


@pytest.mark.parametrize("allow_half_open", [False, True])
def test_in_end_the_socket_is_not_destroyed_even_if_finish_was_first(allow_half_open: bool) -> None:
    """H-10."""
    sock = finished(allow_half_open=allow_half_open)
    seen = sock.watch(End)
    sock.report("eof")
    assert seen == ["open ended over: closed"]
    assert sock.machine.destroyed


# -- late writes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allow_half_open", "fault"), [(False, ENDED_BY_PEER), (True, AFTER_END)], ids=["not half-open", "half-open"]
)
def test_a_write_in_end_after_our_own_end_is_refused(allow_half_open: bool, fault: Fault) -> None:
    """H-16, H-17: from 'end' on the peer is to blame, unless half-open is allowed."""
    sock = finished(allow_half_open=allow_half_open)
    answers: list[bool] = []
    sock.when(End, lambda: answers.append(sock.write(b"late", 1)))
    sock.report("eof")
    assert answers == [False]
    assert sock.heard() == [End(), Settled(1, fault), Failed(fault)]
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_a_late_write_takes_what_is_queued_with_it() -> None:
    """H-18: the queued ones hear EPIPE as well, the one in flight that it was cancelled."""
    sock = Sock.opened()
    sock.sends.append(0)
    sock.write(b"a", 1)
    sock.write(b"b", 2)
    sock.report("eof")
    assert sock.look() == "open over ending: closed"
    assert not sock.write(b"late", 3)
    sock.run()
    assert sock.heard() == [End(), Settled(3, ENDED_BY_PEER), Failed(ENDED_BY_PEER)]
    sock.report("send_failed", CANCELED, False)
    assert sock.heard() == [Settled(1, CANCELED), Settled(2, ENDED_BY_PEER)]
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_a_write_after_both_ends_and_destroy_is_refused_without_an_error() -> None:
    """H-19: EPIPE; 'close' (false) is unaffected."""
    sock = finished()
    sock.report("eof")
    assert not sock.write(b"late", 1)
    sock.run()
    sock.report("closed")
    assert sock.heard() == [End(), Settled(1, ENDED_BY_PEER), Closed(False)]


def test_a_new_life_forgets_that_the_peer_had_ended() -> None:
    """M-04."""
    sock = finished()
    sock.report("eof")
    sock.report("closed")
    heir = Sock(sock.machine.successor())
    heir.ask("connect", TCP)
    heir.run()
    heir.report("connected", 0)
    assert heir.write(b"again")
    assert heir.look() == OPEN


# -- without a half --------------------------------------------------------------------------------------------------


def test_a_socket_without_a_write_half_closes_at_the_peers_end() -> None:
    """A-17, H-10: there is nothing to finish; end() finds it finished, a write comes after the end."""
    sock = Sock.opened(writable=False)
    sock.end(1)
    sock.run()
    assert sock.heard() == [Settled(1, ALREADY_FINISHED)]
    sock.report("eof")
    assert sock.heard() == [End()]
    assert sock.asked() == [CLOSE]
    assert sock.look() == "closing over none: closed, pending destroyed"


def test_a_socket_without_a_read_half_closes_once_finished() -> None:
    """A-17, H-10."""
    sock = Sock.opened(readable=False)
    sock.end()
    sock.report("shut_down")
    assert sock.heard() == [Prefinish(), Finished()]
    assert sock.asked() == [SHUTDOWN, CLOSE]
    assert sock.look() == "closing none over: closed, pending destroyed"
