"""Random scenarios, played on Node and on sansnet: the traces are equal.

A scenario is a connection, or one in the making, and a few rounds. In each round something is asked of the two sockets,
in one go, and then things come to rest, so that both sides are deterministic. Before that, listeners are told to ask
for something as well.

What the system itself leaves open is not generated. Bytes that are followed by a reset may or may not arrive: so who
ends a connection by force writes nothing in that round, and nothing large is on its way then.
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
LARGE = 3 << 20

# 'pause' is told inside the call by Node (docs/differences.md), so two calls in one go would show it.
WATCHED = ["connect", "ready", "data", "end", "prefinish", "finish", "drain", "error", "close", "resume"]
HEARD = ("connect", "ready", "data", "end", "finish", "drain", "error", "close", "resume")

UNSEEN = ["bytes_read", "readable_length"]  # of what is large, as much as happened to come in one piece
UNSEEN_UNTIL_MENDED = ["bytes_written"]  # see pending.md


def soften(entry: dict[str, Any]) -> None:
    """Take out what may differ: chance (above), and what an end() counts for that comes too late (differences.md)."""
    state = entry["state"]
    for name in [*UNSEEN, *UNSEEN_UNTIL_MENDED, *(["writable_ended"] if state.get("errored") else [])]:
        state.pop(name, None)
    if not state.get("destroyed"):
        return
    state.pop("writable_ended", None)
    if entry["what"] == "callback":
        entry["args"] = ["refused" if _is_refusal(argument) else argument for argument in entry["args"]]


def _is_refusal(argument: Any) -> bool:
    code = argument["error"]["code"] if isinstance(argument, dict) and "error" in argument else None
    return code in {"ERR_STREAM_WRITE_AFTER_END", "ERR_STREAM_DESTROYED"}


def calls(name: str, *, gently: bool, large: bool) -> st.SearchStrategy[Step]:
    """Something that is asked of a socket."""
    label = st.integers(1, 99).map("w{}".format)
    chunk: st.SearchStrategy[Any] = st.sampled_from(["", "a", "bc", "déf"])
    if large:
        chunk = chunk | st.just(fill(LARGE))
    choices = [
        st.builds(lambda data, name_of: call(f"{name}.write", data, callback(name_of)), chunk, label),
        st.builds(lambda data: call(f"{name}.write", data), chunk),
        *[st.just(call(f"{name}.{method}")) for method in ("pause", "resume", "cork", "uncork", "end")],
        st.just(call(f"{name}.end", "last")),
    ]
    return st.one_of(choices) if gently else st.one_of(*choices, forceful_calls(name))


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
def rounds(draw: st.DrawFn, *, large: bool) -> Steps:
    """What is asked for in one go, by force or not."""
    if not large and draw(st.integers(0, 4)) == 0:
        return (draw(forceful_calls(draw(st.sampled_from(SOCKETS)))), settle())
    name = draw(st.sampled_from(SOCKETS))
    return (*draw(st.lists(calls(name, gently=True, large=large), min_size=1, max_size=3)), settle())


@st.composite
def listeners(draw: st.DrawFn, *, large: bool) -> Step:
    """One of the sockets is asked for something while one of them tells of something."""
    heard = draw(st.sampled_from([event for event in HEARD if not (large and event == "data")]))
    who = draw(st.sampled_from(SOCKETS))
    return on(f"{who}.{heard}", draw(calls(who, gently=True, large=False)))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    large = draw(st.booleans())
    half_open = [draw(st.booleans()) for _ in SOCKETS]
    marks: dict[str, Any] = draw(st.sampled_from([{}, {"writable_high_water_mark": 1}, {"high_water_mark": 3}]))
    watch = draw(st.sampled_from([WATCHED, [event for event in WATCHED if event != "data"]]))
    steps: list[Steps] = [
        listening(watch_accepted=WATCHED, allow_half_open=half_open[0], no_delay=True),
        *draw(st.lists(listeners(large=large), max_size=2)),
        connect(watch=watch, allow_half_open=half_open[1], no_delay=True, **marks),
        *draw(st.lists(calls("c", gently=True, large=False), max_size=2)),
        settle(),
        *draw(st.lists(rounds(large=large), max_size=6)),
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
