"""Random scenarios, played on Node and on sansnet: the traces are equal.

A scenario is a connection, or one in the making, and a few rounds. In each round something is asked of the two sockets,
in one go, and then things come to rest, so that both sides are deterministic. Before that, listeners are told to ask
for something as well.

What the system itself leaves open is not generated. Bytes that are followed by a reset may or may not arrive, and a
connection that is closed with unread bytes is reset: so who ends a connection by force writes nothing in that round,
everything is read before that, into a buffer at least. Large writes have scenarios of their own, in one direction.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from .stage import Stage
from .words import Scenario, Step, Steps, call, callback, connect, error, fill, listening, on, scenario, settle

SOCKETS = ("c", "s1")
LARGE = 16 << 20  # more than the system ever takes at once

# 'pause' is told inside the call by Node (docs/differences.md), so two calls in one go would show it.
WATCHED = ["connect", "ready", "data", "end", "prefinish", "finish", "drain", "error", "close", "resume"]
HEARD = ("connect", "ready", "data", "end", "finish", "drain", "error", "close", "resume")

UNSEEN = ["bytes_read", "readable_length"]  # of what is large, as much as happened to come in one piece


def soften(entry: dict[str, Any]) -> None:
    """Take out what may differ: chance (above), and what an end() counts for that comes too late (differences.md)."""
    state = entry["state"]
    for name in UNSEEN:
        state.pop(name, None)
    if not state.get("destroyed"):
        return
    state.pop("writable_ended", None)
    if entry["what"] == "callback":
        entry["args"] = ["refused" if _is_refusal(argument) else argument for argument in entry["args"]]


def _is_refusal(argument: Any) -> bool:
    code = argument["error"].get("code") if isinstance(argument, dict) and "error" in argument else None
    return code in {"ERR_STREAM_WRITE_AFTER_END", "ERR_STREAM_DESTROYED"}


def write(name: str, payload: Any, label: int) -> Step:
    """Half of the writes have a callback."""
    return call(f"{name}.write", payload, *([callback(f"w{label}")] if label % 2 else []))


def calls(name: str, *methods: str) -> st.SearchStrategy[Step]:
    """A write, or one of these methods."""
    choices = [st.builds(write, st.just(name), st.sampled_from(["", "a", "bc", "déf"]), st.integers(1, 99))]
    if methods:
        choices.append(st.sampled_from([call(f"{name}.{method}") for method in methods]))
    if "end" in methods:
        choices.append(st.just(call(f"{name}.end", "last")))
    return st.one_of(choices)


def forceful_calls(name: str) -> st.SearchStrategy[Step]:
    return st.sampled_from(
        [
            call(f"{name}.destroy"),
            call(f"{name}.destroy", error("boom")),
            call(f"{name}.reset_and_destroy"),
            call(f"{name}.destroy_soon"),
        ]
    )


@st.composite
def rounds(draw: st.DrawFn) -> Steps:
    """What is asked for in one go, by force or not."""
    name = draw(st.sampled_from(SOCKETS))
    if draw(st.integers(0, 4)) == 0:
        return (draw(forceful_calls(name)), settle())
    gentle = calls(name, "pause", "resume", "cork", "uncork", "end")
    return (*draw(st.lists(gentle, min_size=1, max_size=3)), settle())


@st.composite
def large_rounds(draw: st.DrawFn) -> Steps:
    """One writes much, and then a little more; the other reads it, or doesn't."""
    writer, reader = draw(st.permutations(SOCKETS))
    reading = st.sampled_from([call(f"{reader}.pause"), call(f"{reader}.resume")])
    asked = st.lists(st.one_of(reading, calls(writer, "cork", "uncork")), min_size=1, max_size=3)
    begun = (*draw(st.lists(reading, max_size=1)), write(writer, fill(LARGE), 1))
    return (*begun, settle(), *[(*each, settle()) for each in draw(st.lists(asked, max_size=4))])


@st.composite
def listeners(draw: st.DrawFn) -> Step:
    """One of the sockets is asked for something while it tells of something."""
    heard, who = draw(st.sampled_from(HEARD)), draw(st.sampled_from(SOCKETS))
    methods = () if heard in {"connect", "ready"} else ("pause", "resume")
    return on(f"{who}.{heard}", draw(calls(who, "cork", "uncork", "end", *methods)))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    half_open = [draw(st.booleans()) for _ in SOCKETS]
    mark = draw(st.sampled_from([1, 3, 65536]))
    watch = draw(st.sampled_from([WATCHED, [event for event in WATCHED if event != "data"]]))
    large = draw(st.integers(0, 3)) == 0
    steps: list[Steps] = [
        listening(watch_accepted=WATCHED, allow_half_open=half_open[0], no_delay=True),
        *([] if large else draw(st.lists(listeners(), max_size=2))),
        connect(watch=watch, allow_half_open=half_open[1], no_delay=True, writable_high_water_mark=mark),
        *([] if large else draw(st.lists(calls("c", "resume", "cork", "uncork", "end"), max_size=2))),
        settle(),
        draw(large_rounds()) if large else tuple(draw(st.lists(rounds(), max_size=6))),
    ]
    return scenario("generated", "", *steps)


def wanted_number(config: pytest.Config) -> int:
    number: int | None = config.getoption("--node-scenarios", None)
    return number or int(os.environ.get("NODE_SCENARIOS", "200"))


@pytest.mark.timeout(0)  # as many as were asked for
def test_random_scenarios_tell_the_same(
    node_stage: Stage, request: pytest.FixtureRequest, record_property: Any
) -> None:
    number = wanted_number(request.config)
    played = 0

    @settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck))
    @given(scenarios())
    def play(generated: Scenario) -> None:
        nonlocal played
        played += 1
        outcome = node_stage.play(generated, soften)
        note(json.dumps(generated.to_json()["steps"]))
        assert outcome.differences == [], "\n".join(["Node tells:", *outcome.node])

    play()
    record_property("node scenarios played", played)
