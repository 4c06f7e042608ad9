"""The thread's own driver at the end of the process: what is left is closed, and who forgot `run()` is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loopback import HAS_PATHS, child_environment

FORGOTTEN = "ResourceWarning: sansnet.run() was never called: its servers and sockets have done nothing"
SERVER = "server = sansnet.create_server().listen(0, '127.0.0.1')\n"


def python(program: str, *options: str) -> tuple[int, str, str]:
    """The exit code of a program that uses sansnet, and what it printed, but for asyncio's words of a slow machine."""
    done = subprocess.run(
        [sys.executable, *options, "-c", f"import sansnet, sys\n{program}"],
        env=child_environment(dict(os.environ)),
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    stderr = "".join(line for line in done.stderr.splitlines(keepends=True) if not line.startswith("Executing <"))
    return done.returncode, done.stdout, stderr


@pytest.mark.parametrize(
    "program",
    [
        SERVER,
        "sansnet.connect(1, '127.0.0.1')",
        "sansnet.call_later(1, print)",
        SERVER + "sys.exit()",
        SERVER + "server.close()",  # nobody hears 'close'
        "import asyncio\n" + SERVER + "async def main(): ...\nasyncio.run(main())",
    ],
)
def test_a_forgotten_run_is_told_of(program: str) -> None:
    code, stdout, stderr = python(program, "-X", "dev")
    assert (code, stdout) == (0, "")
    assert stderr.splitlines()[0].endswith(f": {FORGOTTEN}")  # after a place, of which each Python has its own idea
    assert "unclosed" not in stderr
    assert python(program) == (0, "", ""), "as all such warnings, only to those who want it"


@pytest.mark.parametrize(
    "program",
    [
        "",
        "sansnet.default_driver()",
        "sansnet.Socket(); sansnet.create_server()",
        SERVER + "server.unref(); sansnet.run()",
        SERVER + "sansnet.call_later(0, sys.exit)\ntry: sansnet.run()\nexcept SystemExit: print('left')",
        SERVER + "sansnet.default_driver().step(0)",
        SERVER + "sansnet.default_driver().close()",
        "import asyncio\nasync def main():\n    " + SERVER + "asyncio.run(main())",
    ],
)
def test_nothing_is_said_and_nothing_is_left_open_otherwise(program: str) -> None:
    code, stdout, stderr = python(program, "-X", "dev", "-W", "error")
    assert (code, stdout.strip(), stderr) == (0, "left" if "left" in program else "", "")


def test_who_never_came_to_it_has_not_forgotten_it() -> None:
    code, _, stderr = python(SERVER + "1 / 0", "-X", "dev")
    assert (code, stderr.splitlines()[-1]) == (1, "ZeroDivisionError: division by zero")


@pytest.mark.skipif(not HAS_PATHS, reason="no Unix domain sockets here")
def test_a_path_is_removed_at_the_end_but_not_by_a_child(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    program = f"""
import os
server = sansnet.create_server().listen({str(path)!r})
sansnet.default_driver().step(0)
if not os.fork():
    sys.exit()
os.wait()
print(os.path.exists({str(path)!r}))
client = sansnet.connect({str(path)!r}, lambda: (print("connected"), sys.exit()))
sansnet.run()
"""
    assert python(program) == (0, "True\nconnected\n", "")
    assert not path.exists()
