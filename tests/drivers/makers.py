"""Makers for `sansnet.testing.conformance`: every driver that there is, by a name.

Each is what the kit asks for, so a driver can be checked by hand as well:
python -m sansnet.testing.conformance tests.drivers.makers:own
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterator, Mapping
from typing import Final

from sansnet.drivers.contract import Driver
from sansnet.testing.conformance import Check, Maker, Turn, without
from sansnet.testing.faults import Faults
from sansnet.testing.simulation import Simulation
from tests.drivers.main_loop import in_a_lying_loop, in_a_main_loop
from tests.drivers.recorder import LOOPS, driver_over

__all__ = ["EXCEPT", "LACKS", "MAKERS", "checks_for", "own", "simulated"]


def _over(kind: str) -> Maker:
    """One of the readiness family, with a loop that can be stepped."""

    @contextlib.contextmanager
    def maker() -> Iterator[tuple[Driver, Turn]]:
        with driver_over(kind) as driver:
            yield driver, driver.step

    return maker


own: Final = _over("own")


@contextlib.contextmanager
def simulated() -> Iterator[tuple[Driver, Turn]]:
    """A host of a simulated network in which nothing takes any time."""
    with Simulation(faults=Faults(latency=(0, 0), lookup_time=(0, 0))) as sim:
        yield sim.host("here").driver, functools.partial(_turn, sim)


def _turn(sim: Simulation, seconds: float) -> None:
    """Some of what is due at this moment; if there is nothing and one may wait, what is due at the next one."""
    began, asked = sim.now, itertools.count()
    sim.run(0, until=lambda: next(asked) > MOST_AT_ONCE)
    if seconds and next(asked) < MOST_AT_ONCE:
        sim.run(seconds, until=lambda: sim.now > began)


MAKERS: Final[Mapping[str, Maker]] = {
    "selector": own,
    "selector over select()": _over("select"),
    **{name: _over(name) for name in LOOPS},
    "trio": _over("trio"),
    "main loop": in_a_main_loop,
    "main loop that lies": in_a_lying_loop,
    "simulated": simulated,
}

MOST_AT_ONCE: Final = 1000
"""So many things happen in one turn of a simulation, where everything can happen at the same moment."""

_SELECT: Final = "select() has room for 1,024 descriptors"

LACKS: Final[Mapping[str, Mapping[str, str]]] = {
    "selector over select()": {"many": _SELECT},
    "main loop": {"many": _SELECT},
    "main loop that lies": {"many": _SELECT},
    "simulated": {
        "system": "a simulated host has no descriptors, and nobody but the program can reach it",
        "threads": "a second thread would make it another story each time",
    },
}
"""What a driver has not, and why, so that the checks that need it are left out."""

EXCEPT: Final[Mapping[str, Mapping[str, str]]] = {
    "simulated": {
        "a_callback_that_puts_itself_off_starves_nobody": "time stands still until nothing is left to do at a moment"
    },
    "uvloop": {"without_descriptors_accepting_fails_and_goes_on_later": "its run_forever() needs a pair of sockets"},
}
"""Single checks that a driver need not pass, and why."""


def checks_for(name: str) -> list[Check]:
    """Those that the driver of that name has to pass."""
    return [check for check in without(LACKS.get(name, ())) if check.name not in EXCEPT.get(name, ())]
