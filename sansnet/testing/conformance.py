"""The checks that every driver of ours has to pass, for those who write one of their own.

A driver is right if the machines can rely on what `sansnet/drivers/contract.py` says; this kit tries it out. It needs
a *maker*: a function without arguments that returns a context manager, which gives a driver and a function that turns
its loop, and closes both in the end.

    @contextlib.contextmanager
    def maker():
        with SelectorDriver() as driver:
            yield driver, driver.step

The second one, `turn(seconds)`, lets the loop go on until it has called the driver back, or until so many seconds have
passed (with 0 it doesn't wait), and raises what was reported with `Driver.report`. With pytest:

    @pytest.mark.parametrize("check", conformance.CHECKS)
    def test_my_driver(check):
        check(maker)

and without:

    python -m sansnet.testing.conformance package.module:maker

which prints a table, and exits with 0 if all is well, with 2 if a check has failed, and with 4 if the command line
makes no sense, or the maker makes no driver. `--without system` leaves the checks out that need sockets of the
operating system: a simulation has none.

The checks are in the modules `conformance_*`, by subject, and written with `conformance_bench`. Nothing of them needs
pytest. Both ends of most connections are the driver's; the peers in `conformance_system` are plain sockets.
"""

from __future__ import annotations

import argparse
import sys
import traceback
import unittest
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple, NoReturn

from . import (
    conformance_adopting,
    conformance_closing,
    conformance_connecting,
    conformance_listening,
    conformance_loop,
    conformance_outside,
    conformance_reading,
    conformance_sending,
    conformance_system,
)
from .conformance_bench import NEEDS, PATIENCE, Check, Maker, Nonconforming, Turn, made_by
from .places import Nowhere, find

__all__ = [
    "CHECKS",
    "NEEDS",
    "BrokenMaker",
    "Check",
    "Maker",
    "Nonconforming",
    "Result",
    "Turn",
    "main",
    "run",
    "without",
]

CHECKS: Final[tuple[Check, ...]] = (
    *conformance_loop.CHECKS,
    *conformance_outside.CHECKS,
    *conformance_connecting.CHECKS,
    *conformance_reading.CHECKS,
    *conformance_sending.CHECKS,
    *conformance_closing.CHECKS,
    *conformance_listening.CHECKS,
    *conformance_system.CHECKS,
    *conformance_adopting.CHECKS,
)
"""All of them, in the order in which it makes sense to mend what fails."""

CONFORMS: Final = 0
FAILS: Final = 2
MISUSED: Final = 4

_DETAILS: Final = """\
Exit codes: 0 it conforms; 2 a check has failed, and it is told why; 4 there is no such maker, it makes no driver, or
the command line makes no sense; 130 Ctrl-C.
"""


_INTERRUPTED: Final = 130


class BrokenMaker(RuntimeError):
    """The maker makes no driver, so that there is nothing to check."""


class Result(NamedTuple):
    """What came of one check."""

    check: Check
    verdict: str
    """'passed', 'failed', or 'skipped' where this machine lacks something."""
    why: str
    """Why it failed or was skipped, in a line."""


def without(needs: Iterable[str]) -> tuple[Check, ...]:
    """The checks that need none of these. Raises ValueError for a need that there isn't."""
    lacking = frozenset(needs)
    if lacking - set(NEEDS):
        raise ValueError(f"checks need {', '.join(NEEDS)}; not {', '.join(sorted(lacking - set(NEEDS)))}")
    return tuple([check for check in CHECKS if not check.needs & lacking])


def run(maker: Maker, checks: Iterable[Check] = CHECKS, *, patience: float = PATIENCE) -> Iterator[Result]:
    """Try each check on a driver of its own, and yield what came of it.

    patience: seconds on the driver's clock after which what was to happen counts as never to happen.

    Raises BrokenMaker, before the first check, if the maker makes no driver: every check would fail for the one reason.
    """
    _try_out(maker)
    for check in checks:
        try:
            check(maker, patience=patience)
        except unittest.SkipTest as reason:
            yield Result(check, "skipped", str(reason))
        except Exception as error:
            name = "" if isinstance(error, Nonconforming) else f"{type(error).__name__}: "
            yield Result(check, "failed", f"{name}{error}".replace("\n", " "))
        else:
            yield Result(check, "passed", "")


def _try_out(maker: Maker) -> None:
    """Make a driver, and close it."""
    try:
        with made_by(maker):
            pass
    except unittest.SkipTest:
        pass  # each check will say so
    except Exception as error:
        raise BrokenMaker(f"the maker makes no driver: {type(error).__name__}: {error}") from error


# ----------------------------------------------------------------------------------------------------- the command line


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """A line, and not argparse's own exit code, which means something else here."""
        self.exit(MISUSED, f"{self.prog}: {message} (--help tells more)\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line. Returns the exit code, but for a command line that makes no sense: that is a SystemExit."""
    parser = _Parser(
        prog="python -m sansnet.testing.conformance",
        description="Check whether a driver does what it owes.",
        epilog=_DETAILS,
    )
    parser.add_argument(
        "maker", help="package.module:function or FILE.py:function, which makes a driver and what turns its loop"
    )
    parser.add_argument("--without", default="", help=f"what the driver has not, by commas: {', '.join(NEEDS)}")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the checks whose names have this in them")
    parser.add_argument(
        "--patience",
        type=_seconds,
        default=PATIENCE,
        metavar="SECONDS",
        help="after so many, what was to happen counts as never to happen; default: %(default)g",
    )
    options = parser.parse_args(arguments)
    try:
        maker = _load(options.maker)
        checks = without(need.strip() for need in options.without.split(",") if need.strip())
    except (ValueError, Nowhere) as error:
        parser.error(str(error))
    wanted = [check for check in checks if options.only in check.name]
    if not wanted:
        parser.error(f"no check has {options.only!r} in its name")
    try:
        return _tell(run(maker, wanted, patience=options.patience))
    except BrokenMaker as broken:
        print(f"{parser.prog}: {broken}", file=sys.stderr)
        if broken.__cause__ is not None:
            traceback.print_exception(broken.__cause__)
        return MISUSED
    except KeyboardInterrupt:
        return _INTERRUPTED


def _seconds(text: str) -> float:
    """A time to wait, for argparse."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to wait: seconds, more than 0")
    return seconds


def _load(spelled: str) -> Maker:
    found: Any = find(spelled, "package.module:function")
    if not callable(found):
        raise ValueError(f"{spelled} is no function: {found!r}")
    made: Callable[[], Any] = found
    return made


def _tell(results: Iterator[Result]) -> int:
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
    suite = ""
    for check, verdict, why in results:
        if check.suite != suite:
            suite = check.suite
            print(f"{suite}")
        counts[verdict] += 1
        numbers = ", ".join(map(str, check.obligations))
        owed = f" (obligation {numbers})" if verdict == "failed" and numbers else ""
        print(f"  {verdict:8}{check.name.replace('_', ' ')}{owed}{': ' if why else ''}{why}", flush=True)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count))
    return FAILS if counts["failed"] else CONFORMS


if __name__ == "__main__":
    sys.exit(main())
