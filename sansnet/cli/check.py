"""`python -m sansnet check`: explore models, ours or anybody's, and say whether their laws hold."""

from __future__ import annotations

import argparse
from typing import Final

from .words import count, output, processes

__all__ = ["add_to"]

BOUND: Final = 1_000_000
FORMATS: Final = ("dot", "json", "mermaid", "text")

_DETAILS: Final = """\
MODEL is one of ours, such as lifecycle or reading (a wrong name lists them), or anybody's, as package.module:NAME or
FILE.py:NAME; by default all of ours. Exit codes: 0 every law of every model holds; 2 one is broken, and a shortest way
to that is shown; 3 a model has more states than the bound, so that nothing was proved; 4 there is no such model,
nothing is to be proved of it (no laws, no world to begin with), it can't be explored (it raises, a process died), or
the command line makes no sense; 1 the output can't be written; 130 Ctrl-C; 143 SIGTERM. For 4 and 1 stderr says what.
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command to argparse."""
    parser = commands.add_parser(
        "check",
        help="prove: explore every state of a model",
        description="Explore every state of a model, breadth first, and hold its laws to all of them.",
        epilog=_DETAILS,
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help="what to explore")
    parser.add_argument(
        "--bound", type=count, default=BOUND, metavar="N", help=f"states a model may have; default {BOUND:,}"
    )
    parser.add_argument(
        "--jobs",
        type=processes,
        default=1,
        metavar="N",
        help="processes: each takes a model at a time, of a single model its share; default 1",
    )
    parser.add_argument(
        "--coverage", action="store_true", help="tell which moves and inputs of the machines' tables were taken"
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="what is written; default text")
    parser.add_argument(
        "--output",
        type=output,
        metavar="FILE",
        help="where to; it is written whole or not at all; default -, stdout",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from .checking import run  # noqa: PLC0415 (the other commands need none of the models, which take time to make)

    return run(arguments)
