"""Inputs, effects and what they hold, in a few words for people. Payloads are shown by their beginning and length.

What stands in quotes was said by somebody; names and addresses stand as they are.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Final

from ..state.effects import Effect
from ..state.endpoints import Endpoint, Found, ListenPlan, Route
from ..state.faults import Fault
from ..state.machine import Event
from ..state.values import Value
from .loop import gathers
from .trace import Opaque

__all__ = ["place", "printable", "short", "words_of", "words_of_event"]

_SHOWN: Final = 24  # characters of a payload
_PAYLOADS: Final = ("payload", "payloads")  # the fields of effects that hold such
_EMPTY: Final = (None, "", 0, (), False)


def words_of(effect: Effect) -> str:
    """An effect: `Send(b'hello', 5 B)`, `Connect(127.0.0.1:80)`, `Tick(ATTEMPT)`."""
    given = [(name, value) for name, value in zip(effect.names(), effect.fields(), strict=True) if _tells(value)]
    return f"{type(effect).__name__}({', '.join(_named(name, value) for name, value in given)})"


def words_of_event(event: Event) -> str:
    """An input: `received(b'hello', 5 B)`, `ticked(ATTEMPT)`, `write(b'hello', 5 B, gather=True)`."""
    args = list(event.args)
    flags = ["gather=True"] if gathers(event) else []
    if flags:
        args.pop()
    payload = next((place for place, arg in enumerate(args) if _is_payload(arg)), None)
    if payload is not None:  # it says its length itself; and no payload, or no callback, needs no words
        if args[payload + 1 : payload + 2] == [len(args[payload])]:
            del args[payload + 1]
        while args and (args[-1] == 0 or args[-1] == b""):
            args.pop()
    return f"{event.name}({', '.join([*map(_said, args), *flags])})"  # no input has a text that isn't a payload


def short(value: Any) -> str:
    """Any value that inputs and effects hold."""
    if _is_payload(value):
        return _payload(value)
    match value:
        case enum.Enum():
            return value.name
        case Opaque(name):
            return name
        case Endpoint():
            return place(value)
        case Fault(code=code):
            return str(code)
        case Found(address=address, fault=fault):
            return f"{address} {fault.code}" if fault is not None else str(address)
        case Route():
            return place(value.endpoint(value.known)) if value.known is not None else f"{value.host}:{value.port}"
        case ListenPlan():
            return _plan(value)
        case Value():
            return words_of(value) if isinstance(value, Effect) else repr(value)
        case tuple():
            return _listed(value, short)
        case str():
            return _cut(value)
        case float():
            return f"{value:g}"
        case int() | None:
            return repr(value)
        case _:
            return f"<{type(value).__name__}>"


def _said(value: Any) -> str:
    """The same where a text is a payload, as it is once a socket has an encoding."""
    match value:
        case str():
            text = printable(repr(value[:_SHOWN]))
            return text if len(value) <= _SHOWN else f"{text}…, {len(value)} characters"
        case tuple():
            return _listed(value, _said)
        case _:
            return short(value)


def _listed(values: tuple[Any, ...], words: Callable[[Any], str]) -> str:
    return ", ".join(map(words, values)) if len(values) < 4 else f"{words(values[0])}, … {len(values)} of them"


def place(endpoint: Endpoint | None) -> str:
    """Where something is, as one would type it."""
    if endpoint is None:
        return "nowhere"
    if endpoint.family == 0:
        return _cut(endpoint.address.replace("\0", "@")) or "no path"
    return f"[{endpoint.address}]:{endpoint.port}" if endpoint.family == 6 else f"{endpoint.address}:{endpoint.port}"


def _plan(plan: ListenPlan) -> str:
    if plan.handle is not None:
        return short(plan.handle)
    return _cut(plan.path.replace("\0", "@")) or f"{plan.host or '*'}:{plan.port}"


def _named(name: str, value: Any) -> str:
    """Most values tell what they are; a number or a truth doesn't."""
    if name in _PAYLOADS:
        return _said(value)
    return f"{name}={value!r}" if isinstance(value, int) and name not in ("seconds", "port") else short(value)


def _tells(value: object) -> bool:
    return not any(value is empty or (type(value) is type(empty) and value == empty) for empty in _EMPTY)


def _is_payload(value: object) -> bool:
    return isinstance(value, bytes | bytearray | memoryview)


def _payload(payload: Any) -> str:
    count = len(payload)
    content = bytes(payload[:_SHOWN])
    return f"{content!r}{'…' if count > _SHOWN else ''}, {count} B"


def printable(text: str) -> str:
    """A text with a dot for each character that is no sign: what a file says must not steer a terminal."""
    return "".join([sign if sign.isprintable() else "·" for sign in text])


def _cut(text: str) -> str:
    text = printable(text)
    return text if len(text) <= 2 * _SHOWN else f"{text[: 2 * _SHOWN]}…"
