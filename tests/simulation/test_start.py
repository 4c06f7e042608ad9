"""What the kit costs those who don't use it: pytest loads the plugin in every suite, and imports take time."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import sansnet.testing

ROOT = Path(__file__).resolve().parent.parent.parent


def modules_after(code: str, folder: Path = ROOT) -> set[str]:
    """The modules that Python has imported when this code is done, in a process of its own."""
    code += "; import json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_plugin_alone_imports_nothing_of_the_package() -> None:
    extra = modules_after("import pytest, pytest_sansnet") - modules_after("import pytest")
    assert extra == {"pytest_sansnet"}


def test_a_suite_without_simulations_never_imports_the_package(tmp_path: Path) -> None:
    """`pytest` finds the plugin by its entry point, and runs tests under it."""
    (tmp_path / "test_plain.py").write_text(
        "import sys\n\ndef test_plain(request):\n"
        "    assert request.config.pluginmanager.has_plugin('sansnet')\n"
        "    assert [name for name in sys.modules if name.split('.')[0] == 'sansnet'] == []\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", tmp_path], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_who_simulates_needs_no_models() -> None:
    imported = modules_after("from sansnet.testing import Faults, Simulation, campaign")
    assert "sansnet.testing.simulation" in imported
    assert imported.isdisjoint(f"sansnet.testing.{name}" for name in ("explore", "models", "parallel", "trace_svg"))


def test_all_names_are_where_the_table_says() -> None:
    source = Path(sansnet.testing.__file__).read_text(encoding="utf-8")
    block = next(node for node in ast.parse(source).body if isinstance(node, ast.If))
    typed = {
        alias.name: statement.module
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert typed == sansnet.testing._HOME_OF  # noqa: SLF001
    assert sorted(typed) == sorted(sansnet.testing.__all__)
    for name in sansnet.testing.__all__:
        assert getattr(sansnet.testing, name) is not None
    assert set(sansnet.testing.__all__) <= set(dir(sansnet.testing))


@pytest.mark.parametrize("name", ["campaign", "explore"])
def test_a_module_does_not_take_the_place_of_its_function(name: str) -> None:
    """Whatever is imported first, and last."""
    modules_after(f"import sansnet.testing.{name}; from sansnet.testing import {name}; assert callable({name})")
    modules_after(f"from sansnet.testing import {name}; import sansnet.testing.{name} as it; assert callable(it)")


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(ImportError, match="simulate"):
        from sansnet.testing import simulate  # type: ignore[attr-defined]  # noqa: F401
    with pytest.raises(AttributeError, match=r"module 'sansnet\.testing' has no attribute 'simulate'"):
        _ = sansnet.testing.simulate  # type: ignore[attr-defined]
