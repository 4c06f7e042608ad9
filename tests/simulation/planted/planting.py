"""How a bug is planted around the machines: a function patches something for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest

__all__ = ["PLANTED", "Patch", "Plant", "Planted", "around", "now_and_then", "seen_as"]

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


class Planted(NamedTuple):
    """A bug, and what the workload says to it; nothing if it puts up with it."""

    name: str
    says: str
    plant: Plant


PLANTED: Final[list[Planted]] = []


def seen_as(says: str) -> Callable[[Plant], Plant]:
    """The decorated function plants a bug. says: a part of what is said then; "" if nothing is: the file tells why."""

    def add(plant: Plant) -> Plant:
        PLANTED.append(Planted(plant.__module__.rpartition(".")[2], says, plant))
        return plant

    return add


def around(patch: Patch, owner: type, name: str, replacement: Callable[..., Any]) -> None:
    """Replace a method by one that is given the original, and then its arguments."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda self, *args: replacement(original, self, *args))


def now_and_then(every: int) -> Callable[[], bool]:
    """A function that is true each so many times. What is always wrong would be too easy to see."""
    count = 0

    def is_it_time() -> bool:
        nonlocal count
        count += 1
        return count % every == 0

    return is_it_time
