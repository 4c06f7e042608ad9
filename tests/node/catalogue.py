"""The catalogue of Node's behaviours, by id, and which scenarios cover which of them.

An id is the letter of a section and a number: `H-07`. `behaviours.txt` says in a few words what each is about; what it
says is told in the scenarios that name it.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path
from typing import Final

from . import scenarios
from .words import Scenario

__all__ = ["IDS", "SECTIONS", "TITLES", "all_scenarios", "coverage"]

SECTIONS: Final = {
    "X": ("the order of events", 11),
    "A": ("the module and its constructors", 25),
    "B": ("the arguments of connect()", 16),
    "C": ("connecting", 24),
    "D": ("looking names up", 14),
    "E": ("choosing among addresses", 14),
    "F": ("destroying and resetting", 18),
    "G": ("writing", 23),
    "H": ("ending, half-open sockets, closing", 25),
    "I": ("reading", 16),
    "J": ("the idle timeout", 13),
    "K": ("socket options, ref and unref", 9),
    "L": ("addresses and counters", 6),
    "M": ("connecting again", 4),
    "N": ("listening", 27),
    "O": ("closing a server", 11),
    "P": ("accepting", 10),
    "Q": ("Unix domain sockets", 7),
    "R": ("abort signals and disposal", 7),
    "S": ("BlockList", 13),
    "T": ("SocketAddress", 8),
    "U": ("is_ip()", 4),
    "V": ("errors", 9),
    "W": ("what differs between versions of Node", 11),
    "Z": ("what Node 26 adds", 8),
}
"""What a section is about, and how many behaviours it has."""

IDS: Final = tuple(f"{letter}-{number:02}" for letter, (_, count) in SECTIONS.items() for number in range(1, count + 1))

_LINES: Final = Path(__file__).with_name("behaviours.txt").read_text(encoding="utf-8").splitlines()

TITLES: Final = {identifier: title for identifier, _, title in (line.partition(" ") for line in _LINES)}
"""What each is about, for the eye."""

assert tuple(TITLES) == IDS, "behaviours.txt has a line for each id, in order"


@functools.cache
def all_scenarios() -> tuple[Scenario, ...]:
    """Those of every module in `scenarios`."""
    modules = sorted(module.name for module in pkgutil.iter_modules(scenarios.__path__))
    found = [importlib.import_module(f"{scenarios.__name__}.{name}").SCENARIOS for name in modules]
    return tuple(scenario for module in found for scenario in module)


def coverage() -> dict[str, list[str]]:
    """For each id of the catalogue, the names of the scenarios that cover it."""
    found: dict[str, list[str]] = {identifier: [] for identifier in IDS}
    for scenario in all_scenarios():
        for identifier in scenario.covers:
            found[identifier].append(scenario.name)
    return found
