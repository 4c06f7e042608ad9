"""The example of a model of one's own: it holds, it goes where it should, and it can fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from examples.two_sockets import PAIR, TwoSockets
from sansnet.state.phases import Link
from sansnet.state.socket import SocketMachine
from sansnet.testing import as_mermaid, explore
from tests.builds import patches_machines
from tests.model.planted import the_end_is_never_over


def test_it_holds_and_its_keys_forget_nothing() -> None:
    found = explore(PAIR, twins=1, coverage=True).check()
    assert found.states > 1000
    assert found.coverage is not None
    assert (Link.OPEN, Link.CLOSING) in found.coverage.moves
    assert ("write", Link.OPEN) in found.coverage.inputs


@patches_machines
def test_a_planted_bug_is_found_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    the_end_is_never_over.plant(monkeypatch)
    refutation = explore(PAIR).refutation
    assert refutation is not None
    assert refutation.law == "an_end_leads_to_close"


def test_end_before_the_data_is_found_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that reports what it never got."""
    received = SocketMachine.received
    monkeypatch.setattr(SocketMachine, "received", lambda self, chunk, size: received(self, chunk * 2, size * 2))
    found = explore(PAIR)
    assert found.refutation is not None
    assert found.refutation.law == "nothing_is_heard_that_was_not_said"
    assert found.refutation.trace is not None
    assert [event.name for event in found.refutation.trace.events][:1] == ["write"]
    assert as_mermaid(PAIR, found).startswith("sequenceDiagram\n")


def test_the_example_on_the_page_ends_as_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[2] / "docs" / "verification.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    [example] = [code for code in blocks if "class Counter" in code]
    exec(example, {"__name__": "__main__"})
    told = capsys.readouterr().out
    assert "REFUTED never_negative: There are never fewer than none.\n  broken by this state" in told
    assert told.count("take()") == 4


def test_more_writes_are_more_states() -> None:
    assert explore(TwoSockets("PAIR", writes=2)).check().states > explore(PAIR).states
