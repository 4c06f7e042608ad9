"""The compiled build: what is compiled there, and that a traceback still names the line.

`make test-compiled` runs all tests on it, and says so by SANSNET_COMPILED=1.
"""

from __future__ import annotations

import traceback
from importlib import import_module, util
from pathlib import Path
from types import ModuleType

import pytest

from sansnet.state import Misuse, SocketMachine
from tests.builds import COMPILED

ROOT = Path(__file__).resolve().parents[1]


def build_hook() -> ModuleType:
    """`hatch_build.py`, which is no module of the package."""
    spec = util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    hook = util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    return hook


def modules() -> list[str]:
    """What it compiles, by the modules' names."""
    return [path.removesuffix(".py").replace("/", ".") for path in build_hook().COMPILED]


@pytest.mark.parametrize("module", modules())
def test_what_shall_be_compiled_is(module: str) -> None:
    """And nothing else is: an old build beside the sources would be tested in their place."""
    file = import_module(module).__file__
    assert file is not None
    assert file.endswith(".py") is not COMPILED


def test_a_traceback_names_file_and_line() -> None:
    machine = SocketMachine()
    with pytest.raises(Misuse) as raised:
        machine.sent(True)
    places = {(Path(each.filename).name, each.name) for each in traceback.extract_tb(raised.value.__traceback__)}
    assert ("socket.py", "sent") in places
    lines = (ROOT / "sansnet/state/socket.py").read_text(encoding="utf-8").splitlines()
    [number] = [
        each.lineno for each in traceback.extract_tb(raised.value.__traceback__) if each.name == "sent" and each.lineno
    ]
    assert "_expect" in lines[number - 1]


def test_an_editable_install_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    hook = build_hook().CompilingHook(str(ROOT), {}, None, None, "", "wheel")
    monkeypatch.setenv("SANSNET_COMPILE", "1")
    assert [name.split("[")[0].split(">")[0] for name in hook.dependencies()] == ["mypy", "setuptools"]
    with pytest.raises(ValueError, match="an editable install runs the sources"):
        hook.initialize("editable", {})
    monkeypatch.setenv("SANSNET_COMPILE", "0")
    assert hook.dependencies() == []
    data = {"pure_python": True}
    hook.initialize("standard", data)
    assert data == {"pure_python": True}
