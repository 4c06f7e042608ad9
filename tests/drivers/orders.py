"""Every order of the steps of a life, up to a number of them: what a driver over a fake system is put through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

__all__ = ["Steps", "explore", "replayed"]


class Steps(Protocol):
    """A life, as far as it has come."""

    def steps(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """What can happen next, each by a name."""

    def check(self) -> None:
        """What holds at every moment."""

    def finish(self) -> None:
        """Let it come to its end, and look at that."""


_L = TypeVar("_L", bound=Steps)


def replayed(life: _L, path: tuple[str, ...]) -> _L:
    """The life after these steps."""
    for name in path:
        dict(life.steps())[name]()
        life.check()
    return life


def explore(begin: Callable[[], Steps], depth: int) -> int:
    """Walk through every order of so many steps; how many there are."""
    count = 0
    paths: list[tuple[str, ...]] = [()]
    while paths:
        path = paths.pop()
        try:
            life = replayed(begin(), path)
            steps = [name for name, _ in life.steps()]
            life.finish()
        except AssertionError as error:
            error.add_note(" → ".join(path))
            raise
        count += 1
        if len(path) < depth:
            paths += [(*path, name) for name in steps]
    return count
