"""`python -m sansnet diagram`: a trace as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from ..testing import diagram
from ..testing.trace_diagram import FORMATS, VIEWS
from .recorded import BAD_FILE, read, write
from .words import DONE, FAILED, strict

__all__ = ["add_to"]

_SUFFIXES: Final = {".svg": "svg", ".html": "html", ".htm": "html"}
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
    parser.add_argument("file", metavar="FILE", help="a trace; - for stdin")
    parser.add_argument("-o", "--output", metavar="OUT", help="where the diagram goes; default stdout")
    parser.add_argument("--format", choices=FORMATS, help="default: what the name of OUT says, else mermaid")
    parser.add_argument("--view", choices=VIEWS, default="machines", help="default machines; ends: of one connection")
    parser.add_argument(
        "--of", action="append", default=[], metavar="NAME", help="draw only this machine, 'socket 1'; may be repeated"
    )
    parser.add_argument("--turns", action="store_true", help="draw how the machines go on by themselves, too")
    parser.add_argument("--limit", type=int, default=500, metavar="N", help="draw so many entries; 0: all; default 500")
    strict(parser)
    parser.set_defaults(run=lambda arguments: _run(parser, arguments))


def _run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    trace = read(arguments.file)
    if trace is None:
        return BAD_FILE
    output = arguments.output
    chosen = arguments.format or _SUFFIXES.get(Path(output or "").suffix.lower(), "mermaid")
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
        parser.error(str(error))
    return DONE if write(output, text) else FAILED
