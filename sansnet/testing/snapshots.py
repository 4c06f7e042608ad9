"""Copies and keys of machines, made fast: the explorer makes one of each for every step that a machine takes.

`Part.clone()` and `Part.key()` say what is meant; what is here does the same in a fraction of the time, and tests hold
the one to the other. Two means: a copy is one generated function without a loop, and a key is a few numbers, because
whatever was seen before is known by its number.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Hashable, Iterable
from operator import attrgetter
from typing import Any, Final, final

from ..state.machine import Part
from .portable import SIZE, name_of

__all__ = ["Numbers", "Place", "Snapshots", "copier", "keyer", "together"]

Phases = tuple[enum.Enum, ...]


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
    return key


def together(numbers: Iterable[int]) -> int:
    """One number for several: equal for equal ones, in every process."""
    names = b"".join([number.to_bytes(SIZE, "big") for number in numbers])
    return int.from_bytes(hashlib.blake2b(names, digest_size=SIZE).digest(), "big")


# -- parts that are shared


@final
class Place:
    """A state that a part was met in, apart from the parts within. There is one object for each."""

    __slots__ = ("number", "part")

    def __init__(self, part: Part, number: int) -> None:
        self.part: Final = part
        """The first that was met there. It is shared, and doesn't change."""
        self.number: Final = number
        """Equal where the part's `key()` is, as far as it is about itself."""


@final
class Snapshots:
    """Copies and states of machines like `sample`. `phases_of` gives a machine's phases."""

    def __init__(self, sample: Part, phases_of: Callable[[Any], Phases]) -> None:
        self.copy: Final = copier(sample, sample.FIELDS)
        self.phases: Final = phases_of
        self._known: Final[list[dict[Any, Any]]] = []
        parts = [name for name in sample.FIELDS if isinstance(getattr(sample, name), Part)]
        scope: dict[str, Any] = {"own": self._placer(sample)}
        scope.update({f"place_{name}": self._placer(getattr(sample, name)) for name in parts})
        lines = [f"    {name} = place_{name}(machine.{name}); machine.{name} = {name}.part" for name in parts]
        end = f"    return (own(machine), {' '.join([f'{name},' for name in parts])})"
        exec("\n".join(["def places(machine):", *lines, end]), scope)
        self.places: Final[Callable[[Any], tuple[Place, ...]]] = scope["places"]
        """Where a machine is, and where each of its parts is: the same places for all whose `freeze()` is equal.

        From now on the machine shares its parts with others, and is not to be fed.
        """

    def forget(self) -> None:
        """Keep no part any more. Numbers stay as they are."""
        for known in self._known:
            known.clear()

    def _placer(self, sample: Part) -> Callable[[Any], Place]:
        """A function that gives the place of a part like `sample`."""
        names = [name for name in sample.FIELDS if not isinstance(getattr(sample, name), Part)]
        terms = [f"part.{name} and tuple(part.{name})" if name in sample.QUEUES else f"part.{name}" for name in names]
        known: dict[tuple[object, ...], Place] = {}
        self._known.append(known)
        key = _own_keyer(sample)

        def meet(state: tuple[object, ...], part: Part) -> Place:
            place = known[state] = Place(part, key(part))
            return place

        lines = [f"    state = ({', '.join(terms)},)", "    place = known.get(state)"]
        scope: dict[str, Any] = {"known": known, "meet": meet}
        exec("\n".join(["def place(part):", *lines, "    return meet(state, part) if place is None else place"]), scope)
        place: Callable[[Any], Place] = scope["place"]
        changes_often = sample.KEY or sample.QUEUES or len(names) < len(sample.FIELDS)
        return place if changes_often else self._by_identity(place, sample)

    def _by_identity(self, place: Callable[[Any], Place], sample: Part) -> Callable[[Any], Place]:
        """The same, for a part that changes seldom and holds values that are slow to compare.

        Whatever is remembered is kept alive, so that an identity means one thing.
        """
        fields = attrgetter(*sample.FIELDS)
        known: dict[tuple[int, ...], tuple[Place, object]] = {}
        self._known.append(known)

        def place_of(part: Part) -> Place:
            values = fields(part)
            identity = tuple(map(id, values))
            found = known.get(identity)
            if found is None:
                found = known[identity] = (place(part), values)
            return found[0]

        return place_of
