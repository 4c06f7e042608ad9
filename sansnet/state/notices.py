"""Notices: what the user shall hear. The facade has a table from these to the names of Node's events."""

from __future__ import annotations

from typing import Final, final

from .effects import Notice, Payload, Token
from .endpoints import Endpoint
from .faults import Fault

# -- of a socket


@final
class LookedUp(Notice):
    __slots__ = ("address", "family", "fault", "host")

    def __init__(self, fault: Fault | None, address: str | None, family: int | None, host: str) -> None:
        self.fault: Final = fault
        self.address: Final = address
        self.family: Final = family
        self.host: Final = host


@final
class AttemptStarted(Notice):
    __slots__ = ("endpoint",)

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint: Final = endpoint


@final
class AttemptFailed(Notice):
    __slots__ = ("endpoint", "fault")

    def __init__(self, endpoint: Endpoint, fault: Fault) -> None:
        self.endpoint: Final = endpoint
        self.fault: Final = fault


@final
class AttemptTimedOut(Notice):
    __slots__ = ("endpoint",)

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint: Final = endpoint


@final
class Connected(Notice):
    __slots__ = ()


@final
class Ready(Notice):
    __slots__ = ()


@final
class Data(Notice):
    __slots__ = ("payload",)

    def __init__(self, payload: Payload) -> None:
        self.payload: Final = payload


@final
class Readable(Notice):
    __slots__ = ()


@final
class Paused(Notice):
    __slots__ = ()


@final
class Resumed(Notice):
    __slots__ = ()


@final
class End(Notice):
    __slots__ = ()


@final
class Drain(Notice):
    __slots__ = ()


@final
class Prefinish(Notice):
    __slots__ = ()


@final
class Finished(Notice):
    __slots__ = ()


@final
class Idle(Notice):
    __slots__ = ()


@final
class Settled(Notice):
    """The call behind `token` is decided: done, or failed with `fault`. Once for every token."""

    __slots__ = ("fault", "token")

    def __init__(self, token: Token, fault: Fault | None = None) -> None:
        self.token: Final = token
        self.fault: Final = fault


@final
class Failed(Notice):
    __slots__ = ("fault",)

    def __init__(self, fault: Fault) -> None:
        self.fault: Final = fault


@final
class Closed(Notice):
    """The end of a life. `had_error` is None when there never was a connection to close (Node: no argument)."""

    __slots__ = ("had_error",)

    def __init__(self, had_error: bool | None) -> None:
        self.had_error: Final = had_error


# -- of a server


@final
class Listening(Notice):
    __slots__ = ()


@final
class Connection(Notice):
    __slots__ = ("connection",)

    def __init__(self, connection: object) -> None:
        self.connection: Final = connection


@final
class Dropped(Notice):
    """A connection above max_connections; it is discarded after this."""

    __slots__ = ("connection",)

    def __init__(self, connection: object) -> None:
        self.connection: Final = connection


@final
class AcceptFailed(Notice):
    """The system could not give a connection. Told to those who listen, never raised: a peer can bring this about."""

    __slots__ = ("fault",)

    def __init__(self, fault: Fault) -> None:
        self.fault: Final = fault


@final
class ServerClosed(Notice):
    __slots__ = ()
