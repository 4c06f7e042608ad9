"""What an exploration found, for other eyes and other programs: JSON, and diagrams in Mermaid and in DOT.

A refutation is drawn as a sequence: who gave which input, what the machine answered, and where the law broke. A small
model that holds is drawn whole: every state, and every event from one to another.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ..state.effects import Effect, Notice, Reply
from ..state.inputs import By
from ..state.machine import Event
from .counterexample import Trace
from .loop import Fed, World
from .model import Model
from .results import Exploration, how_many

__all__ = ["SMALL", "Arrow", "Graph", "arrows_of", "as_dot", "as_json", "as_mermaid", "graph_of"]

SMALL: Final = 60
"""States that a diagram of a whole model may have."""

_LONGEST: Final = 100
"""Characters of a label."""


class Arrow(NamedTuple):
    """One step of a sequence: an input on its way to the machine, or an effect on its way from it."""

    source: str
    target: str
    label: str


class Graph(NamedTuple):
    """Every state of a model, and every event: from state to state, by number."""

    labels: tuple[str, ...]
    starts: tuple[int, ...]
    edges: tuple[tuple[int, str, int], ...]


# -- what is to be drawn ---------------------------------------------------------------------------------------------


def arrows_of(model: Model[Any], trace: Trace) -> list[Arrow]:
    """The trace as a sequence. Of a world without a machine: one arrow an event."""
    arrows: list[Arrow] = []
    world = model.initial()[trace.start]
    for event in trace.events:
        fed: list[Fed] = []
        try:
            world = model.step(world, event, lambda _world, moment, fed=fed: _collect(moment, fed))  # type: ignore[misc]
        except Exception as error:  # this is how far it gets
            return [*arrows, *_arrows(event, fed), Arrow("machine", "machine", f"{type(error).__name__}: {error}")]
        arrows += _arrows(event, fed)
    return arrows


def _collect(moment: object, fed: list[Fed]) -> None:
    if isinstance(moment, Fed):
        fed.append(moment)


def _arrows(event: Event, fed: list[Fed]) -> list[Arrow]:
    if not fed:
        return [Arrow("world", "world", _cut(str(event)))]
    arrows = []
    for each in fed:
        arrows.append(Arrow(_GIVER[each.by], "machine", _cut(str(each.event))))
        arrows += [Arrow("machine", _taker(effect), _cut(repr(effect))) for effect in each.effects]
    return arrows


_GIVER: Final = {By.USER: "user", By.DRIVER: "driver", By.LOOP: "loop"}


def _taker(effect: Effect) -> str:
    if isinstance(effect, Notice | Reply):
        return "user"
    return "loop" if type(effect).__name__ in ("Tick", "Then") else "driver"


def graph_of(model: Model[Any], *, most: int = SMALL) -> Graph | None:
    """The whole model; None if it has more than `most` states. A state is labelled by `model.label(world)`, if it has
    such a method.
    """
    numbers: dict[Any, int] = {}
    worlds: list[Any] = []
    edges: list[tuple[int, str, int]] = []

    def number(world: Any) -> int:
        found = numbers.setdefault(model.key(world), len(worlds))
        if found == len(worlds):
            worlds.append(world)
        return found

    starts = tuple([number(world) for world in model.initial()])
    here = 0
    while here < len(worlds) <= most:
        for event in model.events(worlds[here]):
            after = model.step(worlds[here], event, lambda _world, _moment: None)
            edges.append((here, _cut(str(event)), number(after)))
        here += 1
    if len(worlds) > most:
        return None
    return Graph(tuple([_label(model, world) for world in worlds]), starts, tuple(edges))


def _label(model: Any, world: Any) -> str:
    if hasattr(model, "label"):
        return _cut(str(model.label(world)))
    if isinstance(world, World):
        return ", ".join([str(phase.value) for phase in world.phases()])
    return _cut(repr(model.key(world)))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


# -- JSON ------------------------------------------------------------------------------------------------------------


def as_json(found: Exploration) -> dict[str, Any]:
    """An exploration as what `json.dumps` takes. `outcome` is "proved" or "refuted"."""
    refutation, coverage = found.refutation, found.coverage
    answer: dict[str, Any] = {
        "model": found.model,
        "outcome": "proved" if refutation is None else "refuted",
        "states": found.states,
        "edges": found.edges,
        "depth": found.depth,
        "seconds": round(found.seconds, 3),
        "laws": list(found.laws),
    }
    if refutation is not None:
        answer["refutation"] = {"law": refutation.law, "text": refutation.text, "detail": refutation.detail}
        if refutation.trace is not None:
            answer["refutation"] |= {
                "start": refutation.trace.start,
                "events": [{"name": name, "args": list(map(repr, args))} for name, args in refutation.trace.events],
                "test": refutation.trace.as_test(),
            }
    if found.vacuous:
        answer["vacuous"] = [vacuous._asdict() for vacuous in found.vacuous]
    if coverage is not None:
        answer["coverage"] = {
            "moves": [f"{old} -> {new}" for old, new in coverage.moves],
            "moves_not_taken": [f"{old} -> {new}" for old, new in coverage.moves_not_taken],
            "inputs": [f"{name} in {phase}" for name, phase in coverage.inputs],
            "inputs_not_taken": [f"{name} in {phase}" for name, phase in coverage.inputs_not_taken],
        }
    return answer


# -- diagrams --------------------------------------------------------------------------------------------------------


def as_mermaid(model: Model[Any], found: Exploration) -> str:
    """A sequence diagram of the refutation; or the states of a small model; or, of a large one, its counts."""
    if found.refutation is not None and found.refutation.trace is not None:
        lines = ["sequenceDiagram"]
        arrows = arrows_of(model, found.refutation.trace)
        everybody = dict.fromkeys(name for arrow in arrows for name in (arrow.source, arrow.target))
        lines += [f"    participant {name}" for name in _CAST if name in everybody]
        for source, target, label in arrows:
            lines.append(f"    {source}{'->>' if source != 'machine' else '-->>'}{target}: {_in_mermaid(label)}")
        side = _CAST_OF_ONE if "world" in everybody or not arrows else _CAST_OF_MACHINE
        lines.append(f"    Note over {side}: {_in_mermaid(_verdict(found))}")
        return "\n".join(lines) + "\n"
    graph = graph_of(model) if found.refutation is None else None
    if graph is None:
        return f'flowchart TD\n    all["{_in_mermaid(_verdict(found))}"]\n'
    lines = ["stateDiagram-v2"]
    lines += [f"    s{number}: {_in_mermaid(label)}" for number, label in enumerate(graph.labels)]
    lines += [f"    [*] --> s{number}" for number in graph.starts]
    lines += [f"    s{source} --> s{target}: {_in_mermaid(label)}" for source, label, target in graph.edges]
    return "\n".join(lines) + "\n"


_CAST: Final = ("user", "machine", "loop", "driver", "world")
_CAST_OF_MACHINE: Final = "machine"
_CAST_OF_ONE: Final = "world"


def _in_mermaid(text: str) -> str:
    """The text without what Mermaid takes for its own."""
    return "".join([f"#{ord(letter)};" if letter in '#;:"<>{}' else letter for letter in text.replace("\n", " ")])


def as_dot(model: Model[Any], found: Exploration) -> str:
    """A graph for Graphviz: the way of the refutation, or the states of a small model, or the counts of a large one."""
    lines = [
        f"digraph {_quoted(found.short_name)} {{",
        f"    label={_quoted(_verdict(found))};",
        "    node [shape=box];",
    ]
    trace = found.refutation.trace if found.refutation is not None else None
    graph = graph_of(model) if found.refutation is None else None
    if trace is not None:
        lines += _way_in_dot(model, trace)
    elif graph is not None:
        bold = dict.fromkeys(graph.starts, ", penwidth=2")
        lines += [
            f"    s{number} [label={_quoted(label)}{bold.get(number, '')}];"
            for number, label in enumerate(graph.labels)
        ]
        lines += [f"    s{source} -> s{target} [label={_quoted(label)}];" for source, label, target in graph.edges]
    return "\n".join([*lines, "}", ""])


def _way_in_dot(model: Model[Any], trace: Trace) -> list[str]:
    world: Any = model.initial()[trace.start]
    lines = [f"    s0 [label={_quoted(_label(model, world))}, penwidth=2];"]
    for number, event in enumerate(trace.events, 1):
        try:
            world = model.step(world, event, lambda _world, _moment: None)
            label = _label(model, world)
        except Exception as error:  # this is how far it gets
            label = f"{type(error).__name__}: {error}"
        last = ", color=red" if number == len(trace.events) else ""
        lines.append(f"    s{number} [label={_quoted(_cut(label))}{last}];")
        lines.append(f"    s{number - 1} -> s{number} [label={_quoted(_cut(str(event)))}];")
    return lines


def _verdict(found: Exploration) -> str:
    if found.refutation is None:
        counts = f"{how_many(found.states, 'state')}, {how_many(found.edges, 'edge')}"
        return f"{found.short_name}: {counts}; {found.verdict}"
    return f"{found.short_name}: {found.refutation.law} is broken. {found.refutation.text}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
