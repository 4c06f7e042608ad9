"""A law that can't fail proves nothing: for each of them a bug is planted, and found, with a trace that shows it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from docs.make_planted import PAGE, fails, rows_of
from sansnet.state.socket import SocketMachine
from sansnet.state.writing import WriteHalf
from sansnet.testing.explore import LawBroken, Unbounded, explore, replay
from sansnet.testing.invariants import SOCKET_LAWS
from sansnet.testing.laws import Law, Promise
from sansnet.testing.models import LIFECYCLE, WRITING, SocketModel
from sansnet.testing.server_invariants import SERVER_LAWS
from tests.builds import patches_machines

from .planted import PLANTED, Planted, a_batch_is_sent_backwards

LAWS: dict[str, Law | Promise] = {law.name: law for law in (*SOCKET_LAWS, *SERVER_LAWS)}
ROWS = {(row.bug, row.law): row for row in rows_of(PAGE.read_text(encoding="utf-8"))}


def test_a_bug_is_planted_for_each_law() -> None:
    assert sorted(planted.law for planted in PLANTED) == sorted(LAWS)


def test_the_page_tells_of_each() -> None:
    assert sorted(ROWS) == sorted((planted.name, planted.law) for planted in PLANTED)
    assert list(ROWS) == sorted(ROWS)


@patches_machines
@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.law)
def test_the_bug_is_found(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """By this law alone, after as many states as the page says, and replaying its trace finds it again."""
    law = LAWS[planted.law]
    planted.plant(monkeypatch)
    found = explore(planted.model, laws=[law])
    print(found.report)  # how many states and edges it took, and the way there
    refutation = found.refutation
    assert refutation is not None
    assert refutation.law == law.name
    assert refutation.trace is not None
    row = ROWS[planted.name, planted.law]
    assert (row.model, row.states, row.steps) == (found.short_name, found.states, len(refutation.trace.events))
    if isinstance(law, Law):
        with pytest.raises(LawBroken, match=re.escape(law.text)):
            replay(planted.model, refutation.trace.events, start=refutation.trace.start, laws=[law])


SEEN = [planted for planted in PLANTED if ROWS[planted.name, planted.law].seeds]


@patches_machines
@pytest.mark.parametrize("planted", SEEN, ids=lambda planted: planted.law)
def test_the_bug_is_seen_by_who_only_listens(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the seed that the page says, and not under the one before it."""
    seeds = ROWS[planted.name, planted.law].seeds
    assert seeds
    planted.plant(monkeypatch)
    assert fails(seeds - 1)
    assert seeds == 1 or not fails(seeds - 2)


def test_a_dozen_bugs_and_more_are_seen_at_the_facade() -> None:
    assert len(SEEN) > 30


def test_a_key_that_forgets_something_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WriteHalf, "NOT_KEY", {**WriteHalf.NOT_KEY, "corked": "planted"})
    refutation = explore(SocketModel("WRITING", WRITING.bounds), laws=[], twins=1).refutation
    assert refutation is not None
    assert refutation.law == "equal_keys_behave_alike"
    assert refutation.trace is not None


def test_an_input_that_raises_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def send_failed(_self: SocketMachine, _fault: object, _at_once: bool) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(SocketMachine, "send_failed", send_failed)
    refutation = explore(WRITING, laws=[]).refutation
    assert refutation is not None
    assert (refutation.law, refutation.detail) == ("no_input_raises", "ZeroDivisionError: planted")


def test_a_model_without_end_proves_nothing() -> None:
    with pytest.raises(Unbounded, match="LIFECYCLE has more than 100 states"):
        explore(LIFECYCLE, bound=100)


@patches_machines
def test_a_refutation_is_a_test_to_be_pasted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It fails while the bug is there, and passes without it."""
    path = tmp_path / "test_pasted.py"
    with monkeypatch.context() as patch:
        a_batch_is_sent_backwards.plant(patch)
        refutation = explore(WRITING).refutation
        assert refutation is not None
        assert refutation.trace is not None
        path.write_text(refutation.trace.as_test("the_order_of_bytes"), encoding="utf-8")
        pasted = _imported(path)
        with pytest.raises(LawBroken, match="handed_over_is_a_prefix_of_written"):
            pasted.test_the_order_of_bytes()
    pasted.test_the_order_of_bytes()


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
