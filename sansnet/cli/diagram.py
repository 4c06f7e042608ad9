"""`python -m sansnet diagram`: a trace as a picture."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final

from ..testing import diagram
from ..testing.trace_diagram import FORMATS, VIEWS
from .recorded import BAD_FILE, read, write
from .words import DONE, FAILED, bad_input, file_name, output

__all__ = ["add_to"]

_SUFFIXES: Final = {
    ".svg": "svg",
    ".html": "html",
    ".htm": "html",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".md": "mermaid",
    ".txt": "mermaid",
    "": "mermaid",
}
_DETAILS: Final = """\
Exit codes: 0 it is drawn; 1 OUT can't be written; 4 FILE is no trace, or can't be read, or the command line makes no
sense.
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command to argparse."""
    parser = commands.add_parser(
        "diagram",
        help="draw a trace: who said what to whom, and when",
        description="Draw a trace as a sequence diagram: Mermaid text, or a picture that needs nothing but a browser.",
        epilog=_DETAILS,
    )
    parser.add_argument("file", type=file_name, metavar="FILE", help="a trace; - for stdin")
    parser.add_argument(
        "-o",
        "--output",
        type=output,
        metavar="OUT",
        help="where the diagram goes, such as OUT.svg; default -, stdout",
    )
    parser.add_argument("--format", choices=FORMATS, help="default: what the name of OUT says, else mermaid")
    parser.add_argument("--view", choices=VIEWS, default="machines", help="default machines; ends: of one connection")
    parser.add_argument(
        "--of", action="append", default=[], metavar="NAME", help="draw only this machine, 'socket 1'; may be repeated"
    )
    parser.add_argument("--turns", action="store_true", help="draw how the machines go on by themselves, too")
    parser.add_argument(
        "--limit", type=_limit, default=500, metavar="N", help="draw so many entries; 0: all; default 500"
    )
    parser.set_defaults(run=_run)


def _limit(text: str) -> int:
    """A number of entries, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of entries: 0 for all of them, or more")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    out = arguments.output
    chosen = arguments.format or _format_of(out or "")
    if out is not None and arguments.file != "-" and _are_one(arguments.file, out):
        bad_input(f"{out}: the diagram would take the place of its trace")
    trace = read(arguments.file)
    if trace is None:
        return BAD_FILE
    try:
        text = diagram(
            trace,
            chosen,
            view=arguments.view,
            names=arguments.of,
            turns=arguments.turns,
            limit=arguments.limit or None,
        )
    except ValueError as error:
        bad_input(str(error))
    return DONE if write(out, text) else FAILED


def _format_of(out: str) -> str:
    """What the name of a file says."""
    suffix = Path(out).suffix.lower()
    if suffix not in _SUFFIXES:
        known = ", ".join(filter(None, _SUFFIXES))
        bad_input(f"{out}: what is a {suffix}? There are {known}; or say --format")
    return _SUFFIXES[suffix]


def _are_one(one: str, other: str) -> bool:
    """Is it the same file, under whatever names?"""
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them isn't there
        return False
