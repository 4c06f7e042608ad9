"""Reading into a buffer of the user's (Node's onread): told as it comes, and held when the callback says so."""

from __future__ import annotations

from sansnet.state.notices import Data, End, Paused
from sansnet.state.ops import START_READ, STOP_READ
from sansnet.state.phases import Flow
from tests.state.loop import Sock


def direct() -> Sock:
    sock = Sock.opened()
    sock.machine.reading.direct = True
    return sock


def test_it_is_told_as_it_comes_although_nothing_flows() -> None:
    """I-10, I-12: readableFlowing stays what it was."""
    sock = direct()
    sock.report("received", b"ab", 2)
    assert sock.heard() == [Data(b"ab")]
    assert sock.machine.reading.flow is Flow.UNSET


def test_hold_stops_the_source_and_resume_starts_it() -> None:
    """I-12: only the handle stops; the socket isn't paused. resume() reads on."""
    sock = direct()
    sock.ask("hold")
    assert sock.asked() == [STOP_READ]
    assert not sock.machine.reading.is_paused
    sock.ask("resume")
    sock.run()
    assert sock.asked() == [START_READ]


def test_what_still_came_while_held_is_told_once_it_goes_on() -> None:
    sock = direct()
    sock.ask("resume")
    sock.run()
    sock.heard()
    sock.ask("hold")
    sock.report("received", b"late", 4)
    assert sock.heard() == []
    sock.ask("resume")
    sock.run()
    assert sock.heard() == [Data(b"late")]


def test_while_held_the_end_waits_for_what_came_before_it() -> None:
    """I-12: while stopped, the end of file isn't seen either."""
    sock = direct()
    sock.ask("resume")
    sock.run()
    sock.heard()
    sock.ask("hold")
    sock.report("received", b"late", 4)
    sock.ask("resume")
    sock.ask("hold")
    sock.run()
    assert sock.heard() == []
    sock.ask("resume")
    sock.run()
    sock.report("eof")
    assert sock.heard() == [Data(b"late"), End()]


def test_pause_stops_the_source_itself() -> None:
    """I-14: pause() and resume() stop and start the handle."""
    sock = direct()
    sock.ask("pause")
    sock.run()
    assert sock.asked() == [STOP_READ]
    assert sock.heard() == [Paused()]
    sock.ask("resume")
    sock.run()
    assert sock.asked() == [START_READ]
