"""`hold`: the laws of the machines, held against what was recorded."""

from __future__ import annotations

import pytest

import sansnet
from sansnet.state import ServerMachine, SocketMachine, notices
from sansnet.state.effects import Effects, Step
from sansnet.state.machine import Event
from sansnet.testing import Entry, LawBroken, Simulation, Trace, hold, record
from sansnet.testing.trace import Fed


def recorded() -> Trace:
    """A connection from 'listening' to 'close', with a write that answers False, and reading in pieces."""
    entries: list[Entry] = []
    with Simulation() as sim, sim.host("here") as host, record(entries, host.driver):
        server = sansnet.create_server(lambda peer: peer.pipe(peer)).listen(80)
        client = sansnet.connect(80, "localhost", high_water_mark=10).on("data", lambda _: None)
        client.set_timeout(100)
        client.write(bytes(100))
        client.on("close", lambda _: server.close())
        sim.at(1, client.end)
        sim.run()
    return Trace(tuple(entries))


def turns_of(trace: Trace) -> list[int]:
    """The numbers of the entries that are turns."""
    return [at for at, entry in enumerate(trace.entries) if isinstance(entry, Fed) and entry.event.name == "ticked"]


def test_what_went_well_holds() -> None:
    trace = recorded()
    assert hold(trace) == sum(isinstance(entry, Fed) for entry in trace.entries) > 30


def test_an_attribute_and_misuse_are_no_inputs() -> None:
    entries: list[Entry] = []
    with Simulation() as sim, sim.host("here") as host, record(entries, host.driver):
        server = sansnet.create_server().listen(80)
        socket = sansnet.connect(80, "127.0.0.1")
        sim.run(1)
        socket.allow_half_open = True
        with pytest.raises(OSError, match="EISCONN"):
            socket.connect(80, "127.0.0.1")
        socket.destroy()
        server.close().close_all_connections()
        sim.run()
    misuses = [entry for entry in entries if isinstance(entry, Fed) and entry.misuse]
    assert len(misuses) == 1
    assert hold(Trace(tuple(entries))) > 10


@pytest.mark.parametrize("times", [0, 2])
def test_a_turn_that_is_lost_or_repeated_is_a_broken_law(times: int) -> None:
    trace = recorded()
    for at in turns_of(trace):
        before, turn, behind = trace.entries[:at], trace.entries[at], trace.entries[at + 1 :]
        with pytest.raises(LawBroken):
            hold(Trace((*before, *[turn] * times, *behind)))


def test_a_turn_comes_in_order() -> None:
    """That of another step is not the one that is due; nor is any when nothing is."""
    trace = recorded()
    first = turns_of(trace)[0]
    for taken in (trace.entries[:first], trace.entries[: first + 1]):
        wrong = Fed(1.0, "server 1", Event("ticked", (Step.CLOSE,)))
        with pytest.raises(LawBroken, match="turns_come_in_order"):
            hold(Trace((*taken, wrong)))


def test_the_driver_waits_for_the_turns() -> None:
    trace = recorded()
    lost = turns_of(trace)[0]  # the server's 'listening'
    with pytest.raises(LawBroken, match="turns_come_first"):
        hold(Trace((*trace.entries[:lost], *trace.entries[lost + 1 :])))


def test_one_that_does_not_names_the_law_and_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = SocketMachine.closed

    def twice(self: SocketMachine) -> Effects:
        return [*closed(self), notices.Closed(False)]

    trace = recorded()
    monkeypatch.setattr(SocketMachine, "closed", twice)
    with pytest.raises(LawBroken, match="close_is_last") as caught:
        hold(trace)
    assert "socket 2, closed()" in caught.value.__notes__[0]


def test_laws_about_rest_count(monkeypatch: pytest.MonkeyPatch) -> None:
    real = SocketMachine.ticked

    def ticked(self: SocketMachine, step: Step) -> Effects:
        return [effect for effect in real(self, step) if not isinstance(effect, notices.Drain)]

    trace = recorded()
    monkeypatch.setattr(SocketMachine, "ticked", ticked)
    with pytest.raises(LawBroken, match="drain"):
        hold(trace)


def test_laws_about_returning_count(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = recorded()
    monkeypatch.setattr(ServerMachine, "connection_gone", lambda _: [])
    with pytest.raises(LawBroken, match="connections_are_counted"):
        hold(trace)


def test_a_machine_that_broke_is_a_broken_law() -> None:
    trace = recorded()
    number, fed = next((number, entry) for number, entry in enumerate(trace.entries) if isinstance(entry, Fed))
    crashed = fed._replace(effects=(), crash="ZeroDivisionError")
    with pytest.raises(LawBroken, match="no_input_raises"):
        hold(Trace((*trace.entries[:number], crashed)))
