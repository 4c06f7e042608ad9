"""The machines: sockets and servers without any I/O.

Read in this order: `effects` (what a machine answers), `phases` (the states and their legal moves, as tables), `inputs`
(what can be fed to a machine, and what it does in which phase), then `socket`, whose header is the theory and whose
`_settle()` is the policy. `connecting`, `reading` and `writing` hold what belongs to one part of a socket; `server` is
the other machine. `machine` makes state a value; `endpoints`, `faults` and `values` are plain data.

Nothing here does I/O, reads a clock, draws a random number, logs, or keeps a function of the user's. So a machine can
be copied, compared, replayed and explored, and the one that was checked is the one that runs.

    >>> from sansnet.state import Found, Route, SocketMachine, Step
    >>> machine = SocketMachine()
    >>> machine.connect(Route(known=Found("127.0.0.1", 4), port=80))
    [Tick(step=<Step.ATTEMPT: 'begin the next attempt'>)]
    >>> machine.ready_state
    'opening'
"""

from __future__ import annotations

from .effects import Effect, Effects, Notice, Op, Payload, Reply, Step, Timer, Timing, Token, Turn
from .endpoints import Endpoint, Found, ListenPlan, Route
from .faults import Fault, Misuse
from .inputs import SERVER_INPUTS, SOCKET_INPUTS
from .machine import Event, Machine
from .server import ServerMachine
from .socket import SocketMachine

__all__ = [
    "SERVER_INPUTS",
    "SOCKET_INPUTS",
    "Effect",
    "Effects",
    "Endpoint",
    "Event",
    "Fault",
    "Found",
    "ListenPlan",
    "Machine",
    "Misuse",
    "Notice",
    "Op",
    "Payload",
    "Reply",
    "Route",
    "ServerMachine",
    "SocketMachine",
    "Step",
    "Timer",
    "Timing",
    "Token",
    "Turn",
]
