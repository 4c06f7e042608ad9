"""Calling listeners: the part of an `Emitter` that runs for each message, and that a compiled build has compiled.

The listeners of an event are a tuple, never changed but replaced. So `emit()` walks over what was there when it began,
whatever the listeners do to one another, and needs no copy for it. Nearly always there is one: that is kept as it is,
without a tuple around it. An emitter without listeners has no table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .errors import unhandled_error
from .state.compiled import mypyc_attr

__all__ = ["NO_LISTENERS", "Dispatcher", "Listener", "Listeners", "exception_in"]

Listener = Callable[..., object]
"""What `emit(event, *args)` calls with `args`, or the first of them if it takes fewer. Its result doesn't matter."""

Listeners = Listener | tuple[Listener, ...]
"""Those of an event: the only one, unless it is a tuple itself, or a tuple of all."""

NO_LISTENERS: Final[dict[str, Listeners]] = {}
"""What all emitters without listeners share; never written to."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Dispatcher:
    """Has listeners, by the event that they listen to."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: dict[str, Listeners] = NO_LISTENERS

    def emit(self, event: str, /, *args: Any) -> bool:
        """Call the listeners of `event` with `args`, in order. Was there any?

        What a listener raises comes out of here, and those behind it are not called. An 'error' without a listener is
        raised: the exception given with it, or ERR_UNHANDLED_ERROR if none was.
        """
        listeners = self._listeners.get(event)
        if listeners is None:
            if event == "error":
                raise exception_in(args)
            return False
        if isinstance(listeners, tuple):
            for listener in listeners:
                listener(*args)
        else:
            listeners(*args)
        return True


def exception_in(args: tuple[object, ...]) -> BaseException:
    """What is raised for an 'error' with these arguments: the exception, or ERR_UNHANDLED_ERROR if there is none."""
    error = args[0] if args else None
    return error if isinstance(error, BaseException) else unhandled_error(error)
