"""Reading: what is told as it comes, what is kept, who takes it, and when the source runs."""

from __future__ import annotations

from typing import Any

import pytest

from sansnet.state import Fault, Misuse
from sansnet.state.notices import Closed, Data, End, Failed, Finished, Paused, Prefinish, Resumed
from sansnet.state.ops import CLOSE, SHUTDOWN, START_READ, STOP_READ
from sansnet.state.phases import Flow
from tests.state.loop import CLOSING, OPEN, Sock

EOF = "open eof open: open, readable writable"


def flowing(**options: Any) -> Sock:
    """Somebody listens to 'data'."""
    sock = Sock.opened(**options)
    sock.ask("resume")
    sock.run()
    assert sock.heard() == [Resumed()]
    assert sock.machine.reading.flow is Flow.FLOWING
    return sock


def in_readable_mode(**options: Any) -> Sock:
    """Somebody listens to 'readable'."""
    sock = Sock.opened(**options)
    sock.ask("listen_readable", True, False)
    sock.run()
    assert sock.heard() == []
    assert sock.machine.reading.is_paused
    return sock


def buffered(*payloads: bytes, **options: Any) -> Sock:
    """Nobody has asked for what came."""
    sock = Sock.opened(**options)
    for payload in payloads:
        sock.receive(payload)
    assert sock.heard() == []
    return sock


# -- 'data' ------------------------------------------------------------------------------------------------------


def test_what_flows_is_told_as_it_comes() -> None:
    sock = flowing()
    sock.receive(b"abc")
    sock.receive(b"d")
    assert sock.heard() == [Data(b"abc"), Data(b"d")]
    assert sock.machine.reading.length == 0
    assert sock.look() == OPEN


def test_what_was_kept_flows_from_the_next_tick_on() -> None:
    """I-03: 'resume', then chunk after chunk."""
    sock = buffered(b"ab", b"c")
    sock.ask("resume")
    assert sock.heard() == []
    sock.run()
    assert sock.heard() == [Resumed(), Data(b"ab"), Data(b"c")]


def test_a_pause_in_a_listener_holds_back_what_comes_later() -> None:
    """I-03: the order stays, and the end comes only after resume()."""
    sock = flowing()
    sock.when(Data, lambda: sock.ask("pause"))
    sock.receive(b"a")
    sock.receive(b"b")
    sock.report("eof")
    assert sock.heard() == [Data(b"a"), Paused()]
    assert sock.look() == EOF
    assert sock.machine.reading.is_paused
    sock.ask("resume")
    sock.run()
    assert sock.heard() == [Resumed(), Data(b"b"), End()]
    assert sock.look() == "open over shutting: closed"


def test_a_pause_between_two_kept_chunks_keeps_the_second() -> None:
    """I-03."""
    sock = buffered(b"a", b"b")
    sock.when(Data, lambda: sock.ask("pause"))
    sock.ask("resume")
    sock.run()
    assert sock.heard() == [Resumed(), Data(b"a"), Paused()]
    sock.ask("resume")
    sock.run()
    assert sock.heard() == [Resumed(), Data(b"b")]


def test_asked_twice_it_is_told_once() -> None:
    sock = Sock.opened()
    for verb in ("resume", "resume", "pause", "pause"):
        sock.ask(verb)
    sock.run()
    assert sock.heard() == [Resumed(), Paused()]


def test_a_resume_that_waits_serves_the_next_as_well() -> None:
    """Between the two a pause; 'resume' is told once, and the data flows."""
    sock = buffered(b"a")
    for verb in ("resume", "pause", "resume"):
        sock.ask(verb)
    sock.run()
    heard = sock.heard()
    assert (heard.count(Resumed()), heard.count(Data(b"a")), heard.count(Paused())) == (1, 1, 1)
    assert not sock.machine.reading.is_paused


def test_a_resume_that_was_taken_back_lets_nothing_flow() -> None:
    sock = buffered(b"a")
    sock.ask("resume")
    sock.ask("pause")
    sock.run()
    assert sock.heard() == [Resumed(), Paused()]
    assert sock.machine.reading.length == 1


def test_a_destroyed_socket_tells_no_more_data() -> None:
    """H-23, F-01."""
    sock = buffered(b"a", b"b")
    sock.when(Data, sock.destroy)
    sock.ask("resume")
    sock.run()
    assert sock.heard() == [Resumed(), Data(b"a")]
    assert sock.look() == CLOSING
    sock.receive(b"late")
    assert sock.heard() == []


def test_a_character_that_is_not_whole_yet_is_no_data() -> None:
    """I-02, I-05: its bytes are counted; what a decoder still has at the end of file comes before 'end'."""
    sock = flowing()
    sock.report("received", "", 2)
    assert (sock.heard(), sock.machine.reading.bytes_read) == ([], 2)
    sock.report("eof", "\ufffd")
    assert sock.heard() == [Data("\ufffd"), End()]


def test_counted_is_what_was_taken_from_the_system() -> None:
    """I-05: also what is still kept; it stays after destroy(), and a new life starts at 0."""
    sock = buffered(b"abc")
    assert sock.machine.reading.bytes_read == 3
    sock.destroy()
    assert sock.machine.reading.bytes_read == 3
    assert sock.machine.successor().reading.bytes_read == 0


def test_a_read_error_destroys() -> None:
    """I-09, X-04: 'error' in the tick, 'close' (true) a turn later."""
    reset = Fault("ECONNRESET", errno=104, syscall="read")
    sock = Sock.opened()
    sock.report("read_failed", reset)
    assert sock.heard() == [Failed(reset)]
    assert sock.asked() == [CLOSE]
    assert sock.look() == CLOSING
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_a_reset_after_data_is_either_an_error_or_the_end() -> None:
    """F-16: whatever the system says; the data was told."""
    for report, told in ((("read_failed", Fault("ECONNRESET")), Failed(Fault("ECONNRESET"))), (("eof",), End())):
        sock = flowing()
        sock.receive(b"last")
        name, *args = report
        sock.report(str(name), *args)
        assert sock.heard() == [Data(b"last"), told]


def test_paused_a_reset_is_noticed_until_the_buffer_is_full() -> None:
    """G-23: the source runs on while there is room."""
    sock = flowing(read_high_water_mark=4)
    sock.ask("pause")
    sock.receive(b"abc")
    assert sock.machine.reading.source
    sock.receive(b"d")
    assert sock.asked() == [STOP_READ]


# -- the source --------------------------------------------------------------------------------------------------


def test_the_source_runs_while_less_than_the_mark_is_kept() -> None:
    """C-24: a pause alone doesn't stop it."""
    sock = flowing(read_high_water_mark=4)
    sock.ask("pause")
    sock.receive(b"abc")
    assert sock.asked() == []
    sock.receive(b"d")
    assert sock.asked() == [STOP_READ]
    sock.ask("resume")
    sock.run()
    assert sock.asked() == [START_READ]


def test_one_more_report_may_come_after_the_source_was_stopped() -> None:
    """It is kept; a second one would be misuse."""
    sock = buffered(b"abcd", read_high_water_mark=4)
    assert sock.asked() == [STOP_READ]
    sock.receive(b"e")
    assert sock.machine.reading.length == 5
    with pytest.raises(Misuse, match="received"):
        sock.receive(b"f")


def test_the_last_report_after_a_stop_may_be_the_end_of_file() -> None:
    sock = buffered(b"abcd", read_high_water_mark=4)
    sock.report("eof")
    assert sock.look() == EOF
    with pytest.raises(Misuse, match="received"):
        sock.receive(b"late")


def test_the_last_report_after_a_stop_may_be_an_error() -> None:
    sock = buffered(b"abcd", read_high_water_mark=4)
    sock.report("read_failed", Fault("ECONNRESET"))
    assert sock.heard() == [Failed(Fault("ECONNRESET"))]
    assert sock.look() == CLOSING


def test_with_a_mark_of_zero_one_chunk_is_kept_at_a_time() -> None:
    sock = buffered(b"a", read_high_water_mark=0)
    assert sock.asked() == [STOP_READ]
    assert sock.read() == (b"a",)
    assert sock.asked() == [START_READ]


def test_held_back_by_the_user_the_source_stops_and_nothing_else_changes() -> None:
    """I-12: not paused, the end of file isn't seen either; resume() or read() goes on."""
    sock = flowing()
    sock.ask("hold")
    assert sock.asked() == [STOP_READ]
    assert not sock.machine.reading.is_paused
    assert sock.machine.reading.flow is Flow.FLOWING
    sock.ask("resume")
    assert sock.asked() == [START_READ]
    sock.ask("hold")
    sock.read()
    assert sock.asked() == [STOP_READ, START_READ]
    sock.run()
    assert sock.heard() == []
    assert sock.look() == OPEN


def test_accepted_paused_nothing_is_read_before_resume() -> None:
    """I-15: nobody hears a 'pause'; writing works meanwhile."""
    sock = Sock()
    sock.ask("adopt", True, False)
    sock.run()
    assert (sock.asked(), sock.heard()) == ([], [])
    assert sock.look() == OPEN
    assert sock.machine.reading.is_paused
    assert sock.write(b"a")
    sock.asked()
    sock.ask("resume")
    sock.run()
    assert sock.asked() == [START_READ]
    assert sock.heard() == [Resumed()]


def test_accepted_paused_after_a_pause() -> None:
    """I-15: the user may have paused the machine before it was given the connection."""
    sock = Sock()
    sock.ask("pause")
    sock.ask("adopt", True, False)
    assert sock.look() == OPEN


def test_adopted_reading_starts_at_once() -> None:
    """I-16: before anybody hears of the connection."""
    sock = Sock()
    sock.ask("adopt", False, False)
    assert sock.asked() == [START_READ]
    assert sock.look() == OPEN


def test_a_socket_without_a_read_half_never_reads() -> None:
    """A-17."""
    sock = Sock.opened(readable=False)
    assert sock.look() == "open none open: writeOnly, writable"
    sock.ask("resume")
    sock.run()
    assert sock.asked() == []
    with pytest.raises(Misuse):
        sock.report("eof")


def test_destroyed_in_data_nothing_is_read_after_close() -> None:
    """F-01: a handle that was closed is asked for nothing any more."""
    sock = buffered(b"abcd", read_high_water_mark=4)
    sock.when(Data, sock.destroy)
    sock.ask("resume")
    sock.run()
    assert sock.asked()[-1] == CLOSE


# -- the end of file ---------------------------------------------------------------------------------------------


def test_the_end_waits_for_whoever_takes_what_is_kept() -> None:
    """H-11, H-12: until then neither 'end', nor our own end, nor 'close'."""
    sock = buffered(b"abc")
    sock.report("eof")
    assert sock.heard() == []
    assert sock.asked() == []
    assert sock.look() == EOF
    assert sock.read() == (b"abc",)
    sock.run()
    assert sock.heard() == [End()]
    assert sock.look() == "open over shutting: closed"


def test_without_any_payload_the_end_needs_no_consumer() -> None:
    """H-11."""
    sock = Sock.opened()
    seen = sock.watch(End)
    sock.report("eof")
    assert sock.heard() == [End()]
    assert seen == ["open ended open: writeOnly, writable"]
    assert sock.asked() == [SHUTDOWN]


def test_paused_the_socket_stays_open_after_fin() -> None:
    """H-13: after resume() data, 'end', 'prefinish', 'finish', 'close'."""
    sock = flowing()
    sock.ask("pause")
    sock.receive(b"abc")
    sock.report("eof")
    assert sock.heard() == [Paused()]
    assert sock.look() == EOF
    sock.ask("resume")
    sock.run()
    sock.report("shut_down")
    sock.report("closed")
    assert sock.heard() == [Resumed(), Data(b"abc"), End(), Prefinish(), Finished(), Closed(False)]
    assert sock.read() == ()


def test_the_end_is_told_once_and_in_a_tick() -> None:
    """H-11: however often somebody looks for more."""
    sock = Sock.opened()
    sock.report("eof")
    sock.read()
    sock.read(0)
    sock.run()
    assert sock.heard() == [End()]


def test_what_empties_the_buffer_exactly_does_not_end_and_the_next_read_does() -> None:
    """H-12, I-04: as Node's read(n)."""
    sock = buffered(b"abc")
    sock.report("eof")
    assert sock.read(3) == (b"abc",)
    sock.run()
    assert sock.heard() == []
    assert sock.look() == EOF
    assert sock.read(1) == ()
    sock.run()
    assert sock.heard() == [End()]


def test_what_was_read_exactly_ends_with_resume() -> None:
    """H-13: resume() looks for more, and finds the end (so Node 26 does)."""
    sock = buffered(b"abc")
    sock.report("eof")
    sock.read(3)
    sock.ask("resume")
    sock.run()
    assert sock.heard() == [Resumed(), End()]


def test_what_decodes_to_nothing_ends_with_resume() -> None:
    """I-02: half a character was kept when the encoding was set."""
    sock = buffered(b"\xe2")
    sock.report("eof")
    sock.ask("recode", ("",))
    sock.ask("resume")
    sock.run()
    assert sock.heard() == [Resumed(), End()]


def test_what_a_decoder_brings_back_comes_before_the_end() -> None:
    """H-11: also when the end was due already."""
    sock = buffered(b"abc")
    sock.report("eof")
    sock.read()
    sock.ask("recode", ("d",))
    sock.run()
    assert sock.heard() == []
    assert sock.look() == EOF
    assert sock.read() == ("d",)
    sock.run()
    assert sock.heard() == [End()]


def test_destroyed_before_its_tick_the_end_is_not_told() -> None:
    """H-23."""
    sock = buffered(b"abc")
    sock.report("eof")
    sock.read()
    sock.destroy()
    sock.run()
    assert sock.heard() == []
    assert sock.look() == "closing eof open: closed, pending destroyed"


def test_after_the_end_of_file_nothing_can_come() -> None:
    sock = Sock.opened()
    sock.report("eof")
    for name, args in (("received", (b"a", 1)), ("eof", ()), ("read_failed", (Fault("ECONNRESET"),))):
        with pytest.raises(Misuse, match=name):
            sock.report(name, *args)
