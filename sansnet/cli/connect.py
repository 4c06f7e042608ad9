"""`python -m sansnet connect`: stdin to the peer, and the peer to stdout; what `nc` does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any, Final

from .. import NetError, Socket, run
from .recorded import add_trace_file, recorded
from .streams import StandardInput, StandardOutput
from .trace import Trace
from .words import BROKEN_PIPE, DONE, FAILED, complain, port_number, reason, seconds

__all__ = ["add_to"]

LAST_WORDS: Final = 0.5
"""Seconds of silence after which stdin has nothing more to say to a peer that has ended: socat's number."""

_DETAILS: Final = """\
The end of stdin ends our half of the connection; what the peer still sends is written all the same. When the peer
ends first, what stdin has ready is still sent, until nothing came for half a second; a keyboard isn't waited for.
Exit codes: 0 both sides have ended; 1 an error, told on stderr; 4 a mistake in the command line; 130 Ctrl-C; 141 nobody
reads stdout any more.
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command to argparse."""
    parser = commands.add_parser(
        "connect",
        help="connect: stdin to the peer, the peer to stdout",
        description="Send stdin to the peer, and write to stdout what the peer sends.",
        usage="%(prog)s [-h] [--timeout S] [--trace] [--trace-file FILE] HOST PORT | PATH",
        epilog=_DETAILS,
    )
    parser.add_argument(
        "address", nargs="+", metavar="HOST PORT | PATH", help="a name or an address and a port, or a path"
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="S",
        help="give up when nothing has moved for so many seconds, connecting included",
    )
    parser.add_argument("--trace", action="store_true", help="tell the life of the connection on stderr")
    add_trace_file(parser)
    parser.set_defaults(run=lambda arguments: _run(parser, arguments))


def _run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    target = _target(parser, arguments.address)
    trace = Trace(sys.stderr) if arguments.trace else None
    return recorded(arguments.trace_file, lambda: _Client(trace, arguments.timeout).talk_to(target))


def _target(parser: argparse.ArgumentParser, words: list[str]) -> dict[str, Any]:
    if not all(words):
        parser.error("an address can't be empty")
    if len(words) == 1:
        return {"path": words[0]}
    if len(words) > 2:
        parser.error("one PATH, or HOST and PORT, is all there can be")
    try:
        return {"host": words[0], "port": port_number(words[1])}
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))


def _hint(error: Exception) -> str:
    """A single word is a path, whatever was meant; one without a slash that isn't there was meant otherwise."""
    path = getattr(error, "address", None) or ""
    if not isinstance(error, FileNotFoundError) or "/" in path:
        return ""
    return "; that is a path, a port needs a host before it: connect HOST PORT"


class _Client:
    """The connection, and how it ended."""

    def __init__(self, trace: Trace | None, timeout: float | None) -> None:
        self._status = DONE
        self._peer = Socket(allow_half_open=True)
        if trace is not None:
            trace.watch_socket("1", self._peer)
        if timeout is not None:
            self._peer.set_timeout(timeout)
        self._peer.on("timeout", lambda: self.fail(f"nothing has moved for {timeout:g} s"))
        self._peer.on("error", lambda error: self.fail(f"{reason(error)}{_hint(error)}"))
        self._peer.on("connect", lambda: _Conversation(self._peer, self.fail))

    def talk_to(self, target: dict[str, Any]) -> int:
        """Connect there, and stay until both sides have ended. Returns the exit code."""
        try:
            self._peer.connect(**target)
        except NetError as error:
            self.fail(reason(error))
        run()
        return self._status

    def fail(self, text: str, status: int = FAILED) -> None:
        """Give up, for the reason that is told; an empty one isn't. The first is the one that counts."""
        if self._status == DONE:
            self._status = status
            if text:
                complain(text)
        self._peer.destroy()


class _Conversation:
    """The two streams, and when each of them is done. They begin with the connection: no byte is taken for nothing."""

    def __init__(self, peer: Socket, fail: Callable[..., None]) -> None:
        self._peer = peer
        self._fail = fail
        self._stdin = StandardInput()
        self._stdout = StandardOutput()
        self._stdin.socket.on("end", self._stdin_ended)
        self._stdin.socket.on("timeout", self._stdin_is_silent)
        self._stdout.socket.on("close", self._stdout_closed)
        peer.on("end", self._peer_ended)
        peer.on("close", self._closed)
        self._stdin.socket.pipe(peer)
        peer.pipe(self._stdout.socket)

    def _peer_ended(self) -> None:
        if sys.stdin is not None and sys.stdin.isatty():
            self._leave_off()
        else:
            self._stdin.socket.set_timeout(LAST_WORDS)

    def _stdin_is_silent(self) -> None:
        if self._peer.writable_need_drain:  # it isn't silent, it has to wait
            self._stdin.socket.set_timeout(LAST_WORDS)
        else:
            self._leave_off()

    def _leave_off(self) -> None:
        self._stdin.socket.unpipe(self._peer)
        self._peer.end()

    def _stdin_ended(self) -> None:
        if self._stdin.error is not None:
            self._fail(f"stdin: {self._stdin.error.strerror}")

    def _stdout_closed(self, _had_error: bool | None) -> None:
        if isinstance(self._stdout.error, BrokenPipeError):
            self._fail("", BROKEN_PIPE)  # whoever reads us has seen enough: no reason to complain
        elif self._stdout.error is not None:
            self._fail(f"stdout: {self._stdout.error.strerror}")

    def _closed(self, _had_error: bool | None) -> None:
        self._stdin.socket.destroy()
        self._stdout.socket.end()  # what has arrived is still written
