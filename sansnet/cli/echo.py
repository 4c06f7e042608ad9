"""`python -m sansnet echo`: a server that sends everything back.

A peer that ends its half still gets all its bytes, and then our FIN; a peer that doesn't read is not read from.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from .. import NetError, Server, Socket, create_server, run
from .recorded import add_trace_file, recorded
from .signals import stopping
from .trace import Trace
from .words import DONE, FAILED, complain, place, port_number, reason

__all__ = ["add_to"]

HOST: Final = "127.0.0.1"
PORT: Final = 8124

_DETAILS: Final = """\
Prints one line, "listening on 127.0.0.1:8124", once it listens. SIGINT (Ctrl-C) and SIGTERM stop it: the connections
are closed, the path is removed, and the exit code is 0, since that is how a server ends well. 1: it could not listen,
and stderr says why; 4: the command line makes no sense.
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command to argparse."""
    parser = commands.add_parser(
        "echo", help="serve: send everything back", description="Send everything back, to everyone.", epilog=_DETAILS
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--port", type=port_number, metavar="N", help=f"the TCP port; 0: the system chooses; default {PORT}"
    )
    where.add_argument("--path", metavar="P", help="a path for a Unix domain socket, instead of a port")
    parser.add_argument("--host", metavar="H", help=f"the address to listen at, or a name that has one; default {HOST}")
    parser.add_argument("--trace", action="store_true", help="tell the life of each connection on stderr")
    add_trace_file(parser)
    parser.set_defaults(run=lambda arguments: _run(parser, arguments))


def _run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    if arguments.path is not None and arguments.host is not None:
        parser.error("argument --host: not allowed with argument --path")
    if arguments.path == "":
        parser.error("argument --path: a path can't be empty")
    if arguments.path is not None:
        where: dict[str, Any] = {"path": arguments.path}
    else:
        where = {
            "port": PORT if arguments.port is None else arguments.port,
            "host": HOST if arguments.host is None else arguments.host,
        }
    trace = Trace(sys.stderr) if arguments.trace else None
    return recorded(arguments.trace_file, lambda: _Echo(trace).serve(where))


class _Echo:
    """The server, and how it ended."""

    def __init__(self, trace: Trace | None) -> None:
        self._status = DONE
        self._server: Server = create_server(allow_half_open=True)
        if trace is not None:
            trace.watch_server(self._server)
        self._server.on("connection", _echo)
        self._server.on("listening", lambda: print(f"listening on {place(self._server.address())}", flush=True))
        self._server.on("error", self._failed)

    def serve(self, where: dict[str, Any]) -> int:
        """Listen there until somebody asks us to stop. Returns the exit code."""
        with stopping(self._stop):
            try:
                self._server.listen(**where)
            except NetError as error:
                self._failed(error)
            run()
        return self._status

    def _failed(self, error: Exception) -> None:
        complain(reason(error))
        if getattr(error, "syscall", None) != "accept":  # then one connection failed, and others will come
            self._status = FAILED

    def _stop(self) -> None:
        self._server.close()
        self._server.close_all_connections()


def _echo(socket: Socket) -> None:
    socket.on("error", lambda _error: None)  # the peer is gone, and nobody is left to tell
    socket.pipe(socket)
