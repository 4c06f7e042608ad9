"""Traces as text: JSON Lines, one entry a line, in the order in which things happened.

    {"format": "sansnet-trace", "version": 1, "made_by": "sansnet 0.1.0", "time": "seconds since the recording began"}
    {"at": 0.0, "made": "socket 1", "state": {"no_delay": true}}
    {"at": 0.0001, "to": "socket 1", "by": "user", "input": "write", "arguments": {…}, "effects": [{"op": "Send", …}]}
    {"at": 0.0002, "of": "socket 1", "attribute": "allow_half_open", "value": true}
    {"at": 0.0003, "of": "socket 1", "local": {"address": "127.0.0.1", "port": 50000, "family": 4}, "remote": {…}}
    {"end": 4}

Instead of "effects" an input may have "misuse" (a fault) or "crash" (a text). What values look like is told by
`trace_codec`. The last line has the number of the entries: a file that was cut off is known by its absence. Version 1
is what is written here; a reader refuses what it doesn't know, whether that is a version, a line, or a word in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from .. import __version__
from ..state.endpoints import Endpoint
from ..state.faults import Fault
from ..state.machine import Event
from .trace import KINDS, Changed, Entry, Fed, Kind, Made, Opened, Trace, TraceError, kind_of
from .trace_codec import Malformed, decode, decode_effect, decode_event, encode, encode_arguments, encode_effect
from .trace_files import new_file

__all__ = [
    "VERSION",
    "digest",
    "dump_trace",
    "first_line",
    "last_line",
    "line_of",
    "lines_of",
    "load_trace",
    "parse_trace",
    "read_trace",
]

FORMAT: Final = "sansnet-trace"
VERSION: Final = 1
_CUT_OFF: Final = "the trace ends here, without its last line; it was cut off"
_UNITS: Final = "seconds since the recording began"


# ------------------------------------------------------------------------------------------------------------- writing


def dump_trace(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Write a trace to a file, which is there whole or not at all. Raises OSError."""
    with new_file(path) as out:
        out.writelines(f"{line}\n" for line in lines_of(trace))


def lines_of(trace: Trace) -> Iterator[str]:
    """The lines of a trace, without the line breaks."""
    yield first_line()
    yield from map(line_of, trace.entries)
    yield last_line(len(trace.entries))


def digest(trace: Trace) -> str:
    """The SHA-256 of what happened, in hexadecimal: equal for equal traces, whoever wrote them."""
    sum_ = hashlib.sha256()
    for entry in trace.entries:
        sum_.update(line_of(entry).encode("ascii") + b"\n")
    return sum_.hexdigest()


def first_line() -> str:
    """What every file begins with."""
    return _json({"format": FORMAT, "version": VERSION, "made_by": f"sansnet {__version__}", "time": _UNITS})


def last_line(count: int) -> str:
    """What a file of so many entries ends with."""
    return _json({"end": count})


def line_of(entry: Entry) -> str:
    """An entry."""
    match entry:
        case Made():
            return _json(_made(entry))
        case Fed():
            return _json(_fed(entry))
        case Changed(at, who, name, value):
            hint = kind_of(who).attributes[name]
            return _json({"at": at, "of": who, "attribute": name, "value": encode(value, hint)})
        case Opened(at, who, local, remote):
            ends = {"local": local, "remote": remote}
            return _json({"at": at, "of": who} | {name: encode(end, _END) for name, end in ends.items()})


def _made(made: Made) -> dict[str, Any]:
    hints = kind_of(made.who).attributes
    state = {name: encode(value, hints[name]) for name, value in made.state.items()}
    links = {"server": made.server, "connection": made.connection, "after": made.after}
    optional = {name: value for name, value in ({"state": state} | links).items() if value}
    return {"at": made.at, "made": made.who, **optional}


def _fed(fed: Fed) -> dict[str, Any]:
    line: dict[str, Any] = {"at": fed.at, "to": fed.who, "by": fed.by.value, "input": fed.event.name}
    arguments = encode_arguments(kind_of(fed.who), fed.event)
    if arguments:
        line["arguments"] = arguments
    if fed.crash:
        return line | {"crash": fed.crash}
    if fed.misuse is not None:
        return line | {"misuse": encode(fed.misuse, Fault)}
    return line | {"effects": [encode_effect(effect) for effect in fed.effects]}


def _json(line: dict[str, Any]) -> str:
    return json.dumps(line)  # in ASCII: a str of the user's may have what UTF-8 has not


# ------------------------------------------------------------------------------------------------------------- reading


def load_trace(path: str | os.PathLike[str]) -> Trace:
    """Read a file. Raises TraceError, which names the line, and OSError."""
    return parse_trace(Path(path).read_bytes().decode("utf-8", "replace"))


def parse_trace(text: str) -> Trace:
    """The trace that is written there. Raises TraceError."""
    return read_trace(text.split("\n"))


def read_trace(lines: Iterable[str]) -> Trace:
    """The trace of these lines. Raises TraceError."""
    entries: list[Entry] = []
    made: dict[str, None] = {}
    number, is_over = 0, False
    for number, line in enumerate(lines, 1):
        if is_over:
            if line.strip():
                raise TraceError(number, "something comes after the last line of the trace")
            continue
        data = _object(number, line)
        if number == 1:
            _check_first(data)
        elif "end" in data:
            _check_last(number, data, len(entries))
            is_over = True
        else:
            entries.append(_entry(number, data, made))
    if not is_over:
        raise TraceError(number + 1, _CUT_OFF)
    return Trace(tuple(entries))


def _object(number: int, line: str) -> dict[str, Any]:
    if not line.strip():
        raise TraceError(number, _CUT_OFF if number > 1 else "there is nothing here")
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TraceError(number, f"this is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise TraceError(number, "a line is a JSON object, and this is none")
    return data


def _check_first(data: Mapping[str, Any]) -> None:
    if data.get("format") != FORMAT:
        raise TraceError(1, f'this is no trace: its first line has no "format": "{FORMAT}"')
    if data.get("version") != VERSION:
        raise TraceError(1, f"version {data.get('version')!r}, and this sansnet reads version {VERSION}")


def _check_last(number: int, data: Mapping[str, Any], count: int) -> None:
    if data != {"end": count}:
        raise TraceError(number, f"the last line says {data['end']!r} entries, and there are {count}")


def _entry(number: int, data: Mapping[str, Any], made: dict[str, None]) -> Entry:
    try:
        entry = _read_entry(data, made)
    except Malformed as error:
        raise TraceError(number, str(error)) from None
    return entry


def _read_entry(data: Mapping[str, Any], made: dict[str, None]) -> Entry:
    word = next((word for word in _READERS if word in data), None)
    if word is None:
        raise Malformed(f"a line has one of {', '.join(_READERS)}")
    at, who = data.get("at"), data[word]
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise Malformed("a line says in seconds when it was, at")
    if word == "made":
        if not isinstance(who, str) or not _NAME.fullmatch(who):
            raise Malformed(f"{who!r} is no name of a machine, as 'socket 1' or 'server 1' are")
        if who in made:
            raise Malformed(f"{who!r} was made before")
        made[who] = None
    elif not isinstance(who, str) or who not in made:
        raise Malformed(f"no {who!r} was made")
    return _READERS[word](at, who, data, kind_of(who))


def _read_made(at: float, who: str, data: Mapping[str, Any], kind: Kind) -> Made:
    _allow(data, "at made state server connection after")
    state = data.get("state", {})
    links = [data.get(name, "") for name in ("server", "connection", "after")]
    if not isinstance(state, dict) or not all(isinstance(link, str) for link in links):
        raise Malformed("a state is an object, and server, connection and after are texts")
    return Made(at, who, {name: _attribute(name, value, kind) for name, value in state.items()}, *links)


def _read_fed(at: float, who: str, data: Mapping[str, Any], kind: Kind) -> Fed:
    _allow(data, "at to by input arguments effects misuse crash")
    event: Event = decode_event(kind, data.get("input"), data.get("arguments", {}))
    by = kind.inputs[event.name].by.value
    if data.get("by", by) != by:
        raise Malformed(f"{event.name} is given by the {by}")
    match {name: value for name, value in data.items() if name in ("effects", "misuse", "crash")}:
        case {"effects": list(effects), **rest} if not rest:
            return Fed(at, who, event, tuple(map(decode_effect, effects)))
        case {"misuse": dict(fault), **rest} if not rest:
            return Fed(at, who, event, misuse=decode(fault, Fault))
        case {"crash": str(crash), **rest} if not rest and crash:
            return Fed(at, who, event, crash=crash)
    raise Malformed("an input has effects (a list), or misuse (a fault), or crash (a text)")


def _read_of(at: float, who: str, data: Mapping[str, Any], kind: Kind) -> Entry:
    if "attribute" in data:
        _allow(data, "at of attribute value")
        name = data["attribute"]
        return Changed(at, who, name, _attribute(name, data.get("value"), kind))
    _allow(data, "at of local remote")
    return Opened(at, who, decode(data.get("local"), _END), decode(data.get("remote"), _END))


def _attribute(name: Any, value: Any, kind: Kind) -> Any:
    if not isinstance(name, str) or name not in kind.attributes:
        raise Malformed(f"there is no attribute {name!r}")
    try:
        return decode(value, kind.attributes[name])
    except Malformed as error:
        raise Malformed(f"attribute {name!r}: {error}") from None


def _allow(data: Mapping[str, Any], words: str) -> None:
    for word in data:
        if word not in words.split():
            raise Malformed(f"nobody knows what {word!r} is in this line")


_NAME: Final = re.compile(rf"({'|'.join(KINDS)}) [1-9][0-9]*( of .+)?", re.ASCII)
_END: Final = Endpoint | None
_READERS: Final[Mapping[str, Callable[[float, str, Mapping[str, Any], Kind], Entry]]] = {
    "made": _read_made,
    "to": _read_fed,
    "of": _read_of,
}
