"""Gathering: what a listener writes leaves together, and write() answers as if it didn't."""

from __future__ import annotations

from typing import Any

import pytest

from sansnet.state import Fault
from sansnet.state.notices import Data, Drain, Settled
from sansnet.state.ops import CLOSE, RESET, SHUTDOWN, Send
from sansnet.state.writing import MOST_GATHERED
from tests.state.loop import CANCELED, CLOSING, OPEN, Sock

EPIPE = Fault("EPIPE", errno=32, syscall="write")


def flowing(**options: Any) -> Sock:
    """Open, and its user hears of what is received."""
    sock = Sock.opened(**options)
    sock.ask("resume")
    sock.run()
    sock.asked()
    sock.heard()
    return sock


# -- together --------------------------------------------------------------------------------------------------------


def test_what_a_listener_writes_leaves_when_it_has_returned() -> None:
    sock = flowing()
    answers: list[bool] = []

    def on_data() -> None:
        answers.extend([sock.gather(b"head", 1), sock.gather(b"body", 2)])
        assert (sock.asked(), sock.machine.writing.length) == ([], 8)

    sock.when(Data, on_data)
    sock.receive(b"?")
    assert answers == [True, True]
    assert sock.asked() == [Send((b"head", b"body"))]
    assert sock.heard() == [Data(b"?"), Settled(1), Settled(2)]
    assert (sock.look(), sock.machine.writing.length, sock.machine.writing.bytes_written) == (OPEN, 0, 8)


def test_the_next_listener_begins_anew() -> None:
    sock = flowing()
    sock.when(Data, lambda: sock.gather(b"a"), lambda: sock.gather(b"b"))
    sock.receive(b"?")
    sock.receive(b"?")
    assert sock.asked() == [Send((b"a",)), Send((b"b",))]


def test_who_asks_what_became_of_it_has_it_sent() -> None:
    sock = flowing()
    sock.gather(b"a", 1)
    sock.hand_over()
    assert (sock.asked(), sock.machine.writing.length) == ([Send((b"a",))], 0)
    sock.gather(b"b")
    sock.hand_over()
    assert sock.asked() == [Send((b"b",))]


def test_nothing_is_handed_over_where_nothing_was_gathered() -> None:
    sock = flowing()
    sock.hand_over()
    assert sock.machine.hand_over() == []
    assert sock.asked() == []


def test_what_is_on_its_way_is_not_joined() -> None:
    """It waits in the queue, as always."""
    sock = flowing()
    sock.sends.append(0)
    sock.write(b"a")
    sock.gather(b"b")
    sock.hand_over()
    assert sock.asked() == [Send((b"a",))]
    sock.report("sent", False)
    assert sock.asked() == [Send((b"b",))]


def test_taken_later_all_of_it_is_told_at_once() -> None:
    sock = flowing()
    sock.sends.append(1)
    sock.gather(b"ab", 1)
    sock.gather(b"cd", 2)
    sock.hand_over()
    assert (sock.machine.writing.length, sock.machine.writing.unsent, sock.machine.accepts_more) == (4, 3, True)
    sock.report("sent", False)
    assert sock.heard() == [Settled(1), Settled(2)]


def test_it_counts_as_movement_when_it_leaves() -> None:
    sock = flowing()
    sock.ask("set_timeout", 1.0)
    sock.gather(b"a")
    assert sock.touches == 0
    sock.hand_over()
    assert sock.touches == 1


# -- no more than that -----------------------------------------------------------------------------------------------


def test_what_would_reach_the_mark_sends_off_what_is_gathered_and_itself() -> None:
    """The driver takes the first Send and not the second: True, since no more than that waits then."""
    sock = flowing(write_high_water_mark=4)
    sock.sends.extend([None, 0])
    sock.gather(b"ab", 1)
    assert sock.gather(b"cd", 2)
    assert sock.asked() == [Send((b"ab",)), Send((b"cd",))]
    sock.run()
    assert sock.heard() == [Settled(1)]
    sock.report("sent", False)
    assert sock.heard() == [Settled(2)]


def test_it_is_false_when_as_much_is_not_taken() -> None:
    sock = flowing(write_high_water_mark=4)
    sock.sends.append(0)
    sock.gather(b"ab", 1)
    assert not sock.gather(b"cd", 2)
    assert sock.asked() == [Send((b"ab",))]
    sock.report("sent", False)
    assert sock.asked() == [Send((b"cd",))]
    assert sock.heard() == [Drain(), Settled(1), Settled(2)]


def test_what_is_at_the_mark_by_itself_is_not_gathered() -> None:
    sock = flowing(write_high_water_mark=2)
    assert sock.gather(b"ab")
    assert sock.asked() == [Send((b"ab",))]


def test_after_what_was_too_much_it_gathers_again() -> None:
    sock = flowing(write_high_water_mark=4)
    for chunk in (b"ab", b"cd", b"e", b"f"):
        assert sock.gather(chunk)
    sock.hand_over()
    assert sock.asked() == [Send((b"ab",)), Send((b"cd",)), Send((b"e", b"f"))]


def test_so_many_chunks_are_gathered_and_no_more() -> None:
    """Empty ones would never reach the mark."""
    sock = flowing()
    for _ in range(MOST_GATHERED + 1):
        sock.gather(b"")
    assert [len(op.payloads) for op in sock.asked() if isinstance(op, Send)] == [MOST_GATHERED, 1]


def test_with_a_limit_nothing_is_gathered() -> None:
    """What the system takes at once isn't buffered, and mustn't be too much."""
    sock = flowing(max_buffered=3)
    assert sock.gather(b"ab")
    assert sock.gather(b"cd")
    assert sock.asked() == [Send((b"ab",)), Send((b"cd",))]


def test_a_write_from_elsewhere_joins_and_has_it_sent() -> None:
    sock = flowing()
    sock.gather(b"a", 1)
    assert sock.write(b"b", 2)
    assert sock.asked() == [Send((b"a", b"b"))]


def test_what_is_corked_stays_and_what_was_written_before_leaves() -> None:
    sock = flowing()
    sock.gather(b"a")
    sock.ask("cork")
    sock.gather(b"b")
    assert sock.asked() == [Send((b"a",))]
    sock.hand_over()
    assert sock.asked() == []
    sock.ask("uncork")
    assert sock.asked() == [Send((b"b",))]


def test_corked_in_the_same_listener_it_is_handed_over_all_the_same() -> None:
    sock = flowing()
    sock.gather(b"a")
    sock.ask("cork")
    sock.hand_over()
    assert sock.asked() == [Send((b"a",))]


# -- what else a listener does ---------------------------------------------------------------------------------------


def test_end_sends_it_with_its_own_and_then_fin() -> None:
    sock = flowing()
    sock.gather(b"head", 1)
    sock.end(2, b"body")
    assert sock.asked() == [Send((b"head", b"body")), SHUTDOWN]


def test_end_sends_it_and_then_fin() -> None:
    sock = flowing()
    sock.gather(b"all", 1)
    sock.end(2)
    assert sock.asked() == [Send((b"all",)), SHUTDOWN]


def test_end_with_too_much_waits_for_the_answer_to_that() -> None:
    """As always: if what it sends itself fails at once, our half hasn't ended."""
    sock = flowing(write_high_water_mark=4)
    sock.sends.extend([None, EPIPE])
    sock.gather(b"ab", 1)
    sock.end(2, b"cd")
    assert sock.asked() == [Send((b"ab",)), Send((b"cd",))]
    assert sock.machine.writing.phase.value == "open"
    sock.run()
    assert sock.heard()[:2] == [Settled(1), Settled(2, EPIPE)]


def test_end_after_what_fails_at_once_has_not_ended() -> None:
    sock = flowing()
    sock.sends.append(EPIPE)
    sock.gather(b"a", 1)
    sock.end(2)
    assert sock.machine.writing.phase.value == "open"
    sock.run()
    assert sock.heard()[:2] == [Settled(1, EPIPE), Settled(2, EPIPE)]


@pytest.mark.parametrize(("call", "op"), [("destroy", CLOSE), ("reset", RESET)])
def test_destroyed_it_is_sent_before(call: str, op: object) -> None:
    """It was written before: the system has it, as it would without gathering."""
    sock = flowing()
    sock.gather(b"bye", 1)
    sock.ask(call)
    assert sock.asked() == [Send((b"bye",)), op]
    assert sock.look() == CLOSING
    sock.run()
    assert sock.heard() == [Settled(1)]


def test_destroyed_while_corked_the_rest_is_refused() -> None:
    sock = flowing()
    sock.gather(b"a", 1)
    sock.ask("cork")
    sock.destroy()
    sock.write(b"b", 2)
    assert sock.asked() == [Send((b"a",)), CLOSE]
    sock.run()
    assert [(type(told), told.token, told.fault is None) for told in sock.heard() if isinstance(told, Settled)] == [
        (Settled, 1, True),
        (Settled, 2, False),
    ]


def test_destroyed_with_a_driver_that_takes_its_time_it_is_cancelled() -> None:
    sock = flowing()
    sock.sends.append(0)
    sock.gather(b"bye", 1)
    sock.destroy()
    assert sock.asked() == [Send((b"bye",)), CLOSE]
    sock.report("send_failed", CANCELED, False)
    assert sock.heard() == [Settled(1, CANCELED)]


def test_destroyed_with_a_driver_that_fails_it_is_told() -> None:
    sock = flowing()
    sock.sends.append(EPIPE)
    sock.gather(b"bye", 1)
    sock.destroy()
    sock.run()
    assert sock.heard() == [Settled(1, EPIPE)]


@pytest.mark.parametrize("taken", [None, 0])
def test_a_write_behind_a_cork_is_owed_its_drain(taken: int | None) -> None:
    """What was gathered before cork() is gone by then, so nothing stands between that write and its answer."""
    sock = flowing(write_high_water_mark=4)
    sock.gather(b"a", 1)
    sock.ask("cork")
    assert not sock.gather(b"bcdef", 2)
    assert sock.machine.writing.need_drain
    sock.sends.append(taken)
    sock.ask("uncork")
    if taken is not None:
        sock.report("sent", False)
    sock.run()
    assert sock.heard().count(Drain()) == 1
