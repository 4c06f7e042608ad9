"""What can go wrong in a simulated network, how often, and how often it did.

A probability is one for each chance: each segment, each connect, each accept, each lookup. 0, the default, is never. In
its place there may be the numbers of the chances that come true, counted from 1: `Faults(reset=(7,))`. That is how a
failure is told when it has been made small: `fault_shrink`.

Faults that last (a partition, a crashed host) have methods of the simulation, and are no probabilities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any, Final

__all__ = ["CHANCES", "COUNTED", "NAMES", "Chance", "Faults", "parse_words", "words_of"]

Chance = float | tuple[int, ...]
"""How often something happens: a probability; or the numbers of the times that it does, 1 the first chance."""


@dataclass(frozen=True, slots=True, repr=False)
class Faults:
    """The weather of a simulated network. Times are seconds, rates bytes a second. Its repr has what isn't as usual.

    Raises ValueError for a probability that is not within 0 and 1, for numbers of chances that don't go up from 1, and
    for a range that is none.
    """

    latency: tuple[float, float] = (0.0005, 0.0005)
    """How long a segment takes, drawn from this range for each."""
    bandwidth: float | None = None
    """How fast a connection's direction is; None: endlessly."""
    window: int = 262144
    """Bytes that may be on their way, or wait to be read, in one direction of a connection."""
    no_half_close: bool = False
    """Pipes (connections to a path) can't be closed by halves, as on Windows: who ends closes after 50 ms of
    silence.
    """
    lookup_time: tuple[float, float] = (0.001, 0.001)
    """How long a lookup takes."""
    loss: Chance = 0.0
    """A segment is lost, and sent again 0.2 s later (0.4, 0.8, … if that one is lost as well)."""
    partial_reads: Chance = 0.0
    """A read brings less than there is."""
    partial_writes: Chance = 0.0
    """A write takes less than there is room for; the rest goes later."""
    spurious: Chance = 0.0
    """An operation that could have been done at once takes another turn."""
    refused: Chance = 0.0
    """A connect is refused although somebody listens."""
    black_hole: Chance = 0.0
    """A connect is never answered."""
    outages: Chance = 0.0
    """A segment finds the way between the two hosts cut; it is mended after a while (`outage_time`)."""
    outage_time: tuple[float, float] = (0.1, 5.0)
    """How long an outage lasts."""
    reset: Chance = 0.0
    """A segment is answered with RST, and breaks the connection."""
    accept_failures: Chance = 0.0
    """An accept fails with EMFILE, and the connection waits."""
    aborted_accepts: Chance = 0.0
    """An accept fails with ECONNABORTED, and the connection is gone."""
    port_exhaustion: Chance = 0.0
    """A connect finds no free port (EADDRNOTAVAIL)."""
    lookup_failures: Chance = 0.0
    """A lookup fails with EAI_AGAIN."""
    slow_lookups: Chance = 0.0
    """A lookup takes 5 s longer."""

    is_rough: bool = field(init=False, repr=False, compare=False)
    """May more befall a segment than latency?"""
    is_choppy: bool = field(init=False, repr=False, compare=False)
    """May reads and writes come in pieces, or late?"""

    def __post_init__(self) -> None:
        for name in CHANCES:
            value = getattr(self, name)
            if isinstance(value, tuple):
                if not _goes_up(value):
                    raise ValueError(f"Faults.{name} are numbers of chances, going up from 1, not {value!r}")
            elif not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ValueError(f"Faults.{name} is a probability, within 0 and 1, not {value!r}")
        for name in ("latency", "lookup_time", "outage_time"):
            if not _is_range(getattr(self, name)):
                raise ValueError(f"Faults.{name} is a range of seconds, not {getattr(self, name)!r}")
        if self.window < 1:
            raise ValueError(f"Faults.window is at least 1 byte, not {self.window!r}")
        if self.bandwidth is not None and not self.bandwidth > 0:
            raise ValueError(f"Faults.bandwidth is a rate above 0, or None, not {self.bandwidth!r}")
        rough = self.bandwidth is not None or self.loss or self.reset or self.outages
        object.__setattr__(self, "is_rough", bool(rough))
        choppy = self.partial_reads or self.partial_writes or self.spurious
        object.__setattr__(self, "is_choppy", bool(choppy))

    def __repr__(self) -> str:
        usual = Faults()
        given = [f"{name}={getattr(self, name)!r}" for name in NAMES if getattr(self, name) != getattr(usual, name)]
        return f"Faults({', '.join(given)})"

    @property
    def requested(self) -> tuple[str, ...]:
        """The faults that are switched on, as they are counted."""
        names = [name for name in CHANCES if getattr(self, name)]
        low, high = self.latency
        others = {"jitter": low < high, "bandwidth": self.bandwidth is not None, "no_half_close": self.no_half_close}
        return (*names, *[name for name, is_on in others.items() if is_on])

    @classmethod
    def drawn(cls, random: Random, severity: float = 0.1) -> Faults:
        """Any weather: each fault is there with probability 1/2, and then up to `severity`."""
        low = 0.0001 + random.random() * 0.01
        chances: dict[str, Any] = {
            name: random.random() * severity if random.random() < 0.5 else 0.0 for name in CHANCES
        }
        return cls(
            latency=(low, low + random.random() * 0.05),
            bandwidth=None if random.random() < 0.5 else 10_000 + random.random() * 1_000_000,
            window=1 << int(8 + random.random() * 10),
            no_half_close=random.random() < 0.5,
            **chances,
        )


def words_of(faults: Faults) -> list[str]:
    """What isn't as usual, as the command line takes it: `loss=0.1`, `latency=0.001:0.05`, `reset=#3,7`."""
    usual = Faults()
    return [
        f"{name}={_written(name, value)}" for name in NAMES if (value := getattr(faults, name)) != getattr(usual, name)
    ]


def _written(name: str, value: object) -> str:
    if not isinstance(value, tuple):
        return repr(value)
    return "#" + ",".join(map(str, value)) if name in CHANCES else ":".join(map(repr, value))


def parse_words(words: str) -> tuple[str, Any]:
    """The other way round: a name, and what a Faults takes for it.

    Raises ValueError for a name that no fault has, and for a value that none could have; it says the shape of one.
    """
    name, _, value = words.partition("=")
    if name not in NAMES:
        raise ValueError(f"there is no fault {name!r}; there are: {', '.join(NAMES)}")
    try:
        return name, _read(name, value)
    except ValueError:
        raise ValueError(f"{words!r} makes no sense; it is {name}=VALUE, such as {_example(name)}") from None


def _read(name: str, value: str) -> Any:
    if name in CHANCES:
        return tuple([int(number) for number in value[1:].split(",")]) if value.startswith("#") else float(value)
    usual = getattr(Faults(), name)
    if isinstance(usual, bool):
        if value not in ("True", "False"):
            raise ValueError(value)
        return value == "True"
    if isinstance(usual, tuple):
        low, _, high = value.partition(":")
        return float(low), float(high)
    return int(value) if isinstance(usual, int) else float(value)


def _example(name: str) -> str:
    """What may stand behind the name."""
    if name in CHANCES:
        return f"{name}=0.1 (a probability), or {name}=#3,7 (the third chance and the seventh)"
    return f"{name}={_EXAMPLES[name]}"


_EXAMPLES: Final = {
    "latency": "0.001:0.05 (seconds, from and to)",
    "bandwidth": "10000 (bytes a second)",
    "window": "500 (bytes)",
    "no_half_close": "True",
    "lookup_time": "0.001:0.05 (seconds, from and to)",
    "outage_time": "0.1:5 (seconds, from and to)",
}


def _goes_up(numbers: tuple[object, ...]) -> bool:
    before = 0
    for number in numbers:
        if not isinstance(number, int) or number <= before:
            return False
        before = number
    return True


def _is_range(value: object) -> bool:
    match value:
        case (int() | float() as low, int() | float() as high):
            return 0 <= low <= high < math.inf
        case _:
            return False


CHANCES: Final = tuple([one.name for one in fields(Faults) if one.type == "Chance"])
"""The names of what happens now and then."""

NAMES: Final = tuple([one.name for one in fields(Faults) if one.init])
"""What a plan can name."""

COUNTED: Final = (*CHANCES, "jitter", "bandwidth", "no_half_close", "partition", "crash", "backlog_overflow")
"""The names under which faults are counted."""
