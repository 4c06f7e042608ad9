"""Reading by hand: 'readable', read(), and what changes hands between the two ways of reading."""

from __future__ import annotations

import pytest

from sansnet.state.notices import Data, End, Paused, Readable, Resumed
from sansnet.state.ops import START_READ, STOP_READ
from sansnet.state.phases import Flow
from tests.state.loop import OPEN, Sock
from tests.state.test_reading import EOF, buffered, in_readable_mode

# -- read() ------------------------------------------------------------------------------------------------------


def test_read_takes_all_of_it() -> None:
    sock = buffered(b"ab", b"c")
    assert sock.read() == (b"ab", b"c")
    assert sock.read() == ()
    assert sock.machine.reading.length == 0


def test_read_of_a_size_takes_that_much_or_nothing() -> None:
    """I-04: less than that is left where it is."""
    sock = buffered(b"ab", b"cde")
    assert sock.read(3) == (b"ab", b"c")
    assert sock.read(3) == ()
    assert sock.read(0) == ()
    assert sock.read(1) == (b"d",)
    assert sock.read(1) == (b"e",)


def test_at_the_end_of_file_read_takes_what_is_left() -> None:
    """I-04."""
    sock = buffered(b"abc")
    sock.report("eof")
    assert sock.read(10) == (b"abc",)
    sock.run()
    assert sock.heard() == [End()]


def test_while_it_flows_read_takes_the_first_chunk() -> None:
    sock = buffered(b"ab", b"c")
    sock.ask("resume")
    assert sock.read() == (b"ab",)
    assert sock.read(1) == (b"c",)
    assert sock.read() == ()


@pytest.mark.parametrize(
    ("size", "mark"), [(4, 4), (5, 8), (8, 8), (9, 16), (1 << 40, 1 << 30)], ids=["fits", "5", "8", "9", "huge"]
)
def test_a_size_above_the_mark_raises_the_mark(size: int, mark: int) -> None:
    """It could never be had else: to the next power of two, up to 1 GiB."""
    sock = buffered(b"abcd", read_high_water_mark=4)
    assert sock.asked() == [STOP_READ]
    sock.read(size)
    assert sock.machine.reading.high_water_mark == mark
    assert sock.asked() == [START_READ]
    assert sock.machine.reading.length == (0 if size == 4 else 4)


def test_read_starts_a_source_that_was_held_back() -> None:
    """I-12, I-15: reading by hand needs no resume()."""
    sock = Sock()
    sock.ask("adopt", True, False)
    sock.read()
    assert sock.asked() == [START_READ]
    assert sock.machine.reading.is_paused


# -- 'readable' --------------------------------------------------------------------------------------------------


def test_readable_is_told_when_something_came() -> None:
    """I-04: once, in a tick, until the reader found too little again."""
    sock = in_readable_mode()
    order: list[str] = []
    sock.when(Readable, lambda: order.append("readable"))
    sock.receive(b"ab")
    assert order == ["readable"]
    assert sock.heard() == [Readable()]
    assert sock.read() == (b"ab",)
    assert sock.read() == ()
    sock.receive(b"c")
    sock.receive(b"d")
    assert sock.heard() == [Readable(), Readable()]
    assert sock.look() == OPEN


def test_readable_is_told_once_for_what_came_together() -> None:
    sock = in_readable_mode()
    machine = sock.machine
    first, second = machine.received(b"a", 1), machine.received(b"b", 1)
    assert (len(first), second) == (1, [])


def test_above_the_mark_readable_waits_for_a_read() -> None:
    """I-04: the reader who was told and doesn't read isn't told again."""
    sock = in_readable_mode(read_high_water_mark=2)
    sock.receive(b"abc")
    assert sock.heard() == [Readable()]
    assert sock.asked()[-1] == STOP_READ
    sock.receive(b"d")
    assert sock.heard() == []
    assert sock.read(3) == (b"abc",)
    assert sock.read() == (b"d",)
    assert sock.asked()[-1] == START_READ
    sock.receive(b"e")
    assert sock.heard() == [Readable()]


def test_a_last_readable_with_nothing_comes_before_the_end() -> None:
    """I-04: then 'end'."""
    sock = in_readable_mode()
    taken: list[object] = []
    sock.when(Readable, lambda: taken.append(sock.read()))
    sock.report("eof")
    assert taken == [()]
    assert sock.heard() == [Readable(), End()]


def test_readable_is_told_at_the_end_of_file_although_something_is_left() -> None:
    """I-04, H-11: 'end' waits for whoever takes it."""
    sock = in_readable_mode()
    sock.receive(b"abc")
    sock.report("eof")
    assert sock.heard() == [Readable(), Readable()]
    assert sock.look() == EOF
    assert sock.read() == (b"abc",)
    sock.run()
    assert sock.heard() == [End()]


def test_taken_before_its_tick_there_is_no_readable() -> None:
    sock = buffered(b"abc")
    sock.ask("listen_readable", True, False)
    assert sock.read() == (b"abc",)
    sock.run()
    assert sock.heard() == []


def test_nobody_listens_any_more_there_is_no_readable() -> None:
    sock = buffered(b"abc")
    sock.ask("listen_readable", True, False)
    sock.ask("listen_readable", False, False)
    sock.run()
    assert sock.heard() == []
    assert sock.machine.reading.flow is Flow.UNSET


def test_a_listener_that_comes_late_is_told_of_what_waits() -> None:
    sock = buffered(b"abc")
    sock.ask("listen_readable", True, False)
    sock.ask("listen_readable", True, False)
    assert sock.heard() == []
    sock.run()
    assert sock.heard() == [Readable()]
    assert sock.machine.reading.flow is Flow.PAUSED


def test_a_listener_that_comes_after_the_end_of_file_is_told_of_what_is_left() -> None:
    sock = buffered(b"abc")
    sock.report("eof")
    sock.ask("listen_readable", True, False)
    sock.run()
    assert sock.heard() == [Readable()]
    assert not sock.machine.reading.wanted, "there will be no more"
    assert sock.look() == EOF


def test_a_listener_goes_while_readable_waits_another_comes() -> None:
    """One tick serves both."""
    sock = buffered(b"abc")
    sock.ask("listen_readable", True, False)
    sock.ask("listen_readable", False, False)
    sock.ask("listen_readable", True, False)
    sock.run()
    assert sock.heard() == [Readable()]


# -- from one way to the other -----------------------------------------------------------------------------------


def test_with_a_readable_listener_resume_lets_nothing_flow() -> None:
    """'resume' is told, reading stays by hand."""
    sock = in_readable_mode()
    sock.receive(b"abc")
    sock.ask("resume")
    sock.run()
    assert sock.heard() == [Readable(), Resumed()]
    assert sock.machine.reading.flow is Flow.PAUSED
    assert sock.read() == (b"abc",)


def test_the_last_readable_listener_goes_and_data_listeners_are_left() -> None:
    """Then it flows, after a tick."""
    sock = in_readable_mode()
    sock.receive(b"abc")
    sock.heard()
    sock.ask("listen_readable", False, True)
    sock.run()
    assert sock.heard() == [Resumed(), Data(b"abc")]
    assert sock.machine.reading.flow is Flow.FLOWING


def test_the_last_readable_listener_goes_after_resume() -> None:
    """The resume that waits lets it flow."""
    sock = in_readable_mode()
    sock.receive(b"abc")
    sock.heard()
    sock.ask("resume")
    sock.ask("listen_readable", False, False)
    sock.run()
    assert sock.heard() == [Resumed(), Data(b"abc")]
    assert sock.machine.reading.flow is Flow.FLOWING


def test_the_last_readable_listener_goes_after_resume_and_pause() -> None:
    """It stays paused: nobody reads, and isPaused() says so."""
    sock = in_readable_mode()
    sock.ask("resume")
    sock.ask("pause")
    sock.ask("listen_readable", False, False)
    sock.run()
    assert sock.heard() == [Resumed()]
    assert sock.machine.reading.flow is Flow.UNSET
    assert sock.machine.reading.is_paused


def test_a_readable_listener_stops_the_flow() -> None:
    sock = Sock.opened()
    sock.ask("resume")
    sock.run()
    sock.ask("listen_readable", True, True)
    sock.receive(b"abc")
    assert sock.heard() == [Resumed(), Readable()]
    assert sock.read() == (b"abc",)


def test_a_pause_in_readable_mode_is_told_to_nobody() -> None:
    sock = in_readable_mode()
    sock.ask("pause")
    sock.run()
    assert Paused() not in sock.heard()
    assert sock.machine.reading.is_paused


# -- another form ------------------------------------------------------------------------------------------------


def test_what_is_kept_may_change_its_form() -> None:
    """I-01: a decoder was set; empty pieces go, and the mark goes by the new lengths."""
    sock = buffered(b"\xc3\xa4", b"\xc3", b"\xa4", read_high_water_mark=4)
    assert sock.asked() == [STOP_READ]
    sock.ask("recode", ("ä", "", "ä"))
    assert sock.machine.reading.length == 2
    assert sock.asked() == [START_READ]
    assert sock.read() == ("ä", "ä")
