"""What stands in a scenario and in a trace, and what it is in Python. `values.js` has the same two directions."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import sansnet

from .translation import family_of

__all__ = ["KINDS", "arguments", "plain", "real"]


def _missing(*_: object) -> None:
    raise NotImplementedError


KINDS: Final[dict[str, Callable[..., Any]]] = {
    "socket": sansnet.Socket,
    "connect": sansnet.connect,
    "server": sansnet.create_server,
    "block_list": sansnet.BlockList,
    "socket_address": sansnet.SocketAddress,
    "bound_socket": getattr(sansnet, "BoundSocket", None) or _missing,
    "controller": sansnet.AbortController,
}


class Run(Protocol):
    """What values need of the run of a scenario."""

    world: dict[str, Any]
    ports: dict[str, str]
    held: list[Callable[[], None]]

    def one(self, name: str) -> Any: ...
    def name_of(self, value: object) -> str | None: ...
    def record(self, lane: str, what: str, name: str, args: tuple[Any, ...] = ()) -> Any: ...
    def callback(self, owner: str, label: str, steps: list[dict[str, Any]]) -> Callable[..., None]: ...
    def same(self, label: str) -> Callable[..., None]: ...
    def call_soon(self, function: Callable[[], None]) -> None: ...


# --------------------------------------------------------------------------------------------------- from a scenario


def arguments(args: list[Any], run: Run, owner: str) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call, those by keyword apart."""
    keywords: dict[str, Any] = {}
    for one in args:
        if isinstance(one, dict) and "$keywords" in one:
            keywords = {name: real(value, run, owner) for name, value in one["$keywords"].items()}
    return [real(one, run, owner) for one in args if not (isinstance(one, dict) and "$keywords" in one)], keywords


def real(data: Any, run: Run, owner: str) -> Any:
    """`owner` is the object whose lane callbacks belong to."""
    if isinstance(data, list):
        return [real(item, run, owner) for item in data]
    if not isinstance(data, dict):
        return data
    tag = next(iter(data), "")
    if tag in _TAGS:
        return _TAGS[tag](data[tag], run, owner, data)
    return {name: real(value, run, owner) for name, value in data.items()}


def _port(name: str, run: Run, _owner: str, _data: object) -> Any:
    known = run.world["ports"].get(name)
    if known is not None:
        return known
    address = run.one(name).address()
    return next(int(port) for port, of in run.ports.items() if of == name) if address is None else address.port


def _path(spec: tuple[str, int], run: Run, _owner: str, _data: object) -> str:
    name, length = spec
    return os.path.join(run.world["directory"], name).ljust(length, "x")


_TAGS: Final[dict[str, Callable[[Any, Run, str, dict[str, Any]], Any]]] = {
    "$undefined": lambda _true, *_: None,
    "$number": lambda text, *_: float(text),
    "$bytes": lambda text, *_: text.encode("latin-1"),
    "$fill": lambda length, *_: b"x" * length,
    "$text": lambda spec, *_: spec[0] * spec[1],
    "$error": lambda message, *_: Exception(message),
    "$seconds": lambda seconds, *_: seconds,
    "$object": lambda name, run, *_: run.one(name),
    "$signal": lambda name, run, *_: run.one(name).signal,
    "$path": _path,
    "$abstract": lambda name, run, *_: "\0" + os.path.join(run.world["directory"], name),
    "$port": _port,
    "$callback": lambda label, run, owner, data: run.callback(owner, label, data.get("do", [])),
    "$same": lambda label, run, *_: run.same(label),
    "$lookup": lambda plan, run, owner, _data: _lookup(plan, run, owner),
    "$on_read": lambda plan, run, owner, _data: _on_read(plan, run, owner),
}


def _lookup(plan: dict[str, Any], run: Run, owner: str) -> Callable[..., None]:
    """A lookup function that says what it was asked, and answers now, soon, when it is released, or by raising."""

    def look_up(host: str, options: Any, callback: Callable[..., None]) -> None:
        run.record(owner, "lookup", host, (options,))

        def answer() -> None:
            if plan["error"] is not None:
                callback(real(plan["error"], run, owner))
            elif not options.all:
                callback(None, real(plan["address"], run, owner), plan["family"])
            else:
                entries = [[plan["address"], plan["family"]]] if plan["all"] is None else plan["all"]
                callback(None, real(entries, run, owner))

        match plan["when"]:
            case "now":
                answer()
            case "soon":
                run.call_soon(answer)
            case "held":
                run.held.append(answer)
            case _:
                raise Exception("the lookup throws")

    return look_up


def _on_read(plan: dict[str, Any], run: Run, owner: str) -> sansnet.OnRead:
    """Node's onread: a buffer of so many bytes, given as it is or made by a function, and what the callback returns."""
    answers = list(plan["returns"])
    sizes = plan["size"] if isinstance(plan["size"], list) else [plan["size"]]
    last: Any = None

    def make() -> Any:
        nonlocal last
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        made = bytearray(size) if isinstance(size, int) else size
        last = made if isinstance(size, int) else last
        return made

    def make_and_tell() -> Any:
        run.record(owner, "callback", "make_buffer")
        return make()

    def callback(count: int, buffer: Any) -> object:
        run.record(owner, "callback", "on_read", (count, bytes(memoryview(buffer)[:count]), buffer is last))
        return answers.pop(0) if answers else True

    return sansnet.OnRead(make_and_tell if isinstance(plan["size"], list) else make(), callback)


# ---------------------------------------------------------------------------------------------------------- to a trace


def plain(value: Any, run: Run) -> Any:
    """Whatever can't be compared gets a name that it has on both sides."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return (
            value
            if math.isfinite(value)
            else {"number": {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")}
        )
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": bytes(value).decode("latin-1")}
    if (name := run.name_of(value)) is not None:
        return {"object": name}
    if isinstance(value, BaseException):
        return {"error": _plain_error(value, run)}
    if isinstance(value, sansnet.SocketAddress):
        value = {name: getattr(value, name) for name in ("address", "port", "family", "flowlabel")}
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {name: plain(item, run) for name, item in value.items()} or None
    if isinstance(value, list | tuple | frozenset | set):
        return [plain(item, run) for item in value]
    return {"object": "function"} if callable(value) else value


_ERROR_FIELDS: Final = (
    "code",
    "errno",
    "syscall",
    "address",
    "port",
    "local_address",
    "local_port",
    "hostname",
)


def _plain_error(error: BaseException, run: Run) -> dict[str, Any]:
    fields = {name: plain(getattr(error, name, None), run) for name in _ERROR_FIELDS}
    out = {name: value for name, value in fields.items() if value is not None}
    out |= {"family": family_of(error), "message": str(error)}
    if isinstance(error, BaseExceptionGroup):
        out["errors"] = [_plain_error(one, run) for one in error.exceptions]
    cause = getattr(error, "reason", None) or error.__cause__
    if cause is not None:
        out["cause"] = str(cause) if isinstance(cause, BaseException) else plain(cause, run)
    return out
