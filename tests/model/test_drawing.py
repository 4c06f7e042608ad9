"""What was found, as JSON and as diagrams."""

from __future__ import annotations

import json

import pytest

from sansnet.testing import WRITING, as_dot, as_json, as_mermaid, explore
from sansnet.testing.drawing import graph_of
from tests.builds import patches_machines

from .planted import a_batch_is_sent_backwards
from .test_parallel import Counter, Raising, never_seven, ten_is_reached


def test_a_small_model_is_drawn_whole() -> None:
    model = Counter(3)
    found = explore(model)
    assert graph_of(model) == (
        ("0", "2", "1"),
        (0,),
        ((0, "add(2)", 1), (0, "add(3)", 0), (1, "add(2)", 2), (1, "add(3)", 1), (2, "add(2)", 0), (2, "add(3)", 2)),
    )
    assert as_mermaid(model, found).splitlines()[:6] == [
        "stateDiagram-v2",
        "    s0: 0",
        "    s1: 2",
        "    s2: 1",
        "    [*] --> s0",
        "    s0 --> s1: add(2)",
    ]
    assert '    s0 -> s1 [label="add(2)"];' in as_dot(model, found).splitlines()


def test_a_large_model_is_one_box() -> None:
    model = Counter(100)
    found = explore(model)
    assert graph_of(model) is None
    assert as_mermaid(model, found) == 'flowchart TD\n    all["COUNTER#58; 100 states, 200 edges#59; 1 law holds"]\n'
    assert as_dot(model, found).splitlines() == [
        'digraph "COUNTER" {',
        '    label="COUNTER: 100 states, 200 edges; 1 law holds";',
        "    node [shape=box];",
        "}",
    ]


def test_a_way_of_a_plain_model() -> None:
    model = Counter(laws=(never_seven,))
    found = explore(model)
    assert as_mermaid(model, found).splitlines()[:3] == [
        "sequenceDiagram",
        "    participant world",
        "    world->>world: add(2)",
    ]
    assert "    Note over world: " in as_mermaid(model, found)
    assert as_dot(model, found).splitlines()[3:-1] == [
        '    s0 [label="0", penwidth=2];',
        '    s1 [label="2"];',
        '    s0 -> s1 [label="add(2)"];',
        '    s2 [label="4"];',
        '    s1 -> s2 [label="add(2)"];',
        '    s3 [label="7", color=red];',
        '    s2 -> s3 [label="add(3)"];',
    ]


def test_a_way_to_an_exception_is_drawn_up_to_it() -> None:
    found = explore(Raising())
    assert "machine->>machine" not in as_mermaid(Raising(), found)
    assert "ZeroDivisionError" in as_mermaid(Raising(), found)
    assert "ZeroDivisionError" in as_dot(Raising(), found)


def test_something_that_never_happened_is_one_box() -> None:
    found = explore(Counter(3, laws=(ten_is_reached,)))
    assert as_mermaid(Counter(3), found).startswith('flowchart TD\n    all["COUNTER#58; ten_is_reached is broken.')
    assert "trace" not in as_json(found)["refutation"]


@patches_machines
def test_a_way_of_a_machine_is_a_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    a_batch_is_sent_backwards.plant(monkeypatch)
    found = explore(WRITING)
    lines = as_mermaid(WRITING, found).splitlines()
    assert lines[1:4] == ["    participant user", "    participant machine", "    participant driver"]
    assert any(line.startswith("    user->>machine: write(") for line in lines)
    assert any(line.startswith("    machine-->>driver: Send(") for line in lines)
    assert lines[-1].startswith("    Note over machine: WRITING#58; handed_over_is_a_prefix_of_written is broken.")


def test_json_has_everything_and_a_test_to_paste() -> None:
    found = explore(Counter(laws=(never_seven,)))
    told = json.loads(json.dumps(as_json(found)))
    assert (told["outcome"], told["states"], told["laws"]) == ("refuted", found.states, ["never_seven"])
    assert told["refutation"]["events"] == [{"name": "add", "args": [number]} for number in "223"]
    assert "def test_counterexample() -> None:" in told["refutation"]["test"]
    assert "coverage" not in told
    assert as_json(explore(Counter(3), coverage=True))["coverage"]["moves"] == []
