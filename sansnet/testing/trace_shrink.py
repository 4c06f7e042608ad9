"""Shrinking: a trace that fails, made smaller for as long as it still fails.

    small = shrink(trace, fails=differs(trace))

Delta debugging (Zeller and Hildebrandt, 2002), by leaving out: whole machines first, then runs of entries, half of them
at a time, then a quarter, down to single ones, and again until nothing more can go. What is left of a trace is made
legal before it is tried (see `trace_replay`): a write that is left out takes its `sent` with it.

What "fails" means is a question for the caller. A candidate says what was recorded of each input that is left. That
needn't be what the machines answer now that others are gone: ask `rerun(candidate)` for that. Two answers are here.
`differs` insists that all that is left is still answered as it was recorded, but for the one input where the machines
differ; so nothing that mattered is gone. `crashes` insists on a machine that breaks in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from .trace import Entry, Fed, Made, Trace
from .trace_replay import legal, replay_trace, rerun

__all__ = ["crashes", "differs", "shrink"]

ATTEMPTS: Final = 10_000


def shrink(trace: Trace, fails: Callable[[Trace], bool], attempts: int = ATTEMPTS) -> Trace:
    """A smaller trace that still fails. Deterministic if `fails` is.

    attempts: how many candidates are tried at most; what has been reached by then is returned.

    Raises ValueError if the trace doesn't fail to begin with.
    """
    if not fails(trace):
        raise ValueError("the trace doesn't fail: there is nothing to shrink")
    return _Shrinking(trace, fails, attempts).run()


def differs(trace: Trace) -> Callable[[Trace], bool]:
    """Does another trace differ on replay as this one does: in the same input, from the same record, in the same way?

    Raises ValueError if this one doesn't differ.
    """
    first = replay_trace(trace)
    if first is None:
        raise ValueError("the trace replays without a difference")

    def fails(candidate: Trace) -> bool:
        found = replay_trace(candidate)
        return found is not None and found.entry == first.entry and found.now == first.now

    return fails


def crashes(trace: Trace) -> Callable[[Trace], bool]:
    """Does a machine break in another trace as one does in this: by the same input, with the same exception?

    Raises ValueError if none breaks.
    """
    crash = _crash_of(trace)
    if crash is None:
        raise ValueError("no machine breaks in the trace")
    return lambda candidate: _crash_of(candidate) == crash


def _crash_of(trace: Trace) -> tuple[str, str] | None:
    crashed = (entry for entry in rerun(trace).entries if isinstance(entry, Fed) and entry.crash)
    return next(((entry.event.name, entry.crash.partition(":")[0]) for entry in crashed), None)


@final
class _Shrinking:
    """The smallest trace so far, and how many attempts are left."""

    def __init__(self, trace: Trace, fails: Callable[[Trace], bool], attempts: int) -> None:
        self._best = trace
        self._fails = fails
        self._left = attempts

    def run(self) -> Trace:
        for name in reversed(self._best.names):
            self._try(tuple(entry for entry in self._best.entries if entry.who != name))
        before = -1
        while self._left > 0 and len(self._best.entries) != before:
            before = len(self._best.entries)
            self._leave_out_runs()
        return self._best

    def _leave_out_runs(self) -> None:
        """Runs of entries, from the end, where what is left out is missed least."""
        size = len(self._best.entries) // 2
        while size and self._left > 0:
            end = len(self._best.entries)
            while end > 0 and self._left > 0:
                start = max(0, end - size)
                entries = self._best.entries
                self._try(entries[:start] + entries[end:])
                end = min(start, len(self._best.entries))
            size //= 2

    def _try(self, entries: tuple[Entry, ...]) -> None:
        candidate = _tidy(legal(Trace(entries)))
        if len(candidate.entries) < len(self._best.entries) and self._left > 0:
            self._left -= 1
            if self._fails(candidate):
                self._best = candidate


def _tidy(trace: Trace) -> Trace:
    """Without machines to which nothing happens."""
    busy = {entry.who for entry in trace.entries if not isinstance(entry, Made)}
    return Trace(tuple(entry for entry in trace.entries if entry.who in busy))
