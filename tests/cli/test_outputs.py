"""The files that commands write: whole or not at all, whatever ends the process; and what names they may have."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from pathlib import Path

import pytest

from sansnet.cli import main
from sansnet.cli.signals import Terminated, terminable
from tests.cli.commands import COUNTER, echo_server, run, start
from tests.loopback import PATIENCE

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's here")

THEIRS = (
    COUNTER
    + """
import os, sys, time

class Deadly(Count):
    def step(self, world, event, see): os._exit(9)

class Telling(Count):
    def step(self, world, event, see):
        print("it steps", file=sys.stderr, flush=True)
        return 0

class Slow(Telling):
    def step(self, world, event, see):
        super().step(world, event, see)
        while True:
            time.sleep(60)

DEADLY, SLOW = Deadly("DEADLY"), Slow("SLOW")

def deadly(sim): os._exit(9)

def slow(sim):
    print("it plays", file=sys.stderr, flush=True)
    while True:
        time.sleep(60)
"""
)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    (tmp_path / "theirs.py").write_text(THEIRS, encoding="utf-8")
    return tmp_path


LATE = (
    THEIRS
    + """
import signal

forked = []

def begin_late():
    if forked:
        while signal.SIGTERM not in signal.sigpending():
            time.sleep(0.01)

os.register_at_fork(after_in_child=begin_late, after_in_parent=lambda: forked.append(1))
"""
)
"""Its second process is told to end before it has begun."""

SLOW_TO_SUBMIT = (
    THEIRS
    + """
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

submit = ProcessPoolExecutor.submit

def slowly(pool, function, *args):
    future = submit(pool, function, *args)
    if args:
        assert isinstance(future.exception(), BrokenProcessPool)
    return future

ProcessPoolExecutor.submit = slowly
"""
)
"""By the time that there is something more to submit, the process that was to do it has died."""


def beside(theirs: Path) -> list[str]:
    return [path.name for path in sorted(theirs.iterdir()) if path.name not in ("theirs.py", "__pycache__")]


def test_a_model_that_ends_the_process_leaves_nothing(theirs: Path) -> None:
    done = run("check", "theirs:DEADLY", "--output", "found", cwd=theirs)
    assert (done.returncode, done.stdout, done.stderr) == (9, b"", b"")
    assert beside(theirs) == []


@posix
@pytest.mark.parametrize(
    "words",
    [
        "check theirs:SLOW --output found",
        "check theirs:SLOW --output found --jobs 2",
        "check theirs:SLOW theirs:SLOW --jobs 2",
        "simulate theirs:slow --seeds 100 --jobs 2",
        "simulate theirs:slow --seed 1",
    ],
)
def test_sigterm_ends_it_and_leaves_nothing(words: str, theirs: Path) -> None:
    with start(*words.split(), cwd=theirs) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"it ")
        process.terminate()
        out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (143, b"")
    assert beside(theirs) == []


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="processes are not forked here")
def test_a_process_that_is_ended_before_it_begins_says_nothing(theirs: Path) -> None:
    (theirs / "theirs.py").write_text(LATE, encoding="utf-8")
    done = run("check", "theirs:DEADLY", "--jobs", 2, cwd=theirs)
    assert (done.returncode, done.stdout) == (4, b"")
    assert done.stderr.startswith(b"sansnet: theirs.DEADLY: the executor failed after 1 state")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("check theirs:DEADLY tuning", b"sansnet: theirs:DEADLY: the process failed; BrokenProcessPool: "),
        ("simulate theirs:deadly --seeds 100", b"sansnet: the executor failed after 0 seeds, while it had 0 to 24, "),
    ],
    ids=["check", "simulate"],
)
@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="processes are not forked here")
def test_a_process_that_has_died_before_all_is_submitted_is_told_as_any_other(
    words: str, complaint: bytes, theirs: Path
) -> None:
    (theirs / "theirs.py").write_text(SLOW_TO_SUBMIT, encoding="utf-8")
    done = run(*words.split(), "--jobs", 2, cwd=theirs)
    assert (done.returncode, done.stdout) == (4, b"")
    assert done.stderr.startswith(complaint)
    assert done.stderr.count(b"\n") == 1


@posix
def test_what_was_recorded_before_sigterm_is_kept(tmp_path: Path) -> None:
    """As it is before Ctrl-C."""
    path = tmp_path / "trace.jsonl"
    with echo_server() as echo, start("connect", "127.0.0.1", echo.port, "--trace", "--trace-file", path) as process:
        assert process.stderr is not None
        while b"ready" not in process.stderr.readline():
            pass
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 143
    assert main(["replay", str(path)]) == 0
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_sigterm_is_left_alone_where_somebody_handles_it() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    try:
        with terminable():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


@posix
def test_the_second_sigterm_does_what_it_always_does() -> None:
    left: list[object] = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(terminable())
        stack.callback(lambda: left.append(signal.getsignal(signal.SIGTERM)))
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGTERM)
    assert left == [signal.SIG_DFL]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_minus_is_stdout(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["diagram", str(trace), "-o", "-"]) == 0
    assert capsys.readouterr().out.startswith("sequenceDiagram\n")
    assert main(["check", "tuning", "--output", "-", "--bound", "10"]) == 3
    assert capsys.readouterr().out.endswith("TUNING has more than 10 states; nothing was proved\n")
    assert main(["shrink", str(trace), "-o", "-"]) == 0  # nothing to shrink
    assert list(tmp_path.iterdir()) == [trace]


def test_what_is_made_smaller_goes_to_stdout_alone(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And can be read from there: no word about it comes behind it."""
    monkeypatch.chdir(tmp_path)
    changed = trace.read_text(encoding="utf-8").replace("ECONNREFUSED", "EACCES", 1)
    trace.write_text(changed, encoding="utf-8")
    assert main(["shrink", str(trace), "-o", "-"]) == 2
    (tmp_path / "small.jsonl").write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["replay", "small.jsonl"]) == 2
    assert sorted(tmp_path.iterdir()) == [tmp_path / "small.jsonl", trace]


TRACED = ["echo --port 0", "connect 127.0.0.1 1", "simulate tests.simulation.scenarios:robust --seed 1"]


@pytest.mark.parametrize("words", TRACED)
def test_a_trace_does_not_go_to_stdout(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        main([*words.split(), "--trace-file", "-"])
    out, err = capsys.readouterr()
    assert out == ""
    assert "argument --trace-file: a trace needs a file of its own, stdout has other things to say" in err


@pytest.mark.parametrize(
    ("words", "option"),
    [*((words, "--trace-file") for words in TRACED), ("check", "--output"), ("shrink a", "-o"), ("diagram a", "-o")],
)
def test_a_file_has_a_name(words: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        main([*words.split(), option, ""])
    out, err = capsys.readouterr()
    assert (out, f"{option}" in err, "the name of a file can't be empty" in err) == ("", True, True)


@pytest.mark.parametrize("command", ["replay", "shrink", "diagram"])
def test_so_has_one_that_is_read(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The empty name would be this folder."""
    with pytest.raises(SystemExit, match="4"):
        main([command, ""])
    assert "argument FILE: the name of a file can't be empty" in capsys.readouterr().err
