"""The strategies for Hypothesis, and the state machine over the simulated network."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

import sansnet
from sansnet.testing import Faults, Simulation
from sansnet.testing.stateful import Side, SimulatedConnections
from sansnet.testing.strategies import chunkings, fault_plans, server_options, socket_options

PAYLOAD = bytes(range(256)) * 8


@given(fault_plans(severity=0.3))
def test_plans_are_weather(plan: Faults) -> None:
    assert isinstance(plan.loss, float)
    assert plan.loss <= 0.3
    Simulation(faults=plan)


def test_the_simplest_plan_is_calm_and_only_what_is_wanted_is_drawn() -> None:
    assert find(fault_plans(), lambda _: True) == Faults()
    assert find(fault_plans(only=("loss", "window")), lambda plan: plan.loss > 0).requested == ("loss",)
    with pytest.raises(ValueError, match="there is no fault 'los'"):
        find(fault_plans(only=("los",)), lambda _: True)
    with pytest.raises(ValueError, match="severity is a probability"):
        find(fault_plans(severity=2), lambda _: True)


@given(st.data(), st.binary(max_size=50))
def test_chunkings_are_the_same_data(drawn: st.DataObject, data: bytes) -> None:
    pieces, small = drawn.draw(chunkings(data)), drawn.draw(chunkings(data, largest=7))
    assert b"".join(pieces) == b"".join(small) == data
    assert all(pieces)
    assert all(0 < len(piece) <= 7 for piece in small)


def test_bad_chunkings() -> None:
    assert find(chunkings(b"abc"), lambda _: True) == [b"abc"]
    with pytest.raises(ValueError, match="at least 1 byte"):
        chunkings(b"abc", largest=0)


@settings(max_examples=30)
@given(
    pieces=chunkings(PAYLOAD, largest=500),
    plan=fault_plans(severity=0.3, only=("loss", "partial_reads", "partial_writes", "spurious", "latency", "window")),
    options=socket_options(),
    server=server_options(pause_on_connect=False),
)
def test_however_it_is_cut_it_comes_out_whole(
    pieces: list[bytes], plan: Faults, options: dict[str, Any], server: dict[str, Any]
) -> None:
    with Simulation(faults=plan) as sim:
        heard = bytearray()
        with sim.host("server"):
            made = sansnet.create_server(lambda peer: peer.on("data", heard.extend).on("end", peer.end), **server)
            made.listen(80)
        with sim.host("client"):
            client = sansnet.connect(port=80, host="server", **options)
            for piece in pieces:
                client.write(piece)
            client.end().resume().on("close", lambda _: made.close())
        sim.run(100_000)
        assert bytes(heard) == PAYLOAD


def test_the_state_machine_holds() -> None:
    run_state_machine_as_test(SimulatedConnections, settings=settings(max_examples=40, stateful_step_count=30))


def test_the_state_machine_finds_what_is_wrong() -> None:
    class Liar(SimulatedConnections):
        def greet(self, side: Side) -> None:
            side.heard += b"!"

    with pytest.raises(AssertionError, match="wasn't written"):
        run_state_machine_as_test(Liar, settings=settings(max_examples=100, database=None, phases=[Phase.generate]))
