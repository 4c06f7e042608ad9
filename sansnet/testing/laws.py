"""Laws, under three verbs, and the watch that is kept over them.

A *law* is a function with one sentence of docstring:

    @always(Data)
    def no_data_after_end(world: SocketWorld, notice: Data) -> bool:
        '''No 'data' after 'end'.'''
        return not world.ended

- `always(*kinds)`: true at every moment of these kinds. Moments are what a model lets be seen during a step (in ours:
  every input with its effects, every effect as it is carried out), and the explorer's own `Stepped` and `Reached`.
- `sometimes(*kinds)`: true at one moment at least. An exploration that never gets to the interesting place proves
  nothing about it, and so it fails.
- `eventually(fair=…)`: from every state, whatever way the `fair` events go, a state is reached where it is true.
  Which those are, `fair(world, event)` says; `when=` narrows the states: from every one in which `when(world)`.
"""

from __future__ import annotations

import enum
import importlib
import pickle
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple, final

from ..state.machine import Event
from .blame import BadModel, blame, truth

__all__ = [
    "REACHED",
    "Law",
    "LawBroken",
    "Promise",
    "Reached",
    "See",
    "Stepped",
    "Verb",
    "Watch",
    "always",
    "eventually",
    "sometimes",
]

See = Callable[[Any, object], None]
"""`see(world, moment)`: a model calls it at each moment that a law may look at, with the world as it is then."""


class Verb(enum.Enum):
    """How often a law is to be true."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    EVENTUALLY = "eventually"


@final
class Law:
    """A function of a world and a moment that is true always, or sometimes; made by the decorators."""

    __slots__ = ("check", "name", "on", "text", "verb")

    def __init__(self, verb: Verb, on: tuple[type, ...], check: Callable[[Any, Any], bool]) -> None:
        self.verb: Final = verb
        self.on: Final = on
        self.check: Final = check
        self.name: Final = check.__name__
        self.text: Final = _sentence(check)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, str]]:
        return _by_name(self, self.check)


@final
class Promise:
    """A function of a world that comes true, however the fair events go; made by `eventually`."""

    __slots__ = ("fair", "goal", "name", "text", "verb", "when")

    def __init__(
        self, goal: Callable[[Any], bool], fair: Callable[[Any, Event], bool], when: Callable[[Any], bool]
    ) -> None:
        self.verb: Final = Verb.EVENTUALLY
        self.goal: Final = goal
        self.fair: Final = fair
        self.when: Final = when
        self.name: Final = goal.__name__
        self.text: Final = _sentence(goal)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, str]]:
        return _by_name(self, self.goal)


def always(*on: type) -> Callable[[Callable[[Any, Any], bool]], Law]:
    """True at every moment of these kinds (of their subclasses as well). Raises TypeError for what is no kind."""
    _check_kinds("always", on)
    return lambda check: Law(Verb.ALWAYS, on, check)


def sometimes(*on: type) -> Callable[[Callable[[Any, Any], bool]], Law]:
    """True at one moment of these kinds at least, or the model doesn't show what it was made for.

    Raises TypeError for what is no kind.
    """
    _check_kinds("sometimes", on)
    return lambda check: Law(Verb.SOMETIMES, on, check)


def eventually(
    *, fair: Callable[[Any, Event], bool], when: Callable[[Any], bool] = lambda _world: True
) -> Callable[[Callable[[Any], bool]], Promise]:
    """From every state in which `when`, every way through `fair` events comes to where it is true, none endlessly.

    fair: of a world and an event, whether it is one of those that are bound to go on. when: of a world.
    Raises TypeError for what is no function.
    """
    for name, function in (("fair", fair), ("when", when)):
        if not callable(function):
            raise TypeError(f"eventually({name}=…) takes a function, not {function!r:.80}")
    return lambda goal: Promise(goal, fair, when)


def _check_kinds(verb: str, on: tuple[object, ...]) -> None:
    """A law about no moment at all would never be asked, and hold."""
    for kind in on or (None,):
        if not isinstance(kind, type):
            given = f"not {kind!r:.80}" if on else "and at least one"
            raise TypeError(f"@{verb}(…) takes kinds of moments, such as Reached, {given}")


def _by_name(law: Law | Promise, function: Callable[..., object]) -> tuple[Callable[..., Any], tuple[str, str]]:
    """How a law is pickled: by the name under which its module has it. Raises PicklingError if it isn't there."""
    where = (function.__module__, function.__qualname__)
    try:
        found = _named(*where)
    except (ImportError, AttributeError):
        found = None
    if found is not law:
        raise pickle.PicklingError(f"the law {law.name} is not at the top of its module, where others would find it")
    return (_named, where)


def _named(module: str, name: str) -> Any:
    return attrgetter(name)(importlib.import_module(module))


def _sentence(function: Callable[..., object]) -> str:
    return " ".join((function.__doc__ or function.__name__).split())


class Stepped(NamedTuple):
    """A moment: a step was taken. The world is the one after it."""

    before: Any
    event: Event


@final
class Reached:
    """A moment: a state that was not seen before."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "this state"


REACHED: Final = Reached()


class LawBroken(AssertionError):
    """A law doesn't hold: which one, and at what moment."""

    def __init__(self, name: str, text: str, moment: object = "") -> None:
        super().__init__(name, text, moment)
        self.name: Final = name
        self.text: Final = text
        self.moment: Final = moment

    def __str__(self) -> str:
        return f"{self.name}: {self.text}\n  broken by {self.moment!r}" if self.moment else f"{self.name}: {self.text}"


NEITHER: Final = "the law {} says neither True nor False, but None"

Check = Callable[[Any, Any], bool]


@final
class Watch:
    """Shows moments to the laws that are about them. Its `see` is what a model's `step` is given."""

    __slots__ = ("_by_kind", "_kinds", "_laws", "wanting")

    def __init__(self, laws: Sequence[Law | Promise]) -> None:
        self._laws = [law for law in laws if isinstance(law, Law)]
        self._by_kind: dict[type, list[Check]] = {}
        self.wanting = [law for law in self._laws if law.verb is Verb.SOMETIMES]
        self._kinds: dict[type, None] = {}  # of the moments that there were

    def see(self, world: object, moment: object) -> None:
        """Raise LawBroken if a law breaks here, and BadModel if one raises."""
        try:
            checks = self._by_kind[type(moment)]
        except KeyError:
            checks = self._by_kind[type(moment)] = self._checks_of(type(moment))
            self._kinds[type(moment)] = None
        for check in checks:
            try:
                holds = check(world, moment)
            except BadModel:
                raise
            except Exception as error:
                raise blame(f"the law {check.__name__}", error) from error
            if not holds:
                if holds is None:
                    raise BadModel(NEITHER.format(check.__name__))
                law = next(law for law in self._laws if law.check is check)
                raise LawBroken(law.name, law.text, moment)

    def cares_about(self, kind: type) -> bool:
        """Is there a law about moments of that kind?"""
        return any(issubclass(kind, law.on) for law in self._laws)

    def has_asked(self, law: Law | Promise) -> bool:
        """Was there a moment that the law is about? A promise is about none."""
        return isinstance(law, Law) and any(issubclass(kind, law.on) for kind in self._kinds)

    def _checks_of(self, kind: type) -> list[Check]:
        """What is to be true at a moment of that kind: bare functions, since it is asked at every step."""
        laws = [law for law in self._laws if issubclass(kind, law.on)]
        return [law.check if law.verb is Verb.ALWAYS else self._hoping_for(law) for law in laws]

    def _hoping_for(self, law: Law) -> Check:
        """Never wrong; forgets the law once it came true."""

        def hope(world: Any, moment: Any) -> bool:
            if law in self.wanting and truth(law.check, world, moment):
                self.wanting.remove(law)
                self._laws.remove(law)
                self._by_kind.clear()
            return True

        return hope
