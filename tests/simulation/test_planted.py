"""Bugs around the machines are seen by who only listens; those that aren't are known."""

from __future__ import annotations

import pytest

from docs.make_planted import PAGE, rows_around, said
from tests.builds import patches_machines

from .planted import PLANTED, Planted

ROWS = rows_around(PAGE.read_text(encoding="utf-8"))


def test_the_page_tells_of_each() -> None:
    assert list(ROWS) == [planted.name for planted in PLANTED]
    assert {planted.name for planted in PLANTED if planted.says} == {name for name, (_, seeds) in ROWS.items() if seeds}


@patches_machines
@pytest.mark.parametrize("planted", [one for one in PLANTED if one.says], ids=lambda planted: planted.name)
def test_the_bug_is_seen(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the seed that the page says, and for that reason. Those before it are played, since a bug may count."""
    says, seeds = ROWS[planted.name]
    assert seeds
    planted.plant(monkeypatch)
    answers = [said(seed) for seed in range(seeds)]
    assert not [answer for answer in answers[:-1] if answer]
    assert says == planted.says
    assert says in (answers[-1] or "")


@patches_machines
@pytest.mark.parametrize("planted", [one for one in PLANTED if not one.says], ids=lambda planted: planted.name)
def test_the_bug_is_not_seen(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it is, a law was added, and its file wants to say so."""
    planted.plant(monkeypatch)
    assert [said(seed) for seed in range(30)] == [None] * 30
