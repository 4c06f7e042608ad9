"""Which two machines of a trace are the ends of one connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..state.endpoints import Endpoint
from .trace import Opened, Trace

__all__ = ["ends_of"]

_MAPPED: Final = "::ffff:"


def ends_of(trace: Trace, names: Sequence[str] = ()) -> tuple[str, str]:
    """Two sockets that are connected to one another: the first such two; those of these names; or that name's.

    Two names are taken at their word where the trace doesn't know what one of them was connected to, if at all.

    Raises ValueError where there are no such two, or where several could be the other end of that name.
    """
    for name in names:
        if name.startswith("server"):
            raise ValueError(f"{name!r} is no end of a connection; sockets are")
    match names:
        case []:
            return _first_of(trace)
        case [name]:
            return _with_its_other_end(trace, name)
        case [one, other] if one != other:
            return _checked(trace, one, other)
    raise ValueError(f"a connection has two ends, and not {', '.join(map(repr, names))}")


def _first_of(trace: Trace) -> tuple[str, str]:
    for pair in _pairs(trace):
        return pair
    raise ValueError("no two sockets of the trace are connected to one another")


def _with_its_other_end(trace: Trace, name: str) -> tuple[str, str]:
    found = list(dict.fromkeys(pair for pair in _pairs(trace) if name in pair))
    if len(found) == 1:
        return found[0]
    others = [other for pair in found for other in pair if other != name]
    what = f"one of {', '.join(others)} is the other end of {name!r}" if found else f"there is no other end of {name!r}"
    raise ValueError(f"{what} in the trace; a connection has two ends: give two names")


def _checked(trace: Trace, one: str, other: str) -> tuple[str, str]:
    pairs = _pairs(trace)
    opened = {entry.who for entry in trace.entries if isinstance(entry, Opened)}
    if {one, other} <= opened and not any({one, other} == {*pair} for pair in pairs):
        known = dict.fromkeys(pair for pair in pairs if one in pair or other in pair)
        instead = "".join(f"; {' and '.join(map(repr, pair))} are" for pair in known)
        raise ValueError(f"{one!r} and {other!r} aren't the two ends of one connection{instead}")
    return (one, other)


def _pairs(trace: Trace) -> list[tuple[str, str]]:
    """Those that are connected to one another, in the order in which that is known; each in the trace's order.

    Of those who are connected by way of one path, each may be the other end of each: most of their ends have no name.
    """
    pairs = []
    waiting: list[tuple[str, tuple[Endpoint, ...], tuple[Endpoint, ...]]] = []
    for entry in trace.entries:
        if isinstance(entry, Opened):
            local, remote = _name(entry.local), _name(entry.remote)
            for other, its_local, its_remote in waiting:
                if its_local == remote and its_remote == local and (local or remote):
                    first, second = [name for name in trace.names if name in (other, entry.who)]
                    pairs.append((first, second))
            waiting.append((entry.who, local, remote))
    return pairs


def _name(end: Endpoint | None) -> tuple[Endpoint, ...]:
    """An end's name; most ends on a path have none. What a socket of both families calls ::ffff:1.2.3.4 is 1.2.3.4."""
    if end is None or not end.address:
        return ()
    if end.family == 6 and end.address.startswith(_MAPPED):
        return (Endpoint(end.address.removeprefix(_MAPPED), end.port, 4),)
    return (end,)
