"""What can go wrong in a simulated network, how often, and how often it did.

A probability is one for each chance: each segment, each connect, each accept, each lookup. 0, the default, is never.
Faults that last (a partition, a crashed host) have methods of the simulation, and are no probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from random import Random
from typing import Any, Final

__all__ = ["CHANCES", "Faults"]


@dataclass(frozen=True, slots=True)
class Faults:
    """The weather of a simulated network. Times are seconds, rates bytes a second.

    Raises ValueError for a probability that is not within 0 and 1, and for a range that is none.
    """

    latency: tuple[float, float] = (0.0005, 0.0005)
    """How long a segment takes, drawn from this range for each."""
    bandwidth: float | None = None
    """How fast a connection's direction is; None: endlessly."""
    window: int = 262144
    """Bytes that may be on their way, or wait to be read, in one direction of a connection."""
    lookup_time: tuple[float, float] = (0.001, 0.001)
    """How long a lookup takes."""
    loss: float = 0.0
    """A segment is lost, and sent again 0.2 s later (0.4, 0.8, … if that one is lost as well)."""
    partial_reads: float = 0.0
    """A read brings less than there is."""
    partial_writes: float = 0.0
    """A write takes less than there is room for; the rest goes later."""
    spurious: float = 0.0
    """An operation that could have been done at once takes another turn."""
    refused: float = 0.0
    """A connect is refused although somebody listens."""
    black_hole: float = 0.0
    """A connect is never answered."""
    reset: float = 0.0
    """A segment is answered with RST, and breaks the connection."""
    accept_failures: float = 0.0
    """An accept fails with EMFILE, and the connection waits."""
    aborted_accepts: float = 0.0
    """An accept fails with ECONNABORTED, and the connection is gone."""
    port_exhaustion: float = 0.0
    """A connect finds no free port (EADDRNOTAVAIL)."""
    lookup_failures: float = 0.0
    """A lookup fails with EAI_AGAIN."""
    slow_lookups: float = 0.0
    """A lookup takes 5 s longer."""

    def __post_init__(self) -> None:
        for name in CHANCES:
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"Faults.{name} is a probability, within 0 and 1, not {value!r}")
        for name in ("latency", "lookup_time"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ValueError(f"Faults.{name} is a range of seconds, not {(low, high)!r}")
        if self.window < 1:
            raise ValueError(f"Faults.window is at least 1 byte, not {self.window!r}")
        if self.bandwidth is not None and not self.bandwidth > 0:
            raise ValueError(f"Faults.bandwidth is a rate above 0, or None, not {self.bandwidth!r}")

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
            **chances,
        )


CHANCES: Final = tuple(field.name for field in fields(Faults) if field.default == 0.0)
"""The names of the probabilities."""
