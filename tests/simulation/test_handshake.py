"""SYN, SYN and ACK, ACK: each of them is lost where the way is cut, and what TCP does then.

A segment takes 0.1 s here: the SYN is there at 0.1 s, SYN and ACK at 0.2 s, the ACK at 0.3 s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import sansnet
from sansnet.testing.faults import Faults
from sansnet.testing.simulation import Simulation

STEP = 0.1


class Call:
    """A client calls a server, and both note what they are told, and when."""

    def __init__(self, *, listens: bool = True, **faults: Any) -> None:
        self.sim = Simulation(faults=Faults(latency=(STEP, STEP), **faults))
        self.told: list[tuple[float, str]] = []
        self.peers: list[sansnet.Socket] = []
        with self.sim.host("server", "10.0.0.1") as self.server_host:
            self.server = sansnet.create_server(self._greet)
            if listens:
                self.server.listen(80)
        with self.sim.host("client") as self.client_host:
            self.client = sansnet.connect(80, "10.0.0.1")
        self.watch(self.client)

    def watch(self, client: sansnet.Socket) -> None:
        client.on("connect", lambda: self.note("connect"))
        client.on("error", lambda error: self.note(error.code))

    def note(self, what: str) -> None:
        self.told.append((round(self.sim.now, 6), what))

    def _greet(self, peer: sansnet.Socket) -> None:
        self.note("connection")
        self.peers.append(peer)
        peer.on("data", lambda chunk: self.note(chunk.decode()))

    def cut(self, begin: float, end: float | None = None) -> None:
        self.sim.at(begin, lambda: self.sim.cut("client", "server"))
        if end is not None:
            self.sim.at(end, lambda: self.sim.heal("client", "server"))

    def left(self) -> list[str]:
        """What is left when both have closed what they can."""
        self.client.destroy()
        self.server.close()
        self.server.close_all_connections()
        self.sim.run(10)
        return self.sim.leftovers()


def test_nothing_is_cut() -> None:
    call = Call()
    call.sim.run(10)
    assert call.told == [(0.2, "connect"), (0.3, "connection")]


@pytest.mark.parametrize(
    ("begin", "told"),
    [
        (0.05, [(1.2, "connect"), (1.3, "connection")]),  # the SYN, which is sent again after a second
        (0.15, [(1.2, "connect"), (1.3, "connection")]),  # SYN and ACK, which are sent again for the second SYN
        (0.25, [(0.2, "connect"), (1.5, "connection")]),  # the ACK, which is the answer to SYN and ACK once more
        (0.35, [(0.2, "connect"), (0.3, "connection")]),  # too late to matter
    ],
)
def test_a_short_cut_delays(begin: float, told: list[tuple[float, str]]) -> None:
    call = Call()
    call.cut(begin, 0.5)
    call.sim.run(60)
    assert call.told == told
    assert len(call.peers) == 1
    assert call.left() == []


@pytest.mark.parametrize("begin", [0.05, 0.15])
def test_a_cut_that_lasts_is_a_connection_that_never_was(begin: float) -> None:
    call = Call()
    call.cut(begin)
    call.sim.run()
    assert call.told == [(127.0, "ETIMEDOUT")]
    assert call.sim.fired["partition"] > 0
    assert call.left() == []


def test_a_refusal_goes_the_same_way() -> None:
    call = Call(listens=False)
    call.cut(0.15, 0.5)
    call.sim.run()
    assert call.told == [(1.2, "ECONNREFUSED")]
    call = Call(listens=False)
    call.cut(0.15)
    call.sim.run()
    assert call.told == [(127.0, "ETIMEDOUT")]


def test_what_is_said_behind_a_lost_ack_does_as_well() -> None:
    call = Call()
    call.client.once("connect", lambda: call.client.end("hello"))
    call.cut(0.25, 0.5)
    call.sim.run(10)
    assert call.told == [(0.2, "connect"), (0.7, "connection"), (0.7, "hello")]
    assert call.left() == []


def test_who_says_nothing_may_believe_in_what_the_server_has_given_up() -> None:
    """The server sends SYN and ACK for 63 s; whoever says something then is told."""
    call = Call()
    call.cut(0.25, 100)
    call.sim.run(200)
    assert call.told == [(0.2, "connect")]
    assert (call.client.ready_state, call.peers) == ("open", [])
    call.client.write("hello?")
    call.sim.run(10)
    assert call.told == [(0.2, "connect"), (200.2, "ECONNRESET")]
    assert call.left() == []


def test_who_calls_and_is_reset_at_once_is_never_heard_of() -> None:
    """The RST is what gets through first."""
    call = Call()
    call.client.once("connect", call.client.reset_and_destroy)
    call.cut(0.25, 0.5)
    call.sim.run(10)
    assert call.told == [(0.2, "connect")]
    assert call.left() == []


@pytest.mark.parametrize("is_cut", [False, True])
def test_who_no_longer_calls_is_forgotten(is_cut: bool) -> None:
    """With an RST for the SYN and ACK, or after a while without any answer."""
    call = Call()
    call.sim.at(0.12, call.client.destroy)
    if is_cut:
        call.cut(0.15)
    call.sim.run(100)
    assert call.told == []
    assert call.left() == []


def test_a_place_in_the_backlog_is_given_back() -> None:
    """Those who are cut off take all of it, until they are given up."""
    call = Call()
    call.server.close()
    call.sim.run(1)
    call.server.listen(80, backlog=1)
    call.told.clear()
    with call.sim.host("client"):
        others = [sansnet.connect(80, "10.0.0.1").on("error", lambda _: None) for _ in range(2)]
    call.sim.at(0.15, lambda: call.sim.cut("client", "server"))
    call.sim.run(1)
    with call.sim.host("third"):
        third = sansnet.connect(80, "10.0.0.1")
    third.on("connect", lambda: call.note("third"))
    call.sim.run(60)
    assert call.told == []
    call.sim.expect_fired("backlog_overflow")
    call.sim.run(200)
    assert [what for _, what in call.told] == ["third", "connection"]
    third.destroy()
    assert [one.destroyed for one in others] == [True, True]
    assert call.left() == []


@pytest.mark.parametrize("when", [0.05, 0.15, 0.25])
@pytest.mark.parametrize("who", ["server", "client"])
def test_a_host_that_dies_meanwhile(who: str, when: float) -> None:
    """No connection comes of it on either side that the other could speak on; and nothing is left."""
    call = Call()
    call.sim.at(when, call.sim.host(who).crash)
    call.sim.at(0.5, call.sim.host(who).restart)
    call.sim.run(200)
    assert "connection" not in [what for _, what in call.told]
    if who == "server" and when == 0.25:
        assert call.client.ready_state == "open"
        call.client.write("hello?")
        call.sim.run(10)
        assert call.told == [(0.2, "connect"), (200.2, "ECONNRESET")]
    elif who == "server":
        assert call.told == [(1.2, "ECONNREFUSED")]
    else:
        assert call.told == ([(0.2, "connect")] if when == 0.25 else [])
    left = [] if who == "client" else call.sim.leftovers()
    assert left == []


# -- acknowledgements of what was said


def flood(seconds: float | None) -> tuple[list[tuple[float, str]], Callable[[float], None]]:
    """A client fills the window, and the server reads when the way is cut; it is healed after so many seconds."""
    call = Call(window=1000)
    call.sim.run(1)
    call.peers[0].pause()
    call.client.write(bytes(200_000))
    call.client.once("drain", lambda: call.note("drain"))
    call.sim.run(30)  # by then nothing is on its way: it is the peer's turn to read
    call.cut(0, None if seconds is None else seconds)
    call.sim.run(0.01)
    call.told.clear()
    call.peers[0].remove_all_listeners("data")
    call.peers[0].resume()
    return call.told, call.sim.run


def test_room_is_not_heard_of_through_a_way_that_is_cut() -> None:
    told, run = flood(50)
    run(49)
    assert told == []
    run(100)
    assert [what for _, what in told] == ["drain"]


def test_who_waits_for_room_for_too_long_gives_up() -> None:
    told, run = flood(None)
    run(2000)
    assert [what for _, what in told] == ["ETIMEDOUT"]
    assert told[0][0] == pytest.approx(31.11 + 924.6)


# -- what an end says that is no more


def test_a_reset_that_is_lost_is_said_again() -> None:
    """A host that has forgotten a connection answers what comes for it, and that is sent again until it is answered."""
    call = Call()
    call.sim.run(1)
    call.server_host.crash()
    call.server_host.restart()
    call.client.write("1")
    call.cut(0.15, 1)
    call.sim.run(1)
    assert call.told == [(0.2, "connect"), (0.3, "connection")]
    call.sim.run(5)
    assert call.told[2:] == [(2.2, "ECONNRESET")]
    assert call.sim.leftovers() == []


def test_who_is_forgotten_and_says_only_that_it_ends_hears_of_it() -> None:
    call = Call()
    call.sim.run(1)
    call.server_host.crash()
    call.server_host.restart()
    call.client.end()
    call.sim.run(5)
    assert [what for _, what in call.told[2:]] == ["ECONNRESET"]
    assert call.sim.leftovers() == []


def test_who_has_given_up_answers_the_other_with_a_reset() -> None:
    call = Call()
    call.sim.run(1)
    call.cut(0, 1000)
    call.client.write("1")
    call.sim.run(1001)
    assert [what for _, what in call.told] == ["connect", "connection", "ETIMEDOUT"]
    call.peers[0].on("error", lambda error: call.note(f"server {error.code}"))
    call.peers[0].write("2")
    call.sim.run(1)
    assert call.told[3:] == [(1002.2, "server ECONNRESET")]
    assert call.left() == []


def test_what_a_closed_socket_had_still_to_send_is_lost_with_its_host() -> None:
    call = Call()
    call.sim.run(1)
    call.cut(0, 2)
    call.client.write("1")
    call.client.destroy_soon()
    call.sim.at(1, call.client_host.crash)
    call.sim.at(1.5, call.client_host.restart)
    call.sim.run(10)
    assert call.client.destroyed
    assert call.told == [(0.2, "connect"), (0.3, "connection")]
    call.peers[0].on("error", lambda error: call.note(error.code)).write("2")
    call.sim.run(10)
    assert call.told[2:] == [(11.2, "ECONNRESET")]
