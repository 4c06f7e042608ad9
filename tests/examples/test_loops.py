"""The examples in other people's loops: they run, and their adapters pass the conformance kit.

Toolkits are needed for that: Tk with a display (Xvfb), PySide6, and PyGObject in some Python of this machine.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.examples.programs import running

ROOT = Path(__file__).resolve().parents[2]


def lacks(what: str) -> None:
    """Skip, and in CI fail: there everything is to be had."""
    message = f"needs {what}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def need_module(name: str, what: str) -> None:
    if importlib.util.find_spec(name) is None:
        lacks(what)


@functools.cache
def python_with_glib() -> str | None:
    """PyGObject has no wheel; Debian has it for its own Python."""
    for python in (sys.executable, "/usr/bin/python3"):
        script = "import sys; from gi.repository import GLib; sys.exit(sys.version_info < (3, 11))"
        try:
            if not subprocess.run([python, "-c", script], capture_output=True, check=False).returncode:
                return python
        except OSError:
            continue
    return None


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# ------------------------------------------------------------------------------------------------------- the programs


@pytest.mark.skipif(sys.platform != "linux", reason="needs epoll")
def test_in_a_loop_that_watches_one_descriptor() -> None:
    with running("in_epoll") as program:
        assert program.rest() == ["hello out of epoll"]


def test_in_qt() -> None:
    need_module("PySide6", "PySide6 (the extra 'qt')")
    with running("in_qt") as program:
        assert program.rest() == ["hello out of Qt"]


def test_in_tk_beside_a_window(need_program: Callable[[str], str]) -> None:
    need_module("_tkinter", "Tk")
    xvfb = need_program("xvfb-run")
    assert run(xvfb, "-a", sys.executable, "-m", "examples.in_tk") == "hello out of Tk\n"


def test_in_glib() -> None:
    python = python_with_glib()
    if python is None:
        lacks("PyGObject (Debian: python3-gi)")
        return
    assert run(python, "-m", "examples.in_glib") == "hello out of GLib\n"


# -------------------------------------------------------------------------------------------------------- the adapters


def conforms(python: str, maker: str, *options: str) -> None:
    told = run(python, "-m", "sansnet.testing.conformance", f"tests.drivers.foreign:{maker}", *options)
    assert told.splitlines()[-1].endswith(" passed")
    assert int(told.splitlines()[-1].split()[0]) > 200


def test_tk_conforms() -> None:
    need_module("_tkinter", "Tk")
    conforms(sys.executable, "tk", "--without", "many")  # Tcl waits with select()


def test_qt_conforms() -> None:
    need_module("PySide6", "PySide6 (the extra 'qt')")
    conforms(sys.executable, "qt")


def test_glib_conforms() -> None:
    python = python_with_glib()
    if python is None:
        lacks("PyGObject (Debian: python3-gi)")
        return
    conforms(python, "glib")
