"""Write the tables of planted bugs into docs/planted.md: what it took to find each of them.

python docs/make_planted.py          plants each bug, looks for it, and writes the tables; it takes some minutes
python docs/make_planted.py around   those around the machines alone

By the explorer: how many states it had seen by then, and how long the shortest way to the bug is. By the mixed
workload: how many seeds were played until one failed, listeners and callbacks alone being watched. A test looks whether
it still takes so many (test_planted.py in tests/model and in tests/simulation). The bugs around the machines, for which
there is no model, are the second table.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sansnet.testing import Law, Promise, Simulation, explore
from sansnet.testing.invariants import SOCKET_LAWS
from sansnet.testing.server_invariants import SERVER_LAWS
from tests.model.planted import PLANTED, Plant, Planted
from tests.simulation.planted import PLANTED as AROUND
from tests.simulation.workload import Workload

PAGE: Final = Path(__file__).resolve().parent / "planted.md"
BEGIN: Final = "<!-- Made by docs/make_planted.py; don't edit. -->"
END: Final = "<!-- That was made. -->"
BEGIN_AROUND: Final = "<!-- Made by docs/make_planted.py as well. -->"
MOST: Final = 300
LAWS: Final[dict[str, Law | Promise]] = {law.name: law for law in (*SOCKET_LAWS, *SERVER_LAWS)}


class Row(NamedTuple):
    """What it took to find a bug."""

    bug: str
    law: str
    model: str
    states: int
    steps: int
    seeds: int | None  # None: it isn't seen at the facade, or not under so few

    def __str__(self) -> str:
        link = f"[{self.bug}](../tests/model/planted/{self.bug}.py)"
        seeds = "–" if self.seeds is None else f"{self.seeds}"
        return f"| {link} | `{self.law}` | {self.model} | {self.states:,} | {self.steps} | {seeds} |"


def explored(planted: Planted) -> tuple[int, int]:
    """States and steps, with the bug in place."""
    found = explore(planted.model, laws=[LAWS[planted.law]])
    assert found.refutation is not None
    return found.states, len(found.refutation.trace.events) if found.refutation.trace is not None else 0


def fails(seed: int) -> bool:
    """Does the workload fail under this seed, with the bug in place?"""
    return said(seed) is not None


def said(seed: int) -> str | None:
    """What the workload says under this seed, if anything."""
    with Simulation(seed, faults="drawn", recording=False) as sim:
        try:
            Workload(sim, is_recorded=False).play()
        except BaseExceptionGroup as group:
            return ", ".join(map(str, group.exceptions))
        except Exception as error:  # of whatever kind: it was noticed
            return str(error)
    return None


def seen(plant: Plant) -> int | None:
    """How many seeds are played until one fails, with the bug in place."""
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        return next((seed + 1 for seed in range(MOST) if fails(seed)), None)


def row(planted: Planted) -> Row:
    """Plant a bug, and look for it."""
    seeds = seen(planted.plant)
    with pytest.MonkeyPatch.context() as patch:
        planted.plant(patch)
        return Row(planted.name, planted.law, planted.model.name.rpartition(".")[2], *explored(planted), seeds)


def rows_of(page: str) -> list[Row]:
    """The rows of a table."""
    lines = page.partition(BEGIN)[2].partition(END)[0].strip().splitlines()[2:]
    return [_read(*[cell.strip() for cell in line.strip("|").split("|")]) for line in lines]


def _read(bug: str, law: str, model: str, states: str, steps: str, seeds: str) -> Row:
    found = None if seeds == "–" else int(seeds)
    return Row(bug[1:].partition("]")[0], law.strip("`"), model, int(states.replace(",", "")), int(steps), found)


def rows_around(page: str) -> dict[str, tuple[str, int | None]]:
    """Of each bug around the machines: what is said to it, and after how many seeds."""
    lines = page.partition(BEGIN_AROUND)[2].partition(END)[0].strip().splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {bug[1:].partition("]")[0]: (says, None if seeds == "–" else int(seeds)) for bug, says, seeds in cells}


def main(words: list[str]) -> None:
    """Write the tables."""
    if "around" not in words:
        rows = []
        for planted in sorted(PLANTED, key=lambda planted: (planted.name, planted.law)):
            rows.append(str(row(planted)))
            print(rows[-1])
        write(BEGIN, ["| bug | law | model | states | steps | seeds |", "|---|---|---|---|---|---|", *rows])
    rows = []
    for bug in AROUND:
        seeds = seen(bug.plant)
        link = f"[{bug.name}](../tests/simulation/planted/{bug.name}.py)"
        rows.append(f"| {link} | {bug.says or '–'} | {'–' if seeds is None else seeds} |")
        print(rows[-1])
    write(BEGIN_AROUND, ["| bug | what is said | seeds |", "|---|---|---|", *rows])


def write(begin: str, table: list[str]) -> None:
    """Put a table into its place on the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    lines = "\n".join([begin, "", *table, "", END])
    PAGE.write_text(before + lines + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
