"""Where a model, a scenario or a maker is found: "package.module:NAME", or "path/to/file.py:NAME"."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

__all__ = ["Nowhere", "find", "spelled", "written"]

_by_path: Final[dict[str, str]] = {}
"""Modules that may not be found but by their path, each with that."""


class Nowhere(LookupError):
    """There is no such thing, or what it is in can't be imported."""


def find(words: str, form: str = "MODULE:NAME") -> Any:
    """What is there. A name may have dots. form: how an error says it should have been written.

    Raises Nowhere, also for whatever a module raises that is imported.
    """
    place, colon, name = words.rpartition(":")
    is_path = place.endswith(".py") or "/" in place or os.sep in place
    if not colon or not place or not name:
        hint = f"; which one in it? {words}:NAME" if words.endswith(".py") else ""
        raise Nowhere(f"{words!r} is no {form}, and no FILE.py:NAME{hint}")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python -m` has it, and an installed script hasn't
    try:
        module = _module_at(place) if is_path else place
        found: Any = importlib.import_module(module)
        if is_path:
            _check(found, place)
        for part in name.split("."):
            found = getattr(found, part)
    except (Nowhere, KeyboardInterrupt):
        raise
    except BaseException as error:  # a module may raise what it likes: SystemExit, pytest.skip(), …
        raise Nowhere(f"{words} can't be imported: {type(error).__name__}: {error}") from error
    return found


def spelled(module: str) -> str:
    """How a module is to be named on a command line, in the folder that this process is in."""
    return _by_path.get(module, module)


def written(file: Path, folder: Path) -> str:
    """How a file below a folder is to be named there: as a module, if the folder is where it is imported from."""
    dotted = _dotted(file, folder)
    return dotted if dotted is not None and _root_of(file) == folder else file.relative_to(folder).as_posix()


def _module_at(path: str) -> str:
    """The name under which Python imports a file: as seen from here if it is below, else as seen from its folder."""
    file = Path(path).resolve()
    if file.suffix != ".py" or not file.is_file():
        raise Nowhere(f"there is no file {path} with Python in it")
    here, root = Path.cwd().resolve(), _root_of(file)
    module = _dotted(file, here)
    if module is None:
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        module = ".".join(file.relative_to(root).with_suffix("").parts)
    elif root != here and str(root) not in sys.path:
        sys.path.append(str(root))  # what stands beside it: `import helpers` works in pytest, and where the file is run
    if root != here:
        _by_path[module] = path
    return module


def _dotted(file: Path, folder: Path) -> str | None:
    """The module that a file is, as seen from a folder above it."""
    if not file.is_relative_to(folder):
        return None
    parts = file.relative_to(folder).with_suffix("").parts
    return ".".join(parts) if all(part.isidentifier() for part in parts) else None


def _root_of(file: Path) -> Path:
    """The folder that a file, or the package that it is in, lies in."""
    root = file.parent
    while (root / "__init__.py").exists():
        root = root.parent
    return root


def _check(module: ModuleType, path: str) -> None:
    """Raise Nowhere if another module has taken the name."""
    there = getattr(module, "__file__", None)
    if there is None or Path(there).resolve() != Path(path).resolve():
        raise Nowhere(f"{path} can't be imported: Python takes {module.__name__} for {there or 'a part of itself'}")
