"""What the commands share: exit codes, how addresses and sizes are written, how arguments are read."""

from __future__ import annotations

import argparse
import sys
from typing import Final, NoReturn

from .. import AddressInfo

__all__ = [
    "BAD_INPUT",
    "BROKEN_PIPE",
    "DONE",
    "FAILED",
    "INTERRUPTED",
    "TERMINATED",
    "Parser",
    "bad_input",
    "complain",
    "count",
    "file_name",
    "output",
    "place",
    "port_number",
    "processes",
    "reason",
    "seconds",
    "size",
    "trace_file",
]

DONE: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 4
"""What a command was given makes no sense. argparse's own 2 has another meaning: refuted."""
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
TERMINATED: Final = 143

_PROCESSES: Final = 61 if sys.platform == "win32" else 1024
_UNITS: Final = ("KiB", "MiB", "GiB")


def complain(text: str) -> None:
    """Say on stderr, in one line, what went wrong."""
    if sys.stderr is not None:
        print(f"sansnet: {text}", file=sys.stderr, flush=True)


def bad_input(message: str) -> NoReturn:
    """Say what makes no sense, and leave."""
    complain(message)
    raise SystemExit(BAD_INPUT)


class Parser(argparse.ArgumentParser):
    """One whose mistakes end in BAD_INPUT, with one line. Those of its subcommands do so too."""

    def error(self, message: str) -> NoReturn:
        """Say what makes no sense, and where help is to be had, and leave."""
        bad_input(f"{message} ({self.prog} --help tells more)")


def reason(error: BaseException) -> str:
    """Why, in one line: of several attempts to connect, what each one met; of the system's errors, its words."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(reason, error.exceptions))
    code: str = getattr(error, "code", "")
    text = str(error)
    return text if code in text else f"{code}: {text}"


def place(address: AddressInfo | str | None) -> str:
    """Where a server listens, as one would type it; NULs of abstract names are written as @, as `ss` does."""
    match address:
        case None:
            return "nowhere"
        case str():
            return address.replace("\0", "@")
        case AddressInfo(host, "IPv6", port):
            return f"[{host}]:{port}"
        case AddressInfo(host, _, port):
            return f"{host}:{port}"


def size(count: int) -> str:
    """A number of bytes for people: '64.0 MiB'."""
    if count < 1024:
        return f"{count} B"
    scaled = float(count)
    for unit in _UNITS:
        scaled /= 1024
        if scaled < 1024 or unit == _UNITS[-1]:
            break
    return f"{scaled:.1f} {unit}"


def count(text: str) -> int:
    """A number of things, 1 or more, for argparse."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of them: 1 or more")
    return number


def processes(text: str) -> int:
    """A number of processes, for argparse. A pool begins with all of them, and Windows can't wait for more than 61."""
    number = count(text)
    if number > _PROCESSES:
        raise argparse.ArgumentTypeError(f"{text!r} are too many processes: {_PROCESSES} at most")
    return number


def port_number(text: str) -> int:
    """A port, for argparse."""
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")
    return port


def seconds(text: str) -> float:
    """A time to wait, for argparse."""
    try:
        wait = float(text)
    except ValueError:
        wait = -1.0
    if not 0 < wait <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to wait: seconds, more than 0")
    return wait


def output(text: str) -> str | None:
    """The name of a file to be written, for argparse; None, which is stdout, for `-`."""
    return None if text == "-" else file_name(text)


def trace_file(text: str) -> str:
    """The name of a file for a trace, for argparse. It can't be stdout: the commands say other things there."""
    if text == "-":
        raise argparse.ArgumentTypeError("a trace needs a file of its own, stdout has other things to say; ./- is one")
    return file_name(text)


def file_name(text: str) -> str:
    """The name of a file, for argparse."""
    if not text:
        raise argparse.ArgumentTypeError("the name of a file can't be empty")
    return text
