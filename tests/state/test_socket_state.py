"""What can be told from the state of a socket."""

from __future__ import annotations

import pytest

from sansnet.state.phases import Link, Read, Write
from sansnet.state.socket_state import SocketState


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
