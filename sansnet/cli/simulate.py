"""`python -m sansnet simulate`: play a scenario on the simulated network under many seeds."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING, Final

from ..testing.endless import LIMIT
from .jobs import worker_pool
from .screen import Progress, Screen
from .words import BAD_INPUT, DONE, FAILED, bad_input, complain, count, processes, trace_file

if TYPE_CHECKING:
    from ..testing.playing import Plan, Scenario

__all__ = ["add_to"]

SEEDS: Final = 1000
ATTEMPTS: Final = 1000
RED: Final = 2
ENDLESS: Final = 3

_DETAILS: Final = """\
A scenario is a function of a sansnet.testing.Simulation, which it runs; what it raises is a failure. An async def is
run by the simulation. The weather is drawn from the seed, unless --fault or --calm says otherwise. Exit codes: 0 all
seeds passed (but for those that the scenario skipped); 2 one failed, and it is told how to play it again, or a fault
that was named never fired; 3 so much happened that there seems to be no end to it; 4 there is no such scenario, or it
is none, or shows nothing (it never runs its simulation, or skips every seed), a process that played it died, or the
command line is nonsense; 1 the trace can't be written; 130 Ctrl-C; 143 SIGTERM.
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command to argparse."""
    parser = commands.add_parser(
        "simulate",
        help="play a scenario on a simulated network, under many seeds",
        description="Play a scenario on the simulated network under many seeds, until one fails.",
        epilog=_DETAILS,
    )
    parser.add_argument(
        "scenario", metavar="MODULE:FUNCTION", help="such as tests.transfers:upload, or tests/transfers.py:upload"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--seeds",
        type=_seeds,
        default=range(SEEDS),
        metavar="N",
        help=f"seeds 0 to N-1, default {SEEDS}; or FIRST:END, a part of them, END not included",
    )
    which.add_argument("--seed", type=_seed, metavar="K", help="this one alone, and tell its story")
    parser.add_argument(
        "--jobs", type=processes, default=1, metavar="J", help="with --seeds: so many processes; default 1"
    )
    weather = parser.add_mutually_exclusive_group()
    weather.add_argument("--calm", action="store_true", help="no faults")
    weather.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="only these faults, such as loss=0.1, latency=0.001:0.05, or reset=#7 (the seventh chance, no other)",
    )
    parser.add_argument("--keep-going", action="store_true", help="with --seeds: tell all failures, not one alone")
    parser.add_argument(
        "--limit",
        type=count,
        default=LIMIT,
        metavar="N",
        help="how many things may happen in one run() before it counts as endless: a segment that arrives, a callback "
        f"that is called, are one each; default {LIMIT:,}",
    )
    parser.add_argument("--shrink", action="store_true", help="of a failure, find the fewest faults that it takes")
    parser.add_argument(
        "--attempts",
        type=count,
        metavar="N",
        help=f"with --shrink: play a scenario so often at most, and show what was reached; default {ATTEMPTS}",
    )
    parser.add_argument(
        "--trace-file",
        type=trace_file,
        metavar="FILE",
        help="with --seed: record what all hosts do, for the commands replay, shrink and diagram",
    )
    parser.set_defaults(run=_run)


def _seeds(text: str) -> range:
    """Some seeds, for argparse: `1000`, or `1000:2000`."""
    first, colon, end = text.rpartition(":")
    try:
        seeds = range(int(first) if colon else 0, int(end))
    except ValueError:
        seeds = range(0)
    if not seeds:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seeds, 1 or more, and no FIRST:END")
    return seeds


def _seed(text: str) -> int:
    """One seed, for argparse."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: a whole number") from None


def _run(arguments: argparse.Namespace) -> int:
    from ..testing.campaign import CampaignFailed, campaign  # noqa: PLC0415  # the other commands don't need it
    from ..testing.playing import BadScenario  # noqa: PLC0415
    from ..testing.results import ExecutorLost  # noqa: PLC0415

    if arguments.shrink and arguments.calm:
        bad_input("--shrink goes with faults, and --calm has none")
    if arguments.attempts is not None and not arguments.shrink:
        bad_input("--attempts goes with --shrink")
    if arguments.trace_file is not None and arguments.seed is None:
        bad_input("--trace-file goes with --seed: a trace is of one simulation")
    if arguments.seed is not None and arguments.jobs > 1:
        bad_input("--jobs goes with --seeds: a single seed is played by one process")
    if arguments.seed is not None and arguments.keep_going:
        bad_input("--keep-going goes with --seeds: after a single seed there is none to go on with")
    scenario, faults = _scenario(arguments.scenario), _weather(arguments)
    if arguments.seed is not None:
        return _play_one(scenario, faults, arguments)
    screen = Screen(sys.stdout)
    progress = Progress(screen, len(arguments.seeds))
    with contextlib.ExitStack() as stack:
        executor = None
        if arguments.jobs > 1:
            executor = stack.enter_context(worker_pool(min(arguments.jobs, len(arguments.seeds))))
        try:
            report = campaign(
                scenario,
                arguments.seeds,
                executor=executor,
                faults=faults,
                collect=arguments.keep_going,
                shrink=arguments.shrink,
                attempts=arguments.attempts or ATTEMPTS,
                limit=arguments.limit,
                progress=progress.at,
            )
        except CampaignFailed as failed:
            progress.over()
            screen.say(str(failed))
            if failed.report.is_empty:
                return BAD_INPUT
            return ENDLESS if failed.report.is_endless else RED
        except (BadScenario, ExecutorLost) as error:
            progress.over()
            complain(str(error))
            return BAD_INPUT
    progress.over()
    screen.say(str(report))
    return DONE


def _play_one(scenario: Scenario, faults: Plan, arguments: argparse.Namespace) -> int:
    from ..testing.fault_shrink import shrink_faults  # noqa: PLC0415
    from ..testing.faults import Faults  # noqa: PLC0415
    from ..testing.playing import BadScenario, play  # noqa: PLC0415

    seed, told = arguments.seed, ""
    limit = arguments.limit
    try:
        if arguments.shrink:
            try:
                shrunk = shrink_faults(scenario, seed, faults, attempts=arguments.attempts or ATTEMPTS, limit=limit)
            except ValueError as error:
                complain(str(error))
            else:
                faults, told = shrunk.faults, f"{shrunk}\n"
        outcome = play(scenario, seed, faults, whole_story=True, trace=arguments.trace_file, limit=limit)
    except BadScenario as error:
        complain(str(error))
        return BAD_INPUT
    except OSError as error:
        complain(f"{arguments.trace_file}: {error.strerror}")
        return FAILED
    for line in outcome.story:
        print(line)
    what = f"skipped, so that nothing was shown: {outcome.skipped}" if outcome.skipped else outcome.summary or "passed"
    print(f"{told}seed {seed}: {what}; digest {outcome.digest}")
    if outcome.skipped:
        return BAD_INPUT
    if outcome.error is not None:
        print(outcome.error)
        return ENDLESS if outcome.is_endless else RED
    unfired = [name for name in faults.requested if not outcome.fired[name]] if isinstance(faults, Faults) else []
    if unfired:  # the plan has lost its meaning: that it passes says nothing
        print(f"asked for, and never fired: {', '.join(unfired)}")
    return RED if unfired else DONE


def _scenario(words: str) -> Scenario:
    from ..testing.places import Nowhere, find  # noqa: PLC0415
    from ..testing.playing import BadScenario, check_scenario  # noqa: PLC0415

    try:
        scenario: Scenario = find(words, "MODULE:FUNCTION")
        check_scenario(scenario, words)
    except (Nowhere, BadScenario) as error:
        bad_input(str(error))
    return scenario


def _weather(arguments: argparse.Namespace) -> Plan:
    from ..testing.faults import Faults, parse_words  # noqa: PLC0415

    if arguments.calm:
        return None
    if not arguments.fault:
        return "drawn"
    try:
        named = [parse_words(words) for words in arguments.fault]
        for name, _ in named:
            if [other for other, _ in named].count(name) > 1:
                raise ValueError(f"{name} is given more than once")
        return Faults(**dict(named))
    except (TypeError, ValueError) as error:
        bad_input(f"--fault: {error}")
