"""Destroying: at once, soon, or with a reset; who hears of it, and when 'close' comes."""

from __future__ import annotations

import pytest

from sansnet.state import Fault, Misuse, Route
from sansnet.state.notices import (
    Closed,
    Connected,
    Failed,
    Finished,
    Prefinish,
    Ready,
    Settled,
)
from sansnet.state.ops import CLOSE, RESET, SHUTDOWN, CancelConnect, Send
from tests.state.loop import (
    CANCELED,
    CLOSED,
    CLOSING,
    END_DESTROYED,
    OPEN,
    OPENING,
    SOCKET_CLOSED,
    TCP,
    UNIX,
    WRITE_DESTROYED,
    Sock,
)

OWN = Fault("EOWN")
REFUSED = Fault("ECONNREFUSED", syscall="connect")
FINISHED = "closing open over: closed, pending destroyed"


def connecting(route: Route = TCP) -> Sock:
    sock = Sock()
    sock.ask("connect", route)
    sock.run()
    assert sock.look() == OPENING
    sock.asked()
    sock.heard()
    return sock


# -- at once -----------------------------------------------------------------------------------------------------


def test_destroyed_is_at_once_and_close_a_turn_later() -> None:
    """F-01, X-04: nothing of it is readable, writable or connected any more."""
    sock = Sock.opened()
    sock.destroy()
    assert sock.look() == CLOSING
    assert sock.asked() == [CLOSE]
    sock.run()
    assert sock.heard() == []
    sock.report("closed")
    assert sock.heard() == [Closed(False)]
    assert sock.look() == CLOSED


def test_an_error_is_told_in_the_tick_and_close_says_so() -> None:
    """X-02, X-04."""
    sock = Sock.opened()
    sock.destroy(OWN)
    assert sock.heard() == []
    seen = sock.watch(Failed)
    sock.run()
    assert sock.heard() == [Failed(OWN)]
    assert seen == [CLOSING]
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


@pytest.mark.parametrize("fault", [None, OWN], ids=["no error", "error"])
def test_without_a_handle_close_is_in_the_tick_and_has_no_argument(fault: Fault | None) -> None:
    """X-03: even if there was an error."""
    sock = Sock()
    sock.destroy(fault)
    assert sock.heard() == []
    assert sock.look() == CLOSING
    sock.run()
    assert sock.heard() == [*([Failed(fault)] if fault else []), Closed(None)]
    assert sock.asked() == []
    assert sock.look() == CLOSED


def test_a_second_destroy_is_nothing_and_the_first_error_stays() -> None:
    """F-03."""
    sock = Sock.opened()
    sock.destroy(OWN)
    sock.destroy(Fault("EOTHER"))
    sock.run()
    assert sock.heard() == [Failed(OWN)]
    assert sock.machine.errored == OWN
    assert sock.asked() == [CLOSE]


def test_the_first_error_stays_although_another_is_told() -> None:
    """F-03: a write had failed, and then the user destroys in its callback."""
    failed = Fault("EPIPE", syscall="write")
    sock = Sock.opened()
    sock.sends.append(failed)
    sock.write(b"abc", 1)
    sock.when(Settled, lambda: sock.destroy(OWN))
    sock.run()
    assert sock.heard() == [Settled(1, failed), Failed(OWN)]
    assert sock.machine.errored == failed


def test_the_idle_timer_and_the_attempts_end_with_the_socket() -> None:
    """J-07, F-01."""
    sock = Sock()
    sock.ask("set_timeout", 5)
    sock.ask("connect", TCP)
    sock.run()
    sock.destroy()
    assert sock.timers == {}
    assert sock.asked()[-2:] == [CancelConnect(0), CLOSE]


# -- who still waited --------------------------------------------------------------------------------------------


def test_the_write_in_flight_and_the_queued_ones_hear_that_they_were_cancelled() -> None:
    """F-04: before 'close', without 'drain', 'finish' or 'error'."""
    sock = Sock.opened(write_high_water_mark=1)
    sock.sends.append(1)
    for token in (1, 2, 3):
        sock.write(b"abc", token)
    sock.destroy()
    sock.run()
    assert sock.heard() == []
    sock.report("send_failed", CANCELED, False)
    assert sock.heard() == [Settled(token, CANCELED) for token in (1, 2, 3)]
    sock.report("closed")
    assert sock.heard() == [Closed(False)]


def test_a_write_that_the_system_took_is_told_as_sent() -> None:
    """F-04: the queued ones hear that the socket is destroyed."""
    sock = Sock.opened()
    sock.sends.append(1)
    sock.write(b"abc", 1)
    sock.write(b"d", 2)
    sock.end(3)
    sock.destroy()
    sock.report("sent", False)
    assert sock.heard() == [Settled(1), Settled(2, WRITE_DESTROYED), Settled(3, END_DESTROYED)]


def test_refused_writes_without_a_callback_are_passed_over() -> None:
    """F-04."""
    sock = Sock.opened()
    sock.sends.append(0)
    for token in (0, 0, 2, 0, 4, 0):
        sock.write(b"abc", token)
    sock.destroy()
    sock.report("send_failed", CANCELED, False)
    assert sock.heard() == [Settled(2, CANCELED), Settled(4, CANCELED)]
    assert sock.machine.writing.length == 0


def test_a_write_that_was_taken_at_once_is_told_as_sent() -> None:
    """F-04: its tick still comes."""
    sock = Sock.opened()
    sock.write(b"abc", 1)
    sock.destroy()
    sock.run()
    assert sock.heard() == [Settled(1)]


def test_close_waits_for_the_write_in_flight() -> None:
    """F-04: 'close' is the last."""
    sock = Sock.opened()
    sock.sends.append(1)
    sock.write(b"abc", 1)
    sock.destroy()
    sock.report("closed")
    assert (sock.heard(), sock.look()) == ([], CLOSING)
    sock.report("send_failed", CANCELED, False)
    assert sock.heard() == [Settled(1, CANCELED), Closed(False)]


@pytest.mark.parametrize("report", [("shut_down",), ("shutdown_failed", CANCELED)], ids=lambda report: report[0])
def test_close_waits_for_fin_in_flight(report: tuple[str | Fault, ...]) -> None:
    """F-05, H-23: end() hears that the socket is destroyed; nothing finishes."""
    sock = Sock.opened()
    sock.end(1)
    sock.destroy()
    sock.run()
    assert sock.heard() == [Settled(1, END_DESTROYED)]
    sock.report("closed")
    assert sock.look() == "closing open shutting: closed, pending destroyed"
    name, *args = report
    sock.report(str(name), *args)
    assert sock.heard() == [Closed(False)]


def test_end_hears_what_became_of_the_write_in_flight() -> None:
    """F-05: ECANCELED."""
    sock = Sock.opened()
    sock.sends.append(1)
    sock.write(b"abc")
    sock.end(1)
    sock.destroy()
    sock.report("send_failed", CANCELED, False)
    assert sock.heard() == [Settled(1, CANCELED)]


def test_end_hears_why_connecting_failed_before_the_error() -> None:
    """F-06."""
    sock = connecting()
    sock.end(1)
    sock.report("attempt_failed", 0, REFUSED)
    assert sock.heard()[1:] == [Settled(1, REFUSED), Failed(REFUSED)]
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_end_after_destroy_hears_so() -> None:
    """F-05: whether end() was called before or not."""
    sock = Sock.opened()
    sock.destroy()
    sock.end(1)
    sock.run()
    assert sock.heard() == [Settled(1, END_DESTROYED)]
    assert sock.look() == CLOSING


# -- with a reset ------------------------------------------------------------------------------------------------


def test_a_reset_destroys_without_an_error() -> None:
    """F-10, X-04: RST, 'close' (false)."""
    sock = Sock.opened()
    sock.ask("reset")
    assert sock.look() == CLOSING
    assert sock.asked() == [RESET]
    sock.run()
    sock.report("closed")
    assert sock.heard() == [Closed(False)]


def test_a_reset_without_a_handle_is_an_error() -> None:
    """F-08: ERR_SOCKET_CLOSED, 'close' without an argument."""
    sock = Sock()
    sock.ask("reset")
    sock.run()
    assert sock.heard() == [Failed(SOCKET_CLOSED), Closed(None)]
    assert sock.asked() == []


def test_a_reset_while_connecting_waits_for_connect() -> None:
    """F-09: 'connect', the reset, 'ready' on the destroyed socket, 'close' (false)."""
    sock = connecting()
    sock.ask("reset")
    assert sock.look() == OPENING
    assert sock.asked() == []
    connected, ready = sock.watch(Connected), sock.watch(Ready)
    sock.report("connected", 0)
    assert (connected, ready) == ([OPEN], [CLOSING])
    assert sock.asked() == [RESET]
    sock.report("closed")
    assert sock.heard() == [Connected(), Ready(), Closed(False)]


def test_a_reset_while_connecting_that_fails_is_the_usual_error() -> None:
    """F-09."""
    sock = connecting()
    sock.ask("reset")
    sock.report("attempt_failed", 0, REFUSED)
    assert sock.heard()[-1] == Failed(REFUSED)
    assert sock.asked() == [CLOSE]


def test_a_reset_of_a_destroyed_socket_is_nothing() -> None:
    """F-11: twice neither."""
    sock = Sock.opened()
    sock.ask("reset")
    sock.ask("reset")
    assert sock.asked() == [RESET]
    sock.report("closed")
    sock.ask("reset")
    sock.run()
    assert sock.heard() == [Closed(False)]


@pytest.mark.parametrize("make", [lambda: Sock.opened(UNIX), lambda: connecting(UNIX)], ids=["open", "connecting"])
def test_a_reset_of_a_path_is_misuse(make: object) -> None:
    """F-12: ERR_INVALID_HANDLE_TYPE; the socket stays usable."""
    assert callable(make)
    sock = make()
    before = sock.machine.freeze()
    with pytest.raises(Misuse, match="ERR_INVALID_HANDLE_TYPE"):
        sock.ask("reset")
    assert sock.machine.freeze() == before


def test_a_write_after_a_reset_is_refused_without_an_error() -> None:
    """F-13."""
    sock = Sock.opened()
    sock.ask("reset")
    assert not sock.write(b"late", 1)
    sock.run()
    assert sock.heard() == [Settled(1, WRITE_DESTROYED)]


# -- soon --------------------------------------------------------------------------------------------------------


def test_destroyed_soon_is_when_all_is_sent_and_finished() -> None:
    """F-14: 'prefinish', 'finish', 'close' (false), without waiting for the peer."""
    sock = Sock.opened()
    sock.sends.append(0)
    sock.write(b"abc", 1)
    sock.ask("destroy_soon")
    assert sock.look() == "open open ending: readOnly, readable"
    sock.report("sent", False)
    assert sock.asked() == [Send((b"abc",)), SHUTDOWN]
    finishing = sock.watch(Finished)
    sock.report("shut_down")
    assert finishing == ["open open finished: readOnly, readable"]
    assert sock.asked() == [CLOSE]
    assert sock.look() == FINISHED
    sock.report("closed")
    assert sock.heard() == [Settled(1), Prefinish(), Finished(), Closed(False)]


def test_destroyed_soon_while_connecting() -> None:
    """F-14: 'connect', 'ready', 'prefinish', 'finish', 'close'."""
    sock = connecting()
    sock.ask("destroy_soon")
    assert sock.look() == "connecting open ending: opening, connecting pending readable"
    sock.report("connected", 0)
    sock.report("shut_down")
    sock.report("closed")
    assert sock.heard() == [Connected(), Ready(), Prefinish(), Finished(), Closed(False)]


def test_destroyed_soon_once_finished_is_at_once() -> None:
    """F-14."""
    sock = Sock.opened()
    sock.end()
    sock.report("shut_down")
    sock.asked()
    sock.ask("destroy_soon")
    assert sock.asked() == [CLOSE]
    assert sock.look() == FINISHED


def test_destroyed_soon_in_finish_is_at_once() -> None:
    """F-14: it is finished already (Node 26: destroyed is true when destroySoon() returns)."""
    sock = Sock.opened()
    destroyed: list[bool] = []

    def soon() -> None:
        sock.ask("destroy_soon")
        destroyed.append(sock.machine.destroyed)

    sock.when(Finished, soon)
    sock.end()
    sock.report("shut_down")
    assert destroyed == [True]


def test_destroyed_soon_after_end_waits_for_finish() -> None:
    """F-14."""
    sock = Sock.opened()
    sock.end()
    sock.ask("destroy_soon")
    assert sock.look() == "open open shutting: readOnly, readable"
    sock.report("shut_down")
    assert sock.look() == FINISHED


def test_destroyed_soon_without_a_connection() -> None:
    """F-15: 'prefinish', 'finish', 'close' without an argument."""
    sock = Sock()
    sock.ask("destroy_soon")
    sock.run()
    assert sock.heard() == [Prefinish(), Finished(), Closed(None)]
    assert sock.asked() == []


def test_destroyed_soon_when_destroyed_is_nothing() -> None:
    sock = Sock.opened()
    sock.destroy()
    sock.ask("destroy_soon")
    sock.run()
    assert sock.asked() == [CLOSE]
    assert sock.heard() == []


def test_destroyed_in_ready_nothing_is_asked_after_close() -> None:
    """F-01, C-22: end() while connecting, destroy() in 'ready'."""
    sock = connecting()
    sock.end()
    sock.when(Ready, sock.destroy)
    sock.report("connected", 0)
    assert sock.asked()[-1] == CLOSE


# -- what may still come -----------------------------------------------------------------------------------------


def test_what_arrives_while_closing_is_not_told() -> None:
    """F-01, H-23: data, the end of file, an error."""
    for report in (("received", b"late", 4), ("eof",), ("read_failed", Fault("ECONNRESET"))):
        sock = Sock.opened()
        sock.destroy()
        name, *args = report
        sock.report(str(name), *args)
        assert (sock.heard(), sock.look()) == ([], CLOSING)
        assert sock.machine.reading.bytes_read == 0
        sock.report("closed")
        assert sock.heard() == [Closed(False)]


def test_what_arrives_although_reading_was_stopped_is_not_told_either() -> None:
    """F-01: one more report may come after a stop."""
    sock = Sock.opened(read_high_water_mark=1)
    sock.receive(b"full")
    sock.destroy()
    sock.receive(b"late")
    assert (sock.heard(), sock.machine.reading.bytes_read) == ([], 4)


def test_closed_comes_once_and_only_while_closing() -> None:
    sock = Sock.opened()
    with pytest.raises(Misuse, match="closed"):
        sock.report("closed")
    sock.sends.append(0)
    sock.write(b"abc")
    sock.destroy()
    sock.report("closed")
    with pytest.raises(Misuse, match="closed"):
        sock.report("closed")
    sock.report("send_failed", CANCELED, False)
    assert sock.look() == CLOSED
    assert sock.heard() == [Closed(False)]
