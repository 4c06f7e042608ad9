"""docs/node-parity.md says the truth: each public member has a row, and in each row stands what shows it.

The page itself is compared with what it should be in test_docs.py.
"""

from __future__ import annotations

import ast
import difflib
from pathlib import Path
from typing import Final

import pytest

import sansnet
from sansnet.events import Emitter
from sansnet.options import CONNECT_OPTIONS, LISTEN_OPTIONS, SERVER_OPTIONS, SOCKET_OPTIONS
from sansnet.signatures import BoundSocketOptions
from tests.node.catalogue import IDS
from tests.node.differences import DELIBERATE, told_differences
from tests.node.words import call, callback, connect, keywords, listening, on, scenario, settle
from tests.parity.evidence import ALWAYS_LOOKED_AT, evidence, marks, marks_in, used_in
from tests.parity.members import INTERNAL, MEMBERS, OWNERS, SPELLED, resolve

PACKAGE: Final = Path(sansnet.__file__).parent

OPTIONS: Final = {
    "Socket": SOCKET_OPTIONS,
    "connect": CONNECT_OPTIONS,
    "Server": SERVER_OPTIONS,
    "listen": LISTEN_OPTIONS,
    "BoundSocket": BoundSocketOptions.__optional_keys__,
}
EMITTED_IN: Final = {"Socket": ("duplex.py", "socket.py", "stream.py"), "Server": ("server.py",)}

# Methods that Python calls, and that are part of the interface where a class has them.
PROTOCOLS: Final = frozenset(
    {"__aenter__", "__aiter__", "__await__", "__contains__", "__enter__", "__eq__", "__hash__", "__iter__", "__len__"}
)


def names(owner: str, *kinds: str) -> set[str]:
    """The members of that owner in the list."""
    return {member.name for member in MEMBERS if member.owner == owner and member.kind in kinds}


def class_of(owner: str) -> type | None:
    found: type | None = Emitter if owner == "Emitter" else getattr(sansnet, owner, None)
    return found if isinstance(found, type) else None


def public(cls: type) -> set[str]:
    """What users see of a class. What sockets and servers have as emitters is told once."""
    found = {name for base in cls.__mro__ if base is not object for name in vars(base)}
    shown = {name for name in found if not name.startswith("_") or name in PROTOCOLS}
    return shown - set(dir(Emitter)) if issubclass(cls, Emitter) and cls is not Emitter else shown


def emitted(file: str) -> set[str]:
    """The events that a module emits."""
    tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "emit"
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }


# ------------------------------------------------------------------------------------------------- the list is complete


def test_nothing_is_listed_twice() -> None:
    assert len(SPELLED) == len(MEMBERS)


def test_the_names_of_the_package() -> None:
    assert names("", "name") == set(sansnet.__all__)


@pytest.mark.parametrize("owner", [owner for owner in OWNERS if class_of(owner)])
def test_the_members_of_a_class(owner: str) -> None:
    cls = class_of(owner)
    assert cls is not None
    internal = {name.partition(".")[2] for name in INTERNAL if name.partition(".")[0] == owner}
    assert names(owner, "method", "property") == public(cls) - internal
    assert internal <= public(cls)


@pytest.mark.parametrize("owner", OPTIONS)
def test_the_options(owner: str) -> None:
    assert names(owner, "option") == OPTIONS[owner]


@pytest.mark.parametrize("owner", EMITTED_IN)
def test_the_events(owner: str) -> None:
    assert names(owner, "event") == set().union(*[emitted(file) for file in EMITTED_IN[owner]])


# -------------------------------------------------------------------------------------------------- the rows are filled


def test_each_row_says_who_shows_it() -> None:
    shown = {name for name, found in evidence().items() if found.scenarios or found.tests}
    shown |= ALWAYS_LOOKED_AT | told_differences(DELIBERATE).keys()
    assert {*SPELLED, *IDS} - shown == set()


def test_each_mark_names_something() -> None:
    known = [*SPELLED, *IDS]
    wrong = [mark for mark in marks() if mark.name not in IDS and resolve(mark.name) is None]
    assert [
        f"tests/{mark.file}:{mark.line}: {mark.name!r}; the nearest are {difflib.get_close_matches(mark.name, known)}"
        for mark in wrong
    ] == []


def test_each_listed_difference_is_one_of_the_catalogue() -> None:
    assert told_differences(DELIBERATE).keys() <= set(IDS)


# ---------------------------------------------------------------------------------------------------- how it is found


def test_marks_are_found_wherever_they_stand() -> None:
    source = """
pytestmark = pytest.mark.covers("A-01")

@pytest.mark.covers("A-02", "Socket.write")
def test_one():
    "[A-03, A-04] A sentence."

class TestTwo:
    @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.covers("A-05"))])
    @pytest.mark.covers(NAME)
    async def test_three(self): ...

def helper():
    "[A-06] It tests nothing."
"""
    assert [(mark.name, mark.line, mark.test) for mark in marks_in("file.py", source)] == [
        ("A-01", 2, ""),
        ("A-03", 5, "test_one"),
        ("A-04", 5, "test_one"),
        ("A-02", 4, "test_one"),
        ("Socket.write", 4, "test_one"),
        ("A-05", 9, "test_three"),
        ("NAME", 10, "test_three"),
    ]


def test_what_a_scenario_uses() -> None:
    played = scenario(
        "all sorts of things",
        "",
        listening(pause_on_connect=True),
        connect(no_delay=True),
        on("s1.end", call("s1.write", "late", callback("written", call("c.pause")))),
        call("t.no_such_object"),
        call("net.is_ip", "1.2.3.4"),
        call("s.listen", keywords(backlog=5)),
        settle("s1.end", "c.written"),
    )
    assert sorted(used_in(played)) == [
        "Server 'listening'",
        "Server(pause_on_connect)",
        "Server.listen",
        "Socket 'end'",
        "Socket(no_delay)",
        "Socket.pause",
        "Socket.write",
        "connect",
        "connect(host)",
        "connect(port)",
        "create_server",
        "is_ip",
        "listen(backlog)",
    ]


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Socket.write", "Socket.write"),
        ("Server.once", "Emitter.once"),
        ("once", "once"),
        ("Socket 'drain'", "Socket 'drain'"),
        ("Socket.drain", "Socket 'drain'"),
        ("connect.lookup", "connect(lookup)"),
        ("listen(backlog)", "listen(backlog)"),
        ("Server.listen(backlog)", "listen(backlog)"),
        ("Server.close(timeout)", "Server.close"),
        ("Server.closer(timeout)", None),
        ("Socket.timeout", "Socket.timeout"),  # a property, and so no longer the event or the option
        ("Socket.finish", "Socket 'finish'"),
        ("Socket.close", "Socket 'close'"),
        ("Server.lookup", None),
        ("connect.", None),
        ("A-01", None),
    ],
)
def test_what_a_mark_means(name: str, spelled: str | None) -> None:
    member = resolve(name)
    assert (member.spelled if member else None) == spelled


def test_listed_differences_are_read(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n- **A-09** not here\n\n## One\n\nText.\n\n- **A-01**: it\n  goes on.\n- no id\n")
    with page.open("a") as more:
        more.write("\n## Two\n\n- **A-02**, **A-03** and **A-04** | all.\n- A-05 isn't bold.\n")
    found = told_differences(page)
    assert {name: tuple(told) for name, told in found.items()} == {
        "A-01": ("One", "it goes on."),
        "A-02": ("Two", "| all."),
        "A-03": ("Two", "| all."),
        "A-04": ("Two", "| all."),
    }
    with page.open("a") as more:
        more.write("- **A-01** again.\n")
    with pytest.raises(AssertionError, match="A-01 twice"):
        told_differences(page)
