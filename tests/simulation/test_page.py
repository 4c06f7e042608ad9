"""What the page about the simulation shows is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sansnet.testing import CampaignFailed, Faults, campaign
from sansnet.testing.faults import COUNTED, NAMES
from sansnet.testing.playing import play

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "simulation.md").read_text(encoding="utf-8")


def test_the_first_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.S)[0], {})
    out = capsys.readouterr().out
    assert out.startswith("b'hello'\n")
    assert "server listen :: 8124" in out


def test_every_fault_is_on_it() -> None:
    assert [name for name in (*NAMES, "jitter") if f"`{name}`" not in PAGE] == []
    assert set(COUNTED) - set(NAMES) == {"jitter", "partition", "crash", "backlog_overflow"}


BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def test_there_are_no_others() -> None:
    """Whoever adds one adds a test of it."""
    assert len(BLOCKS) == 4


def test_the_faults_on_purpose_come_to_something(capsys: pytest.CaptureFixture[str]) -> None:
    """By themselves, with all that they need: what comes to nothing raises Unfired."""
    exec(BLOCKS[1], {})
    assert int(capsys.readouterr().out) > 100


def test_the_scenario_plays() -> None:
    module = {"__name__": "transfers"}
    exec(BLOCKS[2], module)
    upload: Any = module["upload"]
    report = campaign(upload, range(20))
    assert (report.passed, report.skipped.total()) == (20, 0)
    with pytest.raises(CampaignFailed, match="seed 0: AssertionError"):
        campaign(upload, range(1), faults=Faults(bandwidth=100))


def test_the_coroutine_is_a_scenario() -> None:
    module: dict[str, Any] = {}
    exec(BLOCKS[3], module)
    assert play(module["test_hello"], 0, None).error is None
