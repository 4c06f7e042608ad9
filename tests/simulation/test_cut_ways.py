"""Ways that are cut for a while: what is held up comes late, in order and whole, unless somebody gives up before."""

from __future__ import annotations

import pytest

import sansnet
from sansnet.testing.faults import Faults
from sansnet.testing.simulation import Simulation
from tests.simulation.programs import Echo, shaken


def test_a_partition_delays_and_heals() -> None:
    with Simulation() as sim:
        echo = Echo(sim)
        sim.run(until=lambda: echo.heard)
        with sim.partition("client", "server"):
            sim.run(60)
            assert echo.heard != b"line 0\n" * 5
        sim.run()
        assert echo.whole
        assert sim.now > 60


def test_a_partition_that_lasts_breaks_the_connection_of_who_says_something() -> None:
    with Simulation() as sim:
        echo = Echo(sim)
        sim.run(until=lambda: echo.heard)
        sim.cut("client", "server")
        sim.run(until=lambda: echo.closed)
        assert echo.errors == {"ETIMEDOUT": 1}
        assert 900 < sim.now < 1000
        sim.heal("client", "server")


@pytest.mark.parametrize("healed", [0.13, 0.5])
def test_what_flies_when_the_way_is_cut_comes_in_order(healed: float) -> None:
    """The first is held up, the second still flies, the third is written: none overtakes another."""
    heard = bytearray()
    with Simulation(faults=Faults(latency=(0.1, 0.1))) as sim:
        with sim.host("server"):
            sansnet.create_server(lambda peer: peer.on("data", heard.extend)).listen(80)
        with sim.host("client"):
            client = sansnet.connect(80, "server")
        sim.run(1)
        for seconds, act in [
            (0.0, lambda: client.write(b"1")),
            (0.05, lambda: client.write(b"2")),
            (0.06, lambda: sim.cut("client", "server")),
            (0.12, lambda: client.write(b"3")),
            (healed, lambda: sim.heal("client", "server")),
            (healed, lambda: client.write(b"4")),
        ]:
            sim.at(seconds, act)
        sim.run(10)
    assert heard == b"1234"


def test_a_reset_that_is_heard_of_late_is_a_reset() -> None:
    """The peer's FIN behind it doesn't make a clean end of it."""
    with Simulation(faults=Faults(latency=(0.01, 0.01))) as sim:
        told: list[str] = []
        peers: list[sansnet.Socket] = []
        with sim.host("server"):
            server = sansnet.create_server(peers.append).listen(80)
        with sim.host("client"):
            client = sansnet.connect(80, "server").pause()
        client.on("error", lambda error: told.append(error.code)).on("end", lambda: told.append("end"))
        sim.run(1)
        peers[0].on("error", lambda _: None)
        with sim.weather(reset=1):
            peers[0].end("lost")
        sim.run(1)
        client.resume()
        server.close()
        sim.run(1)
        assert told == ["ECONNRESET"]


def test_what_an_outage_held_up_cuts_no_way_when_it_is_sent_again() -> None:
    """Else a flood would keep its own way cut for ever."""
    with shaken(latency=(0.01, 0.01)) as sim:
        peers: list[sansnet.Socket] = []
        with sim.host("server"):
            sansnet.create_server(lambda peer: peers.append(peer.resume())).listen(80)
        with sim.host("client"):
            client = sansnet.connect(80, "server")
        sim.run(1)
        with sim.weather(outages=0.5, outage_time=(1, 1)):
            for _ in range(100):
                client.write(b"x")
            sim.run(60)
        assert peers[0].bytes_read == 100


def test_a_reset_that_is_held_up_is_heard_of_after_the_one_who_is_called_has_gone() -> None:
    """The answer's acknowledgement is lost; what was said becomes an RST on its way; then the listener closes."""
    faults = Faults(latency=(0.01, 0.01), outages=(1,), outage_time=(30, 30), reset=(1,))
    with Simulation(faults=faults) as sim:
        errors: list[str] = []
        with sim.host("server"):
            server = sansnet.create_server().listen(80)
        with sim.host("client"):
            client = sansnet.connect(80, "server")
        client.on("connect", lambda: client.write(b"x")).on("error", lambda error: errors.append(error.code))
        sim.at(5, server.close)
        sim.run(60)
        assert errors == ["ECONNRESET"]
