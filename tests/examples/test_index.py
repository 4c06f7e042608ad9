"""Every example is in the index, and every example is run by a test."""

from __future__ import annotations

import re
from pathlib import Path

from tests.examples.programs import FOLDER

PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py"))
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_index_names_every_program_and_nothing_else() -> None:
    named = re.findall(r"\[(\w+)\.py\]\((\w+)\.py\)", INDEX)
    assert all(text == target for text, target in named)
    assert sorted({target for _, target in named}) == PROGRAMS


def test_every_program_is_run_by_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py")))
    run = set(re.findall(r'running\("(\w+)"|"examples\.(\w+)"', tests))
    run = {one or other for one, other in run}
    assert sorted(run) == PROGRAMS


def test_every_program_says_how_it_is_started() -> None:
    silent = [
        name for name in PROGRAMS if f"python -m examples.{name}" not in (FOLDER / f"{name}.py").read_text("utf-8")
    ]
    assert not silent
