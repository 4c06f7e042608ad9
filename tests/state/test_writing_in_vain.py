"""Writes that come too early, too late, or to nothing: without a connection, after the end, failing on the way."""

from __future__ import annotations

import pytest

from sansnet.state import Fault
from sansnet.state.notices import AttemptFailed, Closed, Connected, Drain, Failed, Ready, Settled
from sansnet.state.ops import CLOSE, SHUTDOWN, START_READ, Send
from tests.state.loop import (
    AFTER_END,
    BEFORE_CONNECTION,
    CANCELED,
    CLOSED,
    CLOSING,
    OPEN,
    OPENING,
    SOCKET_CLOSED,
    TCP,
    WRITE_DESTROYED,
    Sock,
)
from tests.state.test_writing import EPIPE, connecting, underway

ENDED = "closing open ending: closed, pending destroyed"

# -- without a connection ----------------------------------------------------------------------------------------


def test_before_any_connect_a_write_fails() -> None:
    """G-05: false and not writable at once; in the tick the callback, the error, 'close' without an argument."""
    sock = Sock()
    assert not sock.write(b"abc", 1)
    assert sock.look() == "idle open open: readOnly, pending readable"
    assert (sock.asked(), sock.heard()) == ([], [])
    sock.run()
    assert sock.heard() == [Settled(1, SOCKET_CLOSED), Failed(SOCKET_CLOSED), Closed(None)]
    assert sock.asked() == []
    assert sock.look() == CLOSED


def test_a_connect_in_the_same_tick_does_not_save_it() -> None:
    """G-05: now there is a handle to close."""
    sock = Sock()
    sock.write(b"abc", 1)
    sock.ask("connect", TCP)
    sock.run()
    assert sock.heard() == [Settled(1, SOCKET_CLOSED), Failed(SOCKET_CLOSED)]
    assert sock.asked() == [CLOSE]
    assert sock.look() == CLOSING
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_while_connecting_writes_wait() -> None:
    """G-06: the answer goes by the mark."""
    sock = connecting(write_high_water_mark=4)
    assert sock.write(b"abc")
    assert not sock.write(b"d")
    assert sock.look() == OPENING
    assert sock.asked() == []


def test_at_connect_the_first_write_goes_before_ready_and_the_others_follow() -> None:
    """G-07: 'connect', callback 1, 'ready', the other callbacks."""
    sock = connecting()
    for token in (1, 2, 3):
        sock.write(b"abc", token)
    told: list[object] = []
    sock.when(Connected, lambda: told.extend(sock.asked()))
    sock.report("connected", 0)
    assert told == []
    assert sock.asked() == [Send((b"abc",)), Send((b"abc", b"abc")), START_READ]
    assert sock.heard() == [Connected(), Settled(1), Ready(), Settled(2), Settled(3)]
    assert sock.look() == OPEN


def test_at_connect_a_write_that_takes_time_is_told_in_its_turn() -> None:
    """G-07, X-08."""
    sock = connecting(write_high_water_mark=3)
    sock.sends.append(1)
    sock.write(b"abc", 1)
    sock.write(b"d", 2)
    sock.report("connected", 0)
    assert sock.heard() == [Connected(), Ready()]
    sock.report("sent", False)
    assert sock.heard() == [Drain(), Settled(1), Settled(2)]


def test_at_connect_a_drain_that_is_owed_comes_with_the_first_callback() -> None:
    """X-09."""
    sock = connecting(write_high_water_mark=3)
    sock.write(b"abc", 1)
    sock.report("connected", 0)
    assert sock.heard() == [Connected(), Drain(), Settled(1), Ready()]


def test_at_connect_a_write_that_fails_is_told_after_ready() -> None:
    """G-21: as any other that fails at once."""
    sock = connecting()
    sock.sends.append(EPIPE)
    sock.write(b"abc", 1)
    sock.report("connected", 0)
    assert sock.heard() == [Connected(), Ready(), Settled(1, EPIPE), Failed(EPIPE)]
    assert sock.look() == CLOSING


def test_destroyed_before_connect_the_writes_hear_of_it_after_close() -> None:
    """G-08: all of them, and end(), that the connection never was; until then they count."""
    sock = connecting()
    sock.write(b"abc", 1)
    sock.write(b"d", 2)
    sock.end(3)
    sock.destroy()
    sock.run()
    assert sock.heard() == []
    assert sock.look() == ENDED
    assert sock.machine.writing.length == 4
    sock.report("attempt_failed", 0, CANCELED)
    sock.report("closed")
    assert sock.heard() == [Closed(False), *(Settled(token, BEFORE_CONNECTION) for token in (1, 2, 3))]
    assert sock.look() == "closed open ending: closed, pending destroyed"


def test_refused_the_first_write_was_never_sent_and_the_others_have_the_error() -> None:
    """G-09: after 'error' and 'close'."""
    refused = Fault("ECONNREFUSED", syscall="connect")
    sock = connecting()
    for token in (1, 2, 3):
        sock.write(b"abc", token)
    sock.report("attempt_failed", 0, refused)
    failed, error = sock.heard()
    assert isinstance(failed, AttemptFailed)
    assert error == Failed(refused)
    sock.report("closed")
    assert sock.heard() == [
        Closed(True),
        Settled(1, BEFORE_CONNECTION),
        Settled(2, refused),
        Settled(3, refused),
    ]


# -- refused -----------------------------------------------------------------------------------------------------


def test_a_write_after_end_is_an_error() -> None:
    """G-18, G-12: false, closed at once; in the tick the callback, then the error; what was sent stays sent."""
    sock = Sock.opened()
    sock.end(0, b"bye")
    assert sock.asked() == [Send((b"bye",)), SHUTDOWN]
    assert not sock.write(b"late", 1)
    assert sock.look() == "closing open shutting: closed, pending destroyed"
    assert sock.asked() == [CLOSE]
    assert sock.heard() == []
    sock.run()
    assert sock.heard() == [Settled(1, AFTER_END), Failed(AFTER_END)]
    sock.report("shut_down")
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_an_end_with_data_after_end_is_an_error_first() -> None:
    """G-19: 'error', then the callback, then 'close' (true)."""
    sock = Sock.opened()
    sock.end(0, b"a")
    sock.end(1, b"b")
    assert sock.look() == "closing open shutting: closed, pending destroyed"
    sock.run()
    assert sock.heard() == [Failed(AFTER_END), Settled(1, AFTER_END)]
    sock.report("shutdown_failed", CANCELED)
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_refused_without_a_callback_there_is_only_the_error() -> None:
    """G-18."""
    sock = Sock.opened()
    sock.end()
    sock.write(b"late")
    sock.run()
    assert sock.heard() == [Failed(AFTER_END)]


@pytest.mark.parametrize("verb", ["write", "end"])
def test_a_write_after_destroy_is_refused_without_an_error(verb: str) -> None:
    """G-20, F-13, G-12: each time, also after 'close'."""
    sock = Sock.opened()
    sock.destroy()
    for again in range(2):
        if verb == "write":
            assert not sock.write(b"late", 1)
        else:
            sock.end(1, b"late")
        sock.run()
        assert sock.heard() == [Settled(1, WRITE_DESTROYED)]
        if not again:
            sock.report("closed")
            assert sock.heard() == [Closed(False)]
    assert sock.look() == CLOSED


# -- failing -----------------------------------------------------------------------------------------------------


def test_a_write_that_fails_at_once_is_told_in_the_tick() -> None:
    """G-21, X-01: callback, error, 'close' (true)."""
    sock = Sock.opened()
    sock.sends.append(EPIPE)
    assert not sock.write(b"abc", 1)
    assert sock.look() == "open open open: readOnly, readable"
    assert sock.heard() == []
    seen = sock.watch(Settled)
    sock.run()
    assert seen == ["open open open: readOnly, readable"]
    assert sock.heard() == [Settled(1, EPIPE), Failed(EPIPE)]
    assert sock.asked() == [Send((b"abc",)), CLOSE]
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_a_write_that_fails_later_takes_the_queue_with_it() -> None:
    """G-21: everybody hears of it, in order, before the error."""
    sock = underway()
    sock.write(b"d", 2)
    sock.end(3)
    sock.report("send_failed", EPIPE, False)
    assert sock.heard() == [Settled(1, EPIPE), Settled(2, EPIPE), Settled(3, EPIPE), Failed(EPIPE)]
    assert sock.asked() == [CLOSE]
    assert sock.look() == ENDED
    assert sock.machine.writing.length == 0


def test_a_write_that_fails_after_the_end_of_file_keeps_fin_from_being_sent() -> None:
    """G-21: end() waits for bytes that never leave."""
    sock = underway()
    sock.end()
    sock.when(Settled, lambda: sock.ask("uncork"))
    sock.report("send_failed", EPIPE, False)
    assert SHUTDOWN not in sock.asked()
    assert sock.look() == ENDED


def test_after_a_failed_write_nothing_more_is_sent() -> None:
    """G-12: nothing is, and destroy() in the callback is the end of it."""
    sock = Sock.opened()
    sock.sends.append(EPIPE)
    sock.write(b"abc", 1)
    sock.write(b"d", 2)
    sock.when(Settled, sock.destroy)
    sock.run()
    assert sock.asked() == [Send((b"abc",)), CLOSE]
    assert sock.heard() == [Settled(1, EPIPE), Settled(2, EPIPE)]
