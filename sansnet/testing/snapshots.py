"""Copies and keys of machines, made fast: the explorer makes one of each for every step that a machine takes.

`Part.clone()` and `Part.key()` say what is meant; what is here does the same in a fraction of the time, and tests hold
the one to the other. Two means: a copy is one generated function without a loop, and a key is a few numbers, because
whatever was seen before is known by its number.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable
from operator import attrgetter
from typing import Any, Final, final

from ..state.machine import Part
from .portable import name_of

__all__ = ["Numbers", "Snapshots", "copier", "keyer", "rester"]

Phases = tuple[enum.Enum, ...]


@final
class Snapshots:
    """All that is made of machines like `sample`. `phases_of` gives a machine's phases."""

    def __init__(self, sample: Part, phases_of: Callable[[Any], Phases]) -> None:
        self.copy: Final = copier(sample, sample.FIELDS)
        self.key: Final = keyer(sample)
        self.rest: Final = rester(sample)
        self.number: Final = Numbers()
        """Of what `key` gives."""
        self.phases: Final = phases_of


class Numbers:
    """Gives equal things the same number, and different things different ones, in every process.

    A number is what `portable` makes of a thing. It is long to make, and made once.
    """

    __slots__ = ("known",)

    def __init__(self) -> None:
        self.known: dict[Hashable, int] = {}

    def __call__(self, thing: Hashable) -> int:
        """The number of `thing`."""
        try:
            return self.known[thing]
        except KeyError:
            number = self.known[thing] = int.from_bytes(name_of(thing), "big")
            return number

    def __len__(self) -> int:
        return len(self.known)


def copier(sample: object, names: tuple[str, ...]) -> Callable[[Any], Any]:
    """A function that copies objects like `sample`, which consist of the attributes `names`.

    Of a machine the parts are copied, and the queues. Whatever else there is doesn't change, and is shared; so is the
    machine of a world.
    """
    is_part = isinstance(sample, Part)
    queues = sample.QUEUES if isinstance(sample, Part) else ()
    lines = ["def copy(old):", "    new = make(cls)"]
    scope: dict[str, Any] = {"make": type(sample).__new__, "cls": type(sample)}
    for name in names:
        value = getattr(sample, name)
        if is_part and isinstance(value, Part):
            scope[f"copy_{name}"] = copier(value, value.FIELDS)
            lines.append(f"    new.{name} = copy_{name}(old.{name})")
        else:
            lines.append(f"    new.{name} = old.{name}{f' and old.{name}.copy()' if name in queues else ''}")
    exec("\n".join([*lines, "    return new"]), scope)
    copy: Callable[[Any], Any] = scope["copy"]
    return copy


def keyer(sample: Part) -> Callable[[Any], tuple[int, ...]]:
    """A function that gives parts like `sample` equal numbers exactly where their `key()` is equal.

    The first number is of what a part has itself, then comes one for each part that it consists of.
    """
    parts = [name for name in sample.FIELDS if isinstance(getattr(sample, name), Part)]
    scope: dict[str, Any] = {"own": _own_keyer(sample)}
    scope.update({f"key_{name}": _own_keyer(getattr(sample, name)) for name in parts})
    terms = ["own(part)", *(f"key_{name}(part.{name})" for name in parts)]
    exec(f"def key(part):\n    return ({', '.join(terms)},)", scope)
    key: Callable[[Any], tuple[int, ...]] = scope["key"]
    return key


def rester(sample: Part) -> Callable[[Any], tuple[object, ...]]:
    """A function that gives what parts like `sample` may differ in although their numbers are equal.

    Where that is equal, too, `freeze()` is: it is every field that doesn't count whole in `key()`.
    """
    scope: dict[str, Any] = {}
    exec(f"def rest(part):\n    return ({''.join(f'{term}, ' for term in _rest(sample, 'part'))})", scope)
    rest: Callable[[Any], tuple[object, ...]] = scope["rest"]
    return rest


def _rest(sample: Part, part: str) -> list[str]:
    """The expressions for it."""
    terms: list[str] = []
    for name in sample.FIELDS:
        value, there = getattr(sample, name), f"{part}.{name}"
        if isinstance(value, Part):
            terms += _rest(value, there)
        elif name in sample.KEY or name in sample.NOT_KEY:
            terms.append(f"{there} and tuple({there})" if name in sample.QUEUES else there)
    return terms


def _own_keyer(sample: Part) -> Callable[[Any], int]:
    """The same for what is in the part itself."""
    terms: list[str] = []
    scope: dict[str, Any] = {"number": Numbers()}
    names = [name for name in sample.FIELDS if not isinstance(getattr(sample, name), Part)]
    for name in names:
        if name in sample.NOT_KEY:
            continue
        if name in sample.KEY:
            scope[f"key_{name}"] = sample.KEY[name]  # what is empty has one key, and needs no call
            terms.append(f"key_{name}(part.{name}) if part.{name} else None")
        else:
            terms.append(f"part.{name}{'._name_' if isinstance(getattr(sample, name), enum.Enum) else ''}")
    scope["known"] = scope["number"].known
    lookup = ["    own = known.get(thing)", "    return number(thing) if own is None else own"]
    exec("\n".join(["def key(part):", f"    thing = ({', '.join(terms)},)", *lookup]), scope)
    key: Callable[[Any], int] = scope["key"]
    changes_often = sample.KEY or sample.QUEUES or len(names) < len(sample.FIELDS)
    return key if changes_often else _remembering(key, sample)


def _remembering(key: Callable[[Any], int], sample: Part) -> Callable[[Any], int]:
    """The same, for a part that changes seldom and holds values that are slow to compare: tell it by their identity.

    Whatever is remembered is kept alive, so that an identity means one thing.
    """
    fields = attrgetter(*[name for name in sample.FIELDS if name not in sample.NOT_KEY])
    known: dict[tuple[int, ...], tuple[int, object]] = {}

    def number(part: Part) -> int:
        values = fields(part)
        identity = tuple(map(id, values))
        found = known.get(identity)
        if found is None:
            if len(known) > _MOST_REMEMBERED:
                known.clear()
            found = known[identity] = (key(part), values)
        return found[0]

    return number


_MOST_REMEMBERED: Final = 50_000
