"""Listeners: the part of Node's EventEmitter that sockets and servers need.

Here is who is registered; `dispatch.py` calls them.

Reference: https://nodejs.org/api/events.html#class-eventemitter
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Final, Self, TypeVar, overload

from .calling import Fewer, fitted, is_async
from .dispatch import NO_LISTENERS, Dispatcher, Listener, Listeners
from .errors import invalid_arg_type

__all__ = ["Emitter", "Listener"]

_F = TypeVar("_F", bound=Listener)

_OFFERED: Final = {
    "close": 1,
    "connection": 1,
    "connection_attempt": 3,
    "connection_attempt_failed": 4,
    "connection_attempt_timeout": 3,
    "data": 1,
    "drop": 1,
    "error": 1,
    "lookup": 4,
}
"""How many arguments the listeners of our events are offered, where there are any."""

_NODE_WORDS: Final = {
    "connectionAttempt": "connection_attempt",
    "connectionAttemptFailed": "connection_attempt_failed",
    "connectionAttemptTimeout": "connection_attempt_timeout",
}
"""Events that have another name in Node; of all others it is the same."""


class _Once:
    """Calls `listener` the first time, having taken itself off before that."""

    __slots__ = ("emitter", "event", "fired", "listener")

    def __init__(self, emitter: Emitter, event: str, listener: Listener) -> None:
        self.emitter = emitter
        self.event = event
        self.listener = listener
        self.fired = False

    def __call__(self, *args: object) -> None:
        if not self.fired:  # an emit() within an emit() has it in its tuple still
            self.fired = True
            self.emitter.off(self.event, self)
            self.listener(*args)


class Emitter(Dispatcher):
    """Functions to be called when something happens, by the name of what happens.

    A listener may be registered more than once. All that take a listener raise ERR_INVALID_ARG_TYPE (a TypeError) for
    what can't be called.
    """

    __slots__ = ()

    # -- registering ---------------------------------------------------------------------------------------------------

    @overload
    def on(self, event: str, listener: Listener, /) -> Self: ...

    @overload
    def on(self, event: str, /) -> Callable[[_F], _F]: ...

    def on(self, event: str, /, *listener: Any) -> Any:
        """Call `listener` on every `event`, after those that are there. Without one it decorates the function below."""
        if len(listener) != 1:
            return self._decorator(self.on, event, len(listener))
        return self._insert(event, listener[0])

    @overload
    def once(self, event: str, listener: Listener, /) -> Self: ...

    @overload
    def once(self, event: str, /) -> Callable[[_F], _F]: ...

    def once(self, event: str, /, *listener: Any) -> Any:
        """Call `listener` on the next `event` only. Without one it decorates the function below."""
        if len(listener) != 1:
            return self._decorator(self.once, event, len(listener))
        return self._insert(event, listener[0], once=True)

    def prepend_listener(self, event: str, listener: Listener, /) -> Self:
        """As `on()`, before those that are there."""
        return self._insert(event, listener, first=True)

    def prepend_once_listener(self, event: str, listener: Listener, /) -> Self:
        """As `once()`, before those that are there."""
        return self._insert(event, listener, first=True, once=True)

    def off(self, event: str, listener: Listener, /) -> Self:
        """Take `listener` off, however it was registered: the last one of several, and nothing if it isn't there.

        An `emit()` that is under way calls it all the same.
        """
        _check(listener)
        listeners = self._those_of(event)
        for index in reversed(range(len(listeners))):
            if listener in (listeners[index], _unwrapped(listeners[index])):
                self._removing_listener(event)
                self._replace(event, listeners[:index] + listeners[index + 1 :])
                break
        return self

    def remove_all_listeners(self, event: str | None = None, /) -> Self:
        """Take all listeners off: those of `event`, or those of all events."""
        names = [name for name in (self.event_names() if event is None else [event]) if name in self._listeners]
        for name in names:  # all of them before any: it may raise
            self._removing_listener(name)
        for name in names:
            if name in self._listeners:
                self._replace(name, ())
        return self

    # -- asking --------------------------------------------------------------------------------------------------------

    def listeners(self, event: str, /) -> list[Listener]:
        """The functions that were registered, in the order in which they are called."""
        return [_unwrapped(listener) for listener in self._those_of(event)]

    def listener_count(self, event: str, /) -> int:
        """How many listeners `event` has."""
        return len(self._those_of(event))

    def event_names(self) -> list[str]:
        """The events that have listeners, in the order in which they got their first."""
        return list(self._listeners)

    # -- for subclasses ------------------------------------------------------------------------------------------------

    def _adding_listener(self, event: str) -> None:
        """Called before a listener of `event` is added. What it raises comes out of `on()`, and nothing has changed."""

    def _removing_listener(self, event: str) -> None:
        """The same before one or all listeners of `event` are removed."""

    def _listener_added(self, event: str) -> None:
        """Called after a listener of `event` was added."""

    def _listener_removed(self, event: str) -> None:
        """Called after one or all listeners of `event` were removed, also when a `once()` has had its call."""

    # -- inside --------------------------------------------------------------------------------------------------------

    def _insert(self, event: Any, listener: Any, *, first: bool = False, once: bool = False) -> Self:
        if not callable(listener) or is_async(listener):
            _check(listener)
        if not isinstance(event, str) or event in _NODE_WORDS:
            _check_event(event)
        self._adding_listener(event)
        if event in _OFFERED:
            listener = fitted(listener, _OFFERED[event])
        if once:
            listener = _Once(self, event, listener)
        if self._listeners is NO_LISTENERS:
            self._listeners = {}
        if event in self._listeners or isinstance(listener, tuple):
            there = self._those_of(event)
            self._listeners[event] = (listener, *there) if first else (*there, listener)
        else:
            self._listeners[event] = listener
        self._listener_added(event)
        return self

    def _those_of(self, event: str) -> tuple[Listener, ...]:
        there: Listeners = self._listeners.get(event, ())
        return there if isinstance(there, tuple) else (there,)

    def _replace(self, event: str, listeners: tuple[Listener, ...]) -> None:
        if listeners:
            self._listeners[event] = listeners
        else:
            del self._listeners[event]
        self._listener_removed(event)

    def _decorator(self, register: Callable[[str, Listener], object], event: str, given: int) -> Callable[[_F], _F]:
        if given:
            raise TypeError(f"on() and once() take an event and one listener, {given} were given")

        def decorate(listener: _F) -> _F:
            register(event, listener)
            return listener

        return decorate


def _check(listener: object) -> None:
    if not callable(listener):
        raise invalid_arg_type("listener", "of type function", listener)
    if is_async(listener):  # it would only make a coroutine, which nobody awaits
        raise invalid_arg_type("listener", "a function that is not async; it may start a task", listener)


def _check_event(event: object) -> None:
    if not isinstance(event, str):
        raise invalid_arg_type("event", "of type string", event)
    if event in _NODE_WORDS:
        # The user's line is the fourth: on() and what it calls lie between.
        warnings.warn(f"{event!r} is {_NODE_WORDS[event]!r} here", RuntimeWarning, stacklevel=4)


def _unwrapped(listener: Listener) -> Listener:
    listener = listener.listener if isinstance(listener, _Once) else listener
    return listener.function if isinstance(listener, Fewer) else listener
