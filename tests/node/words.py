"""The vocabulary of scenarios: a scenario is data, and these functions make it.

    scenario(
        "the peer ends first", "X-06 H-07",
        connected(),                                    # a server s, a client c, and s1, the accepted socket
        on("s1.end", call("s1.write", "late")),
        call("c.end", "bye"),
        settle("c.close", "s1.close"),
    )

Steps are carried out in order, those between two `settle()`s in one go, without the loop. Objects have names; those of
accepted sockets are the server's with a number. What a listener or a callback shall do are steps as well. Everything is
recorded (see `translation.py` for what is looked at): each event, each call with its result, each callback.

Values that JSON has not are tagged: `port("s")`, `path("p")`, `data(…)`, `seconds(…)`, `callback(…)` and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "LOOPBACK",
    "UNDEFINED",
    "Scenario",
    "Step",
    "abstract",
    "assign",
    "call",
    "callback",
    "connect",
    "connected",
    "data",
    "each",
    "error",
    "fill",
    "get",
    "keywords",
    "leave_file",
    "listening",
    "look_at",
    "lookup",
    "new",
    "number",
    "obj",
    "on",
    "on_read",
    "path",
    "port",
    "release",
    "same",
    "scenario",
    "seconds",
    "settle",
    "signal",
    "soon",
    "text",
    "throw",
]

Step = dict[str, Any]
Steps = Step | Sequence["Steps"]
Order = Literal["lanes", "all"]

UNDEFINED = {"$undefined": True}
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Scenario:
    """A story that is played twice."""

    name: str
    covers: tuple[str, ...]
    """Ids of the catalogue of Node's behaviours."""
    steps: tuple[Step, ...]
    order: Order
    """How the traces are compared; see `traces.py`."""

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "steps": list(self.steps)}


def each(*values: Any) -> tuple[Any, ...]:
    """Values of any kinds, to be tried one by one."""
    return values


def scenario(name: str, covers: str, *steps: Steps, order: Order = "lanes") -> Scenario:
    return Scenario(name, tuple(covers.split()), tuple(_flat(steps)), order)


def _flat(steps: Steps) -> Iterator[Step]:
    if isinstance(steps, dict):
        yield steps
    else:
        for step in steps:
            yield from _flat(step)


# ---------------------------------------------------------------------------------------------------------------- steps


def new(name: str, kind: str, *args: Any, watch: Any = None, watch_accepted: Any = None, look: bool = True) -> Step:
    """Make an object: a socket, server, block_list, socket_address, bound_socket or controller; or connect().

    `watch`: which of its events are recorded, a list or a key of `EVENTS`. Who watches 'data' reads. `look`: is its
    state recorded?
    """
    return {
        "op": "new",
        "name": name,
        "kind": kind,
        "args": list(args),
        "look": look,
        "watch": watch,
        "watch_accepted": watch_accepted or "socket",
    }


def call(what: str, *args: Any) -> Step:
    """Call a method: `call("c.write", "abc")`."""
    name, method = what.split(".")
    return {"op": "call", "on": name, "method": method, "args": list(args)}


def get(what: str, *more: str) -> Step:
    """Read properties: `get("c.remote_address", "remote_port")`."""
    name, first = what.split(".")
    return {"op": "get", "on": name, "names": [first, *more]}


def assign(what: str, value: Any) -> Step:
    """Set a property."""
    name, attribute = what.split(".")
    return {"op": "assign", "on": name, "name": attribute, "value": value}


def on(what: str, *steps: Steps, times: int = 1, first: bool = False) -> Step:
    """When the event comes, do the steps; the first `times` times. The object needn't be there yet."""
    name, event = what.split(".")
    return {"op": "on", "on": name, "event": event, "do": list(_flat(steps)), "times": times, "first": first}


def settle(*until: str) -> Step:
    """Let the loop run until nothing happens any more, and all of `until` has happened.

    "c.close": that event, or callback, at least once in the scenario; "c.drain*2": twice; "c.data*5": five bytes.
    """
    wanted = [one.partition("*") for one in until]
    return {"op": "settle", "until": [[what, int(many or 1)] for what, _, many in wanted]}


def soon(*steps: Steps) -> Step:
    """Do the steps in a later turn."""
    return {"op": "soon", "do": list(_flat(steps))}


def release() -> Step:
    """Let the lookups that are held back answer."""
    return {"op": "release"}


def leave_file(name: str) -> Step:
    """Put a plain file at that path."""
    return {"op": "leave_file", "name": name}


def look_at(name: str) -> Step:
    """What is at that path: nothing, a file or a socket, and who may read and write there, as an octal number."""
    return {"op": "look_at", "name": name}


def throw(message: str) -> Step:
    """Raise an exception."""
    return {"op": "throw", "message": message}


# --------------------------------------------------------------------------------------------------------------- values


def port(name: str) -> Step:
    """The port of a server, also one that is closed.

    "refusing": nobody's; "hanging": of one that never answers; "spare": to be bound to.
    """
    return {"$port": name}


def path(name: str, *, length: int = 0) -> Step:
    """A path in the scenario's own folder; if a length is given, with an x for each byte that it lacks."""
    return {"$path": [name, length]}


def abstract(name: str) -> Step:
    """An abstract name, which is no file; it is the scenario's own as well."""
    return {"$abstract": name}


def data(payload: bytes) -> Step:
    return {"$bytes": payload.decode("latin-1")}


def fill(length: int) -> Step:
    """So many bytes."""
    return {"$fill": length}


def text(characters: str, times: int) -> Step:
    return {"$text": [characters, times]}


def number(spelled: str) -> Step:
    """NaN, Infinity, -Infinity."""
    return {"$number": spelled}


def seconds(amount: float) -> Step:
    """Milliseconds on the other side."""
    return {"$seconds": amount}


def error(message: str) -> Step:
    """An exception of the user's own."""
    return {"$error": message}


def obj(name: str) -> Step:
    """An object of the scenario."""
    return {"$object": name}


def signal(controller: str) -> Step:
    return {"$signal": controller}


def callback(label: str, *steps: Steps) -> Step:
    """A function that records its call, and does the steps."""
    return {"$callback": label, "do": list(_flat(steps))}


def same(label: str) -> Step:
    """The function that `callback()` made last under that label: the very same one."""
    return {"$same": label}


def keywords(**options: Any) -> Step:
    """Options that are an object in Node and keyword arguments here, where a mapping is not taken."""
    return {"$keywords": options}


def lookup(when: str, address: Any = None, family: Any = None, *, entries: Any = None, fails: str = "") -> Step:
    """A lookup function that answers "now", "soon", when it is "held" and released, or raises: "throw".

    It answers with `address` and `family`, or, to whom asks for all, with `entries`, or fails.
    """
    return {
        "$lookup": {
            "when": when,
            "address": address,
            "family": family,
            "all": entries,
            "error": error(fails) if fails else None,
        }
    }


def on_read(size: int | Sequence[Any], *returns: Any) -> Step:
    """Reading into a buffer of so many bytes; what the callback returns, in turn (else True).

    Several sizes: a function that makes such buffers in turn, the last one again and again; what is no number is
    returned as it is. The callback tells whether its buffer is the one that was given, or made, last.
    """
    return {"$on_read": {"size": size, "returns": list(returns)}}


# --------------------------------------------------------------------------------------------------------- composite


def listening(name: str = "s", *, watch_accepted: Any = None, **options: Any) -> Steps:
    """A server on a port of 127.0.0.1."""
    return (
        new(name, "server", options, watch_accepted=watch_accepted),
        call(f"{name}.listen", 0, LOOPBACK),
        settle(f"{name}.listening"),
    )


def connect(name: str = "c", server: str = "s", *, watch: Any = None, look: bool = True, **options: Any) -> Step:
    """A client of that server."""
    return new(name, "connect", {"port": port(server), "host": LOOPBACK, **options}, watch=watch, look=look)


def connected(
    server: dict[str, Any] | None = None, *, watch: Any = None, watch_accepted: Any = None, **options: Any
) -> Steps:
    """A server s, a client c and the accepted socket s1, all at rest."""
    return (
        listening(watch_accepted=watch_accepted, **(server or {})),
        connect(watch=watch, **options),
        settle("c.ready", "s.connection"),
    )
