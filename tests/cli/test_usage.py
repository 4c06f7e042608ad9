"""What holds for every command: help that tells its exit codes, and 4 for a line that makes no sense."""

from __future__ import annotations

import re

import pytest

import sansnet
from sansnet.cli import main
from sansnet.testing import conformance

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
