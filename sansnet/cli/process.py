"""`python -m sansnet echo` as a process of its own, for as long as a block lasts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

__all__ = ["EchoProcess"]

_PATIENCE: Final = 20.0  # seconds for a process to start or to end
_ROOT: Final = Path(__file__).resolve().parent.parent.parent


class EchoProcess:
    """The server. `place` is where it says that it listens; `status` is its exit code, once the block is over."""

    def __init__(self, *arguments: str) -> None:
        """Start it, and wait for its line. Raises RuntimeError if none comes."""
        # The same package that we are: from a checkout, too, which isn't installed, and whatever the working folder.
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sansnet", "echo", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        self.status: int | None = None
        try:
            self.place = self._where_it_listens()
        except BaseException:
            self.stop()
            raise

    def _where_it_listens(self) -> str:
        assert self._process.stdout is not None, "it was started with a pipe"
        limit = threading.Timer(_PATIENCE, self._process.kill)
        limit.start()
        try:
            line = self._process.stdout.readline()
        finally:
            limit.cancel()
        words, _, place = line.rstrip("\n").partition(" on ")
        if words != "listening":
            raise RuntimeError(f"the echo server did not start; it said {line!r}")
        return place

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def stop(self) -> None:
        """Ask it to end (SIGTERM), and see that it does."""
        if self.status is None:
            self._process.terminate()
            try:
                self.status = self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self.status = self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()

    @property
    def ended_well(self) -> bool:
        """Did it end as it should when it is asked to? Windows ends a process without asking it."""
        return self.status == 0 or (sys.platform == "win32" and self.status == signal.SIGTERM)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
