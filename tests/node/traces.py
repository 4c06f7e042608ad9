"""Traces: brought into one form, written as lines, compared.

A line is one entry: the segment, the lane (whose entry it is), what happened, and which properties of the object
have another value than in the entry before. Equal lines from the beginning mean equal states throughout.

How they are compared
---------------------
Within one segment, entries of one lane are compared in their order, and by what they happened in: that is what Node
promises of one object. Which of two sockets in a process hears first is promised by nobody; it depends on the order in
which the system reports two descriptors, and libuv and we ask for it in different ways. So segments are compared
lane by lane, unless the scenario says `order="all"`: where all comes from calls and ticks there is one order, and it is
compared. Segments end where the scenario settles, which binds the lanes together again.

What differs from run to run is replaced: port numbers by whose they are, the folder of the scenario. Long payloads are
shown by their length and digest, long runs of one character by their length. Consecutive pieces of data are one entry
(interpreter.py).
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from .translation import message
from .words import Scenario

__all__ = ["Soften", "as_it_is", "compare", "lines_of"]

Played = dict[str, Any]
Soften = Callable[[dict[str, Any]], None]

_FRESH: Final = {
    "ready_state": "open",
    "connecting": False,
    "pending": True,
    "destroyed": False,
    "closed": False,
    "readable": True,
    "readable_ended": False,
    "readable_length": 0,
    "is_paused": False,
    "bytes_read": 0,
    "writable": True,
    "writable_ended": False,
    "writable_finished": False,
    "writable_length": 0,
    "writable_need_drain": False,
    "writable_corked": 0,
    "bytes_written": 0,
    "listening": False,
}
"""The state of an object before its first entry; what is missing here is None."""

_LONGEST_PAYLOAD: Final = 60


def compare(node: list[str], ours: list[str]) -> list[str]:
    """The lines that differ: Node's begin with -, ours with +."""
    lines = difflib.unified_diff(node, ours, lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def as_it_is(_entry: dict[str, Any]) -> None:
    """Compare all of it."""


def lines_of(played: Played, scenario: Scenario, world: dict[str, Any], soften: Soften = as_it_is) -> list[str]:
    """The trace of a scenario that was played, in one form for both sides. `soften` may change its entries before."""
    for entry in played["entries"]:
        soften(entry)
    writer = _Writer({str(port): name for name, port in world["ports"].items()} | played["ports"], world["directory"])
    lines = [(entry["segment"], entry["lane"], writer.line(entry)) for entry in played["entries"]]
    if played["failure"]:
        lines.append((1 << 30, "", f"failed: {writer.text(played['failure'])}"))
    return [line for _, _, line in sorted(lines, key=_by_segment if scenario.order == "all" else _by_lane)]


def _by_segment(line: tuple[int, str, str]) -> Any:
    return line[0]


def _by_lane(line: tuple[int, str, str]) -> Any:
    return line[:2]


class _Writer:
    """Writes the entries of one trace."""

    def __init__(self, ports: dict[str, str], directory: str) -> None:
        self._ports = ports
        self._directory = directory
        self._states: dict[str, dict[str, Any]] = {}

    def line(self, entry: dict[str, Any]) -> str:
        parts = [f"{entry['segment']} {entry['lane']}", self._happened(entry)]
        if entry["by"]:
            parts.append(f"in {entry['by']}")
        if changes := self._changes(entry):
            parts.append(f"[{changes}]")
        return " ".join(parts)

    def text(self, text: str) -> str:
        text = text.replace(self._directory, "<folder>")
        text = re.sub(r"(.)\1{39,}", lambda run: f"{run[1]}×{len(run[0])}", text)
        return re.sub(r"(?<=:)\d{4,5}\b", lambda found: self._port(found[0]), text)

    def _happened(self, entry: dict[str, Any]) -> str:
        args = list(entry["args"])
        if entry["name"].startswith("connection_attempt") and isinstance(args[1], int):
            args[1] = {"$shown": self._port(args[1])}
        while args and args[-1] is None:
            args.pop()
        said = ", ".join(map(self._value, args))
        match entry["what"]:
            case "event":
                return f"'{entry['name']}'({said})"
            case "get":
                return f".{entry['name']} {self._outcome(entry, entry['name'])}"
            case "call" | "new":
                return f"{entry['name']}() {self._outcome(entry, '')}".rstrip()
            case _:
                return f"{entry['what']} {entry['name']}({said})"

    def _outcome(self, entry: dict[str, Any], name: str) -> str:
        if "thrown" in entry:
            return f"raises {self._value(entry['thrown'])}"
        result = entry.get("result")
        if name.endswith("port") and isinstance(result, int):
            return f"= {self._port(result)}"
        return f"= {self._value(result)}" if entry["what"] != "new" else ""

    def _changes(self, entry: dict[str, Any]) -> str:
        before = self._states.get(entry["lane"], _FRESH)
        self._states[entry["lane"]] = entry["state"]
        changed = {name: value for name, value in entry["state"].items() if value != before.get(name)}
        return ", ".join(f"{name} {self._value(value)}" for name, value in changed.items())

    def _port(self, number: int | str) -> str:
        known = self._ports.get(str(number))
        return f"<port:{known}>" if known else "<port>" if int(number) >= 1024 else str(number)

    def _value(self, value: Any) -> str:
        match value:
            case {"error": error}:
                return self._error(error)
            case {"object": name}:
                return f"<{name}>"
            case {"bytes": payload}:
                return self._payload(payload, "b")
            case {"number": spelled} | {"$shown": spelled}:
                return str(spelled)
            case dict():
                fields = [f"{name}: {self._field(name, item)}" for name, item in value.items()]
                return "{" + ", ".join(fields) + "}"
            case list():
                return "[" + ", ".join(map(self._value, value)) + "]"
            case str():
                return self._payload(self.text(value), "")
            case float() if value.is_integer():
                return str(int(value))
        return str(value)

    def _field(self, name: str, value: Any) -> str:
        return self._port(value) if name.endswith("port") and isinstance(value, int) else self._value(value)

    def _payload(self, payload: str, prefix: str) -> str:
        if len(payload) <= _LONGEST_PAYLOAD or not prefix:
            return prefix + repr(payload)
        return f"{len(payload)} bytes {hashlib.sha256(payload.encode('latin-1')).hexdigest()[:8]}"

    def _error(self, error: dict[str, Any]) -> str:
        fields = {name: value for name, value in error.items() if name not in ("family", "message", "errors")}
        if "errno" in fields:
            fields["errno"] = abs(fields["errno"])  # Node's are negative
        if fields.get("syscall") == "getaddrinfo":
            fields.pop("errno", None)  # libuv has numbers of its own for what the resolver says
        parts = [f"{name}={self._field(name, value)}" for name, value in fields.items()]
        if "errors" in error:
            parts.append("errors=[" + ", ".join(map(self._error, error["errors"])) + "]")
        else:
            parts.insert(0, repr(message(self.text(error["message"]))))
        return f"<{' '.join([error['family'], *parts])}>"
