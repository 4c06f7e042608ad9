"""The types of the public interface, as mypy and pyright see them in a program of a user's: both of them strict.

`accepted/` has correct uses of everything public; no checker may have anything to say about them. In `rejected/` each
line that is wrong ends with

    # error: <part of mypy's message> | <part of pyright's>

where the name of the rule is part of the message. Exactly those lines are rejected, by both. The files are copied into
an empty folder, so that the package is found as it is installed, by its `py.typed`.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from sansnet import signatures
from sansnet.options import CONNECT_OPTIONS, LISTEN_OPTIONS, SERVER_OPTIONS, SOCKET_OPTIONS
from tests.parity.members import MEMBERS

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
ACCEPTED: Final = sorted((HERE / "accepted").glob("*.py"))
REJECTED: Final = sorted((HERE / "rejected").glob("*.py"))

_MARK: Final = re.compile(r"# error: (?P<mypy>\S.*) \| (?P<pyright>\S.*)$")


class Place(NamedTuple):
    """A line of a file, the latter with its folder."""

    file: str
    line: int


Complaints = Mapping[Place, list[str]]


# --------------------------------------------------------------------------------------------------------- the checkers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("user")
    for part in ("accepted", "rejected"):
        shutil.copytree(HERE / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def output_of(*command: str | Path, cwd: Path) -> str:
    """What a checker says; 0 and 1 mean that it has done its work."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def mypy(folder: Path) -> Complaints:
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\n")  # and nothing of what this repository wants
    found: dict[Place, list[str]] = defaultdict(list)
    out = output_of(
        *(sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--output", "json", "accepted", "rejected"),
        cwd=folder,
    )
    for line in out.splitlines():
        said = json.loads(line)
        if said["severity"] == "error":
            place = Place(Path(said["file"]).as_posix(), said["line"])
            found[place].append(f"{said['message']} [{said['code']}]")
    return found


@pytest.fixture(scope="module")
def pyright(folder: Path) -> Complaints:
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict", "include": ["."]}))
    found: dict[Place, list[str]] = defaultdict(list)
    out = output_of(*(sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--outputjson"), cwd=folder)
    for said in json.loads(out)["generalDiagnostics"]:
        file = Path(said["file"]).relative_to(folder.resolve()).as_posix()
        found[Place(file, said["range"]["start"]["line"] + 1)].append(f"{said['message']} [{said.get('rule', '')}]")
    return found


def expected(checker: str) -> dict[Place, str]:
    """What a checker must say at the marked lines."""
    return {
        Place(f"rejected/{path.name}", number): mark[checker]
        for path in REJECTED
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (mark := _MARK.search(line))
    }


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_what_is_right_is_accepted(checker: str, request: pytest.FixtureRequest) -> None:
    said: Complaints = request.getfixturevalue(checker)
    assert {place: texts for place, texts in said.items() if place.file.startswith("accepted/")} == {}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_what_is_wrong_is_rejected(checker: str, request: pytest.FixtureRequest) -> None:
    said: Complaints = request.getfixturevalue(checker)
    rejected = {place: texts for place, texts in said.items() if place.file.startswith("rejected/")}
    wanted = expected(checker)
    assert sorted(rejected) == sorted(wanted)
    assert [place for place, text in wanted.items() if not any(text in said for said in rejected[place])] == []


# ----------------------------------------------------------------------------------------------------------- the files


def words_in(source: str) -> Iterator[str]:
    """Every name, attribute, keyword and text of a program."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.alias(name=name):
                yield name
            case ast.Constant(value=str(text)):
                yield text
            case _:
                pass


def test_everything_public_is_used() -> None:
    used = {word for path in ACCEPTED for word in words_in(path.read_text(encoding="utf-8"))}
    wanted = {member.name for member in MEMBERS if not member.name.startswith("__")}
    assert wanted - used == set()
    assert set(signatures.__all__) - used - MODELS == set()


MODELS: Final = {"connect", "create_server", "end", "listen", "server_init", "socket_connect", "typed_as", "write"}
"""What the signatures are made with."""


def test_nothing_is_excused() -> None:
    assert [path.name for path in (*ACCEPTED, *REJECTED) if "type: ignore" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (signatures.SocketOptions, SOCKET_OPTIONS),
        (signatures.ConnectOptions, CONNECT_OPTIONS),
        (signatures.ConnectAllOptions, CONNECT_OPTIONS | SOCKET_OPTIONS),
        (signatures.ServerOptions, SERVER_OPTIONS),
        (signatures.ListenOptions, LISTEN_OPTIONS),
    ],
)
def test_the_typed_options_are_those_that_are_taken(options: Any, names: frozenset[str]) -> None:
    assert set(options.__required_keys__ | options.__optional_keys__) == names


def test_a_wheel_says_that_it_is_typed(tmp_path: Path) -> None:
    output_of(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=ROOT)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {"sansnet/py.typed", "pytest_sansnet.py"} <= {*archive.namelist()}
        assert not [name for name in archive.namelist() if name.startswith("tests/")]
