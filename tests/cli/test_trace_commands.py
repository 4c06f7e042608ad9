"""`--trace-file`, and what can be done with such a file: `replay`, `shrink`, `diagram`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sansnet.cli import main
from sansnet.state import ServerMachine, SocketMachine
from sansnet.state.effects import Effects
from sansnet.state.notices import Finished
from sansnet.testing import dump_trace, load_trace, replay_trace
from tests.cli.commands import echo_server, run
from tests.traces.stage import PROGRAMS, echo, trace_of

Output = Callable[[], tuple[str, str]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "echo.jsonl"
    dump_trace(trace_of(echo), path)
    return path


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Output:
    def read() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    return read


@pytest.fixture
def no_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a bug: 'finish' is told twice."""
    real = SocketMachine._tell_finish  # noqa: SLF001

    def twice(self: SocketMachine) -> Effects:
        return [Finished(), *real(self)]

    import sansnet.state.socket as module

    monkeypatch.setitem(module._TURNS, next(step for step in module._TURNS if step.name == "FINISH"), twice)  # noqa: SLF001


# ------------------------------------------------------------------------------------------------------------ recording


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's here")
def test_both_sides_of_a_conversation_are_recorded(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "server.jsonl", tmp_path / "client.jsonl"
    with echo_server("--port", 0, "--trace-file", theirs) as server:
        client = run("connect", "127.0.0.1", server.port, "--trace-file", ours, data=b"hello")
        assert (client.returncode, client.stdout, client.stderr) == (0, b"hello", b"")
        assert not theirs.exists()  # it is still being written
        assert server.stop() == (0, "", "")
    for path, name in ((theirs, "server 1"), (ours, "socket 1")):
        trace = load_trace(path)
        assert name in trace.names
        assert replay_trace(trace) is None
        assert '{"bytes": "hello", "length": 5}' in path.read_text()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["client.jsonl", "server.jsonl"]


def test_a_connection_that_fails_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "refused.jsonl"
    assert run("connect", tmp_path / "nobody.sock", "--trace-file", path).returncode == 1
    assert '"code": "ENOENT"' in path.read_text()


@pytest.mark.parametrize("command", [("echo", "--port", "0"), ("connect", "127.0.0.1", "1")])
def test_a_trace_file_that_can_not_be_written_is_told_before_anything_begins(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    result = run(*command, "--trace-file", tmp_path / "nowhere" / "a.jsonl")
    assert result.returncode == 1
    assert result.stderr.decode().endswith("a.jsonl: No such file or directory\n")
    assert result.stdout == b""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits for a process there")
def test_a_disk_that_is_full_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    path = tmp_path / "a.jsonl"
    result = run("connect", tmp_path / "nobody.sock", "--trace-file", path, preexec_fn=limit)
    assert result.returncode == 1
    assert result.stderr.decode().endswith("a.jsonl: File too large\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have no names in the file system there")
def test_what_is_no_regular_file_is_written_to_as_it_is(recorded: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # what is written waits in the pipe, which has room for it
    try:
        assert main(["diagram", str(recorded), "-o", str(pipe)]) == 0
        assert os.read(reader, 100).startswith(b"sequenceDiagram")
    finally:
        os.close(reader)
    assert pipe.is_fifo()


# --------------------------------------------------------------------------------------------------------------- replay


def test_replay_of_what_is_as_it_was(recorded: Path, output: Output) -> None:
    assert main(["replay", str(recorded)]) == 0
    out, err = output()
    assert out.startswith("no difference: ")
    assert out.endswith(" inputs, 3 machines\n")
    assert err == ""


def test_replay_reads_stdin(recorded: Path) -> None:
    result = run("replay", "-", data=recorded.read_bytes())
    assert result.returncode == 0
    assert result.stdout.startswith(b"no difference")


@pytest.mark.usefixtures("no_finish")
def test_replay_of_what_differs(recorded: Path, output: Output) -> None:
    assert main(["replay", str(recorded)]) == 2
    out, _ = output()
    assert "socket 1 answers ticked(FINISH) in another way" in out
    assert "    + Finished()" in out.splitlines()


@pytest.mark.parametrize("command", ["replay", "shrink", "diagram"])
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: there is nothing here"),
        ("no trace\n", "line 1: this is no JSON"),
        ('{"format": "sansnet-trace", "version": 9}\n', "line 1: version 9"),
        ('{"format": "sansnet-trace", "version": 1}\n', "line 2: the trace ends here"),
    ],
)
def test_a_bad_file_is_told_by_its_line(
    command: str, text: str, complaint: str, tmp_path: Path, output: Output
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    assert main([command, str(path)]) == 4
    out, err = output()
    assert out == ""
    assert err.startswith(f"sansnet: {path}: {complaint}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["replay", "shrink", "diagram"])
def test_a_file_that_is_not_there(command: str, tmp_path: Path, output: Output) -> None:
    assert main([command, str(tmp_path / "a")]) == 4
    assert output()[1] == f"sansnet: {tmp_path / 'a'}: No such file or directory\n"


def test_an_unknown_input_is_named(recorded: Path, tmp_path: Path, output: Output) -> None:
    lines = recorded.read_text().splitlines()
    lines[2] = json.dumps({**json.loads(lines[2]), "input": "sing"})
    (tmp_path / "bad").write_text("\n".join(lines))
    assert main(["replay", str(tmp_path / "bad")]) == 4
    assert "line 3: there is no input 'sing'" in output()[1]


# --------------------------------------------------------------------------------------------------------------- shrink


@pytest.mark.usefixtures("no_finish")
def test_shrink_writes_a_smaller_trace_that_differs(recorded: Path, tmp_path: Path, output: Output) -> None:
    small = tmp_path / "small.jsonl"
    assert main(["shrink", str(recorded), "-o", str(small)]) == 2
    out, err = output()
    assert err.endswith(" entries are enough\n")
    assert "in another way" in out
    assert len(load_trace(small).entries) < len(load_trace(recorded).entries) / 2
    assert main(["replay", str(small)]) == 2
    output()
    assert main(["shrink", str(small)]) == 2  # to stdout
    assert output()[0] == small.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["small.jsonl"]


@pytest.mark.usefixtures("no_finish")
def test_shrink_that_can_not_write(recorded: Path, tmp_path: Path, output: Output) -> None:
    assert main(["shrink", str(recorded), "-o", str(tmp_path / "no" / "a"), "--attempts", "3"]) == 1
    assert "No such file or directory" in output()[1]


def test_nothing_to_shrink(recorded: Path, tmp_path: Path, output: Output) -> None:
    assert main(["shrink", str(recorded), "-o", str(tmp_path / "a")]) == 0
    assert output()[1].startswith("nothing to shrink")
    assert not (tmp_path / "a").exists()


def test_shrink_to_what_breaks(tmp_path: Path, output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace of a machine that broke has no difference: it breaks again."""

    def breaks(_self: ServerMachine) -> Effects:
        raise AssertionError("no")

    monkeypatch.setattr(ServerMachine, "connection_gone", breaks)
    path = tmp_path / "a.jsonl"
    trace = trace_of(PROGRAMS["blocked"])
    server = trace.of("server 1").entries
    from sansnet.state import Event
    from sansnet.testing import Fed, Trace

    dump_trace(Trace((*server, Fed(9.0, "server 1", Event("connection_gone"), crash="AssertionError: no"))), path)
    assert main(["shrink", str(path), "-o", str(path)]) == 2
    assert [entry.who for entry in load_trace(path).entries] == ["server 1"] * 2
    assert "breaks" in output()[0]


def test_a_number_of_attempts_that_is_none(recorded: Path) -> None:
    with pytest.raises(SystemExit, match="4"):
        main(["shrink", str(recorded), "--attempts", "-1"])


# -------------------------------------------------------------------------------------------------------------- diagram


def test_a_diagram_of_each_format(recorded: Path, tmp_path: Path, output: Output) -> None:
    assert main(["diagram", str(recorded)]) == 0
    assert output()[0].startswith("sequenceDiagram\n")
    for name, begin in (("a.svg", "<svg "), ("a.html", "<!doctype html>"), ("a.mmd", "sequenceDiagram")):
        assert main(["diagram", str(recorded), "-o", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text().startswith(begin)
    ElementTree.parse(tmp_path / "a.svg")
    assert main(["diagram", str(recorded), "--format", "svg", "-o", str(tmp_path / "a.html")]) == 0
    assert (tmp_path / "a.html").read_text().startswith("<svg ")
    assert output() == ("", "")


def test_a_part_of_a_diagram(recorded: Path, output: Output) -> None:
    assert main(["diagram", str(recorded), "--of", "socket 1", "--turns", "--limit", "3"]) == 0
    assert "socket 2" not in output()[0]
    assert main(["diagram", str(recorded), "--view", "ends", "--limit", "0"]) == 0
    assert "user of socket 2" in output()[0]


@pytest.mark.parametrize("options", [["--of", "socket 9"], ["--view", "above"], ["--format", "png"]])
def test_a_mistake_in_the_command_line(recorded: Path, options: list[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        main(["diagram", str(recorded), *options])
