"""Two machines back to back: what one end does, and what the other one hears of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansnet.state import Route
from sansnet.state.notices import Connected, Data, End
from tests.state.loop import UNIX
from tests.state.pair import Mark, Pair


def test_a_client_connects_and_a_server_is_handed_the_connection() -> None:
    """P-01, C-04: the accepted end hears of nothing; both are open."""
    pair = Pair()
    assert pair.phases() == "idle open open | idle open open"
    pair.connect()
    assert pair.phases() == "open open open | open open open"
    assert [name.split()[0] for name in pair.story()] == ["c.attemptstarted", "c.connected", "c.ready"]
    assert pair.client.look() == pair.server.look()


def test_a_graceful_close_step_by_step() -> None:
    """H-21: the initiator's 'close' comes after its 'end'."""
    pair = Pair.connected()
    client, server = pair.client, pair.server
    server.ask("resume")
    server.run()
    client.end(1, b"bye")
    assert pair.phases() == "open open shutting | open open open"
    pair.complete(client)
    assert pair.phases() == "open open over | open open open"
    pair.deliver(server)
    assert pair.phases() == "open open over | open open open"
    pair.deliver(server)
    assert pair.phases() == "open open over | open over shutting"
    pair.complete(server)
    assert pair.phases() == "open open over | closing over over"
    pair.complete(server)
    assert pair.phases() == "open open over | closed over over"
    pair.deliver(client)
    assert pair.phases() == "closing over over | closed over over"
    pair.complete(client)
    assert pair.phases() == "closed over over | closed over over"
    assert pair.story() == [
        "s.resumed",
        "c.prefinish",
        "c.settled 1",
        "c.finished",
        "s.data b'bye'",
        "s.end",
        "s.prefinish",
        "s.finished",
        "s.closed False",
        "c.end",
        "c.closed False",
    ]


@pytest.mark.parametrize("route", [None, UNIX], ids=["tcp", "path"])
def test_an_echo_answers_before_its_own_end(route: Route | None) -> None:
    """H-20, H-22: the server's answer reaches a client that has ended."""
    pair = Pair.connected(route=route)
    for end in (pair.client, pair.server):
        end.ask("resume")
    pair.settle()
    pair.server.when(Data, lambda: pair.server.write(b"echo"), lambda: pair.server.write(b"echo"))
    pair.client.write(b"1")
    pair.client.end(0, b"2")
    assert pair.settle() == "closed over over | closed over over"
    story = pair.story()
    assert [line for line in story if "data" in line] == [
        "s.data b'1'",
        "c.data b'echo'",
        "s.data b'2'",
        "c.data b'echo'",
    ]
    assert story[-1] in ("c.closed False", "s.closed False")
    assert "c.end" in story


def test_half_open_the_server_goes_on_after_the_clients_end() -> None:
    """H-09."""
    pair = Pair.connected(server={"allow_half_open": True})
    pair.client.end()
    assert pair.settle() == "open open over | open over open"
    pair.client.ask("resume")
    assert pair.server.write(b"still here")
    assert pair.settle() == "open open over | open over open"
    pair.server.end()
    assert pair.settle() == "closed over over | closed over over"
    assert [line for line in pair.story() if line.startswith("c.")][-3:] == [
        "c.data b'still here'",
        "c.end",
        "c.closed False",
    ]


def test_both_ends_at_once() -> None:
    """H-10: each is destroyed by the later of its two ends."""
    pair = Pair.connected()
    pair.client.end()
    pair.server.end()
    assert pair.phases() == "open open shutting | open open shutting"
    assert pair.settle() == "closed over over | closed over over"
    story = pair.story()
    for who in "cs":
        assert [line for line in story if line.startswith(who)] == [
            f"{who}.prefinish",
            f"{who}.finished",
            f"{who}.end",
            f"{who}.closed False",
        ]


def test_a_reset_is_an_error_at_the_other_end() -> None:
    """F-10, P-10, X-04: own 'close' (false); there ECONNRESET and 'close' (true)."""
    pair = Pair.connected()
    pair.client.ask("reset")
    assert pair.phases() == "closing open open | open open open"
    assert pair.settle() == "closed open open | closed open open"
    assert pair.story() == ["c.closed False", "s.failed ECONNRESET", "s.closed True"]


def test_a_reset_while_connecting_reaches_the_other_end_after_connect() -> None:
    """F-09."""
    pair = Pair()
    pair.client.when(Connected, lambda: pair.client.ask("reset"))
    pair.connect()
    assert pair.settle() == "closed open open | closed open open"
    assert pair.story()[1:] == ["c.connected", "c.ready", "c.closed False", "s.failed ECONNRESET", "s.closed True"]


def test_destroyed_the_other_end_hears_of_an_end() -> None:
    """P-09: the one that is destroyed only of 'close'."""
    pair = Pair.connected()
    pair.server.destroy()
    assert pair.settle() == "closed over over | closed open open"
    assert pair.story() == ["s.closed False", "c.end", "c.prefinish", "c.finished", "c.closed False"]


def test_destroyed_with_bytes_on_their_way_the_other_end_is_reset() -> None:
    """F-07: the system answers for the socket that is gone."""
    pair = Pair.connected(client={"allow_half_open": True})
    pair.server.destroy()
    pair.complete(pair.server)
    pair.server.wire.clear()
    pair.client.write(b"too late", 1)
    assert pair.settle() == "closed open open | closed open open"
    assert pair.story() == ["s.closed False", "c.settled 1", "c.failed ECONNRESET", "c.closed True"]


def test_destroyed_soon_does_not_wait_for_the_other_end() -> None:
    """F-14: the other one has all the data, and an end."""
    pair = Pair.connected(server={"allow_half_open": True})
    pair.server.ask("resume")
    pair.client.write(b"all of it")
    pair.client.ask("destroy_soon")
    assert pair.settle() == "closed open over | open over open"
    story = pair.story()
    assert [line for line in story if line.startswith("c.")] == ["c.prefinish", "c.finished", "c.closed False"]
    assert [line for line in story if line.startswith("s.")] == ["s.resumed", "s.data b'all of it'", "s.end"]


def test_a_reader_that_pauses_holds_the_writer_back() -> None:
    """I-03, G-11, G-13: the buffers fill, write() says false; after resume() 'drain'."""
    pair = Pair.connected(client={"write_high_water_mark": 4}, server={"read_high_water_mark": 4})
    pair.server.ask("pause")
    pair.client.room = 6
    assert pair.client.write(b"abcdef")
    assert pair.settle() == "open open open | open open open"
    assert not pair.server.reading
    assert not pair.client.write(b"ghijkl")
    pair.settle()
    assert pair.story() == ["s.paused"]
    pair.server.ask("resume")
    pair.client.make_room()
    pair.settle()
    assert pair.story() == ["s.resumed", "s.data b'abcdef'", "c.drain", "s.data b'ghijkl'"]


def test_destroyed_with_a_write_underway() -> None:
    """F-04."""
    pair = Pair.connected()
    pair.client.room = 1
    pair.client.write(b"abc", 1)
    pair.client.write(b"def", 2)
    pair.client.destroy()
    assert pair.settle() == "closed open open | open eof open"
    assert pair.story() == ["c.settled ECANCELED 1", "c.settled ECANCELED 2", "c.closed False"]
    assert pair.server.read() == (b"a",)
    assert pair.settle() == "closed open open | closed over over"


def test_accepted_paused_the_other_end_may_write_meanwhile() -> None:
    """I-15."""
    pair = Pair()
    pair.connect(paused=True)
    pair.client.write(b"abc")
    pair.client.end()
    assert pair.settle() == "open open over | open open open"
    assert pair.server.machine.reading.bytes_read == 0
    pair.server.ask("resume")
    assert pair.settle() == "closed over over | closed over over"
    assert [line for line in pair.story() if line.startswith("s.data")] == ["s.data b'abc'"]


def test_a_listener_of_end_has_the_last_word() -> None:
    """H-07."""
    pair = Pair.connected()
    pair.client.ask("resume")
    pair.server.when(End, lambda: pair.server.write(b"goodbye"))
    pair.client.end()
    pair.settle()
    assert pair.phases() == "closed over over | closed over over"
    story = pair.story()
    assert story.index("s.end") < story.index("c.data b'goodbye'") < story.index("c.end")


@given(
    st.lists(st.tuples(st.binary(max_size=5), st.sampled_from(["", "cork", "uncork", "stall", "go"])), max_size=12),
    st.integers(0, 8),
)
def test_however_it_is_cut_the_bytes_arrive_in_order_and_every_callback_is_called(
    writes: list[tuple[bytes, str]], mark: int
) -> None:
    pair = Pair.connected(client={"write_high_water_mark": mark}, server={"read_high_water_mark": mark})
    client, server = pair.client, pair.server
    server.ask("resume")
    for token, (payload, verb) in enumerate(writes, start=1):
        if verb == "stall":
            client.room = 2 if client.room is None else client.room
        elif verb == "go":
            client.make_room()
        elif verb:
            client.ask(verb)
        client.write(payload, token)
        if token % 3 == 0:
            pair.settle()
    client.make_room()
    client.end(len(writes) + 1)
    assert pair.settle() == "closed over over | closed over over"
    received = b"".join(notice.payload for notice in server.heard() if isinstance(notice, Data))
    assert received == b"".join(payload for payload, _ in writes)
    story = pair.story()
    settled = [line.removeprefix("c.settled ") for line in story if line.startswith("c.settled")]
    assert settled == [str(token + 1) for token in range(len(writes) + 1)]
    assert story.index("s.end") > max((at for at, line in enumerate(story) if "s.data" in line), default=-1)
    assert Mark.RST not in client.wire
