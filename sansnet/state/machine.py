"""What every machine can do: be copied, be compared, be fed an input as data, and move only as the tables allow."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

from .compiled import mypyc_attr
from .effects import Effects
from .phases import MOVES

__all__ = ["Event", "Machine", "Part", "move", "shape"]

_Phase = TypeVar("_Phase", bound=enum.Enum)


class Event(NamedTuple):
    """An input as data: what traces, the explorer and generated tests are made of."""

    name: str
    args: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.args))})"


def move(old: _Phase, new: _Phase) -> _Phase:
    """`new`, which MOVES must allow from `old`. A move outside of the table is a machine's bug, not its caller's."""
    assert new in MOVES[old], f"{old} -> {new} is not in MOVES"
    return new


def shape(payloads: Any) -> tuple[int, ...]:
    """Payloads as the core sees them: their lengths."""
    return tuple(len(payload) for payload in payloads)


@mypyc_attr(allow_interpreted_subclasses=True)
class Part:
    """State as a value. A subclass names every slot in FIELDS, and those that are queues (queues.py) in QUEUES.

    `KEY` says for a field how much of it tells two situations apart; a field that it doesn't name counts whole.
    `NOT_KEY` names the fields that never do, each with the reason.
    """

    __slots__ = ()

    FIELDS: ClassVar[tuple[str, ...]] = ()
    QUEUES: ClassVar[tuple[str, ...]] = ()
    KEY: ClassVar[dict[str, Callable[[Any], object]]] = {}
    NOT_KEY: ClassVar[dict[str, str]] = {}

    def freeze(self) -> tuple[object, ...]:
        """Every field, as immutable data: `thaw` makes an equal machine of it."""
        return tuple(_frozen(getattr(self, name)) for name in self.FIELDS)

    @classmethod
    def thaw(cls, frozen: tuple[Any, ...]) -> Self:
        part = cls()
        for name, value in zip(cls.FIELDS, frozen, strict=True):
            like = getattr(part, name)
            if isinstance(like, Part):
                setattr(part, name, type(like).thaw(value))
            else:
                setattr(part, name, (deque(value) or ()) if name in cls.QUEUES else value)
        return part

    def clone(self) -> Self:
        part = type(self).__new__(type(self))
        for name in self.FIELDS:
            setattr(part, name, _copied(getattr(self, name)))
        return part

    def key(self) -> tuple[object, ...]:
        """What makes two machines the same situation."""
        return tuple(
            self.KEY[name](value) if name in self.KEY else value.key() if isinstance(value, Part) else value
            for name, value in ((name, getattr(self, name)) for name in self.FIELDS)
            if name not in self.NOT_KEY
        )


@mypyc_attr(allow_interpreted_subclasses=True)
class Machine(Part):
    """A part that takes inputs: one method an input, each returns its effects."""

    __slots__ = ()

    def feed(self, event: Event) -> Effects:
        """The same as calling the method."""
        effects: Effects = getattr(self, event.name)(*event.args)
        return effects


def _frozen(value: object) -> object:
    if isinstance(value, Part):
        return value.freeze()
    return tuple(value) if isinstance(value, deque) else value


def _copied(value: object) -> object:
    if isinstance(value, Part):
        return value.clone()
    return value.copy() if isinstance(value, deque) else value
