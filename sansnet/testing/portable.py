"""Names that mean the same in every process: of plain values, equal ones have one name, and different ones different.

A name is a hash of 128 bits. That two of a billion states share one by accident has a chance of one in 10²⁰.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
from collections.abc import Hashable
from typing import Any, Final

from ..state.values import Value
from .model import BadModel

__all__ = ["SIZE", "name_of", "spelled"]

SIZE: Final = 16
"""Bytes of a name."""


def name_of(value: Hashable) -> bytes:
    """The name of a plain value. Raises BadModel for one that isn't."""
    return hashlib.blake2b(spelled(value).encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


def spelled(value: Any) -> str:
    """A plain value as text, equal for equal values: numbers, text, bytes, None, enum members, types, sansnet's values,
    frozen dataclasses; tuples and frozen sets of those.
    """
    kind = type(value)
    if kind is tuple or isinstance(value, tuple):
        return f"({','.join([spelled(each) for each in value])})"
    if value is None:
        return "None"
    if isinstance(value, int):  # True is 1, and so is an IntEnum's member
        return int.__repr__(int(value))
    if isinstance(value, str):
        return str.__repr__(value)
    if isinstance(value, enum.Enum):
        return f"{kind.__module__}.{kind.__qualname__}.{value._name_}"
    if isinstance(value, bytes):
        return bytes.__repr__(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Value):
        return f"{kind.__qualname__}{spelled(value.fields())}"
    return _spelled_rarely(value)


def _spelled_rarely(value: Any) -> str:
    kind = type(value)
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, frozenset):
        return f"{{{','.join(sorted([spelled(each) for each in value]))}}}"
    if dataclasses.is_dataclass(kind):
        fields = tuple([getattr(value, field.name) for field in dataclasses.fields(kind) if field.compare])
        return f"{kind.__module__}.{kind.__qualname__}{spelled(fields)}"
    raise BadModel(
        f"a key holds {value!r:.80}, a {kind.__qualname__}, which has no name that is the same in every process: "
        "to be explored on an executor, keys are made of plain values"
    )
