"""`python -m sansnet simulate`."""

from __future__ import annotations

import pytest

from sansnet.cli import main
from tests.cli.commands import run
from tests.simulation.test_campaign import FIRST

HERE = "tests.simulation.scenarios"


def test_all_green(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", f"{HERE}:robust", "--seeds", "20"]) == 0
    out = capsys.readouterr().out
    assert "20 passed, 0 failed" in out
    assert "   100 %" in out


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_one_fails_and_can_be_played_again(capsys: pytest.CaptureFixture[str], jobs: str) -> None:
    assert main(["simulate", f"{HERE}:fragile", "--seeds", "200", "--jobs", jobs]) == 2
    out = capsys.readouterr().out
    [again] = [line for line in out.splitlines() if "again: " in line]
    words = again.split("python -m sansnet ")[1].split()
    assert main(words) == 2
    story = capsys.readouterr().out
    assert f"seed {FIRST}: AssertionError: it was reset; digest " in story
    assert "server listen :: 80" in story


def test_one_that_passes_tells_its_story(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--fault",
        "loss=0.5",
        "--fault",
        "latency=0.1:0.2",
        "--fault",
        "window=500",
    ]
    assert main(["simulate", f"{HERE}:robust", "--seed", "3", *words]) == 0
    out = capsys.readouterr().out
    assert "fault loss" in out
    assert "seed 3: passed; digest " in out
    assert main(["simulate", f"{HERE}:robust", "--seed", "3", "--calm"]) == 0
    assert "fault" not in capsys.readouterr().out


def test_a_part_of_the_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", f"{HERE}:broken", "--seeds", "7:9", "--keep-going"]) == 2
    out = capsys.readouterr().out
    assert "seed 7: " in out
    assert "seed 8: " in out
    assert "0 passed, 2 failed" in out


def test_a_fault_that_never_fires(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", f"{HERE}:robust", "--seeds", "3", "--fault", "no_half_close=True"]) == 2
    assert "never fired: no_half_close" in capsys.readouterr().out
    assert main(["simulate", f"{HERE}:robust", "--seed", "3", "--fault", "no_half_close=True"]) == 2
    assert "never fired: no_half_close" in capsys.readouterr().out


def test_all_failures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", f"{HERE}:broken", "--seeds", "3", "--keep-going"]) == 2
    assert "0 passed, 3 failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "'nothing' is no MODULE:FUNCTION, and no FILE.py:NAME\n"),
        ([f"{HERE}:nothing"], f"{HERE}:nothing can't be imported: AttributeError: "),
        (["no.such:thing"], "no.such:thing can't be imported: ModuleNotFoundError: "),
        ([f"{HERE}:NOT_A_FUNCTION"], "is no function: 7"),
        ([f"{HERE}:robust", "--seeds", "0"], "'0' is no number of seeds"),
        ([f"{HERE}:robust", "--jobs", "0"], "--jobs: '0' is no number of them: 1 or more"),
        ([f"{HERE}:robust", "--seeds", "x"], "'x' is no number of seeds"),
        ([f"{HERE}:robust", "--seeds", "7:7"], "and no FIRST:END"),
        ([f"{HERE}:robust", "--fault", "los=1"], "there is no fault 'los'; there are: latency, "),
        ([f"{HERE}:robust", "--fault", "loss=2"], "Faults.loss is a probability"),
        (
            [f"{HERE}:robust", "--fault", "loss=x"],
            "'loss=x' makes no sense; it is loss=VALUE, such as loss=0.1 (a",
        ),
        ([f"{HERE}:robust", "--fault", "loss=1", "--calm"], "not allowed with"),
        ([f"{HERE}:robust", "--fault", "loss"], "'loss' makes no sense; it is loss=VALUE, such as loss=0.1 (a"),
        ([f"{HERE}:robust", "--fault", "loss=0.1:0.2"], "or loss=#3,7 (the third chance and the seventh)"),
        ([f"{HERE}:robust", "--fault", "latency=0.1"], "latency=0.001:0.05 (seconds, from and to)"),
        ([f"{HERE}:robust", "--fault", "window=1.5"], "window=500 (bytes)"),
        ([f"{HERE}:robust", "--fault", "bandwidth"], "bandwidth=10000 (bytes a second)"),
        ([f"{HERE}:robust", "--fault", "no_half_close=yes"], "such as no_half_close=True"),
        ([f"{HERE}:robust", "--fault", "loss=1", "--fault", "loss=0"], "loss is given more than once"),
        ([f"{HERE}:robust", "--shrink", "--calm"], "--shrink goes with faults, and --calm has none"),
        ([f"{HERE}:robust", "--attempts", "3"], "--attempts goes with --shrink"),
        ([f"{HERE}:robust", "--shrink", "--attempts", "0"], "--attempts: '0' is no number of them"),
        ([f"{HERE}:robust", "--trace-file", "out"], "--trace-file goes with --seed"),
        ([f"{HERE.replace('.', '/')}.py"], "which one in it? tests/simulation/scenarios.py:NAME"),
        (["tests/nowhere.py:upload"], "there is no file tests/nowhere.py with Python in it"),
        ([f"{HERE}:robust", "--limit", "0"], "--limit: '0' is no number of them"),
        ([f"{HERE}:robust", "--seed", "1", "--jobs", "2"], "--jobs goes with --seeds: a single seed is played by one"),
        ([f"{HERE}:robust", "--seed", "1", "--keep-going"], "--keep-going goes with --seeds"),
        ([f"{HERE}:robust", "--seed", "1.5"], "--seed: '1.5' is no seed: a whole number"),
        ([f"{HERE}:robust", "--strange"], "unrecognized arguments"),
        ([], "required"),
    ],
    ids=range(31),
)
def test_bad_input(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(["simulate", *words])
    assert left.value.code == 4
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


@pytest.mark.parametrize("seeds", ["--seed", "--seeds"])
def test_one_without_end(capsys: pytest.CaptureFixture[str], seeds: str) -> None:
    assert main(["simulate", f"{HERE}:pinging", seeds, "1", "--calm", "--limit", "2000"]) == 3
    assert "Endless: 2,000 things happened in one run()" in capsys.readouterr().out


def test_as_a_process() -> None:
    made = run("simulate", f"{HERE}:robust", "--seeds", "3", "--calm")
    assert (made.returncode, made.stderr) == (0, b"")
    assert b"3 passed, 0 failed\nfaults: none" in made.stdout
