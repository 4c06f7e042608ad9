"""Immutable data: words, of which there is one each, and values, equal when the class and every field are."""

from __future__ import annotations

import enum
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, NamedTuple

from .compiled import mypyc_attr

__all__ = ["Value", "Word"]


class Word(enum.Enum):
    """An enum that is a quick key: members hash by what they are, one object each, and not by a function in Python."""

    __hash__ = object.__hash__


@mypyc_attr(allow_interpreted_subclasses=True)
class Value:
    """A subclass lists its fields in `__slots__` and sets them once, each from the argument of that name.

    Equality, hash and repr go by them, those of its bases first.
    """

    __slots__: tuple[str, ...] = ()

    def fields(self) -> tuple[object, ...]:
        return _shape_of(type(self)).read(self)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return _shape_of(cls).names

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.fields() == other.fields()

    def __hash__(self) -> int:
        kind = type(self)
        return hash((kind.__name__, _shape_of(kind).read(self)))

    def __repr__(self) -> str:
        given = [
            f"{name}={value!r}" for name, value in zip(self.names(), self.fields(), strict=True) if value not in _EMPTY
        ]
        return f"{type(self).__name__}({', '.join(given)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_made, (type(self), dict(zip(self.names(), self.fields(), strict=True))))


def _made(cls: Any, fields: dict[str, Any]) -> Any:
    return cls(**fields)


class _Shape(NamedTuple):
    """What is known of a class of values."""

    names: tuple[str, ...]
    read: Callable[[Any], tuple[object, ...]]


_SHAPES: Final[dict[type, _Shape]] = {}  # of each class that was asked for it


def _shape_of(cls: type) -> _Shape:
    shape = _SHAPES.get(cls)
    if shape is None:
        names = _names_of(cls)
        shape = _SHAPES[cls] = _Shape(names, _reader_of(names))
    return shape


def _names_of(cls: type) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        # A compiled class tells of its slots under another name, in another order, and of those of its bases as well.
        own = base.__dict__.get("__slots__", base.__dict__.get("__mypyc_attrs__", ()))
        names.update(dict.fromkeys(sorted(own)))
    return tuple(names)


def _reader_of(names: tuple[str, ...]) -> Callable[[Any], tuple[object, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple([getattr(value, name) for name in names])  # which attrgetter wouldn't give as a tuple


_EMPTY: Final = (None, "", 0, (), False)
