"""Every driver passes the conformance kit; and the kit itself: its register, its command line, what it asks for."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sansnet.drivers.contract import Driver
from sansnet.drivers.selector import SelectorDriver
from sansnet.testing import conformance
from sansnet.testing.conformance import CHECKS, Check, Nonconforming, Turn
from tests.drivers.makers import EXCEPT, LACKS, MAKERS, checks_for, own
from tests.loopback import child_environment

ROOT = Path(__file__).resolve().parents[2]


EVERY_PAIR = [pytest.param(name, check, id=f"{name}: {check.name}") for name in MAKERS for check in checks_for(name)]


@pytest.mark.parametrize(("name", "check"), EVERY_PAIR)
def test_a_driver_conforms(name: str, check: Check) -> None:
    check(MAKERS[name])


# --------------------------------------------------------------------------------------------------------- the register


def test_there_are_checks_of_every_obligation_and_each_has_a_name_of_its_own() -> None:
    names = [check.name for check in CHECKS]
    assert len(names) >= 150
    assert len(set(names)) == len(names)
    assert {number for check in CHECKS for number in check.obligations} == set(range(1, 10))
    assert {need for check in CHECKS for need in check.needs} == set(conformance.NEEDS)


def test_what_is_left_out_is_there() -> None:
    names = {check.name for check in CHECKS}
    assert {name for left_out in EXCEPT.values() for name in left_out} <= names
    assert set(LACKS) | set(EXCEPT) <= set(MAKERS)


def test_checks_can_be_chosen_by_what_they_need() -> None:
    portable = conformance.without(["system"])
    assert portable
    assert {"system"} == {need for check in set(CHECKS) - set(portable) for need in check.needs} - {"paths", "many"}
    with pytest.raises(ValueError, match="quantum"):
        conformance.without(["quantum"])


# ----------------------------------------------------------------------------------------------------- the command line


def kit(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "sansnet.testing.conformance", *arguments],
        cwd=ROOT,
        env=child_environment({}),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_the_command_line_prints_a_table_and_says_that_all_is_well() -> None:
    done = kit("tests.drivers.makers:own", "--only", "a_timer")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "loop"
    assert "  passed  a timer does not count for alive" in lines
    assert lines[-1] == f"{len(lines) - 2} passed"


def test_it_says_what_failed_and_why() -> None:
    done = kit("tests.drivers.test_conformance:forgetful", "--only", "call_soon", "--patience", "0.05")
    assert (done.returncode, done.stderr) == (2, "")
    assert "order (obligation 6): all callbacks did not happen within 0.05 s" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("failed")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["tests.drivers.makers"], "package.module:function"),
        (["no.such.module:maker"], "No module named 'no'"),
        (["tests.drivers.makers:no_such_maker"], "no_such_maker"),
        (["tests/drivers/makers.py"], "which one in it? tests/drivers/makers.py:NAME"),
        (["tests/nowhere.py:maker"], "there is no file tests/nowhere.py"),
        (["tests.drivers.makers:own", "--patience", "0"], "'0' is no time to wait"),
        (["tests.drivers.makers:MAKERS"], "is no function"),
        (["tests.drivers.makers:own", "--without", "quantum"], "quantum"),
        (["tests.drivers.makers:own", "--only", "quantum"], "quantum"),
        ([], "maker"),
    ],
)
def test_a_command_line_that_makes_no_sense(arguments: list[str], complaint: str) -> None:
    done = kit(*arguments)
    assert (done.returncode, done.stdout) == (4, "")
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_is_as_good_as_a_module() -> None:
    assert kit("tests/drivers/makers.py:own", "--only", "a_timer_does_not").returncode == 0


@pytest.mark.parametrize(
    ("maker", "complaint", "line"),
    [
        ("raising", "the maker makes no driver: ValueError: no loop here", 'raise ValueError("no loop here")'),
        ("bare", "TypeError: it returns <generator object", "is @contextlib.contextmanager missing?"),
        ("alone", "and not a driver and a function that turns its loop", "TypeError"),
        ("needing", "TypeError: needing() missing 1 required positional argument", "TypeError"),
    ],
)
def test_a_broken_maker_is_told_once(maker: str, complaint: str, line: str) -> None:
    """Before the first check, all of which would fail for the one reason."""
    done = kit(f"tests.drivers.test_conformance:{maker}")
    assert (done.returncode, done.stdout) == (4, "")
    assert complaint in done.stderr
    assert line in done.stderr
    assert done.stderr.count("the maker makes no driver") == 1


def test_a_check_without_an_obligation_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(_bench: object) -> None:
        raise Nonconforming("it doesn't")

    results = [conformance.Result(Check(fails, "it_does", numbers, (), ()), "failed", "no") for numbers in ((), (3, 8))]
    assert conformance._tell(iter(results)) == 2  # noqa: SLF001
    assert capsys.readouterr().out.splitlines()[1:3] == [
        "  failed  it does: no",
        "  failed  it does (obligation 3, 8): no",
    ]


# ---------------------------------------------------------------------------------------------------- what a run yields


class _Forgetful(SelectorDriver):
    def call_soon(self, callback: object) -> None:
        """Do nothing."""


@contextlib.contextmanager
def forgetful() -> Iterator[tuple[Driver, Turn]]:
    with _Forgetful() as driver:
        yield driver, driver.step


@contextlib.contextmanager
def raising() -> Iterator[tuple[Driver, Turn]]:
    with SelectorDriver() as driver:
        if driver.now() >= 0:
            raise ValueError("no loop here")
        yield driver, driver.step


def bare() -> Iterator[tuple[Driver, Turn]]:
    with SelectorDriver() as driver:
        yield driver, driver.step


@contextlib.contextmanager
def alone() -> Iterator[Driver]:
    with SelectorDriver() as driver:
        yield driver


@contextlib.contextmanager
def needing(driver: Driver) -> Iterator[tuple[Driver, Turn]]:
    yield driver, print


def test_a_run_says_of_each_check_what_came_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import unittest

    def skip(*_: object) -> None:
        raise unittest.SkipTest("no such thing here")

    [check] = [check for check in CHECKS if check.name == "call_soon_calls_back_later_and_in_order"]
    assert [tuple(result)[1:] for result in conformance.run(own, [check])] == [("passed", "")]
    [(_, verdict, why)] = conformance.run(forgetful, [check], patience=0.05)
    assert (verdict, why) == ("failed", "all callbacks did not happen within 0.05 s")
    with pytest.raises(Nonconforming):
        check(forgetful, patience=0.05)
    skipping = Check(skip, "skipping", (), (), ())
    assert [tuple(result)[1:] for result in conformance.run(own, [skipping])] == [("skipped", "no such thing here")]
