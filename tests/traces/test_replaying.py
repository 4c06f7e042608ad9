"""A machine that answers in another way than it did is told by its first difference, and that can be made small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sansnet.state import Event, Fault, ServerMachine, SocketMachine, Step, Timer
from sansnet.state.effects import Arm, Effects, Tick, Timing
from sansnet.state.notices import Drain, Settled
from sansnet.state.ops import CLOSE, Send
from sansnet.testing import Changed, Fed, Made, Opened, Trace, crashes, differs, replay_trace, rerun, shrink
from sansnet.testing.trace_replay import legal
from tests.traces.stage import PROGRAMS, echo, trace_of

BACKPRESSURE = PROGRAMS["backpressure"]
ACCEPTED = PROGRAMS["accepted"]


def events(trace: Trace) -> list[str]:
    return [str(entry.event) for entry in trace.entries if isinstance(entry, Fed)]


@pytest.fixture
def forget_the_drain(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Plant a bug: 'drain' is never told."""
    real = SocketMachine.ticked

    def ticked(self: SocketMachine, step: Step) -> Effects:
        return [effect for effect in real(self, step) if not isinstance(effect, Drain)]

    return lambda: monkeypatch.setattr(SocketMachine, "ticked", ticked)


@pytest.fixture
def break_at_the_timer(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Plant a bug: an idle socket breaks."""

    def timer_fired(_self: SocketMachine, _timer: Timer) -> Effects:
        raise AssertionError("nobody has thought of that")

    return lambda: monkeypatch.setattr(SocketMachine, "timer_fired", timer_fired)


# -------------------------------------------------------------------------------------------------------------- replay


def test_a_planted_bug_is_the_first_difference(forget_the_drain: Callable[[], None]) -> None:
    trace = trace_of(BACKPRESSURE)
    forget_the_drain()
    difference = replay_trace(trace)
    assert difference is not None
    first = next(
        (line, entry)
        for line, entry in enumerate(trace.entries, 2)
        if isinstance(entry, Fed) and Drain() in entry.effects
    )
    assert (difference.line, difference.entry) == first
    assert difference.now.effects == tuple(effect for effect in first[1].effects if effect != Drain())


def test_a_difference_reads_well(forget_the_drain: Callable[[], None]) -> None:
    trace = trace_of(BACKPRESSURE)
    forget_the_drain()
    lines = str(replay_trace(trace)).splitlines()
    assert lines[0].startswith("line ")
    assert "socket 1 answers" in lines[0]
    assert "in the state: link open" in lines[2]
    assert "    - Drain()" in lines
    assert any(line.startswith("      Settled(") for line in lines)
    assert max(map(len, lines)) < 200  # payloads are cut short


def test_a_machine_that_breaks_is_a_difference(break_at_the_timer: Callable[[], None]) -> None:
    trace = trace_of(PROGRAMS["timeout"])
    break_at_the_timer()
    assert "+ the machine broke: AssertionError: nobody has thought of that" in str(replay_trace(trace))


def test_misuse_that_was_none_is_a_difference() -> None:
    made, closed = Made(0.0, "socket 1"), Fed(0.0, "socket 1", Event("closed"))
    difference = replay_trace(Trace((made, closed)))
    assert "- no effects" in str(difference)
    assert "+ misuse: closed: nothing was asked that this answers" in str(difference)


def test_attributes_are_set_before_the_first_input_and_later() -> None:
    arm = Fed(0.0, "socket 1", Event("resume"), (Tick(Step.RESUME),))
    made = Made(0.0, "socket 1", {"reading.high_water_mark": 5, "type_of_service": 3})
    trace = Trace((made, arm, Changed(0.0, "socket 1", "allow_half_open", True)))
    assert replay_trace(trace) is None
    assert rerun(trace) == trace


# ---------------------------------------------------------------------------------------------------------------- legal


def fed(name: str, *args: Any, effects: tuple[Any, ...] = ()) -> Fed:
    return Fed(0.0, "socket 1", Event(name, args), effects)


OPENED = (Made(0.0, "socket 1"), fed("adopt", False, False))


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ([fed("closed")], []),  # nobody asked for it
        ([fed("sent", True)], []),
        ([fed("write", b"x", 1), fed("pause"), fed("sent", True)], ["write", "sent"]),  # an answer is the next
        ([fed("write", b"x", 1), fed("send_deferred", 0), fed("sent", True), fed("sent", False)], None),
        ([fed("ticked", Step.PAUSE)], []),  # not due
        ([fed("pause"), fed("ticked", Step.RESUME), fed("ticked", Step.PAUSE)], ["pause", "ticked"]),
        ([fed("pause"), fed("received", b"x", 1), fed("ticked", Step.PAUSE)], ["pause", "ticked"]),  # a turn is due
        ([fed("pause"), fed("ticked", Step.PAUSE), fed("received", b"x", 1)], ["pause", "ticked", "received"]),
        ([fed("destroy"), fed("closed"), fed("closed")], ["destroy", "closed"]),
    ],
)
def test_only_what_a_driver_and_a_pump_could_do_is_legal(more: list[Fed], left: list[str] | None) -> None:
    names = [entry.event.name for entry in legal(Trace((*OPENED, *more))).entries if isinstance(entry, Fed)]
    assert names[1:] == (["write", "send_deferred", "sent"] if left is None else left)


def test_misuse_that_was_recorded_is_legal() -> None:
    again = Fed(0.0, "socket 1", Event("adopt", (False, False)), misuse=Fault("EISCONN", syscall="connect"))
    trace = rerun(Trace((*OPENED, again)))
    assert trace.entries[-1] == again
    assert legal(Trace((*OPENED, again._replace(misuse=None)))).entries == OPENED


def test_after_a_machine_broke_nothing_is_legal_for_it(break_at_the_timer: Callable[[], None]) -> None:
    trace = trace_of(PROGRAMS["timeout"])
    break_at_the_timer()
    left = [entry for entry in rerun(trace).of("socket 1").entries if isinstance(entry, Fed)]
    assert left[-1].crash
    assert sum(bool(entry.crash) for entry in left) == 1


def test_links_to_what_is_left_out_are_none() -> None:
    trace = trace_of(echo).of("socket 2")
    [made] = [entry for entry in legal(trace).entries if isinstance(entry, Made)]
    assert made.server == ""


def test_a_rerun_has_what_comes_of_it_now() -> None:
    trace = Trace((*OPENED, fed("set_timeout", 5)))
    assert isinstance(trace.entries[-1], Fed)
    assert rerun(trace).entries[-1] == trace.entries[-1]._replace(effects=(Arm(Timer.IDLE, 5),))


# --------------------------------------------------------------------------------------------------------------- shrink


def test_shrinking_keeps_the_same_difference_and_little_else(forget_the_drain: Callable[[], None]) -> None:
    trace = trace_of(BACKPRESSURE)
    forget_the_drain()
    found = replay_trace(trace)
    small = shrink(trace, differs(trace))
    assert small.names == ("socket 1",)
    assert len(small.entries) < 25 < len(trace.entries)
    again = replay_trace(small)
    assert found is not None
    assert again is not None
    assert (again.entry, again.now) == (found.entry, found.now)
    assert again.entry == small.entries[-1]  # nothing after it is left
    assert shrink(trace, differs(trace)) == small
    assert shrink(small, differs(small)) == small


def test_shrinking_to_what_breaks_a_machine(break_at_the_timer: Callable[[], None]) -> None:
    trace = trace_of(PROGRAMS["timeout"])
    break_at_the_timer()
    small = shrink(trace, crashes(trace))
    assert [event.partition("(")[0] for event in events(small)] == ["set_timeout", "timer_fired"]


def test_shrinking_to_whatever_one_asks_for() -> None:
    """The shortest way to a reset, of all that happened."""
    trace = trace_of(PROGRAMS["reset"])

    def fails(candidate: Trace) -> bool:
        return any(
            isinstance(effect, Timing | Settled | Send)
            for entry in rerun(candidate).entries
            if isinstance(entry, Fed)
            for effect in entry.effects
        )

    small = shrink(trace, fails)
    assert fails(small)
    for leave_out in range(len(small.entries)):
        entries = small.entries[:leave_out] + small.entries[leave_out + 1 :]
        assert not fails(legal(Trace(entries)))


def test_each_candidate_is_legal_and_smaller() -> None:
    trace = trace_of(ACCEPTED)
    seen: list[int] = []

    def fails(candidate: Trace) -> bool:
        assert legal(candidate) == candidate
        seen.append(len(candidate.entries))
        return "connection_gone()" in events(candidate)

    small = shrink(trace, fails)
    assert [event.partition("(")[0] for event in events(small)] == [
        "listen",
        "ticked",
        "listening",
        "ticked",
        "accepted",
        "connection_gone",
    ]
    assert min(seen) >= 0
    assert not any(isinstance(entry, Opened) for entry in small.entries)


def test_the_number_of_attempts_has_an_end() -> None:
    trace = trace_of(ACCEPTED)
    asked: list[Trace] = []

    def fails(candidate: Trace) -> bool:
        asked.append(candidate)
        return True

    small = shrink(trace, fails, attempts=1)
    assert len(asked) == 2  # the first is to see that it fails at all
    assert len(small.entries) < len(trace.entries)


def test_what_does_not_fail_is_not_shrunk() -> None:
    trace = trace_of(echo)
    with pytest.raises(ValueError, match="doesn't fail"):
        shrink(trace, lambda _: False)
    with pytest.raises(ValueError, match="without a difference"):
        differs(trace)
    with pytest.raises(ValueError, match="no machine breaks"):
        crashes(trace)


def test_a_server_that_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = trace_of(ACCEPTED)

    def connection_gone(self: ServerMachine) -> Effects:
        self.connections -= 1
        return [CLOSE]

    monkeypatch.setattr(ServerMachine, "connection_gone", connection_gone)
    small = shrink(trace, differs(trace))
    assert small.names == ("server 1",)
    assert events(small)[-1] == "connection_gone()"


def test_what_a_file_says_steers_no_terminal() -> None:
    escape = "\x1b[2J\u202e"
    trace = Trace((Made(0.0, f"socket {escape}"), Fed(0.0, f"socket {escape}", Event("cork"), crash=f"E: {escape}")))
    lines = str(replay_trace(trace)).splitlines()
    assert "    - the machine broke: E: ·[2J·" in lines
    assert all(line.isprintable() for line in lines)
