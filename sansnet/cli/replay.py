"""`python -m sansnet replay`: do the machines still answer as they did when a trace was recorded?"""

from __future__ import annotations

import argparse

from ..testing import Fed, replay_trace
from .recorded import BAD_FILE, DIFFERS, EXIT_CODES, SAME, read
from .words import file_name

__all__ = ["add_to"]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command to argparse."""
    parser = commands.add_parser(
        "replay",
        help="replay a recorded trace, and show the first difference",
        description="Feed the inputs of a trace to fresh machines, without a network, and compare what they answer.",
        epilog=EXIT_CODES,
    )
    parser.add_argument(
        "file", type=file_name, metavar="FILE", help="a trace (echo --trace-file makes one); - for stdin"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    trace = read(arguments.file)
    if trace is None:
        return BAD_FILE
    difference = replay_trace(trace)
    if difference is not None:
        print(difference)
        return DIFFERS
    inputs = sum(isinstance(entry, Fed) for entry in trace.entries)
    print(f"no difference: {inputs} inputs, {len(trace.names)} machines")
    return SAME
