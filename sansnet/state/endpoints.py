"""Where to connect to and where to listen, as values that were checked before they came here."""

from __future__ import annotations

from typing import Final, final

from .faults import Fault
from .values import Value

__all__ = ["Endpoint", "Found", "ListenPlan", "Route"]


@final
class Endpoint(Value):
    """One address that the operating system can be asked for.

    `family` is 4 or 6 for TCP; 0 means that `address` is a path (a Unix domain socket, or the name of a pipe) and
    `port` is None.
    """

    __slots__ = ("address", "family", "port")

    def __init__(self, address: str, port: int | None, family: int) -> None:
        self.address: Final = address
        self.port: Final = port
        self.family: Final = family

    @property
    def is_path(self) -> bool:
        return self.family == 0


@final
class Found(Value):
    """One answer of a lookup. A `fault` says why it can't be used: no address at all, or one that a block list names.

    An answer that is `blocked` takes part in the attempts and fails there (as in Node); any other fault leaves it out.
    """

    __slots__ = ("address", "blocked", "family", "fault")

    def __init__(self, address: str, family: int, fault: Fault | None = None, *, blocked: bool = False) -> None:
        self.address: Final = address
        self.family: Final = family
        self.fault: Final = fault
        self.blocked: Final = blocked


@final
class Route(Value):
    """How to reach the peer of a socket: what `connect()` was asked for.

    Either `host` is a name to be looked up, or `known` is the one address that needs no lookup (IP literal or path).
    `family` and `hints` are the lookup's. `select` asks for every address (Node's autoSelectFamily); then an attempt
    that has another one behind it is given `attempt_seconds`. With `race` an attempt whose time is over goes on beside
    the next one (RFC 8305); without, it is cancelled (Node). `connect_seconds` bounds the whole, 0 means no bound.
    """

    __slots__ = (
        "attempt_seconds",
        "connect_seconds",
        "family",
        "hints",
        "host",
        "known",
        "local_address",
        "local_port",
        "port",
        "race",
        "select",
    )

    def __init__(
        self,
        *,
        host: str = "",
        port: int | None = None,
        known: Found | None = None,
        family: int = 0,
        hints: int = 0,
        select: bool = False,
        race: bool = False,
        attempt_seconds: float = 0.5,
        connect_seconds: float = 0.0,
        local_address: str | None = None,
        local_port: int | None = None,
    ) -> None:
        self.host: Final = host
        self.port: Final = port
        self.known: Final = known
        self.family: Final = family
        self.hints: Final = hints
        self.select: Final = select
        self.race: Final = race
        self.attempt_seconds: Final = attempt_seconds
        self.connect_seconds: Final = connect_seconds
        self.local_address: Final = local_address
        self.local_port: Final = local_port

    @property
    def is_path(self) -> bool:
        return self.known is not None and self.known.family == 0

    @property
    def from_local(self) -> bool:
        """Was a local address or port asked for, so that an attempt must bind before it connects?"""
        return self.local_address is not None or self.local_port is not None

    def endpoint(self, found: Found) -> Endpoint:
        return Endpoint(found.address, self.port, found.family)


@final
class ListenPlan(Value):
    """Where a server is to listen: what `listen()` was asked for.

    `host` is looked up first (an IP literal too, a tick later); without one, and without a path or a `handle`, the
    server takes every address: `::` for both families, or `0.0.0.0` where there is no IPv6. `handle` is an open
    listening socket, opaque here.
    """

    __slots__ = (
        "backlog",
        "handle",
        "host",
        "ipv6_only",
        "literal",
        "path",
        "port",
        "readable_all",
        "reuse_port",
        "writable_all",
    )

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "",
        literal: int = 0,
        path: str = "",
        handle: object = None,
        backlog: int = 511,
        ipv6_only: bool = False,
        reuse_port: bool = False,
        readable_all: bool = False,
        writable_all: bool = False,
    ) -> None:
        self.port: Final = port
        self.host: Final = host
        self.literal: Final = literal
        self.path: Final = path
        self.handle: Final = handle
        self.backlog: Final = backlog
        self.ipv6_only: Final = ipv6_only
        self.reuse_port: Final = reuse_port
        self.readable_all: Final = readable_all
        self.writable_all: Final = writable_all
