"""Traces of simulations: all hosts in one, those to come included."""

from __future__ import annotations

from pathlib import Path

import pytest

import sansnet
from sansnet.cli import main
from sansnet.testing import Simulation, diagram, dump_trace, load_trace, parse_trace, record, replay_trace
from sansnet.testing.playing import play
from tests.simulation.programs import Echo
from tests.simulation.scenarios import robust

HERE = "tests.simulation.scenarios"
NAMES = ("server 1 of server", "socket 1 of client", "socket 2 of server")


def test_all_hosts_are_in_it_by_name() -> None:
    with Simulation() as sim, sim.record() as recording:
        Echo(sim, lines=2)
        sim.run()
    assert recording.trace.names == NAMES
    assert replay_trace(recording.trace) is None
    picture = diagram(recording.trace, view="ends")
    assert "participant p1 as socket 1 of client" in picture
    assert "participant p2 as socket 2 of server" in picture


def test_hosts_that_are_there_before_and_that_come_back() -> None:
    with Simulation() as sim:
        with sim.host("server"):
            sansnet.create_server().listen(80)
        with sim.record() as recording:
            for _ in range(2):
                sim.host("server").crash()
                sim.host("server").restart()
                with sim.host("server"):
                    sansnet.create_server().listen(80)
        with sim.host("server"):
            sansnet.create_server().listen(81)
    assert recording.trace.names == ("server 1 of server", "server 2 of server")


def test_a_recording_of_one_host_goes_on_beside_it() -> None:
    with Simulation() as sim:
        client = sim.host("client", "10.0.0.2")
        with record(driver=client.driver) as own:
            with sim.record():
                pass
            with sim.record() as every:
                Echo(sim)
                sim.run()
    assert own.trace.names == ("socket 1",)
    assert every.trace.names == NAMES


def test_the_file_can_be_read(tmp_path: Path) -> None:
    outcome = play(robust, 3, trace=tmp_path / "whole.jsonl")
    assert outcome == play(robust, 3)  # who is recorded does the same
    trace = load_trace(tmp_path / "whole.jsonl")
    assert set(NAMES) <= {*trace.names}
    dump_trace(trace, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    with pytest.raises(ValueError, match="'socket 1 off' is no name of a machine"):
        parse_trace((tmp_path / "whole.jsonl").read_text().replace("socket 1 of client", "socket 1 off"))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "trace.jsonl")
    assert main(["simulate", f"{HERE}:broken", "--seed", "3", "--trace-file", file]) == 2
    assert load_trace(file).entries == ()
    assert main(["simulate", f"{HERE}:robust", "--seed", "3", "--trace-file", file]) == 0
    assert "socket 1 of client" in load_trace(file).names
    capsys.readouterr()
    assert main(["simulate", f"{HERE}:robust", "--seed", "3", "--trace-file", str(tmp_path / "no" / "file")]) == 1
    assert "No such file" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["simulate", f"{HERE}:robust", "--trace-file", file])
    assert caught.value.code == 4
    assert "--trace-file goes with --seed" in capsys.readouterr().err
