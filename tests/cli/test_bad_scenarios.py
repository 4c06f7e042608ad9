"""What `simulate` says of scenarios that are none or show nothing, and of those that leave by no mere exception."""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sansnet.cli import main
from sansnet.testing import BadScenario, CampaignFailed, Faults, Simulation, campaign, shrink_faults
from sansnet.testing.playing import play

Played = Callable[..., tuple[int, str, str]]

_numbers = itertools.count(1)


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Played:
    """Plays `scenario` of this source: the exit code, stdout, and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])

    def play_it(source: str, *words: str) -> tuple[int, str, str]:
        module = f"theirs_{next(_numbers)}"
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        try:
            status = main(["simulate", f"{module}:scenario", *words])
        except SystemExit as left:
            status = int(left.code or 0)
        return status, *capsys.readouterr()

    return play_it


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def scenario(sim): yield", "a generator function, which does nothing when it is called"),
        ("async def scenario(sim): yield", "a generator function"),
        ("def scenario(): pass", "a function of (); a scenario takes one argument, the simulation"),
        ("def scenario(sim, more): pass", "a function of (sim, more)"),
        ("def scenario(*, sim): pass", "a function of (*, sim)"),
        ("class scenario:\n    def __init__(self, sim): pass", "a class; a scenario is a function of a simulation"),
        ("class Kind:\n    def __call__(self, sim): yield\nscenario = Kind()", "a generator function"),
        ("scenario = 7", "no function: 7"),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("words", [["--seeds", "2"], ["--seed", "1"]])
def test_what_is_no_scenario_is_a_4(source: str, why: str, words: list[str], played: Played) -> None:
    status, out, err = played(source, *words)
    assert (status, out) == (4, "")
    assert f":scenario is {why}" in err


@pytest.mark.parametrize("words", [["--seeds", "2"], ["--seed", "1"]])
def test_a_generator_that_comes_back_is_none_either(words: list[str], played: Played) -> None:
    status, out, err = played("scenario = lambda sim: (number for number in ())", *words)
    assert (status, out) == (4, "")
    assert "returns a generator" in err


@pytest.mark.parametrize("jobs", [(), ("--jobs", "2")])
def test_what_never_runs_its_simulation_shows_nothing(jobs: tuple[str, ...], played: Played) -> None:
    source = "def scenario(sim): sim.host('here')"
    status, out, _ = played(source, "--seeds", "30", *jobs)
    assert status == 4
    assert "0 passed, 0 failed, 30 skipped\nskipped 30: the scenario never ran its simulation: " in out
    assert "every seed was skipped, so that nothing was shown" in out
    status, out, _ = played(source, "--seed", "1")
    assert status == 4
    assert "seed 1: skipped, so that nothing was shown: the scenario never ran its simulation" in out


def test_a_task_that_nobody_runs_shows_nothing(played: Played) -> None:
    source = "async def main(): pass\ndef scenario(sim): return sim.host('here').start(main())"
    assert played(source, "--seeds", "2")[0] == 4


@pytest.mark.parametrize("how", ["pytest.skip('not today')", "raise unittest.SkipTest('not today')"])
def test_a_seed_that_is_skipped_is_counted_as_such(how: str, played: Played) -> None:
    source = f"""
        import pytest, unittest
        def scenario(sim):
            sim.run()
            if sim.seed % 3 == 0:
                {how}
    """
    status, out, _ = played(source, "--seeds", "10")
    assert status == 0
    assert "6 passed, 0 failed, 4 skipped\nskipped 4: not today\n" in out
    status, out, _ = played(source, "--seed", "3")
    assert (status, "Traceback" in out) == (4, False)
    assert "seed 3: skipped, so that nothing was shown: not today; digest " in out


@pytest.mark.parametrize(
    ("how", "summary"),
    [
        ("sys.exit()", "SystemExit"),
        ("sys.exit(0)", "SystemExit: 0"),
        ("pytest.fail('no good')", "Failed: no good"),
    ],
)
@pytest.mark.parametrize("jobs", [(), ("--jobs", "2")])
def test_who_leaves_has_failed(how: str, summary: str, jobs: tuple[str, ...], played: Played) -> None:
    source = f"""
        import pytest, sys
        def scenario(sim):
            sim.run()
            if sim.seed == 3:
                {how}
    """
    status, out, _ = played(source, "--seeds", "5", *jobs)
    assert status == 2
    assert f"seed 3: {summary}" in out
    assert "3 passed, 1 failed" in out


def test_a_coroutine_that_leaves_has_failed(played: Played) -> None:
    status, out, _ = played("async def scenario(sim): raise SystemExit(0)", "--seed", "1")
    assert status == 2
    assert "seed 1: SystemExit: 0" in out


def test_ctrl_c_ends_it(played: Played) -> None:
    assert played("def scenario(sim): raise KeyboardInterrupt", "--seeds", "5")[0] == 130


def test_where_pytest_fail_was_called_tells_failures_apart() -> None:
    """All of them are raised on one line of pytest."""

    def scenario(sim: Simulation) -> None:
        sim.run()
        if sim.faults.loss:
            pytest.fail("one")
        pytest.fail("other")

    first = play(scenario, 1, Faults(loss=0.5))
    assert first.place != play(scenario, 1, Faults()).place
    assert "test_bad_scenarios.py:" in first.place
    assert shrink_faults(scenario, 1, Faults(loss=0.5)).faults.loss


def test_a_file_is_as_good_as_a_module(played: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Below this folder, and elsewhere; and the command that plays a failure again says it so that it works."""
    source = "def scenario(sim):\n    sim.run()\n    assert sim.seed < 3\n"
    here = tmp_path / "here"
    (tmp_path / "elsewhere" / "package").mkdir(parents=True)
    (tmp_path / "elsewhere" / "package" / "__init__.py").touch()
    name = f"file_{next(_numbers)}"
    (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    other = tmp_path / "elsewhere" / "package" / f"{name}.py"
    other.write_text(source, encoding="utf-8")
    assert main(["simulate", f"./{name}.py:scenario", "--seeds", "9"]) == 2
    assert f"again: python -m sansnet simulate {name}:scenario --seed 3" in capsys.readouterr().out
    here.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        assert main(["simulate", f"../elsewhere/package/{name}.py:scenario", "--seeds", "9", "--jobs", "2"]) == 2
        again = f"python -m sansnet simulate ../elsewhere/package/{name}.py:scenario --seed 3"
        assert f"again: {again}" in capsys.readouterr().out
        assert main(again.split()[3:]) == 2


def test_a_file_whose_name_is_taken_is_not_confused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "json.py").write_text("def scenario(sim): sim.run()\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="4"):
        main(["simulate", f"{tmp_path}/json.py:scenario"])
    assert "can't be imported: Python takes json for " in capsys.readouterr().err


def test_attempts_have_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", "tests.simulation.scenarios:fragile", "--seeds", "200", "--shrink", "--attempts", "7"]
    assert main(words) == 2
    assert "found in 7 attempts" in capsys.readouterr().out


def test_what_fails_only_once_is_not_shrunk(played: Played) -> None:
    """The seed is not all that it hangs on."""
    source = """
        passed = []
        def scenario(sim):
            sim.run(1)
            passed.append(1)
            assert len(passed) > 1
    """
    status, out, err = played(source, "--seeds", "3", "--shrink")
    assert (status, err) == (2, "")
    assert "\n  not the same each time: seed 0 passes: there is nothing to shrink\n" in out


def test_in_python_too() -> None:
    def generator(_sim: Simulation) -> Any:
        yield

    def returns_one(sim: Simulation) -> Any:
        return generator(sim)

    def idle(_sim: Simulation) -> None: ...

    with pytest.raises(BadScenario, match="a scenario has no yield"):
        campaign(generator, range(3))
    with pytest.raises(BadScenario, match="a scenario has no yield"), ThreadPoolExecutor(1) as executor:
        campaign(returns_one, range(3), executor=executor)
    with pytest.raises(CampaignFailed, match="nothing was shown") as failed:
        campaign(idle, range(3))
    assert failed.value.report.is_empty
    with pytest.raises(ValueError, match=r"seed 0 is skipped \(the scenario never ran"):
        shrink_faults(idle, 0)
    with pytest.raises(ValueError, match="attempts are a number from 1 up, not 0"):
        shrink_faults(idle, 0, attempts=0)
    with pytest.raises(ValueError, match="attempts are a number from 1 up, not -1"):
        campaign(idle, range(3), shrink=True, attempts=-1)
