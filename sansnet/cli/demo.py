"""`python -m sansnet demo`: see it work, and have it verified.

Two echo servers run as processes of their own, one on TCP, one on a Unix domain socket. Real files and 64 MiB of random
bytes go through both, and every byte that comes back is checked. Then the less happy moments of a connection: idle,
reset, refused.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from .. import AddressInfo, Socket, __version__, connect, create_server, using
from ..drivers.selector import SelectorDriver
from .process import EchoProcess
from .screen import Progress, Screen, table
from .transfer import Break, Transfer
from .words import DONE, FAILED, complain, reason, size

__all__ = ["add_to"]

CHUNK: Final = 65536
LARGE: Final = 64 << 20
LIMIT: Final = 60.0
"""Seconds after which a part of the demonstration counts as failed."""

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_HEAD: Final = ("what", "over", "bytes", "time", "MiB/s", "drains", "sha256")
_NUMERIC: Final = frozenset({"bytes", "time", "MiB/s", "drains"})
_DETAILS: Final = """\
Takes some ten seconds, needs no network but this machine, and leaves nothing behind. Exit code 0: everything that was
shown was verified; 1: something was not as it should be, and the last lines say what; 4: the command line makes no
sense; 130: Ctrl-C.
"""

Target = dict[str, Any]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command to argparse."""
    parser = commands.add_parser(
        "demo",
        help="see it work: files and 64 MiB through an echo server, verified",
        description="Send files and 64 MiB of random bytes through echo servers, over TCP and over a Unix domain "
        "socket, to a slow reader; show what happens in the life of a connection; verify all of it.",
        epilog=_DETAILS,
    )
    parser.set_defaults(run=lambda _arguments: _run())


def _run() -> int:
    with tempfile.TemporaryDirectory(prefix="sansnet-") as folder, SelectorDriver() as driver, using(driver):
        try:
            return _Demo(Screen(sys.stdout), driver, Path(folder)).show()
        except (RuntimeError, TimeoutError) as error:
            complain(str(error))
            return FAILED


class _Demo:
    """The parts, in order; and what was claimed and did not hold."""

    def __init__(self, screen: Screen, driver: SelectorDriver, folder: Path) -> None:
        self._screen = screen
        self._driver = driver
        self._folder = folder
        self._rows: list[tuple[str, ...]] = []
        self._disproved: list[str] = []

    def show(self) -> int:
        """All of it. Returns the exit code."""
        self._screen.say(f"sansnet {__version__} on Python {platform.python_version()}, {sys.platform}")
        self._over_tcp()
        if hasattr(socket, "AF_UNIX"):
            self._over_a_path()
        else:
            self._screen.title("This Python has no Unix domain sockets: that part is left out")
        self._reset()
        self._refused()
        for line in ("", *table(_HEAD, self._rows, _NUMERIC), ""):
            self._screen.say(line)
        for claim in self._disproved:
            self._screen.say(f"NOT SO: {claim}")
        if not self._disproved:
            self._screen.say("Everything was verified.")
        return FAILED if self._disproved else DONE

    # -- the servers

    def _over_tcp(self) -> None:
        with EchoProcess("--port", "0") as server:
            self._screen.title(f"TCP: an echo server, process {server.pid}, listens on {server.place}")
            target: Target = {"host": "127.0.0.1", "port": int(server.place.rpartition(":")[2])}
            self._transfers("TCP", target)
            self._idle(target)
        self._check(
            server.ended_well, f"the server over TCP ended well when it was asked to (exit code {server.status})"
        )

    def _over_a_path(self) -> None:
        path = self._folder / "echo.sock"
        with EchoProcess("--path", str(path)) as server:
            self._screen.title(f"Unix domain socket: an echo server, process {server.pid}, listens on {server.place}")
            self._transfers("Unix", {"path": str(path)})
        self._check(
            server.ended_well, f"the server over a path ended well when it was asked to (exit code {server.status})"
        )
        self._check(not path.exists(), "the server removed its path when it was asked to stop")

    # -- bytes through them

    def _transfers(self, over: str, target: Target) -> None:
        readme = _PACKAGE.parent / "README.md"
        if readme.is_file():  # not so when the package is installed
            self._files(readme.name, over, target, [readme])
        self._files("the sources", over, target, sorted(_PACKAGE.rglob("*.py")))
        self._random(over, target)

    def _files(self, what: str, over: str, target: Target, paths: list[Path]) -> None:
        """Each file over a connection of its own, all of them at once."""
        began = time.monotonic()
        transfers = [Transfer(target, _chunks_of(path)) for path in paths]
        self._until(lambda: all(transfer.is_over for transfer in transfers))
        count = f"{len(paths)} connections at once" if len(paths) > 1 else "one connection"
        self._screen.say(f"{what}: {count}")
        self._account(what, over, transfers, time.monotonic() - began)

    def _random(self, over: str, target: Target) -> None:
        """So many bytes that every buffer on the way is full, to a reader that is slow on purpose."""
        pause = Break(1 << 20, 0.02, self._driver.call_later)
        self._screen.say(
            f"{size(LARGE)} at random: the reader takes a break of {pause.seconds:g} s after each {size(pause.after)}"
        )
        progress = Progress(self._screen, LARGE)
        chunks = (os.urandom(CHUNK) for _ in range(LARGE // CHUNK))
        transfer = Transfer(target, chunks, reader=pause, at=progress.at, say=self._screen.say)
        self._until(lambda: transfer.is_over)
        progress.over()
        self._account("random, slow reader", over, [transfer], transfer.seconds)
        self._check(transfer.drains > 0, f"the slow reader over {over} made write() say False, and 'drain' came")

    def _account(self, what: str, over: str, transfers: list[Transfer], seconds: float) -> None:
        intact = all(transfer.is_intact for transfer in transfers)
        count = sum(transfer.received for transfer in transfers)
        drains = sum(transfer.drains for transfer in transfers)
        rate = count / (1 << 20) / seconds
        self._rows.append(
            (what, over, size(count), f"{seconds:.3f} s", f"{rate:.1f}", str(drains), "ok" if intact else "WRONG")
        )
        self._check(intact, f"{what} over {over} came back intact{_errors_of(transfers)}")

    # -- the less happy moments

    def _idle(self, target: Target) -> None:
        self._screen.title("Idle: set_timeout(0.25), and nobody says a word")
        client, life = self._watched(target)
        self._until(lambda: "connect" in life)  # the time runs before that, too, and a busy machine may need more of it
        client.set_timeout(0.25)
        began = time.monotonic()
        self._until(lambda: "timeout" in life)
        passed = time.monotonic() - began
        self._screen.say(f"   'timeout' after {passed:.2f} s; it only tells: ready_state is {client.ready_state!r}")
        self._check(
            passed > 0.2 and client.ready_state == "open", "'timeout' came when it was time, and left the socket open"
        )
        client.end()
        self._expect(life, ["connect", "timeout", "end", "close"])

    def _reset(self) -> None:
        self._screen.title("Reset: the server calls reset_and_destroy() as soon as it hears something")
        server = create_server(lambda peer: peer.on("data", lambda _: peer.reset_and_destroy())).listen(0, "127.0.0.1")
        self._until(lambda: server.listening)
        client, life = self._watched(_target_of(server.address()))
        client.write("hello")
        self._expect(life, ["connect", "error: read ECONNRESET", "close after an error"])
        server.close()
        self._check(client.destroyed, "the socket that was reset is destroyed")

    def _refused(self) -> None:
        self._screen.title("Refused: connect to where nobody listens any more")
        server = create_server().listen(0, "127.0.0.1")
        self._until(lambda: server.listening)
        target = _target_of(server.address())
        server.close()
        _, life = self._watched(target)
        self._expect(life, [f"error: connect ECONNREFUSED 127.0.0.1:{target['port']}", "close after an error"])

    def _watched(self, target: Target) -> tuple[Socket, list[str]]:
        """A connection, and a list that its life is added to."""
        life: list[str] = []

        def happened(what: str) -> None:
            life.append(what)
            self._screen.say(f"   {what}")

        client = connect(**target)
        for event in ("connect", "timeout", "end"):
            client.on(event, lambda what=event: happened(what))
        client.on("error", lambda error: happened(f"error: {reason(error)}"))
        client.on("close", lambda had_error: happened("close after an error" if had_error else "close"))
        return client, life

    # -- helpers

    def _expect(self, life: list[str], expected: list[str]) -> None:
        """Wait for 'close'; was that what came before?"""
        self._until(lambda: bool(life) and life[-1].startswith("close"))
        self._check(life == expected, f"'{', '.join(expected)}' is what happened; it was '{', '.join(life)}'")

    def _check(self, holds: bool, claim: str) -> None:
        if not holds:
            self._disproved.append(claim)

    def _until(self, condition: Callable[[], bool]) -> None:
        """Turn the loop until it holds. Raises TimeoutError, so that nobody waits for ever."""
        limit = time.monotonic() + LIMIT
        while not condition():
            left = limit - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"it took more than {LIMIT:g} s")
            self._driver.step(left)


def _chunks_of(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    return iter([content[start : start + CHUNK] for start in range(0, len(content), CHUNK)])


def _errors_of(transfers: list[Transfer]) -> str:
    errors = sorted({transfer.error for transfer in transfers if transfer.error})
    return f" ({'; '.join(errors)})" if errors else ""


def _target_of(address: AddressInfo | str | None) -> Target:
    assert isinstance(address, AddressInfo), "a TCP server that listens has an address"
    return {"host": address.address, "port": address.port}
