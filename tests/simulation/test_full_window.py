"""Who waits for room at a peer that reads nothing learns that it is gone: what zero-window probes are for.

As whoever has data on its way does, in test_handshake.py and test_simulation.py.
"""

from __future__ import annotations

import pytest

import sansnet
from sansnet import Socket
from sansnet.testing import Faults, Simulation, Unfired

GIVE_UP = 924.6
FULL = 10_000


class Sender:
    """A client on `a` that has filled the window of a server on `b`, which reads nothing."""

    def __init__(self, sim: Simulation, more: int = 5000) -> None:
        self.sim = sim
        self.told: list[tuple[float, str]] = []
        self.accepted: list[Socket] = []
        with sim.host("b"):
            sansnet.create_server(self._accept, high_water_mark=1).listen(80)
        with sim.host("a"):
            self.client = sansnet.connect(80, "b")
            for event in ("error", "end", "drain", "close"):
                self.client.on(event, lambda *args, event=event: self._tell(event, *args))
            self.client.write("x")  # it is read, and nothing more
            sim.run(1)
            self.client.write(bytes(FULL + more))
            sim.run(1)
        assert self.client.writable_length == (FULL + more if more else 0)

    def _accept(self, peer: Socket) -> None:
        peer.pause()
        peer.on("error", lambda _: None)
        self.accepted.append(peer)

    def _tell(self, event: str, *args: object) -> None:
        what = getattr(args[0], "code", "") if args else ""
        self.told.append((round(self.sim.now, 2), what or event))


def windowed() -> Simulation:
    return Simulation(faults=Faults(window=FULL))


def test_of_a_host_that_died_it_is_a_time_out() -> None:
    with windowed() as sim:
        sender = Sender(sim)
        sim.host("b").crash()
        sim.run()
        assert [what for _, what in sender.told] == ["ETIMEDOUT", "close"]
        assert sender.told[0][0] == pytest.approx(2 + GIVE_UP, abs=0.01)
        assert sim.leftovers() == []


@pytest.mark.parametrize("down", [0.0, 60.0, 900.0])
def test_a_host_that_is_up_again_answers_with_rst(down: float) -> None:
    with windowed() as sim:
        sender = Sender(sim)
        sim.host("b").crash()
        sim.run(down)
        sim.host("b").restart()
        sim.run()
        assert [what for _, what in sender.told] == ["ECONNRESET", "close"]
        assert 2 + down < sender.told[0][0] < 2 + down + 1


def test_the_question_counts_as_having_met_the_crash() -> None:
    with windowed() as sim:
        Sender(sim)
        with sim.crash("b"):
            sim.run(60)
        assert sim.fired["crash"] == 1
        sim.run()


def test_who_only_stays_silent_does_not_meet_it() -> None:
    with windowed() as sim:
        sender = Sender(sim, more=0)
        with pytest.raises(Unfired), sim.crash("b"):
            sim.run(60)
        assert sender.told == []


@pytest.mark.parametrize("is_up", [False, True])
def test_who_writes_into_a_full_window_after_the_crash_learns_of_it(is_up: bool) -> None:
    with windowed() as sim:
        sender = Sender(sim, more=0)
        sim.host("b").crash()
        if is_up:
            sim.host("b").restart()
        with sim.host("a"):
            sender.client.write("more")
        sim.run()
        assert [what for _, what in sender.told] == ["ECONNRESET" if is_up else "ETIMEDOUT", "close"]


def test_a_host_that_dies_twice_is_a_time_out_in_the_end() -> None:
    """Also if it died while the answer was on its way."""
    for wait in (0.1, 0.2, 0.2003, 0.3):
        with windowed() as sim:
            sender = Sender(sim)
            sim.host("b").crash()
            sim.host("b").restart()
            sim.run(wait)
            sim.host("b").crash()
            sim.run(2000)
            assert sender.told[0][1] == ("ETIMEDOUT" if wait < 0.3 else "ECONNRESET")


def test_a_way_that_is_cut_for_long_is_a_time_out() -> None:
    with windowed() as sim:
        sender = Sender(sim)
        sim.cut("a", "b")
        sim.run(900)
        assert sender.told == []
        sim.run(60)
        assert [what for _, what in sender.told] == ["ETIMEDOUT", "close"]


def test_a_way_that_heals_changes_nothing() -> None:
    """Nobody has forgotten anything: it waits until there is room."""
    with windowed() as sim:
        sender = Sender(sim)
        for _ in range(3):
            sim.cut("a", "b")
            sim.run(900)
            sim.heal("a", "b")
            sim.run(1)
        sim.run(5000)
        assert sender.told == []
        sender.accepted[0].resume()
        sim.run(1)
        assert sender.accepted[0].bytes_read == 1 + FULL + 5000


def test_so_it_does_in_the_same_way_with_the_same_seed() -> None:
    digests = set()
    for _ in range(2):
        with Simulation(3, faults=Faults(window=FULL, latency=(0.001, 0.1), loss=0.2)) as sim:
            Sender(sim, more=50_000)
            with sim.crash("b"):
                sim.run(30)
            sim.run()
            digests.add(sim.digest)
    assert len(digests) == 1
