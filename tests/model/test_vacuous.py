"""Laws about what a model never shows: they hold, and it is told that this means nothing."""

from __future__ import annotations

import json
import textwrap
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple

import pytest

from sansnet.cli import main
from sansnet.state import Event
from sansnet.testing import Reached, See, Stepped, always, as_json, eventually, explore, sometimes
from sansnet.testing.results import Vacuous


class Rung(NamedTuple):
    """A moment that is shown."""


class Silent(NamedTuple):
    """A moment that never is."""


class Clock:
    """Goes round, and rings at twelve."""

    name = "tests.model.test_vacuous.CLOCK"

    def __init__(self) -> None:
        self.laws = LAWS

    def initial(self) -> list[int]:
        return [12]

    def events(self, _hour: int) -> list[Event]:
        return [Event("tick")]

    def step(self, hour: int, _event: Event, see: See) -> int:
        if hour == 11:
            see(12, Rung())
        return hour % 12 + 1

    def key(self, hour: int) -> int:
        return hour


@always(Silent)
def of_what_never_comes(_hour: int, _moment: Silent) -> bool:
    return False


@always(Silent, Rung)
def of_one_of_two(hour: int, _moment: Silent | Rung) -> bool:
    return hour == 12


@always(object)
def of_everything(_hour: int, _moment: object) -> bool:
    return True


@always(Reached)
def of_states(hour: int, _moment: Reached) -> bool:
    return 1 <= hour <= 12


@always(Stepped)
def of_steps(hour: int, _moment: Stepped) -> bool:
    return 1 <= hour <= 12


@sometimes(Rung)
def it_rings(_hour: int, _moment: Rung) -> bool:
    return True


@eventually(fair=lambda _hour, _event: True)
def it_is_noon(hour: int) -> bool:
    return hour == 12


@eventually(fair=lambda _hour, _event: True, when=lambda hour: hour == 13)
def after_thirteen(hour: int) -> bool:
    return hour == 0


LAWS = (
    of_what_never_comes,
    of_one_of_two,
    of_everything,
    of_states,
    of_steps,
    it_rings,
    it_is_noon,
    after_thirteen,
)
CLOCK = Clock()
NEVER = (Vacuous("of_what_never_comes", "never saw Silent"), Vacuous("after_thirteen", "never due"))


def test_laws_that_were_never_put_to_the_test_are_told(executor: Executor | None) -> None:
    found = explore(CLOCK, executor=executor)
    assert (found.holds, found.vacuous) == (True, NEVER)
    assert as_json(found)["vacuous"] == [
        {"law": "of_what_never_comes", "why": "never saw Silent"},
        {"law": "after_thirteen", "why": "never due"},
    ]


def test_where_all_are_nothing_is_told(executor: Executor | None) -> None:
    found = explore(CLOCK, laws=LAWS[1:-1], executor=executor)
    assert (found.holds, found.vacuous, "vacuous" in as_json(found)) == (True, (), False)


@sometimes(Silent)
def it_is_silent_once(_hour: int, _moment: Silent) -> bool:
    return True


def test_of_a_model_that_is_refuted_nothing_is_known(executor: Executor | None) -> None:
    found = explore(CLOCK, laws=[it_is_silent_once, of_what_never_comes], executor=executor)
    assert (found.holds, found.vacuous) == (False, ())


THEIRS = """
from sansnet.state import Event
from sansnet.testing import Reached, always

class Foo: pass
class Bar: pass

@always(Foo)
def of_foo(world, moment): return False

@always(Bar)
def of_bar(world, moment): return True

@always(Reached)
def is_small(world, moment): return world < 3

class Count:
    def __init__(self, name, shows, laws=(of_foo, of_bar)):
        self.name, self.shows, self.laws = f"quiet.{name}", shows, laws
    def initial(self): return [0]
    def events(self, world): return [Event("add")]
    def step(self, world, event, see):
        for kind in self.shows: see(world, kind())
        return (world + 1) % 5
    def key(self, world): return world

QUIET = Count("QUIET", [])
BARRING = Count("BARRING", [Bar])
WRONG = Count("WRONG", [], (is_small, of_foo))
"""


@pytest.mark.parametrize(
    ("words", "status", "last"),
    [
        ("quiet:QUIET", 0, "held vacuously: of_foo (never saw Foo), of_bar (never saw Bar)"),
        ("quiet:QUIET --jobs 2", 0, "held vacuously: of_foo (never saw Foo), of_bar (never saw Bar)"),
        ("quiet:QUIET quiet:BARRING", 0, "held vacuously: of_foo (never saw Foo)"),
        ("quiet:QUIET quiet:BARRING --jobs 2", 0, "held vacuously: of_foo (never saw Foo)"),
        ("quiet:BARRING quiet:QUIET quiet:WRONG", 2, "  3. add()"),  # perhaps WRONG would have shown it
        ("tuning quiet:QUIET --bound 4", 3, "quiet.QUIET has more than 4 states; nothing was proved"),
    ],
)
def test_the_command_tells_it_last(
    words: str,
    status: int,
    last: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "quiet.py").write_text(textwrap.dedent(THEIRS), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["check", *words.split()]) == status
    assert capsys.readouterr().out.splitlines()[-1].endswith(last)


def test_of_ours_it_is_in_the_json_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """They come as a family, and each model is about some of them."""
    assert main(["check", "tuning", "--format", "json"]) == 0
    [tuning] = json.loads(capsys.readouterr().out)["models"]
    assert {"law": "no_data_after_end", "why": "never saw Data"} in tuning["vacuous"]
    assert main(["check", "tuning"]) == 0
    assert "vacuous" not in capsys.readouterr().out
