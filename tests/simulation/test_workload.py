"""The mixed workload under some hundred seeds, and that it does meet what it is there for."""

from __future__ import annotations

import functools
from collections import Counter
from typing import Final

import pytest

import sansnet
from sansnet.testing import Simulation
from sansnet.testing.faults import COUNTED
from tests.simulation.roles import GREETINGS, ROLES
from tests.simulation.watched import EVENTS, WatchedServer, WatchedSocket
from tests.simulation.workload import Workload

SEEDS: Final = 300
HAPPENS: Final = (
    *EVENTS,
    "data",
    "callback",
    "server listening",
    "server connection",
    "server drop",
    "server close",
    "server error",
    "server answer",
    "recorded input",
)


@functools.cache
def played() -> tuple[Counter[str], Counter[str], Counter[str]]:
    """What was told, which faults fired, and who took part, all seeds together."""
    told, fired, who = Counter[str](), Counter[str](), Counter[str]()
    for seed in range(SEEDS):
        with Simulation(seed, faults="drawn", recording=False) as sim:
            workload = Workload(sim)
            workload.play()
            told += workload.counted
            fired += sim.fired
            who += Counter(word for one in workload.sockets for word in one.name.split())
    return told, fired, who


@pytest.mark.parametrize("event", HAPPENS)
def test_everything_that_can_be_told_is_told(event: str) -> None:
    assert played()[0][event] > 0


@pytest.mark.parametrize("fault", COUNTED)
def test_every_fault_fires(fault: str) -> None:
    assert played()[1][fault] > 0


@pytest.mark.parametrize("role", dict.fromkeys([*ROLES, *GREETINGS]), ids=lambda role: role.__name__)
def test_everybody_takes_part(role: object) -> None:
    assert played()[2][getattr(role, "__name__", "")] > 0


# -- the watch can fail: it is told what no socket says


def watched() -> tuple[Simulation, WatchedSocket, WatchedServer]:
    """A connection that has said a word, in calm weather."""
    sim = Simulation()
    with sim.host("server"):
        server = WatchedServer(sansnet.create_server(), "server", Counter())
        server.listen(80)
        server.server.on(
            "connection", lambda peer: server.accept(WatchedSocket(sim, peer, "peer", Counter(), accepted=True))
        )
    with sim.host("client"):
        client = WatchedSocket(sim, sansnet.connect(80, "server"), "client", Counter(), accepted=False)
    client.listen_to_data()
    client.say(3)
    sim.run(1)
    return sim, client, server


def broken(client: WatchedSocket, *events: str) -> str:
    """Emit these events in a socket's name. What the watch says to that."""
    arguments = {"lookup": (None, "", 4, ""), "error": (OSError(),), "close": (False,), "data": (b"abc",)}
    try:
        for event in events:
            client.socket.emit(event, *arguments.get(event, ()))
    except AssertionError as error:
        return str(error)
    return "nothing"


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ("connect", "'connect' twice"),
        ("lookup", "'lookup' after 'connect'"),
        ("ready", "'ready' twice"),
        ("error error", "'error' twice"),
        ("drain", "'drain' without a write() that answered False"),
        ("finish", "'finish' without 'prefinish'"),
        ("timeout", "'timeout' too early"),
        ("close", "'close' of what is not closed"),
        ("error close", "'close' is wrong about the error"),
    ],
)
def test_what_a_socket_must_not_say(events: str, sentence: str) -> None:
    sim, client, _ = watched()
    with sim:
        assert sentence in broken(client, *events.split())


def test_nothing_after_the_end_of_things() -> None:
    sim, client, _ = watched()
    with sim:
        client.pause()
        assert "'data' while paused" in broken(client, "data")
        client.life.is_paused = False
        client.life.is_echoed = True
        assert "the echo is not what was written" in broken(client, "data", "data")
        client.life.told.add("end")
        assert "'data' after the last of it" in broken(client, "data")
        client.life.told.add("close")
        assert "'drain' after 'close'" in broken(client, "drain")
        client.life.is_lost = True
        assert "'drain' on a host that is dead" in broken(client, "drain")


def test_what_must_be_so_in_the_end() -> None:
    sim, client, server = watched()
    with sim:
        peer = server.accepted[0]
        for check, sentence in ((client.check, "a life without 'close'"), (server.check, "connections are left")):
            with pytest.raises(AssertionError, match=sentence):
                check()
        client.destroy()
        peer.destroy()
        sim.run(1)
        with pytest.raises(AssertionError, match="it listens still"):
            server.check()
        server.close()
        sim.run(1)
        for one in (client, peer, server):
            one.check()
        peer.life.other = client.life
        peer.life.heard += b"what"
        with pytest.raises(AssertionError, match="it heard what was never said"):
            peer.check()
        peer.life.heard.clear()
        peer.life.told.add("end")
        client.life.told.add("finish")
        with pytest.raises(AssertionError, match="'end' came before all that was said"):
            peer.check()
        client.life.owed.append(7)
        with pytest.raises(AssertionError, match="a callback was never called"):
            client.check()
        server.listens += 1
        with pytest.raises(AssertionError, match=r"2 listen\(\), 1 'listening'"):
            server.check()
        server.listens -= 1
        server.asked_to_close += 1
        with pytest.raises(AssertionError, match=r"2 close\(\), 1 'close'"):
            server.check()


def test_what_is_left_is_told() -> None:
    sim, client, server = watched()
    with sim:
        client.set_timeout(1000)
        left = sim.leftovers()
        assert left == [
            "server: connection server.2",
            "server: listener :: 80",
            "server: port 80",
            "server: something that is waited for",
            "client: connection client.1",
            "client: port 49152",
            "client: something that is waited for",
            "client: 1 timers",
        ]
        client.destroy()
        server.accepted[0].destroy()
        server.close()
        sim.run(1)
        assert sim.leftovers() == []
