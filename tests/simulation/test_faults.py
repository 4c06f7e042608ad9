"""Each fault of the simulated network: it does what it says, is counted, and can be switched, scoped and scheduled."""

from __future__ import annotations

from typing import Any

import pytest

import sansnet
from sansnet.testing.faults import CHANCES, COUNTED, Faults
from sansnet.testing.simulation import Simulation, Unfired
from tests.simulation.programs import Echo, shaken

MIB = 1 << 20


def played(sim: Simulation, clients: int = 1, seconds: float | None = 3000, lines: int = 5) -> Echo:
    """An echo from beginning to end."""
    with sim:
        echo = Echo(sim, lines=lines, clients=clients)
        sim.run(seconds, until=lambda: echo.closed == clients)
        return echo


# ------------------------------------------------------------------------------------------------ what comes out whole


@pytest.mark.parametrize(
    "name", ["loss", "partial_reads", "partial_writes", "spurious", "accept_failures", "slow_lookups", "outages"]
)
def test_what_is_only_slow_or_in_pieces_comes_out_whole(name: str) -> None:
    sim = shaken(**{name: 0.5 if name != "slow_lookups" else 1})
    echo = played(sim, lines=20)
    assert echo.whole
    assert sim.fired[name] > 0
    sim.expect_fired(name)
    assert set(echo.errors) <= {"EMFILE"}


def test_latency_and_jitter() -> None:
    steady = Simulation(faults=Faults(latency=(0.25, 0.25), lookup_time=(0, 0)))
    assert played(steady, lines=1).whole
    assert steady.now == pytest.approx(1.5)  # SYN and ACK, there and back, FIN and FIN
    assert steady.fired["jitter"] == 0
    shaky = Simulation(faults=Faults(latency=(0.1, 0.4)))
    assert played(shaky, lines=1).whole
    assert shaky.now != pytest.approx(1.5)
    shaky.expect_fired("jitter")


def test_bandwidth() -> None:
    with Simulation(faults=Faults(latency=(0, 0), bandwidth=1000)) as sim:
        echo = Echo(sim)
        echo.clients[0].write(bytes(5000))
        sim.run(until=lambda: echo.peers and echo.peers[0].bytes_read > 5000)
        assert sim.now == pytest.approx(5, rel=0.01)
        sim.expect_fired("bandwidth")


def test_a_window_bounds_what_is_on_its_way() -> None:
    with Simulation(faults=Faults(window=1000)) as sim:
        with sim.host("server"):
            peers: list[sansnet.Socket] = []
            server = sansnet.create_server(peers.append, pause_on_connect=True, high_water_mark=1)
            server.listen(80)
        with sim.host("client"):
            client = sansnet.connect(80, "server")
        sim.run(1)
        assert client.write(bytes(MIB)) is False
        sim.run(1)
        assert client.writable_length == MIB  # not finished
        peers[0].resume()
        client.end()
        server.close()
        sim.run()
        assert peers[0].bytes_read == MIB


# ---------------------------------------------------------------------------------------------- what ends in an error


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("refused", "ECONNREFUSED"),
        ("black_hole", "ETIMEDOUT"),
        ("reset", "ECONNRESET"),
        ("port_exhaustion", "EADDRNOTAVAIL"),
        ("lookup_failures", "EAI_AGAIN"),
        ("aborted_accepts", "ECONNABORTED"),
    ],
)
def test_what_fails(name: str, code: str) -> None:
    sim = shaken(**{name: 1})
    assert played(sim).errors[code] > 0
    assert sim.fired[name] > 0


def test_real_port_exhaustion_needs_no_fault() -> None:
    with Simulation() as sim:
        with sim.host("a") as host:
            host.ports = range(50000, 50003)
            server = sansnet.create_server().listen(80)
            codes: list[str] = []
            for _ in range(4):
                sansnet.connect(80, "127.0.0.1").on("error", lambda error: codes.append(error.code))
            sim.run(1)
        assert codes == ["EADDRNOTAVAIL"]
        assert server.connections == 3


def test_a_full_backlog_leaves_the_last_to_try_again() -> None:
    with Simulation() as sim:
        with sim.host("server"):
            server = sansnet.create_server().listen(80, backlog=1)
            server.pause()
        with sim.host("client"):
            clients = [sansnet.connect(80, "server") for _ in range(5)]
        sim.run(0.5)
        opened = [client for client in clients if client.ready_state == "open"]
        assert len(opened) < 5
        sim.expect_fired("backlog_overflow")
        server.resume()
        sim.run(60)
        assert all(client.ready_state == "open" for client in clients)


@pytest.mark.parametrize("on", [False, True])
def test_pipes_without_half_close(on: bool) -> None:
    with Simulation(faults=Faults(no_half_close=on)) as sim, sim.host("a"):
        heard: list[bytes] = []
        codes: list[str] = []

        def answer(peer: sansnet.Socket) -> None:
            peer.on("error", lambda error: codes.append(error.code))
            peer.resume().on("end", lambda: peer.end("answer"))

        server = sansnet.create_server(answer, allow_half_open=True).listen("/tmp/s")
        client = sansnet.connect("/tmp/s", allow_half_open=True).on("data", heard.append)
        client.end("question")
        sim.run(10)
        server.close()
        assert (heard, codes) == (([], ["EPIPE"]) if on else ([b"answer"], []))
        assert sim.fired["no_half_close"] == on


def test_who_ends_a_pipe_without_half_close_hears_no_more() -> None:
    with Simulation(faults=Faults(no_half_close=True)) as sim, sim.host("a"):
        server = sansnet.create_server(allow_half_open=True).listen("/tmp/s")
        client = sansnet.connect("/tmp/s").resume().end()
        sim.run(10)
        assert client.closed
        server.close()


def test_who_ends_such_a_pipe_hears_an_answer_that_comes_soon() -> None:
    """And the peer hears of the end when nothing has come for a while, or when it has ended itself."""
    with Simulation(faults=Faults(no_half_close=True)) as sim, sim.host("a"):
        peers: list[sansnet.Socket] = []
        heard: list[bytes] = []
        times: list[float] = []

        def serve(peer: sansnet.Socket) -> None:
            peers.append(peer)
            peer.on("data", lambda chunk: peer.write(chunk.upper()))
            peer.on("end", lambda: times.append(sim.now))

        server = sansnet.create_server(serve).listen("/tmp/s")
        client = sansnet.connect("/tmp/s").on("data", heard.append)
        client.end("question")
        sansnet.call_later(0.04, lambda: peers[0].write("more"))
        sim.run(10)
        server.close()
        assert heard == [b"QUESTION", b"more"]
        assert client.closed
        assert times == [pytest.approx(0.04 + 0.05, abs=0.005)]


# ------------------------------------------------------------------------------------------------------ what lasts long


def test_a_crash_is_heard_of_by_who_says_something() -> None:
    """A half-open peer is silent; once it is up again it answers with RST."""
    with Simulation() as sim:
        echo = Echo(sim, lines=100)
        sim.run(until=lambda: echo.heard)
        with sim.crash("server"):
            sim.run(30)
            assert not echo.errors
            assert echo.closed == 0
        sim.run(until=lambda: echo.closed)
        assert echo.errors == {"ECONNRESET": 1}


def test_who_says_nothing_never_hears_of_a_crash() -> None:
    with Simulation() as sim:
        echo = Echo(sim, lines=1)
        client = echo.clients[0]
        client.remove_all_listeners("data")
        client.resume()
        sim.run(1)
        sim.host("server").crash()
        sim.run(10 * 86400)
        assert client.ready_state == "open"
        sim.host("server").restart()
        sim.run(10)
        assert client.ready_state == "open"
        client.write("hello?")
        sim.run(until=lambda: client.closed)
        assert echo.errors == {"ECONNRESET": 1}


def test_a_crash_says_nothing_even_if_it_is_short() -> None:
    with Simulation() as sim:
        echo = Echo(sim, lines=1, clients=1)
        echo.clients[0].remove_all_listeners("data")
        echo.clients[0].resume()
        sim.run(1)
        sim.host("server").crash()
        sim.host("server").restart()
        sim.run(10)
        assert not echo.clients[0].readable_ended


def test_nothing_of_a_crashed_host_goes_on() -> None:
    with Simulation() as sim:
        host = sim.host("a")
        called: list[str] = []
        with host:
            client = sansnet.connect(80, "203.0.113.1").on("close", lambda _: called.append("close"))
            client.set_timeout(1, lambda: called.append("timeout"))
            sansnet.connect(80, "b").on("lookup", lambda *_: called.append("lookup"))
            host.driver.call_soon(lambda: called.append("soon"))
        host.crash()
        host.crash()
        host.restart()
        host.restart()
        sim.run(1000)
        assert called == []


def test_connecting_to_a_crashed_host() -> None:
    with Simulation() as sim:
        with sim.host("server"):
            sansnet.create_server().listen(80)
        with sim.crash("server"), sim.host("client"):
            client = sansnet.connect(80, "server")
            sim.run(20)
        codes: list[str] = []
        client.on("error", lambda error: codes.append(error.code))
        sim.run()
        assert codes == ["ECONNREFUSED"]  # it is up again, and nobody listens there


# ------------------------------------------------------------------------------- switched, scoped, scheduled, and drawn


def test_weather_lasts_as_long_as_its_block() -> None:
    with Simulation() as sim:
        echo = Echo(sim, lines=3)
        sim.run(until=lambda: echo.heard)
        with sim.weather(loss=0.5):
            assert sim.faults.loss == 0.5
            echo.clients[0].write(b"")
            sim.run(until=lambda: sim.fired["loss"])
        assert sim.faults == Faults()
        sim.run()
        assert echo.whole


def test_weather_that_overlaps_ends_with_its_own_block() -> None:
    """Left in another order than the way back; two of the blocks are the same."""
    with Simulation(faults=Faults(window=77)) as sim:
        blocks = [sim.weather(loss=0.3), sim.weather(spurious=0.4), sim.weather(loss=0.5), sim.weather(loss=0.3)]
        for block, then in zip(blocks, [(0.3, 0.0), (0.3, 0.4), (0.5, 0.4), (0.3, 0.4)], strict=True):
            block.__enter__()
            assert (sim.faults.loss, sim.faults.spurious) == then
        for number, then in (3, (0.5, 0.4)), (0, (0.5, 0.4)), (1, (0.5, 0.0)), (2, (0.0, 0.0)):
            with pytest.raises(Unfired):
                blocks[number].__exit__(None, None, None)
            assert (sim.faults.loss, sim.faults.spurious) == then
        assert sim.faults == Faults(window=77)


def test_weather_between_two_hosts_that_overlaps_ends_with_its_own_block() -> None:
    with Simulation() as sim:
        server, client = sim.host("server"), sim.host("client")
        with server:
            sansnet.create_server().listen(80)
        fired: list[int] = []

        def refused(seconds: float) -> None:
            with client:
                sansnet.connect(80, "server").on("error", str)
            sim.run(seconds)
            fired.append(sim.fired["refused"])

        both = ("server", "client")
        sim.during(1, 3, sim.weather(refused=1, between=both))
        sim.during(2, 4, sim.weather(latency=(0.001, 0.002), between=both))
        for _ in range(5):
            refused(1)
        assert fired == [0, 1, 2, 2, 2]


def test_weather_between_two_hosts_is_over_that_of_everything() -> None:
    """What the block between the two doesn't name is as it is elsewhere, also when that changes meanwhile."""
    with Simulation() as sim:
        with sim.host("server"):
            sansnet.create_server().listen(80)
        for name in ("a", "b"):
            with sim.host(name):
                sansnet.connect(80, "server").on("error", lambda error: codes.append(error.code))
        codes: list[str] = []
        with sim.weather(latency=(1, 1), between=("server", "b")), sim.weather(refused=1):
            sim.run(1.5)
            assert codes == ["ECONNREFUSED"]
            sim.run(1)
            assert codes == ["ECONNREFUSED"] * 2


def test_weather_between_two_hosts_alone() -> None:
    with Simulation() as sim:
        with sim.host("server"):
            sansnet.create_server().listen(80)
        codes: list[str] = []
        for name in ("a", "b"):
            with sim.host(name):
                client = sansnet.connect(80, "server")
                client.on("error", lambda error, name=name: codes.append(f"{name} {error.code}"))
        with sim.weather(Faults(refused=1), between=("server", "b")):
            with sim.weather(latency=(1, 1), between=("b", "server")):
                sim.run(1.5)
            sim.run(10)
        assert codes == ["b ECONNREFUSED"]


@pytest.mark.parametrize("name", [*CHANCES, "jitter", "bandwidth"])
def test_each_fault_can_be_between_two_hosts_alone(name: str) -> None:
    """It befalls the one who is meant, and never the other, who does the same."""
    changes: dict[str, dict[str, Any]] = {"jitter": {"latency": (0.1, 0.2)}, "bandwidth": {"bandwidth": 1000}}
    change = changes.get(name, {name: 0.5})
    fired = []
    for caller in ("a", "b"):
        with Simulation(1) as sim:
            for host in ("server", "a", "b"):
                sim.host(host)
            with sim.host("server"):
                server = sansnet.create_server(lambda peer: peer.on("error", str).pipe(peer)).on("error", str)
                server.listen(80, backlog=100)
            block = sim.weather(between=("a", "server"), **change)
            block.__enter__()
            with sim.host(caller):
                clients = [sansnet.connect(80, "server").on("error", str).on("data", str) for _ in range(10)]
            for client in clients:
                client.write(bytes(1000))
                client.set_timeout(3000, client.destroy)
            sim.run(200)
            fired.append(sim.fired[name])
            server.close_all_connections()
    assert fired[0] > 0
    assert fired[1] == 0


def test_pipes_are_on_one_host() -> None:
    with Simulation() as sim:
        sim.host("a"), sim.host("b")
        with pytest.raises(ValueError, match="no_half_close is about paths"):
            sim.weather(no_half_close=True, between=("a", "b"))
        with pytest.raises(ValueError, match="no_half_close is about paths"):
            sim.weather(Faults(no_half_close=True), between=("a", "b"))


def test_what_is_scheduled_happens_then() -> None:
    with Simulation() as sim:
        echo = Echo(sim, lines=1000)
        sim.during(0.1, 5, sim.partition("client", "server"))
        sim.run(0.09)
        assert sim.fired["partition"] == 0
        before = len(echo.heard)
        sim.run(4.9)
        assert sim.fired["partition"] > 0
        assert len(echo.heard) <= before + 100
        sim.run()
        assert echo.whole


def test_what_never_came_to_anything_fails() -> None:
    with Simulation(faults=Faults(reset=1e-9)) as sim:
        Echo(sim)
        with pytest.raises(Unfired, match="asked for, and never fired: partition"), sim.partition("client", "server"):
            pass
        with pytest.raises(Unfired, match="never fired: crash"), sim.crash("client"):
            pass
        with pytest.raises(Unfired, match="never fired: loss"), sim.weather(loss=0.1):
            pass
        with pytest.raises(Unfired, match="never fired: reset"):
            sim.expect_fired()
        with pytest.raises(Unfired, match="never fired: refused, loss"):
            sim.expect_fired("refused", "loss")
        sim.during(0, 1, sim.partition("client", "server"))
        sim.cut("client", "server")
        with pytest.raises(Unfired):
            sim.run(2, until=lambda: sim.now > 5)


def test_an_exception_in_the_block_is_not_hidden() -> None:
    with Simulation() as sim:
        Echo(sim)
        with pytest.raises(KeyError), sim.partition("client", "server"):
            raise KeyError


def test_drawn_weather_has_everything_sometimes() -> None:
    seen: set[str] = set()
    for seed in range(50):
        sim = Simulation(seed, faults="drawn")
        assert sim.faults == Simulation(seed, faults="drawn").faults
        seen |= set(sim.faults.requested)
    assert seen == {*CHANCES, "jitter", "bandwidth", "no_half_close"}
    assert seen < set(COUNTED)


def test_every_drawn_fault_fires_sometimes() -> None:
    fired: set[str] = set()
    for seed in range(300):
        with Simulation(seed, faults="drawn") as sim:
            Echo(sim, lines=10, clients=2)
            sim.run(100)
            fired |= {name for name in sim.fired if sim.fired[name]}
    assert {*CHANCES, "jitter", "bandwidth", "partition"} <= fired
