"""Which build is tested, and what has to be looked up in another way on a compiled one."""

from __future__ import annotations

import os
from typing import Final

import pytest

__all__ = ["COMPILED", "patches_machines", "sees_all_moves", "slots_of"]

COMPILED: Final = os.environ.get("SANSNET_COMPILED") == "1"
"""`make test-compiled` says so; test_compiled.py looks whether it is true."""

patches_machines: Final = pytest.mark.interpreted(
    "puts a bug into a class, and a compiled one calls its own methods directly"
)
"""Inputs can be replaced on either build, where they are given by name: `feed()` and replaying do so."""

sees_all_moves: Final = pytest.mark.interpreted("a compiled machine doesn't show each move within an input")


def slots_of(kind: type) -> tuple[str, ...]:
    """The names of the slots of a class, those of its bases first, as they stand in the source."""
    compiled: tuple[str, ...] | None = vars(kind).get("__mypyc_attrs__")  # its own and those of its bases
    if compiled is not None:
        return compiled
    return tuple(slot for base in reversed(kind.__mro__) for slot in vars(base).get("__slots__", ()))
