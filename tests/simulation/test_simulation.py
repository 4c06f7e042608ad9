"""`Simulation`: hosts, time, the story, and what leaves the block."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import sansnet
from sansnet.testing.faults import Faults
from sansnet.testing.simulation import Simulation
from tests.loopback import child_environment
from tests.simulation.programs import Echo, digest_of

# What 200 seeds tell, in one number, on every Python and every machine. A change of the model, or of the order in which
# sockets do things, changes it: then the test's message has the new one.
ALL_OF_THEM = "45b6e0655f8576d7235a0f676196c914"


def of_many(seeds: range) -> str:
    return hashlib.blake2b("".join(map(digest_of, seeds)).encode(), digest_size=16).hexdigest()


# ------------------------------------------------------------------------------------------------------- determinism


def test_a_thousand_seeds_twice() -> None:
    first = [digest_of(seed) for seed in range(1000)]
    assert [digest_of(seed) for seed in range(1000)] == first
    assert len(set(first)) > 950


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_the_same_in_every_process_and_on_every_python(hash_seed: str) -> None:
    code = "from tests.simulation.test_simulation import of_many; print(of_many(range(200)))"
    environment = {**child_environment(dict(os.environ)), "PYTHONHASHSEED": hash_seed}
    made = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert made.stdout.strip() == ALL_OF_THEM


def test_the_story_is_what_the_digest_tells() -> None:
    with Simulation(1) as sim:
        Echo(sim, lines=2)
        before = sim.digest
        sim.run()
        assert sim.digest != before
        story = sim.story()
        assert sim.story(2) == story[-2:]
        assert any("7 bytes" in line for line in story)
        assert any(line.endswith("FIN") for line in story)
        assert story[0] == "    0.000000  server listen :: 80"
    with Simulation(1, recording=False) as silent:
        Echo(silent, lines=2)
        silent.run()
        assert silent.story() == []


def test_the_programs_chance_is_not_the_networks() -> None:
    def played(draws: int) -> str:
        with Simulation(5, faults=Faults(latency=(0.001, 0.1))) as sim:
            for _ in range(draws):
                sim.random.random()
            Echo(sim)
            sim.run()
            return sim.digest

    assert played(0) == played(100)


# -------------------------------------------------------------------------------------------------------------- hosts


def test_hosts_have_names_and_addresses() -> None:
    with Simulation() as sim:
        a, b = sim.host("a"), sim.host("b", "192.0.2.7", "2001:db8::7")
        assert sim.host("b") is b
        assert a.addresses == ("10.0.0.1",)
        heard: list[Any] = []
        with b:
            server = sansnet.create_server(lambda peer: heard.append((peer.remote_address, peer.local_address)))
            server.listen(80)
        with a:
            for place in ("b", "192.0.2.7"):
                sansnet.connect(80, place)
            sansnet.connect(80, "2001:db8::7").on("error", lambda error: heard.append(error.code))
        sim.run(1)
        assert sorted(map(str, heard)) == sorted(["ENETUNREACH", *[str(("10.0.0.1", "192.0.2.7"))] * 2])


def test_a_name_that_nobody_has() -> None:
    with Simulation() as sim, sim.host("a"):
        errors: list[Any] = []
        sansnet.connect(80, "nobody").on("error", errors.append)
        sim.run()
        assert str(errors[0]) == "getaddrinfo ENOTFOUND nobody"


def test_an_address_that_nobody_has_is_a_black_hole() -> None:
    with Simulation() as sim, sim.host("a"):
        errors: list[Any] = []
        sansnet.connect(80, "203.0.113.1").on("error", errors.append)
        sim.run()
        assert errors[0].code == "ETIMEDOUT"
        assert sim.now == pytest.approx(127)


def test_what_a_listener_makes_is_made_on_its_host() -> None:
    with Simulation() as sim:
        found: list[Any] = []
        for name in ("a", "b"):
            with sim.host(name):
                sansnet.create_server(lambda _peer: found.append(sansnet.default_driver())).listen(80)
        with sim.host("c"):
            sansnet.connect(80, "a")
            sansnet.connect(80, "b")
        sim.run(1)
        assert found == [sim.host("a").driver, sim.host("b").driver]


def test_each_host_has_a_loopback_of_its_own() -> None:
    with Simulation() as sim:
        with sim.host("a"):
            sansnet.create_server(lambda peer: peer.end("a")).listen(80, "127.0.0.1")
        heard: list[Any] = []
        for name in ("a", "b"):
            with sim.host(name):
                client = sansnet.connect(80, "localhost", family=4).on("data", heard.append)
                client.on("error", lambda error: heard.append(error.code))
        sim.run(1)
        assert sorted(map(str, heard)) == ["ECONNREFUSED", "b'a'"]


def test_a_crashed_host_leaves_its_paths_behind() -> None:
    with Simulation() as sim:
        host = sim.host("a")
        codes: list[str] = []

        def note(error: Any) -> None:
            codes.append(error.code)

        with host:
            sansnet.create_server().listen("/tmp/s")
        host.crash()
        host.restart()
        with host:
            sansnet.connect("/tmp/s").on("error", note)
            sansnet.create_server().on("error", note).listen("/tmp/s")
            sim.run()
            assert sorted(codes) == ["EADDRINUSE", "ECONNREFUSED"]
            host.unlink("/tmp/s")
            sansnet.create_server().listen("/tmp/s")
            sim.run(1)
        with pytest.raises(FileNotFoundError):
            host.unlink("/tmp/other")


# --------------------------------------------------------------------------------------------------------------- time


def test_time_is_virtual() -> None:
    with Simulation() as sim, sim.host("a") as host:
        called: list[float] = []
        sim.at(3600, lambda: called.append(sim.now))
        host.driver.call_later(1e6, lambda: called.append(sim.now))
        sim.run()
        assert called == []  # nobody waits for timers
        sim.run(3600)
        assert (called, sim.now) == ([3600], 3600)
        sim.run(1e6)
        assert called == [3600, 1e6]
        sim.run(5, until=lambda: True)
        assert sim.now == 3600 + 1e6


def test_until_is_asked_after_everything() -> None:
    with Simulation() as sim:
        echo = Echo(sim, lines=3)
        sim.run(until=lambda: echo.heard)
        assert echo.heard == b"line 0\n"
        sim.run()
        assert echo.whole


# ------------------------------------------------------------------------------------------------ what leaves the block


def test_an_exception_takes_the_seed_and_the_end_of_the_story_with_it() -> None:
    def fail() -> None:
        with Simulation(41) as sim:
            Echo(sim).clients[0].on("connect", lambda: 1 / 0)
            sim.run()

    with pytest.raises(ZeroDivisionError) as caught:
        fail()
    notes = caught.value.__notes__
    assert notes[0].startswith("Simulation(seed=41), 0.00")
    assert any("client.1 server.2 connected" in line for line in notes)
    assert len(notes) <= 21


def test_two_at_once_are_a_group() -> None:
    with Simulation() as sim, sim.host("a"):
        for _ in range(2):
            sim.host("a").driver.call_soon(lambda: 1 / 0)  # type: ignore[arg-type]
        with pytest.raises(ZeroDivisionError):
            sim.run()
        with pytest.raises(ZeroDivisionError):
            sim.run()  # the other one, since the first stopped the loop
        sim.host("a").driver.report(KeyError())
        sim.host("a").driver.report(ValueError())
        with pytest.raises(BaseExceptionGroup, match="listeners raised"):
            sim.run()


def test_an_error_that_nobody_listens_to_is_raised() -> None:
    with Simulation() as sim, sim.host("a"):
        sansnet.connect(80, "127.0.0.1")
        with pytest.raises(ConnectionRefusedError):
            sim.run()


def test_after_the_block_the_hosts_are_closed() -> None:
    with Simulation() as sim, sim.host("a") as host:
        told: list[object] = []
        client = sansnet.connect(80, "127.0.0.1").on("error", told.append).on("close", told.append)
    assert host.driver.closed
    assert not host.driver.handles
    assert client.destroyed
    assert told == []
    with pytest.raises(RuntimeError, match="closed"), host:
        sansnet.connect(80, "127.0.0.1")
    with pytest.raises(RuntimeError, match="one thread"):
        sim.host("b").call_soon_threadsafe(print)


# ---------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: Simulation("1"), TypeError, "seed is an int, not '1'"),  # type: ignore[arg-type]
        (lambda: Simulation(True), TypeError, "seed is an int, not True"),
        (lambda: Simulation(faults="some"), TypeError, "faults is a Faults, 'drawn' or None, not 'some'"),  # type: ignore[arg-type]
        (lambda: Faults(loss=2), ValueError, "Faults.loss is a probability, within 0 and 1, not 2"),
        (lambda: Faults(latency=(2, 1)), ValueError, r"Faults.latency is a range of seconds, not \(2, 1\)"),
        (lambda: Faults(latency=3), ValueError, "Faults.latency is a range of seconds, not 3"),  # type: ignore[arg-type]
        (lambda: Faults(reset="often"), ValueError, "Faults.reset is a probability"),  # type: ignore[arg-type]
        (lambda: Faults(window=0), ValueError, "Faults.window is at least 1 byte, not 0"),
        (lambda: Faults(bandwidth=0), ValueError, "Faults.bandwidth is a rate above 0, or None, not 0"),
        (lambda: Simulation().partition("a", "b"), LookupError, "there is no host 'a'; there are: none"),
        (lambda: Simulation().crash("a"), LookupError, "there is no host 'a'"),
        (lambda: Simulation().cut("a", "b"), LookupError, "there is no host 'a'"),
        (lambda: Simulation().weather(between=("a", "b")), LookupError, "there is no host 'a'"),
        (lambda: Simulation().weather(los=1), TypeError, "there is no fault 'los'; there are: latency, "),
        (lambda: Simulation().weather(loss=-1), ValueError, "Faults.loss is a probability"),
        (lambda: Simulation().expect_fired("los"), LookupError, "there is no fault 'los'"),
        (lambda: Simulation().host("a", "nowhere"), ValueError, "'nowhere' is no IP address"),
        (lambda: Simulation().at(-1, print), ValueError, "seconds from now, not -1"),
    ],
    ids=range(18),
)
def test_bad_input_gets_a_clear_error(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()


def test_bad_hosts() -> None:
    sim = Simulation()
    sim.host("a", "10.0.0.9")
    sim.host("c")
    with pytest.raises(ValueError, match=r"10\.0\.0\.9 is the address of 'a', not of 'b'"):
        sim.host("b", "10.0.0.9")
    with pytest.raises(ValueError, match="host 'a' has the addresses"):
        sim.host("a", "10.0.0.8")
    with pytest.raises(LookupError, match="there is no host 'b'; there are: 'a', 'c'"):
        sim.partition("a", "b")
    with pytest.raises(ValueError, match="between two hosts"):
        sim.partition("a", "a")
    with pytest.raises(ValueError, match="first it begins"):
        sim.during(2, 1, sim.partition("a", "c"))


def test_a_reset_waits_for_a_way_that_was_cut() -> None:
    """Nobody hears of it while nothing gets through, neither who sent the segment nor who was to have it."""
    heard: list[tuple[str, float]] = []
    with Simulation(faults=Faults(latency=(1, 1), reset=(1,))) as sim:
        with sim.host("server"):
            server = sansnet.create_server(lambda peer: peer.on("error", lambda e: heard.append((e.code, sim.now))))
            server.listen(80)
        with sim.host("client"):
            client = sansnet.connect(80, "server").on("error", lambda e: heard.append((e.code, sim.now)))
        sim.run(5)
        client.write(b"x")
        sim.run(until=lambda: sim.fired["reset"])
        with sim.partition("server", "client"):
            sim.run(10)
            assert heard == []
            healed = sim.now
        sim.run(10)
        server.close()
    assert [code for code, _ in heard] == ["ECONNRESET"] * 2
    assert min(when for _, when in heard) > healed
