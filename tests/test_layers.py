"""The architecture's promises about source files, kept by reading them: who may import whom, and what a file may be.

Each check is a function from source text to a list of complaints. The first tests run the checks on this repository;
the others run them on small sources with one planted fault each, because a check that can't fail proves nothing.
"""

from __future__ import annotations

import ast
import graphlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent

# Each layer and what it may import of this package. What is in no folder named here is the facade; __main__ is the cli.
LAYERS: Final[dict[str, frozenset[str]]] = {
    "state": frozenset({"state"}),
    "drivers": frozenset({"drivers", "state"}),
    "facade": frozenset({"facade", "drivers", "state"}),
    "testing": frozenset({"testing", "facade", "drivers", "state"}),
    "cli": frozenset({"cli", "testing", "facade", "drivers", "state"}),
}

# What the machines may import from outside: words to write them with, nothing that could do or know anything.
STATE_MAY_IMPORT: Final = frozenset({"__future__", "collections", "collections.abc", "enum", "operator", "typing"})

# Nor may they reach the world, or tell two equal runs apart, without an import.
STATE_MAY_NOT_CALL: Final = frozenset({"__import__", "breakpoint", "eval", "exec", "id", "input", "open", "print"})

# All others may import the standard library, and these:
THIRD_PARTY: Final[dict[str, frozenset[str]]] = {
    "sansnet/drivers/trio.py": frozenset({"trio"}),
    "sansnet/state/compiled.py": frozenset({"mypy_extensions"}),  # for type checkers, and mypyc is one
    "sansnet/testing/": frozenset({"hypothesis", "pytest"}),
}

MAX_LINES: Final = 500
# Files that are longer, each with the reason why it isn't two files.
LONG_FILES: Final[dict[str, str]] = {
    "sansnet/state/socket.py": "every transition of a socket is in one file, and so is the theory of it",
}

TYPE_CHECKING: Final = frozenset({"TYPE_CHECKING", "typing.TYPE_CHECKING"})


# ------------------------------------------------------------------------------------------------ reading source files


class Import(NamedTuple):
    """One imported module, by its full name."""

    target: str
    line: int
    deferred: bool  # inside a function, or for type checkers: not done when the module is imported


def module_name(path: str) -> str:
    """The module in a file: 'sansnet/state/__init__.py' holds 'sansnet.state'."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def layer_of(module: str) -> str:
    """The layer that a module of this package belongs to."""
    part = (*module.split("."), "")[1]
    return "cli" if part == "__main__" else part if part in LAYERS else "facade"


def is_ours(module: str) -> bool:
    return module == "sansnet" or module.startswith("sansnet.")


def import_statements(node: ast.AST, deferred: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import statement below a node, and whether it is deferred."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, deferred
    elif isinstance(node, ast.If) and ast.unparse(node.test) in TYPE_CHECKING:
        for statement in node.body:
            yield from import_statements(statement, deferred=True)
        for statement in node.orelse:
            yield from import_statements(statement, deferred)
    else:
        in_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            yield from import_statements(child, deferred or in_function)


def imports_of(path: str, sources: Mapping[str, str]) -> list[Import]:
    """What a file imports. `from package import name` is told apart by whether package.name is a module in `sources`.

    That a package is imported before its modules is left out: it only means that the package has been entered.
    """
    modules = {module_name(other) for other in sources}
    package = module_name(path).split(".")
    if not path.endswith("/__init__.py"):
        package.pop()
    found = []
    for statement, deferred in import_statements(ast.parse(sources[path])):
        if isinstance(statement, ast.Import):
            targets = [alias.name for alias in statement.names]
        else:
            above = package[: len(package) + 1 - statement.level] if statement.level else []
            base = ".".join([*above, *filter(None, [statement.module])])
            members = [f"{base}.{alias.name}" for alias in statement.names]
            targets = [member if member in modules else base for member in members]
        found += [Import(target, statement.lineno, deferred) for target in dict.fromkeys(targets)]
    return found


# ---------------------------------------------------------------------------------------------------------- the checks


def layer_violations(sources: Mapping[str, str]) -> list[str]:
    """Imports that point upwards or outwards, deferred ones included: a type is a dependency too."""
    complaints = []
    for path in sorted(sources):
        layer = layer_of(module_name(path))
        guests = {name for prefix, names in THIRD_PARTY.items() if path.startswith(prefix) for name in names}
        for target, line, deferred in imports_of(path, sources):
            if is_ours(target):
                allowed = layer_of(target) in LAYERS[layer]
            elif layer == "state":
                allowed = target in STATE_MAY_IMPORT or (deferred and target in guests)
            else:
                allowed = target.split(".")[0] in sys.stdlib_module_names | guests
            if not allowed:
                complaints.append(f"{path}:{line}: {layer} may not import {target}")
    return complaints


def impure_calls(sources: Mapping[str, str]) -> list[str]:
    """Calls in the machines to builtins that need no import to leave them."""
    return [
        f"{path}:{node.lineno}: state may not call {node.func.id}()"
        for path, source in sorted(sources.items())
        if layer_of(module_name(path)) == "state"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in STATE_MAY_NOT_CALL
    ]


def import_cycle(sources: Mapping[str, str]) -> list[str]:
    """Modules that import one another in a circle while they are being imported, the first one repeated at the end."""
    modules = {module_name(path) for path in sources}
    graph = {
        module_name(path): sorted({i.target for i in imports_of(path, sources) if not i.deferred} & modules)
        for path in sorted(sources)
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle[::-1]  # graphlib lists the imported before the importer
    return []


def names_bound(body: list[ast.stmt]) -> Iterator[str]:
    """The names that a module's top level defines or imports, at run time or for type checkers."""
    for node in body:
        match node:
            case ast.ImportFrom(module="__future__"):
                pass
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name.split(".")[0] for alias in names)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.If(body=inner, orelse=other):
                yield from names_bound([*inner, *other])
            case _:
                pass


def export_order(name: str) -> tuple[bool, bool, str]:
    """CONSTANTS, then Classes, then functions: the order that ruff (RUF022) keeps as well."""
    return (not name.isupper(), not name[0].isupper(), name)


def export_violations(source: str) -> list[str]:
    """What is wrong with the `__all__` of a module: not a plain list of strings, out of order, or not what is there."""
    tree = ast.parse(source)
    lists = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in names_bound([node])
    ]
    try:
        [exported] = [ast.literal_eval(value) for value in lists if value is not None]
    except ValueError:
        return ["there must be one __all__, and it must be a literal"]
    public = {name for name in names_bound(tree.body) if not name.startswith("_") and name != "TYPE_CHECKING"}
    complaints = [f"{name} is public, and not in __all__" for name in sorted(public - set(exported))]
    complaints += [
        f"{name} is in __all__, and not defined" for name in sorted(set(exported) - {*names_bound(tree.body)})
    ]
    if list(exported) != sorted(set(exported), key=export_order):
        complaints.append("__all__ is not in order, or has a name twice")
    return complaints


def missing_test_modules(source_files: list[str], test_files: list[str]) -> list[str]:
    """The test modules that should be there: for each source module but `__init__` one of the same name."""
    return sorted({f"test_{name}" for name in source_files if name != "__init__.py"} - set(test_files))


def length_violations(sources: Mapping[str, str], long_files: Mapping[str, str]) -> list[str]:
    """Files that are too long without a reason, and reasons that no file needs."""
    too_long = {path: lines for path, text in sources.items() if (lines := len(text.splitlines())) >= MAX_LINES}
    return [
        *(f"{path} has {lines} lines" for path, lines in sorted(too_long.items()) if path not in long_files),
        *(f"{path} has a reason to be long, and isn't" for path in sorted(long_files) if path not in too_long),
    ]


# --------------------------------------------------------------------------------------------------- this repository


def read_sources(*folders: str) -> dict[str, str]:
    """The Python files under some folders, by their path from the repository's root."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(paths)}


SOURCES: Final = read_sources("sansnet")


def test_the_package_is_what_was_read() -> None:
    assert {"sansnet/__init__.py", "sansnet/state/__init__.py"} <= SOURCES.keys()
    assert {layer_of(module_name(path)) for path in SOURCES} >= {"state", "drivers", "facade", "cli"}


def test_dependencies_point_downwards() -> None:
    assert layer_violations(SOURCES) == []


def test_the_machines_call_nothing_impure() -> None:
    assert impure_calls(SOURCES) == []


def test_no_import_cycles() -> None:
    assert " imports ".join(import_cycle(SOURCES)) == ""


def test_the_public_names_are_listed() -> None:
    assert export_violations(SOURCES["sansnet/__init__.py"]) == []


def test_each_state_module_has_its_test_module() -> None:
    def names(folder: str) -> list[str]:
        return [path.name for path in (ROOT / folder).glob("*.py")]

    assert missing_test_modules(names("sansnet/state"), names("tests/state")) == []


def test_the_facade_knows_no_driver_but_the_contract() -> None:
    """Which one is used is chosen in one place, `default.py`."""
    sources = read_sources("sansnet")
    known = {
        path: sorted({target for target in targets if layer_of(target) == "drivers"} - {"sansnet.drivers.contract"})
        for path in sources
        if layer_of(module_name(path)) == "facade"
        for targets in [[each.target for each in imports_of(path, sources)]]
    }
    assert [path for path, drivers in known.items() if drivers] == ["sansnet/default.py"]


def test_files_are_short() -> None:
    assert length_violations(read_sources("sansnet", "tests", "benchmarks", "docs", "examples"), LONG_FILES) == []


# ------------------------------------------------------------------------------------------------- the checks can fail

SMALL: Final = {
    "sansnet/__init__.py": "from sansnet.socket import Socket",
    "sansnet/socket.py": "import asyncio\nfrom sansnet.drivers import selector\nfrom sansnet.state.link import Link",
    "sansnet/state/__init__.py": "",
    "sansnet/state/link.py": "import enum\nfrom collections.abc import Callable",
    "sansnet/drivers/selector.py": "import selectors",
}


@pytest.mark.parametrize(
    ("path", "source", "target"),
    [
        ("sansnet/state/read.py", "import time", "time"),
        ("sansnet/state/read.py", "import dataclasses", "dataclasses"),
        ("sansnet/state/read.py", "from random import random", "random"),
        ("sansnet/state/read.py", "import collections.nothing", "collections.nothing"),
        ("sansnet/state/read.py", "def f():\n import logging", "logging"),
        ("sansnet/state/read.py", "if True:\n import socket", "socket"),
        ("sansnet/state/read.py", "from sansnet.drivers import selector", "sansnet.drivers.selector"),
        ("sansnet/state/read.py", "from .. import socket", "sansnet.socket"),
        ("sansnet/state/read.py", "from ..socket import Socket", "sansnet.socket"),
        ("sansnet/state/__init__.py", "from ..socket import Socket", "sansnet.socket"),
        ("sansnet/state/read.py", "from sansnet import Socket", "sansnet"),
        ("sansnet/drivers/loop.py", "import sansnet.socket", "sansnet.socket"),
        ("sansnet/drivers/loop.py", "import trio", "trio"),
        ("sansnet/drivers/loop.py", "import numpy.linalg", "numpy.linalg"),
        (
            "sansnet/drivers/loop.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n from sansnet.pump import Pump",
            "sansnet.pump",
        ),
        ("sansnet/pump.py", "from sansnet.testing.trace import Trace", "sansnet.testing.trace"),
        ("sansnet/server.py", "import sansnet.cli", "sansnet.cli"),
        ("sansnet/testing/trace.py", "from sansnet.__main__ import main", "sansnet.__main__"),
    ],
)
def test_a_forbidden_import_is_found(path: str, source: str, target: str) -> None:
    assert layer_violations(SMALL) == []
    [complaint] = layer_violations(SMALL | {path: source})
    assert complaint.startswith(f"{path}:")
    assert complaint.endswith(f" may not import {target}")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("sansnet/state/read.py", "from __future__ import annotations\nfrom . import link\nfrom .link import Link"),
        ("sansnet/drivers/trio.py", "import trio.lowlevel"),
        ("sansnet/testing/strategies.py", "import hypothesis\nfrom sansnet import connect"),
        ("sansnet/__main__.py", "from sansnet.cli import main"),
        ("sansnet/cli/demo.py", "import sansnet.testing.simulation"),
    ],
)
def test_a_permitted_import_is_not_found(path: str, source: str) -> None:
    assert layer_violations(SMALL | {path: source}) == []


def test_an_impure_call_is_found_in_the_machines_only() -> None:
    source = "def f(self, id):\n    self.open()\n    return open(id)"
    assert impure_calls({"sansnet/state/read.py": source, "sansnet/pump.py": source}) == [
        "sansnet/state/read.py:3: state may not call open()"
    ]


@pytest.mark.parametrize(
    ("a", "b", "cycle"),
    [
        ("import sansnet.b", "import sansnet.a", True),
        ("from sansnet.b import f", "from sansnet import a", True),
        ("from .b import f", "from . import a", True),
        ("from .b import f", "try:\n from . import a\nexcept ImportError: pass", True),
        ("from .b import f", "class C:\n from . import a", True),
        ("from .b import f", "if TYPE_CHECKING:\n pass\nelse:\n from . import a", True),
        ("from .b import f", "if TYPE_CHECKING:\n from . import a", False),
        ("from .b import f", "if typing.TYPE_CHECKING:\n from . import a", False),
        ("from .b import f", "async def g():\n from . import a", False),
        ("from .b import f", "import enum", False),
    ],
)
def test_a_cycle_is_found(a: str, b: str, cycle: bool) -> None:
    found = import_cycle({"sansnet/__init__.py": "from sansnet.a import f", "sansnet/a.py": a, "sansnet/b.py": b})
    assert set(found) == ({"sansnet.a", "sansnet.b"} if cycle else set())
    assert not cycle or found[0] == found[-1]


def test_a_module_that_imports_a_name_from_its_own_package_is_a_cycle() -> None:
    cycle = import_cycle({"sansnet/__init__.py": "from sansnet.a import f", "sansnet/a.py": "from sansnet import f"})
    assert sorted(set(cycle)) == ["sansnet", "sansnet.a"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("from a import f", "must be a literal"),
        ("__all__ = sorted(globals())", "must be a literal"),
        ("__all__ = ['f']\n__all__ = ['f']\ndef f(): ...", "one __all__"),
        ("from a import f, g\n__all__ = ['f']", "g is public"),
        ("if TYPE_CHECKING:\n from a import f\n__all__ = []", "f is public"),
        ("class C: ...\n__all__ = []", "C is public"),
        ("import os\n__all__ = []", "os is public"),
        ("x: int = 1\n__all__ = []", "x is public"),
        ("from a import f as _f\n__all__ = ['f']", "f is in __all__"),
        ("from a import f, g\n__all__ = ['g', 'f']", "not in order"),
        ("from a import f\n__all__ = ['f', 'f']", "name twice"),
        ("from a import Abc, b, C_D\n__all__ = ['Abc', 'C_D', 'b']", "not in order"),
    ],
)
def test_a_bad_export_list_is_found(source: str, complaint: str) -> None:
    [found] = export_violations(source)
    assert complaint in found


def test_a_good_export_list_is_not_found() -> None:
    names = "from __future__ import annotations\nfrom a import Abc, C_D, f as b\n_hidden = 1\n__version__ = '1'"
    assert export_violations(f"{names}\n__all__ = ['C_D', 'Abc', '__version__', 'b']") == []


def test_a_missing_test_module_is_found() -> None:
    assert missing_test_modules(["__init__.py", "link.py", "read.py"], ["test_read.py", "test_more.py"]) == [
        "test_link.py"
    ]


def test_a_long_file_is_found_and_so_is_a_needless_reason() -> None:
    sources = {"short.py": "x\n" * (MAX_LINES - 1), "long.py": "x\n" * MAX_LINES}
    assert length_violations(sources, {}) == [f"long.py has {MAX_LINES} lines"]
    assert length_violations(sources, {"long.py": "a table"}) == []
    assert length_violations(sources, {"long.py": "a table", "short.py": "it was one"}) == [
        "short.py has a reason to be long, and isn't"
    ]
