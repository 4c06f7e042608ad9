"""What the page about the simulation shows is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sansnet.testing.faults import COUNTED, NAMES

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "simulation.md").read_text(encoding="utf-8")


def test_the_first_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.S)[0], {})
    out = capsys.readouterr().out
    assert out.startswith("b'hello'\n")
    assert "server listen :: 8124" in out


def test_every_fault_is_on_it() -> None:
    assert [name for name in (*NAMES, "jitter") if f"`{name}`" not in PAGE] == []
    assert set(COUNTED) - set(NAMES) == {"jitter", "partition", "crash", "backlog_overflow"}
