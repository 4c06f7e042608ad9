"""What holds for every command: help that tells its exit codes, and 4 for a line that makes no sense."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import sansnet
from sansnet.cli import main
from sansnet.testing import conformance
from tests.cli.commands import command, start
from tests.loopback import PATIENCE

COMMANDS = ["echo", "connect", "check", "simulate", "demo", "replay", "shrink", "diagram"]


def left_with(*words: str) -> object:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    return left.value.code


def test_these_are_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert left_with("--help") == 0
    listed = capsys.readouterr().out.partition("commands:")[2]
    assert re.findall(r"^    (\w+) ", listed, re.M) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_the_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert left_with(command, "--help") == 0
    told = " ".join(capsys.readouterr().out.split())
    codes = told[told.lower().index("exit code") :]
    assert re.search(r"\b0\b", codes)
    assert re.search(r"\b4:? .*(command line|line)", codes)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_line_that_makes_no_sense_is_a_4(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert left_with(command, "--nonsense") == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sansnet: ")
    assert re.search(r" --help tells more\)\n$", err)
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", [(), ("nonsense",), ("--nonsense",)])
def test_so_is_one_without_a_command(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert left_with(*words) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert left_with("--version") == 0
    assert capsys.readouterr().out == f"sansnet {sansnet.__version__}\n"


def test_the_conformance_kit_does_as_the_others_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        conformance.main(["--help"])
    assert "Exit codes: 0 it conforms; 2 a check has failed" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit, match="4"):
        conformance.main([])


# -- stdout that takes nothing, and Ctrl-C

SPEAKING = [
    "simulate tests.simulation.scenarios:robust --seeds 2",
    "simulate tests.simulation.scenarios:robust --seed 1",
    "simulate tests.simulation.scenarios:fragile --seeds 200",
    "check tuning",
    "replay {trace}",
    "diagram {trace}",
    "demo",
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("is_buffered", [False, True])
@pytest.mark.parametrize("words", SPEAKING)
def test_a_disk_that_is_full_is_a_1_and_a_line(
    words: str, is_buffered: bool, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "" if is_buffered else "1")
    with Path("/dev/full").open("wb") as full, start(*words.format(trace=trace).split(), stdout=full) as process:
        _, error = process.communicate(timeout=3 * PATIENCE)
    assert (process.returncode, error) == (1, b"sansnet: [Errno 28] No space left on device\n")


posix = pytest.mark.skipif(sys.platform == "win32", reason="shells and signals are POSIX's here")


@posix
@pytest.mark.parametrize("words", SPEAKING)
def test_without_a_stdout_the_code_is_the_same(words: str, trace: Path) -> None:
    given = command(*words.format(trace=trace).split())
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *given], stderr=subprocess.PIPE, timeout=3 * PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (2 if "fragile" in words else 0, b"")


PATIENT = """
import os, signal
from pathlib import Path

def scenario(sim):
    first, second = Path("first"), Path("second")
    try:
        first.touch(exist_ok=False)
    except FileExistsError:
        second.touch()
    else:
        while not second.exists():
            pass
        os.killpg(0, signal.SIGINT)
    while True:
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass
"""


@posix
def test_an_interrupt_waits_for_no_process_and_shows_none(tmp_path: Path) -> None:
    """A terminal sends it to all of them."""
    (tmp_path / "patient.py").write_text(PATIENT, encoding="utf-8")
    words = ["simulate", "patient.py:scenario", "--seeds", "200", "--jobs", "2"]
    with start(*words, cwd=tmp_path, start_new_session=True) as process:
        try:
            out, error = process.communicate(timeout=PATIENCE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert (process.returncode, out, error) == (130, b"", b"")
