"""Simulations without end: what is raised then, and what it was that kept happening, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final

from ..state.effects import Timer

__all__ = ["LIMIT", "MOMENT", "WATCHED", "Endless", "name_of", "no_end"]

LIMIT: Final = 5_000_000
"""So much may happen in one `run()`, unless the simulation was given another limit: more than a minute of hard work."""

MOMENT: Final = 1_000_000
"""So much may happen at one moment. A program whose callbacks put themselves off for ever never gets to the next."""

WATCHED: Final = 1000
"""So much of what happens last before the limit is looked at, to tell what it is."""

_NAMED: Final = 4


class Endless(RuntimeError):
    """Things go on happening: time stands still, or passes for ever. Its text says which things."""


def no_end(now: float, reached: int, limit: int, seen: Counter[str]) -> Endless:
    """What to raise. now: seconds; reached: how many things have happened by then; seen: the last of them, by name."""
    most = ", ".join([f"{times} × {name}" for name, times in seen.most_common(_NAMED)])
    over = f"and there are still more; of the last {seen.total():,}: {most}"
    if reached < limit:
        return Endless(f"time stands still at {now:g} s: {MOMENT:,} things happened, {over}")
    return Endless(f"{limit:,} things happened in one run(), which got to {now:g} s, {over} (it may be more: limit=…)")


def name_of(callback: Any, args: tuple[Any, ...]) -> str:
    """What is about to happen, for people: whose segments, or which function, and on which host."""
    where = ""
    while True:
        if isinstance(callback, partial):
            callback, args = callback.func, (*callback.args, *args)
        elif _is_ours(callback) and getattr(callback, "__qualname__", "") == "Host.run":
            where, callback, args = f" on {callback.__self__.name!r}", args[0], args[1:]
        elif (inner := _inner(callback, args)) is not None:
            callback, args = inner, ()
        else:
            return _words(callback, args) + where


def _inner(callback: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any] | None:
    """What an object of ours calls back in the end, or what it was given to call.

    A program's own is named itself: what it calls `callback` may be that very function, or not be there yet.
    """
    if not _is_ours(callback):
        return None
    if isinstance(callback, FunctionType):
        inner = _closed_over(callback).get("callback")
    else:
        inner = getattr(getattr(callback, "__self__", None), "_callback", None)
        if inner is None and args and isinstance(args[-1], FunctionType | MethodType | partial):
            inner = args[-1]
    return inner if callable(inner) else None


def _is_ours(callback: Callable[..., Any]) -> bool:
    module = getattr(callback, "__module__", None)
    if module is None:  # a compiled method knows its class alone
        module = type(getattr(callback, "__self__", None)).__module__
    return str(module).partition(".")[0] == __name__.partition(".")[0]


def _closed_over(function: FunctionType) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells}


def _words(callback: Callable[..., Any], args: tuple[Any, ...]) -> str:
    names = [name for one in args if isinstance(name := getattr(one, "name", None), str)]
    peers = [name for one in args if isinstance(name := getattr(getattr(one, "peer", None), "name", None), str)]
    if names and peers:
        return f"what {names[0]} sends to {peers[0]}"
    if args and isinstance(args[0], Timer) and _is_ours(callback):
        return f"the {args[0].value} timer of {getattr(getattr(callback, '__self__', None), 'owner', 'somebody')}"
    code = getattr(callback, "__code__", None)
    qualified = getattr(callback, "__qualname__", None) or type(callback).__qualname__
    return qualified if code is None else f"{qualified} ({code.co_filename}:{code.co_firstlineno})"
