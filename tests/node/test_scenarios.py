"""Each scenario, played on Node and on sansnet: the traces are equal, or differ as is told."""

from __future__ import annotations

import pytest

from .catalogue import IDS, all_scenarios, coverage
from .differences import DELIBERATE, PENDING, known_differences
from .stage import Stage
from .words import Scenario

_DELIBERATE = known_differences(DELIBERATE)
_PENDING = known_differences(PENDING)


@pytest.mark.parametrize("scenario", [pytest.param(each, id=each.name) for each in all_scenarios()])
def test_both_sides_tell_the_same(scenario: Scenario, node_stage: Stage) -> None:
    outcome = node_stage.play(scenario)
    known = _DELIBERATE.get(scenario.name) or _PENDING.get(scenario.name)
    assert outcome.differences == (known.lines if known else []), "\n".join(["Node tells:", *outcome.node])
    if scenario.name in _PENDING:
        pytest.xfail(_PENDING[scenario.name].heading)


def test_names_are_given_once() -> None:
    names = [scenario.name for scenario in all_scenarios()]
    assert sorted(set(names)) == sorted(names)


def test_what_differs_is_a_scenario() -> None:
    names = {scenario.name for scenario in all_scenarios()}
    assert not (_DELIBERATE.keys() | _PENDING.keys()) - names
    assert not _DELIBERATE.keys() & _PENDING.keys()


def test_scenarios_cover_the_catalogue() -> None:
    covered = {identifier for identifier, names in coverage().items() if names}
    assert covered <= set(IDS)
    assert {identifier[0] for identifier in covered} == {identifier[0] for identifier in IDS}
