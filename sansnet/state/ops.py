"""Ops: what the driver shall do, and how each of them ends."""

from __future__ import annotations

from typing import Any, Final, final

from .effects import Op, Payload
from .endpoints import Endpoint, ListenPlan

# -- of a socket


@final
class Lookup(Op):
    """Look `host` up: every address if `every`, else one. Ends in looked_up() or lookup_failed().

    `family` and `hints` are ints; but a lookup of the user's own is given whatever the user gave.
    """

    __slots__ = ("every", "family", "hints", "host")

    def __init__(self, host: str, family: int | Any, hints: int | Any, every: bool) -> None:
        self.host: Final = host
        self.family: Final = family
        self.hints: Final = hints
        self.every: Final = every


@final
class CancelLookup(Op):
    """Nobody waits for the lookup any more: lookup_failed() follows promptly."""

    __slots__ = ()


@final
class BindLocal(Op):
    """Bind the socket of `attempt` before it connects. Answered at once: bound() or bind_failed()."""

    __slots__ = ("address", "attempt", "family", "port")

    def __init__(self, attempt: int, family: int, address: str | None, port: int | None) -> None:
        self.attempt: Final = attempt
        self.family: Final = family
        self.address: Final = address
        self.port: Final = port


@final
class Connect(Op):
    """Connect. Ends in connected(attempt) or attempt_failed(attempt, fault)."""

    __slots__ = ("attempt", "endpoint")

    def __init__(self, attempt: int, endpoint: Endpoint) -> None:
        self.attempt: Final = attempt
        self.endpoint: Final = endpoint


@final
class CancelConnect(Op):
    """Give the attempt up: attempt_failed(attempt, ECANCELED) follows, and never connected(attempt)."""

    __slots__ = ("attempt",)

    def __init__(self, attempt: int) -> None:
        self.attempt: Final = attempt


@final
class StartRead(Op):
    """Report what arrives, until StopRead: received(), eof(), read_failed()."""

    __slots__ = ()


@final
class StopRead(Op):
    """A wish: one more received() may still come."""

    __slots__ = ()


@final
class Send(Op):
    """Send the payloads, in order. Answered at once by sent(True), send_failed(fault, True) or send_deferred(taken);
    after the last, by sent(False) or send_failed(fault, False).
    """

    __slots__ = ("payloads",)

    def __init__(self, payloads: tuple[Payload, ...]) -> None:
        self.payloads: Final = payloads


@final
class Shutdown(Op):
    """No more will be sent (FIN). Ends in shut_down() or shutdown_failed()."""

    __slots__ = ()


@final
class Close(Op):
    """Close. What is in flight completes, then closed() comes."""

    __slots__ = ()


@final
class Reset(Op):
    """Close with RST; otherwise as Close."""

    __slots__ = ()


@final
class SetNoDelay(Op):
    __slots__ = ("on",)

    def __init__(self, on: bool) -> None:
        self.on: Final = on


@final
class SetKeepAlive(Op):
    """`delay` and `interval` are whole seconds; 0 leaves the system's delay."""

    __slots__ = ("count", "delay", "interval", "on")

    def __init__(self, on: bool, delay: int, interval: int, count: int) -> None:
        self.on: Final = on
        self.delay: Final = delay
        self.interval: Final = interval
        self.count: Final = count


@final
class SetTypeOfService(Op):
    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value: Final = value


# -- of a server


@final
class Listen(Op):
    """Bind and listen; `number` names the listener. Answered at once: listening() or listen_failed()."""

    __slots__ = ("endpoint", "number", "plan")

    def __init__(self, number: int, endpoint: Endpoint | None, plan: ListenPlan) -> None:
        self.number: Final = number
        self.endpoint: Final = endpoint
        self.plan: Final = plan


@final
class StartAccept(Op):
    """Report connections, until StopAccept: accepted(), accept_failed()."""

    __slots__ = ()


@final
class StopAccept(Op):
    """A wish: what was already taken from the system may still come."""

    __slots__ = ()


@final
class CloseListener(Op):
    """Close the listener of that number. Ends in listener_closed(number)."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number: Final = number


@final
class Discard(Op):
    """Close a connection that nobody will hear of."""

    __slots__ = ("connection",)

    def __init__(self, connection: object) -> None:
        self.connection: Final = connection


START_READ: Final = StartRead()
STOP_READ: Final = StopRead()
SHUTDOWN: Final = Shutdown()
CLOSE: Final = Close()
RESET: Final = Reset()
