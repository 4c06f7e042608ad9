"""What is recorded is what happened: a trace of real sockets plays in the pure machines without a difference."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
from pathlib import Path
from typing import Any, get_args

import pytest

import sansnet
from sansnet.drivers.selector import SelectorDriver
from sansnet.pump import pump_of
from sansnet.state import Fault, Machine, Route, SocketMachine
from sansnet.state.effects import Tick
from sansnet.state.inputs import SERVER_INPUTS, SOCKET_INPUTS
from sansnet.state.ops import SetKeepAlive
from sansnet.state.phases import Flow, Read, Write
from sansnet.testing import (
    Changed,
    Entry,
    Fed,
    Made,
    Opened,
    Trace,
    digest,
    load_trace,
    parse_trace,
    record,
    replay_trace,
    rerun,
)
from sansnet.testing.faults import Faults
from sansnet.testing.simulation import Simulation
from sansnet.testing.trace import KINDS
from sansnet.testing.trace_format import line_of, lines_of
from tests.loopback import Loopback, loopback, port_of
from tests.traces.stage import PROGRAMS, echo, trace_of

RECORDED = pytest.mark.parametrize("name", PROGRAMS)


def inputs(trace: Trace, who: str) -> list[str]:
    return [entry.event.name for entry in trace.of(who).entries if isinstance(entry, Fed)]


@RECORDED
def test_a_trace_replays_without_a_difference(name: str) -> None:
    trace = trace_of(PROGRAMS[name])
    assert replay_trace(trace) is None
    written = parse_trace("\n".join(lines_of(trace)))
    assert replay_trace(written) is None
    assert written.names == trace.names
    assert list(lines_of(written)) == list(lines_of(trace))


@RECORDED
def test_what_really_happened_is_legal(name: str) -> None:
    trace = trace_of(PROGRAMS[name])
    assert rerun(trace) == trace


def test_the_programs_give_every_input_but_a_few() -> None:
    """A program that tests nothing of an input wouldn't show that it is recorded wrongly."""
    given = {
        (entry.who.partition(" ")[0], entry.event.name)
        for name in PROGRAMS
        for entry in trace_of(PROGRAMS[name]).entries
        if isinstance(entry, Fed)
    }
    every = {("socket", name) for name in SOCKET_INPUTS} | {("server", name) for name in SERVER_INPUTS}
    assert {name for _, name in every - given} <= {
        "call_off",  # what raises in a lookup of the user's own
        "accept_failed",  # for want of descriptors
        "lookup_failed",  # of a server: there is no name that surely has no address
        "progressed",  # the driver's choice
        "read_failed",  # the system's
        "recode",
        "send_failed",
        "set_keep_alive",
        "set_no_delay",
        "set_type_of_service",
        "shutdown_failed",
        "pause",
        "resume",
        "timer_fired",  # of a server: after accept_failed
    }


def test_who_is_who() -> None:
    trace = trace_of(echo)
    assert trace.names == ("server 1", "socket 1", "socket 2")
    made = {entry.who: entry for entry in trace.entries if isinstance(entry, Made)}
    assert made["socket 1"].server == ""
    assert (made["socket 2"].server, made["socket 2"].connection) == ("server 1", "connection 1")
    ends = {entry.who: entry for entry in trace.entries if isinstance(entry, Opened)}
    assert ends["socket 1"].local == ends["socket 2"].remote is not None
    assert inputs(trace, "socket 2")[:2] == ["adopt", "resume"]
    assert inputs(trace, "socket 1")[-1] == "closed"


def test_a_life_that_takes_up_where_another_left_off() -> None:
    made = [entry for entry in trace_of(PROGRAMS["accepted"]).entries if isinstance(entry, Made) and entry.after]
    assert [entry.after in ("socket 1", "socket 2", "socket 3") for entry in made] == [True]
    assert made[0].state["reading.flow"].name == "FLOWING"


def test_attributes_that_are_set() -> None:
    changed = [entry for entry in trace_of(PROGRAMS["half_close"]).entries if isinstance(entry, Changed)]
    assert [(entry.name, entry.value) for entry in changed] == [("allow_half_open", False)]


@pytest.mark.parametrize("name", ["accepted", "backpressure", "into_a_buffer"])
def test_the_state_of_a_new_machine_is_told(name: str) -> None:
    """Whatever the facade sets before the first input is in `Made`: the replayed machine begins as the real one did."""
    from sansnet.testing.trace_replay import machine_of

    keys: list[object] = []

    class Looking:
        def watch(self, machine: Machine, _handle: object) -> Machine:
            keys.append(machine.key())
            return machine

    with loopback() as net:
        pump_of(net.driver).recorders += (Looking(),)
        with record(driver=net.driver) as recording:
            PROGRAMS[name](net)
    assert [machine_of(entry).key() for entry in recording.trace.entries if isinstance(entry, Made)] == keys != []


OTHER: dict[type, object] = {
    bool: True,
    int: 1,
    float: 1.5,
    SetKeepAlive: SetKeepAlive(True, 1, 1, 1),
    Read: Read.EOF,
    Flow: Flow.PAUSED,
    Write: Write.ENDING,
}
"""A value of each type that an attribute has. Unless it is a flag, no new machine begins with it."""


@pytest.mark.parametrize(("who", "name"), [(who, name) for who, kind in KINDS.items() for name in kind.attributes])
def test_every_attribute_is_one_of_the_machine(who: str, name: str) -> None:
    from sansnet.testing.trace import assign

    kind = KINDS[who]
    machine, fresh = kind.machine(), kind.machine()
    hint = kind.attributes[name]
    [value] = [value for type_, value in OTHER.items() if type_ in (hint, *get_args(hint))]
    assign(machine, name, value)
    if machine.freeze() == fresh.freeze():
        assign(machine, name, not value)
    assert machine.freeze() != fresh.freeze()


def test_time_is_the_drivers() -> None:
    class Clock(SelectorDriver):
        seconds = 1000.0

        def now(self) -> float:
            Clock.seconds += 0.25
            return Clock.seconds

    with Clock() as driver, sansnet.using(driver), record() as recording:
        sansnet.Socket().pause().resume()
    assert [entry.at for entry in recording.trace.entries] == [0.25, 0.5, 0.75]


# ------------------------------------------------------------------------------------------------- when, and where to


def test_only_what_is_made_within_the_block_and_only_until_its_end() -> None:
    with loopback() as net:
        before = sansnet.Socket()
        with record(driver=net.driver) as recording:
            before.pause()
            within = sansnet.Socket()
            within.pause()
        within.resume()
        after = sansnet.Socket()
        after.pause()
        assert [type(entry) for entry in recording.trace.entries] == [Made, Fed]
        assert within.readable_flowing is True  # it goes on as if nobody had watched
        assert type(after._port.machine) is SocketMachine  # noqa: SLF001  nothing stands in between
        net.close(before, within, after)


def test_two_recordings_at_once_are_the_same() -> None:
    def twice(net: Loopback) -> None:
        with record(driver=net.driver) as inner:
            PROGRAMS["accepted"](net)
        traces.append(inner.trace)

    traces: list[Trace] = []
    outer = trace_of(twice, 0)
    assert [str(entry.who) for entry in outer.entries] == [str(entry.who) for entry in traces[0].entries]
    assert [entry._replace(at=0) for entry in outer.entries] == [entry._replace(at=0) for entry in traces[0].entries]


def test_a_path_a_file_and_a_list(tmp_path: Path) -> None:
    text, entries = io.StringIO(), list[Entry]()
    with loopback() as net, record(tmp_path / "a.jsonl"), record(text), record(entries, net.driver):
        echo(net)
        assert not (tmp_path / "a.jsonl").exists()
        assert text.getvalue().count("\n") == 1  # the rest is formatted late
    traces = [load_trace(tmp_path / "a.jsonl"), parse_trace(text.getvalue()), Trace(tuple(entries))]
    assert [list(map(type, trace.entries)) for trace in traces] == [list(map(type, entries))] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_long_trace_is_written_as_it_grows() -> None:
    text = io.StringIO()
    with loopback(), record(text):
        socket = sansnet.Socket()
        for _ in range(5000):
            socket.cork()
        assert text.getvalue().count("\n") > 4000
    assert len(parse_trace(text.getvalue()).entries) == 5001


def test_the_trace_of_a_program_that_failed_is_kept(tmp_path: Path) -> None:
    def fails() -> None:
        with record(tmp_path / "a.jsonl"):
            sansnet.Socket().pause()
            raise ZeroDivisionError

    with loopback(), pytest.raises(ZeroDivisionError):
        fails()
    assert len(load_trace(tmp_path / "a.jsonl").entries) == 2


def test_a_disk_that_is_full_is_told_at_the_end() -> None:
    """And nothing is written after what couldn't be: a trace with a hole in it would be worse than none."""

    class Full(io.StringIO):
        failed = False

        def write(self, text: str) -> int:
            if len(text) > 1000 and not self.failed:
                self.failed = True
                raise OSError(28, "No space left on device")
            return super().write(text)

    def fills() -> None:
        with record(full):
            socket = sansnet.Socket()
            for _ in range(10_000):
                socket.cork()
            corked.append(socket.writable_corked)

    full, corked = Full(), list[int]()
    with loopback(), pytest.raises(OSError, match="No space"):
        fills()
    assert corked == [10_000]
    assert full.getvalue().count("\n") == 1


def test_a_file_that_can_not_be_made_is_told_at_once(tmp_path: Path) -> None:
    with loopback(), pytest.raises(FileNotFoundError), record(tmp_path / "nowhere" / "a.jsonl"):
        raise AssertionError("it can't begin")


# ------------------------------------------------------------------------------------------------------------- details


def test_misuse_and_a_machine_that_breaks_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_self: SocketMachine) -> list[Any]:
        raise AssertionError("it can't be")

    with loopback() as net, record() as recording:
        client, peer = net.pair()
        with pytest.raises(OSError, match="EISCONN"):
            client.connect(1)
        monkeypatch.setattr(SocketMachine, "cork", breaks)
        with pytest.raises(AssertionError):
            client.cork()
        net.close(client, peer)
    fed = [entry for entry in recording.trace.of("socket 1").entries if isinstance(entry, Fed)]
    assert [entry.misuse for entry in fed if entry.misuse] == [Fault("EISCONN", syscall="connect")]
    assert [entry.crash for entry in fed if entry.crash] == ["AssertionError: it can't be"]
    assert replay_trace(recording.trace) is None  # it breaks again
    assert parse_trace("\n".join(lines_of(recording.trace))) == recording.trace


def test_keywords_are_arguments_too() -> None:
    with loopback() as net, record() as recording:
        socket = sansnet.Socket()
        socket._port.ask(socket._port.machine.write(payload=b"x", size=1))  # noqa: SLF001
        socket._port.ask(socket._port.machine.connect(route=Route(host="localhost", port=0)))  # noqa: SLF001
        net.close(socket.on("error", lambda _error: None))
    [write, *_] = [entry for entry in recording.trace.entries if isinstance(entry, Fed)]
    assert write.event.args == (b"x", 1, 0, False)
    assert isinstance(write.effects[0], Tick)
    assert replay_trace(recording.trace) is None


def test_connections_are_names_and_nobody_is_kept() -> None:
    trace = trace_of(PROGRAMS["accepted"])
    text = "\n".join(lines_of(trace))
    assert text.count('"opaque": "connection 3"') >= 2
    with loopback() as net, record() as recording:
        PROGRAMS["accepted"](net)
        assert recording._connections == {}  # noqa: SLF001


def test_the_digest_is_of_what_happened() -> None:
    def idle(_net: Loopback) -> None:
        sansnet.Socket().pause()

    trace = trace_of(idle)
    still = Trace(tuple(entry._replace(at=0.0) for entry in trace.entries))
    assert (
        digest(still) == hashlib.sha256("".join(f"{line_of(entry)}\n" for entry in still.entries).encode()).hexdigest()
    )
    assert digest(still) != digest(Trace(still.entries[:1]))
    again = trace_of(idle)
    assert digest(Trace(tuple(entry._replace(at=0.0) for entry in again.entries))) == digest(still)


def test_a_server_that_was_there_before_is_no_link() -> None:
    with loopback() as net:
        server = net.serve()
        with record() as recording:
            client = sansnet.connect(port_of(server), "127.0.0.1")
            net.run_until(lambda: server.connections)
            client.destroy()
            server.close_all_connections()
            server.close()
            net.run()
    assert recording.trace.names == ("socket 1", "socket 2")
    assert replay_trace(recording.trace) is None


def test_a_host_loop_is_recorded_as_well() -> None:
    """A recording is of a driver, whichever it is; without one named it is that of the running loop."""

    async def main() -> Trace:
        with record() as recording:
            server = sansnet.create_server(lambda peer: peer.pipe(peer)).listen(0, "127.0.0.1")
            await server.wait_listening()
            async with sansnet.connect(port_of(server), "127.0.0.1") as client:
                client.end(b"hello")
                assert [chunk async for chunk in client] == [b"hello"]
            server.close()
            await server.wait_closed()
        return recording.trace

    trace = asyncio.run(main())
    assert trace.names == ("server 1", "socket 1", "socket 2")
    assert inputs(trace, "socket 2")[0] == "adopt"
    assert replay_trace(trace) is None
    assert rerun(trace) == trace


def test_where_time_is_simulated_equal_runs_have_equal_digests() -> None:
    def run(seed: int) -> tuple[Trace, Trace]:
        weather = Faults(latency=(0.001, 0.05))
        with Simulation(seed=seed, faults=weather) as sim, contextlib.ExitStack() as recordings:
            with sim.host("server"):
                theirs = recordings.enter_context(record())
                listener = sansnet.create_server(lambda peer: peer.pipe(peer)).listen(8124)
            with sim.host("client"):
                ours = recordings.enter_context(record())
                client = sansnet.connect(8124, "server").on("data", lambda _chunk: listener.close())
                client.end(bytes(200_000))
            sim.run()
        return theirs.trace, ours.trace

    traces, again, other = run(7), run(7), run(8)
    assert [digest(trace) for trace in traces] == [digest(trace) for trace in again]
    assert digest(traces[1]) != digest(other[1])
    for trace in (*traces, *other):
        assert len(trace.entries) > 20
        assert replay_trace(trace) is None
        assert rerun(trace) == trace
