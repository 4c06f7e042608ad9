"""What shows that a member, or an item of the catalogue, is as it should be: scenarios and tests.

A scenario that is played on Node and here shows the members that its steps use: the methods that are called, the
properties that are read or set, the options that are given, and the events that it waits for, because a scenario in
which such an event isn't told fails. A test shows what its `pytest.mark.covers(…)` names; the marks are read from the
source, so that no test has to be imported for it. A test whose docstring begins with ids in brackets,
`[H-07, H-08]`, shows these as well.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..node.catalogue import IDS, all_scenarios
from ..node.translation import STATES
from ..node.words import Scenario
from .members import SPELLED, resolve

__all__ = ["ALWAYS_LOOKED_AT", "Mark", "Shown", "evidence", "marks", "marks_in", "used_in"]

_TESTS: Final = Path(__file__).resolve().parent.parent

# What a kind of object in a scenario is here, and what its options are options of.
_OWNER_OF: Final = {
    "socket": "Socket",
    "connect": "Socket",
    "server": "Server",
    "block_list": "BlockList",
    "socket_address": "SocketAddress",
    "bound_socket": "BoundSocket",
    "controller": "AbortController",
}
_MADE_BY: Final = {**_OWNER_OF, "connect": "connect", "server": "create_server"}
_OPTIONS_OF: Final = {
    "socket": ("Socket",),
    "connect": ("Socket", "connect"),
    "server": ("Server",),
    "bound_socket": ("BoundSocket",),
    "Socket.connect": ("connect",),
    "Server.listen": ("listen",),
}

ALWAYS_LOOKED_AT: Final = frozenset(
    f"{owner}.{name}" for kind, owner in (("socket", "Socket"), ("server", "Server")) for name in STATES[kind]
)
"""What is recorded with every entry of every scenario."""


class Mark(NamedTuple):
    """A name in a `covers`, or an id in a docstring."""

    name: str
    file: str
    """From the folder of the tests."""
    line: int
    test: str
    """The function or class; '' for the file as a whole."""


class Shown(NamedTuple):
    """Who shows a member or an item."""

    scenarios: list[Scenario]
    tests: list[Mark]


# ------------------------------------------------------------------------------------------------------------ scenarios


def used_in(scenario: Scenario) -> frozenset[str]:
    """The members that a scenario shows, as they are spelled."""
    steps = list(_steps(list(scenario.steps)))
    kinds = {step["name"]: step["kind"] for step in steps if step["op"] == "new"}
    return frozenset(name for step in steps for name in _shown_by(step, kinds) if name in SPELLED)


def _steps(data: Any) -> Iterator[dict[str, Any]]:
    """All steps, also those that a listener or a callback is to do."""
    if isinstance(data, dict):
        if "op" in data:
            yield data
        data = list(data.values())
    if isinstance(data, list):
        for item in data:
            yield from _steps(item)


def _owner(name: str, kinds: Mapping[str, str]) -> str:
    """The class of an object: one that the scenario made, an accepted socket, or a class itself."""
    if name in kinds:
        return _OWNER_OF[kinds[name]]
    return "Socket" if kinds.get(name.rstrip("0123456789")) == "server" else name


def _shown_by(step: dict[str, Any], kinds: Mapping[str, str]) -> Iterator[str]:
    match step:
        case {"op": "new", "kind": kind, "args": args}:
            yield _MADE_BY[kind]
            yield from _options(_OPTIONS_OF.get(kind, ()), args)
        case {"op": "call", "on": name, "method": method, "args": args}:
            yield from _attribute(_owner(name, kinds), method)
            yield from _options(_OPTIONS_OF.get(f"{_owner(name, kinds)}.{method}", ()), args)
        case {"op": "get", "on": name, "names": names}:
            for each in names:
                yield from _attribute(_owner(name, kinds), each)
        case {"op": "assign", "on": name, "name": attribute}:
            yield from _attribute(_owner(name, kinds), attribute)
        case {"op": "on", "first": True}:
            yield "Emitter.prepend_listener"
        case {"op": "settle", "until": until}:
            for what, _ in until:
                name, event = what.split(".")
                yield f"{_owner(name, kinds)} '{event}'"
        case _:
            pass


def _attribute(owner: str, name: str) -> Iterator[str]:
    if owner == "net":
        yield name
    elif (member := resolve(f"{owner}.{name}")) is not None:
        yield member.spelled


def _options(owners: tuple[str, ...], args: list[Any]) -> Iterator[str]:
    for argument in args:
        if isinstance(argument, dict):
            for name in argument.get("$keywords", argument):
                yield from (f"{owner}({name})" for owner in owners)


# ---------------------------------------------------------------------------------------------------------------- tests


def marks_in(file: str, source: str) -> list[Mark]:
    """The names in every `pytest.mark.covers(…)` of a file, wherever the mark stands, and the ids in docstrings."""
    return list(_marks_below(ast.parse(source), file, ""))


_IDS_IN_FRONT: Final = re.compile(r"\[([A-Z]-\d\d(?:, [A-Z]-\d\d)*)\]")


def _marks_below(node: ast.AST, file: str, test: str) -> Iterator[Mark]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        test = node.name
        if test.startswith("test_") and (found := _IDS_IN_FRONT.match(ast.get_docstring(node) or "")):
            yield from (Mark(name, file, node.lineno, test) for name in found[1].split(", "))
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.covers":
        for argument in node.args:
            name = argument.value if isinstance(argument, ast.Constant) else None
            yield Mark(name if isinstance(name, str) else ast.unparse(argument), file, argument.lineno, test)
    for child in ast.iter_child_nodes(node):
        yield from _marks_below(child, file, test)


@functools.cache
def marks() -> tuple[Mark, ...]:
    """Those of all tests, in the order of their files."""
    files = {path.relative_to(_TESTS).as_posix(): path for path in _TESTS.rglob("*.py")}
    return tuple(mark for name in sorted(files) for mark in marks_in(name, files[name].read_text(encoding="utf-8")))


# ------------------------------------------------------------------------------------------------------------- together


@functools.cache
def evidence() -> Mapping[str, Shown]:
    """By member, as it is spelled, and by id. Of the scenarios of a member, those that show the least else go first."""
    found: dict[str, Shown] = {name: Shown([], []) for name in (*SPELLED, *IDS)}
    shown: dict[str, list[tuple[int, int, Scenario]]] = defaultdict(list)
    for place, scenario in enumerate(all_scenarios()):
        used = used_in(scenario)
        for name in used:
            shown[name].append((len(used), place, scenario))
        for identifier in scenario.covers:
            found[identifier].scenarios.append(scenario)
    for name, scenarios in shown.items():
        found[name].scenarios.extend(scenario for _, _, scenario in sorted(scenarios, key=lambda each: each[:2]))
    for mark in marks():
        member = resolve(mark.name)
        name = member.spelled if member is not None else mark.name
        if name in found:
            found[name].tests.append(mark)
    return found
