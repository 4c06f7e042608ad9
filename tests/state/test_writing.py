"""Writing: what leaves when, what write() answers, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sansnet.state import Event, Fault, Misuse
from sansnet.state.notices import Closed, Drain, Finished, Prefinish, Settled
from sansnet.state.ops import CLOSE, SHUTDOWN, START_READ, Send
from tests.state.loop import (
    CANCELED,
    CLOSED,
    CLOSING,
    OPEN,
    OPENING,
    TCP,
    WRITE_DESTROYED,
    Sock,
)

ENDED = "closing open ending: closed, pending destroyed"
EPIPE = Fault("EPIPE", errno=32, syscall="write")


def connecting(**options: Any) -> Sock:
    sock = Sock(**options)
    sock.ask("connect", TCP)
    sock.run()
    assert sock.look() == OPENING
    sock.asked()
    sock.heard()
    return sock


def underway(mark: int = 65536) -> Sock:
    """One write, of 3 bytes with callback 1, is with the driver, which took one of them."""
    sock = Sock.opened(write_high_water_mark=mark)
    sock.sends.append(1)
    sock.write(b"abc", 1)
    assert sock.asked() == [Send((b"abc",))]
    return sock


# -- when a callback is called -----------------------------------------------------------------------------------


def test_taken_at_once_the_callback_is_a_tick_later() -> None:
    """X-08, G-10: never inside write(); the buffer is empty already, so go on."""
    sock = Sock.opened(write_high_water_mark=1)
    assert sock.write(b"a" * 1_000_000, 1)
    assert (len(sock.asked()), sock.heard()) == (1, [])
    sock.run()
    assert sock.heard() == [Settled(1)]
    assert sock.look() == OPEN


def test_taken_later_the_callback_is_at_its_completion() -> None:
    """X-08: in that turn, before any tick."""
    sock = underway()
    order: list[str] = []
    sock.later(lambda: order.append("tick before"))
    sock.when(Settled, lambda: order.append("callback"))
    sock.run()
    assert sock.heard() == []
    sock.report("progressed", 1)
    assert sock.heard() == []
    assert sock.machine.writing.unsent == 1
    sock.report("sent", False)
    assert sock.heard() == [Settled(1)]
    assert order == ["tick before", "callback"]


def test_an_empty_write_is_a_write() -> None:
    """G-04: true, and its callback is called."""
    sock = Sock.opened()
    assert sock.write(b"", 1)
    sock.run()
    assert sock.heard() == [Settled(1)]
    assert sock.asked() == [Send((b"",))]


def test_nobody_asked_nobody_is_told() -> None:
    sock = Sock.opened()
    sock.write(b"abc")
    sock.run()
    assert sock.heard() == []


# -- what write() answers ----------------------------------------------------------------------------------------


def test_full_is_at_the_mark_and_counts_what_is_in_flight() -> None:
    """G-11, G-06: one below the mark is welcome, the mark itself is not."""
    sock = underway(mark=8)
    assert sock.write(b"defg")
    assert not sock.write(b"h")
    assert sock.machine.writing.need_drain
    assert sock.machine.writing.length == 8
    assert sock.look() == OPEN


def test_with_a_mark_of_zero_whatever_waits_is_too_much() -> None:
    """G-11."""
    sock = underway(mark=0)
    assert not sock.machine.accepts_more
    assert not sock.write(b"d")
    sock.report("sent", False)
    sock.heard()
    assert sock.write(b"e"), "taken at once, nothing waits"


def test_characters_count_against_the_mark_and_bytes_are_counted() -> None:
    """G-06, G-16: a text of 3 characters in 6 bytes."""
    sock = connecting(write_high_water_mark=4)
    sock.ask("write", "äöü".encode(), 3, 0)
    assert sock.machine.accepts_more
    assert (sock.machine.writing.length, sock.machine.writing.bytes_written) == (3, 6)
    sock.ask("write", b"x", 1, 0)
    assert not sock.machine.accepts_more


def test_what_waits_is_counted_until_it_is_gone() -> None:
    """G-17: nothing is left in 'finish'."""
    sock = underway()
    sock.write(b"de")
    sock.end()
    lengths = [sock.machine.writing.length]
    sock.report("sent", False)
    sock.when(Finished, lambda: lengths.append(sock.machine.writing.length))
    sock.report("shut_down")
    assert lengths == [5, 0]


def test_bytes_written_are_what_the_driver_took_and_what_still_waits() -> None:
    """G-16: it persists; what is refused is taken off once everybody has heard so (Node 26 counts like this)."""
    sock = underway()
    sock.write(b"de", 2)
    sock.write(b"fgh", 3)
    sock.destroy()
    counts = [sock.machine.writing.bytes_written]
    sock.when(Settled, *[lambda: counts.append(sock.machine.writing.bytes_written)] * 3)
    sock.report("send_failed", CANCELED, False)
    sock.report("closed")
    assert sock.look() == CLOSED
    assert sock.heard() == [*(Settled(token, CANCELED) for token in (1, 2, 3)), Closed(False)]
    assert [*counts, sock.machine.writing.bytes_written] == [8, 8, 8, 8, 3]


@pytest.mark.parametrize("make", [Sock, Sock.opened], ids=["never connected", "failed at once"])
def test_bytes_that_the_driver_never_took_were_not_written(make: Callable[[], Sock]) -> None:
    """G-16, G-05."""
    sock = make()
    sock.sends.append(Fault("EPIPE"))
    sock.write(b"abc")
    assert sock.machine.writing.bytes_written == 0


# -- 'drain' -----------------------------------------------------------------------------------------------------


def test_drain_comes_before_the_callback_of_the_write_that_emptied_the_buffer() -> None:
    """X-09, G-13: once, when nothing is left."""
    sock = underway(mark=3)
    assert sock.machine.writing.need_drain
    seen = sock.watch(Drain)
    sock.report("sent", False)
    assert sock.heard() == [Drain(), Settled(1)]
    assert seen == [OPEN]
    assert sock.write(b"d", 2)
    sock.run()
    assert sock.heard() == [Settled(2)]


def test_drain_waits_until_nothing_is_left() -> None:
    """G-13: below the mark is not enough."""
    sock = underway(mark=4)
    sock.sends.append(0)
    sock.write(b"d", 2)
    sock.report("sent", False)
    assert sock.heard() == [Settled(1)]
    sock.report("sent", False)
    assert sock.heard() == [Drain(), Settled(2)]


def test_drain_comes_without_any_callback() -> None:
    """G-13."""
    sock = Sock.opened(write_high_water_mark=3)
    sock.sends.append(0)
    assert not sock.write(b"abc")
    sock.report("sent", False)
    assert sock.heard() == [Drain()]


def test_there_is_no_drain_below_the_mark() -> None:
    sock = underway()
    sock.report("sent", False)
    assert sock.heard() == [Settled(1)]


def test_there_is_no_drain_after_end() -> None:
    """G-13."""
    sock = underway(mark=3)
    sock.end()
    sock.report("sent", False)
    assert sock.heard() == [Settled(1)]
    assert sock.look() == "open open shutting: readOnly, readable"


def test_there_is_no_drain_after_destroy() -> None:
    """G-13, F-04: what had been taken by the system is told as sent."""
    sock = underway(mark=3)
    sock.destroy()
    sock.report("sent", False)
    assert sock.heard() == [Settled(1)]
    assert sock.look() == CLOSING


def test_there_is_no_drain_when_destroyed_in_the_tick_of_it() -> None:
    """G-13: corked up to the mark, sent at once, destroyed before the tick."""
    sock = Sock.opened(write_high_water_mark=3)
    sock.ask("cork")
    assert not sock.write(b"abc", 1)
    sock.ask("uncork")
    sock.destroy()
    sock.run()
    assert sock.heard() == [Settled(1)]


# -- what leaves together ----------------------------------------------------------------------------------------


@pytest.mark.covers("G-14")
def test_what_waits_leaves_together() -> None:
    """G-14: one Send, the callbacks in order."""
    sock = underway()
    sock.write(b"d", 2)
    sock.write(b"e", 3)
    assert sock.asked() == []
    sock.report("sent", False)
    assert sock.asked() == [Send((b"d", b"e"))]
    assert sock.heard() == [Settled(1), Settled(2), Settled(3)]
    assert sock.look() == OPEN


def test_what_waits_leaves_before_the_last_callbacks_are_called() -> None:
    """G-14: a callback finds the rest handed over already."""
    sock = underway()
    sock.write(b"d", 2)
    asked: list[object] = []
    sock.when(Settled, lambda: asked.extend(sock.asked()))
    sock.report("sent", False)
    assert asked == [Send((b"d",))]


def test_destroyed_in_a_callback_nothing_is_sent_after_close() -> None:
    """F-04: a handle that was closed is asked for nothing any more."""
    sock = underway()
    sock.write(b"d", 2)
    sock.when(Settled, sock.destroy)
    sock.report("sent", False)
    assert sock.asked()[-1] == CLOSE


@pytest.mark.covers("G-15")
def test_corks_nest_and_the_last_one_lets_go() -> None:
    """G-15: write() goes by the mark; uncork() once too often is nothing."""
    sock = Sock.opened(write_high_water_mark=2)
    sock.ask("cork")
    sock.ask("cork")
    assert sock.write(b"a", 1)
    assert not sock.write(b"b", 2)
    sock.ask("uncork")
    assert (sock.asked(), sock.machine.writing.corked) == ([], 1)
    sock.ask("uncork")
    assert sock.asked() == [Send((b"a", b"b"))]
    sock.ask("uncork")
    assert sock.machine.writing.corked == 0
    sock.run()
    assert sock.heard() == [Drain(), Settled(1), Settled(2)]


@pytest.mark.covers("G-15")
def test_end_uncorks_completely() -> None:
    """G-15."""
    sock = Sock.opened()
    sock.ask("cork")
    sock.ask("cork")
    sock.write(b"a", 1)
    sock.end(2, b"b")
    assert sock.asked() == [Send((b"a", b"b")), SHUTDOWN]
    assert sock.machine.writing.corked == 0
    assert sock.look() == "open open shutting: readOnly, readable"


def test_corked_before_connect_it_leaves_when_uncorked() -> None:
    """G-15: while connecting it waits for the connection as well."""
    sock = Sock()
    sock.ask("cork")
    sock.write(b"a", 1)
    sock.ask("connect", TCP)
    sock.run()
    sock.report("connected", 0)
    assert START_READ in sock.asked()
    assert sock.machine.writing.length == 1
    sock.ask("uncork")
    assert sock.asked() == [Send((b"a",))]


def test_corked_and_destroyed_it_is_refused() -> None:
    sock = Sock.opened()
    sock.ask("cork")
    sock.write(b"a", 1)
    sock.destroy()
    sock.ask("uncork")
    assert sock.asked() == [CLOSE]
    sock.run()
    assert sock.heard() == [Settled(1, WRITE_DESTROYED)]
    assert sock.machine.writing.length == 0


# -- FIN waits ---------------------------------------------------------------------------------------------------


def test_end_waits_for_what_is_underway_and_queued() -> None:
    """H-03: their callbacks precede 'prefinish'."""
    sock = underway()
    sock.end(2, b"d")
    assert sock.asked() == []
    assert sock.look() == "open open ending: readOnly, readable"
    sock.report("sent", False)
    assert sock.asked() == [Send((b"d",)), SHUTDOWN]
    sock.report("shut_down")
    assert sock.heard() == [Settled(1), Prefinish(), Settled(2), Finished()]


def test_end_waits_for_an_empty_write_that_takes_time() -> None:
    """H-03, G-04: an empty write is in flight as any other."""
    sock = Sock.opened()
    sock.sends.append(0)
    sock.write(b"", 1)
    sock.end(2)
    assert sock.asked() == [Send((b"",))]
    sock.report("sent", False)
    assert sock.asked() == [SHUTDOWN]


# -- answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("progressed", (1,)),
        ("sent", (False,)),
        ("send_failed", (EPIPE, False)),
        ("shut_down", ()),
        ("shutdown_failed", (EPIPE,)),
    ],
)
def test_a_report_of_what_was_not_asked_for_is_misuse(name: str, args: tuple[object, ...]) -> None:
    sock = Sock.opened()
    with pytest.raises(Misuse, match=name):
        sock.report(name, *args)


@pytest.mark.parametrize(
    "late", [Event("sent", (True,)), Event("send_failed", (EPIPE, True)), Event("send_deferred", (1,))], ids=str
)
def test_an_answer_given_at_once_comes_once(late: Event) -> None:
    sock = underway()
    with pytest.raises(Misuse, match=late.name):
        sock.machine.feed(late)
