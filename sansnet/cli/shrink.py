"""`python -m sansnet shrink`: the part of a trace that is enough to show a difference."""

from __future__ import annotations

import argparse
import sys

from ..testing import crashes, differs, replay_trace, shrink
from ..testing.trace_format import lines_of
from ..testing.trace_shrink import ATTEMPTS
from .recorded import BAD_FILE, DIFFERS, EXIT_CODES, SAME, read, write
from .words import FAILED, count, file_name, output

__all__ = ["add_to"]

_DETAILS = f"""\
A trace fails when it replays with a difference, or when a machine breaks in it. With neither there is nothing to
shrink, and OUT is not written. {EXIT_CODES[:-1]}; 1 OUT
can't be written.
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command to argparse."""
    parser = commands.add_parser(
        "shrink",
        help="make a trace that differs small",
        description="Leave out of a trace that differs on replay what isn't needed for the same difference.",
        epilog=_DETAILS,
    )
    parser.add_argument("file", type=file_name, metavar="FILE", help="a trace; - for stdin")
    parser.add_argument(
        "-o", "--output", type=output, metavar="OUT", help="where the smaller trace goes; default -, stdout"
    )
    parser.add_argument(
        "--attempts", type=count, metavar="N", default=ATTEMPTS, help=f"stop after so many; default {ATTEMPTS}"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    trace = read(arguments.file)
    if trace is None:
        return BAD_FILE
    try:
        fails = differs(trace) if replay_trace(trace) is not None else crashes(trace)
    except ValueError as error:
        print(f"nothing to shrink: {error}, and the same on replay", file=sys.stderr)
        return SAME
    small = shrink(trace, fails, arguments.attempts)
    if not write(arguments.output, "".join(f"{line}\n" for line in lines_of(small))):
        return FAILED
    print(f"{len(small.entries)} of {len(trace.entries)} entries are enough", file=sys.stderr)
    if arguments.output is not None:
        print(replay_trace(small) or "the machine breaks in it")
    return DIFFERS
