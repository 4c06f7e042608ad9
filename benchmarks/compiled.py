"""The compiled build of these sources, in build/wheel, beside the checkout itself: `make build/wheel`.

    python -m benchmarks.compiled MODULE [ARGUMENT...]

runs a module of the benchmarks on it: its package comes before the checkout's.
"""

from __future__ import annotations

import filecmp
import runpy
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

__all__ = ["command", "missing"]

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "build" / "wheel"


def missing() -> str:
    """Why it can't be measured; "" when it can. The wheel has the sources that it was made of, which must be ours."""
    if not any((FOLDER / f"sansnet/state/socket{suffix}").exists() for suffix in EXTENSION_SUFFIXES):
        return "make build/wheel would build it"
    ours = sorted(path.relative_to(ROOT) for path in (ROOT / "sansnet").rglob("*.py"))
    for path in ours:
        made_of = FOLDER / path
        if not made_of.exists() or not filecmp.cmp(made_of, ROOT / path, shallow=False):
            return f"{path} has changed since it was built; make build/wheel would build it anew"
    return ""


def command(module: str, *arguments: str) -> list[str]:
    """What runs a module on it. The working directory is the project's."""
    return [sys.executable, "-m", "benchmarks.compiled", module, *arguments]


def enter() -> None:
    """Let this process import it. Raises RuntimeError when what comes is anything else."""
    sys.path.insert(0, str(FOLDER))
    import sansnet.state.socket

    found = Path(sansnet.state.socket.__file__)
    if found.suffix == ".py" or not found.is_relative_to(FOLDER):
        raise RuntimeError(f"this should be the compiled build, not {found}")


if __name__ == "__main__":
    enter()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
