"""What the commands around recorded traces share: reading and writing the files, and their exit codes."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable
from typing import Final

from ..testing import Trace, TraceError, load_trace, parse_trace, record
from ..testing.trace_files import new_file
from .words import BAD_INPUT, DONE, FAILED, complain, trace_file

__all__ = ["BAD_FILE", "DIFFERS", "EXIT_CODES", "SAME", "add_trace_file", "read", "recorded", "write"]

SAME: Final = DONE
DIFFERS: Final = 2
BAD_FILE: Final = BAD_INPUT

EXIT_CODES: Final = "Exit codes: 0 no difference; 2 a difference; 4 FILE is no trace, or the command line no sense."


def read(path: str) -> Trace | None:
    """The trace in a file, `-` for stdin; None, and a complaint, if there is none."""
    try:
        return parse_trace(sys.stdin.buffer.read().decode("utf-8", "replace")) if path == "-" else load_trace(path)
    except TraceError as error:
        complain(f"{path}: {error}")
    except OSError as error:
        complain(f"{path}: {error.strerror}")
    return None


def write(path: str | None, text: str) -> bool:
    """Write a file, which is there whole or not at all; without a path to stdout. False, and a complaint, if not."""
    if path is None:
        print(text, end="", flush=True)
        return True
    try:
        with new_file(path) as out:
            out.write(text)
    except OSError as error:
        complain(f"{path}: {error.strerror}")
        return False
    return True


def add_trace_file(parser: argparse.ArgumentParser) -> None:
    """The option for `recorded`."""
    parser.add_argument(
        "--trace-file",
        type=trace_file,
        metavar="FILE",
        help="record every input and effect, payloads too, for the commands replay, shrink and diagram",
    )


def recorded(path: str | None, run: Callable[[], int]) -> int:
    """`run()`, and what happens in it recorded in a file if there is a path. Returns the exit code."""
    if path is None:
        return run()
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(record(path))
        except OSError as error:
            complain(f"{path}: {error.strerror}")
            return FAILED
        status = run()
        try:
            stack.close()
        except OSError as error:
            complain(f"{path}: {error.strerror}")
            return FAILED
        return status
