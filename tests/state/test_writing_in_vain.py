"""Writes that come too early, too late, or to nothing: without a connection, after the end, failing on the way."""

from __future__ import annotations

import pytest

from sansnet.state import Fault
from sansnet.state.notices import AttemptFailed, Closed, Connected, Drain, Failed, Ready, Settled
from sansnet.state.ops import CLOSE, RESET, SHUTDOWN, START_READ, Send
from sansnet.state.phases import Write
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


def test_destroyed_in_connect_the_writes_hear_of_it_before_ready() -> None:
    """The connection was established, so it isn't what is missing; what was refused was never written."""
    sock = connecting()
    sock.write(b"abc", 1)
    sock.write(b"de", 2)
    counts: list[int] = []
    sock.when(Connected, sock.destroy)
    sock.when(Settled, *[lambda: counts.append(sock.machine.writing.bytes_written)] * 2)
    sock.report("connected", 0)
    assert sock.heard() == [Connected(), Settled(1, SOCKET_CLOSED), Settled(2, SOCKET_CLOSED), Ready()]
    assert [*counts, sock.machine.writing.bytes_written] == [2, 2, 0]
    assert sock.asked() == [CLOSE]


def test_reset_at_connect_the_writes_hear_of_it_before_ready() -> None:
    sock = connecting()
    sock.write(b"abc", 1)
    sock.ask("reset")
    sock.report("connected", 0)
    assert sock.heard() == [Connected(), Settled(1, SOCKET_CLOSED), Ready()]
    assert sock.asked() == [RESET]


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


# -- too much ----------------------------------------------------------------------------------------------------

TOO_MUCH = "ERR_MAX_BUFFERED"


@pytest.mark.parametrize("verb", ["write", "end"])
def test_more_than_may_be_buffered_is_refused_as_a_whole(verb: str) -> None:
    """What waits already is refused as well, and everyone hears of it."""
    sock = connecting(max_buffered=5)
    assert sock.write(b"abc", 1)
    assert sock.write(b"de", 2)
    sock.ask(verb, *{"write": (b"f", 1, 3), "end": (3, b"f", 1)}[verb])
    assert not sock.machine.accepts_more
    assert sock.machine.writing.length == 5
    sock.run()
    sock.report("attempt_failed", 0, CANCELED)
    sock.report("closed")
    told = [(type(notice), getattr(notice, "token", 0)) for notice in sock.heard()]
    own = (Settled, 3)
    first = [own, (Failed, 0)] if verb == "write" else [(Failed, 0), own]  # as every refused end() (G-19)
    assert told == [*first, (Closed, 0), (Settled, 1), (Settled, 2)]
    assert sock.machine.errored is not None
    assert (sock.machine.errored.code, sock.machine.errored.text) == (
        TOO_MUCH,
        "5 buffered, and 1 more would exceed max_buffered, 5",
    )


def test_the_limit_counts_what_is_buffered_before_the_driver_is_asked() -> None:
    """So it doesn't depend on what the system takes."""
    sock = Sock.opened(max_buffered=3)
    assert sock.write(b"abc")
    assert sock.write(b"abc"), "the first is gone"
    assert not sock.write(b"abcd")
    assert sock.machine.errored is not None
    assert sock.machine.errored.code == TOO_MUCH


def test_a_second_life_has_the_same_limit() -> None:
    assert Sock.opened(max_buffered=3).machine.successor().writing.max_buffered == 3


# -- an end() that sends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("corked", [False, True])
def test_an_end_whose_data_fails_at_once_has_not_ended(corked: bool) -> None:
    """G-21: its callback hears so in a tick of its own, after the socket was destroyed."""
    sock = Sock.opened()
    sock.sends.append(EPIPE)
    if corked:
        sock.ask("cork")
        sock.write(b"abc", 1)
        sock.end(2)
    else:
        sock.ask("end", 2, b"abc", 3)
    assert sock.machine.writing.phase is Write.OPEN
    destroyed: list[bool] = []
    sock.when(Settled, *[lambda: destroyed.append(sock.machine.destroyed)] * 2)
    sock.run()
    assert sock.heard() == [*([Settled(1, EPIPE)] if corked else []), Settled(2, EPIPE), Failed(EPIPE)]
    assert destroyed == ([False, True] if corked else [True])


def test_an_end_whose_data_takes_time_has_ended() -> None:
    sock = Sock.opened()
    sock.sends.append(1)
    sock.ask("end", 2, b"abc", 3)
    assert sock.machine.writing.phase is Write.ENDING
    sock.report("send_failed", EPIPE, False)
    assert sock.heard() == [Settled(2, EPIPE), Failed(EPIPE)]
