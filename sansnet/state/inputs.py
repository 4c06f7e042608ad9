"""Every input of every machine, and what it does in which phase.

For each input: who gives it, and for each phase of the link (of a server: of the listener) whether it *acts*, is
*ignored* (no effect, nothing changes) or is *misuse* (raises before anything changed). `owes` names what must be in
flight for a driver's report to be one: a report that nobody asked for is misuse in any phase. The tests hold the
machines to this table, in every state that can be reached.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final, NamedTuple

from .phases import Link, Listen
from .values import Word

__all__ = ["BY_DRIVER", "BY_LOOP", "BY_USER", "SERVER_INPUTS", "SOCKET_INPUTS", "By", "Input", "Owes", "Verdict"]


class By(Word):
    """Who gives an input."""

    USER = "user"
    DRIVER = "driver"
    LOOP = "loop"


BY_USER: Final = By.USER
BY_DRIVER: Final = By.DRIVER
BY_LOOP: Final = By.LOOP


class Verdict(Word):
    ACTS = "acts"
    IGNORED = "ignored"
    MISUSE = "misuse"


class Owes(Word):
    """What a report answers."""

    NOTHING = "nothing"
    LOOKUP = "a lookup"
    BIND = "BindLocal"
    ATTEMPT = "that attempt"
    READ = "StartRead, and a read half that has not ended"
    ASK = "Send, just now"
    SEND = "Send, deferred"
    SHUTDOWN = "Shutdown"
    CLOSE = "Close or Reset"
    TIMER = "that timer, armed"
    TURN = "that turn, due"
    TCP = "a connection that is no path"
    UNBOUND = "no bound socket yet"
    LISTEN = "Listen, just now"
    ACCEPT = "a listener of that number, not reported closed"
    LISTENER_CLOSE = "CloseListener of that number"
    CONNECTION = "an accepted connection"


class Input(NamedTuple):
    by: By
    owes: Owes
    verdicts: Mapping[enum.Enum, Verdict]


def _socket(by: By, owes: Owes = Owes.NOTHING, *, ignored: str = "", misuse: str = "") -> Input:
    return Input(by, owes, _verdicts(Link, ignored, misuse))


def _server(by: By, owes: Owes = Owes.NOTHING, *, ignored: str = "", misuse: str = "") -> Input:
    return Input(by, owes, _verdicts(Listen, ignored, misuse))


def _verdicts(phases: type[enum.Enum], ignored: str, misuse: str) -> Mapping[enum.Enum, Verdict]:
    def verdict(phase: enum.Enum) -> Verdict:
        if phase.name in misuse.split():
            return Verdict.MISUSE
        return Verdict.IGNORED if phase.name in ignored.split() else Verdict.ACTS

    return {phase: verdict(phase) for phase in phases}


_OVER: Final = "CLOSING CLOSED"

SOCKET_INPUTS: Final[Mapping[str, Input]] = {
    # the user asks
    "connect": _socket(By.USER, misuse="REFUSED OPEN CLOSING CLOSED"),
    "adopt": _socket(By.USER, misuse="LOOKING_UP CONNECTING REFUSED OPEN CLOSING CLOSED"),
    "take_bound": _socket(By.USER, Owes.UNBOUND, misuse="LOOKING_UP CONNECTING REFUSED OPEN CLOSING CLOSED"),
    "call_off": _socket(By.USER, ignored="IDLE CONNECTING REFUSED OPEN CLOSING CLOSED"),
    "write": _socket(By.USER),
    "end": _socket(By.USER),
    "cork": _socket(By.USER),
    "uncork": _socket(By.USER),
    "pause": _socket(By.USER, ignored=_OVER),
    "resume": _socket(By.USER, ignored=_OVER),
    "hold": _socket(By.USER),
    "listen_readable": _socket(By.USER),
    "read": _socket(By.USER),
    "recode": _socket(By.USER),
    "set_timeout": _socket(By.USER, ignored=_OVER),
    "set_no_delay": _socket(By.USER),
    "set_keep_alive": _socket(By.USER),
    "set_type_of_service": _socket(By.USER),
    "destroy": _socket(By.USER, ignored=_OVER),
    "destroy_soon": _socket(By.USER, ignored=_OVER),
    "reset": _socket(By.USER, Owes.TCP, ignored=_OVER),
    # the driver reports
    "looked_up": _socket(By.DRIVER, Owes.LOOKUP),
    "lookup_failed": _socket(By.DRIVER, Owes.LOOKUP),
    "bound": _socket(By.DRIVER, Owes.BIND),
    "bind_failed": _socket(By.DRIVER, Owes.BIND),
    "connected": _socket(By.DRIVER, Owes.ATTEMPT),
    "attempt_failed": _socket(By.DRIVER, Owes.ATTEMPT),
    "received": _socket(By.DRIVER, Owes.READ, ignored="CLOSING"),
    "eof": _socket(By.DRIVER, Owes.READ, ignored="CLOSING"),
    "read_failed": _socket(By.DRIVER, Owes.READ, ignored="CLOSING"),
    "progressed": _socket(By.DRIVER, Owes.SEND),
    "send_deferred": _socket(By.DRIVER, Owes.ASK),
    "sent": _socket(By.DRIVER, Owes.SEND),
    "send_failed": _socket(By.DRIVER, Owes.SEND),
    "shut_down": _socket(By.DRIVER, Owes.SHUTDOWN),
    "shutdown_failed": _socket(By.DRIVER, Owes.SHUTDOWN),
    "closed": _socket(By.DRIVER, Owes.CLOSE),
    "timer_fired": _socket(By.DRIVER, Owes.TIMER),
    # the machine goes on
    "hand_over": _socket(By.LOOP, ignored="IDLE LOOKING_UP CONNECTING REFUSED CLOSING CLOSED"),
    "ticked": _socket(By.LOOP, Owes.TURN),
}

SERVER_INPUTS: Final[Mapping[str, Input]] = {
    "listen": _server(By.USER, misuse="LISTENING"),
    "close": _server(By.USER),
    "pause": _server(By.USER),
    "resume": _server(By.USER),
    "limit": _server(By.USER),
    "connection_gone": _server(By.USER, Owes.CONNECTION),
    "looked_up": _server(By.DRIVER, Owes.LOOKUP),
    "lookup_failed": _server(By.DRIVER, Owes.LOOKUP),
    "listening": _server(By.DRIVER, Owes.LISTEN),
    "listen_failed": _server(By.DRIVER, Owes.LISTEN),
    "accepted": _server(By.DRIVER, Owes.ACCEPT),
    "accept_failed": _server(By.DRIVER, Owes.ACCEPT, ignored="IDLE LOOKING_UP BINDING"),
    "listener_closed": _server(By.DRIVER, Owes.LISTENER_CLOSE),
    "timer_fired": _server(By.DRIVER, Owes.TIMER),
    "ticked": _server(By.LOOP, Owes.TURN),
}
