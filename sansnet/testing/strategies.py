"""Hypothesis strategies: weather, options, and how data is cut into pieces. Needs the extra `testing`."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st

from .faults import CHANCES, Faults

__all__ = ["chunkings", "fault_plans", "server_options", "socket_options"]

_RANGES = {"latency": 1.0, "lookup_time": 1.0, "outage_time": 10.0}


@st.composite
def fault_plans(draw: st.DrawFn, *, severity: float = 0.5, only: tuple[str, ...] | None = None) -> Faults:
    """Weather. The simplest is calm.

    severity: the highest probability. only: the names of the faults that there may be; default: all. Raises ValueError
    for a name that no fault has, or for a severity that is no probability.
    """
    if not 0 <= severity <= 1:
        raise ValueError(f"severity is a probability, within 0 and 1, not {severity!r}")
    every = (*CHANCES, *_RANGES, "bandwidth", "window", "no_half_close")
    unknown = [name for name in only or () if name not in every]
    if unknown:
        raise ValueError(f"there is no fault {unknown[0]!r}; there are: {', '.join(every)}")
    wanted = every if only is None else only
    chosen = draw(st.lists(st.sampled_from(wanted), unique=True))
    return Faults(**{name: draw(_value(name, severity)) for name in sorted(chosen)})


def _value(name: str, severity: float) -> st.SearchStrategy[Any]:
    if name in _RANGES:
        times = st.floats(0, _RANGES[name])
        return st.tuples(times, times).map(lambda pair: (min(pair), max(pair)))
    if name == "bandwidth":
        return st.floats(1000, 1e9)
    if name == "window":
        return st.integers(1, 1 << 20)
    if name == "no_half_close":
        return st.booleans()
    return st.floats(0, severity)


def chunkings(data: bytes, *, largest: int | None = None) -> st.SearchStrategy[list[bytes]]:
    """Ways to cut `data` into pieces that aren't empty, in order. The simplest is one piece.

    largest: no piece has more bytes than that.
    """
    if largest is not None and largest < 1:
        raise ValueError(f"largest is at least 1 byte, not {largest!r}")
    must = set() if largest is None else set(range(largest, len(data), largest))
    cuts = st.sets(st.integers(1, max(len(data) - 1, 1))).map(lambda some: sorted(some | must))
    return cuts.map(lambda places: _cut(data, places))


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *places, len(data)]
    return [piece for begin, end in itertools.pairwise(ends) if (piece := data[begin:end])]


def socket_options(**fixed: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Options of `connect()` that a peer needn't know of, without where to. `fixed` are given as they are."""
    return st.fixed_dictionaries(
        {},
        optional={
            "allow_half_open": st.booleans(),
            "high_water_mark": st.integers(0, 1 << 17),
            "keep_alive": st.booleans(),
            "no_delay": st.booleans(),
        },
    ).map(lambda drawn: {**drawn, **fixed})


def server_options(**fixed: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Options of `create_server()`. `fixed` are given as they are."""
    return st.tuples(socket_options(), st.booleans()).map(
        lambda drawn: {**drawn[0], **({"pause_on_connect": True} if drawn[1] else {}), **fixed}
    )
