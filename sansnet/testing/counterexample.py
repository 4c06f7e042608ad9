"""A trace: the events that lead somewhere, to be read, replayed, or pasted as a test."""

from __future__ import annotations

import enum
import inspect
from typing import Any, NamedTuple

from ..state.machine import Event
from ..state.values import Value

__all__ = ["Trace", "literal"]


class Trace(NamedTuple):
    """Events from an initial world of a model: of the model of that name, the world of that number."""

    model: str
    start: int
    events: tuple[Event, ...]

    def __str__(self) -> str:
        begin = f"  from initial world {self.start} of {self.model}"
        return "\n".join([begin, *(f"  {number}. {event}" for number, event in enumerate(self.events, 1))])

    def as_test(self, name: str = "counterexample") -> str:
        """The source of a pytest module that replays the trace, and fails as long as a law breaks on it."""
        module, _, model = self.model.rpartition(".")
        used = {("sansnet.testing.explore", "replay"), (module, model), _origin(Event)}
        for event in self.events:
            used |= _types_in(event.args)
        imports = [f"from {origin} import {imported}" for origin, imported in sorted(used)]
        calls = [f"            Event({', '.join(map(literal, event))})," for event in self.events]
        start = f"start={self.start}, " if self.start else ""
        return "\n".join([
            *imports,
            "",
            "",
            f"def test_{name}() -> None:",
            "    replay(",
            f"        {model},",
            "        [",
            *calls,
            "        ],",
            *([f"        {start.rstrip(', ')},"] if start else []),
            "    )",
            "",
        ])  # fmt: skip


def literal(value: object) -> str:
    """Python source of a value, as far as inputs hold such."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, Value):
        parameters = inspect.signature(type(value)).parameters
        given = [
            f"{name}={literal(field)}"
            for name, field in zip(value.names(), value.fields(), strict=True)
            if literal(field) != literal(parameters[name].default)
        ]
        return f"{type(value).__name__}({', '.join(given)})"
    if isinstance(value, tuple):
        inner = ", ".join(map(literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def _types_in(value: Any) -> set[tuple[str, str]]:
    if isinstance(value, enum.Enum):
        return {_origin(type(value))}
    if isinstance(value, Value):
        return {_origin(type(value))}.union(*map(_types_in, value.fields()))
    return set().union(*map(_types_in, value)) if isinstance(value, tuple) else set()


def _origin(kind: type) -> tuple[str, str]:
    return (kind.__module__, kind.__name__)
