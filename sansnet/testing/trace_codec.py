"""Inputs, effects and what they hold, as JSON and back.

The machines' own annotations are the schema: `write(payload: Payload, size: int, token: Token)` says that an input
`write` has a payload and two numbers, and `Connect.__init__(attempt: int, endpoint: Endpoint)` what a `Connect` has.
So an input or an effect that is added to the machines can be recorded at once, and what is read back has the types that
the machines were written for, or is refused here (`Malformed`), before a machine sees it.

    a number, a text, a truth, None     as JSON has them
    a phase, a step, a timer            its name, "CONNECTED"
    a value (Endpoint, Fault, …)        an object of its fields, without those that have their default
    an effect                           the same, and first its family and name: {"op": "Connect", …}
    a payload                           {"bytes": "hi", "length": 2} where it is printable ASCII; else
                                        {"base64": "//4=", "length": 2}; for a str, {"text": "hi", "length": 2}, or
                                        {"points": [55296], "length": 1} where it has half a character
    what is opaque to the machines      {"opaque": "connection 1"}

Writing never fails, because a recorder must not: what doesn't fit its annotation is written as if it were opaque.
"""

from __future__ import annotations

import base64
import binascii
import enum
import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any, Final, get_args, get_origin

from ..state import effects, notices, ops
from ..state.effects import Effect, Notice, Op, Reply, Timing, Turn
from ..state.machine import Event, Machine
from ..state.values import Value
from .annotated import Parameter, parameters
from .trace import Kind, Opaque

__all__ = [
    "Malformed",
    "decode",
    "decode_effect",
    "decode_event",
    "encode",
    "encode_arguments",
    "encode_effect",
    "name_of",
]

_FAMILIES: Final[Mapping[str, type[Effect]]] = {
    "op": Op,
    "timing": Timing,
    "reply": Reply,
    "notice": Notice,
    "turn": Turn,
}
_KINDS: Final[Mapping[str, type[Effect]]] = {
    name: kind
    for module in (effects, notices, ops)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Effect) and kind.__module__ == module.__name__
}
_UNIONS: Final = (typing.Union, types.UnionType)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PRINTABLE: Final = bytes([*range(0x20, 0x7F), *b"\t\n\r"])


class Malformed(ValueError):
    """This JSON is not what it should be; the text says why."""


# ------------------------------------------------------------------------------------------------------------- values


def encode(value: Any, hint: Any) -> Any:
    """A value that is annotated as `hint`, as what `json` takes."""
    if hint is Any:
        return _encode_payload(value)
    if value is None and (hint is object or types.NoneType in get_args(hint)):
        return None
    for kind in _members(hint):
        if get_origin(kind) is tuple:
            if type(value) is tuple:
                return [encode(one, get_args(kind)[0]) for one in value]
        elif kind is float:
            if type(value) in (int, float):
                return value
        elif issubclass(kind, Value):
            if type(value) is kind:
                return _encode_fields(value, _fields_of(kind))
        elif issubclass(kind, enum.Enum):
            if isinstance(value, kind):
                return value.name
        elif kind is not object and isinstance(value, kind):
            return value
    return {"opaque": name_of(value)}


def decode(data: Any, hint: Any) -> Any:
    """The value again. Raises Malformed."""
    if isinstance(data, dict) and data.keys() == {"opaque"} and isinstance(data["opaque"], str):
        return Opaque(data["opaque"])
    if hint is Any:
        return _decode_payload(data)
    if hint is object:
        if data is None:
            return None
    elif get_origin(hint) in _UNIONS:
        if data is None and types.NoneType in get_args(hint):
            return None
        return decode(data, _members(hint)[0])
    elif get_origin(hint) is tuple:
        if isinstance(data, list):
            return tuple([decode(one, get_args(hint)[0]) for one in data])
    elif issubclass(hint, enum.Enum):
        if isinstance(data, str) and data in hint.__members__:
            return hint[data]
    elif issubclass(hint, Value):
        if isinstance(data, dict):
            return _build(hint, data)
    elif isinstance(data, (int, float) if hint is float else hint):
        return data
    raise Malformed(f"{_short(data)} is no {_words(hint)}")


def name_of(thing: object) -> str:
    """What something opaque is called: its own name if it was recorded before, else its type's."""
    return thing.name if isinstance(thing, Opaque) else type(thing).__name__


def _members(hint: Any) -> tuple[Any, ...]:
    """What an annotation allows, but for None; the machines' own allow one thing, or one thing and None.

    `int | Any` is an int, unless a user has given something else that only another function of theirs will look at.
    """
    if get_origin(hint) not in _UNIONS:
        return (hint,)
    return tuple([kind for kind in get_args(hint) if kind is not types.NoneType and kind is not Any])


def _encode_payload(payload: Any) -> Any:
    if isinstance(payload, str):
        if _SURROGATE.search(payload):  # of two halves side by side JSON would make one character
            return {"points": list(map(ord, payload)), "length": len(payload)}
        return {"text": payload, "length": len(payload)}
    if not isinstance(payload, bytes | bytearray | memoryview):
        return None if payload is None else {"opaque": name_of(payload)}
    content = bytes(payload)
    if not content.translate(None, _PRINTABLE):
        return {"bytes": content.decode("ascii"), "length": len(content)}
    return {"base64": base64.b64encode(content).decode("ascii"), "length": len(content)}


def _is_point(point: object) -> bool:
    return type(point) is int and 0 <= point <= sys.maxunicode


def _decode_payload(data: Any) -> bytes | str | None:
    if data is None:
        return None
    payload: bytes | str
    match data:
        case {"text": str(text), "length": int(length), **rest} if not rest:
            payload = text
        case {"points": list(points), "length": int(length), **rest} if not rest and all(map(_is_point, points)):
            payload = "".join(map(chr, points))
        case {"bytes": str(text), "length": int(length), **rest} if not rest and text.isascii():
            payload = text.encode("ascii")
        case {"base64": str(text), "length": int(length), **rest} if not rest:
            try:
                payload = base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise Malformed(f"a payload is no base64: {error}") from None
        case _:
            raise Malformed(f"{_short(data)} is no payload")
    if len(payload) != length:
        raise Malformed(f"a payload has the length {len(payload)}, and says {length}")
    return payload


# ------------------------------------------------------------------------------------------------- effects and inputs


def encode_effect(effect: Effect) -> dict[str, Any]:
    """An effect, family first."""
    family = next(family for family, base in _FAMILIES.items() if isinstance(effect, base))
    return {family: type(effect).__name__, **_encode_fields(effect, _fields_of(type(effect)))}


def decode_effect(data: Any) -> Effect:
    """The effect again. Raises Malformed."""
    families = [family for family in _FAMILIES if isinstance(data, dict) and family in data]
    if len(families) != 1:
        raise Malformed(f"{_short(data)} is no effect: it needs one of {', '.join(_FAMILIES)}")
    fields = dict(data)
    name = fields.pop(families[0])
    kind = _effects(families[0]).get(name) if isinstance(name, str) else None
    if kind is None:
        raise Malformed(f"there is no {families[0]} {name!r}")
    effect: Effect = _build(kind, fields)
    return effect


def encode_arguments(kind: Kind, event: Event) -> dict[str, Any]:
    """The arguments of an input, by their names."""
    fields = _fields_of_input(kind.machine, event.name)
    return {name: encode(value, fields[name].hint) for name, value in zip(fields, event.args, strict=False)}


def decode_event(kind: Kind, name: Any, arguments: Any) -> Event:
    """The input again, with its defaults up to the last argument that is given. Raises Malformed."""
    if not isinstance(name, str) or name not in kind.inputs:
        raise Malformed(f"there is no input {name!r}")
    if not isinstance(arguments, dict):
        raise Malformed(f"{_short(arguments)} are no arguments")
    fields = _fields_of_input(kind.machine, name)
    given = _decode_fields(name, fields, arguments)
    wanted = [given.get(field, fields[field].default) for field in fields]
    while wanted and list(fields)[len(wanted) - 1] not in given and wanted[-1] is not inspect.Parameter.empty:
        wanted.pop()
    return Event(name, tuple(wanted))


# ------------------------------------------------------------------------------------------------------------- fields


@functools.cache
def _effects(family: str) -> Mapping[str, type[Effect]]:
    return {name: kind for name, kind in _KINDS.items() if issubclass(kind, _FAMILIES[family])}


def _fields_of(kind: type[Value]) -> Mapping[str, Parameter]:
    return parameters(kind.__init__)


def _fields_of_input(machine: type[Machine], name: str) -> Mapping[str, Parameter]:
    return parameters(getattr(machine, name))


def _encode_fields(value: Value, fields: Mapping[str, Parameter]) -> dict[str, Any]:
    given = {name: getattr(value, name) for name in fields}
    return {
        name: encode(given[name], field.hint)
        for name, field in fields.items()
        if type(given[name]) is not type(field.default) or given[name] != field.default
    }


def _decode_fields(owner: str, fields: Mapping[str, Parameter], data: Mapping[str, Any]) -> dict[str, Any]:
    for name in data:
        if name not in fields:
            raise Malformed(f"{owner} has no {name!r}")
    for name, field in fields.items():
        if name not in data and field.default is inspect.Parameter.empty:
            raise Malformed(f"{owner} needs {name!r}")
    decoded = {}
    for name, value in data.items():
        try:
            decoded[name] = decode(value, fields[name].hint)
        except Malformed as error:
            raise Malformed(f"{owner}, {name!r}: {error}") from None
    return decoded


def _build(kind: type[Value], data: Mapping[str, Any]) -> Any:
    return kind(**_decode_fields(kind.__name__, _fields_of(kind), data))


def _words(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return f"list of {_words(get_args(hint)[0])}"
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return f"{hint.__name__} ({', '.join(hint.__members__)})"
    return "opaque thing" if hint is object else str(hint.__name__)


def _short(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else f"{text[:57]}…"
