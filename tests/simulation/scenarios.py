"""Scenarios for the tests of campaigns; some of them fail."""

from __future__ import annotations

import os

import sansnet
from sansnet.testing import Simulation
from tests.simulation.programs import Echo

NOT_A_FUNCTION = 7


def robust(sim: Simulation) -> None:
    """Fails under no weather."""
    echo = Echo(sim)
    sim.run(100)
    assert echo.heard <= b"line 0\n" * 5


def fragile(sim: Simulation) -> None:
    """Fails when a segment is reset, and somebody hears of it."""
    echo = Echo(sim)
    sim.run(100)
    assert not (sim.fired["reset"] and "ECONNRESET" in echo.errors), "it was reset"


async def in_a_task(sim: Simulation) -> None:
    with sim.host("server"):
        sansnet.create_server(lambda peer: peer.end("hello")).listen(80)
    async with sansnet.connect(80, "server") as socket:
        assert [chunk async for chunk in socket] == [b"hello"]


def broken(sim: Simulation) -> None:
    raise RuntimeError(f"seed {sim.seed} is no good")


def deadly(sim: Simulation) -> None:
    """Kills the process that plays it, at the fiftieth seed."""
    if sim.seed == 50:
        os._exit(9)


def endless(sim: Simulation) -> None:
    """Puts itself off for ever."""
    driver = sim.host("here").driver

    def again() -> None:
        driver.call_soon(again)

    sim.at(1, again)
    sim.run(2)


def pinging(sim: Simulation) -> None:
    """Two peers who always answer."""
    with sim.host("server"):
        sansnet.create_server(lambda peer: peer.on("data", peer.write)).listen(80)
    with sim.host("client"):
        client = sansnet.connect(80, "server")
    client.on("data", client.write)
    client.write("ping")
    sim.run()
