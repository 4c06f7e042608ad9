"""The kit that sansnet is tested with, for those who test with it or build on it.

To read the model checker: `laws` (what can be said of a model, under three verbs), `model` (what can be explored),
`explore` (the call), `search` and `ledger` (how it is done in one process), `parallel` and `portable` (and in many).
What comes of it is in `results`; `counterexample` turns it into a test, `coverage` into what was taken of the machines'
tables, `drawing` into JSON and diagrams. `equivalence` asks whether two models can be told apart.

Our own models come next: `loop` (a machine in its loop, every choice laid open), `ghosts` and `server_ghosts` (what is
in place of a driver), `users` (and of a user), `models` (the bounds), and their laws in `invariants`,
`server_invariants` and `situations`. `pairs` and `calls` put several of them together. `snapshots` makes copies and
keys fast.

Traces of real programs: `record` what goes into machines and comes out of them, `replay_trace` it, `shrink` it, draw a
`diagram` of it. What a trace is, is told in `trace`; how to use it in docs/traces.md.

The simulated network: `simulation` (hosts, virtual time, what happens to them), `faults` (the weather), `tasks`
(coroutines), `playing` (one seed), `campaign` (many), `fault_shrink` (the fewest faults that a failure takes); how it
works is in `timeline`, `endless`, `simulated_network`, `simulated_host`, `simulated_connect`, `simulated_listen` and
`simulated_stream`. `strategies` and `stateful` are for Hypothesis; the plugin for pytest is the module
`pytest_sansnet`, outside of the package.

The conformance kit: `conformance` has the checks that every driver must pass, for those who write one of their own.

    >>> from sansnet.testing import TUNING, explore
    >>> explore(TUNING).holds
    True
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from .calls import CALL, CALL_LAWS, CALL_WIDE, Call, CallModel
    from .campaign import CampaignFailed, Report, campaign
    from .coverage import Coverage
    from .drawing import as_dot, as_json, as_mermaid
    from .endless import Endless
    from .equivalence import difference, observe
    from .explore import explore, replay
    from .fault_shrink import Shrunk, shrink_faults
    from .faults import Faults
    from .ghosts import Bounds, Family
    from .invariants import SOCKET_LAWS
    from .laws import REACHED, Law, LawBroken, Promise, Reached, See, Stepped, always, eventually, sometimes
    from .model import BadModel, Model
    from .models import (
        ACCEPTING,
        CONNECTING,
        GREETING,
        HALVES,
        IDLING,
        LIFECYCLE,
        LISTENING,
        READABLE,
        READING,
        REENTRANT,
        SERVER_MODELS,
        SOCKET_MODELS,
        TUNING,
        WRITING,
        ServerModel,
        SocketModel,
    )
    from .pairs import PAIR, PAIR_LAWS, PAIR_WIDE, Pair, PairModel
    from .playing import BadScenario
    from .results import ExecutorLost, Exploration, Progress, Refutation, Unbounded
    from .server_ghosts import ServerBounds
    from .server_invariants import SERVER_LAWS
    from .simulation import Simulation, Unfired
    from .trace import Changed, Entry, Fed, Made, Opaque, Opened, Trace, TraceError
    from .trace_diagram import diagram
    from .trace_format import digest, dump_trace, load_trace, parse_trace
    from .trace_laws import hold
    from .trace_recorder import Recording, record
    from .trace_replay import Difference, Outcome, replay_trace, rerun
    from .trace_shrink import crashes, differs, shrink

__all__ = [
    "ACCEPTING",
    "CALL",
    "CALL_LAWS",
    "CALL_WIDE",
    "CONNECTING",
    "GREETING",
    "HALVES",
    "IDLING",
    "LIFECYCLE",
    "LISTENING",
    "PAIR",
    "PAIR_LAWS",
    "PAIR_WIDE",
    "REACHED",
    "READABLE",
    "READING",
    "REENTRANT",
    "SERVER_LAWS",
    "SERVER_MODELS",
    "SOCKET_LAWS",
    "SOCKET_MODELS",
    "TUNING",
    "WRITING",
    "BadModel",
    "BadScenario",
    "Bounds",
    "Call",
    "CallModel",
    "CampaignFailed",
    "Changed",
    "Coverage",
    "Difference",
    "Endless",
    "Entry",
    "ExecutorLost",
    "Exploration",
    "Family",
    "Faults",
    "Fed",
    "Law",
    "LawBroken",
    "Made",
    "Model",
    "Opaque",
    "Opened",
    "Outcome",
    "Pair",
    "PairModel",
    "Progress",
    "Promise",
    "Reached",
    "Recording",
    "Refutation",
    "Report",
    "See",
    "ServerBounds",
    "ServerModel",
    "Shrunk",
    "Simulation",
    "SocketModel",
    "Stepped",
    "Trace",
    "TraceError",
    "Unbounded",
    "Unfired",
    "always",
    "as_dot",
    "as_json",
    "as_mermaid",
    "campaign",
    "crashes",
    "diagram",
    "difference",
    "differs",
    "digest",
    "dump_trace",
    "eventually",
    "explore",
    "hold",
    "load_trace",
    "observe",
    "parse_trace",
    "record",
    "replay",
    "replay_trace",
    "rerun",
    "shrink",
    "shrink_faults",
    "sometimes",
]

# Who plays a scenario needs no model checker. So a module is imported when the first of its names is asked for, which
# is what the table is for; type checkers read the block above.
_HOMES: Final = {
    "calls": (
        "CALL",
        "CALL_LAWS",
        "CALL_WIDE",
        "Call",
        "CallModel",
    ),
    "campaign": (
        "CampaignFailed",
        "Report",
        "campaign",
    ),
    "coverage": ("Coverage",),
    "drawing": (
        "as_dot",
        "as_json",
        "as_mermaid",
    ),
    "equivalence": (
        "difference",
        "observe",
    ),
    "endless": ("Endless",),
    "explore": (
        "explore",
        "replay",
    ),
    "fault_shrink": ("Shrunk", "shrink_faults"),
    "faults": ("Faults",),
    "ghosts": (
        "Bounds",
        "Family",
    ),
    "invariants": ("SOCKET_LAWS",),
    "laws": (
        "REACHED",
        "Law",
        "LawBroken",
        "Promise",
        "Reached",
        "See",
        "Stepped",
        "always",
        "eventually",
        "sometimes",
    ),
    "model": (
        "BadModel",
        "Model",
    ),
    "models": (
        "ACCEPTING",
        "CONNECTING",
        "GREETING",
        "HALVES",
        "IDLING",
        "LIFECYCLE",
        "LISTENING",
        "READABLE",
        "READING",
        "REENTRANT",
        "SERVER_MODELS",
        "SOCKET_MODELS",
        "TUNING",
        "WRITING",
        "ServerModel",
        "SocketModel",
    ),
    "pairs": (
        "PAIR",
        "PAIR_LAWS",
        "PAIR_WIDE",
        "Pair",
        "PairModel",
    ),
    "playing": ("BadScenario",),
    "results": (
        "ExecutorLost",
        "Exploration",
        "Progress",
        "Refutation",
        "Unbounded",
    ),
    "server_ghosts": ("ServerBounds",),
    "server_invariants": ("SERVER_LAWS",),
    "simulation": (
        "Simulation",
        "Unfired",
    ),
    "trace": (
        "Changed",
        "Entry",
        "Fed",
        "Made",
        "Opaque",
        "Opened",
        "Trace",
        "TraceError",
    ),
    "trace_diagram": ("diagram",),
    "trace_format": (
        "digest",
        "dump_trace",
        "load_trace",
        "parse_trace",
    ),
    "trace_laws": ("hold",),
    "trace_recorder": (
        "Recording",
        "record",
    ),
    "trace_replay": (
        "Difference",
        "Outcome",
        "replay_trace",
        "rerun",
    ),
    "trace_shrink": (
        "crashes",
        "differs",
        "shrink",
    ),
}

_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # who else would take any name for one that is here

    def __getattr__(name: str) -> Any:
        """A name that nobody has asked for yet. Raises AttributeError for one that isn't here."""
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


@final
class _Package(ModuleType):
    """Modules that are named like their function, `campaign` and `explore`, don't take its place.

    Python binds a module that was imported to its name in the package, also long after this was read.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
