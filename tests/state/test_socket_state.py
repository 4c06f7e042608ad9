"""What can be seen of a socket: Node's properties are functions of the phases, and `describe()` tells the rest."""

from __future__ import annotations

import pytest

from sansnet.state import Fault, Route
from sansnet.state.phases import Link, Read, Write
from sansnet.state.socket_state import SocketState
from tests.state.loop import CLOSED, PEER, TCP, Sock


def state(link: Link, read: Read, write: Write) -> SocketState:
    made = SocketState()
    made.link, made.reading.phase, made.writing.phase = link, read, write
    return made


@pytest.mark.parametrize("link", list(Link))
@pytest.mark.parametrize("read", list(Read))
@pytest.mark.parametrize("write", list(Write))
def test_the_ready_state_follows_from_the_phases(link: Link, read: Read, write: Write) -> None:
    """H-14: readable until 'end', writable until end(); 'opening' while a connection is made; neither once closed."""
    alive = link not in (Link.CLOSING, Link.CLOSED)
    readable = alive and read in (Read.OPEN, Read.EOF)
    writable = alive and write is Write.OPEN
    expected = {(True, True): "open", (True, False): "readOnly", (False, True): "writeOnly", (False, False): "closed"}
    if link in (Link.LOOKING_UP, Link.CONNECTING):
        assert state(link, read, write).ready_state == "opening"
    else:
        assert state(link, read, write).ready_state == expected[readable, writable]


@pytest.mark.parametrize(("link", "pending"), [(link, link not in (Link.OPEN, Link.REFUSED)) for link in Link])
def test_pending_means_that_there_is_no_connection(link: Link, pending: bool) -> None:
    """H-15: before connect(), while connecting, and again once destroyed."""
    assert state(link, Read.OPEN, Write.OPEN).pending is pending


@pytest.mark.parametrize("link", list(Link))
def test_describe_names_all_three_phases(link: Link) -> None:
    line = state(link, Read.EOF, Write.SHUTTING).describe()
    assert f"link {link.value}" in line
    assert "read eof" in line
    assert "waits for Shutdown" in line
    assert "\n" not in line


def test_a_write_after_the_peers_end_is_told_whose_end_it_was() -> None:
    """H-16: EPIPE where the peer ended first, unless half-open is allowed; a plain write after end otherwise."""
    ended = state(Link.OPEN, Read.OVER, Write.ENDING)
    assert ended.write_refusal is not None
    assert ended.write_refusal.code == "EPIPE"
    ended.allow_half_open = True
    assert ended.write_refusal.code == "ERR_STREAM_WRITE_AFTER_END"
    assert state(Link.OPEN, Read.OPEN, Write.OPEN).write_refusal is None


def test_ready_state_goes_by_both_halves() -> None:
    """H-14: r turns false at 'end', not at FIN; w at end()."""
    sock = Sock()
    seen = [sock.machine.ready_state]
    sock.ask("connect", TCP)
    seen.append(sock.machine.ready_state)
    sock.run()
    sock.report("connected", 0)
    seen.append(sock.machine.ready_state)
    sock.end()
    seen.append(sock.machine.ready_state)
    sock.receive(b"unread")
    sock.report("eof")
    seen.append(sock.machine.ready_state)
    sock.read()
    sock.run()
    seen.append(sock.machine.ready_state)
    assert seen == ["open", "opening", "open", "readOnly", "readOnly", "closed"]


def test_pending_is_true_without_a_connection() -> None:
    """H-15: before connect(), while connecting, and after destroy()."""
    sock = Sock()
    seen = [sock.machine.pending]
    sock.ask("connect", TCP)
    seen.append(sock.machine.pending)
    sock.run()
    sock.report("connected", 0)
    seen.append(sock.machine.pending)
    sock.destroy()
    seen.append(sock.machine.pending)
    sock.report("closed")
    seen.append(sock.machine.pending)
    assert seen == [True, True, False, True, True]
    assert sock.look() == CLOSED


@pytest.mark.parametrize(
    ("readable", "writable", "state"),
    [
        (True, False, "idle open none: readOnly, pending readable"),
        (False, True, "idle none open: writeOnly, pending writable"),
        (False, False, "idle none none: closed, pending"),
    ],
)
def test_a_socket_may_be_made_without_a_half(readable: bool, writable: bool, state: str) -> None:
    """A-17."""
    assert Sock(readable=readable, writable=writable).look() == state


def test_a_write_is_welcome_below_the_mark_on_a_writable_socket() -> None:
    """G-11, G-12."""
    sock = Sock.opened(write_high_water_mark=2)
    sock.sends.append(0)
    assert sock.write(b"a")
    assert not sock.write(b"b")
    assert not Sock(writable=False).machine.accepts_more
    assert not Sock.opened(write_high_water_mark=0).machine.writing.is_full, "nothing waits"


@pytest.mark.parametrize("link", list(Link))
def test_destroyed_and_connecting_go_by_the_link(link: Link) -> None:
    """F-01, H-14."""
    made = state(link, Read.OPEN, Write.OPEN)
    assert made.is_connecting is (link in (Link.LOOKING_UP, Link.CONNECTING))
    assert made.destroyed is (link in (Link.CLOSING, Link.CLOSED))


# -- describe() --------------------------------------------------------------------------------------------------


def test_a_machine_says_why_it_is_where_it_is() -> None:
    sock = Sock()
    assert sock.machine.describe() == "link idle; read open; write open"
    sock.ask("connect", Route(host="example", port=80))
    assert "waits for the lookup of 'example'" in sock.machine.describe()
    sock.report("looked_up", (PEER,))
    assert sock.machine.describe() == "link connecting; read open; write open; waits for attempt 0"


def test_a_busy_machine_says_all_of_it() -> None:
    sock = Sock.opened(write_high_water_mark=1)
    sock.ask("set_timeout", 2.5)
    sock.receive(b"abc")
    sock.sends.append(1)
    sock.write(b"abc")
    sock.ask("cork")
    sock.write(b"d")
    assert sock.machine.describe() == (
        "link open; read open; write open; 3 unread, unset; 1 writes in flight (2 bytes), underway; "
        "1 writes queued, corked; owes 'drain'; idle timer of 2.5 s armed"
    )
    sock.ask("uncork")
    assert "1 writes queued;" in sock.machine.describe()


def test_a_closing_machine_says_what_it_waits_for() -> None:
    sock = Sock.opened()
    sock.end()
    sock.destroy(Fault("EOWN"))
    assert sock.machine.describe() == (
        "link closing; read open; write shutting; waits for Shutdown; waits for Close; errored EOWN"
    )
