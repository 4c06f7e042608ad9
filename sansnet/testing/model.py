"""What can be explored: a world with bounds, given by five members."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final, Protocol, TypeVar

from ..state.machine import Event
from .blame import BadModel, blame
from .laws import Law, Promise, See

__all__ = ["BadModel", "Model", "beginnings", "check_step", "checked", "keyed", "possible", "provable"]

W = TypeVar("W")


class Model(Protocol[W]):
    """A world with bounds. `name` says where it is found: "package.module.NAME".

    A model is a function in five parts: asked the same, it answers the same, in every process. A search begins with
    `initial()`, and what a model remembers from there on may make it faster, or choose which moments it lets be seen
    (a machine's state, the first time only); nothing else.
    """

    @property
    def name(self) -> str:
        """Where a pasted trace imports the model from: "package.module.NAME"."""

    @property
    def laws(self) -> Sequence[Law | Promise]:
        """What holds here."""

    def initial(self) -> Sequence[W]:
        """The worlds to begin with."""

    def events(self, world: W) -> Sequence[Event]:
        """What can happen next, always in the same order."""

    def step(self, world: W, event: Event, see: See) -> W:
        """The world after `event`; the given one stays as it is. Shows `see(world, moment)` what laws may look at."""

    def key(self, world: W) -> Hashable:
        """Equal for worlds that are the same situation. To be explored on an executor: plain values (see `portable`)"""


_METHODS: Final = ("initial", "events", "step", "key")


def checked(model: Any, laws: Sequence[Law | Promise] | None = None) -> Sequence[Law | Promise]:
    """The laws to hold `model` to: its own, unless others are given. Raises BadModel if it is no model."""
    if isinstance(model, type):
        raise BadModel(f"{model!r:.80} is a class, and no model: make one of it, and name that")
    missing = [name for name in _METHODS if not callable(getattr(model, name, None))]
    if not isinstance(getattr(model, "name", None), str):
        missing.insert(0, "name")
    chosen = getattr(model, "laws", None) if laws is None else laws
    if not isinstance(chosen, Sequence):
        missing.append("laws")
    if missing or not isinstance(chosen, Sequence):
        raise BadModel(f"{model!r:.80} is no model: it has no {', no '.join(missing)}")
    for law in chosen:
        if not isinstance(law, Law | Promise):
            raise BadModel(f"{model.name}: {law!r:.80} is no law; decorate it with @always, @sometimes or @eventually")
    return chosen


def provable(model: Any, laws: Sequence[Law | Promise] | None = None) -> Sequence[Law | Promise]:
    """The same. Raises BadModel as well if the model has no law and none was asked for: then nothing is proved."""
    chosen = checked(model, laws)
    if laws is None and not chosen:
        raise BadModel(f"{model.name} has no laws, so that nothing would be proved; explore(…, laws=()) only counts")
    return chosen


def beginnings(model: Any) -> Sequence[Any]:
    """The worlds that a model begins with. Raises BadModel if there are none: then nothing is proved."""
    try:
        worlds = model.initial()
    except Exception as error:
        raise blame(f"{model.name}.initial()", error) from error
    if not _listed(model, "initial", worlds):
        raise BadModel(f"{model.name}.initial() gives no world to begin with, so that nothing would be proved")
    return worlds  # type: ignore[no-any-return]


def possible(model: Any, world: Any) -> Sequence[Event]:
    """What can happen next. Raises BadModel for what is no sequence of events."""
    try:
        events = model.events(world)
    except Exception as error:
        raise blame(f"{model.name}.events()", error) from error
    for event in _listed(model, "events", events):
        if type(event) is not Event and not isinstance(event, Event):
            raise BadModel(f"{model.name}.events() gives {event!r:.80}, which is no sansnet.state.Event")
    return events  # type: ignore[no-any-return]


def keyed(model: Any, world: Any) -> Hashable:
    """The key of a world. Raises BadModel if there is none."""
    try:
        return model.key(world)  # type: ignore[no-any-return]
    except Exception as error:
        raise blame(f"{model.name}.key()", error) from error


def check_step(model: Any, key: Hashable, world: Any, after: Any) -> None:
    """Raise BadModel for a step that gives no world, or that has changed the given one, which had that key."""
    if after is None:
        raise BadModel(f"{model.name}.step() gives None, and no world; does it lack a return?")
    now = keyed(model, world)
    if now != key:
        if keyed(model, world) != now:
            raise BadModel(f"{model.name}.key() gives {now!r:.80}, and something else when it is asked again")
        raise BadModel(f"{model.name}.step() has changed the world that it was given; it makes another one")


def _listed(model: Any, method: str, found: Any) -> Sequence[Any]:
    """What a method has given. Raises BadModel for an iterator, which may have no end, and for a text."""
    if type(found) is not list and (not isinstance(found, Sequence) or isinstance(found, str)):
        raise BadModel(f"{model.name}.{method}() gives no sequence, such as a list, but {found!r:.80}")
    return found
