"""Immutable data: words, of which there is one each, and values, equal when the class and every field are."""

from __future__ import annotations

import enum
from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar

__all__ = ["Value", "Word"]


class Word(enum.Enum):
    """An enum that is a quick key: members hash by what they are, one object each, and not by a function in Python."""

    __hash__ = object.__hash__


class Value:
    """A subclass lists its fields in `__slots__` and sets them once; equality, hash and repr go by them."""

    __slots__: tuple[str, ...] = ()

    _names: ClassVar[tuple[str, ...]] = ()
    _read: ClassVar[Callable[[Any], tuple[object, ...]]]

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        names = tuple([name for base in reversed(cls.__mro__) for name in base.__dict__.get("__slots__", ())])
        cls._names = names
        if len(names) > 1:
            cls._read = attrgetter(*names)
        else:  # which attrgetter wouldn't give as a tuple
            cls._read = staticmethod(lambda value: tuple([getattr(value, name) for name in names]))

    def fields(self) -> tuple[object, ...]:
        return type(self)._read(self)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return cls._names

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.fields() == other.fields()

    def __hash__(self) -> int:
        kind = type(self)
        return hash((kind.__name__, kind._read(self)))

    def __repr__(self) -> str:
        given = [
            f"{name}={value!r}" for name, value in zip(self.names(), self.fields(), strict=True) if value not in _EMPTY
        ]
        return f"{type(self).__name__}({', '.join(given)})"


_EMPTY = (None, "", 0, (), False)
