"""The command line: `python -m sansnet COMMAND`. Each command is a module of its own.

Exit codes:

    0    it is done; for a server: somebody asked it to stop (SIGINT, SIGTERM), which is how a server ends well
    1    it went wrong, and stderr says why
    2    `check`: a law is broken; `replay`, `shrink`: there is a difference; `simulate`: a seed failed
    3    a bound was reached, so that nothing was proved. `check`: of states; `simulate`: of what happens at one moment
    4    what it was given makes no sense: the command line, of whichever command; the model or scenario isn't there,
         proves nothing, or can't be run (it raises, its process died); the file is no trace
    130  Ctrl-C came before it was done
    141  nobody reads stdout any more (a shell says the same of a program that SIGPIPE ended)
    143  SIGTERM came before it was done (the same)
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from . import check, connect, demo, diagram, echo, replay, shrink, simulate
from .signals import Terminated, terminable
from .words import BROKEN_PIPE, FAILED, INTERRUPTED, TERMINATED, Parser, complain

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code, but for a command line that makes no sense: that is a SystemExit."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        with terminable():
            status = int(arguments.run(arguments))
            _finish_stdout()
    except Terminated:
        return TERMINATED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return BROKEN_PIPE
    except OSError as error:  # of stdout, as a rule: what else can't be read or written has been told by its name
        _forget_stdout()
        complain(str(error))
        return FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    as_module = Path(sys.argv[0]).parts[-2:] == ("sansnet", "__main__.py")
    parser = Parser(
        prog="python -m sansnet" if as_module else "sansnet",
        description="node:net for Python: an echo server, a client, the model checker, a simulated network, a "
        "demonstration, and what to do with recorded traces.",
        epilog="In two terminals: `echo --trace`, then `connect 127.0.0.1 8124`. COMMAND --help tells more of each, "
        "and its exit codes; that of a command line that makes no sense is 4, of them all.",
    )
    parser.add_argument("--version", action="version", version=f"sansnet {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (echo, connect, check, simulate, demo, replay, shrink, diagram):
        command.add_to(commands)
    return parser


def _finish_stdout() -> None:
    """Write what stdout still holds, or raise OSError. At the exit Python would find another code for that."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _forget_stdout() -> None:
    """What stdout still holds goes nowhere; Python would complain when it flushes at the exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
